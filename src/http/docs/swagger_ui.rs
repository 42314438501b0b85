//! Swagger UI at `/docs`, with OAuth 2 (authorization code and PKCE), HTTP Basic, and API keys.
//!
//! In: the base path, the client id of the page. Out: routes. All assets are in the binary; the page loads nothing from
//! other origins, and its content security policy enforces this. Must not know: the OpenAPI document, which the browser
//! loads.

use askama::Template;
use axum::Router;
use axum::routing::get;
use bytes::Bytes;
use http::header::CONTENT_SECURITY_POLICY;
use http::{HeaderMap, HeaderValue};

use crate::http::pages::{ENGLISH, Layout};
use crate::http::response::packed_content::PackedContent;
use crate::http::response::tagged_content::TaggedContent;

/// Swagger UI sets `style` attributes; scripts are loaded from files only. It sends requests to this gateway only, and
/// opens the authorization page in a window of its own, to which no policy applies.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
     connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
);
/// The page that the authorization server redirects to passes the code on and closes itself.
const REDIRECT_POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
);
const JAVASCRIPT: &str = "text/javascript; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const HTML: &str = "text/html; charset=utf-8";

/// The page. All URLs are absolute, so `/docs` and `/docs/` are the same page.
#[derive(Template)]
#[template(path = "docs/swagger_ui.html")]
struct SwaggerPage<'a> {
    layout: Layout<'a>,
}

/// The page that the authorization server redirects to.
#[derive(Template)]
#[template(path = "docs/oauth2_redirect.html")]
struct RedirectPage<'a> {
    layout: Layout<'a>,
}

/// The script that starts Swagger UI. The values are JSON.
#[derive(Template)]
#[template(path = "docs/start.js", escape = "none")]
struct StartScript<'a> {
    base: &'a str,
    client_id: &'a str,
}

/// The routes. `client_id` is the client id of the page, which people can replace; it can be empty.
pub(super) fn routes(base: &str, client_id: &str) -> Result<Router, askama::Error> {
    let layout = Layout { messages: &ENGLISH, base };
    let json = |text: &str| serde_json::Value::from(text).to_string();
    let script = StartScript { base: &json(base), client_id: &json(client_id) };
    let start = TaggedContent::new(JAVASCRIPT, script.render()?);
    let style = TaggedContent::new(CSS, include_str!("../../../templates/docs/swagger_ui.css"));
    let redirect = TaggedContent::new(JAVASCRIPT, include_str!("../../../templates/docs/oauth2_redirect.js"));
    let router = Router::new()
        .route("/docs", page(SwaggerPage { layout }.render()?, POLICY))
        .route("/docs/oauth2-redirect.html", page(RedirectPage { layout }.render()?, REDIRECT_POLICY))
        .route("/docs/start.js", get(async move |headers: HeaderMap| start.respond(&headers)))
        .route("/docs/swagger-ui-page.css", get(async move |headers: HeaderMap| style.respond(&headers)))
        .route("/docs/oauth2-redirect.js", get(async move |headers: HeaderMap| redirect.respond(&headers)))
        .route("/docs/swagger-ui.css", packed(CSS, STYLESHEET))
        .route("/docs/swagger-ui-bundle.js", packed(JAVASCRIPT, BUNDLE));
    Ok(router)
}

fn page(html: String, policy: HeaderValue) -> axum::routing::MethodRouter {
    let content = TaggedContent::new(HTML, html);
    get(async move |headers: HeaderMap| ([(CONTENT_SECURITY_POLICY, policy)], content.respond(&headers)))
}

/// Files of Swagger UI, as gzip; see `build.rs`.
const STYLESHEET: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/swagger-ui.css.gz"));
const BUNDLE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/swagger-ui-bundle.js.gz"));

/// A file that is sent as it is stored, or unpacked for a client that does not accept gzip.
fn packed(media_type: &'static str, gzip: &'static [u8]) -> axum::routing::MethodRouter {
    let content = PackedContent::from_gzip(media_type, Bytes::from_static(gzip));
    get(async move |headers: HeaderMap| content.respond(&headers))
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use axum::body::Body;
    use flate2::read::GzDecoder;
    use http::Request;
    use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING};
    use http_body_util::BodyExt as _;
    use tower::ServiceExt as _;

    use super::*;

    async fn fetch(path: &str, accept: &str) -> (HeaderMap, Bytes) {
        let request = Request::builder().uri(path).header(ACCEPT_ENCODING, accept).body(Body::empty()).unwrap();
        let response = routes("/gw", "a\"b").unwrap().oneshot(request).await.unwrap();
        let (head, body) = response.into_parts();
        (head.headers, body.collect().await.unwrap().to_bytes())
    }

    #[tokio::test]
    async fn swagger_ui_is_sent_as_gzip_or_unpacked() {
        for (path, start) in
            [("/docs/swagger-ui.css", ".swagger-ui"), ("/docs/swagger-ui-bundle.js", "/*! For license")]
        {
            let (headers, packed) = fetch(path, "br, gzip;q=0.5").await;
            assert_eq!(headers[CONTENT_ENCODING], "gzip");
            let (headers, unpacked) = fetch(path, "gzip;q=0, br").await;
            assert!(!headers.contains_key(CONTENT_ENCODING));
            assert!(unpacked.starts_with(start.as_bytes()), "{path}: {:?}", unpacked.slice(..40));
            let mut expected = Vec::new();
            GzDecoder::new(&packed[..]).read_to_end(&mut expected).unwrap();
            assert_eq!(unpacked, expected);
        }
    }

    #[tokio::test]
    async fn script_contains_the_client_id_as_a_string() {
        let (_, script) = fetch("/docs/start.js", "").await;
        let script = String::from_utf8(script.to_vec()).unwrap();
        assert!(script.contains(r#"clientId: "a\"b""#) && script.contains(r#"const base = "/gw""#), "{script}");
    }
}
