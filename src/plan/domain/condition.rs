//! The condition on one field, after its value was checked: one comparison, or several.
//!
//! In: operators and values. Out: an [`Operand`] of a domain. Must not know: types.

use crate::language::domain::{FieldPath, Operand, Operator, Term, TermValue};
use crate::value::Value;

/// A condition on one field.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Condition {
    /// One comparison.
    Compare(Operator, Value<'static>),
    /// All of these; always true without any.
    All(Vec<Condition>),
    /// One of these; never true without any.
    Any(Vec<Condition>),
}

impl Condition {
    /// The field has a value, or does not.
    pub(super) fn is_set(set: bool) -> Self {
        Self::Compare(if set { Operator::NotEqual } else { Operator::Equal }, Value::Bool(false))
    }

    /// The condition on the field at the end of `path`.
    pub(super) fn into_operand(self, path: &FieldPath<'static>) -> Operand<'static> {
        match self {
            Self::Compare(operator, value) => {
                Operand::term(Term { path: path.clone(), operator, value: TermValue::Value(value) })
            }
            Self::All(conditions) => Operand::all_of(each(conditions, path)),
            Self::Any(conditions) => Operand::any_of(each(conditions, path)),
        }
    }
}

fn each(conditions: Vec<Condition>, path: &FieldPath<'static>) -> Vec<Operand<'static>> {
    conditions.into_iter().map(|condition| condition.into_operand(path)).collect()
}
