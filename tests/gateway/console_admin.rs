//! The console for administrators: forms that create keys and applications, actions, usage, the audit log.
//!
//! ```text
//! forms      without a browser: every page and every form, CSRF, other users, both databases of the store
//! odoo_keys  Odoo API keys that are not renewed
//! browser    in Chromium: a scope is built by clicks, windows, color schemes
//! ```

mod browser;
mod forms;
mod odoo_keys;

use reqwest::Method;

use crate::console::guard;
use crate::support::client::send;
use crate::support::{Client, Gateway, Response};

/// A browser that is logged in to the console, without a window.
struct Session {
    client: Client,
}

impl Session {
    /// Logs in. The password equals the login.
    async fn log_in(gateway: &Gateway, login: &str) -> Self {
        Self::log_in_to(gateway, "", login).await
    }

    /// Logs in to a database; without a name, to the only one.
    async fn log_in_to(gateway: &Gateway, database: &str, login: &str) -> Self {
        let client = gateway.client();
        let page = client.get("/console/login", &[]).await;
        assert_eq!(page.status, 200, "{}", page.text);
        let anonymous = client.with_header("cookie", &cookie(&page));
        let guard = guard(&page);
        let fields = [("guard", guard.as_str()), ("database", database), ("login", login), ("password", login)];
        let response = send(anonymous.request(Method::POST, "/console/login").form(&fields)).await;
        assert_eq!(response.status, 303, "{}", response.text);
        Self { client: client.with_header("cookie", &cookie(&response)) }
    }

    async fn get(&self, path: &str) -> Response {
        self.client.get(path, &[]).await
    }

    /// Sends the form of a page, with these fields, to the path of the page.
    async fn submit(&self, path: &str, fields: &[(&str, &str)]) -> Response {
        let page = self.get(path).await;
        assert_eq!(page.status, 200, "{path}: {}", page.text);
        let mut fields = fields.to_vec();
        let guard = guard(&page);
        fields.push(("guard", &guard));
        self.post(path, &fields).await
    }

    async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Response {
        send(self.client.request(Method::POST, path).form(fields)).await
    }
}

/// The cookies that a response sets, as a browser sends them.
fn cookie(response: &Response) -> String {
    let set = response.headers.get_all("set-cookie").iter().map(|cookie| cookie.to_str().unwrap());
    let pairs = set.filter(|cookie| !cookie.contains("Max-Age=0")).map(|cookie| cookie.split(';').next().unwrap());
    pairs.collect::<Vec<_>>().join("; ")
}

/// The text of the element with this id.
fn text_of(page: &Response, id: &str) -> String {
    let (_, rest) = page.text.split_once(&format!("id=\"{id}\"")).unwrap_or_else(|| panic!("{id}: {}", page.text));
    rest.split_once('>').unwrap().1.split_once('<').unwrap().0.to_owned()
}
