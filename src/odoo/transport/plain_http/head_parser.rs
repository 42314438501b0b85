//! Parses the head of an HTTP/1 response, and how its body is framed (RFC 9112, section 6.3).
//!
//! In: the first bytes of a response. Out: [`PlainHead`]. Must not know: connections, what was called.

use std::mem::MaybeUninit;
use std::time::Duration;

use httparse::{Header, ParserConfig, Status};
use reqwest::StatusCode;

use crate::odoo::transport::response_head::{MediaType, ResponseHead, parse_retry_after};

/// Maximum number of headers.
const MAX_HEADERS: usize = 100;
/// Maximum `Content-Length`; larger numbers are not lengths.
const MAX_LENGTH: u64 = u64::MAX - 2;

/// The head of a response.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct PlainHead {
    pub(super) head: ResponseHead,
    pub(super) framing: Framing,
    /// Whether the server keeps the connection open after the response.
    pub(super) keeps_open: bool,
}

/// How the end of a body is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Framing {
    Length(u64),
    Chunked,
    UntilClose,
}

/// The bytes are not the head of a response.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct MalformedHead;

/// Parses the head at the beginning of `buffer` and removes it, with all informational responses before it. `None` if
/// it is incomplete.
///
/// # Errors
/// If it is not the head of an HTTP/1 response.
pub(super) fn parse_head(buffer: &mut Vec<u8>) -> Result<Option<PlainHead>, MalformedHead> {
    while !buffer.is_empty() {
        let mut headers = [const { MaybeUninit::uninit() }; MAX_HEADERS];
        let mut response = httparse::Response::new(&mut []);
        let parsed =
            ParserConfig::default().parse_response_with_uninit_headers(&mut response, buffer.as_slice(), &mut headers);
        let Status::Complete(length) = parsed.map_err(|_| MalformedHead)? else { return Ok(None) };
        let status = StatusCode::from_u16(response.code.unwrap_or_default()).map_err(|_| MalformedHead)?;
        // Only the response to `Upgrade` is final, which the gateway never sends.
        let is_final = !status.is_informational() || status == StatusCode::SWITCHING_PROTOCOLS;
        let head = is_final.then(|| Fields::from_headers(response.headers).into_head(status, response.version));
        buffer.drain(..length);
        if let Some(head) = head {
            return head.map(Some);
        }
    }
    Ok(None)
}

/// Whether the head can be complete, given that it was not when the buffer had `before` bytes.
pub(super) fn may_complete_head(buffer: &[u8], before: usize) -> bool {
    let new = buffer.get(before.saturating_sub(3)..).unwrap_or_default();
    before == 0 || memchr::memmem::find(new, b"\n\r\n").is_some() || memchr::memmem::find(new, b"\n\n").is_some()
}

/// The headers that matter.
#[derive(Default)]
struct Fields {
    media_type: Option<MediaType>,
    is_encoded: bool,
    /// The first one; `Some(None)` if it is not valid.
    retry_after: Option<Option<Duration>>,
    /// `Some(None)` if one is not a number, or they differ.
    content_length: Option<Option<u64>>,
    /// Whether `chunked` is the last transfer coding.
    is_chunked: Option<bool>,
    closes: bool,
    keeps_alive: bool,
}

