//! The pages for people and both authorize endpoints.
//!
//! ```text
//! oauth2    in a browser: login, consent, back to the application with a code
//! oauth1    the same with request tokens: callback, and a code to type
//! looks     in a browser: keyboard, narrow windows, frames
//! requests  OAuth 2: what is no request, and who is told so
//! forms     cookies, guards, replays, throttles
//! secrecy   what was typed is nowhere afterwards
//! headless  trusted applications, as the vendor's manual prints it
//! ```

mod forms;
mod headless;
mod looks;
mod oauth1;
mod oauth2;
mod requests;
mod secrecy;

use odoo_gateway::admin::{ApplicationSettings, GrantType, SignatureMethod, WantedApplication};
use odoo_gateway::store::KeyTerms;
use reqwest::Method;

use crate::support::client::send;
use crate::support::{Answer, Browser, Client, Gateway, Version, stand};

const OAUTH2: &str = "/restapi/1.0/common/oauth2/authorize";
const OAUTH1: &str = "/restapi/1.0/common/oauth1/authorize";
const TOKEN: &str = "/restapi/1.0/common/oauth2/access_token";
const REDIRECT: &str = "https://client.example/back?keep=%7e+1";
/// RFC 7636, appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// Wrong passwords are refused at once, and as often as they come.
const QUICK: [(&str, &str); 5] = [
    ("ODOO_GATEWAY__AUTH__FAILURE_FLOOR", "1ms"),
    ("ODOO_GATEWAY__AUTH__THROTTLE__PER_ADDRESS_AND_LOGIN__BURST", "100000"),
    ("ODOO_GATEWAY__AUTH__THROTTLE__PER_ADDRESS__BURST", "100000"),
    ("ODOO_GATEWAY__AUTH__THROTTLE__PER_LOGIN__BURST", "100000"),
    ("ODOO_GATEWAY__AUTH__THROTTLE__GLOBAL__BURST", "100000"),
];

/// A confidential application for users of Odoo 19, bound to nobody, that may do everything.
fn wanted(name: &str, redirect_uris: &[&str]) -> WantedApplication {
    WantedApplication {
        database: Some(Version::Odoo19.database().to_owned()),
        bound: None,
        scope: "\"all\"".to_owned(),
        not_after: None,
        terms: KeyTerms {
            name: name.to_owned(),
            needs_login_token: false,
            may_mint_for_others: false,
            networks: Vec::new(),
            rate: None,
            concurrent: None,
        },
        settings: ApplicationSettings {
            redirect_uris: redirect_uris.iter().map(|uri| (*uri).to_owned()).collect(),
            grants: [GrantType::AuthorizationCode, GrantType::RefreshToken].into(),
            ..ApplicationSettings::default()
        },
    }
}

/// The same, bound to `internal`, trusted, and signing.
fn trusted(name: &str, redirect_uris: &[&str]) -> WantedApplication {
    let plain = wanted(name, redirect_uris);
    WantedApplication {
        bound: Some(("internal".to_owned(), stand().api_key(Version::Odoo19).into())),
        settings: ApplicationSettings {
            trusted: true,
            oauth1: [SignatureMethod::HmacSha1, SignatureMethod::HmacSha256].into(),
            ..plain.settings
        },
        ..plain
    }
}

/// An application's client id and secret.
async fn create(gateway: &Gateway, wanted: WantedApplication) -> (String, String) {
    let (application, secret) = gateway.administration().await.create_application(wanted).await.unwrap();
    let secret = secret.client.map_or_else(String::new, |secret| secret.expose().to_owned());
    (application.client_id().to_owned(), secret)
}

/// An application's consumer key and secret.
async fn create_consumer(gateway: &Gateway, wanted: WantedApplication) -> (String, String) {
    let (_, secrets) = gateway.administration().await.create_application(wanted).await.unwrap();
    let consumer = secrets.consumer.unwrap();
    (consumer.key().to_owned(), consumer.secret().to_owned())
}

/// The path of an authorization request with these parameters.
fn request(parameters: &[(&str, &str)]) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    format!("{OAUTH2}?{}", query.extend_pairs(parameters).finish())
}

/// The parameters in the query of a URL.
fn told(url: &str) -> std::collections::HashMap<String, String> {
    let query = url.split_once('?').map_or("", |(_, query)| query);
    url::form_urlencoded::parse(query.as_bytes()).into_owned().collect()
}

/// A browser without a picture: it keeps its cookie and sends forms as they are.
#[derive(Debug, Clone)]
struct Visitor {
    client: Client,
    cookie: Option<String>,
}

impl Visitor {
    fn new(client: Client) -> Self {
        Self { client, cookie: None }
    }

    fn client(&self) -> Client {
        match &self.cookie {
            Some(cookie) => self.client.with_header("cookie", cookie),
            None => self.client.clone(),
        }
    }

    fn keep_cookie(&mut self, answer: &Answer) {
        if let Some((pair, _)) = answer.header("set-cookie").split_once(';') {
            self.cookie = Some(pair.to_owned());
        }
    }

    async fn get(&mut self, path: &str) -> Answer {
        let answer = self.client().with_header("accept", "text/html").get(path, &[]).await;
        self.keep_cookie(&answer);
        answer
    }

    async fn post(&mut self, path: &str, form: &[(&str, &str)]) -> Answer {
        let answer = send(self.client().request(Method::POST, path).form(form)).await;
        self.keep_cookie(&answer);
        answer
    }

    /// Opens the page and logs in.
    async fn log_in(&mut self, path: &str, login: &str, password: &str) -> Answer {
        let page = self.get(path).await;
        let guard = guard(&page);
        self.post(path, &[("guard", &guard), ("step", "login"), ("login", login), ("password", password)]).await
    }

    /// Opens the page again and decides.
    async fn decide(&mut self, path: &str, step: &str) -> Answer {
        let page = self.get(path).await;
        let guard = guard(&page);
        self.post(path, &[("guard", &guard), ("step", step)]).await
    }
}

/// What a page's form carries.
#[track_caller]
fn guard(page: &Answer) -> String {
    let (_, rest) = page.text.split_once("name=\"guard\" value=\"").unwrap_or_else(|| panic!("{}", page.text));
    rest.split('"').next().unwrap().to_owned()
}

/// Where an answer sends the browser.
#[track_caller]
fn location(answer: &Answer) -> String {
    assert_eq!(answer.status, 303, "{}", answer.text);
    answer.header("location").to_owned()
}

/// A page that says what is wrong, and leads nowhere.
#[track_caller]
fn assert_error_page(answer: &Answer, status: u16, says: &str) {
    assert_eq!(answer.status, status, "{}", answer.text);
    assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
    assert_eq!(answer.header("location"), "");
    assert!(answer.header("content-security-policy").contains("frame-ancestors 'none'"));
    assert_eq!(answer.header("x-frame-options"), "DENY");
    assert_eq!((answer.header("cache-control"), answer.header("referrer-policy")), ("no-store", "no-referrer"));
    assert!(answer.text.contains(says), "{says:?} in {}", answer.text);
    assert!(!answer.text.contains("<a ") && !answer.text.contains("<form"), "{}", answer.text);
}

/// Fills in the login page of a browser.
async fn log_in(browser: &Browser, login: &str, password: &str) {
    browser.fill("#login", login).await;
    browser.fill("#password", password).await;
    browser.click("button[value=login]").await;
}
