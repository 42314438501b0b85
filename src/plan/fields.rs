//! Field names, checked against a schema and made into columns.
//!
//! In: the names that the client sent. Out: the columns to request from Odoo. Must not know: domains, values. Two
//! Odoo pitfalls are avoided here: `read` of only `id` returns ids that do not exist (19), and no version until 19.2
//! can return `ir.attachment.raw`.

use super::all_fields::{is_unreadable, readable_columns, returned_name};
use super::column_tree::{Column, Columns};
use super::error::PlanError;
use super::intent::FieldSet;
use super::metadata::Metadata;
use super::model_schema::{Field, FieldType, Schema};
use super::scope::Operation;
use super::scope_check::ScopeCheck;
use super::selection;
use crate::error::Problem;
use crate::error_code::ErrorCode;
use crate::names::FieldName;
use crate::value::Value;

/// Checks the requested fields of the parameter `fields` and puts `id` first. Repeated names are read once; "all"
/// means the fields that the scope allows.
///
/// # Errors
/// 400 `unknown_field` with the closest field name; 403 for a field outside the scope; or metadata is missing.
pub(super) fn columns(
    fields: &FieldSet,
    schema: &Schema,
    metadata: &dyn Metadata,
    scope_check: ScopeCheck<'_>,
) -> Result<Columns, PlanError> {
    let (mut visible, named) = match fields {
        FieldSet::All => {
            scope_check.require_dependencies(schema)?;
            (readable_columns(schema, scope_check).collect(), false)
        }
        FieldSet::Named(names) => (named_columns(names, schema, scope_check)?, true),
        FieldSet::Selected(selection) => return selection::columns(selection, schema, metadata, scope_check),
    };
    visible.retain(|column: &Column| column.name.as_str() != "id");
    visible.insert(0, Column::id());
    Ok(Columns::new(visible, named, schema))
}

/// Checks the field names of a parameter. Each name is returned once.
///
/// # Errors
/// As [`columns`].
pub(super) fn named(
    names: &[FieldName],
    schema: &Schema,
    parameter: &str,
    scope_check: ScopeCheck<'_>,
) -> Result<Vec<Column>, PlanError> {
    let mut seen = indexmap::IndexMap::with_capacity(names.len());
    for name in names {
        scope_check.require_field(&schema.model, Operation::Read, name.as_str(), &parameter)?;
        let field =
            schema.field(name.as_str()).ok_or_else(|| scope_check.unknown_field(schema, name.as_str(), parameter))?;
        seen.insert(name, field);
    }
    Ok(seen.into_iter().map(|(name, field)| Column::for_field(name.clone(), field)).collect())
}

/// The columns of the fields that were written, then `id`. Fields outside the scope are left out.
///
/// # Errors
/// None that the check of the values has not reported before.
pub(super) fn written_columns(
    values: &Value<'_>,
    schema: &Schema,
    scope_check: ScopeCheck<'_>,
) -> Result<Columns, PlanError> {
    let written = values.as_map().unwrap_or_default().iter();
    let written = written.filter_map(|(name, _)| schema.entry(returned_name(schema, name)));
    let visible = written.filter(|(name, _)| scope_check.is_visible(schema, name) && !is_unreadable(schema, name));
    let mut visible: Vec<Column> = visible.map(|(name, field)| Column::for_field(name.clone(), field)).collect();
    visible.retain(|column| column.name.as_str() != "id");
    visible.push(Column::id());
    Ok(Columns::new(visible, true, schema))
}

/// The fields that describe a file: its name and its media type. Attachments have both.
const DESCRIPTIVE_FIELDS: [&str; 3] = ["name", "display_name", "mimetype"];

/// The column of a binary field, and the fields that describe it, if the scope allows them.
///
/// # Errors
/// As [`columns`], and 400 for a field that is not binary.
pub(super) fn content_columns(
    name: &FieldName,
    schema: &Schema,
    scope_check: ScopeCheck<'_>,
) -> Result<Columns, PlanError> {
    let mut visible = named_columns(std::slice::from_ref(name), schema, scope_check)?;
    if visible.iter().any(|column| column.kind != FieldType::Binary) {
        let detail = format!("The field `{name}` of `{}` is not a binary field.", schema.model);
        let hint = "Read the value of this field with the record.";
        return Err(Problem::new(ErrorCode::InvalidParameter, detail).parameter("field").hint(hint).into());
    }
    let texts = |field: &Field| matches!(field.kind, FieldType::Char);
    let descriptive = DESCRIPTIVE_FIELDS.iter().filter_map(|name| schema.entry(name)).filter(|(_, field)| texts(field));
    let descriptive = descriptive.filter(|(name, _)| scope_check.is_visible(schema, name));
    visible.extend(descriptive.map(|(name, field)| Column::for_field(name.clone(), field)));
    Ok(Columns::new(visible, true, schema))
}

