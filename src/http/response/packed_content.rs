//! Content that stays in memory as gzip, about a tenth of its size.
//!
//! In: content that is the same for everybody. Out: the response, packed for a client that accepts gzip, unpacked for
//! any other. Must not know: what the content is.

use std::io::{self, Read as _, Write as _};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use axum::response::Response;
use bytes::Bytes;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING};
use http::{HeaderMap, HeaderValue, StatusCode};

use super::tagged_content::TaggedContent;
use crate::error::Problem;

/// Packed content with its media type and its entity tag.
#[derive(Debug, Clone)]
pub(in crate::http) struct PackedContent {
    packed: Bytes,
    tagged: TaggedContent,
    /// The unpacked content while responses contain it. All share it, however many clients read slowly.
    unpacked: Arc<Mutex<Option<Weak<[u8]>>>>,
}

impl PackedContent {
    /// Packs content.
    ///
    /// # Errors
    /// 500 if it cannot be packed.
    pub(in crate::http) fn pack(media_type: &'static str, content: &[u8]) -> Result<Self, Problem> {
        let pack = || -> io::Result<Vec<u8>> {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
            encoder.write_all(content)?;
            let mut packed = encoder.finish()?;
            packed.shrink_to_fit();
            Ok(packed)
        };
        Ok(Self::from_gzip(media_type, pack().map_err(Problem::internal)?.into()))
    }

    /// From content that is packed already.
    pub(in crate::http) fn from_gzip(media_type: &'static str, packed: Bytes) -> Self {
        Self { tagged: TaggedContent::new(media_type, packed.clone()), packed, unpacked: Arc::default() }
    }

    /// The content.
    ///
    /// # Errors
    /// 500 if it is not gzip.
    pub(in crate::http) fn unpack(&self) -> Result<Vec<u8>, Problem> {
        let mut content = Vec::new();
        GzDecoder::new(&*self.packed).read_to_end(&mut content).map_err(Problem::internal)?;
        Ok(content)
    }

    /// The content, shared with all responses that contain it now.
    fn shared(&self) -> Result<Bytes, Problem> {
        let mut unpacked = self.unpacked.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(content) = unpacked.as_ref().and_then(Weak::upgrade) {
            return Ok(Bytes::from_owner(content));
        }
        let content: Arc<[u8]> = self.unpack()?.into();
        *unpacked = Some(Arc::downgrade(&content));
        Ok(Bytes::from_owner(content))
    }

    /// The response to a request with these headers.
    ///
    /// # Errors
    /// 500 if the content is not gzip.
    pub(in crate::http) fn respond(&self, request_headers: &HeaderMap) -> Result<Response, Problem> {
        let mut response = self.tagged.respond(request_headers);
        if accepts_gzip(request_headers) {
            response.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        } else if response.status() != StatusCode::NOT_MODIFIED {
            return Ok(self.tagged.with_content(self.shared()?).respond(request_headers));
        }
        Ok(response)
    }
}

/// Whether `Accept-Encoding` lists gzip with a quality above zero (RFC 9110 section 12.5.3).
fn accepts_gzip(headers: &HeaderMap) -> bool {
    let values = headers.get_all(ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|text| text.split(',')).any(|coding| {
        let (name, parameters) = coding.split_once(';').unwrap_or((coding, ""));
        let quality = parameters.trim().strip_prefix("q=").map_or(Ok(1.0), str::parse::<f32>);
        name.trim().eq_ignore_ascii_case("gzip") && quality.is_ok_and(|quality| quality > 0.0)
    })
}

#[cfg(test)]
mod tests {
    use http::header::{ETAG, IF_NONE_MATCH};
    use http_body_util::BodyExt as _;

    use super::*;

    fn headers(accepted: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(ACCEPT_ENCODING, HeaderValue::from_static(accepted))])
    }

    #[tokio::test]
    async fn content_is_packed_in_memory_and_for_clients_that_accept_it() {
        let text = "the same again ".repeat(1000);
        let content = PackedContent::pack("text/plain", text.as_bytes()).unwrap();
        assert!(content.packed.len() < text.len() / 10);
        assert_eq!(content.unpack().unwrap(), text.as_bytes());
        for (accepted, is_packed) in [("br, gzip;q=0.5", true), ("gzip;q=0, br", false), ("", false)] {
            let response = content.respond(&headers(accepted)).unwrap();
            assert_eq!(response.headers().contains_key(CONTENT_ENCODING), is_packed, "{accepted}");
            let body = response.into_body().collect().await.unwrap().to_bytes();
            assert_eq!(body.len() == text.len(), !is_packed, "{accepted}");
        }
    }

    #[test]
    fn responses_share_the_unpacked_content_while_they_exist() {
        let content = PackedContent::pack("text/plain", b"text").unwrap();
        let (first, second) = (content.shared().unwrap(), content.shared().unwrap());
        assert_eq!((&*first, first.as_ptr()), (b"text".as_slice(), second.as_ptr()));
        drop((first, second));
        assert!(content.unpacked.lock().unwrap().as_ref().unwrap().upgrade().is_none());
    }

    #[test]
    fn both_forms_have_one_entity_tag() {
        let content = PackedContent::pack("text/plain", b"text").unwrap();
        let [packed, plain] = ["gzip", ""].map(|accepted| content.respond(&headers(accepted)).unwrap());
        assert_eq!(packed.headers()[ETAG], plain.headers()[ETAG]);
        let mut known = headers("");
        known.insert(IF_NONE_MATCH, packed.headers()[ETAG].clone());
        let content = PackedContent::pack("text/plain", b"text").unwrap();
        assert_eq!(content.respond(&known).unwrap().status(), 304);
        assert!(content.unpacked.lock().unwrap().is_none(), "a response without a body needs no content");
    }
}
