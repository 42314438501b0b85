//! The pages for people: login, consent, a code to type, a notice. Rendered here, without a script.
//!
//! ```text
//! texts   every sentence, in one place
//! rights  a scope in words
//! assets  the stylesheet and the icon
//! ```
//!
//! In: what a page tells. Out: an answer that no browser frames, keeps, or runs anything of. Must not know: what is
//! asked, by whom; cookies; OAuth. Templates stand in `templates/`; whatever they are given is escaped.

mod assets;
mod messages;
mod scope_text;
#[cfg(test)]
mod tests;

use askama::Template;
use axum::response::{IntoResponse as _, Response};
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_FRAME_OPTIONS};
use http::{HeaderValue, StatusCode};

pub(super) use self::assets::routes;
pub(super) use self::messages::{ENGLISH, Texts};
pub(super) use self::scope_text::in_words;
use crate::error::Problem;

/// What all pages are told.
#[derive(Debug, Clone, Copy)]
pub(super) struct Frame<'a> {
    /// The sentences.
    pub texts: &'static Texts,
    /// What stands before the paths of this gateway where a proxy adds something.
    pub base: &'a str,
}

/// The most that a login or a password may have.
pub(super) const LONGEST_FIELD: usize = 4095;

/// Who are you?
#[derive(Template)]
#[template(path = "login.html")]
pub(super) struct LoginPage<'a> {
    pub frame: Frame<'a>,
    pub application: &'a str,
    pub database: &'a str,
    /// What was typed last time.
    pub login: &'a str,
    pub guard: &'a str,
    /// Why it did not work.
    pub alert: Option<String>,
    pub longest: usize,
}

/// May it?
#[derive(Template)]
#[template(path = "consent.html")]
pub(super) struct ConsentPage<'a> {
    pub frame: Frame<'a>,
    pub application: &'a str,
    pub login: &'a str,
    pub database: &'a str,
    pub rights: Vec<String>,
    /// The host to which one is sent afterwards.
    pub sent_to: Option<&'a str>,
    pub guard: &'a str,
}

/// An end.
#[derive(Template)]
#[template(path = "notice.html")]
pub(super) struct NoticePage<'a> {
    pub frame: Frame<'a>,
    pub title: &'a str,
    pub lead: String,
    /// To be typed elsewhere.
    pub code: Option<&'a str>,
    pub hint: Option<&'a str>,
    /// Under which the log knows the request.
    pub request: Option<&'a str>,
}

/// Browsers hold the redirect behind a form to `form-action`, too: a page whose form ends at an application's callback
/// cannot name where that is and where it leads from there, so forms are not held (O2-12). Nothing that is not ours gets
/// into a page, as everything is escaped.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'",
);

/// The page as an answer.
///
/// # Errors
/// 500 when it cannot be rendered.
pub(super) fn answer(status: StatusCode, page: &impl Template) -> Result<Response, Problem> {
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
