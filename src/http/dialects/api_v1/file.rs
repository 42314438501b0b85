//! A file as an answer: its media type, its name, and how much of it is wanted (RFC 9110 sections 13 and 14, RFC 6266).
//!
//! In: bytes, a name, perhaps a type. Out: 200, 206, 304 or 416. Must not know: where the bytes come from.
//!
//! ```text
//! Range = "bytes=" ( first "-" [ last ] | "-" length )      one range; several, or another unit: the whole file
//! ```

use std::fmt::Write as _;
use std::ops::Range;

use axum::body::Body;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_RANGE, CONTENT_TYPE, ETAG, HeaderMap, HeaderValue,
    IF_NONE_MATCH, IF_RANGE, RANGE,
};
use http::{HeaderName, StatusCode};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sha2::{Digest as _, Sha256};

use super::sniff::{is_media_type, sniff};
use crate::error::Problem;
use crate::error_code::Code;

/// Characters that stand for themselves in an extended parameter (RFC 8187 section 3.2.1).
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

/// What browsers show and never run.
const SHOWN: [&str; 8] = [
    "application/pdf",
    "image/bmp",
    "image/gif",
    "image/jpeg",
    "image/png",
    "image/webp",
    "image/avif",
    "text/plain; charset=utf-8",
];

/// Ends of names of forms that many others are of: `fr.po` is text, a spreadsheet is a zip.
const MANY_NAMES: [&str; 3] = ["txt", "zip", "xml"];

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

/// How much of a file is wanted.
#[derive(Debug, PartialEq, Eq)]
enum Part {
    Whole,
    Bytes(Range<usize>),
    /// The file has no such part.
    None,
}

impl File {
    /// A file whose name and type are known. A type that is none is not believed.
    pub(super) fn of_attachment(content: Vec<u8>, name: &str, media_type: &str) -> Self {
        let known = is_media_type(media_type).then(|| media_type.to_ascii_lowercase());
        let media_type = known.unwrap_or_else(|| sniff(&content).0.to_owned());
        Self { content: content.into(), name: clean(name), media_type }
    }

    /// A file whose first bytes tell its type, and the type its name's end.
    pub(super) fn sniffed(content: Vec<u8>, name: &str) -> Self {
        let (media_type, extension) = sniff(&content);
        let mut name = clean(name);
        let is_named = name.to_ascii_lowercase().ends_with(&format!(".{extension}"))
            || (MANY_NAMES.contains(&extension) && has_extension(&name));
        if !extension.is_empty() && !is_named {
            let _ = write!(name, ".{extension}");
        }
        Self { content: content.into(), name, media_type: media_type.to_owned() }
    }

    /// The answer to a request with these headers.
    pub(super) fn answer(self, asked: &HeaderMap) -> Response {
        let etag = self.etag();
        if names(asked, &IF_NONE_MATCH, &etag) {
            return self.headed(StatusCode::NOT_MODIFIED, &etag, Bytes::new());
        }
        match wanted(asked, &etag, self.content.len()) {
            Part::Whole => self.headed(StatusCode::OK, &etag, self.content.clone()),
            Part::Bytes(range) => {
                let about = format!("bytes {}-{}/{}", range.start, range.end.saturating_sub(1), self.content.len());
                let mut answer = self.headed(StatusCode::PARTIAL_CONTENT, &etag, self.content.slice(range));
                set(answer.headers_mut(), CONTENT_RANGE, &about);
                answer
            }
            Part::None => {
                let detail = format!("The file has {} bytes.", self.content.len());
                let problem = Problem::new(Code::RangeNotSatisfiable, detail).parameter("Range");
                let mut answer = problem.into_response();
                set(answer.headers_mut(), CONTENT_RANGE, &format!("bytes */{}", self.content.len()));
                answer
            }
        }
    }

    /// The same bytes have the same one, wherever they are answered.
    fn etag(&self) -> String {
        let digest = Sha256::digest(&self.content);
        let hex = digest.iter().take(16).fold(String::new(), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        });
        format!("\"{hex}\"")
    }

    fn headed(&self, status: StatusCode, etag: &str, content: Bytes) -> Response {
        let mut answer = (status, Body::from(content)).into_response();
        let headers = answer.headers_mut();
        set(headers, ETAG, etag);
        set(headers, CACHE_CONTROL, "private, no-cache");
        set(headers, CONTENT_TYPE, &self.media_type);
        if status != StatusCode::NOT_MODIFIED {
            set(headers, ACCEPT_RANGES, "bytes");
            set(headers, CONTENT_DISPOSITION, &self.disposition());
        }
        answer
    }

    fn disposition(&self) -> String {
        let how = if SHOWN.contains(&self.media_type.as_str()) { "inline" } else { "attachment" };
        let plain = |c: char| if c.is_ascii() && !matches!(c, '"' | '\\' | '%') { c } else { '_' };
        let fallback: String = self.name.chars().map(plain).collect();
        if fallback == self.name {
            return format!("{how}; filename=\"{fallback}\"");
        }
        format!("{how}; filename=\"{fallback}\"; filename*=UTF-8''{}", utf8_percent_encode(&self.name, ENCODED))
    }
}

