//! The text of one entry of what acts for a user.
//!
//! In: rows. Out: [`AccessEntry`]. Must not know: pages.

use super::time_text::{minute_or_never, readable_minute};
use super::user::ConsoleUser;
use crate::admin::{AllowedApplication, StoredToken};
use crate::http::pages::{ENGLISH, describe_scope};
use crate::plan::Scope;
use crate::secret::TokenKind;

/// What acts for the user.
#[derive(Debug)]
pub(super) struct AccessEntry {
    /// What the user calls it.
    pub name: String,
    /// The beginning of the token, or what it belongs to; may be empty.
    pub detail: String,
    /// A remark, such as `This browser`; may be empty.
    pub badge: &'static str,
    /// When the Odoo API key ends that it uses, and what to do; may be empty.
    pub odoo_key: String,
    /// What it can do.
    pub permissions: Vec<String>,
    pub created: String,
    pub last_used: String,
    /// The address of the last use; may be empty.
    pub address: String,
    pub expires: String,
    /// What ending it is called.
    pub end_label: &'static str,
    /// The path of the page that ends it; empty if the user cannot.
    pub end_path: String,
}

/// A token, an API key or a session.
pub(super) fn describe_token(row: &StoredToken, user: &ConsoleUser) -> AccessEntry {
    let is_session = matches!(row.kind, TokenKind::Session | TokenKind::ConsoleSession);
    let is_endable = row.kind != TokenKind::ClientSecret;
    AccessEntry {
        name: token_name(row, user),
        detail: if row.display_prefix.is_empty() || is_session {
            String::new()
        } else {
            format!("{}…", row.display_prefix)
        },
        badge: badge(row, user),
        odoo_key: String::new(),
        permissions: token_permissions(row),
        end_label: if is_session { "Sign out" } else { "Revoke" },
        created: readable_minute(row.created_at),
        last_used: minute_or_never(row.last_used_at),
        address: row.last_address.clone().unwrap_or_default(),
        expires: minute_or_never(expiry(row)),
        end_path: if is_endable { format!("/console/access/token/{}/end", row.id) } else { String::new() },
    }
}

/// An application that the user allowed.
pub(super) fn describe_application(application: &AllowedApplication) -> AccessEntry {
    let tokens = &application.tokens;
    let latest = tokens.iter().filter(|token| token.last_used_at.is_some()).max_by_key(|token| token.last_used_at);
    let mut scopes: Vec<&str> = tokens.iter().map(|token| token.scope.as_str()).collect();
    scopes.sort_unstable();
    scopes.dedup();
    let since = application.since.or_else(|| tokens.iter().map(|token| token.created_at).min());
    let expires = tokens.iter().map(expiry).max().flatten();
    AccessEntry {
        name: application.name.clone(),
        detail: String::new(),
        badge: if tokens.is_empty() { "Not connected" } else { "" },
        odoo_key: String::new(),
        permissions: scopes.into_iter().flat_map(permissions).collect(),
        end_label: "Revoke",
        created: since.map(readable_minute).unwrap_or_default(),
        last_used: minute_or_never(latest.and_then(|token| token.last_used_at)),
        address: latest.and_then(|token| token.last_address.clone()).unwrap_or_default(),
        expires: if tokens.is_empty() { String::new() } else { minute_or_never(expires) },
        end_path: format!("/console/access/application/{}/end", application.id),
    }
}

/// An API key that can create login tokens for the user.
pub(super) fn describe_link(link: &StoredToken) -> AccessEntry {
    AccessEntry {
        name: link.account_name().to_owned(),
        detail: String::new(),
        badge: "",
        odoo_key: String::new(),
        permissions: permissions(&link.scope),
        end_label: "Unlink",
        created: readable_minute(link.grant.created_at),
        last_used: String::new(),
        address: String::new(),
        expires: minute_or_never(link.not_after),
        end_path: format!("/console/access/link/{}/end", link.id),
    }
}

fn token_name(row: &StoredToken, user: &ConsoleUser) -> String {
    let key = row.account_name();
    match row.kind {
        // The name of a personal key begins with its user.
        TokenKind::ApiKey => key.strip_prefix(&user.key_prefix()).unwrap_or(key).to_owned(),
        TokenKind::LoginToken => format!("Login token for {key}"),
        TokenKind::AccessToken => "Access token".to_owned(),
        TokenKind::OdooKey => "Odoo API key".to_owned(),
        TokenKind::ConsoleSession => "Console".to_owned(),
        TokenKind::Session => "Sign-in for applications".to_owned(),
        _ => key.to_owned(),
    }
}

fn token_permissions(row: &StoredToken) -> Vec<String> {
    match row.kind {
        TokenKind::ConsoleSession => vec!["open this console".to_owned()],
        TokenKind::Session => vec!["allow applications without signing in again".to_owned()],
        _ => permissions(row.current_scope()),
    }
}

fn badge(row: &StoredToken, user: &ConsoleUser) -> &'static str {
    if row.id == user.session_id {
        "This browser"
    } else if row.disabled_at.is_some() {
        "Disabled"
    } else if row.key.as_ref().is_some_and(|terms| row.kind == TokenKind::ApiKey && terms.may_mint_for_others) {
        "For several users"
    } else {
        ""
    }
}

/// The time at which a token expires if it is not used any more.
fn expiry(row: &StoredToken) -> Option<i64> {
    let idle = row.idle_seconds.map(|seconds| row.last_used_at.unwrap_or(row.created_at).saturating_add(seconds));
    [idle, row.not_after, row.account_not_after].into_iter().flatten().min()
}

/// A scope that cannot be parsed grants nothing.
pub(super) fn permissions(scope: &str) -> Vec<String> {
    describe_scope(&Scope::from_json(scope).unwrap_or_default(), &ENGLISH)
}
