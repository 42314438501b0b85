//! The stylesheets and the icon of the pages, embedded in the binary.
//!
//! The addresses in pages contain a hash of the content, so browsers keep a file forever, and a new version of the
//! gateway has another address. With another hash, for example while gateways are replaced one after the other, the
//! file is sent as it is now, and browsers ask each time.
//!
//! In: nothing. Out: routes, addresses. Must not know: pages.

use std::sync::LazyLock;

use axum::Router;
use axum::response::Response;
use axum::routing::get;
use http::header::CACHE_CONTROL;
use http::{HeaderMap, HeaderValue, Uri};

use super::Layout;
use crate::http::response::tagged_content::{TaggedContent, content_hash};

const FOREVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");

pub(super) const STYLE: &str = include_str!("../../../templates/style.css");
pub(super) const CONSOLE_STYLE: &str =
    concat!(include_str!("../../../templates/console/style.css"), include_str!("../../../templates/console/admin.css"));

static STYLE_FILE: LazyLock<Asset> = LazyLock::new(|| Asset::new("/pages/style.css", "text/css; charset=utf-8", STYLE));
static CONSOLE_FILE: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("/pages/console.css", "text/css; charset=utf-8", CONSOLE_STYLE));
static ICON_FILE: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("/pages/icon.svg", "image/svg+xml", include_str!("../../../templates/icon.svg")));

/// A file with the query that its content has.
struct Asset {
    path: &'static str,
    query: String,
    content: TaggedContent,
}

impl Asset {
    fn new(path: &'static str, media_type: &'static str, text: &'static str) -> Self {
        let query = format!("v={}", content_hash(text.as_bytes()));
        Self { path, query, content: TaggedContent::new(media_type, text) }
    }

    fn respond(&self, uri: &Uri, request_headers: &HeaderMap) -> Response {
        let mut response = self.content.respond(request_headers);
        if uri.query() == Some(self.query.as_str()) {
            response.headers_mut().insert(CACHE_CONTROL, FOREVER);
        }
        response
    }
}

impl Layout<'_> {
    /// The address of the stylesheet of all pages.
    pub(in crate::http) fn style(&self) -> String {
        self.address(&STYLE_FILE)
    }

    /// The address of the stylesheet of the console.
    pub(in crate::http) fn console_style(&self) -> String {
        self.address(&CONSOLE_FILE)
    }

    /// The address of the icon.
    pub(in crate::http) fn icon(&self) -> String {
        self.address(&ICON_FILE)
    }

    fn address(&self, asset: &Asset) -> String {
        format!("{}{}?{}", self.base, asset.path, asset.query)
    }
}

/// The routes of the stylesheets and the icon.
pub(in crate::http) fn routes() -> Router {
    let files: [&'static LazyLock<Asset>; 3] = [&STYLE_FILE, &CONSOLE_FILE, &ICON_FILE];
    files.into_iter().fold(Router::new(), |routes, file| {
        routes.route(file.path, get(async move |uri: Uri, headers: HeaderMap| file.respond(&uri, &headers)))
    })
}

/// The part of the stylesheet that defines the colors of both schemes, for pages with a stylesheet of their own.
pub(in crate::http) fn color_variables() -> &'static str {
    STYLE.find("* {").and_then(|end| STYLE.get(..end)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caching(query: &str) -> String {
        let uri = Uri::try_from(format!("/pages/style.css{query}")).unwrap();
        STYLE_FILE.respond(&uri, &HeaderMap::new()).headers()[CACHE_CONTROL].to_str().unwrap().to_owned()
    }

    #[test]
    fn only_the_content_that_an_address_names_is_kept_forever() {
        assert!(caching(&format!("?{}", STYLE_FILE.query)).ends_with("immutable"));
        for other in ["", "?v=", "?v=0123456789abcdef01234567"] {
            assert_eq!(caching(other), "no-cache", "{other}");
        }
        let other = Asset::new("/pages/style.css", "text/css", "a {}");
        assert_ne!(other.query, STYLE_FILE.query);
    }
}
