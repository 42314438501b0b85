//! The schema of a field: in responses, and in the values of a write.
//!
//! In: the description of a field, the style of the dialect. Out: a JSON schema. Must not know: operations, envelopes.

use serde_json::{Map, Value, json};

use super::references::{
    MANY2ONE_OBJECT, MANY2ONE_PAIR, ODOO_COMMAND, PROPERTY, PROPERTY_VALUES, STRUCTURE, TEXT_ID_OBJECT, reference,
};
use crate::odoo::FieldDescription;
use crate::plan::model_schema::FieldType;
use crate::shape::{DatetimeFormat, EmptyFormat, Many2oneFormat, Style};

/// The schema of a field in responses. `selection` is the name of the schema of its values.
pub(super) fn response_schema(field: &FieldDescription, style: Style, selection: Option<&str>) -> Value {
    let schema = match field.kind {
        FieldType::Datetime => datetime(style.datetime),
        FieldType::Many2one if has_text_ids(field) => link_with_text_id(style.many2one),
        FieldType::Many2one => match style.many2one {
            Many2oneFormat::Id => json!({"type": "integer"}),
            Many2oneFormat::Pair => reference(MANY2ONE_PAIR),
            Many2oneFormat::Object => reference(MANY2ONE_OBJECT),
        },
        FieldType::One2many | FieldType::Many2many => ids(),
        FieldType::Properties => json!({"type": "array", "items": reference(PROPERTY)}),
        _ => plain_schema(field, selection),
    };
    let schema = if can_be_empty(field) { or_empty(schema, style.empty) } else { schema };
    let mut schema = annotated(schema, field);
    if let Some(members) = schema.as_object_mut() {
        members.insert("x-odoo-type".to_owned(), field.odoo_type.as_str().into());
        members.extend(field.relation.as_ref().map(|model| ("x-odoo-relation".to_owned(), model.as_str().into())));
    }
    schema
}

/// Models without a table, whose ids Odoo makes from texts (from Odoo 18 on): the first digits of account codes.
const WITH_TEXT_IDS: [&str; 1] = ["account.root"];

fn has_text_ids(field: &FieldDescription) -> bool {
    field.relation.as_ref().is_some_and(|model| WITH_TEXT_IDS.contains(&model.as_str()))
}

fn link_with_text_id(format: Many2oneFormat) -> Value {
    let id = || json!({"anyOf": [{"type": "integer"}, {"type": "string"}]});
    match format {
        Many2oneFormat::Id => id(),
        Many2oneFormat::Pair => json!({"type": "array", "items": id()}),
        Many2oneFormat::Object => reference(TEXT_ID_OBJECT),
    }
}

/// Whether responses can contain the empty value.
fn can_be_empty(field: &FieldDescription) -> bool {
    match field.kind {
        FieldType::Boolean | FieldType::Float | FieldType::Monetary => false,
        FieldType::One2many | FieldType::Many2many => false,
        // Odoo returns 0 for an empty number, but `false` for an empty `many2one_reference`.
        FieldType::Integer => field.odoo_type != "integer",
        _ => !field.is_never_empty,
    }
}

/// The schema of a field in the values of a write. `commands` is the name of the schema of the named commands, `empty`
/// is what responses contain for an empty value. A many2one is an id: the other forms are accepted too, but types with
/// many alternatives are hard to use.
pub(super) fn value_schema(
    field: &FieldDescription,
    empty: EmptyFormat,
    selection: Option<&str>,
    commands: &str,
) -> Value {
    let mut alternatives = match field.kind {
        FieldType::Boolean => return annotated(json!({"type": "boolean"}), field),
        FieldType::Datetime => vec![json!({"type": "string", "format": "date-time"})],
        FieldType::One2many | FieldType::Many2many => {
            let odoo_commands = json!({"type": "array", "items": reference(ODOO_COMMAND)});
            vec![ids(), reference(commands), odoo_commands]
        }
        FieldType::Properties => {
            vec![reference(PROPERTY_VALUES), json!({"type": "array", "items": reference(PROPERTY)})]
        }
        FieldType::Json | FieldType::Other => return annotated(json!({}), field),
        _ => vec![plain_schema(field, selection)],
    };
    if !field.is_never_empty {
        if empty == EmptyFormat::False {
            alternatives.push(empty_schema(EmptyFormat::False));
        }
        alternatives.push(empty_schema(EmptyFormat::Null));
    }
    annotated(any_of(alternatives), field)
}

