//! Where a node of a tree stands in the text from which the tree was read.
//!
//! In: a text that could be read, and the way to a node. Out: its position. Only for errors: the text is
//! walked again, so that the trees of good requests need not carry positions.

use super::Limits;
use super::parse_error::{Mistake, Reading};
use super::reader::{Dialect, Reader};
use crate::language::error::position;

/// The position (characters, from 1) of the node that is reached by child indexes: the index of an item of a
/// list, or of a member of a map, where it means the member's value. `None` when there is no such node.
#[must_use]
pub fn locate(text: &str, path: &[usize]) -> Option<usize> {
    let dialect =
        [Dialect::Json, Dialect::Python].into_iter().find(|dialect| reader(text, *dialect).document().is_ok())?;
    let mut steps = path.iter();
    let mut at = match reader(text, dialect).roots(offset).ok()? {
        (only, None) => only,
        (first, Some(others)) => match steps.next() {
            None | Some(0) => first,
            Some(step) => *others.get(step - 1)?,
        },
    };
    for step in steps {
        let mut parent = reader(text, dialect);
        parent.at = at;
        at = *children(&mut parent).ok()?.get(*step)?;
    }
    Some(position(text, at))
}

fn reader(text: &str, dialect: Dialect) -> Reader<'_> {
    Reader::new(text, dialect, Limits::body())
}

/// Passes over a value and says where it began.
fn offset(reader: &mut Reader<'_>) -> Reading<usize> {
    let start = reader.at;
    reader.value().map(|_| start)
}

/// Where the children of the value here begin, in the order of the tree.
fn children(parent: &mut Reader<'_>) -> Reading<Vec<usize>> {
    match parent.peek() {
        Some(b'[') => parent.items(b']', offset).map(|(items, _)| items),
        Some(b'{') => parent.members(offset).map(|members| members.into_iter().map(|(_, at)| at).collect()),
        Some(b'(') => match parent.items(b')', offset)? {
            // Brackets around one value are not there for the tree.
            (items, false) if items.len() == 1 => {
                parent.at = items.into_iter().next().unwrap_or_default();
                children(parent)
            }
            (items, _) => Ok(items),
        },
        _ => Err(Mistake::new(parent.at, "a value that holds others")),
    }
}
