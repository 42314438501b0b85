//! A cursor over the text of a response: tags, text, and what may occur between them.
//!
//! In: the text. Out: whether a tag comes next, and strings that borrow from the text unless they contain a reference
//! or a control character. Must not know: the meaning of the tags.
//!
//! Accepted, because Odoo or a proxy in front of it sends it: white space, comments, and processing instructions
//! between tags, attributes, CDATA, and the raw control characters of Odoo 14 and 15, which are removed as later
//! versions do. A raw carriage return is preserved: Odoo does not escape it, and a conforming parser would convert
//! it. Rejected: a document type, and any reference other than XML's five entities and character references.

use std::borrow::Cow;

use memchr::{memchr, memmem};

use crate::odoo::rpc_codec::MalformedResponse;
use crate::plain_bytes::SpecialBytes;

/// The bytes of a text that the value does not contain as they are, and those that white space shares with them.
const REFERENCES_AND_CONTROLS: SpecialBytes<1> = SpecialBytes { below: b' ', bytes: *b"&" };

/// A tag in its three forms, so that the usual ones are recognized with one comparison.
pub(super) struct Tag {
    pub(super) name: &'static str,
    pub(super) open: &'static str,
    pub(super) empty: &'static str,
    pub(super) close: &'static str,
}

macro_rules! tag {
    ($name:literal) => {
        $crate::odoo::xmlrpc::cursor::Tag {
            name: $name,
            open: concat!("<", $name, ">"),
            empty: concat!("<", $name, "/>"),
            close: concat!("</", $name, ">"),
        }
    };
}
pub(super) use tag;

/// Whether an element has content or is empty (`<a/>`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Content {
    Full,
    Empty,
}

