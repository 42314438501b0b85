//! Selections: the requested fields of a record and of its related records.
//!
//! ```text
//! braces  {id, name}   {*}   {-password}   {company_id{name}}   {*, partner_id{-email}}
//! tuples  ['id', ('partner_id', ('id', 'name')), ('order_line', [('id', 'name')])]
//! level   the rules of both: nested fields only once per field, naming and excluding not mixed
//! ```
//!
//! In: text in brace notation, or in the tuple notation of configured schemas. Out: a [`Selection`]. Must not know:
//! which fields exist, which of them are relations, versions of the server.

mod braces;
mod level;
#[cfg(test)]
mod tests;
mod tuples;

use std::fmt;

use crate::language::literal::Limits;
use crate::language::split::{check_names, count_parts};
use crate::language::syntax_error::SyntaxError;
use crate::language::tree_error::TreeError;
use crate::names::FieldName;
use crate::value::Value;

/// The maximum number of nested levels, including the outermost.
const MAX_DEPTH: usize = 8;

/// The requested fields of a record. A level with any [`SelectionItem::Except`] means all fields except those.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Selection {
    /// The items, in the requested order.
    pub items: Vec<SelectionItem>,
    /// Whether unknown fields are left out instead of rejected (configured schemas).
    pub lenient: bool,
}

/// One item of a selection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SelectionItem {
    /// `*`
    All,
    /// `-name`
    Except(FieldName),
    /// `name` or `name{…}`
    Field {
        /// The field.
        name: FieldName,
        /// The selection of the related records; `None`: the field itself.
        nested: Option<Selection>,
    },
}

impl Selection {
    /// Parses brace notation, `{id, partner_id{name}}`.
    ///
    /// # Errors
    /// `text` is outside the grammar, exceeds `limits`, or has too many names.
    pub fn parse(text: &str, limits: Limits<'_>) -> Result<Self, SyntaxError> {
        limits.check_length(text)?;
        check_names(count_parts(text))?;
        braces::parse(text)
    }

    /// Parses the text of a parameter.
    ///
    /// # Errors
    /// `value` is not a string, or as [`Selection::parse`].
    pub fn from_value(value: &Value<'_>) -> Result<Self, TreeError> {
        match value {
            Value::Text(text) => Ok(Self::parse(text, Limits::trusted())?),
            other => Err(TreeError::mismatch("a selection such as {id, name}", other)),
        }
    }

    /// Every field, without nested fields.
    #[must_use]
    pub fn all() -> Self {
        Self { items: vec![SelectionItem::All], lenient: false }
    }

    /// Parses a configured schema, in braces or tuples; every level is lenient.
    ///
    /// # Errors
    /// `text` is neither.
    pub fn parse_schema(text: &str) -> Result<Self, SyntaxError> {
        let selection = if text.trim_start().starts_with('{') { braces::parse(text) } else { tuples::parse(text) };
        selection.map(Self::into_lenient)
    }

    fn into_lenient(self) -> Self {
        let items = self.items.into_iter().map(|item| match item {
            SelectionItem::Field { name, nested } => {
                SelectionItem::Field { name, nested: nested.map(Self::into_lenient) }
            }
            item => item,
        });
        Self { items: items.collect(), lenient: true }
    }
}

/// In brace notation, which can be parsed again.
impl fmt::Display for Selection {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("{")?;
        for (index, item) in self.items.iter().enumerate() {
            write!(out, "{}{item}", if index == 0 { "" } else { ", " })?;
        }
        out.write_str("}")
    }
}

impl fmt::Display for SelectionItem {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => out.write_str("*"),
            Self::Except(name) => write!(out, "-{name}"),
            Self::Field { name, nested: None } => name.fmt(out),
            Self::Field { name, nested: Some(nested) } => write!(out, "{name}{nested}"),
        }
    }
}
