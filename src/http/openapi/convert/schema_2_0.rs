//! From the schemas of OpenAPI 3.0.3 to those of Swagger 2.0.
//!
//! In: a schema. Out: a schema that accepts at least the same values, except as described in `union_2_0`. Must not
//! know: where in the document the schema is.

use serde_json::{Value, json};

use super::union_2_0::{SchemaUse, replace_alternatives};
use super::walk::{Object, Walk, rename};

/// The keywords of Swagger 2.0.
const KEYWORDS: &[&str] = &[
    "$ref",
    "format",
    "title",
    "description",
    "default",
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
    "items",
    "allOf",
    "properties",
    "additionalProperties",
    "readOnly",
    "xml",
    "externalDocs",
    "example",
];

/// Converts a schema in place.
pub(super) fn schema(schema: &mut Value, used: SchemaUse<'_>, walk: &mut Walk) {
    let Value::Object(keywords) = schema else { return };
    if let Some(reference) = keywords.get("$ref").and_then(Value::as_str) {
        let reference = reference.replace("#/components/schemas/", "#/definitions/");
        keywords.insert("$ref".into(), reference.into());
        return;
    }
    replace_alternatives(keywords, used);
    if keywords.get("$ref").is_some() {
        wrap_reference(keywords);
    }
    for name in ["properties", "allOf"] {
        walk.members(keywords, name, |value, walk| self::schema(value, used, walk));
    }
    for name in ["items", "additionalProperties"] {
        walk.member(keywords, name, |value, walk| self::schema(value, used, walk));
    }
    for (keyword, extension) in
        [("nullable", "x-nullable"), ("writeOnly", "x-write-only"), ("deprecated", "x-deprecated")]
    {
        rename(keywords, keyword, extension);
    }
    require_only_writable(keywords);
    walk.keep_only(keywords, KEYWORDS);
}

/// The only alternative was a reference; a reference has no siblings.
fn wrap_reference(keywords: &mut Object) {
    if keywords.len() > 1
        && let Some(reference) = keywords.shift_remove("$ref")
        && let Value::Array(all) = keywords.entry("allOf").or_insert_with(|| json!([]))
    {
        all.push(json!({ "$ref": reference }));
    }
}

/// Swagger 2.0 has no schemas that differ between requests and responses: what is read-only must not be required.
fn require_only_writable(keywords: &mut Object) {
    let is_read_only = |property: &Value| property.get("readOnly") == Some(&true.into());
    let properties = keywords.get("properties").and_then(Value::as_object);
    let read_only = properties.into_iter().flatten().filter(|(_, property)| is_read_only(property));
    let read_only: Vec<String> = read_only.map(|(name, _)| name.clone()).collect();
    let Some(Value::Array(required)) = keywords.get_mut("required") else { return };
    required.retain(|name| !read_only.iter().any(|other| name == other));
    if required.is_empty() {
        keywords.shift_remove("required");
    }
}
