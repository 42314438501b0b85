//! The console: sign in, what acts for the user, shared API keys, personal API keys.
//!
//! ```text
//! access   links, login tokens and keys are created, used over HTTP and ended, on both databases of the store
//! attacks  CSRF, fixation, objects of other users, redirects, guesses, texts that contain markup
//! browser  in Chromium: a key is built by clicks; windows, color schemes, frames
//! ```

mod access;
mod attacks;
mod browser;

use odoo_gateway::admin::{NewApiKey, StoredToken};
use odoo_gateway::store::KeyTerms;
use reqwest::Method;

use crate::support::client::send;
use crate::support::{Client, Gateway, Response, Version, testbed};

const ACCESS: &str = "/console";
const LOGIN: &str = "/console/login";
const NEW_KEY: &str = "/console/personal-keys";

/// A browser without a window.
#[derive(Debug, Clone)]
struct Visitor {
    client: Client,
    cookies: Vec<(String, String)>,
}

impl Visitor {
    fn new(gateway: &Gateway) -> Self {
        Self { client: gateway.client(), cookies: Vec::new() }
    }

    /// A user of Odoo 19 who is logged in. The password equals the login.
    async fn logged_in(gateway: &Gateway, login: &str) -> Self {
        let mut visitor = Self::new(gateway);
        let response = visitor.log_in(LOGIN, login, login).await;
        assert_eq!(response.status, 303, "{}", response.text);
        visitor
    }

    async fn log_in(&mut self, path: &str, login: &str, password: &str) -> Response {
        self.submit(path, &[("login", login), ("password", password)]).await
    }

    fn client(&self) -> Client {
        let pairs: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        if pairs.is_empty() { self.client.clone() } else { self.client.with_header("cookie", &pairs.join("; ")) }
    }

    fn store_cookies(&mut self, response: &Response) {
        for set in response.headers.get_all("set-cookie") {
            let text = set.to_str().unwrap();
            let (name, value) = text.split(';').next().unwrap().split_once('=').unwrap();
            self.cookies.retain(|(known, _)| known != name);
            if !text.contains("Max-Age=0") {
                self.cookies.push((name.to_owned(), value.to_owned()));
            }
        }
    }

    async fn get(&mut self, path: &str) -> Response {
        let response = self.client().get(path, &[]).await;
        self.store_cookies(&response);
        response
    }

    async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Response {
        let response = send(self.client().request(Method::POST, path).form(fields)).await;
        self.store_cookies(&response);
        response
    }

    /// Opens a page and sends its form with these fields.
    async fn submit(&mut self, path: &str, fields: &[(&str, &str)]) -> Response {
        let page = self.get(path).await;
        assert_eq!(page.status, 200, "{path}: {}", page.text);
        let guard = guard(&page);
        let mut fields = fields.to_vec();
        fields.push(("guard", &guard));
        self.post(path, &fields).await
    }

    /// The page that a submitted form leads to.
    async fn submit_and_follow(&mut self, path: &str, fields: &[(&str, &str)]) -> Response {
        let response = self.submit(path, fields).await;
        assert_eq!(response.status, 303, "{}", response.text);
        self.get(response.header("location")).await
    }
}

/// The CSRF token of the form in the content of a page: the last one, after that of the form to sign out.
#[track_caller]
pub(crate) fn guard(page: &Response) -> String {
    let (_, rest) = page.text.rsplit_once("name=\"guard\" value=\"").unwrap_or_else(|| panic!("{}", page.text));
    rest.split('"').next().unwrap().to_owned()
}

/// The secret that a page displays once.
#[track_caller]
fn secret(page: &Response) -> String {
    assert_eq!(page.status, 200, "{}", page.text);
    let (_, rest) = page.text.split_once("<code id=\"secret\"").unwrap_or_else(|| panic!("{}", page.text));
    rest.split_once('>').unwrap().1.split('<').next().unwrap().to_owned()
}

/// A shared API key of `internal` that is open to all users and may only read partners. Also returns it in plaintext.
async fn shared_key(gateway: &Gateway, name: &str) -> (StoredToken, String) {
    let open = KeyTerms { may_mint_for_others: true, open_to_all_users: true, ..KeyTerms::unlimited(name) };
    key_of_internal(gateway, open).await
}

/// As [`shared_key`], for linked users only.
async fn key_for_linked_users(gateway: &Gateway, name: &str) -> (StoredToken, String) {
    key_of_internal(gateway, KeyTerms { may_mint_for_others: true, ..KeyTerms::unlimited(name) }).await
}

async fn key_of_internal(gateway: &Gateway, terms: KeyTerms) -> (StoredToken, String) {
    let new = NewApiKey {
        database: Some(Version::Odoo19.database().to_owned()),
        login: "internal".to_owned(),
        secret: testbed().api_key(Version::Odoo19).into(),
        scope: r#"[{"models": "res.partner", "operations": ["read"]}]"#.to_owned(),
        not_after: None,
        terms,
    };
    let (row, key) = gateway.administration().await.create_key(new).await.unwrap();
    (row, key.expose().to_owned())
}
