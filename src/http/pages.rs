//! The pages for users: login, consent, and messages. Rendered on the server, without scripts.
//!
//! ```text
//! messages    every sentence of the pages
//! scope_text  a scope in plain English
//! assets      the stylesheet and the icon
//! ```
//!
//! In: the content of a page. Out: a response that browsers do not frame, store, or run scripts in. Must not know:
//! OAuth, cookies, who the user is. The templates are in `templates/`; askama escapes every value.

mod assets;
mod messages;
mod scope_text;
#[cfg(test)]
mod tests;

use askama::Template;
use axum::response::{IntoResponse as _, Response};
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_FRAME_OPTIONS};
use http::{HeaderMap, HeaderValue, StatusCode};

pub(super) use self::assets::{color_variables, routes};
pub(super) use self::messages::{ENGLISH, Messages};
pub(super) use self::scope_text::describe_scope;
use super::response::tagged_content::TaggedContent;
use crate::error::Problem;

/// What all pages have in common.
#[derive(Debug, Clone, Copy)]
pub(super) struct Layout<'a> {
    /// The sentences.
    pub messages: &'static Messages,
    /// The path prefix that a proxy adds to the paths of this gateway. Empty without one.
    pub base: &'a str,
}

/// The maximum length of a login or a password, in bytes.
pub(super) const MAX_FIELD_BYTES: usize = 4095;

/// The login page.
#[derive(Template)]
#[template(path = "login.html")]
pub(super) struct LoginPage<'a> {
    pub layout: Layout<'a>,
    pub application: &'a str,
    pub database: &'a str,
    /// The login of the last attempt.
    pub login: &'a str,
    pub csrf_token: &'a str,
    /// Why the last attempt failed.
    pub alert: Option<String>,
    pub max_length: usize,
}

/// The consent page.
#[derive(Template)]
#[template(path = "consent.html")]
pub(super) struct ConsentPage<'a> {
    pub layout: Layout<'a>,
    pub application: &'a str,
    pub login: &'a str,
    pub database: &'a str,
    pub permissions: Vec<String>,
    /// The host that the browser is redirected to afterward.
    pub return_host: Option<&'a str>,
    pub csrf_token: &'a str,
}

/// A page with a message and no form.
#[derive(Template)]
#[template(path = "message.html")]
pub(super) struct MessagePage<'a> {
    pub layout: Layout<'a>,
    pub title: &'a str,
    pub lead: String,
    /// A code that the user types into the application.
    pub code: Option<&'a str>,
    pub hint: Option<&'a str>,
    /// The id of the request in the gateway's log.
    pub request_id: Option<&'a str>,
}

/// Browsers apply `form-action` to the redirect after a form, too. The consent form ends at the callback of an
/// application, which may redirect further, so the policy cannot list the targets and has no `form-action` (O2-12).
/// Foreign forms cannot get into a page, because every value is escaped.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'",
);

/// Renders a page that is the same for everybody. Browsers keep it and ask whether it has changed.
///
/// # Errors
/// 500 if the template fails.
pub(super) fn render_static(page: &impl Template, request_headers: &HeaderMap) -> Result<Response, Problem> {
    let html = page.render().map_err(Problem::internal)?;
    let headers = [
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
        (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    ];
    Ok((headers, TaggedContent::new("text/html; charset=utf-8", html).respond(request_headers)).into_response())
}

/// Renders a page as a response.
///
/// # Errors
/// 500 if the template fails.
pub(super) fn render(status: StatusCode, page: &impl Template) -> Result<Response, Problem> {
    let html = page.render().map_err(Problem::internal)?;
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
        (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    Ok((status, headers, html).into_response())
}
