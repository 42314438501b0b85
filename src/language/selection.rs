//! Selections: which fields of a record are wanted, and which of the records behind its relations.
//!
//! In: text, of the language of braces or in the tuple notation of configured schemas. Out: a [`Selection`]. Must not
//! know: which fields there are, which of them are relations, versions of the server.
//!
//! ```text
//! braces    {id, name}   {*}   {-password}   {company_id{name}}   {*, partner_id{-email}}
//! tuples    ['id', ('partner_id', ('id', 'name')), ('order_line', [('id', 'name')])]
//! level     what both have in common: each block once, naming and leaving out not mixed
//! ```

mod braces;
mod level;
#[cfg(test)]
mod tests;
mod tuples;

use std::fmt;

use crate::language::error::{SyntaxError, TreeError};
use crate::language::literal::Limits;
use crate::names::FieldName;
use crate::value::Value;

/// Records may be selected this far behind each other; the outermost counts.
const DEEPEST: usize = 8;

/// What is wanted of a record. A level with any [`Item::Except`] means all fields but those.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Selection {
    /// What is named, in the order in which it is wanted.
    pub items: Vec<Item>,
    /// Fields the model lacks are left out instead of refused (configured schemas).
    pub lenient: bool,
}

/// One wish of a selection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Item {
    /// `*`
    All,
    /// `-name`
    Except(FieldName),
    /// `name` or `name{…}`
    Field {
        /// The field.
        name: FieldName,
        /// What is wanted of the records it leads to; `None`: the field as it stands.
        within: Option<Selection>,
    },
}

impl Selection {
    /// Reads the language of braces, `{id, partner_id{name}}`.
    ///
    /// # Errors
    /// When `text` is outside the grammar, or more than `limits` allow.
    pub fn read(text: &str, limits: Limits) -> Result<Self, SyntaxError> {
        limits.check_length(text)?;
        braces::read(text)
    }

    /// Reads the text of a parameter from a tree.
    ///
    /// # Errors
    /// When it is no text, or as [`Selection::read`].
    pub fn from_value(value: &Value<'_>) -> Result<Self, TreeError> {
        match value {
            Value::Text(text) => Ok(Self::read(text, Limits::body())?),
            other => Err(TreeError::unfit("a selection such as {id, name}", other)),
        }
    }

    /// Every field, relations as they stand.
    #[must_use]
    pub fn all() -> Self {
        Self { items: vec![Item::All], lenient: false }
    }

    /// Reads a schema that an administrator wrote, in braces or in tuples; it is lenient on every level.
    ///
    /// # Errors
    /// When `text` is neither.
    pub fn read_schema(text: &str) -> Result<Self, SyntaxError> {
        let selection = if text.trim_start().starts_with('{') { braces::read(text) } else { tuples::read(text) };
        selection.map(Self::made_lenient)
    }

    fn made_lenient(self) -> Self {
        let items = self.items.into_iter().map(|item| match item {
            Item::Field { name, within } => Item::Field { name, within: within.map(Self::made_lenient) },
            item => item,
        });
        Self { items: items.collect(), lenient: true }
    }
}

/// In braces, as it can be read again.
impl fmt::Display for Selection {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("{")?;
        for (index, item) in self.items.iter().enumerate() {
            write!(out, "{}{item}", if index == 0 { "" } else { ", " })?;
        }
        out.write_str("}")
    }
}

impl fmt::Display for Item {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => out.write_str("*"),
            Self::Except(name) => write!(out, "-{name}"),
            Self::Field { name, within: None } => name.fmt(out),
            Self::Field { name, within: Some(within) } => write!(out, "{name}{within}"),
        }
    }
}
