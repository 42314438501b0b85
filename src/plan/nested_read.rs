//! Columns as one specification, for a server that reads them all at once (`web_read`, Odoo 17+).
//!
//! In: columns. Out: `{"name": {}, "partner_id": {"fields": {…}}}`. Must not know: who wants them.

use super::fields::{Column, Columns};
use super::intent::Links;
use super::query_plan::Way;
use super::schema::FieldType;
use crate::names::FieldName;
use crate::value::{Member, Value};

/// `web_read` and `web_search_read` take a specification from this version on; before that they do not exist, or take
/// names.
pub(super) const SPECIFIED_FROM: u8 = 17;

/// The specification of columns; `None` where the server takes none.
pub(super) fn specification(columns: &Columns, way: &Way) -> Option<Value<'static>> {
    (way.major >= SPECIFIED_FROM).then(|| of_columns(columns, way.links))
}

fn of_columns(columns: &Columns, links: Links) -> Value<'static> {
    let asked = columns.shown.iter().filter(|column| column.name.as_str() != "id");
    let mut members: Vec<Member<'static>> =
        asked.map(|column| member(&column.name, of_column(column, links))).collect();
    members.extend(columns.proof.iter().map(|name| member(name, Value::Map(Vec::new()))));
    Value::Map(members)
}

fn of_column(column: &Column, links: Links) -> Value<'static> {
    let fields = |fields| Value::Map(vec![("fields".into(), fields)]);
    match &column.within {
        Some(within) => fields(of_columns(&within.columns, links)),
        None if column.kind == FieldType::Many2one && links == Links::Named => {
            fields(Value::Map(vec![("display_name".into(), Value::Map(Vec::new()))]))
        }
        None => Value::Map(Vec::new()),
    }
}

fn member(name: &FieldName, value: Value<'static>) -> Member<'static> {
    (name.as_str().to_owned().into(), value)
}