impl Fields {
    fn from_headers(headers: &[Header<'_>]) -> Self {
        let mut fields = Self::default();
        for Header { name, value } in headers {
            fields.add(name, value);
        }
        fields
    }

    fn add(&mut self, name: &str, value: &[u8]) {
        let is = |header: &str| name.eq_ignore_ascii_case(header);
        if is("content-type") {
            self.media_type.get_or_insert_with(|| MediaType::parse(value));
        } else if is("content-length") {
            let length = parse_content_length(value);
            let agrees = self.content_length.is_none_or(|previous| previous == length);
            self.content_length = Some(length.filter(|_| agrees));
        } else if is("transfer-encoding") {
            let last = tokens(value).next_back();
            self.is_chunked = Some(last.is_some_and(|coding| coding.eq_ignore_ascii_case(b"chunked")));
        } else if is("connection") {
            self.closes |= tokens(value).any(|option| option.eq_ignore_ascii_case(b"close"));
            self.keeps_alive |= tokens(value).any(|option| option.eq_ignore_ascii_case(b"keep-alive"));
        } else if is("content-encoding") {
            self.is_encoded = true;
        } else if is("retry-after") {
            self.retry_after.get_or_insert_with(|| parse_retry_after(value));
        }
    }

    fn into_head(self, status: StatusCode, version: Option<u8>) -> Result<PlainHead, MalformedHead> {
        let is_http_1_1 = version == Some(1);
        let framing = self.framing(status, is_http_1_1)?;
        let content_length = if let Framing::Length(length) = framing { Some(length) } else { None };
        // A length next to a transfer coding can be an attempt to smuggle a second response.
        let is_unambiguous = self.is_chunked.is_none() || self.content_length.is_none();
        let keeps_open = !self.closes
            && (is_http_1_1 || self.keeps_alive)
            && framing != Framing::UntilClose
            && status != StatusCode::SWITCHING_PROTOCOLS
            && is_unambiguous;
        let head = ResponseHead {
            status,
            media_type: self.media_type.unwrap_or(MediaType::Other),
            is_encoded: self.is_encoded,
            retry_after: self.retry_after.flatten(),
            content_length,
        };
        Ok(PlainHead { head, framing, keeps_open })
    }

    fn framing(&self, status: StatusCode, is_http_1_1: bool) -> Result<Framing, MalformedHead> {
        if matches!(status.as_u16(), 101 | 204 | 304) {
            return Ok(Framing::Length(0));
        }
        match (self.is_chunked, self.content_length) {
            (Some(_), _) if !is_http_1_1 => Err(MalformedHead),
            (Some(true), _) => Ok(Framing::Chunked),
            (Some(false), _) | (None, None) => Ok(Framing::UntilClose),
            (None, Some(length)) => length.map(Framing::Length).ok_or(MalformedHead),
        }
    }
}

/// The trimmed elements of a list that is separated by commas.
fn tokens(value: &[u8]) -> impl DoubleEndedIterator<Item = &[u8]> {
    value.split(|byte| *byte == b',').map(<[u8]>::trim_ascii)
}

/// A number, or the same number several times.
fn parse_content_length(value: &[u8]) -> Option<u64> {
    let mut lengths = tokens(value).map(|digits| {
        let is_number = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
        let number: u64 = str::from_utf8(digits).ok().filter(|_| is_number)?.parse().ok()?;
        (number <= MAX_LENGTH).then_some(number)
    });
    let first = lengths.next()??;
    lengths.all(|length| length == Some(first)).then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(head: &str) -> Result<Option<PlainHead>, MalformedHead> {
        parse_head(&mut head.as_bytes().to_vec())
    }

    fn framing(fields: &str) -> Result<(Framing, bool), MalformedHead> {
        parse(&format!("{fields}\r\n\r\n")).map(|head| {
            let head = head.expect("a complete head");
            (head.framing, head.keeps_open)
        })
    }

    #[test]
    fn framing_and_persistence_follow_the_headers() {
        use Framing::{Chunked, Length, UntilClose};
        for (fields, expected) in [
            ("HTTP/1.1 200 OK\r\nContent-Length: 5", Ok((Length(5), true))),
            ("HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\ncontent-length: 5", Ok((Length(5), true))),
            ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close", Ok((Length(5), false))),
            ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: x, Close", Ok((Length(5), false))),
            ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\nConnection: a", Ok((Length(5), false))),
            ("HTTP/1.0 200 OK\r\nConnection: close, keep-alive\r\nContent-Length: 5", Ok((Length(5), false))),
            ("HTTP/1.0 200 OK\r\nContent-Length: 5", Ok((Length(5), false))),
            ("HTTP/1.0 200 OK\r\nContent-Length: 5\r\nConnection: Keep-Alive", Ok((Length(5), true))),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked", Ok((Chunked, true))),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, Chunked", Ok((Chunked, true))),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 5", Ok((Chunked, false))),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, gzip", Ok((UntilClose, false))),
            ("HTTP/1.1 200 OK", Ok((UntilClose, false))),
            ("HTTP/1.0 200 OK\r\nConnection: keep-alive", Ok((UntilClose, false))),
            ("HTTP/1.1 204 No Content\r\nContent-Length: 5", Ok((Length(0), true))),
            ("HTTP/1.1 304 Not Modified", Ok((Length(0), true))),
            ("HTTP/1.1 101 Switching Protocols", Ok((Length(0), false))),
            ("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked", Err(MalformedHead)),
            ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6", Err(MalformedHead)),
            ("HTTP/1.1 200 OK\r\nContent-Length: 5, 6", Err(MalformedHead)),
            ("HTTP/1.1 200 OK\r\nContent-Length: +5", Err(MalformedHead)),
            ("HTTP/1.1 200 OK\r\nContent-Length: 5x", Err(MalformedHead)),
            ("HTTP/1.1 200 OK\r\nContent-Length:", Err(MalformedHead)),
            ("HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551615", Err(MalformedHead)),
            ("HTTP/1.1 099 OK", Err(MalformedHead)),
            ("HTTP/2.0 200 OK", Err(MalformedHead)),
            ("HTTP/1.1 200 OK\r\nno colon", Err(MalformedHead)),
            ("SSH-2.0-server", Err(MalformedHead)),
        ] {
            assert_eq!(framing(fields), expected, "{fields}");
        }
        let many = format!("HTTP/1.1 200 OK{}", "\r\na: b".repeat(MAX_HEADERS + 1));
        assert_eq!(framing(&many), Err(MalformedHead));
    }

    #[test]
    fn first_media_type_and_retry_after_count() {
        let head = "HTTP/1.1 503 Away\r\ncontent-TYPE: text/XML;a=b\r\nContent-Type: text/html\r\nRetry-After: 7\r\n\
                    Retry-After: 8\r\nContent-Encoding: gzip\r\nContent-Length: 1\r\n\r\n";
        let expected = ResponseHead {
            status: StatusCode::SERVICE_UNAVAILABLE,
            media_type: MediaType::Xml,
            is_encoded: true,
            retry_after: Some(Duration::from_secs(7)),
            content_length: Some(1),
        };
        assert_eq!(parse(head).unwrap().unwrap().head, expected);
    }

    #[test]
    fn informational_responses_are_skipped_and_the_body_stays() {
        let mut buffer = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\na: b\r\n\r\n".to_vec();
        assert_eq!(parse_head(&mut buffer), Ok(None));
        assert!(buffer.is_empty());
        buffer.extend_from_slice(b"HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nbody");
        assert_eq!(parse_head(&mut buffer).unwrap().unwrap().framing, Framing::Length(9));
        assert_eq!(buffer, b"body");
    }

    #[test]
    fn head_is_recognized_in_pieces_of_any_size() {
        for head in ["HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", "HTTP/1.1 200 OK\nContent-Length: 9\n\n"] {
            for piece in 1..=head.len() {
                let (mut buffer, mut found) = (Vec::new(), None);
                for piece in head.as_bytes().chunks(piece) {
                    assert!(found.is_none());
                    let before = buffer.len();
                    buffer.extend_from_slice(piece);
                    if may_complete_head(&buffer, before) {
                        found = parse_head(&mut buffer).unwrap();
                    }
                }
                assert_eq!(found.map(|head| head.framing), Some(Framing::Length(9)), "{head:?} by {piece}");
            }
        }
    }
}
