//! The stylesheet and the icon of the pages, embedded in the binary.
//!
//! In: nothing. Out: routes. Must not know: pages.

use axum::Router;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use http::HeaderValue;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};

/// The files change only with the binary.
const ONE_HOUR: HeaderValue = HeaderValue::from_static("public, max-age=3600");

pub(super) const STYLE: &str = include_str!("../../../templates/style.css");
pub(super) const CONSOLE_STYLE: &str =
    concat!(include_str!("../../../templates/console/style.css"), include_str!("../../../templates/console/admin.css"));
const ICON: &str = include_str!("../../../templates/icon.svg");

/// The routes of the stylesheet and the icon.
pub(in crate::http) fn routes() -> Router {
    Router::new()
        .route("/pages/style.css", get(async || file("text/css; charset=utf-8", STYLE)))
        .route("/pages/console.css", get(async || file("text/css; charset=utf-8", CONSOLE_STYLE)))
        .route("/pages/icon.svg", get(async || file("image/svg+xml", ICON)))
}

/// The part of the stylesheet that defines the colors of both schemes, for pages with a stylesheet of their own.
pub(in crate::http) fn color_variables() -> &'static str {
    STYLE.find("* {").and_then(|end| STYLE.get(..end)).unwrap_or_default()
}

fn file(content_type: &'static str, text: &'static str) -> Response {
    ([(CONTENT_TYPE, HeaderValue::from_static(content_type)), (CACHE_CONTROL, ONE_HOUR)], text).into_response()
}
