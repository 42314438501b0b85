//! Answers get smaller where the caller asks for it: gzip, br, zstd by `Accept-Encoding`.
//!
//! In: nothing. Out: the layer. Must not know: what is answered. Fast levels: behind every answer stands an Odoo
//! that took milliseconds, and the link is rarely slower than brotli at its best.

use http::header::ETAG;
use http::{Extensions, HeaderMap, StatusCode, Version};
use tower_http::CompressionLevel;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{And, NotForContentType, Predicate, SizeAbove};

/// Below, the headers weigh more than what is saved.
const SMALLEST: u64 = 1024;

/// A tag names the bytes as they are, and ranges count them.
type Untagged = fn(StatusCode, Version, &HeaderMap, &Extensions) -> bool;

type Worthwhile = And<
    And<And<And<And<SizeAbove, NotForContentType>, NotForContentType>, NotForContentType>, NotForContentType>,
    Untagged,
>;

/// The layer.
pub(super) fn layer() -> CompressionLayer<Worthwhile> {
    let worthwhile = SizeAbove::new(SMALLEST)
        .and(NotForContentType::IMAGES)
        .and(NotForContentType::const_new("application/pdf"))
        .and(NotForContentType::const_new("application/zip"))
        .and(NotForContentType::const_new("application/octet-stream"))
        .and(is_untagged as Untagged);
    CompressionLayer::new().quality(CompressionLevel::Fastest).compress_when(worthwhile)
}

fn is_untagged(_: StatusCode, _: Version, headers: &HeaderMap, _: &Extensions) -> bool {
    !headers.contains_key(ETAG)
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::body::Body;
    use axum::routing::get;
    use http::Request;
    use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE};
    use tower::ServiceExt;

    use super::*;

    async fn coding(path: &str, accept: &str) -> Option<String> {
        let router = Router::new()
            .route("/small", get(async || "x".repeat(1000)))
            .route("/large", get(async || "x".repeat(2000)))
            .route("/file", get(async || ([(ETAG, "\"x\"")], "x".repeat(2000))))
            .route("/pdf", get(async || ([(CONTENT_TYPE, "application/pdf")], "x".repeat(2000))))
            .layer(layer());
        let request = Request::builder().uri(path).header(ACCEPT_ENCODING, accept).body(Body::empty()).unwrap();
        let answer = router.oneshot(request).await.unwrap();
        answer.headers().get(CONTENT_ENCODING).map(|value| value.to_str().unwrap().to_owned())
    }

    #[tokio::test]
    async fn large_texts_are_compressed_as_asked() {
        for name in ["gzip", "br", "zstd"] {
            assert_eq!(coding("/large", name).await.as_deref(), Some(name));
        }
        assert_eq!(coding("/large", "gzip;q=1, br;q=0.1").await.as_deref(), Some("gzip"));
    }

    #[tokio::test]
    async fn small_ones_unasked_ones_and_compressed_ones_are_not() {
        for (path, accept) in
            [("/small", "gzip"), ("/large", "identity"), ("/large", "gzip;q=0"), ("/pdf", "gzip"), ("/file", "gzip")]
        {
            assert_eq!(coding(path, accept).await, None, "{path} {accept}");
        }
    }
}
