//! From JSON Schema 2020-12, as OpenAPI 3.1 uses it, to the schemas of OpenAPI 3.0.3.
//!
//! In: a schema. Out: a schema that accepts the same values, as exactly as OpenAPI 3.0 can express them. Must not know:
//! where in the document the schema is.

use serde_json::{Value, json};

use super::walk::{Object, Walk, rename};

/// The keywords of OpenAPI 3.0.3.
const KEYWORDS: &[&str] = &[
    "$ref",
    "title",
    "multipleOf",
    "maximum",
    "exclusiveMaximum",
    "minimum",
    "exclusiveMinimum",
    "maxLength",
    "minLength",
    "pattern",
    "maxItems",
    "minItems",
    "uniqueItems",
    "maxProperties",
    "minProperties",
    "required",
    "enum",
    "type",
    "allOf",
    "oneOf",
    "anyOf",
    "not",
    "items",
    "properties",
    "additionalProperties",
    "description",
    "format",
    "default",
    "nullable",
    "discriminator",
    "readOnly",
    "writeOnly",
    "xml",
    "externalDocs",
    "example",
    "deprecated",
];

/// Converts a schema in place.
pub(super) fn schema(schema: &mut Value, walk: &mut Walk) {
    match schema {
        Value::Bool(true) => *schema = json!({}),
        Value::Bool(false) => *schema = json!({"not": {}}),
        Value::Object(keywords) => convert_keywords(keywords, walk),
        _ => {}
    }
}

fn convert_keywords(keywords: &mut Object, walk: &mut Walk) {
    ["oneOf", "anyOf"].into_iter().for_each(|choice| replace_null_choice(keywords, choice));
    for name in ["properties", "patternProperties", "prefixItems", "allOf", "oneOf", "anyOf"] {
        walk.members(keywords, name, schema);
    }
    walk.member(keywords, "not", schema);
    for name in ["items", "additionalProperties"] {
        if keywords.get(name).is_some_and(Value::is_object) {
            walk.member(keywords, name, schema);
        }
    }
    replace_types(keywords);
    replace_const(keywords);
    replace_examples(keywords);
    replace_exclusive_bound(keywords, "minimum", "exclusiveMinimum", |bound, exclusive| bound > exclusive);
    replace_exclusive_bound(keywords, "maximum", "exclusiveMaximum", |bound, exclusive| bound < exclusive);
    replace_content_encoding(keywords);
    replace_tuple(keywords);
    if keywords.get("items").is_some_and(Value::is_boolean) {
        walk.member(keywords, "items", schema);
    }
    replace_pattern_properties(keywords);
    // The names of members are strings in any case.
    if keywords.get("propertyNames") == Some(&json!({"type": "string"})) {
        keywords.shift_remove("propertyNames");
    }
    if keywords.get("type").and_then(Value::as_str) == Some("array") {
        keywords.entry("items").or_insert_with(|| json!({}));
    }
    wrap_reference(keywords);
    walk.keep_only(keywords, KEYWORDS);
}

fn is_null(schema: &Value) -> bool {
    schema.get("type").and_then(Value::as_str) == Some("null")
}

/// `oneOf: [S, {type: null}]` becomes S with `nullable`.
fn replace_null_choice(keywords: &mut Object, choice: &str) {
    let Some(Value::Array(schemas)) = keywords.get_mut(choice) else { return };
    let count = schemas.len();
    schemas.retain(|schema| !is_null(schema));
    if schemas.is_empty() || schemas.len() == count {
        return;
    }
    if let [only] = schemas.as_slice() {
        let only = only.clone();
        keywords.shift_remove(choice);
        include(keywords, only);
    }
    keywords.insert("nullable".into(), true.into());
}

/// Adds the keywords of another schema that applies too.
fn include(keywords: &mut Object, other: Value) {
    match other {
        Value::Object(other)
            if !other.contains_key("$ref") && other.keys().all(|name| !keywords.contains_key(name)) =>
        {
            keywords.extend(other);
        }
        other => {
            if let Value::Array(all) = keywords.entry("allOf").or_insert_with(|| json!([])) {
                all.push(other);
            }
        }
    }
}

/// A list of types becomes one type, and `nullable` if it contains `null`; several types become `anyOf`.
fn replace_types(keywords: &mut Object) {
    let Some(types) = keywords.get("type") else { return };
    let mut types = if let Value::Array(types) = types { types.clone() } else { vec![types.clone()] };
    let count = types.len();
    types.retain(|one| one != "null");
    if types.len() < count {
        keywords.insert("nullable".into(), true.into());
    }
    match types.as_slice() {
        // The null value alone: OpenAPI 3.0 has no such type.
        [] => {
            keywords.shift_remove("type");
            keywords.insert("enum".into(), json!([null]));
        }
        [one] => {
            keywords.insert("type".into(), one.clone());
        }
        _ => {
            keywords.shift_remove("type");
            let items = keywords.shift_remove("items");
            let schema_of = |one: &Value| match &items {
                Some(items) if one == "array" => json!({"type": "array", "items": items}),
                None if one == "array" => json!({"type": "array", "items": {}}),
                _ => json!({ "type": one }),
            };
            include(keywords, json!({"anyOf": types.iter().map(schema_of).collect::<Vec<_>>()}));
        }
    }
}

