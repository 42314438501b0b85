//! Sign in and sign out. The gateway verifies the password with Odoo as for HTTP Basic: the same limits, the same
//! minimum time of a failure, the same audit log (C-01).
//!
//! In: forms. Out: a session cookie and a redirect, or the login page with the reason. Must not know: other pages.

use askama::Template;
use axum::response::Response;
use http::StatusCode;

use super::cookies::ConsoleCookie;
use super::form::{ConsoleForm, csrf_token};
use super::notice::Notice;
use super::page::{ACCESS, ConsolePage, redirect};
use super::user::{ConsoleUser, LOGIN_PATH};
use crate::auth::Principal;
use crate::error::Problem;
use crate::http::browser_headers::is_login_session;
use crate::http::login_failure::LoginFailure;
use crate::http::pages::{ENGLISH, MAX_FIELD_BYTES};
use crate::http::request::ApiRequest;
use crate::telemetry::metrics::count;

/// The login page.
#[derive(Template)]
#[template(path = "console/login.html")]
struct ConsoleLoginPage<'a> {
    page: &'a ConsolePage<'a>,
    csrf_token: &'a str,
    /// Whether the user must say which database they log in to.
    has_databases: bool,
    database: &'a str,
    login: &'a str,
    alert: Option<&'a str>,
    max_length: usize,
}

/// What the user typed before, and why it failed.
#[derive(Debug, Default, Clone, Copy)]
struct LastAttempt<'a> {
    database: &'a str,
    login: &'a str,
    alert: Option<&'a str>,
}

/// `GET /console/login`. Does not depend on whether the user is logged in: a failed login must not end a session.
pub(super) async fn login_page(request: ApiRequest) -> Result<Response, Problem> {
    render(&request, StatusCode::OK, LastAttempt::default()).await
}

/// `POST /console/login`.
pub(super) async fn log_in(mut request: ApiRequest) -> Result<Response, Problem> {
    let cookie = ConsoleCookie::Session.value(&request.state.site, &request.head.headers).to_owned();
    let form = ConsoleForm::from_anonymous(&mut request, &cookie).await?;
    let [database, login] = ["database", "login"].map(|name| form.value(name).trim());
    let attempt = LastAttempt { database, login, alert: None };
    if !(is_possible(login) && is_possible(form.value("password")) && database.len() <= MAX_FIELD_BYTES) {
        let attempt = LastAttempt { alert: Some(ENGLISH.login_incomplete), ..attempt };
        return render(&request, StatusCode::BAD_REQUEST, attempt).await;
    }
    let result = authenticate(&request, database, login, form.value("password")).await;
    count(
        &request.state.metrics.authentications,
        result.as_ref().map_or_else(|problem| problem.code.as_str(), |_| "ok"),
    );
    match result {
        Ok(user) => start_session(&request, user, &cookie).await,
        Err(problem) => login_failed(&request, attempt, &problem).await,
    }
}

/// Whether a login or a password can have this value (B-05).
fn is_possible(text: &str) -> bool {
    !text.is_empty() && text.len() <= MAX_FIELD_BYTES && !text.contains(char::is_control)
}

/// A database that is not configured is rejected like a wrong password, so that nobody learns which ones are.
async fn authenticate(request: &ApiRequest, database: &str, login: &str, password: &str) -> Result<Principal, Problem> {
    let (state, address) = (&request.state, request.client_ip());
    request.log.user(login);
    let Ok(database) = state.databases.pick((!database.is_empty()).then_some(database)) else {
        return Err(state.odoo_authenticator.reject_unknown_database(login, address).await);
    };
    request.log.database(database.name.as_str());
    state.odoo_authenticator.authenticate(database, login.to_owned(), password.into(), address).await
}

/// Each login starts a new session and ends the previous one of this browser (C-02).
async fn start_session(request: &ApiRequest, user: Principal, previous: &str) -> Result<Response, Problem> {
    let state = &request.state;
    state.tokens.console_sessions.end(previous).await?;
    let session = state.tokens.console_sessions.create(user).await?;
    let mut response = redirect(request, &next_page(request), None)?;
    ConsoleCookie::Session.set(&state.site, session.expose(), response.headers_mut())?;
    Ok(response)
}

/// The page of the console that the user wanted to open.
fn next_page(request: &ApiRequest) -> String {
    let query = request.head.uri.query().unwrap_or_default();
    let next = url::form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "next");
    next.map(|(_, path)| path.into_owned()).filter(|path| is_console_page(path)).unwrap_or(ACCESS.path.to_owned())
}

/// Whether a path is a page of the console: nothing that a browser could take for another host.
fn is_console_page(path: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-._~?&=%+:@,".contains(&byte);
    let below = path.strip_prefix(ACCESS.path);
    below.is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?'])) && path.bytes().all(is_plain)
}

/// Renders the login page again.
async fn login_failed(request: &ApiRequest, attempt: LastAttempt<'_>, problem: &Problem) -> Result<Response, Problem> {
    request.log.code(problem.code.as_str());
    let failure = LoginFailure::new(problem);
    let page = render(request, failure.status, LastAttempt { alert: Some(&failure.alert), ..attempt }).await?;
    Ok(failure.complete(page))
}

async fn render(request: &ApiRequest, status: StatusCode, attempt: LastAttempt<'_>) -> Result<Response, Problem> {
    let state = &request.state;
    let sent = ConsoleCookie::Session.value(&state.site, &request.head.headers);
    // The cookie of a session is kept: opening the login page must not end it.
    let sessions = &state.tokens.console_sessions;
    let is_kept = is_login_session(sent) || sessions.find(sent, request.client_ip()).await?.is_some();
    let cookie = if is_kept { sent.to_owned() } else { state.tokens.csrf.new_cookie()? };
    let csrf_token = csrf_token(request, &cookie, LOGIN_PATH).await?;
    let page = ConsolePage::anonymous(request);
    let template = ConsoleLoginPage {
        page: &page,
        csrf_token: &csrf_token,
        has_databases: state.databases.iter().nth(1).is_some(),
        database: attempt.database,
        login: attempt.login,
        alert: attempt.alert,
        max_length: MAX_FIELD_BYTES,
    };
    let mut response = page.respond(status, &template)?;
    if !is_kept {
        ConsoleCookie::Session.set(&state.site, &cookie, response.headers_mut())?;
    }
    Ok(response)
}

/// `POST /console/logout`.
pub(super) async fn log_out(user: ConsoleUser, mut request: ApiRequest) -> Result<Response, Problem> {
    ConsoleForm::from_user(&mut request, &user).await?;
    request.state.tokens.console_sessions.end(user.cookie()).await?;
    let mut response = redirect(&request, LOGIN_PATH, Some(Notice::SIGNED_OUT))?;
    ConsoleCookie::Session.set(&request.state.site, "", response.headers_mut())?;
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn login_leads_only_to_pages_of_the_console() {
        for path in ["/console", "/console/keys", "/console?a=b", "/console/admin/keys?search=a%20b&page=2"] {
            assert!(is_console_page(path), "{path}");
        }
        for path in [
            "",
            "/",
            "//evil.example",
            "https://evil.example/console",
            "/consoles",
            "/console\\evil",
            "/console/\r\nset-cookie:a=b",
            "/console@evil.example",
            "/restapi/1.0",
        ] {
            assert!(!is_console_page(path), "{path}");
        }
    }
}
