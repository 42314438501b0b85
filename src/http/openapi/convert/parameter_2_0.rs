//! From the parameters, bodies and headers of OpenAPI 3.0 to those of Swagger 2.0.
//!
//! In: a parameter, request body or header. Out: the same without a schema of its own, because in Swagger 2.0 only
//! bodies have one. Must not know: operations.

use serde_json::{Value, json};

use super::schema_2_0::schema;
use super::union_2_0::{SchemaUse, resolve};
use super::walk::{Object, Walk};

/// The keywords of a schema that a parameter or header has itself.
const SCALAR_KEYWORDS: [&str; 16] = [
    "type",
    "format",
    "items",
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
    "enum",
];

/// The keywords of a schema that say nothing about the value.
const ANNOTATIONS: [&str; 5] = ["title", "description", "example", "nullable", "readOnly"];

/// Converts a parameter. A query parameter that stands for any number of parameters has no equivalent: `None`.
pub(super) fn parameter(parameter: &Object, schemas: &Object, walk: &mut Walk) -> Option<Value> {
    let own_schema = parameter.get("schema").cloned().unwrap_or_else(|| json!({"type": "string"}));
    let schema = resolve(&own_schema, schemas);
    if schema.get("type").is_some_and(|kind| kind == "object") {
        return None;
    }
    let mut converted = Object::new();
    for name in ["name", "in", "description", "required", "allowEmptyValue"] {
        converted.extend(parameter.get(name).map(|value| (name.to_owned(), value.clone())));
    }
    add_scalar(&mut converted, schema, schemas, walk);
    if converted.get("type").is_some_and(|kind| kind == "array") {
        converted.insert("collectionFormat".into(), collection_format(parameter).into());
    }
    if let Some(example) = example(parameter) {
        converted.insert("x-example".into(), example);
    }
    if parameter.get("deprecated") == Some(&true.into()) {
        converted.insert("x-deprecated".into(), true.into());
    }
    if converted.get("in").is_some_and(|place| place == "cookie") {
        walk.report("in");
        return None;
    }
    Some(converted.into())
}

/// How an array is written: repeated (`multi`), or separated by a character.
fn collection_format(parameter: &Object) -> &'static str {
    let text = |name: &str| parameter.get(name).and_then(Value::as_str);
    let is_query = text("in") == Some("query");
    let explode = parameter.get("explode").and_then(Value::as_bool);
    match text("style") {
        Some("spaceDelimited") => "ssv",
        Some("pipeDelimited") => "pipes",
        None | Some("form") if is_query && explode.unwrap_or(true) => "multi",
        _ => "csv",
    }
}

/// The example of a parameter or of a media type.
pub(super) fn example(object: &Object) -> Option<Value> {
    let first = || object.get("examples")?.as_object()?.values().next()?.get("value").cloned();
    object.get("example").cloned().or_else(first)
}

/// Converts a header of a response.
pub(super) fn header(header: &Object, schemas: &Object, walk: &mut Walk) -> Value {
    let schema = header.get("schema").map(|schema| resolve(schema, schemas)).unwrap_or_default();
    let mut converted = Object::new();
    converted.extend(header.get("description").map(|text| ("description".to_owned(), text.clone())));
    add_scalar(&mut converted, schema, schemas, walk);
    converted.into()
}

/// Adds the keywords of a scalar or array. A value without one type is sent as text.
fn add_scalar(converted: &mut Object, mut keywords: Object, schemas: &Object, walk: &mut Walk) {
    if let Some(text) = keywords.get("description") {
        converted.entry("description").or_insert_with(|| text.clone());
    }
    keywords.retain(|name, _| !ANNOTATIONS.contains(&name.as_str()));
    keywords.entry("type").or_insert_with(|| "string".into());
    walk.keep_only(&mut keywords, &SCALAR_KEYWORDS);
    if let Some(items) = keywords.get("items") {
        let mut item = Object::new();
        add_scalar(&mut item, resolve(items, schemas), schemas, walk);
        item.shift_remove("description");
        keywords.insert("items".into(), item.into());
    }
    converted.extend(keywords);
}

/// The parameters of a request body, and its media types: one parameter `body`, or one for each field of a form.
pub(super) fn request_body(body: &Object, schemas: &Object, walk: &mut Walk) -> (Vec<Value>, Vec<String>) {
    let empty = Object::new();
    let content = body.get("content").and_then(Value::as_object).unwrap_or(&empty);
    let form = content.keys().all(|name| is_form(name)).then(|| content.values().next()).flatten();
    if let Some(form) = form {
        let names = content.keys().cloned().collect();
        return (form_fields(form, schemas, walk), names);
    }
    let (names, media): (Vec<_>, Vec<_>) = content.iter().filter(|(name, _)| !is_form(name)).unzip();
    let Some(Value::Object(media)) = media.first() else { return (Vec::new(), Vec::new()) };
    let mut own_schema = media.get("schema").cloned().unwrap_or_else(|| json!({}));
    schema(&mut own_schema, SchemaUse { schemas, only_in_requests: true }, walk);
    let mut parameter = Object::from_iter([("name".to_owned(), "body".into()), ("in".to_owned(), "body".into())]);
    for name in ["description", "required"] {
        parameter.extend(body.get(name).map(|value| (name.to_owned(), value.clone())));
    }
    parameter.insert("schema".into(), own_schema);
    if let Some(example) = example(media) {
        parameter.insert("x-example".into(), example);
    }
    (vec![parameter.into()], names.into_iter().cloned().collect())
}

fn is_form(media_type: &str) -> bool {
    matches!(media_type, "application/x-www-form-urlencoded" | "multipart/form-data")
}

/// One parameter for each property of a form.
fn form_fields(form: &Value, schemas: &Object, walk: &mut Walk) -> Vec<Value> {
    let form_schema = form.get("schema").map(|schema| resolve(schema, schemas)).unwrap_or_default();
    let required = form_schema.get("required").and_then(Value::as_array).cloned().unwrap_or_default();
    let properties = form_schema.get("properties").and_then(Value::as_object);
    let field = |(name, schema): (&String, &Value)| {
        let is_required = required.iter().any(|other| other == name);
        let mut field = Object::from_iter([
            ("name".to_owned(), name.as_str().into()),
            ("in".to_owned(), "formData".into()),
            ("required".to_owned(), is_required.into()),
        ]);
        let mut keywords = resolve(schema, schemas);
        if keywords.get("format").is_some_and(|format| format == "binary") {
            keywords.insert("type".into(), "file".into());
            keywords.shift_remove("format");
        }
        add_scalar(&mut field, keywords, schemas, walk);
        field.into()
    };
    properties.into_iter().flatten().map(field).collect()
}
