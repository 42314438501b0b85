//! The login form: Odoo is asked, as it is for HTTP Basic, with the same throttles, floor and audit (B-01 to B-07).
//!
//! In: a form that is ours. Out: a session's cookie and the way back; or the page again, with why. Must not know: consent.

use axum::response::Response;
use http::StatusCode;
use http::header::{RETRY_AFTER, SET_COOKIE};
use secrecy::SecretString;

use super::browser_session::Cookie;
use super::consent_flow::{Asked, here, login_page};
use super::parameters::Parameters;
use crate::auth::Principal;
use crate::error::Problem;
use crate::error_code::{Class, Code};
use crate::http::pages::{ENGLISH, LONGEST_FIELD};
use crate::http::request::Arrival;
use crate::http::response::problem::status;
use crate::telemetry::metrics::count;

/// Logs in to the application's database.
///
/// # Errors
/// 503 when no session can be kept.
pub(super) async fn log_in(
    arrival: &Arrival,
    asked: &Asked<'_>,
    form: &Parameters,
    cookie: &Cookie,
) -> Result<Response, Problem> {
    let [login, password] = ["login", "password"].map(|name| typed(form, name));
    let (Some(login), Some(password)) = (login, password) else {
        let alert = ENGLISH.login_incomplete.to_owned();
        return login_page(arrival, asked, StatusCode::BAD_REQUEST, login.unwrap_or_default(), Some(alert)).await;
    };
    let verdict = identify(arrival, asked, login, password.into()).await;
    count(
        &arrival.gateway.metrics.authentications,
        verdict.as_ref().map_or_else(|problem| problem.code.as_str(), |_| "ok"),
    );
    match verdict {
        Ok(user) => enter(arrival, user, cookie).await,
        Err(problem) => refuse(arrival, asked, login, &problem).await,
    }
}

/// As it was typed; what could never be right is nothing (B-05).
fn typed<'f>(form: &'f Parameters, name: &str) -> Option<&'f str> {
    let text = form.value(name).ok().flatten()?;
    (text.len() <= LONGEST_FIELD && !text.contains(char::is_control)).then_some(text)
}

async fn identify(
    arrival: &Arrival,
    asked: &Asked<'_>,
    login: &str,
    password: SecretString,
) -> Result<Principal, Problem> {
    let gateway = &arrival.gateway;
    let database = gateway.databases.pick(Some(asked.database()))?;
    arrival.log.database(database.name.as_str());
    arrival.log.user(login);
    gateway.passwords.identify(database, login.to_owned(), password, arrival.client()).await
}

/// A new session at each login; what the browser had before is worth nothing any more.
async fn enter(arrival: &Arrival, user: Principal, before: &Cookie) -> Result<Response, Problem> {
    if let Cookie::Session(token) = before {
        arrival.gateway.tokens.end_session(token.expose()).await?;
    }
    let session = arrival.gateway.tokens.begin_session(user).await?;
    let mut answer = here(arrival)?;
    answer.headers_mut().insert(SET_COOKIE, arrival.gateway.site.set_cookie(session.expose())?);
    Ok(answer)
}

/// The page again. A wrong password is 422, not 401: a browser answers 401 with a window of its own.
async fn refuse(arrival: &Arrival, asked: &Asked<'_>, login: &str, problem: &Problem) -> Result<Response, Problem> {
    arrival.log.code(problem.code.as_str());
    let (status, alert) = match problem.code {
        Code::TooManyAttempts => {
            (StatusCode::TOO_MANY_REQUESTS, ENGLISH.throttled(problem.retry_after.unwrap_or_default()))
        }
        code if code.class() == Class::Unauthorized => {
            (StatusCode::UNPROCESSABLE_ENTITY, ENGLISH.login_wrong.to_owned())
        }
        code => (status(code.class()), ENGLISH.login_unavailable.to_owned()),
    };
    let mut answer = login_page(arrival, asked, status, login, Some(alert)).await?;
    if let Some(after) = problem.retry_after {
        answer.headers_mut().insert(RETRY_AFTER, after.as_secs().max(1).into());
    }
    Ok(answer)
}
