//! Models whose records belong to records of any other model, named in a field: attachments, messages, activities.
//!
//! In: domains and values of such a model. Out: nothing, or a refusal, when the plan cannot see that the owner is within
//! the scope. Must not know: what the records hold. All of them are administrative, so a rule had to name them; that alone
//! would still show the attachments of every model.
//!
//! A search must be pinned: its domain is a plain conjunction in which the owner's model is compared, by `=` or `in`,
//! with models that may be read (or with nothing: attachments that belong to nobody). What goes by id cannot be pinned,
//! and is for scopes that may read every model that is not administrative.

use std::fmt::Display;

use super::Guard;
use crate::language::domain::{Domain, Item, Operator, Term, TermValue};
use crate::names::ModelName;
use crate::plan::metadata::PlanError;
use crate::plan::schema::Schema;
use crate::plan::scope::{Operation, delegated_by};
use crate::value::Value;

/// Models and the field that names the owner's model, Odoo 14..19.
const OWNERS: [(&str, &str); 16] = [
    ("ir.attachment", "res_model"),
    ("ir.model.data", "model"),
    ("mail.activity", "res_model"),
    ("mail.activity.schedule", "res_model"),
    ("mail.compose.message", "model"),
    ("mail.followers", "res_model"),
    ("mail.followers.edit", "res_model"),
    ("mail.mail", "model"),
    ("mail.message", "model"),
    ("mail.scheduled.message", "model"),
    ("mail.wizard.invite", "res_model"),
    ("payment.link.wizard", "res_model"),
    ("portal.share", "res_model"),
    ("rating.rating", "res_model"),
    ("sms.composer", "res_model"),
    ("snailmail.letter", "model"),
];

/// The field is inherited with the records, so what delegates to such a model has it too.
fn owner_field(model: &ModelName) -> Option<&'static str> {
    let listed = OWNERS.iter().find(|(name, _)| *name == model.as_str()).map(|(_, field)| *field);
    listed.or_else(|| delegated_by(model).find_map(|to| owner_field(&to)))
}

/// Checks that a search stays with owners within the scope.
///
/// # Errors
/// 403 `scope_forbidden`, saying how to pin it.
pub(in crate::plan) fn check_search(
    guard: Guard<'_>,
    model: &ModelName,
    domain: &Domain<'_>,
    parameter: &str,
) -> Result<(), PlanError> {
    if guard.reads_every_model() {
        return Ok(());
    }
    let Some(field) = owner_field(model).filter(|field| !is_pinned(guard, field, domain)) else { return Ok(()) };
    let what = format!(
        "may search {model} only with ['{field}', '=', a model that it may read], and without the operators | and !"
    );
    Err(guard.unclear(&parameter, &what))
}

/// Checks that records of this model may be reached without a domain.
///
/// # Errors
/// 403 `scope_forbidden`.
pub(in crate::plan) fn check_ids(guard: Guard<'_>, model: &ModelName) -> Result<(), PlanError> {
    check_ids_at(guard, model, &"id")
}

/// Checks that records of this model may be reached by the ids that stand at some place of the request.
///
/// # Errors
/// As [`check_ids`].
pub(super) fn check_ids_at(guard: Guard<'_>, model: &ModelName, at: &dyn Display) -> Result<(), PlanError> {
    if guard.reads_every_model() {
        return Ok(());
    }
    let Some(field) = owner_field(model) else { return Ok(()) };
    let what = format!("may reach {model} only by a search with ['{field}', '=', a model that it may read]");
    Err(guard.unclear(at, &what))
}

/// Checks the owner that a value names.
///
/// # Errors
/// 403 `scope_forbidden`.
pub(in crate::plan) fn check_value(
    guard: Guard<'_>,
    schema: &Schema,
    name: &str,
    value: &Value<'_>,
    at: &dyn Display,
) -> Result<(), PlanError> {
    if guard.is_open() || owner_field(&schema.model) != Some(name) || names_owner_within(guard, value) {
        return Ok(());
    }
    Err(guard.unclear(at, &format!("may not read the model that is named here, {}", value.excerpt(60))))
}

fn is_pinned(guard: Guard<'_>, field: &str, domain: &Domain<'_>) -> bool {
    let is_conjunction = !domain.items().iter().any(|item| matches!(item, Item::Or | Item::Not));
    is_conjunction && domain.terms().any(|(_, term)| pins(guard, field, term))
}

fn pins(guard: Guard<'_>, field: &str, term: &Term<'_>) -> bool {
    match (&term.value, term.operator) {
        _ if term.path.as_str() != field => false,
        (TermValue::Value(Value::List(models)), Operator::In) => models.iter().all(|m| names_owner_within(guard, m)),
        (TermValue::Value(model), Operator::Equal) => names_owner_within(guard, model),
        _ => false,
    }
}

fn names_owner_within(guard: Guard<'_>, value: &Value<'_>) -> bool {
    match value.as_text().map(ModelName::parse) {
        Some(Ok(model)) => guard.allows(&model, Operation::Read),
        Some(Err(_)) => false,
        None => value.is_empty_word(),
    }
}
