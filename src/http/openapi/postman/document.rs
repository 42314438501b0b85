//! Reads an OpenAPI document: operations, references, examples.
//!
//! In: the document as JSON. Out: [`DocumentedOperation`]. Must not know: Postman.

use serde_json::{Value, json};

/// The longest chain of references, so that a cycle ends.
const MAX_REFERENCES: usize = 16;

/// The members of a path item that are operations.
const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

/// One operation of a document.
#[derive(Debug, Clone, Copy)]
pub(super) struct DocumentedOperation<'a> {
    pub(super) document: &'a Value,
    /// In lower case.
    pub(super) method: &'static str,
    pub(super) path: &'a str,
    item: &'a Value,
    spec: &'a Value,
}

/// A body in one media type.
#[derive(Debug, Clone)]
pub(super) struct DocumentedContent<'a> {
    pub(super) media_type: &'a str,
    pub(super) schema: Option<&'a Value>,
    pub(super) example: Option<Value>,
}

/// The operations of a document, in its order.
pub(super) fn operations(document: &Value) -> Vec<DocumentedOperation<'_>> {
    let mut operations = Vec::new();
    for (path, item) in document.get("paths").and_then(Value::as_object).into_iter().flatten() {
        for method in METHODS {
            if let Some(spec) = item.get(method) {
                operations.push(DocumentedOperation { document, method, path, item, spec });
            }
        }
    }
    operations
}

impl<'a> DocumentedOperation<'a> {
    /// The operation id.
    pub(super) fn id(&self) -> &'a str {
        let id = self.text("operationId");
        if id.is_empty() { self.path } else { id }
    }

    /// A text of the operation, such as its summary; empty if it has none.
    pub(super) fn text(&self, member: &str) -> &'a str {
        self.spec.get(member).and_then(Value::as_str).unwrap_or_default()
    }

    /// Whether the operation needs no credential.
    pub(super) fn is_open(&self) -> bool {
        self.spec.get("security").and_then(Value::as_array).is_some_and(Vec::is_empty)
    }

    /// The parameters in this place: `path`, `query` or `header`.
    pub(super) fn parameters(&self, place: &str) -> Vec<&'a Value> {
        let lists = [self.item.get("parameters"), self.spec.get("parameters")];
        let all = lists.into_iter().flatten().filter_map(Value::as_array).flatten();
        let resolved = all.map(|parameter| resolve(self.document, parameter));
        resolved.filter(|parameter| text_of(parameter, "in") == place).collect()
    }

    /// The body of the request, in each media type.
    pub(super) fn request_body(&self) -> Vec<DocumentedContent<'a>> {
        self.spec.get("requestBody").map_or_else(Vec::new, |body| self.contents(body))
    }

    /// The response with this status.
    pub(super) fn response(&self, status: &str) -> Option<&'a Value> {
        Some(resolve(self.document, self.spec.get("responses")?.get(status)?))
    }

    /// The lowest status of success that the document names.
    pub(super) fn success(&self) -> u16 {
        let statuses = self.spec.get("responses").and_then(Value::as_object).into_iter().flatten();
        let codes = statuses.filter_map(|(status, _)| status.parse().ok());
        codes.filter(|status| (200..300).contains(status)).min().unwrap_or(200)
    }

    /// The media types of a response or of a request body.
    pub(super) fn contents(&self, owner: &'a Value) -> Vec<DocumentedContent<'a>> {
        let contents = resolve(self.document, owner).get("content").and_then(Value::as_object);
        let content = |(media_type, content): (&'a String, &'a Value)| {
            let schema = content.get("schema");
            let example = own_example(self.document, content)
                .or_else(|| schema.and_then(|schema| schema_example(self.document, schema)));
            DocumentedContent { media_type, schema, example }
        };
        contents.into_iter().flatten().map(content).collect()
    }

    /// The example of a parameter, as text.
    pub(super) fn parameter_example(&self, parameter: &Value) -> Option<String> {
        let of_schema = || parameter.get("schema").and_then(|schema| schema_example(self.document, schema));
        own_example(self.document, parameter).or_else(of_schema).map(|example| plain_text(&example))
    }
}

/// A string without quotes; anything else as JSON.
pub(super) fn plain_text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// A text member of an object; empty if it has none.
pub(super) fn text_of<'a>(value: &'a Value, member: &str) -> &'a str {
    value.get(member).and_then(Value::as_str).unwrap_or_default()
}

/// What a value refers to by `$ref`, or the value.
pub(super) fn resolve<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    let mut current = value;
    for _ in 0..MAX_REFERENCES {
        let target = current.get("$ref").and_then(Value::as_str).and_then(|reference| target(document, reference));
        match target {
            Some(target) => current = target,
            None => break,
        }
    }
    current
}

/// The value at a reference such as `#/components/schemas/Problem`.
pub(super) fn target<'a>(document: &'a Value, reference: &str) -> Option<&'a Value> {
    document.pointer(reference.strip_prefix('#')?)
}

/// The `example`, or the first of the `examples`, of a parameter or of a media type.
fn own_example(document: &Value, owner: &Value) -> Option<Value> {
    let named = || owner.get("examples")?.as_object()?.values().next();
    let first = || resolve(document, named()?).get("value").cloned();
    owner.get("example").cloned().or_else(first)
}

/// The example of a schema, of its first alternative, or of the items of an array.
fn schema_example(document: &Value, schema: &Value) -> Option<Value> {
    let schema = resolve(document, schema);
    let listed = || schema.get("examples")?.as_array()?.first().cloned();
    if let Some(example) = schema.get("example").cloned().or_else(listed) {
        return Some(example);
    }
    if let Some(first) = schema.get("oneOf").and_then(Value::as_array).and_then(|all| all.first()) {
        return schema_example(document, first);
    }
    // Only one level: an array of arrays has no example.
    let item = resolve(document, schema.get("items")?);
    item.get("example").map(|example| json!([example]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_and_shared_parameters_are_resolved() {
        let document = json!({
            "paths": {"/a/{id}": {
                "parameters": [{"$ref": "#/components/parameters/id"}],
                "get": {
                    "operationId": "read", "security": [],
                    "responses": {"200": {"$ref": "#/components/responses/ok"}, "default": {}},
                },
            }},
            "components": {
                "parameters": {"id": {"name": "id", "in": "path", "schema": {"type": "integer", "example": 7}}},
                "responses": {"ok": {"content": {"application/json": {
                    "schema": {"type": "array", "items": {"$ref": "#/components/schemas/Row"}},
                }}}},
                "schemas": {"Row": {"type": "object", "example": {"id": 7}}},
            },
        });
        let [read] = operations(&document)[..] else { panic!("one operation") };
        assert_eq!((read.id(), read.method, read.is_open(), read.success()), ("read", "get", true, 200));
        let [id] = read.parameters("path")[..] else { panic!("one parameter") };
        assert_eq!(read.parameter_example(id).as_deref(), Some("7"));
        let contents = read.contents(read.response("200").unwrap());
        assert_eq!(contents[0].example, Some(json!([{"id": 7}])));
        assert!(read.parameters("query").is_empty() && read.request_body().is_empty());
    }

    #[test]
    fn cycles_of_references_end() {
        let document = json!({"a": {"$ref": "#/b"}, "b": {"$ref": "#/a"}});
        assert!(resolve(&document, &document["a"]).get("$ref").is_some());
    }
}