pub(super) struct Cursor<'a> {
    rest: &'a str,
    length: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { rest: text.strip_prefix('\u{feff}').unwrap_or(text), length: text.len() }
    }

    #[cold]
    pub(super) fn error(&self, expected: &'static str) -> MalformedResponse {
        MalformedResponse { at: self.length - self.rest.len(), expected }
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.rest.is_empty()
    }

    /// Skips white space, comments, and processing instructions.
    #[inline]
    pub(super) fn skip_between(&mut self) -> Result<(), MalformedResponse> {
        loop {
            match self.rest.as_bytes() {
                [b'<', b'!' | b'?', ..] => self.skip_markup()?,
                [0..=b' ', ..] => self.skip_white_space(),
                _ => return Ok(()),
            }
        }
    }

    fn skip_white_space(&mut self) {
        self.rest = self.rest.trim_start_matches(|c: char| c <= ' ');
    }

    /// Skips the comment or processing instruction at the cursor.
    #[cold]
    fn skip_markup(&mut self) -> Result<(), MalformedResponse> {
        if self.rest.starts_with("<!--") {
            self.take_through("<!--", "-->").map(drop)
        } else if self.rest.starts_with("<?") {
            self.take_through("<?", "?>").map(drop)
        } else {
            Err(self.error("no document type"))
        }
    }

    /// The text between `open`, which is at the cursor, and the next `close`; consumes both.
    fn take_through(&mut self, open: &str, close: &'static str) -> Result<&'a str, MalformedResponse> {
        let body = self.rest.strip_prefix(open).unwrap_or(self.rest);
        let inside = memmem::find(body.as_bytes(), close.as_bytes()).and_then(|end| body.split_at_checked(end));
        let (inside, tail) = inside.ok_or_else(|| self.error("an end of the comment or instruction"))?;
        self.rest = tail.strip_prefix(close).unwrap_or(tail);
        Ok(inside)
    }

    /// The rest of the text, for parsers of what usually comes next.
    #[inline(always)]
    pub(super) fn rest(&self) -> &'a str {
        self.rest
    }

    /// Continues at `rest`, which is the end of [`rest`](Self::rest).
    #[inline(always)]
    pub(super) fn continue_at(&mut self, rest: &'a str) {
        self.rest = rest;
    }

    /// Skips the line feed that Python writes after most tags.
    #[inline(always)]
    pub(super) fn skip_line_feed(&mut self) {
        self.rest = self.rest.strip_prefix('\n').unwrap_or(self.rest);
    }

    /// Whether the opening tag comes next, in its usual form.
    #[inline(always)]
    pub(super) fn is_at_open(&self, tag: &Tag) -> bool {
        self.rest.starts_with(tag.open)
    }

    /// Consumes `token` if it comes next.
    #[inline(always)]
    fn consume(&mut self, token: &str) -> bool {
        match self.rest.strip_prefix(token) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    /// Consumes the opening tag if it comes next, in its usual form.
    #[inline(always)]
    pub(super) fn consume_open(&mut self, tag: &Tag) -> bool {
        self.consume(tag.open)
    }

    /// Consumes the opening tag in any form, and what may precede it, if it comes next.
    #[inline(always)]
    pub(super) fn open(&mut self, tag: &Tag) -> Result<Option<Content>, MalformedResponse> {
        if self.consume(tag.open) {
            return Ok(Some(Content::Full));
        }
        self.open_unusual(tag)
    }

    fn open_unusual(&mut self, tag: &Tag) -> Result<Option<Content>, MalformedResponse> {
        self.skip_between()?;
        if self.consume(tag.open) {
            return Ok(Some(Content::Full));
        }
        if self.consume(tag.empty) {
            return Ok(Some(Content::Empty));
        }
        match self.tag_name() {
            Some(name) if name == tag.name => self.open_any().map(|(_, content)| Some(content)),
            _ => Ok(None),
        }
    }

    /// Consumes the opening tag of an element that is not empty.
    ///
    /// # Errors
    /// If something else comes next; `expected` names what was expected.
    pub(super) fn require_open(&mut self, tag: &Tag, expected: &'static str) -> Result<(), MalformedResponse> {
        match self.open(tag)? {
            Some(Content::Full) => Ok(()),
            _ => Err(self.error(expected)),
        }
    }

    /// Consumes the closing tag.
    ///
    /// # Errors
    /// If something else comes next; `expected` names what was expected.
    pub(super) fn require_close(&mut self, tag: &Tag, expected: &'static str) -> Result<(), MalformedResponse> {
        if self.close(tag)? { Ok(()) } else { Err(self.error(expected)) }
    }

    /// The name of the opening tag at the cursor; consumes nothing.
    fn tag_name(&self) -> Option<&'a str> {
        let body = self.rest.strip_prefix('<')?;
        let end = body.bytes().take(64).position(|byte| matches!(byte, b'>' | b'/' | 0..=b' '))?;
        body.get(..end).filter(|name| !name.is_empty())
    }

    /// Consumes any opening tag.
    pub(super) fn open_any(&mut self) -> Result<(&'a str, Content), MalformedResponse> {
        let name = self.tag_name().ok_or_else(|| self.error("an opening tag"))?;
        let attributes = self.rest.get(1 + name.len()..).unwrap_or_default();
        let end = end_of_tag(attributes).ok_or_else(|| self.error("an end of the tag"))?;
        let inside = attributes.get(..end).unwrap_or_default();
        self.rest = attributes.get(end + 1..).unwrap_or_default();
        Ok((name, if inside.ends_with('/') { Content::Empty } else { Content::Full }))
    }

    /// Consumes the closing tag in any form, and what may precede it, if it comes next.
    #[inline(always)]
    pub(super) fn close(&mut self, tag: &Tag) -> Result<bool, MalformedResponse> {
        if self.consume(tag.close) {
            self.skip_line_feed();
            return Ok(true);
        }
        self.close_unusual(tag)
    }

    fn close_unusual(&mut self, tag: &Tag) -> Result<bool, MalformedResponse> {
        self.skip_between()?;
        Ok(self.consume(tag.close) || self.close_named(tag.name))
    }

    /// Consumes `</name>`, with or without white space before `>`.
    pub(super) fn close_named(&mut self, name: &str) -> bool {
        let after = self.rest.strip_prefix("</").and_then(|rest| rest.strip_prefix(name));
        match after.and_then(|rest| rest.trim_start_matches(|c: char| c <= ' ').strip_prefix('>')) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    /// Whether a closing tag comes next.
    #[inline]
    pub(super) fn is_at_close(&self) -> bool {
        self.rest.starts_with("</")
    }

    /// The text up to the next tag.
    #[inline]
    pub(super) fn text(&mut self) -> Result<Cow<'a, str>, MalformedResponse> {
        let text = self.run()?;
        match self.rest.as_bytes() {
            [_, b'!' | b'?', ..] => self.text_among_markup(text.into_owned()),
            _ => Ok(text),
        }
    }

    /// The text up to the next `<`, with resolved references.
    #[inline]
    fn run(&mut self) -> Result<Cow<'a, str>, MalformedResponse> {
        let split = memchr(b'<', self.rest.as_bytes()).and_then(|end| self.rest.split_at_checked(end));
        let (raw, rest) = split.ok_or_else(|| self.error("a tag after the text"))?;
        let text = if raw.bytes().fold(false, |found, byte| found | is_special(byte)) {
            Cow::Owned(self.resolve(raw)?)
        } else {
            Cow::Borrowed(raw)
        };
        self.rest = rest;
        Ok(text)
    }

    /// The rest of a text that contains a comment or CDATA.
    #[cold]
    fn text_among_markup(&mut self, mut text: String) -> Result<Cow<'a, str>, MalformedResponse> {
        while let [b'<', b'!' | b'?', ..] = self.rest.as_bytes() {
            if self.rest.starts_with("<![CDATA[") {
                let inside = self.take_through("<![CDATA[", "]]>")?;
                text.extend(inside.chars().filter(|c| !is_stray(*c)));
            } else {
                self.skip_markup()?;
            }
            text.push_str(&self.run()?);
        }
        Ok(Cow::Owned(text))
    }

    /// Resolves references and removes control characters.
    #[cold]
    fn resolve(&self, raw: &str) -> Result<String, MalformedResponse> {
        let mut text = String::with_capacity(raw.len());
        let mut rest = raw;
        loop {
            let plain = REFERENCES_AND_CONTROLS.plain_length(rest.as_bytes());
            let (plain, special) = rest.split_at_checked(plain).unwrap_or((rest, ""));
            text.push_str(plain);
            let mut characters = special.chars();
            rest = match characters.next() {
                None => return Ok(text),
                Some('&') => {
                    let (character, tail) = resolve_reference(characters.as_str())
                        .ok_or_else(|| self.error("a known entity or character reference"))?;
                    text.push(character);
                    tail
                }
                Some(control) => {
                    text.extend(Some(control).filter(|control| !is_stray(*control)));
                    characters.as_str()
                }
            };
        }
    }
}

