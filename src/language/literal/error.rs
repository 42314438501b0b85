//! Errors during parsing: cheap to create, because the JSON attempt fails on every Python literal.
//!
//! In: byte offsets and expectations. Out: a [`SyntaxError`] with positions in characters, created once, at the end.
//! Must not know: the grammar.

use std::borrow::Cow;

use crate::language::syntax_error::{SyntaxError, position, quote_head};

/// An error of the literal parser.
#[derive(Debug)]
pub(super) struct LiteralError {
    /// The byte offset in the text, at a character boundary.
    pub(super) offset: usize,
    expected: Cow<'static, str>,
    /// What was found, if the text at the offset does not show it.
    found: Option<Cow<'static, str>>,
    /// The open bracket or quote: its offset, and how it relates to what was expected.
    open: Option<(usize, &'static str)>,
    hint: Option<&'static str>,
    /// The text has too many values, whatever else is wrong with it.
    too_many: bool,
}

/// The result of a parser. The error is boxed to keep the success case small.
pub(super) type ParseResult<T> = Result<T, Box<LiteralError>>;

impl LiteralError {
    pub(super) fn new(offset: usize, expected: impl Into<Cow<'static, str>>) -> Box<Self> {
        Box::new(Self { offset, expected: expected.into(), found: None, open: None, hint: None, too_many: false })
    }

    pub(super) fn found(mut self: Box<Self>, found: impl Into<Cow<'static, str>>) -> Box<Self> {
        self.found = Some(found.into());
        self
    }

    /// Marks the error as too many values in the body.
    pub(super) fn too_many(mut self: Box<Self>) -> Box<Self> {
        self.too_many = true;
        self
    }

    /// Whether the body has too many values.
    pub(super) fn is_too_many(&self) -> bool {
        self.too_many
    }

    pub(super) fn hint(mut self: Box<Self>, hint: Option<&'static str>) -> Box<Self> {
        self.hint = self.hint.or(hint);
        self
    }

    /// The expected token would have closed the bracket or quote at `opener`.
    pub(super) fn closing(mut self: Box<Self>, opener: usize) -> Box<Self> {
        self.open = Some((opener, "to close"));
        self
    }

    /// The bracket at `opener` was open. Only the innermost one is reported.
    pub(super) fn inside(mut self: Box<Self>, opener: usize) -> Box<Self> {
        self.open = self.open.or(Some((opener, "inside")));
        self
    }

    /// The error with positions in `text`, the text that was parsed.
    pub(super) fn explain(self, text: &str) -> SyntaxError {
        let rest = |at: usize| text.get(at..).unwrap_or_default();
        let found = self.found.map_or_else(|| quote_head(rest(self.offset)), Cow::into_owned);
        let mut expected = self.expected.into_owned();
        if let Some((opener, how)) = self.open {
            let bracket = rest(opener).chars().next().unwrap_or_default();
            expected = format!("{expected} {how} the {bracket} at position {}", position(text, opener));
        }
        let mut error = SyntaxError::new(position(text, self.offset), expected, found);
        error.too_many = self.too_many;
        match self.hint {
            Some(hint) => error.with_hint(hint),
            None => error,
        }
    }
}
