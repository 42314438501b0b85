//! What a caller gives for records: a tree, or the texts and files of a form.
//!
//! In: what a family read. Out: [`Values`], which the planner turns into a tree that Odoo takes. Must not know: fields.

use crate::value::Value;

/// Values as a caller gives them, and the name that they have in the request.
#[derive(Debug, Clone, PartialEq)]
pub struct Values {
    pub(super) parameter: &'static str,
    pub(super) said: Said,
    pub(super) empty_list: EmptyList,
}

/// What an empty list means in a relation to many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum EmptyList {
    /// No commands: nothing changes, as in Odoo.
    #[default]
    Nothing,
    /// No records.
    Clears,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Said {
    /// With types: JSON or a literal.
    Tree(Value<'static>),
    /// Without: what each text means depends on its field.
    Form(Vec<(String, Entry)>),
}

/// One entry of a form.
#[derive(Debug, Clone, PartialEq)]
pub enum Entry {
    /// What was typed.
    Text(String),
    /// The content of a file, in base64.
    File(String),
}

impl Values {
    /// Values with types, which stand in `parameter`.
    #[must_use]
    pub fn tree(parameter: &'static str, tree: Value<'static>) -> Self {
        Self { parameter, said: Said::Tree(tree), empty_list: EmptyList::default() }
    }

    /// The same, where an empty list in a relation to many means this.
    #[must_use]
    pub fn empty_list(self, empty_list: EmptyList) -> Self {
        Self { empty_list, ..self }
    }

    /// The name that they have in the request.
    #[must_use]
    pub(in crate::plan) fn parameter(&self) -> &'static str {
        self.parameter
    }

    /// The entries of a form, each of which is a field.
    #[must_use]
    pub fn form(entries: Vec<(String, Entry)>) -> Self {
        Self { parameter: "body", said: Said::Form(entries), empty_list: EmptyList::default() }
    }
}