#[inline]
fn is_special(byte: u8) -> bool {
    byte == b'&' || (byte < b' ' && byte != b'\t' && byte != b'\n' && byte != b'\r')
}

fn is_stray(character: char) -> bool {
    character < ' ' && !matches!(character, '\t' | '\n' | '\r')
}

/// The character for the reference that begins after `&`, and the text after its `;`.
fn resolve_reference(reference: &str) -> Option<(char, &str)> {
    // Python writes only these.
    for (name, character) in [("amp;", '&'), ("lt;", '<'), ("gt;", '>')] {
        if let Some(tail) = reference.strip_prefix(name) {
            return Some((character, tail));
        }
    }
    let end = reference.bytes().take(12).position(|byte| byte == b';')?;
    let name = reference.get(..end)?;
    let character = match name {
        "quot" => '"',
        "apos" => '\'',
        _ => character_of(name.strip_prefix('#')?)?,
    };
    Some((character, reference.get(end + 1..)?))
}

fn character_of(number: &str) -> Option<char> {
    let (digits, radix) = match number.strip_prefix('x') {
        Some(digits) => (digits, 16),
        None => (number, 10),
    };
    let unsigned = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    let code = unsigned.then(|| u32::from_str_radix(digits, radix).ok())??;
    char::from_u32(code).filter(|character| !is_stray(*character) && !matches!(character, '\u{fffe}' | '\u{ffff}'))
}

/// The position of the `>` that ends the tag, ignoring those in quoted attributes.
fn end_of_tag(attributes: &str) -> Option<usize> {
    let mut quote = None;
    attributes.bytes().position(|byte| {
        match (quote, byte) {
            (None, b'>') => return true,
            (None, b'"' | b'\'') => quote = Some(byte),
            (Some(open), byte) if open == byte => quote = None,
            _ => {}
        }
        false
    })
}
