//! The pages for people: `/docs` and `/docs/errors`, and the document itself at `/openapi.json`.
//!
//! In: the complete document. Out: routes whose every byte is in the binary; nothing on these pages comes from
//! elsewhere, and their policy says so. Must not know: what the document says.

use std::sync::Arc;

use axum::Router;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bytes::Bytes;
use http::HeaderValue;
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use utoipa::openapi::OpenApi;
use utoipa_swagger_ui::Config;

use super::ERRORS_PAGE;
use crate::error::Problem;
use crate::explain::Code;

/// The files of Swagger UI that the page loads.
const ASSETS: [&str; 3] = ["swagger-ui.css", "swagger-ui-bundle.js", "favicon-32x32.png"];

/// All addresses are absolute: with and without a slash at the end, `/docs` is one page.
const PAGE: &str = r#"<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>odoo-gateway</title>
<link rel="stylesheet" href="/docs/swagger-ui.css">
<link rel="icon" type="image/png" href="/docs/favicon-32x32.png">
<div id="swagger-ui"></div>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</html>
"#;

const START: &str = r##"SwaggerUIBundle({
  url: "/openapi.json",
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

/// The document and the pages.
pub(super) fn routes(document: &OpenApi) -> Router {
    // A document of texts and numbers always serializes.
    let document = Bytes::from(document.to_json().unwrap_or_default());
    let errors = Bytes::from(errors_page());
    let pages = Router::new()
        .route("/openapi.json", get(async || file("application/json", document)))
        .route("/docs", get(async || page(PAGE.into())))
        .route("/docs/start.js", get(async || file("text/javascript; charset=utf-8", START.into())))
        .route(ERRORS_PAGE, get(async || page(errors)));
    ASSETS.into_iter().fold(pages, |pages, name| pages.route(&format!("/docs/{name}"), get(async || asset(name))))
}

fn file(kind: &'static str, body: Bytes) -> Response {
    ([(CONTENT_TYPE, HeaderValue::from_static(kind))], body).into_response()
}

fn page(html: Bytes) -> Response {
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

/// Every code with its status and title.
fn errors_page() -> String {
    let row = |code: &Code| {
        let (name, status, title) = (code.as_str(), code.class().status(), code.title());
        format!("<tr id=\"{name}\"><th scope=\"row\"><code>{name}</code></th><td>{status}</td><td>{title}</td></tr>\n")
    };
    let rows: String = Code::ALL.iter().map(row).collect();
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width\">\n\
         <title>odoo-gateway: errors</title>\n<style>body{{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:60rem;padding:0 1rem}}\
         th,td{{text-align:left;padding:.25rem 1rem .25rem 0}}:target{{background:#fff3bf}}</style>\n\
         <h1>Errors</h1>\n<p>The <code>code</code> of a problem never changes its meaning. Family D answers 400 where 422 stands here.</p>\n\
         <table>\n<thead><tr><th scope=\"col\">code</th><th scope=\"col\">status</th><th scope=\"col\">title</th></tr></thead>\n<tbody>\n{rows}</tbody>\n</table>\n</html>\n"
    )
}
