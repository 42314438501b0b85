//! The bytes of an HTTP/1 request head on their way to hyper.
//!
//! ```text
//! head   = *CRLF method SP target SP version CRLF *( name ":" value CRLF ) CRLF
//! ```
//!
//! In: bytes as the socket gives them, in any pieces. Out: the same bytes, except
//!
//! - in the target, `"`, `<`, `>`, `` ` ``, `#` and bytes that are not ASCII become `%XX`. The vendor manuals
//!   print `domain=[("a","=","b")]`, curl and urllib send it so, Odoo takes it, hyper refuses it. The decoded
//!   values are the same, so an OAuth 1 signature over them is too;
//! - a target longer than [`MAX_TARGET`], more than [`MAX_LINES`] headers or [`MAX_BLOCK`] bytes of them are cut there
//!   and marked, so that the refusal can have a body;
//! - what two readers could frame differently (RFC 9112 section 6.1: both lengths, one twice, a bare CR or LF)
//!   is answered with one byte that no parser takes: hyper says 400 and closes.
//!
//! Must not know: sockets, what a header means otherwise. Everything else is hyper's to judge.

use bytes::{BufMut, BytesMut};

/// The longest request target, in bytes: all that `http::Uri` can hold.
pub(super) const MAX_TARGET: usize = 65_534;

/// The most header lines that are passed on: one more than are taken.
const MAX_LINES: usize = 101;
/// The largest header block that is passed on, in bytes: more than is taken.
const MAX_BLOCK: usize = 48 * 1024;
/// The largest head that is read at all.
const MAX_HEAD: usize = 1024 * 1024;

/// The scanner of one head.
#[derive(Debug, Default)]
pub(super) struct Head {
    at: At,
    after_cr: bool,
    target: usize,
    target_too_long: bool,
    /// All bytes of it, passed on or not.
    length: usize,
    lines: usize,
    block: usize,
    /// The line that is being read is not passed on at all.
    muted: bool,
    headers_too_large: bool,
    name: Name,
    sized: bool,
    coded: bool,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum At {
    #[default]
    Start,
    Method,
    Target,
    Version,
    LineStart,
    Name,
    Value,
    Complete,
    Refused,
}

impl Head {
    /// Nothing of it has come yet.
    pub(super) fn is_untouched(&self) -> bool {
        self.at == At::Start
    }

    /// The blank line was seen: what follows is not the head's.
    pub(super) fn is_complete(&self) -> bool {
        self.at == At::Complete
    }

    /// The target was cut.
    pub(super) fn target_too_long(&self) -> bool {
        self.target_too_long
    }

    /// Headers had to be cut.
    pub(super) fn headers_too_large(&self) -> bool {
        self.headers_too_large
    }

    /// Takes what belongs to the head off the front of `input` and adds what hyper shall see to `output`.
    pub(super) fn scan(&mut self, input: &mut BytesMut, output: &mut BytesMut) {
        let mut taken = 0;
        for byte in input.iter().copied() {
            if self.is_complete() {
                break;
            }
            taken += 1;
            self.step(byte, output);
        }
        let _scanned = input.split_to(taken);
    }

    fn step(&mut self, byte: u8, output: &mut BytesMut) {
        if self.at == At::Refused {
            return;
        }
        self.length += 1;
        if self.length > MAX_HEAD {
            return self.refuse(output);
        }
        let ends_line = byte == b'\n';
        if ends_line != self.after_cr {
            return self.refuse(output);
        }
        self.after_cr = byte == b'\r';
        match byte {
            b'\r' if self.muted => {}
            b'\r' => output.put_u8(byte),
            b'\n' => self.end_line(output),
            _ => self.step_within_line(byte, output),
        }
    }

    fn end_line(&mut self, output: &mut BytesMut) {
        if !std::mem::take(&mut self.muted) {
            output.put_u8(b'\n');
        }
        self.at = match self.at {
            At::Start => At::Start,
            At::LineStart => At::Complete,
            _ => At::LineStart,
        };
    }

    fn step_within_line(&mut self, byte: u8, output: &mut BytesMut) {
        match (self.at, byte) {
            (At::Start, _) => self.at = At::Method,
            (At::Method, b' ') => self.at = At::Target,
            (At::Target, b' ') => self.at = At::Version,
            (At::Target, _) => return self.pass_target(byte, output),
            (At::LineStart, b' ' | b'\t') => return self.refuse(output),
            (At::LineStart, _) => {
                self.lines += 1;
                self.muted = self.headers_too_large || self.lines > MAX_LINES;
                self.name = Name::default();
                self.name.push(byte);
                self.at = At::Name;
            }
            (At::Name, b':') => {
                if !self.admits_name() {
                    return self.refuse(output);
                }
                self.at = At::Value;
            }
            (At::Name, _) => self.name.push(byte),
            _ => {}
        }
        if matches!(self.at, At::Name | At::Value) {
            return self.pass_header(byte, output);
        }
        output.put_u8(byte);
    }

    /// What is cut is refused for sure: among it may be what frames the body.
    fn pass_header(&mut self, byte: u8, output: &mut BytesMut) {
        self.block += 1;
        if self.muted || self.block > MAX_BLOCK {
            self.headers_too_large = true;
            return;
        }
        output.put_u8(byte);
    }

    fn pass_target(&mut self, byte: u8, output: &mut BytesMut) {
        let encoded = matches!(byte, b'"' | b'<' | b'>' | b'`' | b'#' | 0x80..);
        let width = if encoded { 3 } else { 1 };
        if self.target_too_long || self.target + width > MAX_TARGET {
            self.target_too_long = true;
            return;
        }
        self.target += width;
        if encoded {
            output.put_slice(percent_encoding::percent_encode_byte(byte).as_bytes());
        } else {
            output.put_u8(byte);
        }
    }

