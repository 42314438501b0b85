//! Models whose records are records of another model too (`_inherits`), told by their fields.
//!
//! In: a model whose fields are known. Out: nothing, or a refusal, when it delegates to an administrative model that the
//! scope does not reach. Must not know: which add-ons there are. Of the community's models a table knows it before
//! anything is looked at; this is for all others.
//!
//! A model that delegates has every field of the other one: those that it does not define itself are shown through a
//! required many2one, under the same name. That is so on Odoo 14..19.

use std::fmt::Display;

use super::{Guard, polymorphic};
use crate::names::{FieldName, ModelName};
use crate::plan::metadata::{Known, PlanError, schema_of};
use crate::plan::schema::{Field, FieldType, Schema};
use crate::plan::scope::{Operation, delegated_by, reaches_further};

/// Asks for what a model delegates to.
///
/// # Errors
/// 403 `scope_forbidden`, or a schema that is lacking.
pub(super) fn check(
    guard: Guard<'_>,
    known: &dyn Known,
    schema: &Schema,
    operation: Operation,
    at: &dyn Display,
) -> Result<(), PlanError> {
    for (name, field) in schema.fields() {
        let Some(model) = leads_to_administrative(field, schema) else { continue };
        if shows_through(schema, name) && has_every_field(schema, &*schema_of(known, model)?) {
            guard.model(model, operation, at)?;
            polymorphic::check_ids_at(guard, model, at)?;
        }
    }
    Ok(())
}

/// Those of the table were asked for already.
fn leads_to_administrative<'f>(field: &'f Field, schema: &Schema) -> Option<&'f ModelName> {
    let model = field.relation.as_ref().filter(|_| field.kind == FieldType::Many2one && field.required)?;
    let is_known = || delegated_by(&schema.model).any(|to| to == *model);
    (reaches_further(model) && !is_known()).then_some(model)
}

/// Whether more than one field stands for a field of the same name behind `link`: one alone is an ordinary related field.
fn shows_through(schema: &Schema, link: &FieldName) -> bool {
    let stands_for = |name: &FieldName, field: &Field| {
        let steps = field.related.as_ref().and_then(|path| path.split_once('.'));
        steps == Some((link.as_str(), name.as_str()))
    };
    schema.fields().filter(|(name, field)| stands_for(name, field)).nth(1).is_some()
}

fn has_every_field(schema: &Schema, of: &Schema) -> bool {
    of.fields().all(|(name, _)| schema.field(name.as_str()).is_some())
}
