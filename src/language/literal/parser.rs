//! The parser state for one text, and the parsers of documents, values and keywords.
//!
//! In: text, notation, limits. Out: values, or the first error. Must not know: the meaning of the values. The space
//! after every token is skipped, so each parser starts at its first byte.

use std::borrow::Cow;

use super::error::{LiteralError, ParseResult};
use super::limits::Limits;
use crate::language::syntax_error::SPLIT_HINT;
use crate::value::Value;

/// The notation of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Notation {
    /// RFC 8259.
    Json,
    /// Python literals, and `true`, `false`, `null`.
    Python,
}

/// A position in a text, and the limits that remain.
#[derive(Debug)]
pub(super) struct Parser<'a> {
    pub(super) text: &'a str,
    pub(super) offset: usize,
    pub(super) notation: Notation,
    pub(super) depth: usize,
    /// Whether a key that occurs twice in an object is an error. Otherwise its last value counts, as in Python.
    pub(super) unique_keys: bool,
    /// The values so far.
    values: usize,
    max_values: usize,
    /// The limit of the body that the text is part of.
    max_body_values: Option<usize>,
}

impl<'a> Parser<'a> {
    pub(super) fn new(text: &'a str, notation: Notation, limits: Limits<'_>) -> Self {
        Self {
            text,
            offset: 0,
            notation,
            depth: 0,
            unique_keys: false,
            values: 0,
            max_values: limits.values(),
            max_body_values: limits.body_values(),
        }
    }

    /// The number of values so far.
    pub(super) fn values(&self) -> usize {
        self.values
    }

    /// The number of values that may follow.
    pub(super) fn remaining_values(&self) -> usize {
        self.max_values.saturating_sub(self.values)
    }

