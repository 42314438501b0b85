//! Literals: JSON, otherwise a Python literal, parsed into one tree. Nothing is ever evaluated.
//!
//! ```text
//! json      = RFC 8259; the complete text; strings without lone surrogates
//! python    = value { "," value } [ "," ]             several values, or a comma: a list
//! value     = list | tuple | dict | text | number | "True" | "False" | "None" | "true" | "false" | "null"
//! list      = "[" [ items ] "]"
//! tuple     = "(" [ items ] ")"                        "(" value ")" is the value
//! items     = value { "," value } [ "," ]
//! dict      = "{" [ pair { "," pair } [ "," ] ] "}"    a repeated key: the last value, in the first place
//! pair      = value ":" value                          the key is a string
//! text      = piece { piece }                          concatenated; all or none of them bytes
//! piece     = [ prefix ] ( "'" … "'" | '"' … '"' | "'''" … "'''" | '"""' … '"""' )
//! prefix    = "u" | "r" | "b" | "rb" | "br"            in either case; bytes are UTF-8 text
//! number    = [ "+" | "-" ] ( integer | float )        as in Python, without "j" and leading zeros
//! ```
//!
//! In: decoded text. Out: a [`Value`] whose strings borrow from the text if they contain no escapes. Must not know:
//! the meaning of the tree. One pass per notation, linear, recursion limited by [`Limits::depth`].
//!
//! Rejected, unlike in Python's `ast.literal_eval`: sets, complex numbers, `...`, comments, `\N{…}`, lone surrogates,
//! keys that are not strings, integers over 64 bits, floats that are not finite, leading zeros, `-(1)`.

mod containers;
mod error;
mod locate;
mod number;
mod parser;
mod print;
mod text_json;
mod text_python;

pub use locate::locate;
pub use print::print;

use crate::language::syntax_error::SyntaxError;
use crate::value::Value;
use error::LiteralError;
use parser::{Notation, Parser};

/// The maximum number of values in one request body.
pub const MAX_VALUES: usize = 1_000_000;

/// The limits of a literal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The maximum number of nested brackets of any kind.
    pub depth: usize,
    /// The maximum number of values in the text, containers included.
    pub nodes: usize,
    /// The maximum length of the text in bytes; `None` if the body limit was already applied.
    pub bytes: Option<usize>,
}

impl Limits {
    /// For a parameter of the query string: depth 32, 10,000 values, 64 KiB.
    #[must_use]
    pub const fn query() -> Self {
        Self { depth: 32, nodes: 10_000, bytes: Some(64 * 1024) }
    }

    /// For forms and JSON bodies, whose length the body limit bounds: depth 32, 1,000,000 values.
    #[must_use]
    pub const fn body() -> Self {
        Self { depth: 32, nodes: MAX_VALUES, bytes: None }
    }

    /// The same, after this many values of the body were parsed elsewhere.
    #[must_use]
    pub const fn body_after(values: usize) -> Self {
        Self { depth: 32, nodes: MAX_VALUES.saturating_sub(values), bytes: None }
    }

    pub(super) fn check_length(self, text: &str) -> Result<(), SyntaxError> {
        match self.bytes {
            Some(most) if text.len() > most => {
                let error = SyntaxError::new(1, format!("at most {most} bytes"), format!("{} bytes", text.len()));
                Err(error.with_hint("send long literals in the request body"))
            }
            _ => Ok(()),
        }
    }
}

/// Parses JSON, otherwise a Python literal.
///
/// # Errors
/// `text` is neither, or exceeds `limits`. The error is that of the notation that got further.
pub fn parse(text: &str, limits: Limits) -> Result<Value<'_>, SyntaxError> {
    limits.check_length(text)?;
    Parser::new(text, Notation::Json, limits)
        .parse_document()
        .or_else(|json| {
            // A text with too many values in one notation is not parsed again in the other.
            if json.is_too_many() {
                return Err(json);
            }
            Parser::new(text, Notation::Python, limits).parse_document().map_err(|python| further_error(json, python))
        })
        .map_err(|error| error.explain(text))
}

/// Parses strict JSON (RFC 8259): a request body.
///
/// # Errors
/// `text` is not JSON, contains integers over 64 bits or lone surrogates, or exceeds `limits`.
pub fn parse_json(text: &str, limits: Limits) -> Result<Value<'_>, SyntaxError> {
    limits.check_length(text)?;
    Parser::new(text, Notation::Json, limits).parse_document().map_err(|error| error.explain(text))
}

/// Whether a list of names, ids or an order is a literal, by its first character.
pub(super) fn is_literal(text: &str) -> bool {
    text.trim_start().starts_with(['[', '(', '\'', '"'])
}

/// The error to report if a text fits neither notation. Python is nearly a superset of JSON and gets at least as far,
/// except where JSON gives a meaning to `\ud83d\ude00`.
fn further_error(json: Box<LiteralError>, python: Box<LiteralError>) -> Box<LiteralError> {
    if json.offset > python.offset { json } else { python }
}

#[cfg(test)]
mod tests;
