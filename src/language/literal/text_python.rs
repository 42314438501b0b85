//! Texts of Python: prefixes, four kinds of quotes, escapes, and pieces that are joined.
//!
//! In: the reader at a quote or prefix. Out: the text, borrowed when it is one piece without escapes.
//! As in CPython, line breaks inside a text count as `\n` however they are written, and an unknown escape stays as it
//! stands. Bytes are decoded when all pieces are joined, because a character may be spread over two of them.

use std::borrow::Cow;

use super::parse_error::{Mistake, Reading};
use super::reader::{Reader, line_break};
use super::text_json::lone_surrogate;

/// How a piece began.
#[derive(Debug, Clone, Copy)]
struct Opening {
    /// Where its quote stands.
    at: usize,
    quote: u8,
    triple: bool,
    raw: bool,
    bytes: bool,
}

impl<'a> Reader<'a> {
    /// Whether a quote stands here, or up to three letters and a quote.
    pub(super) fn opens_text(&self) -> bool {
        let rest = self.rest().as_bytes();
        let letters = rest.iter().take(3).take_while(|byte| byte.is_ascii_alphabetic()).count();
        matches!(rest.get(letters), Some(b'"' | b'\''))
    }

    /// One or more pieces, and the space behind them.
    pub(super) fn python_text(&mut self) -> Reading<Cow<'a, str>> {
        let start = self.at;
        let opening = self.opening()?;
        let head = if opening.triple { "" } else { self.plain_run(opening.quote) };
        let one_run = !opening.triple && !opening.bytes && self.peek() == Some(opening.quote);
        if !one_run {
            return self.joined_text(start, opening, head.as_bytes().to_vec());
        }
        self.at += 1;
        self.skip_space();
        if !self.opens_text() {
            return Ok(Cow::Borrowed(head));
        }
        let next = self.next_opening(opening)?;
        self.joined_text(start, next, head.as_bytes().to_vec())
    }

    /// The piece that `opening` began, and all that follow, behind what was read so far.
    fn joined_text(&mut self, start: usize, mut opening: Opening, mut text: Vec<u8>) -> Reading<Cow<'a, str>> {
        loop {
            self.piece(opening, &mut text)?;
            self.skip_space();
            if !self.opens_text() {
                break;
            }
            opening = self.next_opening(opening)?;
        }
        let not_text = |_| Mistake::new(start, "bytes that are UTF-8 text").found("other bytes");
        String::from_utf8(text).map(Cow::Owned).map_err(not_text)
    }

    /// A prefix and the quotes.
    fn opening(&mut self) -> Reading<Opening> {
        let start = self.at;
        let letters = self.rest().bytes().take_while(u8::is_ascii_alphabetic).count();
        let prefix = self.slice(start, start + letters).to_ascii_lowercase();
        let (raw, bytes) = match prefix.as_str() {
            "" | "u" => (false, false),
            "r" => (true, false),
            "b" => (false, true),
            "br" | "rb" => (true, true),
            "f" | "fr" | "rf" => return Err(Mistake::new(start, "a value").hint(Some("f-strings are not accepted"))),
            _ => return Err(Mistake::new(start, "a value").hint(Some("texts may begin with u, r, b, br or rb"))),
        };
        self.at += letters;
        Ok(self.quotes(raw, bytes))
    }

    fn quotes(&mut self, raw: bool, bytes: bool) -> Opening {
        let at = self.at;
        let quote = self.peek().unwrap_or(b'"');
        let triple = self.stands_thrice(quote);
        self.at += if triple { 3 } else { 1 };
        Opening { at, quote, triple, raw, bytes }
    }

    fn next_opening(&mut self, before: Opening) -> Reading<Opening> {
        let start = self.at;
        let next = self.opening()?;
        let mixed = next.bytes != before.bytes;
        if mixed { Err(Mistake::new(start, "texts only or bytes only to be joined")) } else { Ok(next) }
    }

    /// What a piece holds up to its closing quotes, which are taken too.
    fn piece(&mut self, opening: Opening, text: &mut Vec<u8>) -> Reading<()> {
        loop {
            text.extend_from_slice(self.plain_run(opening.quote).as_bytes());
            match self.peek() {
                None => return Err(Mistake::new(self.at, closing_quotes(opening)).closing(opening.at)),
                Some(b'\\') if opening.raw => self.raw_backslash(text),
                Some(b'\\') => self.python_escape(opening, text)?,
                Some(b'\n' | b'\r') if !opening.triple => {
                    return Err(Mistake::new(self.at, closing_quotes(opening)).closing(opening.at));
                }
                Some(b'\n' | b'\r') => self.break_line(text),
                Some(0) => return Err(Mistake::new(self.at, "a character other than NUL")),
                Some(byte) if byte == opening.quote && self.closes(opening) => break,
                Some(byte) => self.take(byte, text),
            }
        }
        self.at += if opening.triple { 3 } else { 1 };
        if opening.bytes { self.all_ascii(opening.at) } else { Ok(()) }
    }

    fn closes(&self, opening: Opening) -> bool {
        !opening.triple || self.stands_thrice(opening.quote)
    }

    fn stands_thrice(&self, quote: u8) -> bool {
        self.rest().as_bytes().get(..3) == Some(&[quote; 3])
    }

    fn all_ascii(&self, from: usize) -> Reading<()> {
        match self.slice(from, self.at).bytes().position(|byte| !byte.is_ascii()) {
            Some(offset) => Err(Mistake::new(from + offset, "an ASCII character or an escape in bytes")),
            None => Ok(()),
        }
    }

    /// A backslash of a raw piece stays; a quote or backslash behind it neither closes nor escapes anything.
    fn raw_backslash(&mut self, text: &mut Vec<u8>) {
        self.take(b'\\', text);
        match self.peek() {
            Some(b'\n' | b'\r') => self.break_line(text),
            Some(byte @ (b'\\' | b'"' | b'\'')) => self.take(byte, text),
            _ => {}
        }
    }

    fn take(&mut self, byte: u8, text: &mut Vec<u8>) {
        text.push(byte);
        self.at += 1;
    }

    fn break_line(&mut self, text: &mut Vec<u8>) {
        text.push(b'\n');
        self.at += line_break(self.rest());
    }

    fn python_escape(&mut self, opening: Opening, text: &mut Vec<u8>) -> Reading<()> {
        let start = self.at;
        self.at += 1;
        let Some(letter) = self.peek() else { return Ok(()) };
        match letter {
            b'\n' | b'\r' => self.at += line_break(self.rest()),
            b'0'..=b'7' => push_code(self.octal(), opening, start, text)?,
            b'x' => self.coded(2, opening, text)?,
            b'u' if !opening.bytes => self.coded(4, opening, text)?,
            b'U' if !opening.bytes => self.coded(8, opening, text)?,
            b'N' if !opening.bytes => {
                let hint = Some("characters by name are not accepted: write the character or its \\u code");
                return Err(Mistake::new(start, "an escape").found("\"\\N\"").hint(hint));
            }
            _ => self.simple_escape(letter, text),
        }
        Ok(())
    }

    fn simple_escape(&mut self, letter: u8, text: &mut Vec<u8>) {
        let escaped = match letter {
            b'\\' | b'\'' | b'"' => letter,
            b'a' => 0x07,
            b'b' => 0x08,
            b't' => b'\t',
            b'n' => b'\n',
            b'v' => 0x0b,
            b'f' => 0x0c,
            b'r' => b'\r',
            // Unknown: the backslash stays, and what follows is read as it stands.
            _ => return text.push(b'\\'),
        };
        self.take(escaped, text);
    }

    fn octal(&mut self) -> u32 {
        let digits = self.rest().bytes().take(3).take_while(|byte| matches!(byte, b'0'..=b'7'));
        let (count, code) = digits.fold((0, 0), |(count, code), digit| (count + 1, code * 8 + u32::from(digit - b'0')));
        self.at += count;
        code
    }

    /// The letter of an escape and its hexadecimal digits.
    fn coded(&mut self, digits: usize, opening: Opening, text: &mut Vec<u8>) -> Reading<()> {
        let start = self.at - 1;
        self.at += 1;
        let code = self.hexadecimal(digits)?;
        push_code(code, opening, start, text)
    }
}

/// In bytes a code is one byte, of which Python keeps the low eight bits; in a text it is a character.
fn push_code(code: u32, opening: Opening, start: usize, text: &mut Vec<u8>) -> Reading<()> {
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
