//! The console: web pages on which people see and end what acts for them, and administrators manage everything.
//!
//! ```text
//! login         sign in and sign out
//! access        what acts for the user: applications, tokens, keys, sessions; access_entry: the text of one of these
//! odoo_key_text the Odoo API keys that these use
//! end_access    ends one of these
//! personal_keys creates an API key for the user
//! shared_keys   links the user with shared API keys, and creates login tokens for them
//! secret_page   a secret that is displayed once
//! admin         the pages for administrators
//! page          what all pages have in common: navigation, messages, headers
//! problem_page  problems as pages
//! form          submitted forms, with their CSRF token
//! user          the logged-in user, as an argument of handlers
//! time_text     points in time as people read them
//! notice        messages after a form was processed
//! cookies       the cookies of the console
//! settings      settings, and which sessions belong to administrators
//! ```
//!
//! Pages are rendered on the server and have no scripts. GET changes nothing; every change is a form with a CSRF token,
//! and a function of [`admin`](crate::admin) that the command line uses, too. Each page checks by itself what its user
//! may see: another user's object is answered like one that does not exist.
//!
//! In: browsers at [`PREFIX`]. Out: pages. Must not know: how sessions, keys and tokens are stored.

mod access;
mod access_entry;
mod admin;
mod cookies;
mod end_access;
mod form;
mod login;
mod notice;
mod odoo_key_text;
mod page;
mod personal_keys;
mod problem_page;
mod secret_page;
mod settings;
mod shared_keys;
mod time_text;
mod user;

use axum::routing::{any, get, post};
use axum::{Extension, Router, middleware};

pub use self::settings::{ConsoleSettings, DisplayedConfiguration};

use self::settings::Console;
use super::state::AppState;

/// The path of the console.
pub(super) const PREFIX: &str = "/console";

/// The routes of the console.
pub(super) fn routes(state: AppState, settings: ConsoleSettings) -> Router {
    Router::new()
        .route(page::ACCESS.path, get(access::access_page))
        .route(user::LOGIN_PATH, get(login::login_page).post(login::log_in))
        .route(page::LOGOUT_PATH, post(login::log_out))
        .route(end_access::PATH, get(end_access::confirm).post(end_access::end))
        .route(page::PERSONAL_KEYS.path, get(personal_keys::form_page).post(personal_keys::submit))
        .route(page::SHARED_KEYS.path, get(shared_keys::list_page))
        .route(shared_keys::TOKEN_PATH, get(shared_keys::token_form).post(shared_keys::create_token))
        .route(shared_keys::LINK_PATH, get(shared_keys::link_form).post(shared_keys::link))
        .route("/console/{*path}", any(problem_page::unknown_page))
        .merge(admin::routes())
        .layer(middleware::from_fn_with_state(state.clone(), problem_page::render_problems))
        .layer(Extension(Console::new(settings)))
        .with_state(state)
}
