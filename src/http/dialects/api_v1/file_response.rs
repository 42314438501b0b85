//! A file as a response: media type, name, entity tag, ranges (RFC 9110 sections 13 and 14, RFC 6266).
//!
//! In: bytes, a name, an optional media type. Out: 200, 206, 304 or 416. Must not know: where the bytes come from.
//!
//! ```text
//! Range = "bytes=" ( first "-" [ last ] | "-" length )
//! ```
//!
//! The grammar has one range. For several ranges, or for another unit, the response is the complete file.

use std::fmt::Write as _;
use std::ops::Range;

use aws_lc_rs::digest;
use axum::body::Body;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_RANGE, CONTENT_TYPE, ETAG, HeaderMap, HeaderValue,
    IF_NONE_MATCH, IF_RANGE, RANGE,
};
use http::{HeaderName, StatusCode};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::file_media_type::{is_media_type, sniff};
use crate::error::Problem;
use crate::error_code::ErrorCode;

/// The characters that an extended parameter percent-encodes (RFC 8187 section 3.2.1).
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'!')
    .remove(b'#')
    .remove(b'$')
    .remove(b'&')
    .remove(b'+')
    .remove(b'-')
    .remove(b'.')
    .remove(b'^')
    .remove(b'_')
    .remove(b'`')
    .remove(b'|')
    .remove(b'~');

/// Media types that browsers display without running anything.
const INLINE: [&str; 8] = [
    "application/pdf",
    "image/bmp",
    "image/gif",
    "image/jpeg",
    "image/png",
    "image/webp",
    "image/avif",
    "text/plain; charset=utf-8",
];

/// Extensions of generic formats, whose files often have another extension: `fr.po` is text, a spreadsheet is a zip.
const GENERIC_EXTENSIONS: [&str; 3] = ["txt", "zip", "xml"];

/// A file.
#[derive(Debug)]
pub(super) struct File {
    content: Bytes,
    name: String,
    media_type: String,
}

fn has_extension(name: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(stem, end)| {
        !stem.is_empty()
            && (1..=5).contains(&end.len())
            && end.bytes().all(|byte| byte.is_ascii_alphanumeric())
            && end.bytes().any(|byte| byte.is_ascii_alphabetic())
    })
}

/// The requested part of a file.
#[derive(Debug, PartialEq, Eq)]
enum RequestedPart {
    Complete,
    Bytes(Range<usize>),
    /// The file does not have the range.
    Unsatisfiable,
}

impl File {
    /// A file with a name and a media type. If the media type is malformed, it is sniffed.
    pub(super) fn with_media_type(content: Vec<u8>, name: &str, media_type: &str) -> Self {
        let known = is_media_type(media_type).then(|| media_type.to_ascii_lowercase());
        let media_type = known.unwrap_or_else(|| sniff(&content).0.to_owned());
        Self { content: content.into(), name: sanitize(name), media_type }
    }

    /// A file whose media type is sniffed. If the name does not have a matching extension, it is added.
    pub(super) fn sniffed(content: Vec<u8>, name: &str) -> Self {
        let (media_type, extension) = sniff(&content);
        let mut name = sanitize(name);
        let is_named = name.to_ascii_lowercase().ends_with(&format!(".{extension}"))
            || (GENERIC_EXTENSIONS.contains(&extension) && has_extension(&name));
        if !extension.is_empty() && !is_named {
            let _ = write!(name, ".{extension}");
        }
        Self { content: content.into(), name, media_type: media_type.to_owned() }
    }

