//! The Odoo API keys that are sealed in the store: what uses them, when they end, and what to do if one is not renewed.
//!
//! In: nothing. Out: a page. Must not know: how keys are renewed.

use askama::Template;
use axum::response::Response;
use http::StatusCode;

use crate::admin::{ListedOdooKey, OdooKeyUser, odoo_key_remedies};
use crate::error::Problem;
use crate::http::console::page::{ConsolePage, ODOO_KEYS};
use crate::http::console::problem_page::admin_problem;
use crate::http::console::time_text::readable_minute;
use crate::http::console::user::Administrator;
use crate::http::request::ApiRequest;
use crate::secret::TokenKind;

/// One key, for the template.
struct OdooKeyView {
    login: String,
    database: String,
    /// Its name in Odoo; empty if the gateway has not created it.
    name: String,
    users: Vec<String>,
    ends: String,
    /// A class of the style sheet, which is also the text for people who do not see colors.
    state: &'static str,
    state_text: &'static str,
    /// What is still to be done, or why it failed; may be empty.
    remark: String,
    remedies: Vec<String>,
}

#[derive(Template)]
#[template(path = "console/admin/odoo_keys.html")]
struct OdooKeysTemplate<'a> {
    page: &'a ConsolePage<'a>,
    is_renewed: bool,
    failing: usize,
    keys: Vec<OdooKeyView>,
}

/// `GET /console/admin/odoo-keys`.
pub(super) async fn odoo_keys_page(
    Administrator(user): Administrator,
    request: ApiRequest,
) -> Result<Response, Problem> {
    let admin = user.administration(&request.state);
    let (keys, is_renewed) = (admin.odoo_keys().await.map_err(admin_problem)?, admin.odoo_keys.renew);
    let page = ConsolePage::new(&request, &user, ODOO_KEYS).await?;
    let template = OdooKeysTemplate {
        page: &page,
        is_renewed,
        failing: keys.iter().filter(|key| key.failures > 0).count(),
        keys: keys.into_iter().map(|key| view(key, is_renewed)).collect(),
    };
    page.respond(StatusCode::OK, &template)
}

fn view(key: ListedOdooKey, is_renewed: bool) -> OdooKeyView {
    let is_failing = key.failures > 0;
    let is_ending = is_failing || (key.ends_at.is_some() && !is_renewed);
    let (state, state_text) = match (is_failing, key.ends_at) {
        (true, _) => ("Disabled", "Renewal fails"),
        (false, None) => ("Enabled", "Does not end"),
        (false, Some(_)) if is_renewed => ("Enabled", "Renewed before"),
        (false, Some(_)) => ("Expired", "Not renewed"),
    };
    let next = readable_minute(key.next_check_at);
    let remark = match key.failure {
        Some(failure) => {
            format!("Attempt {} failed: {failure} The next one is made at the first use after {next}.", key.failures)
        }
        None if key.is_previous_left => "The previous key is not revoked in Odoo yet.".to_owned(),
        None => String::new(),
    };
    OdooKeyView {
        login: key.login,
        database: key.database,
        name: key.name.unwrap_or_default(),
        users: user_texts(&key.users),
        ends: key.ends_at.map_or_else(|| "No known end".to_owned(), readable_minute),
        state,
        state_text,
        remark,
        remedies: if is_ending { odoo_key_remedies(&key.users) } else { Vec::new() },
    }
}

/// What uses a key, each once.
fn user_texts(users: &[OdooKeyUser]) -> Vec<String> {
    let mut texts: Vec<String> = users.iter().map(user_text).collect();
    texts.sort_unstable();
    texts.dedup();
    texts
}

fn user_text(user: &OdooKeyUser) -> String {
    let account = &user.account;
    match user.kind {
        TokenKind::ApiKey | TokenKind::PreviousApiKey if user.is_link => format!("Linked with API key {account}"),
        TokenKind::ApiKey | TokenKind::PreviousApiKey => format!("API key {account}"),
        TokenKind::LoginToken => format!("Login token for {account}"),
        TokenKind::ClientSecret | TokenKind::ConsumerKey | TokenKind::ConsumerSecret => {
            format!("Application {account}")
        }
        TokenKind::OAuthCode
        | TokenKind::OAuthAccess
        | TokenKind::OAuthRefresh
        | TokenKind::OAuth1Request
        | TokenKind::OAuth1Access => format!("Token of application {account}"),
        TokenKind::AccessToken => "Access token".to_owned(),
        TokenKind::OdooKey => "Linked Odoo API key".to_owned(),
        TokenKind::Session | TokenKind::ConsoleSession => "Browser session".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(failure: Option<&str>, ends_at: Option<i64>) -> ListedOdooKey {
        let user = |kind| OdooKeyUser { kind, account: "shop".to_owned(), is_link: false };
        ListedOdooKey {
            grant: "g".to_owned(),
            login: "ada".to_owned(),
            database: "live".to_owned(),
            name: None,
            ends_at,
            failures: i64::from(failure.is_some()),
            failure: failure.map(str::to_owned),
            next_check_at: 0,
            is_previous_left: false,
            users: [TokenKind::PreviousApiKey, TokenKind::ApiKey, TokenKind::LoginToken].map(user).into(),
        }
    }

    #[test]
    fn state_shows_whether_somebody_must_do_something() {
        let state = |key, is_renewed| view(key, is_renewed).state_text;
        assert_eq!(state(key(None, Some(1)), true), "Renewed before");
        assert_eq!(state(key(None, Some(1)), false), "Not renewed");
        assert_eq!(state(key(None, None), true), "Does not end");
        assert_eq!(state(key(Some("no."), Some(1)), true), "Renewal fails");
    }

    #[test]
    fn failure_has_its_reason_and_what_to_do_and_others_have_not() {
        let failing = view(key(Some("Access Denied."), Some(1)), true);
        assert!(failing.remark.starts_with("Attempt 1 failed: Access Denied."), "{}", failing.remark);
        assert_eq!(failing.remedies.len(), 1);
        let fine = view(key(None, Some(1)), true);
        assert!(fine.remark.is_empty() && fine.remedies.is_empty());
        assert_eq!(fine.users, ["API key shop", "Login token for shop"], "both secrets are one key");
    }
}
