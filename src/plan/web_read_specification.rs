//! Columns as one specification, for servers that read nested records in one call (`web_read`, Odoo 17+).
//!
//! In: columns. Out: `{"name": {}, "partner_id": {"fields": {…}}}`. Must not know: which records are read.

use super::column_tree::{Column, Columns};
use super::intent::Many2oneDisplay;
use super::model_schema::FieldType;
use super::read_options::ReadOptions;
use crate::value::{Member, Value};

/// The first version whose `web_read` and `web_search_read` accept a specification. Older ones do not have them, or
/// expect names.
pub(super) const SPECIFIED_FROM: u8 = 17;

/// Models of Odoo 17 and later whose `web_read` does more than `read`: it fetches data from Odoo's own services, or
/// changes the context in which fields are computed.
pub(super) const CUSTOM_WEB_READ_MODELS: [&str; 4] =
    ["account.analytic.account", "iap.account", "im_livechat.channel", "ir.module.module"];

/// The specification of columns; `None` if the server does not accept one, or does not return all of them that way.
pub(super) fn specification(columns: &Columns, options: &ReadOptions) -> Option<Value<'static>> {
    let is_usable = options.version.major >= SPECIFIED_FROM && !options.needs_read(columns);
    is_usable.then(|| columns_specification(columns, options.many2one_display))
}

/// Whether `web_read` returns the same values as `read` for columns without nested records. It does not add display
/// names to properties, as `read` does together with those of many2one values.
pub(super) fn reads_like_read(columns: &Columns, options: &ReadOptions) -> bool {
    let can_have_names = |column: &Column| matches!(column.kind, FieldType::Properties | FieldType::Other);
    !options.needs_names(columns) || !columns.visible.iter().any(can_have_names)
}

fn columns_specification(columns: &Columns, many2one_display: Many2oneDisplay) -> Value<'static> {
    let requested = columns.visible.iter().filter(|column| column.name.as_str() != "id");
    let mut members: Vec<Member<'static>> =
        requested.map(|column| member(column.odoo_name(), column_specification(column, many2one_display))).collect();
    members.extend(columns.existence_column.iter().map(|name| member(name.as_str(), Value::Map(Vec::new()))));
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

fn member(name: &str, value: Value<'static>) -> Member<'static> {
    (name.to_owned().into(), value)
}
