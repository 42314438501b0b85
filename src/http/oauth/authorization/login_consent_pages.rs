//! The login page and the consent page of one authorization request.
//!
//! In: a validated authorization request. Out: pages whose form contains a CSRF token for this browser and this
//! request (O2-10). Must not know: OAuth parameters, what the user decides.

use axum::response::Response;
use http::StatusCode;
use http::header::SET_COOKIE;

use super::browser_session::SessionCookie;
use crate::auth::{Application, BrowserSession, CsrfBinding};
use crate::error::Problem;
use crate::http::pages::{self, ConsentPage, ENGLISH, Layout, LoginPage, MAX_FIELD_BYTES};
use crate::http::request::ApiRequest;
use crate::plan::Scope;

/// What the user is asked to approve.
#[derive(Debug)]
pub(super) struct Prompt<'a> {
    /// The application that requests access.
    pub application: &'a Application,
    /// The scope that it requests.
    pub scope: Scope,
    /// The host that the browser is redirected to afterward.
    pub return_host: Option<String>,
    /// The authorization request in a canonical form. CSRF tokens are bound to it.
    pub fingerprint: Vec<u8>,
}

impl Prompt<'_> {
    /// The gateway's name of the database whose users can approve.
    pub(super) fn database(&self) -> &str {
        &self.application.row.grant.database
    }

    /// What a CSRF token is bound to.
    pub(super) fn csrf_binding<'b>(&'b self, cookie: &'b str) -> CsrfBinding<'b> {
        CsrfBinding { cookie, request: &self.fingerprint }
    }
}

/// The layout of all pages.
pub(super) fn layout(request: &ApiRequest) -> Layout<'_> {
    Layout { messages: &ENGLISH, base: request.state.site.base() }
}

/// Renders the login page. `alert` is the reason why the last attempt failed.
///
/// # Errors
/// 503 if the store or its keys are not available.
pub(super) async fn login_page(
    request: &ApiRequest,
    prompt: &Prompt<'_>,
    status: StatusCode,
    login: &str,
    alert: Option<String>,
) -> Result<Response, Problem> {
    let (cookie, is_new) = match request.state.site.cookie(&request.head.headers) {
        SessionCookie::LoginSession(value) => (value, false),
        _ => (request.state.tokens.csrf.new_cookie()?, true),
    };
    let csrf_token = request.state.tokens.csrf.issue(prompt.csrf_binding(&cookie)).await?;
    let page = LoginPage {
        layout: layout(request),
        application: prompt.application.name(),
        database: prompt.database(),
        login,
        csrf_token: &csrf_token,
        alert,
        max_length: MAX_FIELD_BYTES,
    };
    let mut response = pages::render(status, &page)?;
    if is_new {
        response.headers_mut().insert(SET_COOKIE, request.state.site.set_cookie(&cookie)?);
    }
    Ok(response)
}

/// Renders the consent page.
///
/// # Errors
/// 503 if the store or its keys are not available.
pub(super) async fn consent_page(
    request: &ApiRequest,
    prompt: &Prompt<'_>,
    session: &BrowserSession,
) -> Result<Response, Problem> {
    let cookie = request.state.site.cookie(&request.head.headers);
    let csrf_token = request.state.tokens.csrf.issue(prompt.csrf_binding(cookie.value())).await?;
    let page = ConsentPage {
        layout: layout(request),
        application: prompt.application.name(),
        login: session.login(),
        database: session.database(),
        permissions: pages::describe_scope(&prompt.scope, &ENGLISH),
        return_host: prompt.return_host.as_deref(),
        csrf_token: &csrf_token,
    };
    pages::render(StatusCode::OK, &page)
}
