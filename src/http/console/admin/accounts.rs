//! Lists of API keys and applications, and the page of one of them.
//!
//! In: a text to search for, the number of a page, an id. Out: pages. Must not know: secrets; they are displayed only
//! when they are created.

use askama::Template;
use axum::response::Response;
use http::StatusCode;

use super::account_action::AccountAction;
use super::account_view::{AccountKind, AccountView, find_account, find_accounts};
use super::origins::find_origins;
use super::page_query::LinkQuery;
use super::usage_chart::UsageChart;
use crate::admin::{ListPage, StoredToken};
use crate::error::Problem;
use crate::http::console::page::ConsolePage;
use crate::http::console::problem_page::admin_problem;
use crate::http::console::time_text::readable_time;
use crate::http::console::user::Administrator;
use crate::http::pages::{ENGLISH, describe_scope};
use crate::http::request::ApiRequest;
use crate::plan::Scope;

#[derive(Template)]
#[template(path = "console/admin/accounts.html")]
struct ListTemplate<'a> {
    page: &'a ConsolePage<'a>,
    kind: &'a AccountKind,
    search: &'a str,
    list: ListPage<AccountView>,
    previous: Option<String>,
    next: Option<String>,
}

/// `GET /console/admin/keys` and `GET /console/admin/applications`.
pub(super) async fn list_page(
    kind: &'static AccountKind,
    Administrator(user): Administrator,
    request: ApiRequest,
) -> Result<Response, Problem> {
    let query = LinkQuery::parse(&request);
    let number = query.value("page").parse().unwrap_or(1);
    let admin = user.administration(&request.state);
    let list = find_accounts(kind, &admin, query.value("search"), number).await?;
    let link = |number| query.with(kind.entry.path, &["search"], ("page", number));
    let (previous, next) = (list.number > 1, list.number < list.pages);
    let page = ConsolePage::new(&request, &user, kind.entry).await?;
    let template = ListTemplate {
        page: &page,
        kind,
        search: query.value("search"),
        previous: previous.then(|| link(list.number - 1)),
        next: next.then(|| link(list.number + 1)),
        list,
    };
    page.respond(StatusCode::OK, &template)
}

#[derive(Template)]
#[template(path = "console/admin/account.html")]
struct AccountTemplate<'a> {
    page: &'a ConsolePage<'a>,
    kind: &'a AccountKind,
    account: AccountView,
    permissions: Vec<String>,
    /// The other limits: a name and a value.
    limits: Vec<(&'static str, String)>,
    /// Until when the previous secret of an API key is valid.
    previous_secret: Option<String>,
    /// The origins of an application; `None` for an API key.
    origins: Option<Vec<String>>,
    charts: [UsageChart; 2],
    actions: Vec<AccountAction>,
    history: String,
}

/// `GET /console/admin/keys/{id}` and `GET /console/admin/applications/{id}`.
pub(super) async fn account_page(
    kind: &'static AccountKind,
    Administrator(user): Administrator,
    request: ApiRequest,
) -> Result<Response, Problem> {
    let admin = user.administration(&request.state);
    let (account, row) = find_account(kind, &admin, request.segment("id")).await?;
    // An application has none.
    let previous_end = admin.previous_secret_end(&row).await.map_err(admin_problem)?;
    let charts = UsageChart::of_report(&admin.usage(&row.id).await.map_err(admin_problem)?);
    let origins = if kind.is_application { Some(find_origins(&admin, &account.shown).await?) } else { None };
    let page = ConsolePage::new(&request, &user, kind.entry).await?;
    let template = AccountTemplate {
        page: &page,
        kind,
        permissions: permissions(&row.scope),
        limits: limits(&row, admin.login_tokens.max_days_of(&row)),
        previous_secret: previous_end.map(|end| format!("Valid until {}", readable_time(end))),
        origins,
        charts,
        actions: AccountAction::possible_for(&account),
        history: format!("/console/admin/audit?subject={}", row.id),
        account,
    };
    page.respond(StatusCode::OK, &template)
}

/// What it can do. For everything, the phrase for users would call the administrator the user.
fn permissions(scope: &str) -> Vec<String> {
    match Scope::from_json(scope) {
        Ok(Scope::All) => vec!["do everything that its user can do in Odoo".to_owned()],
        Ok(scope) => describe_scope(&scope, &ENGLISH),
        Err(_) => vec!["do nothing: this gateway cannot parse the scope".to_owned()],
    }
}

fn limits(row: &StoredToken, login_token_days: u32) -> Vec<(&'static str, String)> {
    let Some(terms) = &row.key else { return Vec::new() };
    let networks: Vec<String> = terms.networks.iter().map(ToString::to_string).collect();
    let networks = if networks.is_empty() { "Any".to_owned() } else { networks.join(", ") };
    let rate = terms.rate.map(|rate| {
        let period = match rate.seconds {
            1 => "second".to_owned(),
            60 => "minute".to_owned(),
            3600 => "hour".to_owned(),
            86_400 => "day".to_owned(),
            seconds => format!("{seconds} seconds"),
        };
        format!("{} requests per {period}, burst of {}", rate.requests, rate.burst)
    });
    let mut limits = vec![
        ("Networks", networks),
        ("Rate", rate.unwrap_or_else(|| "No limit".to_owned())),
        ("Concurrent requests", terms.concurrent.map_or_else(|| "No limit".to_owned(), |limit| limit.to_string())),
    ];
    if terms.needs_login_token {
        limits.push(("Login token", "Required with each request".to_owned()));
    }
    if terms.may_mint_for_others {
        let users = if terms.open_to_all_users { "Linked users; all users for themselves" } else { "Linked users" };
        limits.push(("Login tokens for", users.to_owned()));
        limits.push(("Lifetime of login tokens", format!("At most {login_token_days} days")));
    }
    limits
}
