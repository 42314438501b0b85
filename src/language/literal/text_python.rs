//! Strings of Python: prefixes, four kinds of quotes, escapes, and concatenated pieces.
//!
//! ```text
//! text  = piece { piece }                          all or none of them bytes
//! piece = [ prefix ] quote { character | escape } quote
//! quote = "'" | '"' | "'''" | '"""'
//! prefix = "u" | "r" | "b" | "rb" | "br"           in either case
//! ```
//!
//! In: the parser at a quote or prefix. Out: the string, borrowed if it is one piece without escapes. Must not know:
//! other values. As in CPython, all line breaks inside a string become `\n`, and unknown escapes stay unchanged.
//! Bytes are decoded after concatenation, because a character can be split between two pieces.

use std::borrow::Cow;

use super::error::{LiteralError, ParseResult};
use super::parser::{Parser, line_break_len};
use super::text_json::lone_surrogate;

/// The opening of a piece.
#[derive(Debug, Clone, Copy)]
struct Opening {
    /// The offset of its quote.
    at: usize,
    quote: u8,
    triple: bool,
    raw: bool,
    bytes: bool,
}

impl<'a> Parser<'a> {
    /// Whether a quote, or up to three letters and a quote, comes next.
    pub(super) fn opens_text(&self) -> bool {
        let rest = self.rest().as_bytes();
        let letters = rest.iter().take(3).take_while(|byte| byte.is_ascii_alphabetic()).count();
        matches!(rest.get(letters), Some(b'"' | b'\''))
    }

