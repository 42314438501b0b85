//! A page with a secret that is displayed once.
//!
//! In: a secret. Out: a page, which browsers do not store. Must not know: how it was created.

use askama::Template;
use axum::response::Response;
use http::StatusCode;

use super::page::ConsolePage;
use crate::error::Problem;

/// The page.
#[derive(Template)]
#[template(path = "console/secret.html")]
pub(super) struct SecretPage<'a> {
    pub page: &'a ConsolePage<'a>,
    pub title: &'a str,
    /// What the secret is.
    pub label: &'a str,
    pub secret: &'a str,
    /// The header in which it is sent, with its value.
    pub usage: &'a str,
    /// Names and values that describe it.
    pub facts: Vec<(&'static str, String)>,
}

impl SecretPage<'_> {
    /// Renders the page.
    ///
    /// # Errors
    /// 500 if the template fails.
    pub(super) fn respond(&self) -> Result<Response, Problem> {
        self.page.respond(StatusCode::OK, self)
    }
}
