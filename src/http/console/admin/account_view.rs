//! API keys and applications as the pages display them.
//!
//! In: rows. Out: [`AccountView`]. Must not know: pages, secrets.

use time::OffsetDateTime;

use crate::admin::{Administration, Application, ListPage, StoredToken};
use crate::error::Problem;
use crate::http::console::page::{APPLICATIONS, KEYS, NavigationEntry};
use crate::http::console::problem_page::{admin_problem, not_found};
use crate::http::console::time_text::{readable_time, readable_time_or_never};

/// What API keys and applications have in common for these pages.
#[derive(Debug)]
pub(super) struct AccountKind {
    /// The list.
    pub entry: NavigationEntry,
    /// `API key` or `application`.
    pub noun: &'static str,
    /// `an API key` or `an application`.
    pub a_noun: &'static str,
    pub is_application: bool,
}

pub(super) const KEY: AccountKind =
    AccountKind { entry: KEYS, noun: "API key", a_noun: "an API key", is_application: false };
pub(super) const APPLICATION: AccountKind =
    AccountKind { entry: APPLICATIONS, noun: "application", a_noun: "an application", is_application: true };

/// An API key or application, for templates.
#[derive(Debug)]
pub(super) struct AccountView {
    pub id: String,
    pub name: String,
    /// The client id of an application, the first characters of a key.
    pub shown: String,
    /// The user that it acts for; `any user who approves` for an application that is not bound to one.
    pub user: String,
    pub database: String,
    pub state: AccountState,
    pub created: String,
    pub expires: String,
    pub last_used: String,
    /// Whether its secret can be replaced.
    pub can_rotate: bool,
    /// The login of the user whose credential is sealed under its secret.
    pub bound_login: Option<String>,
}

/// Whether an API key or application can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AccountState {
    Enabled,
    Disabled,
    Expired,
}

impl AccountState {
    pub(super) fn label(self) -> &'static str {
        match self {
            Self::Enabled => "Enabled",
            Self::Disabled => "Disabled",
            Self::Expired => "Expired",
        }
    }
}

impl AccountView {
    fn from_row(row: &StoredToken, application: Option<&Application>, now: OffsetDateTime) -> Self {
        let is_bound = application.is_none_or(Application::is_bound);
        let state = match (row.disabled_at, row.is_active(now)) {
            (Some(_), _) => AccountState::Disabled,
            (None, true) => AccountState::Enabled,
            (None, false) => AccountState::Expired,
        };
        Self {
            id: row.id.clone(),
            name: row.account_name().to_owned(),
            shown: application
                .map_or_else(|| format!("{}…", row.display_prefix), |application| application.client_id().to_owned()),
            user: if is_bound { row.grant.login.clone() } else { "any user who approves".to_owned() },
            database: row.grant.database.clone(),
            state,
            created: readable_time(row.created_at),
            expires: readable_time_or_never(row.not_after),
            last_used: readable_time_or_never(row.last_used_at),
            can_rotate: application.is_none_or(|application| !application.settings.public),
            bound_login: is_bound.then(|| row.grant.login.clone()),
        }
    }
}

/// One page of the API keys or applications that contain a text.
pub(super) async fn find_accounts(
    kind: &AccountKind,
    admin: &Administration,
    search: &str,
    number: u32,
) -> Result<ListPage<AccountView>, Problem> {
    let now = admin.clock.now();
    if kind.is_application {
        let found = admin.search_applications(search, number).await.map_err(admin_problem)?;
        return Ok(found.map(|application| AccountView::from_row(&application.row, Some(application), now)));
    }
    let found = admin.search_keys(search, number).await.map_err(admin_problem)?;
    Ok(found.map(|row| AccountView::from_row(row, None, now)))
}

/// The API key or application with this id.
pub(super) async fn find_account(
    kind: &AccountKind,
    admin: &Administration,
    id: &str,
) -> Result<(AccountView, StoredToken), Problem> {
    let now = admin.clock.now();
    if kind.is_application {
        let application = admin.find_application(id).await.map_err(admin_problem)?;
        let view = AccountView::from_row(&application.row, Some(&application), now);
        return if application.row.id == id { Ok((view, application.row)) } else { Err(not_found()) };
    }
    let row = admin.find_key(id).await.map_err(admin_problem)?;
    if row.id == id { Ok((AccountView::from_row(&row, None, now), row)) } else { Err(not_found()) }
}