fn set(headers: &mut HeaderMap, name: HeaderName, text: &str) {
    if let Ok(value) = HeaderValue::try_from(text) {
        headers.insert(name, value);
    }
}

/// A name without what paths and headers are made of.
fn clean(name: &str) -> String {
    let plain = |c: char| if c.is_control() || matches!(c, '/' | '\\' | ':') { '_' } else { c };
    name.trim().chars().take(150).map(plain).collect()
}

/// Whether a header of entity tags names this one; weak tags count (RFC 9110 section 13.1.2).
fn names(asked: &HeaderMap, header: &HeaderName, etag: &str) -> bool {
    let tags = asked.get_all(header).iter().filter_map(|value| value.to_str().ok()).flat_map(|text| text.split(','));
    tags.map(str::trim).any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == etag)
}

fn wanted(asked: &HeaderMap, etag: &str, length: usize) -> Part {
    let text = |name| asked.get(name).and_then(|value| value.to_str().ok());
    let Some(range) = text(RANGE).and_then(|range| range.trim().strip_prefix("bytes=")) else { return Part::Whole };
    // Without the very same file a part of it is worth nothing (RFC 9110 section 13.1.5).
    if asked.contains_key(IF_RANGE) && text(IF_RANGE) != Some(etag) {
        return Part::Whole;
    }
    part(range, length).unwrap_or(Part::Whole)
}

/// `None` for what is no single range.
fn part(range: &str, length: usize) -> Option<Part> {
    let (first, last) = range.split_once('-')?;
    let number =
        |text: &str| text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().unwrap_or(usize::MAX));
    let (first, last) = (first.trim(), last.trim());
    let range = match (first.is_empty(), last.is_empty()) {
        (true, true) => return None,
        (true, false) => match number(last)? {
            0 => return Some(Part::None),
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
    Some(if range.start < range.end { Part::Bytes(range) } else { Part::None })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";

    #[test]
    fn a_file_is_shown_only_where_nothing_in_it_can_run_and_its_name_is_only_a_name() {
        for (file, disposition) in [
            (File::sniffed(PNG.to_vec(), "Ann"), "inline; filename=\"Ann.png\""),
            (File::sniffed(PNG.to_vec(), "a.PNG"), "inline; filename=\"a.PNG\""),
            (File::sniffed(b"<svg/>".to_vec(), "x"), "attachment; filename=\"x.svg\""),
            (File::sniffed(b"<html>".to_vec(), "x"), "attachment; filename=\"x.html\""),
            (File::of_attachment(PNG.to_vec(), "a.html", "text/html"), "attachment; filename=\"a.html\""),
            (
                File::of_attachment(PNG.to_vec(), "../a\"b\\c\r\nd", "image/png"),
                "inline; filename=\".._a_b_c__d\"; filename*=UTF-8''.._a%22b_c__d",
            ),
            (
                File::of_attachment(PNG.to_vec(), "é 1.png", "image/png"),
                "inline; filename=\"_ 1.png\"; filename*=UTF-8''%C3%A9%201.png",
            ),
            (File::of_attachment(PNG.to_vec(), "a", "image/png\r\nx: y"), "inline; filename=\"a\""),
        ] {
            assert_eq!(file.disposition(), disposition);
        }
    }

    fn asked(headers: &[(&'static str, &str)]) -> (u16, String, String) {
        let file = File::sniffed(b"0123456789".to_vec(), "digits");
        let etag = file.etag();
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(*name, value.replace("ETAG", &etag).parse().unwrap());
        }
        let answer = file.answer(&map);
        let header =
            |name| answer.headers().get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default();
        let (range, length) = (header("content-range"), http_body::Body::size_hint(answer.body()).exact().unwrap());
        (answer.status().as_u16(), range, length.to_string())
    }

    #[test]
    fn as_much_is_answered_as_is_asked_for() {
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
            assert_eq!(asked(headers), (status, range.to_owned(), length.to_owned()), "{headers:?}");
        }
    }
}
