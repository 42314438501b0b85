//! The tuple notation of configured schemas.
//!
//! ```text
//! schema  = items                                      a literal; "#" starts a comment
//! items   = "[" item { "," item } [ "," ] "]"          or in parentheses; at most 8 levels
//! item    = name | "(" name "," related ")"
//! related = items                                      ('partner_id', ('id', 'name')): one record
//!         | "[" items "]"                              ('order_line', [('id', 'name')]): several
//! ```
//!
//! In: text. Out: a selection, or the first error. Must not know: which fields exist. The literal parser does not
//! distinguish lists from tuples, and the type of the field decides whether it has one related record or several.
//! Double brackets are distinguished from a tuple with a single relation by their form ([`is_relation`]).

use super::level::{Conflict, Level};
use super::{MAX_DEPTH, Selection, SelectionItem};
use crate::language::literal::{self, Limits};
use crate::language::syntax_error::SyntaxError;
use crate::language::tree_error::TreeError;
use crate::names::FieldName;
use crate::value::Value;

const A_FIELD: &str = "a field, or a relation such as ('partner_id', ('id', 'name'))";

pub(super) fn parse(text: &str) -> Result<Selection, SyntaxError> {
    let text = without_comments(text);
    let tree = literal::parse(&text, Limits::trusted())?;
    parse_items(&tree, 1).map_err(|error| error.in_text(&text))
}

fn parse_items(tree: &Value<'_>, depth: usize) -> Result<Selection, TreeError> {
    if depth > MAX_DEPTH {
        return Err(TreeError::new(format!("at most {MAX_DEPTH} levels of records"), "one more"));
    }
    let items = match tree {
        Value::List(items) if !items.is_empty() => items,
        Value::List(_) => return Err(TreeError::new("at least one field", "an empty list")),
        other => return Err(TreeError::mismatch("a list of fields", other)),
    };
    let mut level = Level::default();
    for (index, tree) in items.iter().enumerate() {
        let item = parse_item(tree, depth).map_err(|error| error.below(index))?;
        level.add(item).map_err(|conflict| conflict_error(&conflict, tree).below(index))?;
    }
    Ok(level.into_selection())
}

fn parse_item(tree: &Value<'_>, depth: usize) -> Result<SelectionItem, TreeError> {
    match tree {
        Value::Text(_) => Ok(SelectionItem::Field { name: parse_name(tree)?, nested: None }),
        Value::List(pair) => match pair.as_slice() {
            [field, nested @ Value::List(_)] => {
                let name = parse_name(field).map_err(|error| error.below(0))?;
                let nested = parse_related(nested, depth + 1).map_err(|error| error.below(1))?;
                Ok(SelectionItem::Field { name, nested: Some(nested) })
            }
            [Value::Text(_), Value::Text(_)] => Err(TreeError::mismatch(A_FIELD, tree)
                .with_hint("a tuple with one element needs a comma: ('partner_id', ('name',))")),
            _ => Err(TreeError::mismatch(A_FIELD, tree)),
        },
        other => Err(TreeError::mismatch(A_FIELD, other)),
    }
}

fn parse_related(tree: &Value<'_>, depth: usize) -> Result<Selection, TreeError> {
    match tree.as_list() {
        Some([many @ Value::List(_)]) if !is_relation(many) => parse_items(many, depth).map_err(|error| error.below(0)),
        _ => parse_items(tree, depth),
    }
}

/// Whether this is a name with nested fields, and not the fields of a record: `('a', ('b', ('c',)))` are the fields
/// `a` and `b`, the latter with nested fields.
fn is_relation(tree: &Value<'_>) -> bool {
    matches!(tree.as_list(), Some([Value::Text(_), related @ Value::List(_)]) if !is_relation(related))
}

fn parse_name(tree: &Value<'_>) -> Result<FieldName, TreeError> {
    let text = tree.as_text().map(str::trim).unwrap_or_default();
    FieldName::parse(text).map_err(|_| TreeError::mismatch("the name of a field", tree))
}

fn conflict_error(conflict: &Conflict, tree: &Value<'_>) -> TreeError {
    let name = match tree {
        Value::List(pair) => pair.first().unwrap_or(tree),
        tree => tree,
    };
    TreeError::mismatch(conflict.expected, name)
}

/// The text with a space for each character of a comment, so that positions do not change.
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
