//! A mistake as the readers note it: cheap to make, because the JSON attempt fails on every Python literal.
//!
//! In: byte offsets and what the grammar wanted. Out: a [`SyntaxError`] in characters and words, made once, at the end.

use std::borrow::Cow;

use crate::language::error::{SyntaxError, position, quote_head};

/// What a reader could not read.
#[derive(Debug)]
pub(super) struct Mistake {
    /// Byte offset into the text, at a character.
    pub(super) at: usize,
    expected: Cow<'static, str>,
    /// What came, where the text at `at` does not show it.
    found: Option<&'static str>,
    /// What was open: where, and how it bears on what was expected.
    open: Option<(usize, &'static str)>,
    hint: Option<&'static str>,
    /// The text is too much to be read, whatever else is wrong with it.
    too_many: bool,
}

/// What a reader answers. Boxed, so that the good case stays small.
pub(super) type Reading<T> = Result<T, Box<Mistake>>;

impl Mistake {
    pub(super) fn new(at: usize, expected: impl Into<Cow<'static, str>>) -> Box<Self> {
        Box::new(Self { at, expected: expected.into(), found: None, open: None, hint: None, too_many: false })
    }

    pub(super) fn found(mut self: Box<Self>, found: &'static str) -> Box<Self> {
        self.found = Some(found);
        self
    }

    /// The body holds more values than any may.
    pub(super) fn too_many(mut self: Box<Self>) -> Box<Self> {
        self.too_many = true;
        self
    }

    /// Whether it was that.
    pub(super) fn is_too_many(&self) -> bool {
        self.too_many
    }

    pub(super) fn hint(mut self: Box<Self>, hint: Option<&'static str>) -> Box<Self> {
        self.hint = self.hint.or(hint);
        self
    }

    /// What was expected would have closed the bracket or quote at `opener`.
    pub(super) fn closing(mut self: Box<Self>, opener: usize) -> Box<Self> {
        self.open = Some((opener, "to close"));
        self
    }

    /// The bracket at `opener` was open. The innermost one that is told stays.
    pub(super) fn inside(mut self: Box<Self>, opener: usize) -> Box<Self> {
        self.open = self.open.or(Some((opener, "inside")));
        self
    }

    /// The mistake in the words and positions of `text`, the text that was read.
    pub(super) fn explain(self, text: &str) -> SyntaxError {
        let rest = |at: usize| text.get(at..).unwrap_or_default();
        let found = self.found.map_or_else(|| quote_head(rest(self.at)), str::to_owned);
        let mut expected = self.expected.into_owned();
        if let Some((opener, how)) = self.open {
            let bracket = rest(opener).chars().next().unwrap_or_default();
            expected = format!("{expected} {how} the {bracket} at position {}", position(text, opener));
        }
        let mut error = SyntaxError::new(position(text, self.at), expected, found);
        error.too_many = self.too_many;
        match self.hint {
            Some(hint) => error.hint(hint),
            None => error,
        }
    }
}
