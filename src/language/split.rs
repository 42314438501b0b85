//! Parts of a text that keep their position, for errors.
//!
//! In: text that is separated by commas. Out: [`Part`]s. Must not know: their meaning.

use crate::language::syntax_error::{SyntaxError, position, quote_head};

/// The maximum number of names in a body, and in a list of names. A name costs more memory than a value, and no model
/// has so many fields.
pub const MAX_NAMES: usize = 100_000;

/// A part of a text, without surrounding space.
#[derive(Debug, Clone, Copy)]
pub(super) struct Part<'a> {
    pub(super) text: &'a str,
    full_text: &'a str,
    /// The byte offset in the full text.
    offset: usize,
}

/// The number of parts between the commas of a text.
pub(super) fn count_parts(text: &str) -> usize {
    text.bytes().filter(|byte| *byte == b',').count() + 1
}

/// Requires that a list has at most [`MAX_NAMES`] names, before they are parsed: two bytes of text become a name of
/// many times that size.
pub(super) fn check_names(names: usize) -> Result<(), SyntaxError> {
    if names <= MAX_NAMES {
        return Ok(());
    }
    Err(SyntaxError::too_many(format!("at most {MAX_NAMES} names"), names.to_string()))
}

/// Splits a text at its commas. A blank text has no parts.
pub(super) fn split_at_commas(full_text: &str) -> impl Iterator<Item = Part<'_>> {
    let blank = full_text.trim().is_empty();
    let all = Part { text: full_text, full_text, offset: 0 };
    all.split(|letter| letter == ',').map(Part::trim).filter(move |_| !blank)
}

impl<'a> Part<'a> {
    /// The full text as one part.
    pub(super) fn from_text(full_text: &'a str) -> Self {
        Self { text: full_text, full_text, offset: 0 }.trim()
    }

    /// The words between spaces.
    pub(super) fn words(self) -> impl Iterator<Item = Part<'a>> {
        self.split(|letter| letter.is_ascii_whitespace()).filter(|word| !word.text.is_empty())
    }

    /// Whether this is the keyword, in any case.
    pub(super) fn is_keyword(self, keyword: &str) -> bool {
        self.text.eq_ignore_ascii_case(keyword)
    }

    /// An empty part at the end of this one.
    pub(super) fn end(self) -> Self {
        Self { text: "", offset: self.offset + self.text.len(), ..self }
    }

    /// The error for a part that does not fit.
    pub(super) fn unexpected(self, expected: impl Into<String>) -> SyntaxError {
        let found = match self.text.char_indices().nth(64) {
            _ if self.text.is_empty() => quote_head(self.full_text.get(self.offset..).unwrap_or_default()),
            Some((cut, _)) => format!("\"{}…\"", self.text.get(..cut).unwrap_or_default()),
            None => format!("\"{}\"", self.text),
        };
        SyntaxError::new(position(self.full_text, self.offset), expected, found)
    }

    /// `separator` must only match characters of one byte.
    fn split(self, separator: fn(char) -> bool) -> impl Iterator<Item = Part<'a>> {
        let mut offset = self.offset;
        self.text.split(separator).map(move |text| {
            let part = Self { text, offset, ..self };
            offset += text.len() + 1;
            part
        })
    }

    fn trim(self) -> Self {
        let text = self.text.trim_start();
        Self { text: text.trim_end(), offset: self.offset + self.text.len() - text.len(), ..self }
    }
}