    /// Parses one or more pieces and the following space.
    pub(super) fn parse_python_text(&mut self) -> ParseResult<Cow<'a, str>> {
        let start = self.offset;
        let opening = self.parse_opening()?;
        let head = if opening.triple { "" } else { self.take_plain_run(opening.quote) };
        let one_run = !opening.triple && !opening.bytes && self.peek() == Some(opening.quote);
        if !one_run {
            return self.parse_joined_text(start, opening, head.as_bytes().to_vec());
        }
        self.offset += 1;
        self.skip_space();
        if !self.opens_text() {
            return Ok(Cow::Borrowed(head));
        }
        let next = self.parse_next_opening(opening)?;
        self.parse_joined_text(start, next, head.as_bytes().to_vec())
    }

    /// Parses the piece after `opening` and all following pieces, and appends them to `text`.
    fn parse_joined_text(
        &mut self,
        start: usize,
        mut opening: Opening,
        mut text: Vec<u8>,
    ) -> ParseResult<Cow<'a, str>> {
        loop {
            self.parse_piece(opening, &mut text)?;
            self.skip_space();
            if !self.opens_text() {
                break;
            }
            opening = self.parse_next_opening(opening)?;
        }
        let not_text = |_| LiteralError::new(start, "bytes that are valid UTF-8").found("other bytes");
        String::from_utf8(text).map(Cow::Owned).map_err(not_text)
    }

    /// Parses a prefix and the quotes.
    fn parse_opening(&mut self) -> ParseResult<Opening> {
        let start = self.offset;
        let letters = self.rest().bytes().take_while(u8::is_ascii_alphabetic).count();
        let prefix = self.slice(start, start + letters).to_ascii_lowercase();
        let (raw, bytes) = match prefix.as_str() {
            "" | "u" => (false, false),
            "r" => (true, false),
            "b" => (false, true),
            "br" | "rb" => (true, true),
            "f" | "fr" | "rf" => {
                return Err(LiteralError::new(start, "a value").hint(Some("f-strings are not accepted")));
            }
            _ => return Err(LiteralError::new(start, "a value").hint(Some("strings can start with u, r, b, br or rb"))),
        };
        self.offset += letters;
        Ok(self.parse_quotes(raw, bytes))
    }

    fn parse_quotes(&mut self, raw: bool, bytes: bool) -> Opening {
        let at = self.offset;
        let quote = self.peek().unwrap_or(b'"');
        let triple = self.is_tripled(quote);
        self.offset += if triple { 3 } else { 1 };
        Opening { at, quote, triple, raw, bytes }
    }

    fn parse_next_opening(&mut self, before: Opening) -> ParseResult<Opening> {
        let start = self.offset;
        let next = self.parse_opening()?;
        let mixed = next.bytes != before.bytes;
        if mixed { Err(LiteralError::new(start, "only strings or only bytes to be concatenated")) } else { Ok(next) }
    }

    /// Parses the content of a piece and its closing quotes.
    fn parse_piece(&mut self, opening: Opening, text: &mut Vec<u8>) -> ParseResult<()> {
        loop {
            text.extend_from_slice(self.take_plain_run(opening.quote).as_bytes());
            match self.peek() {
                None => return Err(LiteralError::new(self.offset, closing_quotes(opening)).closing(opening.at)),
                Some(b'\\') if opening.raw => self.take_raw_backslash(text),
                Some(b'\\') => self.parse_python_escape(opening, text)?,
                Some(b'\n' | b'\r') if !opening.triple => {
                    return Err(LiteralError::new(self.offset, closing_quotes(opening)).closing(opening.at));
                }
                Some(b'\n' | b'\r') => self.take_line_break(text),
                Some(0) => return Err(LiteralError::new(self.offset, "a character other than NUL")),
                Some(byte) if byte == opening.quote && self.closes(opening) => break,
                Some(byte) => self.push_byte(byte, text),
            }
        }
        self.offset += if opening.triple { 3 } else { 1 };
        if opening.bytes { self.check_ascii(opening.at) } else { Ok(()) }
    }

    fn closes(&self, opening: Opening) -> bool {
        !opening.triple || self.is_tripled(opening.quote)
    }

    fn is_tripled(&self, quote: u8) -> bool {
        self.rest().as_bytes().get(..3) == Some(&[quote; 3])
    }

    fn check_ascii(&self, from: usize) -> ParseResult<()> {
        match self.slice(from, self.offset).bytes().position(|byte| !byte.is_ascii()) {
            Some(offset) => Err(LiteralError::new(from + offset, "an ASCII character or an escape in bytes")),
            None => Ok(()),
        }
    }

    /// A backslash of a raw piece stays; a quote or backslash after it neither closes nor escapes anything.
    fn take_raw_backslash(&mut self, text: &mut Vec<u8>) {
        self.push_byte(b'\\', text);
        match self.peek() {
            Some(b'\n' | b'\r') => self.take_line_break(text),
            Some(byte @ (b'\\' | b'"' | b'\'')) => self.push_byte(byte, text),
            _ => {}
        }
    }

    fn push_byte(&mut self, byte: u8, text: &mut Vec<u8>) {
        text.push(byte);
        self.offset += 1;
    }

    fn take_line_break(&mut self, text: &mut Vec<u8>) {
        text.push(b'\n');
        self.offset += line_break_len(self.rest());
    }

    fn parse_python_escape(&mut self, opening: Opening, text: &mut Vec<u8>) -> ParseResult<()> {
        let start = self.offset;
        self.offset += 1;
        let Some(letter) = self.peek() else { return Ok(()) };
        match letter {
            b'\n' | b'\r' => self.offset += line_break_len(self.rest()),
            b'0'..=b'7' => push_code(self.parse_octal(), opening, start, text)?,
            b'x' => self.parse_coded_escape(2, opening, text)?,
            b'u' if !opening.bytes => self.parse_coded_escape(4, opening, text)?,
            b'U' if !opening.bytes => self.parse_coded_escape(8, opening, text)?,
            b'N' if !opening.bytes => {
                let hint = Some("characters by name are not accepted: write the character or its \\u code");
                return Err(LiteralError::new(start, "an escape").found("\"\\N\"").hint(hint));
            }
            _ => self.parse_simple_escape(letter, text),
        }
        Ok(())
    }

    fn parse_simple_escape(&mut self, letter: u8, text: &mut Vec<u8>) {
        let escaped = match letter {
            b'\\' | b'\'' | b'"' => letter,
            b'a' => 0x07,
            b'b' => 0x08,
            b't' => b'\t',
            b'n' => b'\n',
            b'v' => 0x0b,
            b'f' => 0x0c,
            b'r' => b'\r',
            // Unknown: the backslash stays, and what follows is parsed normally.
            _ => return text.push(b'\\'),
        };
        self.push_byte(escaped, text);
    }

    fn parse_octal(&mut self) -> u32 {
        let digits = self.rest().bytes().take(3).take_while(|byte| matches!(byte, b'0'..=b'7'));
        let (count, code) = digits.fold((0, 0), |(count, code), digit| (count + 1, code * 8 + u32::from(digit - b'0')));
        self.offset += count;
        code
    }

    /// Parses the letter of an escape and its hexadecimal digits.
    fn parse_coded_escape(&mut self, digits: usize, opening: Opening, text: &mut Vec<u8>) -> ParseResult<()> {
        let start = self.offset - 1;
        self.offset += 1;
        let code = self.parse_hexadecimal(digits)?;
        push_code(code, opening, start, text)
    }
}

/// In bytes a code is one byte, of which Python uses the low eight bits; in a string it is a character.
fn push_code(code: u32, opening: Opening, start: usize, text: &mut Vec<u8>) -> ParseResult<()> {
    if opening.bytes {
        text.push(code.to_le_bytes()[0]);
        return Ok(());
    }
    let character = char::from_u32(code).ok_or_else(|| lone_surrogate(start))?;
    text.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
    Ok(())
}

fn closing_quotes(opening: Opening) -> &'static str {
    if opening.triple { "three quotes" } else { "a quote" }
}
