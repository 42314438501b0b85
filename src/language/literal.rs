//! Literals: JSON, otherwise a Python literal, parsed into one tree. Nothing is ever evaluated.
//!
//! ```text
//! json      = RFC 8259; the complete text; strings without lone surrogates
//! python    = value { "," value } [ "," ]             several values, or a comma: a list
//! value     = list | tuple | dict | text | number | "True" | "False" | "None" | "true" | "false" | "null"
//! list      = "[" [ items ] "]"
//! tuple     = "(" [ items ] ")"                        "(" value ")" is the value
//! items     = value { "," value } [ "," ]
//! dict      = "{" [ pair { "," pair } [ "," ] ] "}"    a repeated key: the last value, in its first place;
//!                                                      in a request body: an error
//! pair      = value ":" value                          the key is a string
//! text      = piece { piece }                          concatenated; all or none of them bytes
//! piece     = [ prefix ] ( "'" … "'" | '"' … '"' | "'''" … "'''" | '"""' … '"""' )
//! prefix    = "u" | "r" | "b" | "rb" | "br"            in either case; bytes are UTF-8 text
//! number    = [ "+" | "-" ] ( integer | float )        as in Python, without "j" and leading zeros
//! ```
//!
//! In: decoded text. Out: a [`Value`] whose strings borrow from the text if they contain no escapes. Must not know:
//! the meaning of the tree. One pass per notation, linear. [`Limits`] bound the recursion, and the values, which are
//! counted while they are parsed.
//!
//! Rejected, unlike in Python's `ast.literal_eval`: sets, complex numbers, `...`, comments, `\N{…}`, lone surrogates,
//! keys that are not strings, integers over 64 bits, floats that are not finite, leading zeros, `-(1)`.

mod body_values;
mod containers;
mod error;
mod limits;
mod locate;
mod number;
mod parser;
mod print;
mod text_json;
mod text_python;

pub use body_values::BodyValues;
pub use limits::Limits;
pub use locate::locate;
pub use print::print;

use crate::language::syntax_error::SyntaxError;
use crate::value::Value;
use error::{LiteralError, ParseResult};
use parser::{Notation, Parser};

/// Parses JSON, otherwise a Python literal.
///
/// # Errors
/// `text` is neither, or exceeds `limits`. The error is that of the notation that got further.
pub fn parse<'t>(text: &'t str, limits: Limits<'_>) -> Result<Value<'t>, SyntaxError> {
    limits.check_length(text)?;
    parse_document(Parser::new(text, Notation::Json, limits), limits)
        .or_else(|json| {
            // A text with too many values in one notation is not parsed again in the other.
            if json.is_too_many() {
                return Err(json);
            }
            let python = Parser::new(text, Notation::Python, limits);
            parse_document(python, limits).map_err(|python| further_error(json, python))
        })
        .map_err(|error| error.explain(text))
}

/// Parses strict JSON (RFC 8259): a request body.
///
/// # Errors
/// `text` is not JSON, contains integers over 64 bits, lone surrogates or an object in which a name occurs twice, or
/// exceeds `limits`.
pub fn parse_json<'t>(text: &'t str, limits: Limits<'_>) -> Result<Value<'t>, SyntaxError> {
    limits.check_length(text)?;
    let mut parser = Parser::new(text, Notation::Json, limits);
    parser.unique_keys = true;
    parse_document(parser, limits).map_err(|error| error.explain(text))
}

/// Parses the complete text. The values of a text that is rejected do not count.
fn parse_document<'t>(mut parser: Parser<'t>, limits: Limits<'_>) -> ParseResult<Value<'t>> {
    let value = parser.parse_document()?;
    limits.record(parser.values());
    Ok(value)
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
