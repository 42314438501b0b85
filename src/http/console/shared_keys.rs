//! Shared API keys: those with which users other than the key's own get login tokens. A user links themselves with one,
//! so that programs with the key can create login tokens for them, or creates a login token themselves.
//!
//! In: forms. Out: pages; a login token, displayed once. Must not know: how links and tokens are stored.

use askama::Template;
use axum::response::Response;
use http::StatusCode;
use secrecy::SecretString;

use super::access_entry::permissions;
use super::form::ConsoleForm;
use super::notice::Notice;
use super::page::{ConsolePage, SHARED_KEYS, redirect};
use super::problem_page::{admin_problem, sentence};
use super::secret_page::SecretPage;
use super::time_text::{minute_or_never, readable_minute};
use super::user::ConsoleUser;
use crate::admin::{AdminError, Administration, StoredToken};
use crate::error::Problem;
use crate::http::pages::MAX_FIELD_BYTES;
use crate::http::request::ApiRequest;

/// The path of the form that creates a login token.
pub(super) const TOKEN_PATH: &str = "/console/shared-keys/{id}/token";
/// The path of the form that links the user.
pub(super) const LINK_PATH: &str = "/console/shared-keys/link";

/// The lifetime that the form suggests, in days.
const DEFAULT_DAYS: u32 = 30;

/// A key in the list.
struct SharedKeyRow {
    id: String,
    name: String,
    permissions: Vec<String>,
    expires: String,
    is_linked: bool,
    /// The longest lifetime of login tokens in days.
    max_days: u32,
}

impl SharedKeyRow {
    fn new(key: &StoredToken, links: &[StoredToken], admin: &Administration) -> Self {
        Self {
            id: key.id.clone(),
            name: key.account_name().to_owned(),
            permissions: permissions(&key.scope),
            expires: minute_or_never(key.not_after),
            is_linked: links.iter().any(|link| link.id == key.id),
            max_days: admin.login_tokens.max_days_of(key),
        }
    }
}

/// The list.
#[derive(Template)]
#[template(path = "console/shared_keys.html")]
struct SharedKeysPage<'a> {
    page: &'a ConsolePage<'a>,
    keys: Vec<SharedKeyRow>,
}

/// `GET /console/shared-keys`.
pub(super) async fn list_page(user: ConsoleUser, request: ApiRequest) -> Result<Response, Problem> {
    let page = ConsolePage::new(&request, &user, SHARED_KEYS).await?;
    let admin = user.administration(&request.state);
    let links = admin.links_of(user.account()).await.map_err(admin_problem)?;
    let keys = admin.shared_keys(user.account()).await.map_err(admin_problem)?;
    let keys = keys.iter().map(|key| SharedKeyRow::new(key, &links, &admin)).collect();
    page.respond(StatusCode::OK, &SharedKeysPage { page: &page, keys })
}

/// The form that creates a login token.
#[derive(Template)]
#[template(path = "console/login_token.html")]
struct LoginTokenPage<'a> {
    page: &'a ConsolePage<'a>,
    key: SharedKeyRow,
    csrf_token: String,
    alert: Option<String>,
    days: &'a str,
}

/// The form for one key, and why the last attempt failed.
async fn render_token_form(
    user: &ConsoleUser,
    request: &ApiRequest,
    (id, days): (&str, Option<&str>),
    alert: Option<String>,
) -> Result<Response, Problem> {
    let admin = user.administration(&request.state);
    let key = admin.shared_key(user.account(), id).await.map_err(admin_problem)?;
    let key = SharedKeyRow::new(&key, &[], &admin);
    let page = ConsolePage::new(request, user, SHARED_KEYS).await?;
    let csrf_token = page.csrf_token(request.head.uri.path()).await?;
    let usual = DEFAULT_DAYS.min(key.max_days).to_string();
    let status = status(alert.as_ref());
    let days = days.unwrap_or(&usual);
    page.respond(status, &LoginTokenPage { page: &page, key, csrf_token, alert, days })
}

fn status(alert: Option<&String>) -> StatusCode {
    if alert.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK }
}

/// `GET` of the form that creates a login token.
pub(super) async fn token_form(user: ConsoleUser, request: ApiRequest) -> Result<Response, Problem> {
    render_token_form(&user, &request, (request.segment("id"), None), None).await
}

/// `POST`: creates a login token.
pub(super) async fn create_token(user: ConsoleUser, mut request: ApiRequest) -> Result<Response, Problem> {
    let form = ConsoleForm::from_user(&mut request, &user).await?;
    let id = request.segment("id");
    let days = form.value("days").trim();
    let credential = (user.database.name.as_str(), user.login.as_str(), SecretString::clone(&user.odoo_user.secret));
    // Text that is no number is out of bounds, too.
    let lifetime = days.parse().unwrap_or_default();
    let admin = user.administration(&request.state);
    let (row, token) = match admin.create_login_token(id, credential, lifetime).await {
        Ok(created) => created,
        Err(AdminError::Invalid(reason)) => {
            return render_token_form(&user, &request, (id, Some(days)), Some(sentence(&reason))).await;
        }
        Err(error) => return Err(admin_problem(error)),
    };
    let page = ConsolePage::new(&request, &user, SHARED_KEYS).await?;
    SecretPage {
        page: &page,
        title: row.account_name(),
        label: "Login token",
        secret: &token,
        usage: "token:",
        facts: vec![
            ("It can", permissions(row.current_scope()).join("; ")),
            ("Expires", row.not_after.map(readable_minute).unwrap_or_default()),
        ],
    }
    .respond()
}

/// The form that links the user.
#[derive(Template)]
#[template(path = "console/link_key.html")]
struct LinkPage<'a> {
    page: &'a ConsolePage<'a>,
    csrf_token: String,
    alert: Option<String>,
    max_length: usize,
}

async fn render_link_form(
    user: &ConsoleUser,
    request: &ApiRequest,
    alert: Option<String>,
) -> Result<Response, Problem> {
    let page = ConsolePage::new(request, user, SHARED_KEYS).await?;
    let csrf_token = page.csrf_token(LINK_PATH).await?;
    let status = status(alert.as_ref());
    page.respond(status, &LinkPage { page: &page, csrf_token, alert, max_length: MAX_FIELD_BYTES })
}

/// `GET` of the form that links the user.
pub(super) async fn link_form(user: ConsoleUser, request: ApiRequest) -> Result<Response, Problem> {
    render_link_form(&user, &request, None).await
}

/// `POST`: links the user. The API key identifies itself, so no list tells users which keys there are; and the user's
/// credential is sealed under it.
pub(super) async fn link(user: ConsoleUser, mut request: ApiRequest) -> Result<Response, Problem> {
    let form = ConsoleForm::from_user(&mut request, &user).await?;
    let secret = SecretString::clone(&user.odoo_user.secret);
    let admin = user.administration(&request.state);
    match admin.link_own(user.account(), form.value("key").trim(), (&user.login, secret)).await {
        Ok(_) => redirect(&request, SHARED_KEYS.path, Some(Notice::LINKED)),
        Err(AdminError::Invalid(reason)) => render_link_form(&user, &request, Some(sentence(&reason))).await,
        Err(error) => Err(admin_problem(error)),
    }
}