    /// The response to a request with these headers.
    pub(super) fn respond(self, request_headers: &HeaderMap) -> Response {
        let etag = self.etag();
        if matches_etag(request_headers, &IF_NONE_MATCH, &etag) {
            return self.response(StatusCode::NOT_MODIFIED, &etag, Bytes::new());
        }
        match requested_part(request_headers, &etag, self.content.len()) {
            RequestedPart::Complete => self.response(StatusCode::OK, &etag, self.content.clone()),
            RequestedPart::Bytes(range) => {
                let content_range =
                    format!("bytes {}-{}/{}", range.start, range.end.saturating_sub(1), self.content.len());
                let mut response = self.response(StatusCode::PARTIAL_CONTENT, &etag, self.content.slice(range));
                set(response.headers_mut(), CONTENT_RANGE, &content_range);
                response
            }
            RequestedPart::Unsatisfiable => {
                let detail =
                    format!("The file has {} bytes, so it does not have the requested range.", self.content.len());
                let problem = Problem::new(ErrorCode::RangeNotSatisfiable, detail).parameter("Range");
                let mut response = problem.into_response();
                set(response.headers_mut(), CONTENT_RANGE, &format!("bytes */{}", self.content.len()));
                response
            }
        }
    }

    /// A strong entity tag: a hash of the content, the same on every instance.
    fn etag(&self) -> String {
        let digest = digest::digest(&digest::SHA256, &self.content);
        let hex = digest.as_ref().iter().take(16).fold(String::new(), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        });
        format!("\"{hex}\"")
    }

    fn response(&self, status: StatusCode, etag: &str, content: Bytes) -> Response {
        let mut response = (status, Body::from(content)).into_response();
        let headers = response.headers_mut();
        set(headers, ETAG, etag);
        set(headers, CACHE_CONTROL, "private, no-cache");
        set(headers, CONTENT_TYPE, &self.media_type);
        if status != StatusCode::NOT_MODIFIED {
            set(headers, ACCEPT_RANGES, "bytes");
            set(headers, CONTENT_DISPOSITION, &self.content_disposition());
        }
        response
    }

    fn content_disposition(&self) -> String {
        let kind = if INLINE.contains(&self.media_type.as_str()) { "inline" } else { "attachment" };
        let to_ascii = |c: char| if c.is_ascii() && !matches!(c, '"' | '\\' | '%') { c } else { '_' };
        let fallback: String = self.name.chars().map(to_ascii).collect();
        if fallback == self.name {
            return format!("{kind}; filename=\"{fallback}\"");
        }
        format!("{kind}; filename=\"{fallback}\"; filename*=UTF-8''{}", utf8_percent_encode(&self.name, ENCODED))
    }
}

fn set(headers: &mut HeaderMap, name: HeaderName, text: &str) {
    if let Ok(value) = HeaderValue::try_from(text) {
        headers.insert(name, value);
    }
}

/// Replaces the characters that separate paths and headers.
fn sanitize(name: &str) -> String {
    let sanitized = |c: char| if c.is_control() || matches!(c, '/' | '\\' | ':') { '_' } else { c };
    name.trim().chars().take(150).map(sanitized).collect()
}

/// Whether a list of entity tags contains this one, by weak comparison (RFC 9110 section 13.1.2).
fn matches_etag(request_headers: &HeaderMap, header: &HeaderName, etag: &str) -> bool {
    let tags =
        request_headers.get_all(header).iter().filter_map(|value| value.to_str().ok()).flat_map(|text| text.split(','));
    tags.map(str::trim).any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == etag)
}

fn requested_part(request_headers: &HeaderMap, etag: &str, length: usize) -> RequestedPart {
    let text = |name| request_headers.get(name).and_then(|value| value.to_str().ok());
    let Some(range) = text(RANGE).and_then(|range| range.trim().strip_prefix("bytes=")) else {
        return RequestedPart::Complete;
    };
    // The range applies only to the file with this entity tag (RFC 9110 section 13.1.5).
    if request_headers.contains_key(IF_RANGE) && text(IF_RANGE) != Some(etag) {
        return RequestedPart::Complete;
    }
    parse_range(range, length).unwrap_or(RequestedPart::Complete)
}

