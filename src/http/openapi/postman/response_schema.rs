//! The schema of a response, complete in itself, for the JSON Schema validator of Postman (draft 7).
//!
//! In: a schema of an OpenAPI document. Out: the same constraints without references, descriptions, and formats that
//! the validator does not know. Must not know: Postman's scripts.

use serde_json::{Map, Value};

use super::document::target;

/// Members that constrain nothing, or that the validator would reject.
const OMITTED: [&str; 14] = [
    "title",
    "description",
    "example",
    "examples",
    "format",
    "deprecated",
    "readOnly",
    "writeOnly",
    "xml",
    "externalDocs",
    "discriminator",
    "default",
    "contentEncoding",
    "contentMediaType",
];

/// Members whose own members are schemas with arbitrary names.
const MAPS: [&str; 2] = ["properties", "patternProperties"];

/// Members whose values are data.
const DATA: [&str; 3] = ["enum", "const", "required"];

/// Replaces every reference by its target. Below a schema that contains itself, everything is allowed.
pub(super) fn inline(document: &Value, schema: &Value) -> Value {
    inline_below(document, schema, &mut Vec::new())
}

fn inline_below<'a>(document: &'a Value, schema: &'a Value, above: &mut Vec<&'a str>) -> Value {
    let members = match schema {
        Value::Object(members) => members,
        Value::Array(items) => return items.iter().map(|item| inline_below(document, item, above)).collect(),
        other => return other.clone(),
    };
    if let Some(reference) = members.get("$ref").and_then(Value::as_str) {
        let found = target(document, reference).filter(|_| !above.contains(&reference));
        let Some(found) = found else { return Value::Object(Map::new()) };
        above.push(reference);
        let inlined = inline_below(document, found, above);
        above.pop();
        return inlined;
    }
    let mut kept = Map::new();
    for (name, value) in members {
        if OMITTED.contains(&name.as_str()) || name.starts_with("x-") {
            continue;
        }
        let value = match value {
            Value::Object(named) if MAPS.contains(&name.as_str()) => {
                let schemas = named.iter().map(|(key, one)| (key.clone(), inline_below(document, one, above)));
                Value::Object(schemas.collect())
            }
            value if DATA.contains(&name.as_str()) => value.clone(),
            value => inline_below(document, value, above),
        };
        if !allows_everything(name, &value) {
            kept.insert(name.clone(), value);
        }
    }
    Value::Object(kept)
}

/// Whether this member of an object schema holds for every JSON object.
fn allows_everything(name: &str, value: &Value) -> bool {
    let is_empty = value.as_object().is_some_and(Map::is_empty);
    match name {
        "additionalProperties" => is_empty || *value == Value::Bool(true),
        "propertyNames" => value.get("type").is_some_and(|kind| kind == "string"),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn constraints_remain_and_annotations_do_not() {
        let document = json!({"components": {"schemas": {
            "Name": {"type": ["string", "null"], "format": "email", "description": "A name."},
            "Tree": {"type": "object", "properties": {"child": {"$ref": "#/components/schemas/Tree"}}},
        }}});
        let schema = json!({
            "type": "object",
            "required": ["description"],
            "additionalProperties": {},
            "propertyNames": {"type": "string"},
            "properties": {
                "description": {"$ref": "#/components/schemas/Name", "description": "A member of this name."},
                "kind": {"enum": [{"title": "data"}]},
                "tree": {"$ref": "#/components/schemas/Tree"},
            },
        });
        let expected = json!({
            "type": "object",
            "required": ["description"],
            "properties": {
                "description": {"type": ["string", "null"]},
                "kind": {"enum": [{"title": "data"}]},
                "tree": {"type": "object", "properties": {"child": {}}},
            },
        });
        assert_eq!(inline(&document, &schema), expected);
    }
}