    /// Parses the complete text as one value.
    pub(super) fn parse_document(&mut self) -> ParseResult<Value<'a>> {
        match self.parse_roots(Self::parse_value)? {
            (only, None) => Ok(only),
            (first, Some(others)) => Ok(std::iter::once(first).chain(others).collect()),
        }
    }

    /// Parses the complete text, its values by `item`: one, and in Python all that follow a comma.
    pub(super) fn parse_roots<T>(
        &mut self,
        item: impl Fn(&mut Self) -> ParseResult<T>,
    ) -> ParseResult<(T, Option<Vec<T>>)> {
        self.skip_space();
        let first = item(self)?;
        let mut others = None;
        while self.is_python() && self.consume(b',') {
            let others = others.get_or_insert_with(Vec::new);
            if self.peek().is_some() {
                others.push(item(self)?);
            }
        }
        self.expect_end().map(|()| (first, others))
    }

    /// Parses one value and the following space.
    pub(super) fn parse_value(&mut self) -> ParseResult<Value<'a>> {
        self.count_value()?;
        self.parse_uncounted()
    }

    /// The same for a key, which counts as part of its member.
    pub(super) fn parse_uncounted(&mut self) -> ParseResult<Value<'a>> {
        match self.peek() {
            Some(b'"') => self.parse_text().map(Value::Text),
            Some(b'[') => self.parse_items(b']', Self::parse_value).map(|(items, _)| Value::List(items)),
            Some(b'{') => self.parse_members(Self::parse_value).map(Value::Map),
            Some(b'-' | b'0'..=b'9') => self.parse_number(),
            Some(b'\'') if self.is_python() => self.parse_text().map(Value::Text),
            Some(b'(') if self.is_python() => self.parse_tuple(),
            Some(b'+' | b'.') if self.is_python() && !self.rest().starts_with("..") => self.parse_number(),
            Some(b'A'..=b'Z' | b'a'..=b'z' | b'_') => self.parse_word(),
            _ => Err(self.missing_value()),
        }
    }

    fn parse_text(&mut self) -> ParseResult<Cow<'a, str>> {
        match self.notation {
            Notation::Json => self.parse_json_text(),
            Notation::Python => self.parse_python_text(),
        }
    }

    fn parse_word(&mut self) -> ParseResult<Value<'a>> {
        if self.is_python() && self.opens_text() {
            return self.parse_text().map(Value::Text);
        }
        let letters = self.rest().bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count();
        let value = match (self.slice(self.offset, self.offset + letters), self.notation) {
            ("true", _) | ("True", Notation::Python) => Value::Bool(true),
            ("false", _) | ("False", Notation::Python) => Value::Bool(false),
            ("null", _) | ("None", Notation::Python) => Value::Null,
            _ => return Err(self.missing_value()),
        };
        self.offset += letters;
        self.skip_space();
        Ok(value)
    }

    /// A hint for what was found where a value should have ended.
    pub(super) fn missing_comma_hint(&self) -> Option<&'static str> {
        match self.peek()? {
            b'+' | b'-' | b'*' | b'/' | b'%' | b'|' | b'&' | b'(' | b'.' => {
                Some("expressions are not evaluated: write the value itself")
            }
            b'#' => Some("comments are not accepted"),
            _ => None,
        }
    }

    fn expect_end(&self) -> ParseResult<()> {
        match self.peek() {
            None => Ok(()),
            Some(_) => Err(LiteralError::new(self.offset, "the end of the text").hint(self.missing_comma_hint())),
        }
    }

    fn count_value(&mut self) -> ParseResult<()> {
        self.values += 1;
        if self.values <= self.max_values { Ok(()) } else { Err(self.too_many_values()) }
    }

    #[cold]
    fn too_many_values(&self) -> Box<LiteralError> {
        let error = |expected: String| LiteralError::new(self.offset, expected).found("one more");
        match self.max_body_values {
            None => error(format!("at most {} values", self.max_values)),
            Some(max) => error(format!("at most {max} values in a body")).too_many().hint(Some(SPLIT_HINT)),
        }
    }

    fn missing_value(&self) -> Box<LiteralError> {
        LiteralError::new(self.offset, "a value").hint(self.missing_value_hint())
    }

    fn missing_value_hint(&self) -> Option<&'static str> {
        let rest = self.rest();
        let first = rest.chars().next()?;
        match first {
            '\'' | 'T' | 'F' | 'N' | '(' if !self.is_python() => {
                Some("this must be JSON: \"text\", true, false, null, [...]")
            }
            'N' | 'I' | 'n' | 'i' if is_non_finite_name(rest) => Some("only finite numbers are accepted"),
            '_' | 'a'..='z' | 'A'..='Z' => Some("strings need quotes, and expressions are not evaluated"),
            '“' | '”' | '‘' | '’' | '«' | '»' => Some("strings need straight quotes, \" or '"),
            '#' => Some("comments are not accepted"),
            _ => None,
        }
    }

    pub(super) fn is_python(&self) -> bool {
        self.notation == Notation::Python
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.offset).copied()
    }

    /// The rest of the text.
    pub(super) fn rest(&self) -> &'a str {
        self.text.get(self.offset..).unwrap_or_default()
    }

    /// The text between two byte offsets at character boundaries.
    pub(super) fn slice(&self, from: usize, to: usize) -> &'a str {
        self.text.get(from..to).unwrap_or_default()
    }

    /// Consumes `byte` and the following space, if it is next.
    pub(super) fn consume(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        if found {
            self.offset += 1;
            self.skip_space();
        }
        found
    }

    pub(super) fn skip_space(&mut self) {
        while let Some(byte) = self.peek() {
            self.offset += match byte {
                b' ' | b'\n' | b'\r' | b'\t' => 1,
                b'\x0c' if self.is_python() => 1,
                b'\\' if self.is_python() => match line_break_len(self.slice(self.offset + 1, self.text.len())) {
                    0 => return,
                    length => 1 + length,
                },
                _ => return,
            };
        }
    }
}

/// The length in bytes of the line break at the start of `rest`; 0 without one.
pub(super) fn line_break_len(rest: &str) -> usize {
    match rest.as_bytes() {
        [b'\r', b'\n', ..] => 2,
        [b'\r' | b'\n', ..] => 1,
        _ => 0,
    }
}

fn is_non_finite_name(rest: &str) -> bool {
    ["NaN", "nan", "Infinity", "inf"].iter().any(|name| rest.starts_with(name))
}
