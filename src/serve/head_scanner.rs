//! Scans the bytes of an HTTP/1 request head before hyper parses them.
//!
//! ```text
//! head   = *CRLF method SP target SP version CRLF *( name ":" value CRLF ) CRLF
//! ```
//!
//! In: bytes from the socket, in any chunks. Out: the same bytes, except
//!
//! - in the target, `"`, `<`, `>`, `` ` ``, `#` and bytes that are not ASCII become `%XX`. The manuals of the add-ons
//!   print `domain=[("a","=","b")]`, and curl and urllib send it unchanged; Odoo accepts it, hyper rejects it. The
//!   decoded values are the same, and therefore also an OAuth 1 signature over them;
//! - a target longer than [`MAX_TARGET`], and more than [`MAX_LINES`] headers or [`MAX_BLOCK`] bytes of headers, are
//!   truncated and marked, so that the rejection can have a body;
//! - a head that two parsers could frame differently (RFC 9112 section 6.1: both lengths, one of them twice, a bare
//!   CR or LF) is replaced by one byte that no parser accepts: hyper returns 400 and closes the connection.
//!
//! Must not know: sockets, the meaning of other headers. Hyper validates everything else.

use bytes::{Buf as _, BufMut, BytesMut};
use memchr::{memchr2, memchr3};

/// Maximum length of a request target, in bytes: the limit of `http::Uri`.
pub(super) const MAX_TARGET: usize = 65_534;

/// Maximum number of header lines that are passed on: one more than the middleware accepts.
const MAX_LINES: usize = 101;
/// Maximum size of the headers that are passed on, in bytes: more than the middleware accepts.
const MAX_BLOCK: usize = 48 * 1024;
/// The size of most heads, in bytes.
const USUAL_HEAD: usize = 1024;
/// Maximum size of a head, in bytes; a larger one is rejected.
const MAX_HEAD: usize = 1024 * 1024;

/// Scans one head.
#[derive(Debug, Default)]
pub(super) struct HeadScanner {
    position: Position,
    after_cr: bool,
    target: usize,
    target_too_long: bool,
    /// The number of bytes so far, including those that were dropped.
    length: usize,
    lines: usize,
    block: usize,
    /// The current line is not passed on.
    line_dropped: bool,
    headers_too_large: bool,
    name: Name,
    has_content_length: bool,
    has_transfer_encoding: bool,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Position {
    #[default]
    Start,
    Method,
    Target,
    Version,
    LineStart,
    Name,
    Value,
    Complete,
    Rejected,
}

impl HeadScanner {
    /// Whether no byte of the head was scanned.
    pub(super) fn is_untouched(&self) -> bool {
        self.position == Position::Start
    }

    /// Whether the blank line was scanned. The following bytes are not part of the head.
    pub(super) fn is_complete(&self) -> bool {
        self.position == Position::Complete
    }

    /// Whether the target was truncated.
    pub(super) fn target_too_long(&self) -> bool {
        self.target_too_long
    }

    /// Whether headers were truncated.
    pub(super) fn headers_too_large(&self) -> bool {
        self.headers_too_large
    }

    /// Removes the bytes of the head from the front of `input`, and appends the bytes for hyper to `output`.
    pub(super) fn scan(&mut self, input: &mut BytesMut, output: &mut BytesMut) {
        output.reserve(input.len().min(USUAL_HEAD));
        let mut rest: &[u8] = input;
        while !self.is_complete()
            && let Some((first, others)) = rest.split_first()
        {
            let (plain, special) = rest.split_at_checked(self.plain_bytes(rest)).unwrap_or((&[], rest));
            if plain.is_empty() {
                self.step(*first, output);
                rest = others;
            } else {
                self.pass_plain(plain, output);
                rest = special;
            }
        }
        let taken = input.len() - rest.len();
        input.advance(taken);
    }

    /// The number of bytes at the front that [`step`](Self::step) would pass on one by one, unchanged and within the
    /// limits: most of a head. The result does not depend on it.
    fn plain_bytes(&self, input: &[u8]) -> usize {
        if self.after_cr || self.line_dropped {
            return 0;
        }
        let room = match self.position {
            Position::Target if !self.target_too_long => MAX_TARGET.saturating_sub(self.target),
            Position::Name | Position::Value => MAX_BLOCK.saturating_sub(self.block),
            _ => 0,
        };
        // Only what has room is searched: beyond a limit, a search per byte would take quadratic time.
        let input = input.get(..room.min(MAX_HEAD.saturating_sub(self.length))).unwrap_or(input);
        let end = match self.position {
            Position::Target => {
                input.iter().copied().position(|byte| matches!(byte, b' ' | b'\r' | b'\n') || is_encoded(byte))
            }
            Position::Name => memchr3(b':', b'\r', b'\n', input),
            _ => memchr2(b'\r', b'\n', input),
        };
        end.unwrap_or(input.len())
    }

    fn pass_plain(&mut self, bytes: &[u8], output: &mut BytesMut) {
        self.length += bytes.len();
        if self.position == Position::Target {
            self.target += bytes.len();
        } else {
            self.block += bytes.len();
        }
        if self.position == Position::Name {
            bytes.iter().for_each(|byte| self.name.push(*byte));
        }
        output.put_slice(bytes);
    }

