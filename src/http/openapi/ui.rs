//! The pages `/`, `/docs` and `/docs/errors`, and the document itself at `/openapi.json`.
//!
//! In: the complete document. Out: routes. All assets are in the binary; the pages load nothing from other origins,
//! and their content security policy enforces this. Must not know: the contents of the document.

use std::sync::Arc;

use askama::Template;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, StatusCode};
use serde_json::json;
use utoipa::openapi::OpenApi;
use utoipa_swagger_ui::Config;

use super::ERRORS_PAGE;
use super::error_help::{self, Help};
use crate::error::Problem;
use crate::error_code::ErrorCode;
use crate::http::pages::{ENGLISH, Layout, render};
use crate::http::response::negotiate::{Media, choose};

/// The files of Swagger UI that the page loads.
const ASSETS: [&str; 3] = ["swagger-ui.css", "swagger-ui-bundle.js", "favicon-32x32.png"];

/// All URLs are absolute, so `/docs` and `/docs/` are the same page.
const PAGE: &str = r#"<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>odoo-gateway</title>
<link rel="stylesheet" href="BASE/docs/swagger-ui.css">
<link rel="icon" type="image/png" href="BASE/docs/favicon-32x32.png">
<div id="swagger-ui"></div>
<script src="BASE/docs/swagger-ui-bundle.js"></script>
<script src="BASE/docs/start.js"></script>
</html>
"#;

const START: &str = r##"SwaggerUIBundle({
  url: "BASE/openapi.json",
  dom_id: "#swagger-ui",
  presets: [SwaggerUIBundle.presets.apis],
  layout: "BaseLayout",
  deepLinking: true,
  validatorUrl: null,
});
"##;

/// Swagger UI sets `style` attributes; scripts are loaded from files only.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
     connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
);
/// Assets change only with the binary.
const ONE_HOUR: HeaderValue = HeaderValue::from_static("public, max-age=3600");

/// The routes of the document and of the pages. `base` is the path prefix that a proxy adds before the paths of this
/// gateway.
pub(super) fn routes(document: &OpenApi, base: &str) -> Router {
    // Strings and numbers always serialize.
    let document = Bytes::from(document.to_json().unwrap_or_default());
    let (page, start) = (Bytes::from(with_base(PAGE, base)), Bytes::from(with_base(START, base)));
    let (home_base, errors_base): (Arc<str>, Arc<str>) = (base.into(), base.into());
    let pages = Router::new()
        .route("/", get(async move |headers: HeaderMap| home(&home_base, &headers).await))
        .route("/openapi.json", get(async || file("application/json", document)))
        .route("/docs", get(async || swagger(page)))
        .route("/docs/start.js", get(async || file("text/javascript; charset=utf-8", start)))
        .route(ERRORS_PAGE, get(async move || errors(&errors_base)));
    ASSETS.into_iter().fold(pages, |pages, name| pages.route(&format!("/docs/{name}"), get(async || asset(name))))
}

/// Inserts `base` before the paths.
fn with_base(text: &str, base: &str) -> String {
    text.replace("BASE/", &format!("{base}/"))
}

fn file(content_type: &'static str, body: Bytes) -> Response {
    ([(CONTENT_TYPE, HeaderValue::from_static(content_type))], body).into_response()
}

fn swagger(html: Bytes) -> Response {
    ([(CONTENT_SECURITY_POLICY, POLICY)], file("text/html; charset=utf-8", html)).into_response()
}

fn asset(name: &'static str) -> Response {
    let file = utoipa_swagger_ui::serve(name, Arc::new(Config::default())).ok().flatten();
    let content_type = |text: &str| HeaderValue::from_str(text).ok();
    match file.and_then(|file| Some((content_type(&file.content_type)?, file.bytes))) {
        Some((content_type, bytes)) => {
            ([(CONTENT_TYPE, content_type), (CACHE_CONTROL, ONE_HOUR)], bytes.into_owned()).into_response()
        }
        None => Problem::internal(format_args!("the binary does not contain {name}")).into_response(),
    }
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
        return render(StatusCode::OK, &HomePage { layout: layout(base), version });
    }
    let url = |path: &str| format!("{base}{path}");
    let links = json!({
        "name": "odoo-gateway",
        "version": version,
        "documentation": url("/docs"),
        "openapi": url("/openapi.json"),
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

fn errors(base: &str) -> Result<Response, Problem> {
    let entry = |code: &ErrorCode| Entry {
        code: code.as_str(),
        status: code.class().status(),
        title: code.title(),
        help: error_help::help_for(*code),
    };
    render(StatusCode::OK, &ErrorsPage { layout: layout(base), entries: ErrorCode::ALL.iter().map(entry).collect() })
}

fn layout(base: &str) -> Layout<'_> {
    Layout { messages: &ENGLISH, base }
}
