//! Content that is the same for everybody and changes only with the binary or its configuration: pages of the
//! documentation, their assets. Browsers keep it and ask whether it has changed (RFC 9110 section 13.1.2).
//!
//! In: content, its media type. Out: 200 with an entity tag, or 304. Must not know: what the content is.

use std::fmt::Write as _;

use aws_lc_rs::digest;
use axum::body::Body;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use http::StatusCode;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderMap, HeaderValue, IF_NONE_MATCH};

/// Content with its media type and its entity tag.
#[derive(Debug, Clone)]
pub(in crate::http) struct TaggedContent {
    media_type: &'static str,
    content: Bytes,
    etag: Option<HeaderValue>,
}

impl TaggedContent {
    pub(in crate::http) fn new(media_type: &'static str, content: impl Into<Bytes>) -> Self {
        let content = content.into();
        Self { media_type, etag: HeaderValue::try_from(weak_etag(&content)).ok(), content }
    }

    /// Another form of the content, with the same tag.
    pub(super) fn with_content(&self, content: impl Into<Bytes>) -> Self {
        Self { content: content.into(), ..self.clone() }
    }

    /// The response to a request with these headers.
    pub(in crate::http) fn respond(&self, request_headers: &HeaderMap) -> Response {
        let is_known = self.etag.as_ref().is_some_and(|etag| matches(request_headers, etag));
        let mut response = if is_known {
            StatusCode::NOT_MODIFIED.into_response()
        } else {
            Body::from(self.content.clone()).into_response()
        };
        let headers = response.headers_mut();
        // The URL is the same in the next version of the gateway, so a browser asks each time.
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(self.media_type));
        if let Some(etag) = &self.etag {
            headers.insert(ETAG, etag.clone());
        }
        response
    }
}

/// The tag is weak, because compressed content has it, too.
fn weak_etag(content: &[u8]) -> String {
    format!("W/\"{}\"", content_hash(content))
}

/// A hash of the content in hexadecimal.
pub(in crate::http) fn content_hash(content: &[u8]) -> String {
    let digest = digest::digest(&digest::SHA256, content);
    digest.as_ref().iter().take(12).fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// Whether `If-None-Match` names the tag, by weak comparison.
fn matches(request_headers: &HeaderMap, etag: &HeaderValue) -> bool {
    let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    let etag = etag.to_str().map(opaque).unwrap_or_default();
    let values = request_headers.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|text| text.split(',')).any(|tag| tag.trim() == "*" || opaque(tag) == etag)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(content: &TaggedContent, tag: &str) -> u16 {
        let mut headers = HeaderMap::new();
        headers.insert(IF_NONE_MATCH, tag.parse().unwrap());
        content.respond(&headers).status().as_u16()
    }

    #[test]
    fn known_content_is_not_sent_again() {
        let content = TaggedContent::new("text/css", "a {}");
        let response = content.respond(&HeaderMap::new());
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()[CACHE_CONTROL], "no-cache");
        let etag = response.headers()[ETAG].to_str().unwrap().to_owned();
        assert!(etag.starts_with("W/\""), "{etag}");
        assert_eq!(status(&content, &etag), 304);
        assert_eq!(status(&content, &format!("\"other\", {}", etag.trim_start_matches("W/"))), 304);
        assert_eq!(status(&content, "*"), 304);
        assert_eq!(status(&content, "\"other\""), 200);
        assert_eq!(status(&TaggedContent::new("text/css", "b {}"), &etag), 200);
    }
}
