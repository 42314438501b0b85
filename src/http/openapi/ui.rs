//! The pages `/` and `/docs/errors`.
//!
//! In: the base path. Out: routes. Must not know: the contents of the document.

use std::sync::Arc;

use askama::Template;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use http::HeaderMap;
use serde_json::json;

use super::ERRORS_PAGE;
use super::error_help::{self, Help};
use crate::error::Problem;
use crate::error_code::ErrorCode;
use crate::http::pages::{ENGLISH, Layout, render_static};
use crate::http::response::negotiate::{Media, choose};
use crate::http::state::AppState;

/// The routes of the pages. `base` is the path prefix that a proxy adds before the paths of this gateway.
pub(super) fn routes(base: &str) -> Router<AppState> {
    let (home_base, errors_base): (Arc<str>, Arc<str>) = (base.into(), base.into());
    Router::new()
        .route("/", get(async move |headers: HeaderMap| home(&home_base, &headers).await))
        .route(ERRORS_PAGE, get(async move |headers: HeaderMap| errors(&errors_base, &headers)))
}

/// The page at `/`.
#[derive(Template)]
#[template(path = "home.html")]
struct HomePage<'a> {
    layout: Layout<'a>,
    version: &'a str,
}

/// Returns the links of the home page: HTML for a browser, JSON for a program.
async fn home(base: &str, headers: &HeaderMap) -> Result<Response, Problem> {
    let version = env!("CARGO_PKG_VERSION");
    if choose(headers, &[Media::Json, Media::Html])? == Media::Html {
        return render_static(&HomePage { layout: layout(base), version }, headers);
    }
    let url = |path: &str| format!("{base}{path}");
    let links = json!({
        "name": "odoo-gateway",
        "version": version,
        "documentation": url("/docs"),
        "guides": url("/docs/guides"),
        "reference": url("/docs/reference"),
        "openapi": url("/openapi.json"),
        "postman_collection": url("/postman_collection.json"),
        "postman_environment": url("/postman_environment.json"),
        "errors": url(ERRORS_PAGE),
    });
    Ok(Json(links).into_response())
}

/// The page of all error codes.
#[derive(Template)]
#[template(path = "errors.html")]
struct ErrorsPage<'a> {
    layout: Layout<'a>,
    entries: Vec<Entry>,
}

/// An error code on the page.
struct Entry {
    code: &'static str,
    status: u16,
    title: &'static str,
    help: Help,
}

fn errors(base: &str, headers: &HeaderMap) -> Result<Response, Problem> {
    let entry = |code: &ErrorCode| Entry {
        code: code.as_str(),
        status: code.class().status(),
        title: code.title(),
        help: error_help::help_for(*code),
    };
    let entries = ErrorCode::ALL.iter().map(entry).collect();
    render_static(&ErrorsPage { layout: layout(base), entries }, headers)
}

fn layout(base: &str) -> Layout<'_> {
    Layout { messages: &ENGLISH, base }
}