    /// Whether this header may come, after those before it.
    fn admits_name(&mut self) -> bool {
        let seen = match self.name.as_bytes() {
            b"content-length" => &mut self.sized,
            b"transfer-encoding" => &mut self.coded,
            _ => return true,
        };
        let first = !std::mem::replace(seen, true);
        first && !(self.sized && self.coded)
    }

    fn refuse(&mut self, output: &mut BytesMut) {
        self.at = At::Refused;
        output.put_u8(0);
    }
}

/// A header name in lower case, as far as it is of interest.
#[derive(Debug, Default)]
struct Name {
    bytes: [u8; 18],
    length: usize,
}

impl Name {
    fn push(&mut self, byte: u8) {
        if let Some(place) = self.bytes.get_mut(self.length) {
            *place = byte.to_ascii_lowercase();
            self.length += 1;
        }
    }

    fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What hyper sees, what is left, and whether the head is complete.
    fn scan(text: &[u8]) -> (Vec<u8>, Vec<u8>, bool) {
        let (mut head, mut input, mut output) = (Head::default(), BytesMut::from(text), BytesMut::new());
        head.scan(&mut input, &mut output);
        (output.to_vec(), input.to_vec(), head.is_complete())
    }

    #[test]
    fn a_plain_head_passes_and_the_body_stays() {
        let head = b"\r\nPOST /a?b=%22 HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nX: a\"b<c>\r\n\r\n";
        assert_eq!(scan(&[head, b"{}".as_slice()].concat()), (head.to_vec(), b"{}".to_vec(), true));
    }

    #[test]
    fn quotes_and_angles_of_the_target_are_encoded() {
        let (seen, ..) = scan("GET /é?d=[(\"a\",\"<=\",'`#')] HTTP/1.1\r\n".as_bytes());
        assert_eq!(seen, b"GET /%C3%A9?d=[(%22a%22,%22%3C=%22,'%60%23')] HTTP/1.1\r\n");
    }

    #[test]
    fn any_cut_gives_the_same() {
        let text = b"GET /?d=\"x\" HTTP/1.1\r\nContent-Length: 0\r\n\r\nNEXT";
        for cut in 0..text.len() {
            let (mut head, mut output) = (Head::default(), BytesMut::new());
            let mut input = BytesMut::from(&text[..cut]);
            head.scan(&mut input, &mut output);
            input.extend_from_slice(&text[cut..]);
            head.scan(&mut input, &mut output);
            assert_eq!((&output[..], &input[..]), (scan(text).0.as_slice(), b"NEXT".as_slice()), "cut at {cut}");
        }
    }

    #[test]
    fn what_can_be_framed_in_two_ways_is_refused() {
        for text in [
            "POST / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
            "POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\nCONTENT-LENGTH: 5\r\n\r\n",
            "POST / HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n",
            "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
            "GET / HTTP/1.1\nHost: x\n\n",
            "GET / HTTP/1.1\r\nHost: x\n\r\n",
            "GET / HTTP/1.1\r\nHost: x\rY: z\r\n\r\n",
            "GET / HTTP/1.1\r\nA: b\r\n folded\r\n\r\n",
            "\nGET / HTTP/1.1\r\n\r\n",
        ] {
            let (seen, left, complete) = scan(text.as_bytes());
            assert!(seen.ends_with(b"\0") && left.is_empty() && !complete, "{text:?} gave {seen:?}");
        }
    }

    #[test]
    fn headers_are_cut_at_the_limit_and_marked() {
        let lines = |count: usize| "X: y\r\n".repeat(count);
        let large = |length: usize| format!("X:{}\r\nY: z\r\n", "y".repeat(length));
        for (headers, is_cut, passed) in [
            (lines(MAX_LINES), false, lines(MAX_LINES)),
            (lines(MAX_LINES + 1), true, lines(MAX_LINES)),
            (lines(30_000), true, lines(MAX_LINES)),
            (large(MAX_BLOCK - 6), false, large(MAX_BLOCK - 6)),
            (large(MAX_BLOCK), true, format!("X:{}\r\n", "y".repeat(MAX_BLOCK - 2))),
        ] {
            let text = format!("GET / HTTP/1.1\r\n{headers}\r\nNEXT");
            let (mut head, mut input, mut output) = (Head::default(), text.as_str().into(), BytesMut::new());
            head.scan(&mut input, &mut output);
            assert_eq!((head.headers_too_large(), head.is_complete(), &input[..]), (is_cut, true, &b"NEXT"[..]));
            assert!(output == format!("GET / HTTP/1.1\r\n{passed}\r\n").as_str(), "{} bytes", headers.len());
        }
        let endless = format!("GET / HTTP/1.1\r\n{}", lines(MAX_HEAD / 6 + 1));
        assert!(scan(endless.as_bytes()).0.ends_with(b"\0"));
    }

    #[test]
    fn a_target_is_cut_at_the_limit_and_marked() {
        for (length, cut) in [(MAX_TARGET, false), (MAX_TARGET + 1, true), (3 * MAX_TARGET, true)] {
            let text = format!("GET /{} HTTP/1.1\r\n\r\n", "a".repeat(length - 1));
            let (mut head, mut input, mut output) = (Head::default(), text.as_str().into(), BytesMut::new());
            head.scan(&mut input, &mut output);
            assert_eq!((head.target_too_long(), head.is_complete()), (cut, true), "{length}");
            assert_eq!(output.len(), length.min(MAX_TARGET) + "GET  HTTP/1.1\r\n\r\n".len());
        }
    }
}
