//! The literal reader: JSON, or else a Python literal, into one tree. Nothing is ever evaluated.
//!
//! In: decoded text. Out: a [`Value`] whose texts borrow from it wherever they stand there unescaped.
//! Must not know: what the tree means. One pass a dialect, linear, recursion bounded by [`Limits::depth`].
//!
//! ```text
//! json      = RFC 8259; whole text, texts without lone surrogates
//! python    = value { "," value } [ "," ]             more than one, or a comma: a list
//! value     = list | tuple | dict | text | number | "True" | "False" | "None" | "true" | "false" | "null"
//! list      = "[" [ items ] "]"
//! tuple     = "(" [ items ] ")"                        "(" value ")" is the value
//! items     = value { "," value } [ "," ]
//! dict      = "{" [ pair { "," pair } [ "," ] ] "}"    a key twice: the last value, in the first place
//! pair      = value ":" value                          the key is a text
//! text      = piece { piece }                          joined; all or none of them bytes
//! piece     = [ prefix ] ( "'" … "'" | '"' … '"' | "'''" … "'''" | '"""' … '"""' )
//! prefix    = "u" | "r" | "b" | "rb" | "br"            in either case; bytes are UTF-8 text
//! number    = [ "+" | "-" ] ( integer | float )        Python's, without "j" and leading zeros
//! ```
//!
//! Refused, unlike in Python's own `ast.literal_eval`: sets, complex numbers, `...`, comments, `\N{…}`, lone
//! surrogates, keys that are no text, integers over 64 bits, floats that are not finite, leading zeros, `-(1)`.

mod containers;
mod locate;
mod number;
mod parse_error;
mod print;
mod reader;
mod text_json;
mod text_python;

pub use locate::locate;
pub use print::print;

use crate::language::error::SyntaxError;
use crate::value::Value;
use parse_error::Mistake;
use reader::{Dialect, Reader};

/// The most values of one request body.
pub const MOST_VALUES: usize = 1_000_000;

/// What a literal may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Brackets open at one time, of any kind.
    pub depth: usize,
    /// Values in the whole text, containers included.
    pub nodes: usize,
    /// Length of the text in bytes; `None` where the body limit was applied already.
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
        Self { depth: 32, nodes: MOST_VALUES, bytes: None }
    }

    /// The same, when so many values of the body were read elsewhere.
    #[must_use]
    pub const fn body_after(values: usize) -> Self {
        Self { depth: 32, nodes: MOST_VALUES.saturating_sub(values), bytes: None }
    }

    pub(super) fn check_length(self, text: &str) -> Result<(), SyntaxError> {
        match self.bytes {
            Some(most) if text.len() > most => {
                let error = SyntaxError::new(1, format!("at most {most} bytes"), format!("{} bytes", text.len()));
                Err(error.hint("send long literals in the request body"))
            }
            _ => Ok(()),
        }
    }
}

/// Reads JSON, or else a Python literal.
///
/// # Errors
/// When `text` is neither, or more than `limits` allow. Of the two dialects the one that got farther speaks.
pub fn read(text: &str, limits: Limits) -> Result<Value<'_>, SyntaxError> {
    limits.check_length(text)?;
    Reader::new(text, Dialect::Json, limits)
        .document()
        .or_else(|json| {
            // What is too much in one dialect is not read again in the other.
            if json.is_too_many() {
                return Err(json);
            }
            Reader::new(text, Dialect::Python, limits).document().map_err(|python| farther(json, python))
        })
        .map_err(|mistake| mistake.explain(text))
}

/// Reads strict JSON (RFC 8259): a request body.
///
/// # Errors
/// When `text` is not JSON, has integers over 64 bits or lone surrogates, or more than `limits` allow.
pub fn read_json(text: &str, limits: Limits) -> Result<Value<'_>, SyntaxError> {
    limits.check_length(text)?;
    Reader::new(text, Dialect::Json, limits).document().map_err(|mistake| mistake.explain(text))
}

/// Whether a list of names, ids or an order is a literal: by its first character.
pub(super) fn is_literal(text: &str) -> bool {
    text.trim_start().starts_with(['[', '(', '\'', '"'])
}

/// The mistake to show when a text is neither dialect. Python is nearly a superset of JSON and so gets at least as
/// far, except where JSON has a meaning for `\ud83d\ude00`.
fn farther(json: Box<Mistake>, python: Box<Mistake>) -> Box<Mistake> {
    if json.at > python.at { json } else { python }
}

#[cfg(test)]
mod tests;
