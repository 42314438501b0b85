//! Models whose records belong to records of any other model, named in a field: attachments, messages, activities.
//!
//! In: domains and values of such a model. Out: nothing, or a rejection if the owner is not provably within the
//! scope. Must not know: what the records contain. All of these models are administrative, so a rule must name them;
//! without this check such a rule would expose the attachments of every model.
//!
//! A search must name the owner's model: its domain is a plain conjunction that compares the owner field by `=` or
//! `in` with models that the scope can read (or with no model: attachments without an owner). Access by id cannot
//! name an owner and needs a scope that can read every model that is not administrative.

use std::fmt::Display;

use super::ScopeCheck;
use crate::language::domain::{Domain, DomainItem, Operator, Term, TermValue};
use crate::names::ModelName;
use crate::plan::error::PlanError;
use crate::plan::model_schema::Schema;
use crate::plan::scope::{Operation, delegated_by};
use crate::value::Value;

/// Each model with the field that names the owner's model, Odoo 14-19.
const OWNER_FIELDS: [(&str, &str); 16] = [
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

/// Models that delegate to such a model inherit the field.
fn owner_field(model: &ModelName) -> Option<&'static str> {
    let listed = OWNER_FIELDS.iter().find(|(name, _)| *name == model.as_str()).map(|(_, field)| *field);
    listed.or_else(|| delegated_by(model).find_map(|to| owner_field(&to)))
}

/// Checks that a search is limited to owners within the scope.
///
/// # Errors
/// 403 `scope_forbidden`. The detail describes the required condition.
pub(in crate::plan) fn check_search(
    scope_check: ScopeCheck<'_>,
    model: &ModelName,
    domain: &Domain<'_>,
    parameter: &str,
) -> Result<(), PlanError> {
    if scope_check.can_read_every_model() {
        return Ok(());
    }
    let Some(field) = owner_field(model).filter(|field| !is_restricted_to_owners(scope_check, field, domain)) else {
        return Ok(());
    };
    let what = format!(
        "this search of `{model}`: add the condition ['{field}', '=', a model that the credential can read], and do \
         not use the operators | and !"
    );
    Err(scope_check.forbidden(&parameter, &what))
}

/// Checks access to records of this model without a domain.
///
/// # Errors
/// 403 `scope_forbidden`.
pub(in crate::plan) fn check_ids(scope_check: ScopeCheck<'_>, model: &ModelName) -> Result<(), PlanError> {
    check_ids_at(scope_check, model, &"id")
}

/// Checks access to records of this model by the ids at a place in the request.
///
/// # Errors
/// As [`check_ids`].
pub(super) fn check_ids_at(scope_check: ScopeCheck<'_>, model: &ModelName, at: &dyn Display) -> Result<(), PlanError> {
    if scope_check.can_read_every_model() {
        return Ok(());
    }
    let Some(field) = owner_field(model) else { return Ok(()) };
    let what = format!("access to `{model}` by id: search with ['{field}', '=', a model that the credential can read]");
    Err(scope_check.forbidden(at, &what))
}

/// Checks the owner model that a value names.
///
/// # Errors
/// 403 `scope_forbidden`.
pub(in crate::plan) fn check_value(
    scope_check: ScopeCheck<'_>,
    schema: &Schema,
    name: &str,
    value: &Value<'_>,
    at: &dyn Display,
) -> Result<(), PlanError> {
    if scope_check.is_unrestricted()
        || owner_field(&schema.model) != Some(name)
        || is_readable_owner(scope_check, value)
    {
        return Ok(());
    }
    Err(scope_check.forbidden(at, &format!("`read` on the model that is named here, {}", value.excerpt(60))))
}

fn is_restricted_to_owners(scope_check: ScopeCheck<'_>, field: &str, domain: &Domain<'_>) -> bool {
    let is_conjunction = !domain.items().iter().any(|item| matches!(item, DomainItem::Or | DomainItem::Not));
    is_conjunction && domain.terms().any(|(_, term)| restricts_owner(scope_check, field, term))
}

fn restricts_owner(scope_check: ScopeCheck<'_>, field: &str, term: &Term<'_>) -> bool {
    match (&term.value, term.operator) {
        _ if term.path.as_str() != field => false,
        (TermValue::Value(Value::List(models)), Operator::In) => {
            models.iter().all(|m| is_readable_owner(scope_check, m))
        }
        (TermValue::Value(model), Operator::Equal) => is_readable_owner(scope_check, model),
        _ => false,
    }
}

fn is_readable_owner(scope_check: ScopeCheck<'_>, value: &Value<'_>) -> bool {
    match value.as_text().map(ModelName::parse) {
        Some(Ok(model)) => scope_check.allows(&model, Operation::Read),
        Some(Err(_)) => false,
        None => value.is_null_or_false(),
    }
}
