//! The operations of the document, as the page shows them.
//!
//! In: the document. Out: one value for each operation. Must not know: HTML, except for descriptions in Markdown.

use serde_json::{Map, Value};

use super::api_document::{ApiDocument, TypeText};
use super::curl::curl;
use crate::http::docs::markdown::render_text;

/// The methods of an operation, in the order of the page.
const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];
/// The places of parameters, each with a heading.
const PLACES: [(&str, &str); 3] = [("path", "Path"), ("query", "Query"), ("header", "Headers")];

/// An operation.
#[derive(Debug)]
pub(super) struct ReferenceOperation {
    pub id: String,
    pub tag: String,
    pub method: String,
    pub path: String,
    pub summary: String,
    /// HTML.
    pub description: String,
    pub parameters: Vec<(&'static str, Vec<NamedValue>)>,
    pub body: Option<ReferenceBody>,
    pub responses: Vec<ReferenceResponse>,
    pub errors: Vec<ReferenceResponse>,
    /// The names of the accepted security schemes.
    pub credentials: Vec<String>,
    pub curl: String,
}

/// A parameter, a property, or a header.
#[derive(Debug)]
pub(super) struct NamedValue {
    pub name: String,
    pub kind: TypeText,
    pub required: bool,
    /// HTML.
    pub description: String,
    /// Bounds, pattern, default, and accepted values, each as `word: value`.
    pub limits: Vec<(&'static str, String)>,
}

/// The body of a request.
#[derive(Debug)]
pub(super) struct ReferenceBody {
    pub required: bool,
    pub contents: Vec<ReferenceContent>,
}

/// A body in one media type.
#[derive(Debug)]
pub(super) struct ReferenceContent {
    pub media_type: String,
    pub kind: TypeText,
    pub properties: Vec<NamedValue>,
    pub example: Option<String>,
}

/// A response.
#[derive(Debug)]
pub(super) struct ReferenceResponse {
    pub status: String,
    /// HTML.
    pub description: String,
    pub contents: Vec<ReferenceContent>,
    pub headers: Vec<NamedValue>,
}

fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn members<'v>(value: &'v Value, key: &str) -> impl Iterator<Item = (&'v String, &'v Value)> {
    value.get(key).and_then(Value::as_object).into_iter().flat_map(Map::iter)
}

impl ApiDocument {
    /// All operations, in the order of the document. `url` is the URL of the gateway.
    pub(super) fn operations(&self, url: &str) -> Vec<ReferenceOperation> {
        let mut operations = Vec::new();
        for (path, item) in members(&self.0, "paths") {
            for method in METHODS {
                if let Some(operation) = item.get(method) {
                    operations.push(self.operation(method, path, operation, url));
                }
            }
        }
        operations
    }

    fn operation(&self, method: &str, path: &str, operation: &Value, url: &str) -> ReferenceOperation {
        let method = method.to_uppercase();
        let responses = members(operation, "responses");
        let responses = responses.map(|(status, response)| self.response(status, self.resolve(response)));
        let (errors, responses) = responses.partition(|response| response.status.starts_with(['4', '5']));
        let tags = operation.get("tags").and_then(|tags| tags.get(0)).and_then(Value::as_str);
        ReferenceOperation {
            id: text(operation, "operationId").to_owned(),
            tag: tags.unwrap_or_default().to_owned(),
            path: path.to_owned(),
            summary: text(operation, "summary").to_owned(),
            description: render_text(text(operation, "description")),
            parameters: self.parameters(operation),
            body: operation.get("requestBody").map(|body| self.request_body(self.resolve(body))),
            responses,
            errors,
            credentials: credentials(operation),
            curl: curl(self, &method, path, operation, url),
            method,
        }
    }

    fn parameters(&self, operation: &Value) -> Vec<(&'static str, Vec<NamedValue>)> {
        let parameters = operation.get("parameters").and_then(Value::as_array).into_iter().flatten();
        let parameters: Vec<&Value> = parameters.map(|parameter| self.resolve(parameter)).collect();
        let at = |place: &str| {
            let here = parameters.iter().filter(|parameter| text(parameter, "in") == place);
            here.map(|parameter| self.parameter(parameter)).collect::<Vec<_>>()
        };
        PLACES.map(|(place, title)| (title, at(place))).into_iter().filter(|(_, found)| !found.is_empty()).collect()
    }

