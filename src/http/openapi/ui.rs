//! The pages `/`, `/docs` and `/docs/errors`, and the document itself at `/openapi.json`.
//!
//! In: the complete document. Out: routes whose every byte is in the binary; nothing on these pages comes from
//! elsewhere, and their policy says so. Must not know: what the document says.

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
use crate::error_code::Code;
use crate::http::pages::{ENGLISH, Frame, answer};
use crate::http::response::negotiate::{Media, choose};

/// The files of Swagger UI that the page loads.
const ASSETS: [&str; 3] = ["swagger-ui.css", "swagger-ui-bundle.js", "favicon-32x32.png"];

/// All addresses are absolute: with and without a slash at the end, `/docs` is one page.
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

/// Swagger UI writes style attributes; scripts are files only.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; \
     frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
);
/// Assets change with the binary only.
const AN_HOUR: HeaderValue = HeaderValue::from_static("public, max-age=3600");

/// The document and the pages. `base` stands before the paths of this gateway where a proxy adds something.
pub(super) fn routes(document: &OpenApi, base: &str) -> Router {
    // A document of texts and numbers always serializes.
    let document = Bytes::from(document.to_json().unwrap_or_default());
    let (page, start) = (Bytes::from(placed(PAGE, base)), Bytes::from(placed(START, base)));
    let (of_home, of_errors): (Arc<str>, Arc<str>) = (base.into(), base.into());
    let pages = Router::new()
        .route("/", get(async move |headers: HeaderMap| home(&of_home, &headers).await))
        .route("/openapi.json", get(async || file("application/json", document)))
        .route("/docs", get(async || swagger(page)))
        .route("/docs/start.js", get(async || file("text/javascript; charset=utf-8", start)))
        .route(ERRORS_PAGE, get(async move || errors(&of_errors)));
    ASSETS.into_iter().fold(pages, |pages, name| pages.route(&format!("/docs/{name}"), get(async || asset(name))))
}

/// A text with its addresses below `base`.
fn placed(text: &str, base: &str) -> String {
    text.replace("BASE/", &format!("{base}/"))
}

fn file(kind: &'static str, body: Bytes) -> Response {
    ([(CONTENT_TYPE, HeaderValue::from_static(kind))], body).into_response()
}

fn swagger(html: Bytes) -> Response {
    ([(CONTENT_SECURITY_POLICY, POLICY)], file("text/html; charset=utf-8", html)).into_response()
}

fn asset(name: &'static str) -> Response {
    let found = utoipa_swagger_ui::serve(name, Arc::new(Config::default())).ok().flatten();
    let kind = |text: &str| HeaderValue::from_str(text).ok();
    match found.and_then(|file| Some((kind(&file.content_type)?, file.bytes))) {
        Some((kind, bytes)) => ([(CONTENT_TYPE, kind), (CACHE_CONTROL, AN_HOUR)], bytes.into_owned()).into_response(),
        None => Problem::internal(format_args!("the binary lacks {name}")).into_response(),
    }
}

/// The page at `/`.
#[derive(Template)]
#[template(path = "home.html")]
struct HomePage<'a> {
    frame: Frame<'a>,
    version: &'a str,
}

/// What is at `/`: a page for a browser, the same addresses as JSON for a program.
async fn home(base: &str, headers: &HeaderMap) -> Result<Response, Problem> {
    let version = env!("CARGO_PKG_VERSION");
    if choose(headers, &[Media::Json, Media::Html])? == Media::Html {
        return answer(StatusCode::OK, &HomePage { frame: frame(base), version });
    }
    let at = |path: &str| format!("{base}{path}");
    let links = json!({
        "name": "odoo-gateway",
        "version": version,
        "documentation": at("/docs"),
        "openapi": at("/openapi.json"),
        "errors": at(ERRORS_PAGE),
    });
    Ok(Json(links).into_response())
}

/// The page of all error codes.
#[derive(Template)]
#[template(path = "errors.html")]
struct ErrorsPage<'a> {
    frame: Frame<'a>,
    entries: Vec<Entry>,
}

/// One error code on the page.
struct Entry {
    code: &'static str,
    status: u16,
    title: &'static str,
    help: Help,
}

fn errors(base: &str) -> Result<Response, Problem> {
    let entry = |code: &Code| Entry {
        code: code.as_str(),
        status: code.class().status(),
        title: code.title(),
        help: error_help::of(*code),
    };
    answer(StatusCode::OK, &ErrorsPage { frame: frame(base), entries: Code::ALL.iter().map(entry).collect() })
}

fn frame(base: &str) -> Frame<'_> {
    Frame { texts: &ENGLISH, base }
}