    fn step(&mut self, byte: u8, output: &mut BytesMut) {
        if self.position == Position::Rejected {
            return;
        }
        self.length += 1;
        if self.length > MAX_HEAD {
            return self.reject(output);
        }
        let ends_line = byte == b'\n';
        if ends_line != self.after_cr {
            return self.reject(output);
        }
        self.after_cr = byte == b'\r';
        match byte {
            b'\r' if self.line_dropped => {}
            b'\r' => output.put_u8(byte),
            b'\n' => self.end_line(output),
            _ => self.step_within_line(byte, output),
        }
    }

    fn end_line(&mut self, output: &mut BytesMut) {
        if !std::mem::take(&mut self.line_dropped) {
            output.put_u8(b'\n');
        }
        self.position = match self.position {
            Position::Start => Position::Start,
            Position::LineStart => Position::Complete,
            _ => Position::LineStart,
        };
    }

    fn step_within_line(&mut self, byte: u8, output: &mut BytesMut) {
        match (self.position, byte) {
            (Position::Start, _) => self.position = Position::Method,
            (Position::Method, b' ') => self.position = Position::Target,
            (Position::Target, b' ') => self.position = Position::Version,
            (Position::Target, _) => return self.pass_target(byte, output),
            (Position::LineStart, b' ' | b'\t') => return self.reject(output),
            (Position::LineStart, _) => {
                self.lines += 1;
                self.line_dropped = self.headers_too_large || self.lines > MAX_LINES;
                self.name = Name::default();
                self.name.push(byte);
                self.position = Position::Name;
            }
            (Position::Name, b':') => {
                if !self.is_allowed_name() {
                    return self.reject(output);
                }
                self.position = Position::Value;
            }
            (Position::Name, _) => self.name.push(byte),
            _ => {}
        }
        if matches!(self.position, Position::Name | Position::Value) {
            return self.pass_header(byte, output);
        }
        output.put_u8(byte);
    }

    /// A request with truncated headers is always rejected, because a dropped header may frame the body.
    fn pass_header(&mut self, byte: u8, output: &mut BytesMut) {
        self.block += 1;
        if self.line_dropped || self.block > MAX_BLOCK {
            self.headers_too_large = true;
            return;
        }
        output.put_u8(byte);
    }

