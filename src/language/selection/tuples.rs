//! The tuple notation of configured schemas.
//!
//! ```text
//! schema = items                                       a literal; "#" begins a comment
//! items  = "[" item { "," item } [ "," ] "]"           or in round brackets; at most 8 deep
//! item   = name | "(" name "," behind ")"
//! behind = items                                       ('partner_id', ('id', 'name')): one record
//!        | "[" items "]"                               ('order_line', [('id', 'name')]): many
//! ```
//!
//! In: text. Out: a selection, or the first mistake. Must not know: which fields there are. The literal reader does not
//! tell lists from tuples, and the field's own type says whether it leads to one record or to many; what stands in
//! double brackets is told from a tuple with one relation in it by its form ([`is_relation`]).

use super::level::{Clash, Level};
use super::{DEEPEST, Item, Selection};
use crate::language::error::{SyntaxError, TreeError};
use crate::language::literal::{self, Limits};
use crate::names::FieldName;
use crate::value::Value;

const A_FIELD: &str = "a field, or a relation as ('partner_id', ('id', 'name'))";

pub(super) fn read(text: &str) -> Result<Selection, SyntaxError> {
    let text = without_comments(text);
    let tree = literal::read(&text, Limits::body())?;
    items(&tree, 1).map_err(|error| error.in_text(&text))
}

fn items(tree: &Value<'_>, depth: usize) -> Result<Selection, TreeError> {
    if depth > DEEPEST {
        return Err(TreeError::new(format!("at most {DEEPEST} levels of records"), "one more"));
    }
    let items = match tree {
        Value::List(items) if !items.is_empty() => items,
        Value::List(_) => return Err(TreeError::new("at least one field", "an empty list")),
        other => return Err(TreeError::unfit("a list of fields", other)),
    };
    let mut level = Level::default();
    for (index, tree) in items.iter().enumerate() {
        let item = item(tree, depth).map_err(|error| error.below(index))?;
        level.add(item).map_err(|clash| refuse(&clash, tree).below(index))?;
    }
    Ok(level.into_selection())
}

fn item(tree: &Value<'_>, depth: usize) -> Result<Item, TreeError> {
    match tree {
        Value::Text(_) => Ok(Item::Field { name: name(tree)?, within: None }),
        Value::List(pair) => match pair.as_slice() {
            [field, within @ Value::List(_)] => {
                let name = name(field).map_err(|error| error.below(0))?;
                let within = behind(within, depth + 1).map_err(|error| error.below(1))?;
                Ok(Item::Field { name, within: Some(within) })
            }
            [Value::Text(_), Value::Text(_)] => {
                Err(TreeError::unfit(A_FIELD, tree).hint("a tuple of one needs a comma: ('partner_id', ('name',))"))
            }
            _ => Err(TreeError::unfit(A_FIELD, tree)),
        },
        other => Err(TreeError::unfit(A_FIELD, other)),
    }
}

fn behind(tree: &Value<'_>, depth: usize) -> Result<Selection, TreeError> {
    match tree.as_list() {
        Some([many @ Value::List(_)]) if !is_relation(many) => items(many, depth).map_err(|error| error.below(0)),
        _ => items(tree, depth),
    }
}

/// Whether this is a name and what stands behind it, and not the fields of a record: `('a', ('b', ('c',)))` are the
/// fields `a` and `b`, the latter with what is behind it.
fn is_relation(tree: &Value<'_>) -> bool {
    matches!(tree.as_list(), Some([Value::Text(_), behind @ Value::List(_)]) if !is_relation(behind))
}

fn name(tree: &Value<'_>) -> Result<FieldName, TreeError> {
    let text = tree.as_text().map(str::trim).unwrap_or_default();
    FieldName::parse(text).map_err(|_| TreeError::unfit("the name of a field", tree))
}

fn refuse(clash: &Clash, tree: &Value<'_>) -> TreeError {
    let name = match tree {
        Value::List(pair) => pair.first().unwrap_or(tree),
        tree => tree,
    };
    TreeError::unfit(clash.expected, name)
}

/// The text with a space for each character of a comment, so that places stay what they are.
fn without_comments(text: &str) -> String {
    let (mut quote, mut comment) = (None, false);
    let blank = |letter: char| {
        match (quote, letter) {
            _ if comment => comment = letter != '\n' && letter != '\r',
            (Some(open), _) if open == letter => quote = None,
            (None, '\'' | '"') => quote = Some(letter),
            (None, '#') => comment = true,
            _ => {}
        }
        if comment { ' ' } else { letter }
    };
    text.chars().map(blank).collect()
}