/// The schema of types that have the same form everywhere.
fn plain_schema(field: &FieldDescription, selection: Option<&str>) -> Value {
    let base64 = json!({"type": "string", "contentEncoding": "base64"});
    match field.kind {
        FieldType::Boolean => json!({"type": "boolean"}),
        FieldType::Integer | FieldType::Many2one => json!({"type": "integer"}),
        FieldType::Float | FieldType::Monetary => json!({"type": "number"}),
        FieldType::Html => json!({"type": "string", "contentMediaType": "text/html"}),
        FieldType::Date => json!({"type": "string", "format": "date"}),
        FieldType::Binary if field.is_stored || is_image(field) => base64,
        // Other computed fields of this type can contain structures, such as the tax totals of an order.
        FieldType::Binary => any_of(vec![base64, reference(STRUCTURE), json!({"type": "array", "items": {}})]),
        // The keys are unknown, or numbers, as those of the groups of a user until Odoo 18.
        FieldType::Selection if field.selection.is_none() => {
            json!({"anyOf": [{"type": "string"}, {"type": "integer"}]})
        }
        FieldType::Selection => selection.map_or_else(|| json!({"type": "string"}), reference),
        FieldType::Reference => json!({"type": "string", "pattern": "^[a-z0-9_.]+,[0-9]+$"}),
        FieldType::Char | FieldType::Text | FieldType::Datetime => json!({"type": "string"}),
        FieldType::One2many | FieldType::Many2many => ids(),
        FieldType::Properties | FieldType::Json | FieldType::Other => json!({}),
    }
}

/// Computed images: smaller copies of an image, and avatars of records without one.
fn is_image(field: &FieldDescription) -> bool {
    ["image_", "avatar_"].iter().any(|start| field.name.as_str().starts_with(start))
}

fn ids() -> Value {
    json!({"type": "array", "items": {"type": "integer"}})
}

fn datetime(format: DatetimeFormat) -> Value {
    match format {
        DatetimeFormat::Utc => json!({"type": "string", "format": "date-time"}),
        // Without a time zone it is not a `date-time` of JSON Schema.
        DatetimeFormat::Iso => json!({"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}$"}),
        DatetimeFormat::Odoo => json!({"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}$"}),
    }
}

/// Adds the empty value to a schema. A schema without a type already allows it.
pub(super) fn or_empty(schema: Value, empty: EmptyFormat) -> Value {
    if schema.as_object().is_some_and(Map::is_empty) {
        return schema;
    }
    any_of(vec![schema, empty_schema(empty)])
}

fn empty_schema(empty: EmptyFormat) -> Value {
    match empty {
        EmptyFormat::False => json!({"type": "boolean", "const": false}),
        EmptyFormat::Null => json!({"type": "null"}),
    }
}

/// Alternatives, without alternatives in them. `null` is a type of the first one where possible, which generators
/// understand best.
fn any_of(alternatives: Vec<Value>) -> Value {
    let inner = |schema: Value| match schema {
        Value::Object(mut members) if members.len() == 1 && members.contains_key("anyOf") => {
            members.remove("anyOf").and_then(|inner| inner.as_array().cloned()).unwrap_or_default()
        }
        schema => vec![schema],
    };
    let mut alternatives: Vec<Value> = alternatives.into_iter().flat_map(inner).collect();
    let null = empty_schema(EmptyFormat::Null);
    if let [one, other] = alternatives.as_mut_slice()
        && *other == null
        && let Some(Value::String(name)) = one.get("type").cloned()
    {
        let mut nullable = one.take();
        if let Some(kind) = nullable.get_mut("type") {
            *kind = json!([name, "null"]);
        }
        return nullable;
    }
    match alternatives.len() {
        1 => alternatives.swap_remove(0),
        _ => json!({"anyOf": alternatives}),
    }
}

/// Adds label and help text.
fn annotated(schema: Value, field: &FieldDescription) -> Value {
    let Value::Object(mut members) = schema else { return schema };
    let relation = field.relation.as_ref().map(|model| match field.kind {
        FieldType::Many2one => format!("A record of `{model}`."),
        _ => format!("Records of `{model}`."),
    });
    members.insert("title".to_owned(), field.label.as_str().into());
    let help = (!field.help.is_empty()).then_some(field.help.clone());
    let paragraphs: Vec<String> = help.into_iter().chain(relation).collect();
    if !paragraphs.is_empty() {
        members.insert("description".to_owned(), paragraphs.join("\n\n").into());
    }
    if field.is_read_only {
        members.insert("readOnly".to_owned(), true.into());
    }
    Value::Object(members)
}

#[cfg(test)]
mod tests {
    use super::super::samples::field;
    use super::*;