    fn pass_target(&mut self, byte: u8, output: &mut BytesMut) {
        let encoded = is_encoded(byte);
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

    /// Whether this header is allowed after the previous ones.
    fn is_allowed_name(&mut self) -> bool {
        let seen = match self.name.as_bytes() {
            b"content-length" => &mut self.has_content_length,
            b"transfer-encoding" => &mut self.has_transfer_encoding,
            _ => return true,
        };
        let first = !std::mem::replace(seen, true);
        first && !(self.has_content_length && self.has_transfer_encoding)
    }

    fn reject(&mut self, output: &mut BytesMut) {
        self.position = Position::Rejected;
        output.put_u8(0);
    }
}

/// Whether a byte of the target is percent-encoded.
fn is_encoded(byte: u8) -> bool {
    matches!(byte, b'"' | b'<' | b'>' | b'`' | b'#' | 0x80..)
}

/// The first bytes of a header name in lower case.
#[derive(Debug, Default)]
struct Name {
    bytes: [u8; 18],
    length: usize,
}

impl Name {
    fn push(&mut self, byte: u8) {
        if let Some(slot) = self.bytes.get_mut(self.length) {
            *slot = byte.to_ascii_lowercase();
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

    /// Returns the bytes for hyper, the rest of the input, and whether the head is complete.
    fn scan(text: &[u8]) -> (Vec<u8>, Vec<u8>, bool) {
        let (mut scanner, mut input, mut output) = (HeadScanner::default(), BytesMut::from(text), BytesMut::new());
        scanner.scan(&mut input, &mut output);
        (output.to_vec(), input.to_vec(), scanner.is_complete())
    }

    #[test]
    fn a_valid_head_is_unchanged_and_the_body_is_not_scanned() {
        let head = b"\r\nPOST /a?b=%22 HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nX: a\"b<c>\r\n\r\n";
        assert_eq!(scan(&[head, b"{}".as_slice()].concat()), (head.to_vec(), b"{}".to_vec(), true));
    }

    #[test]
    fn special_characters_of_the_target_are_encoded() {
        let (seen, ..) = scan("GET /é?d=[(\"a\",\"<=\",'`#')] HTTP/1.1\r\n".as_bytes());
        assert_eq!(seen, b"GET /%C3%A9?d=[(%22a%22,%22%3C=%22,'%60%23')] HTTP/1.1\r\n");
    }

    #[test]
    fn the_result_does_not_depend_on_chunks() {
        let text = b"GET /?d=\"x\" HTTP/1.1\r\nContent-Length: 0\r\n\r\nNEXT";
        for cut in 0..text.len() {
            let (mut scanner, mut output) = (HeadScanner::default(), BytesMut::new());
            let mut input = BytesMut::from(&text[..cut]);
            scanner.scan(&mut input, &mut output);
            input.extend_from_slice(&text[cut..]);
            scanner.scan(&mut input, &mut output);
            assert_eq!((&output[..], &input[..]), (scan(text).0.as_slice(), b"NEXT".as_slice()), "cut at {cut}");
        }
    }

    #[test]
    fn ambiguous_framing_is_rejected() {
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
    fn headers_are_truncated_at_the_limit_and_marked() {
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
            let (mut scanner, mut input, mut output) = (HeadScanner::default(), text.as_str().into(), BytesMut::new());
            scanner.scan(&mut input, &mut output);
            assert_eq!((scanner.headers_too_large(), scanner.is_complete(), &input[..]), (is_cut, true, &b"NEXT"[..]));
            assert!(output == format!("GET / HTTP/1.1\r\n{passed}\r\n").as_str(), "{} bytes", headers.len());
        }
        let endless = format!("GET / HTTP/1.1\r\n{}", lines(MAX_HEAD / 6 + 1));
        assert!(scan(endless.as_bytes()).0.ends_with(b"\0"));
    }

    #[test]
    fn a_target_is_truncated_at_the_limit_and_marked() {
        for (length, truncated) in [(MAX_TARGET, false), (MAX_TARGET + 1, true), (3 * MAX_TARGET, true)] {
            let text = format!("GET /{} HTTP/1.1\r\n\r\n", "a".repeat(length - 1));
            let (mut scanner, mut input, mut output) = (HeadScanner::default(), text.as_str().into(), BytesMut::new());
            scanner.scan(&mut input, &mut output);
            assert_eq!((scanner.target_too_long(), scanner.is_complete()), (truncated, true), "{length}");
            assert_eq!(output.len(), length.min(MAX_TARGET) + "GET  HTTP/1.1\r\n\r\n".len());
        }
    }

    /// As `scan`, byte by byte.
    fn scan_slowly(text: &[u8]) -> (Vec<u8>, Vec<u8>, String) {
        let (mut scanner, mut rest, mut output) = (HeadScanner::default(), text, BytesMut::new());
        while let (false, Some((first, others))) = (scanner.is_complete(), rest.split_first()) {
            scanner.step(*first, &mut output);
            rest = others;
        }
        (output.to_vec(), rest.to_vec(), format!("{scanner:?}"))
    }

    fn assert_scans_as_byte_by_byte(text: &[u8], cut: usize) {
        let (mut scanner, mut input, mut output) = (HeadScanner::default(), BytesMut::new(), BytesMut::new());
        let (first, second) = text.split_at(cut.min(text.len()));
        for piece in [first, second] {
            input.extend_from_slice(piece);
            scanner.scan(&mut input, &mut output);
        }
        let scanned = (output.to_vec(), input.to_vec(), format!("{scanner:?}"));
        assert!(scanned == scan_slowly(text), "{:?}", text.get(..200).unwrap_or(text).escape_ascii().to_string());
    }

    proptest::proptest! {
        #[test]
        fn runs_of_bytes_are_scanned_as_byte_by_byte(
            pieces in proptest::collection::vec(proptest::sample::select(vec![
                "GET ", "/a", "\"", "é", " HTTP/1.1", "\r\n", "\r\n", "\r", "\n", " ", ":", "X", "content-length",
                "Transfer-Encoding", ": 5", "a value", "\t", "", "\0",
            ]), 0..24),
            cut in 0_usize..80,
        ) {
            assert_scans_as_byte_by_byte(pieces.concat().as_bytes(), cut);
            assert_scans_as_byte_by_byte(format!("GET / HTTP/1.1\r\n{}", pieces.concat()).as_bytes(), cut);
        }
    }

    #[test]
    fn runs_of_bytes_end_at_the_limits() {
        for around in 0..6 {
            let target = "a".repeat(MAX_TARGET - 3 + around);
            let value = "a".repeat(MAX_BLOCK - 9 + around);
            let long = "a".repeat(MAX_HEAD - 20 + around);
            for text in [
                format!("GET {target}\" HTTP/1.1\r\n\r\n"),
                format!("GET / HTTP/1.1\r\nX: {value}\r\nY: z\r\n\r\n"),
                format!("GET / HTTP/1.1\r\n{value}: y\r\nY: z\r\n\r\n"),
                format!("GET / HTTP/1.1\r\n{long}\r\n\r\n"),
                format!("GET {long}"),
            ] {
                assert_scans_as_byte_by_byte(text.as_bytes(), text.len() / 2);
            }
        }
    }

    #[test]
    fn the_fuzz_corpus_holds_the_invariants() {
        let corpus = concat!(env!("CARGO_MANIFEST_DIR"), "/fuzz/corpus/request_head");
        let files = std::fs::read_dir(corpus).unwrap().map(|file| std::fs::read(file.unwrap().path()).unwrap());
        assert!(files.inspect(|head| crate::serve::head_invariants::request_head(head)).count() >= 10);
    }
}
