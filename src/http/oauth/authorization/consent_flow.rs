//! The dialog with the user: log in, then allow or deny.
//!
//! ```text
//! GET   without a session → login page                with a session → consent page
//! POST  step=login  → starts a session, redirects to GET
//!       step=switch → ends the session, redirects to GET
//!       step=allow | step=deny → the decision, accepted once
//! ```
//!
//! Each form is sent to the URL of its page, whose query is the unchanged authorization request.
//!
//! In: a validated authorization request. Out: a page, or the decision. Must not know: OAuth parameters.

use axum::response::Response;
use http::StatusCode;
use http::header::SET_COOKIE;

use super::browser_session::SessionCookie;
use super::login;
use super::login_consent_pages::{Prompt, consent_page, login_page};
use super::raw_parameters::AuthorizationParams;
use super::redirect::redirect_to_self;
use crate::auth::{BrowserSession, CsrfToken};
use crate::error::Problem;
use crate::error_code::ErrorCode;
use crate::http::pages::ENGLISH;
use crate::http::request::ApiRequest;

/// What the user decided.
#[derive(Debug)]
pub(super) enum Decision {
    /// The user of this session allows the access.
    Allowed(Box<BrowserSession>),
    /// The user of this session denies the access.
    Denied(Box<BrowserSession>),
}

/// The result of a submitted form.
#[derive(Debug)]
pub(super) enum FlowStep {
    /// The flow continues with this response.
    Respond(Response),
    /// The user decided.
    Decided(Decision),
}

/// Renders the first page: consent with a session, login without one.
///
/// # Errors
/// 503 if the store is not available.
pub(super) async fn render(request: &ApiRequest, prompt: &Prompt<'_>) -> Result<Response, Problem> {
    match find_session(request, prompt).await? {
        Some(session) => consent_page(request, prompt, &session).await,
        None => login_page(request, prompt, StatusCode::OK, "", None).await,
    }
}

/// The browser's session, if its user is logged in to the application's database.
pub(super) async fn find_session(request: &ApiRequest, prompt: &Prompt<'_>) -> Result<Option<BrowserSession>, Problem> {
    let SessionCookie::Session(token) = request.state.site.cookie(&request.head.headers) else { return Ok(None) };
    let session = request.state.tokens.sessions.find(token.expose(), request.client_ip()).await?;
    let session = session.filter(|session| session.database() == prompt.database());
    if let Some(session) = &session {
        request.log.user(session.login());
        request.log.database(session.database());
    }
    Ok(session)
}

/// Handles a submitted form.
///
/// # Errors
/// 403 if the CSRF token is missing, used, expired, or of another browser or authorization request; 400 if the form has
/// no known `step`.
pub(super) async fn handle_form(request: &mut ApiRequest, prompt: &Prompt<'_>) -> Result<FlowStep, Problem> {
    let form = AuthorizationParams::from_form(request).await?;
    let cookie = request.state.site.cookie(&request.head.headers);
    let csrf_token = verify_csrf_token(request, prompt, &form, &cookie).await?;
    match form.value("step") {
        Ok(Some("login")) => login::log_in(request, prompt, &form, &cookie).await.map(FlowStep::Respond),
        Ok(Some("switch")) => switch_account(request, &cookie).await.map(FlowStep::Respond),
        Ok(Some("allow")) => decide(request, prompt, &csrf_token, Decision::Allowed).await,
        Ok(Some("deny")) => decide(request, prompt, &csrf_token, Decision::Denied).await,
        _ => Err(Problem::new(ErrorCode::InvalidParameter, "The form has no known action.").parameter("step")),
    }
}

/// Checks that the form is from a page of this gateway, for this browser and this authorization request.
async fn verify_csrf_token(
    request: &ApiRequest,
    prompt: &Prompt<'_>,
    form: &AuthorizationParams,
    cookie: &SessionCookie,
) -> Result<CsrfToken, Problem> {
    if cookie.value().is_empty() || !request.state.site.is_same_origin(&request.head.headers) {
        return Err(form_outdated());
    }
    let text = form.value("guard").ok().flatten().unwrap_or_default();
    request.state.tokens.csrf.verify(prompt.csrf_binding(cookie.value()), text).await?.ok_or_else(form_outdated)
}

/// Accepts the decision once. Redirects to the login page if the session has ended.
async fn decide(
    request: &ApiRequest,
    prompt: &Prompt<'_>,
    csrf_token: &CsrfToken,
    decision: fn(Box<BrowserSession>) -> Decision,
) -> Result<FlowStep, Problem> {
    let Some(session) = find_session(request, prompt).await? else {
        return redirect_to_self(request).map(FlowStep::Respond);
    };
    let is_first = request.state.tokens.csrf.consume(csrf_token).await?;
    if is_first { Ok(FlowStep::Decided(decision(Box::new(session)))) } else { Err(form_outdated()) }
}

/// Ends the session, so that the user can log in with another account.
async fn switch_account(request: &ApiRequest, cookie: &SessionCookie) -> Result<Response, Problem> {
    request.state.tokens.sessions.end(cookie.value()).await?;
    let mut response = redirect_to_self(request)?;
    let cookie = request.state.tokens.csrf.new_cookie()?;
    response.headers_mut().insert(SET_COOKIE, request.state.site.set_cookie(&cookie)?);
    Ok(response)
}

fn form_outdated() -> Problem {
    Problem::new(ErrorCode::FormOutdated, ENGLISH.outdated_lead)
}
