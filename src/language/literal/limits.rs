//! The limits of a literal: depth, values, bytes.
//!
//! In: where the text comes from. Out: [`Limits`]. Must not know: the grammar.

use super::body_values::BodyValues;
use crate::language::syntax_error::SyntaxError;

/// The maximum number of nested brackets of any kind, wherever a text comes from.
pub(super) const MAX_DEPTH: usize = 32;
/// The maximum number of values in a parameter of the query string.
const MAX_QUERY_VALUES: usize = 10_000;
/// The maximum length of a parameter of the query string, in bytes.
const MAX_QUERY_BYTES: usize = 64 * 1024;

/// The limits of a literal.
#[derive(Debug, Clone, Copy)]
pub struct Limits<'b>(Source<'b>);

/// Where a text comes from.
#[derive(Debug, Clone, Copy)]
enum Source<'b> {
    /// A query string or a header.
    Query,
    /// A body. The body limit bounds its length.
    Body(&'b BodyValues),
    /// The configuration, or a text that was parsed before.
    Trusted,
}

impl Limits<'static> {
    /// For a parameter of the query string: depth 32, 10,000 values, 64 KiB.
    #[must_use]
    pub const fn query() -> Self {
        Self(Source::Query)
    }

    /// For a text that no client sent: depth 32.
    #[must_use]
    pub const fn trusted() -> Self {
        Self(Source::Trusted)
    }
}

impl<'b> Limits<'b> {
    /// For a text in a body: depth 32, and as many values as the body may still contain.
    #[must_use]
    pub const fn body(values: &'b BodyValues) -> Self {
        Self(Source::Body(values))
    }

    /// The maximum number of values in the text, containers included.
    pub(super) fn values(self) -> usize {
        match self.0 {
            Source::Query => MAX_QUERY_VALUES,
            Source::Body(values) => values.remaining(),
            Source::Trusted => usize::MAX,
        }
    }

    /// The limit of the complete body, which errors name; `None` if the text is not part of a body.
    pub(super) fn body_values(self) -> Option<usize> {
        match self.0 {
            Source::Body(values) => Some(values.max()),
            Source::Query | Source::Trusted => None,
        }
    }

    /// Counts values that were parsed.
    pub(super) fn record(self, values: usize) {
        if let Source::Body(body) = self.0 {
            body.record(values);
        }
    }

    /// Counts the items of a list without brackets, before they are parsed. A query is too short for too many.
    pub(in super::super) fn count_items(self, items: usize) -> Result<(), SyntaxError> {
        let Source::Body(body) = self.0 else { return Ok(()) };
        if items > body.remaining() {
            let expected = format!("at most {} values in a body", body.max());
            return Err(SyntaxError::too_many(expected, format!("{items} more")));
        }
        body.record(items);
        Ok(())
    }

    pub(in super::super) fn check_length(self, text: &str) -> Result<(), SyntaxError> {
        match self.0 {
            Source::Query if text.len() > MAX_QUERY_BYTES => {
                let found = format!("{} bytes", text.len());
                let error = SyntaxError::new(1, format!("at most {MAX_QUERY_BYTES} bytes"), found);
                Err(error.with_hint("send long literals in the request body"))
            }
            _ => Ok(()),
        }
    }
}