/// Parses a range. Returns `None` if it is not a single range.
fn parse_range(range: &str, length: usize) -> Option<RequestedPart> {
    let (first, last) = range.split_once('-')?;
    let number =
        |text: &str| text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().unwrap_or(usize::MAX));
    let (first, last) = (first.trim(), last.trim());
    let range = match (first.is_empty(), last.is_empty()) {
        (true, true) => return None,
        (true, false) => match number(last)? {
            0 => return Some(RequestedPart::Unsatisfiable),
            suffix => length.saturating_sub(suffix)..length,
        },
        (false, true) => number(first)?..length,
        (false, false) => {
            let (first, last) = (number(first)?, number(last)?);
            if last < first {
                return None;
            }
            first..last.saturating_add(1).min(length)
        }
    };
    Some(if range.start < range.end { RequestedPart::Bytes(range) } else { RequestedPart::Unsatisfiable })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";

    #[test]
    fn only_files_that_cannot_run_are_inline_and_names_are_sanitized() {
        for (file, disposition) in [
            (File::sniffed(PNG.to_vec(), "Ann"), "inline; filename=\"Ann.png\""),
            (File::sniffed(PNG.to_vec(), "a.PNG"), "inline; filename=\"a.PNG\""),
            (File::sniffed(b"<svg/>".to_vec(), "x"), "attachment; filename=\"x.svg\""),
            (File::sniffed(b"<html>".to_vec(), "x"), "attachment; filename=\"x.html\""),
            (File::with_media_type(PNG.to_vec(), "a.html", "text/html"), "attachment; filename=\"a.html\""),
            (
                File::with_media_type(PNG.to_vec(), "../a\"b\\c\r\nd", "image/png"),
                "inline; filename=\".._a_b_c__d\"; filename*=UTF-8''.._a%22b_c__d",
            ),
            (
                File::with_media_type(PNG.to_vec(), "é 1.png", "image/png"),
                "inline; filename=\"_ 1.png\"; filename*=UTF-8''%C3%A9%201.png",
            ),
            (File::with_media_type(PNG.to_vec(), "a", "image/png\r\nx: y"), "inline; filename=\"a\""),
        ] {
            assert_eq!(file.content_disposition(), disposition);
        }
    }

    fn respond(headers: &[(&'static str, &str)]) -> (u16, String, String) {
        let file = File::sniffed(b"0123456789".to_vec(), "digits");
        let etag = file.etag();
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(*name, value.replace("ETAG", &etag).parse().unwrap());
        }
        let response = file.respond(&map);
        let header =
            |name| response.headers().get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default();
        let (range, length) = (header("content-range"), http_body::Body::size_hint(response.body()).exact().unwrap());
        (response.status().as_u16(), range, length.to_string())
    }

    #[test]
    fn response_contains_the_requested_range() {
        for (headers, status, range, length) in [
            (&[][..], 200, "", "10"),
            (&[("range", "bytes=0-3")], 206, "bytes 0-3/10", "4"),
            (&[("range", "bytes=8-")], 206, "bytes 8-9/10", "2"),
            (&[("range", "bytes=-3")], 206, "bytes 7-9/10", "3"),
            (&[("range", "bytes=-30")], 206, "bytes 0-9/10", "10"),
            (&[("range", "bytes=5-99999999999999999999999")], 206, "bytes 5-9/10", "5"),
            (&[("range", "bytes=10-")], 416, "bytes */10", "0"),
            (&[("range", "bytes=-0")], 416, "bytes */10", "0"),
            (&[("range", "bytes=3-2")], 200, "", "10"),
            (&[("range", "bytes=0-1,3-4")], 200, "", "10"),
            (&[("range", "bytes=x-1")], 200, "", "10"),
            (&[("range", "pages=1-2")], 200, "", "10"),
            (&[("range", "bytes=0-3"), ("if-range", "ETAG")], 206, "bytes 0-3/10", "4"),
            (&[("range", "bytes=0-3"), ("if-range", "W/ETAG")], 200, "", "10"),
            (&[("range", "bytes=0-3"), ("if-range", "\"other\"")], 200, "", "10"),
            (&[("if-none-match", "\"x\", W/ETAG")], 304, "", "0"),
            (&[("if-none-match", "*")], 304, "", "0"),
            (&[("if-none-match", "\"x\"")], 200, "", "10"),
        ] {
            assert_eq!(respond(headers), (status, range.to_owned(), length.to_owned()), "{headers:?}");
        }
    }
}
