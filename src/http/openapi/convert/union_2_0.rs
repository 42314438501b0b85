//! Alternatives (`oneOf`, `anyOf`) as one schema, because Swagger 2.0 has none.
//!
//! In: OpenAPI 3.0 schemas. Out: one OpenAPI 3.0 schema without alternatives at its top. It accepts at least what the
//! alternatives accept, with two exceptions. Where Odoo's `false` stands for an empty value, the schema has the type of
//! the other values, and the description mentions `false`. In a request, alternatives of different types become the
//! first one, so that clients get a typed member. Must not know: where in the document the schema is.

use indexmap::IndexSet;
use serde_json::{Value, json};

use super::walk::Object;

/// The prefix of references to schemas.
const SCHEMAS: &str = "#/components/schemas/";

/// How many references are followed, one after the other. Recursive schemas end here.
const MAX_DEPTH: usize = 8;

/// Where a schema is used.
#[derive(Debug, Clone, Copy)]
pub(super) struct SchemaUse<'a> {
    /// The shared schemas of the document as OpenAPI 3.0.
    pub schemas: &'a Object,
    /// Whether only clients send these values: fewer of them may be described than the gateway accepts.
    pub only_in_requests: bool,
}

/// Replaces the alternatives of a schema.
pub(super) fn replace_alternatives(keywords: &mut Object, used: SchemaUse<'_>) {
    for choice in ["oneOf", "anyOf"] {
        let Some(Value::Array(alternatives)) = keywords.shift_remove(choice) else { continue };
        let first = alternatives.iter().find(|schema| !is_only_false(schema)).and_then(Value::as_object).cloned();
        let (merged, note) = match (merge(alternatives, used.schemas, MAX_DEPTH), first) {
            ((merged, _), Some(first)) if used.only_in_requests && merged.is_empty() => (first, None),
            (result, _) => result,
        };
        for (name, value) in merged {
            keywords.entry(name).or_insert(value);
        }
        if let Some(note) = note {
            add_to_description(keywords, &note);
        }
    }
    // It tells which of the alternatives a value is.
    keywords.shift_remove("discriminator");
}

/// The schema to which a reference leads, or the schema itself, without alternatives at its top.
pub(super) fn resolve(schema: &Value, schemas: &Object) -> Object {
    resolve_within(schema, schemas, MAX_DEPTH)
}

fn resolve_within(schema: &Value, schemas: &Object, depth: usize) -> Object {
    let Value::Object(keywords) = schema else { return Object::new() };
    let Some(depth) = depth.checked_sub(1) else { return Object::new() };
    if let Some(Value::String(reference)) = keywords.get("$ref") {
        let target = reference.strip_prefix(SCHEMAS).and_then(|name| schemas.get(name));
        return target.map(|target| resolve_within(target, schemas, depth)).unwrap_or_default();
    }
    let mut keywords = keywords.clone();
    if let Some(Value::Array(all)) = keywords.shift_remove("allOf") {
        for part in all {
            combine(&mut keywords, resolve_within(&part, schemas, depth));
        }
    }
    for choice in ["oneOf", "anyOf"] {
        if let Some(Value::Array(alternatives)) = keywords.shift_remove(choice) {
            let (merged, note) = merge(alternatives, schemas, depth);
            combine(&mut keywords, resolve_within(&merged.into(), schemas, depth));
            if let Some(note) = note {
                add_to_description(&mut keywords, &note);
            }
        }
    }
    keywords
}

/// Adds the keywords of a schema that applies too.
fn combine(keywords: &mut Object, other: Object) {
    for (name, value) in other {
        match (keywords.get_mut(&name), value) {
            (Some(Value::Object(own)), Value::Object(value)) if name == "properties" => own.extend(value),
            (Some(Value::Array(own)), Value::Array(value)) if name == "required" => own.extend(value),
            (Some(_), _) => {}
            (None, value) => {
                keywords.insert(name, value);
            }
        }
    }
}

