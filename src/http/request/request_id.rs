//! A name for every request.
//!
//! In: perhaps `X-Request-Id`. Out: [`RequestId`] in the extensions and the same header on the answer. Must not
//! know: what is asked. An id from outside is taken only when it can do no harm in a header or a log (H-07).

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::atomic::{AtomicU64, Ordering};

use http::{HeaderMap, HeaderName, HeaderValue};

/// The header, both ways.
pub const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

const LONGEST: usize = 64;

/// The name of a request: 1 to 64 of `A-Z a-z 0-9 . _ -`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestId(HeaderValue);

impl RequestId {
    /// As text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.to_str().unwrap_or_default()
    }

    /// As the header's value.
    #[must_use]
    pub fn header(&self) -> HeaderValue {
        self.0.clone()
    }

    fn from_header(value: &HeaderValue) -> Option<Self> {
        let sane = |byte: &u8| byte.is_ascii_alphanumeric() || b"._-".contains(byte);
        let fits = (1..=LONGEST).contains(&value.len());
        (fits && value.as_bytes().iter().all(sane)).then(|| Self(value.clone()))
    }
}

/// Makes names that differ between processes and cannot be guessed from one another.
#[derive(Debug, Default)]
pub(in crate::http) struct RequestIds {
    /// Keyed by the operating system's randomness.
    key: RandomState,
    count: AtomicU64,
}

impl RequestIds {
    /// The caller's own name when it has one that is sane, else a new one.
    pub(in crate::http) fn assign(&self, headers: &HeaderMap) -> RequestId {
        let mut given = headers.get_all(X_REQUEST_ID).iter();
        match (given.next(), given.next()) {
            (Some(value), None) => RequestId::from_header(value).unwrap_or_else(|| self.make()),
            _ => self.make(),
        }
    }

    fn make(&self) -> RequestId {
        let count = self.count.fetch_add(1, Ordering::Relaxed);
        let (high, low) = (self.key.hash_one((count, 0)), self.key.hash_one((count, 1)));
        let text = format!("{high:016x}{low:016x}");
        RequestId(HeaderValue::try_from(text).unwrap_or_else(|_| HeaderValue::from_static("unnamed")))
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
    fn a_sane_id_is_kept() {
        for id in ["a", "8f14e45f-ceea-4d6a.b_C", &"x".repeat(64)] {
            assert_eq!(assigned(&[id.as_bytes()]), id);
        }
    }

    #[test]
    fn anything_else_is_replaced() {
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
    fn ids_differ_within_and_between_processes() {
        let (one, other) = (RequestIds::default(), RequestIds::default());
        let ids = [one.make(), one.make(), other.make(), other.make()];
        for (index, id) in ids.iter().enumerate() {
            assert!(!ids[..index].contains(id));
        }
    }
}
