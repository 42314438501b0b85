//! What a caller gives for records: a tree, or the texts and files of a form.
//!
//! In: what a family read. Out: [`Values`], which the planner turns into a tree that Odoo takes. Must not know: fields.

use crate::value::Value;

/// Values as a caller gives them, and the name that they have in the request.
#[derive(Debug, Clone, PartialEq)]
pub struct Values {
    pub(super) parameter: &'static str,
    pub(super) said: Said,
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
        Self { parameter, said: Said::Tree(tree) }
    }

    /// The name that they have in the request.
    #[must_use]
    pub(in crate::plan) fn parameter(&self) -> &'static str {
        self.parameter
    }

    /// The entries of a form, each of which is a field.
    #[must_use]
    pub fn form(entries: Vec<(String, Entry)>) -> Self {
        Self { parameter: "body", said: Said::Form(entries) }
    }
}
