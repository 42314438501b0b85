//! The pages for administrators.
//!
//! ```text
//! accounts        lists of API keys and applications, and the page of one of them
//! account_view    API keys and applications as they are displayed
//! account_action  disable, enable, rotate the secret, delete: each with a page that asks for confirmation
//! account_form    the form that creates an API key or application
//! origins         the page that changes the origins of an application
//! key_form        the form that changes what an API key may do
//! scope_form      the part of that form that builds a scope from models and fields
//! account_limits  the part of that form for networks, rate and expiry
//! odoo_password   verifies the password of an Odoo user
//! usage_chart     requests and errors as a chart
//! page_query      the parameters in the query of a page
//! odoo_keys       the Odoo API keys that are sealed in the store
//! audit           the audit log, with filters, also as CSV
//! status          the health of everything, the configuration in effect
//! ```
//!
//! In: requests of an [`Administrator`](super::user::Administrator), which every handler here has as its argument. Out:
//! pages. Must not know: how keys and applications are stored; every change is a function of
//! [`admin`](crate::admin).

mod account_action;
mod account_form;
mod account_limits;
mod account_view;
mod accounts;
mod audit;
mod key_form;
mod odoo_keys;
mod odoo_password;
mod origins;
mod page_query;
pub(super) mod scope_form;
mod status;
mod usage_chart;

use axum::Router;
use axum::routing::get;

use self::account_view::{APPLICATION, AccountKind, KEY};
use super::page::{AUDIT, CONFIGURATION, HEALTH, ODOO_KEYS};
use super::user::Administrator;
use crate::http::request::ApiRequest;
use crate::http::state::AppState;

/// The path of the audit log as CSV.
const AUDIT_CSV_PATH: &str = "/console/admin/audit.csv";

/// The routes of the pages for administrators.
pub(super) fn routes() -> Router<AppState> {
    Router::new()
        .merge(account_routes(&KEY))
        .merge(account_routes(&APPLICATION))
        .route(key_form::EDIT_PATH, get(key_form::form_page).post(key_form::submit))
        .route(&format!("{}/{{id}}/origins", APPLICATION.entry.path), get(origins::form_page).post(origins::submit))
        .route(ODOO_KEYS.path, get(odoo_keys::odoo_keys_page))
        .route(AUDIT.path, get(audit::audit_page))
        .route(AUDIT_CSV_PATH, get(audit::audit_csv))
        .route(HEALTH.path, get(status::health_page))
        .route(CONFIGURATION.path, get(status::configuration_page))
}

/// The same routes for API keys and for applications.
fn account_routes(kind: &'static AccountKind) -> Router<AppState> {
    let path = kind.entry.path;
    let list = move |user: Administrator, request: ApiRequest| accounts::list_page(kind, user, request);
    let page = move |user: Administrator, request: ApiRequest| accounts::account_page(kind, user, request);
    let form = move |user: Administrator, request: ApiRequest| account_form::form_page(kind, user, request);
    let submit = move |user: Administrator, request: ApiRequest| account_form::submit(kind, user, request);
    let confirm = move |user: Administrator, request: ApiRequest| account_action::confirm_page(kind, user, request);
    let perform = move |user: Administrator, request: ApiRequest| account_action::perform(kind, user, request);
    Router::new()
        .route(path, get(list))
        .route(&format!("{path}/new"), get(form).post(submit))
        .route(&format!("{path}/{{id}}"), get(page))
        .route(&format!("{path}/{{id}}/{{action}}"), get(confirm).post(perform))
}
