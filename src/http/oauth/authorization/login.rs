//! The login form. The gateway verifies the password with Odoo as for HTTP Basic: the same limits, the same minimum
//! time of a failure, the same audit log (B-01 to B-07).
//!
//! In: a form with a valid CSRF token. Out: a session cookie and a redirect, or the login page with the reason. Must
//! not know: consent.

use axum::response::Response;
use http::StatusCode;
use http::header::SET_COOKIE;
use secrecy::SecretString;

use super::browser_session::SessionCookie;
use super::login_consent_pages::{Prompt, login_page};
use super::raw_parameters::AuthorizationParams;
use super::redirect::redirect_to_self;
use crate::auth::Principal;
use crate::error::Problem;
use crate::http::login_failure::LoginFailure;
use crate::http::pages::{ENGLISH, MAX_FIELD_BYTES};
use crate::http::request::ApiRequest;
use crate::telemetry::metrics::count;

/// Logs the user in to the application's database.
///
/// # Errors
/// 503 if the session cannot be stored.
pub(super) async fn log_in(
    request: &ApiRequest,
    prompt: &Prompt<'_>,
    form: &AuthorizationParams,
    cookie: &SessionCookie,
) -> Result<Response, Problem> {
    let [login, password] = ["login", "password"].map(|name| field(form, name));
    let (Some(login), Some(password)) = (login, password) else {
        let alert = ENGLISH.login_incomplete.to_owned();
        return login_page(request, prompt, StatusCode::BAD_REQUEST, login.unwrap_or_default(), Some(alert)).await;
    };
    let result = authenticate(request, prompt, login, password.into()).await;
    count(
        &request.state.metrics.authentications,
        result.as_ref().map_or_else(|problem| problem.code.as_str(), |_| "ok"),
    );
    match result {
        Ok(user) => start_session(request, user, cookie).await,
        Err(problem) => login_failed(request, prompt, login, &problem).await,
    }
}

/// The value as the user typed it. `None` for a value that no password or login can have (B-05).
fn field<'f>(form: &'f AuthorizationParams, name: &str) -> Option<&'f str> {
    let text = form.value(name).ok().flatten()?;
    (text.len() <= MAX_FIELD_BYTES && !text.contains(char::is_control)).then_some(text)
}

async fn authenticate(
    request: &ApiRequest,
    prompt: &Prompt<'_>,
    login: &str,
    password: SecretString,
) -> Result<Principal, Problem> {
    let state = &request.state;
    let database = state.databases.pick(Some(prompt.database()))?;
    request.log.database(database.name.as_str());
    request.log.user(login);
    state.odoo_authenticator.authenticate(database, login.to_owned(), password, request.client_ip()).await
}

/// Each login starts a new session and ends the previous one of this browser (O2-09).
async fn start_session(request: &ApiRequest, user: Principal, previous: &SessionCookie) -> Result<Response, Problem> {
    if let SessionCookie::Session(token) = previous {
        request.state.tokens.sessions.end(token.expose()).await?;
    }
    let session = request.state.tokens.sessions.create(user).await?;
    let mut response = redirect_to_self(request)?;
    response.headers_mut().insert(SET_COOKIE, request.state.site.set_cookie(session.expose())?);
    Ok(response)
}

/// Renders the login page again.
async fn login_failed(
    request: &ApiRequest,
    prompt: &Prompt<'_>,
    login: &str,
    problem: &Problem,
) -> Result<Response, Problem> {
    request.log.code(problem.code.as_str());
    let failure = LoginFailure::new(problem);
    let page = login_page(request, prompt, failure.status, login, Some(failure.alert.clone())).await?;
    Ok(failure.complete(page))
}
