//! What the pages load: a stylesheet and an icon, both in the binary.
//!
//! In: nothing. Out: routes. Must not know: pages.

use axum::Router;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use http::HeaderValue;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};

/// They change with the binary only.
const AN_HOUR: HeaderValue = HeaderValue::from_static("public, max-age=3600");

pub(super) const STYLE: &str = include_str!("../../../templates/style.css");
const ICON: &str = include_str!("../../../templates/icon.svg");

/// The stylesheet and the icon.
pub(in crate::http) fn routes() -> Router {
    Router::new()
        .route("/pages/style.css", get(async || file("text/css; charset=utf-8", STYLE)))
        .route("/pages/icon.svg", get(async || file("image/svg+xml", ICON)))
}

fn file(kind: &'static str, text: &'static str) -> Response {
    ([(CONTENT_TYPE, HeaderValue::from_static(kind)), (CACHE_CONTROL, AN_HOUR)], text).into_response()
}
