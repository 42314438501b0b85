//! The values of a request: a tree, or the fields and files of a form.
//!
//! In: what a dialect parsed. Out: [`Values`], which the planner converts to the tree that Odoo expects. Must not
//! know: fields of the model.

use crate::language::literal::BodyValues;
use crate::value::Value;

/// The values of a request, and the name of the parameter that contains them.
#[derive(Debug, Clone, PartialEq)]
pub struct Values {
    pub(super) parameter: &'static str,
    pub(super) input: ValuesInput,
    pub(super) empty_list: EmptyList,
}

/// The meaning of an empty list in an x2many field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum EmptyList {
    /// No commands: nothing changes, as in Odoo.
    #[default]
    Nothing,
    /// No records: the field is cleared.
    Clears,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum ValuesInput {
    /// Typed values: JSON or a literal.
    Tree(Value<'static>),
    /// Untyped form fields: the type of the model's field decides how each one is parsed. The literals in them count
    /// against the limit of the body.
    Form(Vec<(String, FormEntry)>, BodyValues),
}

/// One field of a form.
#[derive(Debug, Clone, PartialEq)]
pub enum FormEntry {
    /// Text.
    Text(String),
    /// The content of a file, in base64.
    File(String),
}

impl Values {
    /// Typed values of the parameter `parameter`.
    #[must_use]
    pub fn from_tree(parameter: &'static str, tree: Value<'static>) -> Self {
        Self { parameter, input: ValuesInput::Tree(tree), empty_list: EmptyList::default() }
    }

    /// The same values, with this meaning of empty x2many lists.
    #[must_use]
    pub fn with_empty_list(self, empty_list: EmptyList) -> Self {
        Self { empty_list, ..self }
    }

    /// The name of the parameter that contains them.
    #[must_use]
    pub(in crate::plan) fn parameter(&self) -> &'static str {
        self.parameter
    }

    /// The fields of a form, and the values that its body contains and may still contain.
    #[must_use]
    pub fn from_form(entries: Vec<(String, FormEntry)>, body: BodyValues) -> Self {
        Self { parameter: "body", input: ValuesInput::Form(entries, body), empty_list: EmptyList::default() }
    }
}
