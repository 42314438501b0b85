//! API accounts: API keys that are made for several users. A user links themselves with one, so that programs with the
//! key can create login tokens for them, or creates a login token themselves.
//!
//! In: forms. Out: pages; a login token, displayed once. Must not know: how links and tokens are stored.

use askama::Template;
use axum::response::Response;
use http::StatusCode;
use secrecy::SecretString;

use super::access_entry::permissions;
use super::form::ConsoleForm;
use super::notice::Notice;
use super::page::{ACCOUNTS, ConsolePage, redirect};
use super::problem_page::{admin_problem, not_found, sentence};
use super::secret_page::SecretPage;
use super::time_text::{minute_or_never, readable_minute};
use super::user::ConsoleUser;
use crate::admin::{AdminError, StoredToken};
use crate::error::Problem;
use crate::http::pages::MAX_FIELD_BYTES;
use crate::http::request::ApiRequest;

/// The path of the form that creates a login token.
pub(super) const TOKEN_PATH: &str = "/console/accounts/{id}/token";
/// The path of the form that links the user.
pub(super) const LINK_PATH: &str = "/console/accounts/{id}/link";

/// An API account in the list.
struct AccountRow {
    id: String,
    name: String,
    permissions: Vec<String>,
    expires: String,
    is_linked: bool,
}

impl AccountRow {
    fn new(key: &StoredToken, links: &[StoredToken]) -> Self {
        Self {
            id: key.id.clone(),
            name: key.account_name().to_owned(),
            permissions: permissions(&key.scope),
            expires: minute_or_never(key.not_after),
            is_linked: links.iter().any(|link| link.id == key.id),
        }
    }
}

/// The list.
#[derive(Template)]
#[template(path = "console/accounts.html")]
struct AccountsPage<'a> {
    page: &'a ConsolePage<'a>,
    accounts: Vec<AccountRow>,
}

/// `GET /console/accounts`.
pub(super) async fn accounts_page(user: ConsoleUser, request: ApiRequest) -> Result<Response, Problem> {
    let page = ConsolePage::new(&request, &user, ACCOUNTS).await?;
    let accounts = accounts(&user, &request).await?;
    page.respond(StatusCode::OK, &AccountsPage { page: &page, accounts })
}

async fn accounts(user: &ConsoleUser, request: &ApiRequest) -> Result<Vec<AccountRow>, Problem> {
    let admin = user.administration(&request.state);
    let links = admin.user_access(user.account()).await.map_err(admin_problem)?.links;
    let keys = admin.shared_keys(user.database.name.as_str()).await.map_err(admin_problem)?;
    Ok(keys.iter().map(|key| AccountRow::new(key, &links)).collect())
}

async fn find(user: &ConsoleUser, request: &ApiRequest, id: &str) -> Result<AccountRow, Problem> {
    accounts(user, request).await?.into_iter().find(|account| account.id == id).ok_or_else(not_found)
}

/// A form for one account.
#[derive(Template)]
#[template(path = "console/account_form.html")]
struct AccountFormPage<'a> {
    page: &'a ConsolePage<'a>,
    account: AccountRow,
    csrf_token: String,
    alert: Option<String>,
    /// Whether the form links the user, instead of creating a token.
    is_link: bool,
    days: &'a str,
    max_length: usize,
}

/// A form for one account, and why the last attempt failed.
async fn render(
    user: &ConsoleUser,
    request: &ApiRequest,
    id: &str,
    (is_link, days): (bool, &str),
    alert: Option<String>,
) -> Result<Response, Problem> {
    let account = find(user, request, id).await?;
    let page = ConsolePage::new(request, user, ACCOUNTS).await?;
    let csrf_token = page.csrf_token(request.head.uri.path()).await?;
    let status = if alert.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    let template =
        AccountFormPage { page: &page, account, csrf_token, alert, is_link, days, max_length: MAX_FIELD_BYTES };
    page.respond(status, &template)
}

/// `GET` of the form that creates a login token.
pub(super) async fn token_form(user: ConsoleUser, request: ApiRequest) -> Result<Response, Problem> {
    render(&user, &request, request.segment("id"), (false, "30"), None).await
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
            return render(&user, &request, id, (false, days), Some(sentence(&reason))).await;
        }
        Err(error) => return Err(admin_problem(error)),
    };
    let page = ConsolePage::new(&request, &user, ACCOUNTS).await?;
    SecretPage {
        page: &page,
        title: row.account_name(),
        label: "Login token",
        secret: &token,
        usage: "token:",
        facts: vec![
            ("It can", permissions(&row.scope).join("; ")),
            ("Expires", row.not_after.map(readable_minute).unwrap_or_default()),
        ],
    }
    .respond()
}

/// `GET` of the form that links the user.
pub(super) async fn link_form(user: ConsoleUser, request: ApiRequest) -> Result<Response, Problem> {
    render(&user, &request, request.segment("id"), (true, ""), None).await
}

/// `POST`: links the user. The API key is needed, because the user's credential is sealed under it.
pub(super) async fn link(user: ConsoleUser, mut request: ApiRequest) -> Result<Response, Problem> {
    let form = ConsoleForm::from_user(&mut request, &user).await?;
    let id = request.segment("id");
    find(&user, &request, id).await?;
    let secret = SecretString::clone(&user.odoo_user.secret);
    let admin = user.administration(&request.state);
    match admin.link_own(user.account(), id, form.value("key").trim(), (&user.login, secret)).await {
        Ok(()) => redirect(&request, ACCOUNTS.path, Some(Notice::LINKED)),
        Err(AdminError::Invalid(reason)) => render(&user, &request, id, (true, ""), Some(sentence(&reason))).await,
        Err(error) => Err(admin_problem(error)),
    }
}