fn replace_const(keywords: &mut Object) {
    let Some(constant) = keywords.shift_remove("const") else { return };
    let kind = match &constant {
        Value::Bool(_) => Some("boolean"),
        Value::Number(number) if number.is_f64() => Some("number"),
        Value::Number(_) => Some("integer"),
        Value::String(_) => Some("string"),
        Value::Null => None,
        Value::Array(_) => Some("array"),
        Value::Object(_) => Some("object"),
    };
    match kind {
        Some(kind) => keywords.entry("type").or_insert_with(|| kind.into()),
        None => keywords.entry("nullable").or_insert_with(|| true.into()),
    };
    keywords.insert("enum".into(), json!([constant]));
}

fn replace_examples(keywords: &mut Object) {
    if let Some(Value::Array(examples)) = keywords.shift_remove("examples")
        && let Some(first) = examples.into_iter().next()
    {
        keywords.entry("example").or_insert(first);
    }
}

/// The exclusive bound is a number in OpenAPI 3.1, and a flag of the other bound in 3.0. `is_stricter` compares the
/// two bounds.
fn replace_exclusive_bound(
    keywords: &mut Object,
    bound: &str,
    exclusive_bound: &str,
    is_stricter: fn(f64, f64) -> bool,
) {
    let Some(exclusive) = keywords.shift_remove(exclusive_bound) else { return };
    let inclusive = keywords.get(bound).and_then(Value::as_f64);
    if let (Some(inclusive), Some(exclusive)) = (inclusive, exclusive.as_f64())
        && is_stricter(inclusive, exclusive)
    {
        return;
    }
    keywords.insert(bound.into(), exclusive);
    keywords.insert(exclusive_bound.into(), true.into());
}

/// `contentEncoding: base64` becomes `format: byte`, a binary media type `format: binary`. Other media types have no
/// equivalent and become an extension.
fn replace_content_encoding(keywords: &mut Object) {
    let is_base64 = keywords.get("contentEncoding").is_some_and(|encoding| encoding == "base64");
    if is_base64 {
        keywords.shift_remove("contentEncoding");
        keywords.insert("format".into(), "byte".into());
    } else if keywords.get("contentMediaType").is_some_and(|media_type| media_type == "application/octet-stream") {
        keywords.shift_remove("contentMediaType");
        keywords.insert("type".into(), "string".into());
        keywords.insert("format".into(), "binary".into());
    }
    rename(keywords, "contentMediaType", "x-content-media-type");
}

/// An array with a schema for each position becomes an array of that length with the alternatives.
fn replace_tuple(keywords: &mut Object) {
    let Some(Value::Array(prefix)) = keywords.shift_remove("prefixItems") else { return };
    let length = prefix.len();
    // A schema for the items after the prefix applies to none if the array ends before them.
    let max_items = keywords.get("maxItems").and_then(Value::as_u64).and_then(|most| usize::try_from(most).ok());
    let ends_before_rest = max_items.is_some_and(|most| most <= length);
    let allows_rest = !matches!(keywords.shift_remove("items"), Some(Value::Bool(false)) | None);
    let has_rest = allows_rest && !ends_before_rest;
    let mut alternatives: Vec<Value> = Vec::new();
    for schema in prefix {
        if !alternatives.contains(&schema) {
            alternatives.push(schema);
        }
    }
    let items = match alternatives.as_slice() {
        _ if has_rest => json!({}),
        [only] => only.clone(),
        _ => json!({ "anyOf": alternatives }),
    };
    keywords.insert("items".into(), items);
    if !has_rest && !keywords.contains_key("maxItems") {
        keywords.insert("maxItems".into(), length.into());
    }
}

/// Members whose names match a pattern become additional members of any name.
fn replace_pattern_properties(keywords: &mut Object) {
    let Some(Value::Object(patterns)) = keywords.shift_remove("patternProperties") else { return };
    let mut schemas: Vec<Value> = patterns.into_iter().map(|(_, schema)| schema).collect();
    match keywords.shift_remove("additionalProperties") {
        Some(Value::Bool(false)) => {}
        Some(other @ Value::Object(_)) => schemas.push(other),
        Some(_) | None => schemas.push(json!({})),
    }
    schemas.dedup();
    let schema = match schemas.as_slice() {
        [only] => only.clone(),
        _ => json!({ "anyOf": schemas }),
    };
    keywords.insert("additionalProperties".into(), schema);
}

/// OpenAPI 3.0 ignores the siblings of `$ref`.
fn wrap_reference(keywords: &mut Object) {
    if keywords.len() > 1
        && let Some(reference) = keywords.shift_remove("$ref")
    {
        include(keywords, json!({ "$ref": reference }));
    }
}
