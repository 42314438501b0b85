//! The fields that "all fields" of a model stands for.
//!
//! In: a schema and a scope. Out: columns. Must not know: which fields the client requested.

use super::column_tree::Column;
use super::model_schema::{DATAS, RAW, Schema};
use super::scope::{delegated_by, is_secret};
use super::scope_check::ScopeCheck;
use crate::names::{FieldName, ModelName};

/// The content of an attachment as bytes, which `datas` contains in base64.
fn is_raw_content(model: &ModelName, field: &FieldName) -> bool {
    let is_attachment = |model: &ModelName| model.as_str() == "ir.attachment";
    field.as_str() == RAW && (is_attachment(model) || delegated_by(model).any(|to| is_attachment(&to)))
}

/// Whether Odoo cannot return the field. Odoo 14 returns these bytes as if they were Latin-1, versions until 19.2 fail.
pub(super) fn is_unreadable(schema: &Schema, field: &FieldName) -> bool {
    is_raw_content(&schema.model, field) && !has_base64_alias(schema)
}

/// The name under which a written field is returned: content is returned as `datas` by every version.
pub(super) fn returned_name<'n>(schema: &Schema, written: &'n str) -> &'n str {
    if written == RAW && has_base64_alias(schema) { DATAS } else { written }
}

fn has_base64_alias(schema: &Schema) -> bool {
    schema.field(RAW).is_some_and(|raw| raw.alias.is_some())
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
        .map(|(name, field)| Column::for_field(name.clone(), field))
}

/// Whether a field is excluded from "all fields": content that `datas` contains, fields that hold a secret, and the
/// authentication fields of users (API3 in docs/security.md).
pub(super) fn is_withheld(model: &ModelName, field: &FieldName) -> bool {
    is_raw_content(model, field)
        || is_secret(model, field.as_str())
        || (model.as_str() == "res.users" && WITHHELD_USER_FIELDS.contains(&field.as_str()))
}

/// From Odoo 19 on the groups are in `group_ids`, and from Odoo 20 on sessions are records.
const WITHHELD_USER_FIELDS: [&str; 7] =
    ["all_group_ids", "api_key_ids", "device_ids", "group_ids", "groups_id", "session_ids", "view_group_hierarchy"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sessions_devices_and_groups_of_users_are_withheld() {
        let withheld = |model, field| is_withheld(&ModelName::from_static(model), &FieldName::from_static(field));
        for field in ["all_group_ids", "device_ids", "group_ids", "groups_id", "session_ids", "view_group_hierarchy"] {
            assert!(withheld("res.users", field) && !withheld("res.partner", field), "{field}");
        }
        assert!(!withheld("res.users", "role"));
    }
}
