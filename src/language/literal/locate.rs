//! The position of a node in the text that its tree was parsed from.
//!
//! In: a text that can be parsed, and the path to a node. Out: the position. Must not know: the error. Only used for
//! errors: the text is parsed again, so that the trees of valid requests need no positions.

use super::Limits;
use super::error::{LiteralError, ParseResult};
use super::parser::{Notation, Parser};
use crate::language::syntax_error::position;

/// The position (in characters, from 1) of the node at a path of child indexes: the index of a list item, or of a map
/// member, for which it is the member's value. `None` if the node does not exist.
#[must_use]
pub fn locate(text: &str, path: &[usize]) -> Option<usize> {
    let notation = [Notation::Json, Notation::Python]
        .into_iter()
        .find(|notation| parser(text, *notation).parse_document().is_ok())?;
    let mut steps = path.iter();
    let mut at = match parser(text, notation).parse_roots(value_offset).ok()? {
        (only, None) => only,
        (first, Some(others)) => match steps.next() {
            None | Some(0) => first,
            Some(step) => *others.get(step - 1)?,
        },
    };
    for step in steps {
        let mut parent = parser(text, notation);
        parent.offset = at;
        at = *children(&mut parent).ok()?.get(*step)?;
    }
    Some(position(text, at))
}

fn parser(text: &str, notation: Notation) -> Parser<'_> {
    Parser::new(text, notation, Limits::trusted())
}

/// Parses a value and returns its offset.
fn value_offset(parser: &mut Parser<'_>) -> ParseResult<usize> {
    let start = parser.offset;
    parser.parse_value().map(|_| start)
}

/// The offsets of the children of the value, in the order of the tree.
fn children(parent: &mut Parser<'_>) -> ParseResult<Vec<usize>> {
    match parent.peek() {
        Some(b'[') => parent.parse_items(b']', value_offset).map(|(items, _)| items),
        Some(b'{') => parent.parse_members(value_offset).map(|members| members.into_iter().map(|(_, at)| at).collect()),
        Some(b'(') => match parent.parse_items(b')', value_offset)? {
            // Parentheses around one value are not a node of the tree.
            (items, false) if items.len() == 1 => {
                parent.offset = items.into_iter().next().unwrap_or_default();
                children(parent)
            }
            (items, _) => Ok(items),
        },
        _ => Err(LiteralError::new(parent.offset, "a list, tuple or dictionary")),
    }
}
