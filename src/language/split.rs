//! Pieces of a text that know where they stand, so that they can be refused there.
//!
//! In: text that is separated by commas. Out: [`Part`]s. Must not know: what they mean.

use crate::language::error::{SyntaxError, position, quote_head};

/// A piece of a text, without the space around it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Part<'a> {
    pub(super) text: &'a str,
    whole: &'a str,
    /// Byte offset into the whole.
    at: usize,
}

/// What stands between the commas; nothing when there is only space.
pub(super) fn parts(whole: &str) -> impl Iterator<Item = Part<'_>> {
    let blank = whole.trim().is_empty();
    let all = Part { text: whole, whole, at: 0 };
    all.split(|letter| letter == ',').map(Part::trim).filter(move |_| !blank)
}

impl<'a> Part<'a> {
    /// The whole text as one part.
    pub(super) fn of(whole: &'a str) -> Self {
        Self { text: whole, whole, at: 0 }.trim()
    }

    /// What stands between the spaces.
    pub(super) fn words(self) -> impl Iterator<Item = Part<'a>> {
        self.split(|letter| letter.is_ascii_whitespace()).filter(|word| !word.text.is_empty())
    }

    /// Whether this is the keyword, in any case.
    pub(super) fn is(self, keyword: &str) -> bool {
        self.text.eq_ignore_ascii_case(keyword)
    }

    /// The place behind it.
    pub(super) fn end(self) -> Self {
        Self { text: "", at: self.at + self.text.len(), ..self }
    }

    /// `expected` instead of this part.
    pub(super) fn refuse(self, expected: impl Into<String>) -> SyntaxError {
        let found = match self.text.char_indices().nth(64) {
            _ if self.text.is_empty() => quote_head(self.whole.get(self.at..).unwrap_or_default()),
            Some((cut, _)) => format!("\"{}…\"", self.text.get(..cut).unwrap_or_default()),
            None => format!("\"{}\"", self.text),
        };
        SyntaxError::new(position(self.whole, self.at), expected, found)
    }

    /// `separator` is for characters of one byte.
    fn split(self, separator: fn(char) -> bool) -> impl Iterator<Item = Part<'a>> {
        let mut at = self.at;
        self.text.split(separator).map(move |text| {
            let part = Self { text, at, ..self };
            at += text.len() + 1;
            part
        })
    }

    fn trim(self) -> Self {
        let text = self.text.trim_start();
        Self { text: text.trim_end(), at: self.at + self.text.len() - text.len(), ..self }
    }
}
