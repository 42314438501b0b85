//! Reads an OpenAPI document: references, types, examples.
//!
//! In: the document as JSON. Out: parts of it. Must not know: pages.

use serde_json::{Map, Value, json};

/// How deep an example is made from a schema.
const MAX_DEPTH: usize = 4;

/// The document.
#[derive(Debug)]
pub(super) struct ApiDocument(pub(super) Value);

/// The type of a value, and the component that describes it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct TypeText {
    pub text: String,
    /// The name of a schema.
    pub component: Option<String>,
}

impl ApiDocument {
    /// The value itself, or what its `$ref` points to.
    pub(super) fn resolve<'v>(&'v self, value: &'v Value) -> &'v Value {
        let pointer = value.get("$ref").and_then(Value::as_str).and_then(|text| text.strip_prefix('#'));
        pointer.and_then(|pointer| self.0.pointer(pointer)).unwrap_or(value)
    }

    /// The schemas with their names, in the order of the document.
    pub(super) fn schemas(&self) -> impl Iterator<Item = (&String, &Value)> {
        self.0.pointer("/components/schemas").and_then(Value::as_object).into_iter().flatten()
    }

    /// The type of a schema in a few words.
    pub(super) fn type_text(&self, schema: &Value) -> TypeText {
        if let Some(name) = schema.get("$ref").and_then(Value::as_str).and_then(|text| text.rsplit('/').next()) {
            return TypeText { text: name.to_owned(), component: Some(name.to_owned()) };
        }
        for key in ["oneOf", "anyOf", "allOf"] {
            if let Some(variants) = schema.get(key).and_then(Value::as_array) {
                return self.joined(variants, if key == "allOf" { " and " } else { " or " });
            }
        }
        match schema.get("type") {
            Some(Value::String(name)) if name == "array" => self.array(schema),
            Some(Value::String(name)) => TypeText { text: with_format(name, schema), component: None },
            Some(Value::Array(names)) => {
                let names: Vec<&str> = names.iter().filter_map(Value::as_str).collect();
                TypeText { text: names.join(" or "), component: None }
            }
            _ => TypeText { text: "any value".to_owned(), component: None },
        }
    }

    fn array(&self, schema: &Value) -> TypeText {
        let items = schema.get("items").map(|items| self.type_text(items)).unwrap_or_default();
        let text = if items.text.is_empty() { "array".to_owned() } else { format!("array of {}", items.text) };
        TypeText { text, component: items.component }
    }

    fn joined(&self, variants: &[Value], separator: &str) -> TypeText {
        let mut parts: Vec<TypeText> = Vec::new();
        for part in variants.iter().map(|variant| self.type_text(variant)) {
            if !parts.contains(&part) {
                parts.push(part);
            }
        }
        let text = parts.iter().map(|part| part.text.as_str()).collect::<Vec<_>>().join(separator);
        TypeText { text, component: parts.into_iter().find_map(|part| part.component) }
    }

    /// The example of a parameter, a media type or a schema, if it has one.
    pub(super) fn example<'v>(&'v self, described: &'v Value) -> Option<&'v Value> {
        if let Some(example) = described.get("example") {
            return Some(example);
        }
        match described.get("examples") {
            Some(Value::Object(named)) => self.resolve(named.values().next()?).get("value"),
            Some(Value::Array(values)) => values.first(),
            _ => None,
        }
    }

    /// The example of a media type: its own, that of its schema, or one that fits the schema.
    pub(super) fn content_example(&self, media_type: &Value) -> Option<Value> {
        if let Some(example) = self.example(media_type) {
            return Some(example.clone());
        }
        self.sample(media_type.get("schema")?, 0)
    }

    fn sample(&self, schema: &Value, depth: usize) -> Option<Value> {
        let schema = self.resolve(schema);
        if let Some(example) = self.example(schema) {
            return Some(example.clone());
        }
        if let Some(value) = ["const", "default"].iter().find_map(|key| schema.get(*key)) {
            return Some(value.clone());
        }
        if let Some(first) = schema.get("enum").and_then(Value::as_array).and_then(|values| values.first()) {
            return Some(first.clone());
        }
        if let Some(first) = ["oneOf", "anyOf", "allOf"].iter().find_map(|key| schema.get(*key)?.get(0)) {
            return self.sample(first, depth + 1);
        }
        if depth > MAX_DEPTH {
            return None;
        }
        match schema.get("type").and_then(Value::as_str)? {
            "object" => {
                let properties = schema.get("properties").and_then(Value::as_object).into_iter().flatten();
                let sampled = |(name, schema): (&String, &Value)| Some((name.clone(), self.sample(schema, depth + 1)?));
                Some(Value::Object(properties.filter_map(sampled).collect::<Map<_, _>>()))
            }
            "array" => {
                let item = schema.get("items").and_then(|items| self.sample(items, depth + 1));
                Some(Value::Array(item.into_iter().collect()))
            }
            "integer" => Some(json!(1)),
            "number" => Some(json!(1.5)),
            "boolean" => Some(json!(true)),
            "string" => Some(json!("text")),
            _ => None,
        }
    }
}

fn with_format(name: &str, schema: &Value) -> String {
    match schema.get("format").and_then(Value::as_str) {
        Some(format) if !matches!(format, "int32" | "int64" | "double" | "float") => format!("{name} ({format})"),
        _ => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document() -> ApiDocument {
        let number = json!({"type": "integer", "format": "int32"});
        let rows = json!({"type": "array", "items": {"$ref": "#/components/schemas/Row"}});
        let schemas = json!({
            "Page": {"type": "object", "properties": {"count": number, "rows": rows}},
            "Row": {"type": "object", "properties": {"name": {"type": "string", "example": "Azure"}}},
        });
        ApiDocument(json!({"components": {"schemas": schemas}}))
    }

    #[test]
    fn types_are_named() {
        let document = document();
        for (schema, text, component) in [
            (json!({"$ref": "#/components/schemas/Row"}), "Row", Some("Row")),
            (json!({"type": "array", "items": {"$ref": "#/components/schemas/Row"}}), "array of Row", Some("Row")),
            (json!({"oneOf": [{"type": "string"}, {"type": "integer"}]}), "string or integer", None),
            (json!({"type": ["string", "null"]}), "string or null", None),
            (json!({"type": "string", "format": "binary"}), "string (binary)", None),
            (json!({}), "any value", None),
        ] {
            let found = document.type_text(&schema);
            assert_eq!((found.text.as_str(), found.component.as_deref()), (text, component), "{schema}");
        }
    }

    #[test]
    fn examples_are_found_or_made_from_the_schema() {
        let document = document();
        let page = json!({"schema": {"$ref": "#/components/schemas/Page"}});
        assert_eq!(document.content_example(&page), Some(json!({"count": 1, "rows": [{"name": "Azure"}]})));
        let named = json!({"examples": {"one": {"value": [1]}}});
        assert_eq!(document.content_example(&named), Some(json!([1])));
    }
}
