//! Models whose records are also records of another model (`_inherits`), detected by their fields.
//!
//! In: a model and its schema. Out: nothing, or a rejection if the model delegates to an administrative model outside
//! the scope. Must not know: which add-ons exist. A table in `scope/delegation.rs` covers the community add-ons
//! before any schema is read; this file covers all others.
//!
//! A model that delegates has every field of the other model: those that it does not define itself are related fields
//! of the same name through a required many2one. This holds on Odoo 14-19.

use std::fmt::Display;

use super::{ScopeCheck, polymorphic};
use crate::names::{FieldName, ModelName};
use crate::plan::error::PlanError;
use crate::plan::metadata::{Metadata, require_schema};
use crate::plan::model_schema::{Field, FieldType, Schema};
use crate::plan::scope::{Operation, delegated_by, is_or_delegates_to_administrative};

/// Checks the operation on every administrative model that this model delegates to.
///
/// # Errors
/// 403 `scope_forbidden`, or metadata is missing.
pub(super) fn check(
    scope_check: ScopeCheck<'_>,
    metadata: &dyn Metadata,
    schema: &Schema,
    operation: Operation,
    at: &dyn Display,
) -> Result<(), PlanError> {
    for (name, field) in schema.fields() {
        let Some(model) = administrative_target(field, schema) else { continue };
        if mirrors_fields_of(schema, name) && has_every_field(schema, &*require_schema(metadata, model)?) {
            scope_check.require_model(model, operation, at)?;
            polymorphic::check_ids_at(scope_check, model, at)?;
        }
    }
    Ok(())
}

/// Models of the table are already checked.
fn administrative_target<'f>(field: &'f Field, schema: &Schema) -> Option<&'f ModelName> {
    let model = field.relation.as_ref().filter(|_| field.kind == FieldType::Many2one && field.required)?;
    let is_listed = || delegated_by(&schema.model).any(|to| to == *model);
    (is_or_delegates_to_administrative(model) && !is_listed()).then_some(model)
}

/// Whether at least two fields mirror a field of the same name through `link`: a single one is an ordinary related
/// field.
fn mirrors_fields_of(schema: &Schema, link: &FieldName) -> bool {
    let mirrors = |name: &FieldName, field: &Field| {
        let steps = field.related.as_ref().and_then(|path| path.split_once('.'));
        steps == Some((link.as_str(), name.as_str()))
    };
    schema.fields().filter(|(name, field)| mirrors(name, field)).nth(1).is_some()
}

fn has_every_field(schema: &Schema, other: &Schema) -> bool {
    other.fields().all(|(name, _)| schema.field(name.as_str()).is_some())
}
