//! The id of a request.
//!
//! In: `X-Request-Id`, if the client sent one. Out: [`RequestId`], which is also in the same header of the
//! response. Must not know: what the request asks for. A client's id is used only if it is safe in headers and logs
//! (H-07).

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use http::{HeaderMap, HeaderName, HeaderValue};

use crate::telemetry::log_context::LogContext;

/// The header of requests and responses.
pub(in crate::http) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

const MAX_LENGTH: usize = 64;

/// The id of a request: 1 to 64 characters of `A-Z a-z 0-9 . _ -`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::http) struct RequestId(Arc<str>);

impl RequestId {
    /// The id as text.
    #[must_use]
    pub(in crate::http) fn as_str(&self) -> &str {
        &self.0
    }

    /// The id as the value of a header.
    #[must_use]
    pub(in crate::http) fn header_value(&self) -> HeaderValue {
        // Ids consist of characters that headers may contain.
        HeaderValue::from_str(&self.0).unwrap_or_else(|_| HeaderValue::from_static("unnamed"))
    }

    /// Attaches the id to the events that are logged for the request.
    #[must_use]
    pub(in crate::http) fn log_context(&self) -> LogContext {
        LogContext::of_request(Arc::clone(&self.0))
    }

    fn from_header(value: &HeaderValue) -> Option<Self> {
        let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        let text = value.to_str().ok().filter(|text| (1..=MAX_LENGTH).contains(&text.len()))?;
        text.bytes().all(is_allowed).then(|| Self(text.into()))
    }
}

/// Generates ids that are unique across processes and cannot be derived from each other.
#[derive(Debug, Default)]
pub(in crate::http) struct RequestIds {
    /// Has random keys from the operating system.
    key: RandomState,
    count: AtomicU64,
}

impl RequestIds {
    /// The client's id if there is exactly one and it is valid, otherwise a new one.
    pub(in crate::http) fn assign(&self, headers: &HeaderMap) -> RequestId {
        let mut given = headers.get_all(X_REQUEST_ID).iter();
        match (given.next(), given.next()) {
            (Some(value), None) => RequestId::from_header(value).unwrap_or_else(|| self.generate()),
            _ => self.generate(),
        }
    }

    fn generate(&self) -> RequestId {
        let count = self.count.fetch_add(1, Ordering::Relaxed);
        let (high, low) = (self.key.hash_one((count, 0)), self.key.hash_one((count, 1)));
        RequestId(format!("{high:016x}{low:016x}").into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assigned(values: &[&[u8]]) -> String {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(X_REQUEST_ID, HeaderValue::from_bytes(value).unwrap());
        }
        RequestIds::default().assign(&headers).as_str().to_owned()
    }

    #[test]
    fn a_valid_id_is_used() {
        for id in ["a", "8f14e45f-ceea-4d6a.b_C", &"x".repeat(64)] {
            assert_eq!(assigned(&[id.as_bytes()]), id);
        }
    }

    #[test]
    fn invalid_and_repeated_ids_are_replaced() {
        for values in [
            &[b"".as_slice()][..],
            &[b"a b"],
            &[b"a\tb"],
            &["é".as_bytes()],
            &[b"<x>"],
            &[b"a", b"b"],
            &[&[b'x'; 65]],
            &[],
        ] {
            let id = assigned(values);
            assert!(id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit()), "{values:?} gave {id}");
        }
    }

    #[test]
    fn ids_are_unique_within_and_between_processes() {
        let (one, other) = (RequestIds::default(), RequestIds::default());
        let ids = [one.generate(), one.generate(), other.generate(), other.generate()];
        for (index, id) in ids.iter().enumerate() {
            assert!(!ids[..index].contains(id));
        }
    }
}
