//! The fields that "all fields" of a model stands for.
//!
//! In: a schema and a scope. Out: columns. Must not know: which fields the client requested.

use super::column_tree::Column;
use super::model_schema::Schema;
use super::scope::{delegated_by, is_secret};
use super::scope_check::ScopeCheck;
use crate::names::{FieldName, ModelName};

/// Odoo 14 returns these bytes as if they were Latin-1, later versions fail.
pub(super) fn is_raw_content(model: &ModelName, field: &FieldName) -> bool {
    let is_attachment = |model: &ModelName| model.as_str() == "ir.attachment";
    field.as_str() == "raw" && (is_attachment(model) || delegated_by(model).any(|to| is_attachment(&to)))
}

/// Every field that the scope allows and Odoo can return; `id` if the schema has it.
pub(super) fn readable_columns<'s>(
    schema: &'s Schema,
    scope_check: ScopeCheck<'s>,
) -> impl Iterator<Item = Column> + 's {
    schema
        .fields()
        .filter(|(name, _)| !is_withheld(&schema.model, name))
        .filter(move |(name, _)| scope_check.is_visible(schema, name))
        .map(|(name, field)| Column::plain(name.clone(), field.kind))
}

/// Whether a field is excluded from "all fields": fields that Odoo cannot return, fields that hold a secret, and the
/// authentication fields of users (API3 in docs/security.md).
pub(super) fn is_withheld(model: &ModelName, field: &FieldName) -> bool {
    is_raw_content(model, field)
        || is_secret(model, field.as_str())
        || (model.as_str() == "res.users" && WITHHELD_USER_FIELDS.contains(&field.as_str()))
}

/// From Odoo 19 on the groups are in `group_ids`.
const WITHHELD_USER_FIELDS: [&str; 3] = ["api_key_ids", "group_ids", "groups_id"];
