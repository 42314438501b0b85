//! Columns as one specification, for servers that read nested records in one call (`web_read`, Odoo 17+).
//!
//! In: columns. Out: `{"name": {}, "partner_id": {"fields": {…}}}`. Must not know: which records are read.

use super::intent::Many2oneDisplay;
use super::model_schema::FieldType;
use super::read_columns::{Column, Columns};
use super::read_context::ReadOptions;
use crate::names::FieldName;
use crate::value::{Member, Value};

/// The first version whose `web_read` and `web_search_read` accept a specification. Older ones do not have them, or
/// expect names.
pub(super) const SPECIFIED_FROM: u8 = 17;

/// The specification of columns; `None` if the server does not accept one.
pub(super) fn specification(columns: &Columns, options: &ReadOptions) -> Option<Value<'static>> {
    (options.major >= SPECIFIED_FROM).then(|| columns_specification(columns, options.many2one_display))
}

fn columns_specification(columns: &Columns, many2one_display: Many2oneDisplay) -> Value<'static> {
    let requested = columns.visible.iter().filter(|column| column.name.as_str() != "id");
    let mut members: Vec<Member<'static>> =
        requested.map(|column| member(&column.name, column_specification(column, many2one_display))).collect();
    members.extend(columns.existence_column.iter().map(|name| member(name, Value::Map(Vec::new()))));
    Value::Map(members)
}

fn column_specification(column: &Column, many2one_display: Many2oneDisplay) -> Value<'static> {
    let fields = |fields| Value::Map(vec![("fields".into(), fields)]);
    match &column.nested {
        Some(nested) => fields(columns_specification(&nested.columns, many2one_display)),
        None if column.kind == FieldType::Many2one && many2one_display == Many2oneDisplay::Named => {
            fields(Value::Map(vec![("display_name".into(), Value::Map(Vec::new()))]))
        }
        None => Value::Map(Vec::new()),
    }
}

fn member(name: &FieldName, value: Value<'static>) -> Member<'static> {
    (name.as_str().to_owned().into(), value)
}
