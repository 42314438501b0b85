//! Examples of values for a model.
//!
//! In: a named model. Out: values that fit its schemas. Must not know: envelopes. An example names only fields that a
//! new record needs, or a name.

use serde_json::{Map, Value, json};

use super::model_schemas::NamedModel;
use crate::odoo::FieldDescription;
use crate::plan::model_schema::FieldType;

/// The values of a new record: the needed ones, or a name.
pub(super) fn values_example(named: &NamedModel<'_>) -> Value {
    let fields = || named.creatable().into_iter().flat_map(|allowed| named.writable(allowed));
    let needed: Map<String, Value> = fields().filter(|field| named.needs(field)).map(value_example).collect();
    if needed.is_empty() { fields().filter(|field| is_name(field)).map(value_example).collect() } else { needed.into() }
}

/// The values of an update: a name.
pub(super) fn changes_example(named: &NamedModel<'_>) -> Value {
    let fields = named.updatable().into_iter().flat_map(|allowed| named.writable(allowed));
    fields.filter(|field| is_name(field)).map(value_example).collect()
}

fn is_name(field: &FieldDescription) -> bool {
    field.name.as_str() == "name" && field.kind == FieldType::Char
}

fn value_example(field: &FieldDescription) -> (String, Value) {
    let first = field.selection.as_ref().and_then(|values| values.first());
    let value = match field.kind {
        FieldType::Boolean => json!(true),
        FieldType::Integer | FieldType::Many2one => json!(1),
        FieldType::Float | FieldType::Monetary => json!(1.5),
        FieldType::Date => json!("2026-01-31"),
        FieldType::Datetime => json!("2026-01-31T10:00:00Z"),
        FieldType::Binary => json!("aGVsbG8="),
        FieldType::Selection => first.map_or_else(|| json!("value"), |(key, _)| json!(key)),
        FieldType::One2many | FieldType::Many2many => json!([1]),
        FieldType::Reference => json!("res.partner,1"),
        FieldType::Properties => json!({}),
        FieldType::Char | FieldType::Text | FieldType::Html | FieldType::Json | FieldType::Other => json!("Example"),
    };
    (field.name.as_str().to_owned(), value)
}
