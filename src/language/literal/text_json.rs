//! Strings of JSON.
//!
//! ```text
//! text   = '"' { any character but '"', '\' and U+0000..U+001F | escape } '"'
//! escape = '\' ( '"' | '\' | "/" | "b" | "f" | "n" | "r" | "t" | "u" 4 hex )      surrogates only in pairs
//! ```
//!
//! In: the parser at a `"`. Out: the string, borrowed unless it contains an escape. Must not know: other values.

use std::borrow::Cow;

use super::error::{LiteralError, ParseResult};
use super::parser::Parser;
use crate::plain_bytes::SpecialBytes;

impl<'a> Parser<'a> {
    /// Parses a string and the following space.
    pub(super) fn parse_json_text(&mut self) -> ParseResult<Cow<'a, str>> {
        let opener = self.offset;
        self.offset += 1;
        let head = self.take_plain_run(b'"');
        let text = match self.peek() {
            Some(b'"') => Cow::Borrowed(head),
            _ => Cow::Owned(self.parse_escaped_json_text(opener, head.to_owned())?),
        };
        self.offset += 1;
        self.skip_space();
        Ok(text)
    }

    fn parse_escaped_json_text(&mut self, opener: usize, mut text: String) -> ParseResult<String> {
        loop {
            match self.peek() {
                Some(b'"') => return Ok(text),
                Some(b'\\') => text.push(self.parse_json_escape()?),
                Some(_) => return Err(LiteralError::new(self.offset, "an escape such as \\n").closing(opener)),
                None => return Err(LiteralError::new(self.offset, "a quote").closing(opener)),
            }
            text.push_str(self.take_plain_run(b'"'));
        }
    }

    /// Consumes all characters except `quote`, backslashes and control characters.
    pub(super) fn take_plain_run(&mut self, quote: u8) -> &'a str {
        let rest = self.rest();
        let length = SpecialBytes { below: b' ', bytes: [quote, b'\\'] }.plain_length(rest.as_bytes());
        self.offset += length;
        rest.get(..length).unwrap_or_default()
    }

    fn parse_json_escape(&mut self) -> ParseResult<char> {
        let start = self.offset;
        self.offset += 1;
        let escaped = match self.peek() {
            Some(letter @ (b'"' | b'\\' | b'/')) => char::from(letter),
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.parse_json_code(start),
            _ => return Err(LiteralError::new(self.offset, "one of \" \\ / b f n r t u after the backslash")),
        };
        self.offset += 1;
        Ok(escaped)
    }

    fn parse_json_code(&mut self, start: usize) -> ParseResult<char> {
        self.offset += 1;
        let first = self.parse_hexadecimal(4)?;
        let code = match first {
            0xD800..=0xDBFF if self.rest().starts_with("\\u") => {
                self.offset += 2;
                let second = self.parse_hexadecimal(4)?;
                if (0xDC00..=0xDFFF).contains(&second) {
                    0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00)
                } else {
                    first
                }
            }
            _ => first,
        };
        char::from_u32(code).ok_or_else(|| lone_surrogate(start))
    }

    /// Parses exactly `digits` hexadecimal digits.
    pub(super) fn parse_hexadecimal(&mut self, digits: usize) -> ParseResult<u32> {
        let token = self.slice(self.offset, self.offset + digits);
        let valid = token.len() == digits && token.bytes().all(|byte| byte.is_ascii_hexdigit());
        match u32::from_str_radix(token, 16) {
            Ok(code) if valid => {
                self.offset += digits;
                Ok(code)
            }
            _ => Err(LiteralError::new(self.offset, format!("{digits} hexadecimal digits"))),
        }
    }
}

pub(super) fn lone_surrogate(at: usize) -> Box<LiteralError> {
    LiteralError::new(at, "a Unicode character")
        .found("an escape without one")
        .hint(Some("surrogates must be a pair, and are only allowed in JSON"))
}
