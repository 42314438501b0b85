//! Texts of JSON.
//!
//! In: the reader at a `"`. Out: the text, borrowed unless it has an escape.
//!
//! ```text
//! text   = '"' { any character but '"', '\' and U+0000..U+001F | escape } '"'
//! escape = '\' ( '"' | '\' | "/" | "b" | "f" | "n" | "r" | "t" | "u" 4 hex )      surrogates only in pairs
//! ```

use std::borrow::Cow;

use super::parse_error::{Mistake, Reading};
use super::reader::Reader;

impl<'a> Reader<'a> {
    /// A text, and the space behind it.
    pub(super) fn json_text(&mut self) -> Reading<Cow<'a, str>> {
        let opener = self.at;
        self.at += 1;
        let head = self.plain_run(b'"');
        let text = match self.peek() {
            Some(b'"') => Cow::Borrowed(head),
            _ => Cow::Owned(self.rest_of_json_text(opener, head.to_owned())?),
        };
        self.at += 1;
        self.skip_space();
        Ok(text)
    }

    fn rest_of_json_text(&mut self, opener: usize, mut text: String) -> Reading<String> {
        loop {
            match self.peek() {
                Some(b'"') => return Ok(text),
                Some(b'\\') => text.push(self.json_escape()?),
                Some(_) => return Err(Mistake::new(self.at, "an escape such as \\n").closing(opener)),
                None => return Err(Mistake::new(self.at, "a quote").closing(opener)),
            }
            text.push_str(self.plain_run(b'"'));
        }
    }

    /// Takes what needs no looking at: all but `quote`, backslashes and control characters.
    pub(super) fn plain_run(&mut self, quote: u8) -> &'a str {
        let rest = self.rest();
        let special = |byte: u8| byte == quote || byte == b'\\' || byte < b' ';
        let length = rest.bytes().position(special).unwrap_or(rest.len());
        self.at += length;
        rest.get(..length).unwrap_or_default()
    }

    fn json_escape(&mut self) -> Reading<char> {
        let start = self.at;
        self.at += 1;
        let escaped = match self.peek() {
            Some(letter @ (b'"' | b'\\' | b'/')) => char::from(letter),
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.json_code(start),
            _ => return Err(Mistake::new(self.at, "one of \" \\ / b f n r t u behind the backslash")),
        };
        self.at += 1;
        Ok(escaped)
    }

    fn json_code(&mut self, start: usize) -> Reading<char> {
        self.at += 1;
        let first = self.hexadecimal(4)?;
        let code = match first {
            0xD800..=0xDBFF if self.rest().starts_with("\\u") => {
                self.at += 2;
                let second = self.hexadecimal(4)?;
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

    /// Exactly `digits` hexadecimal digits.
    pub(super) fn hexadecimal(&mut self, digits: usize) -> Reading<u32> {
        let token = self.slice(self.at, self.at + digits);
        let valid = token.len() == digits && token.bytes().all(|byte| byte.is_ascii_hexdigit());
        match u32::from_str_radix(token, 16) {
            Ok(code) if valid => {
                self.at += digits;
                Ok(code)
            }
            _ => Err(Mistake::new(self.at, format!("{digits} hexadecimal digits"))),
        }
    }
}

pub(super) fn lone_surrogate(at: usize) -> Box<Mistake> {
    Mistake::new(at, "a Unicode character")
        .found("an escape that stands for none")
        .hint(Some("surrogates only form characters in JSON, as a pair"))
}
