//! Compresses responses with gzip, br or zstd, as `Accept-Encoding` allows.
//!
//! In: nothing. Out: the layer. Must not know: what a response contains. It uses the fastest levels: Odoo answers
//! within milliseconds, and few links are so slow that a better ratio would make up for more CPU time.

use http::header::ETAG;
use http::{Extensions, HeaderMap, StatusCode, Version};
use tower_http::CompressionLevel;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{And, NotForContentType, Predicate, SizeAbove};

/// Smaller bodies are not compressed: the headers outweigh what is saved.
const MIN_SIZE: u64 = 1024;

/// Responses with a strong `ETag` are not compressed: the tag identifies the uncompressed bytes, and ranges count them.
/// A weak one identifies the content in any coding (RFC 9110 section 8.8.3.3).
type HasNoStrongEtag = fn(StatusCode, Version, &HeaderMap, &Extensions) -> bool;

type IsCompressible = And<
    And<And<And<And<SizeAbove, NotForContentType>, NotForContentType>, NotForContentType>, NotForContentType>,
    HasNoStrongEtag,
>;

/// The compression layer.
pub(super) fn layer() -> CompressionLayer<IsCompressible> {
    let is_compressible = SizeAbove::new(MIN_SIZE)
        .and(NotForContentType::IMAGES)
        .and(NotForContentType::const_new("application/pdf"))
        .and(NotForContentType::const_new("application/zip"))
        .and(NotForContentType::const_new("application/octet-stream"))
        .and(has_no_strong_etag as HasNoStrongEtag);
    CompressionLayer::new().quality(CompressionLevel::Fastest).compress_when(is_compressible)
}

fn has_no_strong_etag(_: StatusCode, _: Version, headers: &HeaderMap, _: &Extensions) -> bool {
    headers.get(ETAG).is_none_or(|etag| etag.as_bytes().starts_with(b"W/"))
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
            .route("/page", get(async || ([(ETAG, "W/\"x\"")], "x".repeat(2000))))
            .route("/pdf", get(async || ([(CONTENT_TYPE, "application/pdf")], "x".repeat(2000))))
            .layer(layer());
        let request = Request::builder().uri(path).header(ACCEPT_ENCODING, accept).body(Body::empty()).unwrap();
        let response = router.oneshot(request).await.unwrap();
        response.headers().get(CONTENT_ENCODING).map(|value| value.to_str().unwrap().to_owned())
    }

    #[tokio::test]
    async fn large_texts_are_compressed_as_accept_encoding_asks() {
        for name in ["gzip", "br", "zstd"] {
            assert_eq!(coding("/large", name).await.as_deref(), Some(name));
        }
        assert_eq!(coding("/page", "gzip").await.as_deref(), Some("gzip"));
        assert_eq!(coding("/large", "gzip;q=1, br;q=0.1").await.as_deref(), Some("gzip"));
    }

    #[tokio::test]
    async fn small_tagged_and_already_compressed_bodies_are_not_compressed() {
        for (path, accept) in
            [("/small", "gzip"), ("/large", "identity"), ("/large", "gzip;q=0"), ("/pdf", "gzip"), ("/file", "gzip")]
        {
            assert_eq!(coding(path, accept).await, None, "{path} {accept}");
        }
    }
}
