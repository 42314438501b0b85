//! The login and consent pages, and both authorization endpoints.
//!
//! ```text
//! oauth2           in a browser: login, consent, redirect to the application with a code
//! oauth1           the same with request tokens: callback, or a code to type
//! accessibility    in a browser: keyboard, narrow windows, frames
//! oauth2_requests  invalid authorization requests of OAuth 2, and where the error is shown
//! csrf             cookies, CSRF tokens, replays, throttling
//! secrecy          secrets that users type are not stored or logged
//! non_interactive  trusted applications, as the vendor's manual prints it
//! ```

mod accessibility;
mod csrf;
mod non_interactive;
mod oauth1;
mod oauth2;
mod oauth2_requests;
mod secrecy;

use odoo_gateway::admin::{ApplicationSettings, GrantType, NewApplication, SignatureMethod};
use odoo_gateway::store::KeyTerms;
use reqwest::Method;

use crate::support::client::send;
use crate::support::{Browser, Client, Gateway, Response, Version, testbed};

const OAUTH2: &str = "/restapi/1.0/common/oauth2/authorize";
const OAUTH1: &str = "/restapi/1.0/common/oauth1/authorize";
const TOKEN: &str = "/restapi/1.0/common/oauth2/access_token";
const REDIRECT: &str = "https://client.example/back?keep=%7e+1";
/// RFC 7636, appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// Failed authentications are neither delayed nor throttled.
const UNTHROTTLED: [(&str, &str); 5] = [
    ("ODOO_GATEWAY__AUTH__FAILURE_FLOOR", "1ms"),
    ("ODOO_GATEWAY__AUTH__THROTTLE__PER_ADDRESS_AND_LOGIN__BURST", "100000"),
    ("ODOO_GATEWAY__AUTH__THROTTLE__PER_ADDRESS__BURST", "100000"),
    ("ODOO_GATEWAY__AUTH__THROTTLE__PER_LOGIN__BURST", "100000"),
    ("ODOO_GATEWAY__AUTH__THROTTLE__GLOBAL__BURST", "100000"),
];

/// A confidential application for all users of Odoo 19, with the full scope.
fn new_application(name: &str, redirect_uris: &[&str]) -> NewApplication {
    NewApplication {
        database: Some(Version::Odoo19.database().to_owned()),
        bound: None,
        scope: "\"all\"".to_owned(),
        not_after: None,
        terms: KeyTerms::unlimited(name),
        settings: ApplicationSettings {
            redirect_uris: redirect_uris.iter().map(|uri| (*uri).to_owned()).collect(),
            grants: [GrantType::AuthorizationCode, GrantType::RefreshToken].into(),
            ..ApplicationSettings::default()
        },
        origins: Vec::new(),
    }
}

/// The same, but bound to `internal`, trusted, and with OAuth 1.
fn trusted(name: &str, redirect_uris: &[&str]) -> NewApplication {
    let plain = new_application(name, redirect_uris);
    NewApplication {
        bound: Some(("internal".to_owned(), testbed().api_key(Version::Odoo19).into())),
        settings: ApplicationSettings {
            trusted: true,
            oauth1: [SignatureMethod::HmacSha1, SignatureMethod::HmacSha256].into(),
            ..plain.settings
        },
        ..plain
    }
}

/// Creates an application. Returns its client id and secret.
async fn create(gateway: &Gateway, new_application: NewApplication) -> (String, String) {
    let (application, secret) = gateway.administration().await.create_application(new_application).await.unwrap();
    let secret = secret.client.map_or_else(String::new, |secret| secret.expose().to_owned());
    (application.client_id().to_owned(), secret)
}

/// Creates an application. Returns its consumer key and secret.
async fn create_consumer(gateway: &Gateway, new_application: NewApplication) -> (String, String) {
    let (_, secrets) = gateway.administration().await.create_application(new_application).await.unwrap();
    let consumer = secrets.consumer.unwrap();
    (consumer.key().to_owned(), consumer.secret().to_owned())
}

/// The path of an authorization request with these parameters.
fn request(parameters: &[(&str, &str)]) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    format!("{OAUTH2}?{}", query.extend_pairs(parameters).finish())
}

/// The parameters in the query of a URL.
fn redirect_params(url: &str) -> std::collections::HashMap<String, String> {
    let query = url.split_once('?').map_or("", |(_, query)| query);
    url::form_urlencoded::parse(query.as_bytes()).into_owned().collect()
}

/// A simple browser: it stores its cookie and submits forms.
#[derive(Debug, Clone)]
struct HtmlClient {
    client: Client,
    cookie: Option<String>,
}

impl HtmlClient {
    fn new(client: Client) -> Self {
        Self { client, cookie: None }
    }

    fn client(&self) -> Client {
        match &self.cookie {
            Some(cookie) => self.client.with_header("cookie", cookie),
            None => self.client.clone(),
        }
    }

    fn store_cookie(&mut self, response: &Response) {
        if let Some((parse_token_pair, _)) = response.header("set-cookie").split_once(';') {
            self.cookie = Some(parse_token_pair.to_owned());
        }
    }

    async fn get(&mut self, path: &str) -> Response {
        let response = self.client().with_header("accept", "text/html").get(path, &[]).await;
        self.store_cookie(&response);
        response
    }

    async fn post(&mut self, path: &str, form: &[(&str, &str)]) -> Response {
        let response = send(self.client().request(Method::POST, path).form(form)).await;
        self.store_cookie(&response);
        response
    }

    /// Opens the page and logs in.
    async fn log_in(&mut self, path: &str, login: &str, password: &str) -> Response {
        let page = self.get(path).await;
        let csrf_token = csrf_token(&page);
        self.post(path, &[("guard", &csrf_token), ("step", "login"), ("login", login), ("password", password)]).await
    }

    /// Opens the page again and submits a decision.
    async fn decide(&mut self, path: &str, step: &str) -> Response {
        let page = self.get(path).await;
        let csrf_token = csrf_token(&page);
        self.post(path, &[("guard", &csrf_token), ("step", step)]).await
    }
}

/// The CSRF token in a page's form.
#[track_caller]
fn csrf_token(page: &Response) -> String {
    let (_, rest) = page.text.split_once("name=\"guard\" value=\"").unwrap_or_else(|| panic!("{}", page.text));
    rest.split('"').next().unwrap().to_owned()
}

/// The target of a redirect.
#[track_caller]
fn location(response: &Response) -> String {
    assert_eq!(response.status, 303, "{}", response.text);
    response.header("location").to_owned()
}

/// Checks that a response is an error page with this text, without links and forms.
#[track_caller]
fn assert_error_page(response: &Response, status: u16, text: &str) {
    assert_eq!(response.status, status, "{}", response.text);
    assert_eq!(response.header("content-type"), "text/html; charset=utf-8");
    assert_eq!(response.header("location"), "");
    assert!(response.header("content-security-policy").contains("frame-ancestors 'none'"));
    assert_eq!(response.header("x-frame-options"), "DENY");
    assert_eq!((response.header("cache-control"), response.header("referrer-policy")), ("no-store", "no-referrer"));
    assert!(response.text.contains(text), "{text:?} in {}", response.text);
    assert!(!response.text.contains("<a ") && !response.text.contains("<form"), "{}", response.text);
}

/// Fills in the login page of a browser.
async fn log_in(browser: &Browser, login: &str, password: &str) {
    browser.fill("#login", login).await;
    browser.fill("#password", password).await;
    browser.click("button[value=login]").await;
}