/// One schema for several, and what it does not express.
fn merge(alternatives: Vec<Value>, schemas: &Object, depth: usize) -> (Object, Option<String>) {
    let count = alternatives.len();
    let values: Vec<Value> = alternatives.into_iter().filter(|schema| !is_only_false(schema)).collect();
    let may_be_false = values.len() < count;
    let note = may_be_false.then(|| "`false` if empty.".to_owned());
    if let [Value::Object(only)] = values.as_slice() {
        return (only.clone(), note);
    }
    let resolved: Vec<Object> = values.iter().map(|schema| resolve_within(schema, schemas, depth)).collect();
    let kinds: Vec<Option<&str>> = resolved.iter().map(|schema| schema.get("type").and_then(Value::as_str)).collect();
    let kind = kinds.first().copied().flatten().filter(|first| kinds.iter().all(|kind| *kind == Some(first)));
    match kind {
        Some("object") => (merge_objects(&resolved), note),
        Some("array") => {
            let items = |schema: &Object| schema.get("items").cloned().unwrap_or_else(|| json!({}));
            let mut alternatives: Vec<Value> = resolved.iter().map(items).collect();
            alternatives.dedup();
            (array_of(alternatives), note)
        }
        Some(kind) => (merge_scalars(kind, &resolved), note),
        None => {
            let empty = may_be_false.then_some("`false`");
            let names: IndexSet<&str> = kinds.into_iter().flatten().chain(empty).collect();
            let is_described = names.len() > 1 && resolved.iter().all(|schema| schema.contains_key("type"));
            let names = names.into_iter().collect::<Vec<_>>().join(", ");
            (Object::new(), is_described.then(|| format!("One of: {names}.")))
        }
    }
}

/// Odoo's empty value.
fn is_only_false(schema: &Value) -> bool {
    schema.get("enum").is_some_and(|values| *values == json!([false]))
}

/// All members of all alternatives; required are those that each alternative requires.
fn merge_objects(alternatives: &[Object]) -> Object {
    let mut properties = Object::new();
    for (name, schema) in alternatives.iter().filter_map(|one| one.get("properties")?.as_object()).flatten() {
        properties.entry(name.clone()).or_insert_with(|| schema.clone());
    }
    let names = |one: &Object| one.get("required").and_then(Value::as_array).cloned().unwrap_or_default();
    let mut required = alternatives.first().map(names).unwrap_or_default();
    required.retain(|name| alternatives.iter().all(|one| names(one).contains(name)));
    let mut merged = Object::from_iter([("type".to_owned(), "object".into())]);
    if !properties.is_empty() {
        merged.insert("properties".into(), properties.into());
    }
    if !required.is_empty() {
        merged.insert("required".into(), required.into());
    }
    merged
}

fn array_of(mut items: Vec<Value>) -> Object {
    let items = match items.as_mut_slice() {
        [only] => only.take(),
        _ => json!({ "anyOf": items }),
    };
    Object::from_iter([("type".to_owned(), "array".into()), ("items".to_owned(), items)])
}

/// A scalar type, with the values of all alternatives if each one lists its values.
fn merge_scalars(kind: &str, alternatives: &[Object]) -> Object {
    let mut merged = Object::from_iter([("type".to_owned(), kind.into())]);
    let lists: Vec<_> = alternatives.iter().filter_map(|one| one.get("enum")?.as_array()).collect();
    if lists.len() == alternatives.len() {
        let values: Vec<Value> = lists.into_iter().flatten().cloned().collect();
        merged.insert("enum".into(), values.into());
    }
    let mut formats = alternatives.iter().map(|one| one.get("format"));
    if let Some(Some(format)) = formats.next()
        && formats.all(|other| other == Some(format))
    {
        merged.insert("format".into(), format.clone());
    }
    merged
}

fn add_to_description(keywords: &mut Object, note: &str) {
    let description = keywords.get("description").and_then(Value::as_str).unwrap_or_default().trim_end();
    let separator = match description.chars().last() {
        None => "",
        Some('.' | '!' | '?') => " ",
        Some(_) => ". ",
    };
    let description = format!("{description}{separator}{note}");
    keywords.insert("description".into(), description.into());
}