fn named_columns(names: &[FieldName], schema: &Schema, scope_check: ScopeCheck<'_>) -> Result<Vec<Column>, PlanError> {
    match names.iter().find(|name| is_unreadable(schema, name)) {
        None => named(names, schema, "fields", scope_check),
        Some(raw) => {
            let detail = format!(
                "The field `{raw}` of `{}` cannot be read: it contains bytes without an encoding.",
                schema.model
            );
            let hint = "Read the field `datas`, which contains the same content in base64.";
            Err(Problem::new(ErrorCode::UnknownField, detail).parameter("fields").hint(hint).into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::samples::{Samples, SamplesOfOdoo20, attachment, field, partner, schema};
    use crate::plan::scope::Scope;

    fn names(text: &str) -> FieldSet {
        FieldSet::Named(text.split(',').map(|name| FieldName::parse(name).unwrap()).collect())
    }

    fn visible(fields: &FieldSet) -> (String, Option<String>) {
        let columns = columns(fields, &partner(), &Samples, ScopeCheck::new(&Scope::All, &[])).unwrap();
        let visible = columns.visible.iter().map(|column| column.name.as_str()).collect::<Vec<_>>().join(",");
        (visible, columns.existence_column.map(|name| name.to_string()))
    }

    #[test]
    fn secrets_of_users_are_only_read_by_name() {
        let named = |name| field(name, "char", &[]);
        let users =
            schema("res.users", vec![named("login"), named("password"), named("totp_secret"), named("groups_id")]);
        let visible = |fields| {
            let columns = columns(&fields, &users, &Samples, ScopeCheck::new(&Scope::All, &[])).unwrap();
            columns.visible.iter().map(|column| column.name.to_string()).collect::<Vec<_>>().join(",")
        };
        assert_eq!(visible(FieldSet::All), "id,login");
        assert_eq!(visible(names("login,groups_id")), "id,login,groups_id");
    }

    /// The requested fields of an attachment as `name` or `name=name in Odoo`; or the hint of the error.
    fn of_attachment(fields: &FieldSet, schema: &Schema, scope: &str) -> Result<String, String> {
        let scope = Scope::from_json(scope).unwrap();
        let column = |column: &Column| match column.alias_of {
            Some(field) => format!("{}={field}", column.name),
            None => column.name.to_string(),
        };
        match columns(fields, schema, &SamplesOfOdoo20, ScopeCheck::with_metadata(&scope, &[], &SamplesOfOdoo20)) {
            Ok(columns) => Ok(columns.visible.iter().map(column).collect::<Vec<_>>().join(",")),
            Err(PlanError::Rejected(problem)) => Err(problem.hint.unwrap_or_default()),
            Err(missing) => Err(format!("{missing:?}")),
        }
    }

    #[test]
    fn content_of_attachments_is_read_as_datas_on_every_version() {
        let (odoo_19, odoo_20) = (attachment(true), attachment(false));
        let read = |fields: &FieldSet, schema: &Schema| of_attachment(fields, schema, r#""all""#);
        assert_eq!(read(&FieldSet::All, &odoo_19).as_deref(), Ok("id,name,mimetype,checksum,datas"));
        assert_eq!(read(&FieldSet::All, &odoo_20).as_deref(), Ok("id,name,mimetype,checksum,datas=raw"));
        assert_eq!(read(&names("datas"), &odoo_19).as_deref(), Ok("id,datas"));
        assert_eq!(read(&names("datas,raw"), &odoo_20).as_deref(), Ok("id,datas=raw,raw"));
        let hint = read(&names("raw"), &odoo_19).unwrap_err();
        assert_eq!(hint, "Read the field `datas`, which contains the same content in base64.");
        let written = Value::Map(vec![("raw".into(), "aGk=".into())]);
        let columns = written_columns(&written, &odoo_20, ScopeCheck::new(&Scope::All, &[])).unwrap();
        assert_eq!(columns.requested().collect::<Vec<_>>(), ["raw", "name"]);
        assert_eq!(columns.visible.iter().map(|column| column.name.as_str()).collect::<Vec<_>>(), ["datas", "id"]);
    }

    #[test]
    fn scope_that_hides_one_name_of_content_hides_both() {
        for hidden in ["datas", "raw"] {
            let scope = format!(
                r#"[{{"models": "ir.attachment", "operations": ["read"], "fields": {{"except": ["{hidden}"]}}}}]"#
            );
            let read = |fields: &FieldSet| of_attachment(fields, &attachment(false), &scope);
            assert_eq!(read(&FieldSet::All).as_deref(), Ok("id,name,mimetype,checksum"), "{hidden}");
            for name in ["datas", "raw"] {
                assert_eq!(read(&names(name)), Err("Use a credential with a wider scope.".into()), "{hidden} {name}");
            }
        }
    }

    #[test]
    fn every_read_includes_a_column_that_shows_existence() {
        assert_eq!(visible(&names("name,country_id,name")), ("id,name,country_id".into(), None));
        assert_eq!(visible(&names("id")), ("id".into(), Some("name".into())));
        assert_eq!(visible(&names("tz_offset,id")), ("id,tz_offset".into(), Some("name".into())));
        assert_eq!(visible(&names("child_ids")), ("id,child_ids".into(), Some("name".into())));
    }
}