    fn without_annotations(schema: Value) -> Value {
        let Value::Object(mut members) = schema else { panic!("{schema}") };
        members.retain(|name, _| !matches!(name.as_str(), "title" | "x-odoo-type" | "x-odoo-relation" | "description"));
        Value::Object(members)
    }

    fn response(kind: &str, style: Style) -> Value {
        let described = FieldDescription { selection: Some(Vec::new()), ..field("x", kind) };
        without_annotations(response_schema(&described, style, Some("XState")))
    }

    #[test]
    fn each_dialect_has_its_own_form_of_a_many2one_and_a_datetime() {
        let empty = json!({"type": "boolean", "const": false});
        for (many2one, expected) in [
            (Many2oneFormat::Id, json!({"type": "integer"})),
            (Many2oneFormat::Pair, reference(MANY2ONE_PAIR)),
            (Many2oneFormat::Object, reference(MANY2ONE_OBJECT)),
        ] {
            let style = Style { many2one, ..Style::default() };
            assert_eq!(response("many2one", style), json!({"anyOf": [expected, empty]}));
        }
        let utc = Style { datetime: DatetimeFormat::Utc, ..Style::default() };
        assert_eq!(response("datetime", utc)["anyOf"][0]["format"], "date-time");
        assert_eq!(response("datetime", Style::default())["anyOf"][0].get("format"), None);
    }

    #[test]
    fn a_computed_binary_can_be_a_structure_and_some_models_have_ids_of_text() {
        let computed = FieldDescription { is_stored: false, ..field("x", "binary") };
        let schema = response_schema(&computed, Style::default(), None);
        assert_eq!(schema["anyOf"].as_array().unwrap().len(), 4, "text, object, list, empty: {schema}");
        let image = FieldDescription { is_stored: false, ..field("avatar_128", "binary") };
        assert_eq!(response_schema(&image, Style::default(), None)["anyOf"].as_array().unwrap().len(), 2);
        let relation = Some(crate::names::ModelName::from_static("account.root"));
        let root = FieldDescription { relation, ..field("root_id", "many2one") };
        let schema = response_schema(&root, Style { many2one: Many2oneFormat::Id, ..Style::default() }, None);
        assert_eq!(schema["anyOf"][1], json!({"type": "string"}));
    }

    #[test]
    fn only_types_with_an_empty_value_allow_it() {
        let null = Style { empty: EmptyFormat::Null, ..Style::default() };
        for (kind, expected) in [
            ("char", json!({"type": ["string", "null"]})),
            ("selection", json!({"anyOf": [reference("XState"), {"type": "null"}]})),
            ("many2one_reference", json!({"type": ["integer", "null"]})),
            ("integer", json!({"type": "integer"})),
            ("monetary", json!({"type": "number"})),
            ("boolean", json!({"type": "boolean"})),
            ("one2many", json!({"type": "array", "items": {"type": "integer"}})),
            ("json", json!({})),
        ] {
            assert_eq!(response(kind, null), expected, "{kind}");
        }
        let never_empty = FieldDescription { is_never_empty: true, ..field("x", "char") };
        assert_eq!(without_annotations(response_schema(&never_empty, null, None)), json!({"type": "string"}));
    }

    #[test]
    fn a_field_has_its_label_help_and_relation() {
        let described = FieldDescription {
            help: "Who pays.".to_owned(),
            is_read_only: true,
            relation: Some(crate::names::ModelName::from_static("res.partner")),
            ..field("partner_id", "many2one")
        };
        let schema = response_schema(&described, Style::default(), None);
        assert_eq!(schema["title"], "Label of partner_id");
        assert_eq!(schema["description"], "Who pays.\n\nA record of `res.partner`.");
        assert_eq!((&schema["readOnly"], &schema["x-odoo-relation"]), (&json!(true), &json!("res.partner")));
    }

    #[test]
    fn a_write_accepts_what_a_response_contains_and_null() {
        let written =
            |kind: &str| without_annotations(value_schema(&field("x", kind), EmptyFormat::False, None, "XCommands"));
        let [no, nothing] = [json!({"type": "boolean", "const": false}), json!({"type": "null"})];
        assert_eq!(written("many2one"), json!({"anyOf": [{"type": "integer"}, no, nothing]}));
        assert_eq!(written("one2many")["anyOf"][1], reference("XCommands"));
        assert_eq!(written("boolean"), json!({"type": "boolean"}));
        assert_eq!(written("char"), json!({"anyOf": [{"type": "string"}, no, nothing]}));
    }
}
