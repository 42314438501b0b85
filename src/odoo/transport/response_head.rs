//! What the gateway needs from the head of a response.
//!
//! In: the head of a response. Out: [`ResponseHead`]. Must not know: what was called, how the body is read.

use std::time::Duration;

use reqwest::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use reqwest::{Response, StatusCode};

/// Maximum `Retry-After`, in seconds, that is passed on from a proxy in front of Odoo.
const MAX_RETRY_AFTER: u64 = 300;

/// The head of a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ResponseHead {
    pub(super) status: StatusCode,
    pub(super) media_type: MediaType,
    /// Whether there is a `Content-Encoding`.
    pub(super) is_encoded: bool,
    pub(super) retry_after: Option<Duration>,
    /// The exact length of the body, if it is known.
    pub(super) content_length: Option<u64>,
}

/// The media types that the gateway distinguishes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MediaType {
    Xml,
    Json,
    Other,
}

impl ResponseHead {
    /// The head of a response of reqwest.
    pub(super) fn from_reqwest(response: &Response) -> Self {
        let headers = response.headers();
        let media_type = headers.get(CONTENT_TYPE).map_or(&b""[..], HeaderValue::as_bytes);
        Self {
            status: response.status(),
            media_type: MediaType::parse(media_type),
            is_encoded: headers.contains_key(CONTENT_ENCODING),
            retry_after: headers.get(RETRY_AFTER).and_then(|seconds| parse_retry_after(seconds.as_bytes())),
            content_length: response.content_length(),
        }
    }
}

impl MediaType {
    /// Parses the value of `Content-Type`.
    pub(super) fn parse(content_type: &[u8]) -> Self {
        let essence = essence(content_type);
        if essence.eq_ignore_ascii_case(b"text/xml") || essence.eq_ignore_ascii_case(b"application/xml") {
            Self::Xml
        } else if essence.eq_ignore_ascii_case(b"application/json") {
            Self::Json
        } else {
            Self::Other
        }
    }
}

/// A media type without its parameters.
pub(super) fn essence(media_type: &[u8]) -> &[u8] {
    media_type.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii()
}

/// Parses a `Retry-After` in seconds.
pub(super) fn parse_retry_after(value: &[u8]) -> Option<Duration> {
    let seconds: u64 = str::from_utf8(value).ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds.clamp(1, MAX_RETRY_AFTER)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn media_type_is_compared_without_case_and_parameters() {
        for (content_type, expected) in [
            ("text/xml", MediaType::Xml),
            ("Text/XML ; charset=utf-8", MediaType::Xml),
            ("application/xml", MediaType::Xml),
            ("application/json; charset=utf-8", MediaType::Json),
            ("application/json+x", MediaType::Other),
            ("text/html", MediaType::Other),
            ("", MediaType::Other),
        ] {
            assert_eq!(MediaType::parse(content_type.as_bytes()), expected, "{content_type}");
        }
    }

    #[test]
    fn retry_after_is_limited_and_a_date_is_ignored() {
        for (value, seconds) in
            [("7", Some(7)), (" 7 ", Some(7)), ("0", Some(1)), ("9999", Some(300)), ("Fri, 31 Dec", None), ("", None)]
        {
            assert_eq!(parse_retry_after(value.as_bytes()), seconds.map(Duration::from_secs), "{value}");
        }
    }
}