    fn parameter(&self, parameter: &Value) -> NamedValue {
        let required = parameter.get("required") == Some(&Value::Bool(true));
        let schema = parameter.get("schema").unwrap_or(&Value::Null);
        let mut value = self.named(text(parameter, "name"), schema, required);
        value.description = render_text(text(parameter, "description"));
        if let Some(example) = self.example(parameter) {
            value.limits.push(("example", plain(example)));
        }
        value
    }

    fn named(&self, name: &str, schema: &Value, required: bool) -> NamedValue {
        let described = Some(text(schema, "description")).filter(|text| !text.is_empty());
        NamedValue {
            name: name.to_owned(),
            kind: self.type_text(schema),
            required,
            description: render_text(described.unwrap_or_else(|| text(self.resolve(schema), "description"))),
            limits: limits(self.resolve(schema)),
        }
    }

    /// The properties of a schema, also those of the schemas it combines.
    pub(super) fn properties(&self, schema: &Value) -> Vec<NamedValue> {
        let schema = self.resolve(schema);
        let required: Vec<&str> =
            schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
        let own = members(schema, "properties");
        let mut properties: Vec<NamedValue> =
            own.map(|(name, property)| self.named(name, property, required.contains(&name.as_str()))).collect();
        for part in schema.get("allOf").and_then(Value::as_array).into_iter().flatten() {
            properties.extend(self.properties(part));
        }
        properties
    }

    fn request_body(&self, body: &Value) -> ReferenceBody {
        ReferenceBody { required: body.get("required") == Some(&Value::Bool(true)), contents: self.contents(body) }
    }

    fn contents(&self, described: &Value) -> Vec<ReferenceContent> {
        let content = |(media_type, content): (&String, &Value)| {
            let schema = content.get("schema").unwrap_or(&Value::Null);
            let example = self.content_example(content);
            ReferenceContent {
                media_type: media_type.clone(),
                kind: self.type_text(schema),
                properties: self.properties(schema),
                example: example.map(|example| pretty(&example)).filter(|example| !example.is_empty()),
            }
        };
        members(described, "content").map(content).collect()
    }

    fn response(&self, status: &str, response: &Value) -> ReferenceResponse {
        let header = |(name, header): (&String, &Value)| {
            let header = self.resolve(header);
            let schema = header.get("schema").unwrap_or(&Value::Null);
            let mut value = self.named(name, schema, false);
            value.description = render_text(text(header, "description"));
            value
        };
        ReferenceResponse {
            status: status.to_owned(),
            description: render_text(text(response, "description")),
            contents: self.contents(response),
            headers: members(response, "headers").map(header).collect(),
        }
    }
}

fn credentials(operation: &Value) -> Vec<String> {
    let requirements = operation.get("security").and_then(Value::as_array).into_iter().flatten();
    requirements.filter_map(Value::as_object).flat_map(|requirement| requirement.keys().cloned()).collect()
}

/// What a schema says about its values.
fn limits(schema: &Value) -> Vec<(&'static str, String)> {
    const WORDS: [(&str, &str); 8] = [
        ("minimum", "at least"),
        ("maximum", "at most"),
        ("minLength", "characters, at least"),
        ("maxLength", "characters, at most"),
        ("maxItems", "items, at most"),
        ("pattern", "pattern"),
        ("default", "default"),
        ("const", "always"),
    ];
    let mut limits: Vec<(&'static str, String)> =
        WORDS.iter().filter_map(|(key, word)| Some((*word, plain(schema.get(*key)?)))).collect();
    if let Some(values) = schema.get("enum").and_then(Value::as_array) {
        limits.push(("one of", values.iter().map(plain).collect::<Vec<_>>().join(", ")));
    }
    limits
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Text as it is, other values as indented JSON.
pub(super) fn pretty(value: &Value) -> String {
    value.as_str().map_or_else(|| serde_json::to_string_pretty(value).unwrap_or_default(), str::to_owned)
}
