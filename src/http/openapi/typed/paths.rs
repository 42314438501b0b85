//! The operations of a model: the generic ones, with the model in the path and its schemas in the bodies.
//!
//! In: the generic document, a named model. Out: paths, and the schemas of envelopes. Must not know: the fields of the
//! model.

use std::collections::HashSet;

use serde_json::{Map, Value, json};

use super::examples::{changes_example, values_example};
use super::model_schemas::{NamedModel, dialect_suffix};
use super::operations::{OPERATIONS, TypedBody, TypedContent, TypedOperation};
use super::references::reference;
use crate::http::openapi::document_query::{DocumentQuery, TypedDialect};
use crate::plan::Operation;
use crate::plan::model_schema::FieldType;
use crate::shape::EmptyFormat;

/// The place of the model in a generic path.
pub(super) const MODEL: &str = "{model}";

const JSON: &str = "application/json";

/// Examples of parameters that work for every model. The generic ones name fields of a certain model.
const EXAMPLES: [(&str, &str); 7] = [
    ("query", "{id, display_name}"),
    ("fields", "['id','display_name']"),
    ("allfields", "['id','display_name']"),
    ("filter", "[]"),
    ("domain", "[]"),
    ("order", "id"),
    ("attributes", "['type','string']"),
];

/// Parameters that a typed operation does not have: `count` changes the type of the response, `vals` is in the body.
const REMOVED: [&str; 3] = ["model", "count", "vals"];

/// Errors of the protocol, which do not depend on the model: the generic document describes them.
const PROTOCOL_ERRORS: [&str; 6] = ["405", "406", "414", "415", "421", "431"];

/// Writes the paths of one model.
pub(super) struct PathWriter<'p> {
    /// The generic document.
    pub base: &'p Value,
    pub query: &'p DocumentQuery,
    /// The ids of the operations that were written.
    pub ids: &'p mut HashSet<String>,
    /// The schemas of the document, to which envelopes are added.
    pub schemas: &'p mut Map<String, Value>,
}

impl PathWriter<'_> {
    /// Adds every path that exists for the model.
    pub(super) fn add_paths(&mut self, named: &NamedModel<'_>, paths: &mut Map<String, Value>) {
        let generic = self.base.get("paths").and_then(Value::as_object);
        for (path, item) in generic.into_iter().flatten().filter(|(path, _)| path.contains(MODEL)) {
            let mut typed = Map::new();
            for (method, operation) in item.as_object().into_iter().flatten() {
                let id = operation.get("operationId").and_then(Value::as_str);
                let row = OPERATIONS.iter().find(|row| Some(row.id) == id && self.is_available(row, named));
                if let Some(row) = row {
                    typed.insert(method.clone(), self.operation(operation, row, named));
                }
            }
            if !typed.is_empty() {
                paths.insert(path.replace(MODEL, named.model.description.model.as_str()), Value::Object(typed));
            }
        }
    }

    fn is_available(&self, row: &TypedOperation, named: &NamedModel<'_>) -> bool {
        let is_requested = self.query.dialect.is_none_or(|only| only == row.dialect);
        let is_enabled = row.dialect != TypedDialect::Restful || named.model.restful.is_some();
        let (access, rights) = (&named.model.access, named.model.description.rights);
        let is_allowed = match row.needs {
            Operation::Read => row.verb != "download" || binary_fields(named).next().is_some(),
            Operation::Create => named.creatable().is_some(),
            Operation::Update => named.updatable().is_some(),
            Operation::Delete => access.delete && rights.delete,
            Operation::Execute => access.execute,
        };
        is_requested && is_enabled && is_allowed
    }

    fn operation(&mut self, generic: &Value, row: &TypedOperation, named: &NamedModel<'_>) -> Value {
        let mut operation = generic.clone();
        let Some(members) = operation.as_object_mut() else { return operation };
        members.insert("operationId".to_owned(), self.operation_id(row, named).into());
        if let Some(summary) = generic.get("summary").and_then(Value::as_str) {
            members.insert("summary".to_owned(), format!("{}: {summary}", named.model.label).into());
        }
        let parameters = generic.get("parameters").and_then(Value::as_array).into_iter().flatten();
        let parameters: Vec<Value> = parameters.filter_map(|one| self.parameter(one, row, named)).collect();
        members.insert("parameters".to_owned(), parameters.into());
        if let (Some(body), Some(request)) = (row.request, generic.get("requestBody")) {
            members.insert("requestBody".to_owned(), self.request_body(request, body, row, named));
        }
        let mut responses = members.get_mut("responses").and_then(Value::as_object_mut);
        if let Some(responses) = &mut responses {
            responses.retain(|status, _| !PROTOCOL_ERRORS.contains(&status.as_str()));
        }
        for (status, response) in responses.into_iter().flatten() {
            if let (Some(body), true) = (row.response, status.starts_with('2')) {
                *response = self.response(response, body, row, named);
            }
        }
        operation
    }

    fn operation_id(&mut self, row: &TypedOperation, named: &NamedModel<'_>) -> String {
        let mut id = format!("{}{}{}", row.verb, named.name, dialect_suffix(row.dialect));
        while !self.ids.insert(id.clone()) {
            id.push_str("Model");
        }
        id
    }

    fn parameter(&self, generic: &Value, row: &TypedOperation, named: &NamedModel<'_>) -> Option<Value> {
        let resolved = resolve(self.base, generic);
        let name = resolved.get("name").and_then(Value::as_str)?;
        if REMOVED.contains(&name) {
            return None;
        }
        let mut own = resolved.clone();
        let members = own.as_object_mut()?;
        match (name, row.verb) {
            ("Prefer", _) if self.query.empty == EmptyFormat::Null => {
                members.insert("required".to_owned(), true.into());
                members.insert("schema".to_owned(), json!({"type": "string", "default": "empty=null"}));
                members.insert("example".to_owned(), "empty=null".into());
            }
            ("field", "download") => {
                let fields: Vec<&str> = binary_fields(named).collect();
                members.insert("example".to_owned(), fields.first().copied().into());
                members.insert("schema".to_owned(), json!({"type": "string", "enum": fields}));
            }
            ("filters", _) => {
                members.remove("example");
            }
            _ => match EXAMPLES.iter().find(|(known, _)| *known == name) {
                Some((_, example)) => {
                    members.insert("example".to_owned(), (*example).into());
                }
                None => return Some(generic.clone()),
            },
        }
        members.remove("examples");
        Some(own)
    }

    fn request_body(
        &mut self,
        generic: &Value,
        body: TypedBody,
        row: &TypedOperation,
        named: &NamedModel<'_>,
    ) -> Value {
        let mut request = resolve(self.base, generic).clone();
        let schema = self.body_schema(request.pointer("/content/application~1json/schema"), body, row, named);
        let values = match body.content {
            TypedContent::Values => values_example(named),
            TypedContent::ValuesList => json!([values_example(named)]),
            _ => changes_example(named),
        };
        let example = body.member.iter().rev().fold(values, |value, member| json!({*member: value}));
        let content = json!({JSON: {"schema": schema, "example": example}});
        if let Some(members) = request.as_object_mut() {
            members.insert("content".to_owned(), content);
            members.insert("required".to_owned(), true.into());
        }
        request
    }

    fn response(&mut self, generic: &Value, body: TypedBody, row: &TypedOperation, named: &NamedModel<'_>) -> Value {
        let mut response = resolve(self.base, generic).clone();
        let schema = self.body_schema(response.pointer("/content/application~1json/schema"), body, row, named);
        let content = response.get_mut("content").and_then(Value::as_object_mut);
        for (media, content) in content.into_iter().flatten() {
            let Some(members) = content.as_object_mut() else { continue };
            members.remove("example");
            members.remove("examples");
            if media == JSON {
                members.insert("schema".to_owned(), schema.clone());
            }
        }
        response
    }

    /// The schema of a body: the content, or a reference to its envelope, which is added to the schemas.
    fn body_schema(
        &mut self,
        generic: Option<&Value>,
        body: TypedBody,
        row: &TypedOperation,
        named: &NamedModel<'_>,
    ) -> Value {
        let content = content_schema(body.content, row.dialect, named, self.schemas);
        if body.name.is_empty() {
            return content;
        }
        let name = named.named(body.name);
        let envelope = match (generic, body.member) {
            (Some(generic), [_, ..]) => fill(self.base, generic, body.member, content),
            _ => content,
        };
        self.schemas.insert(name.clone(), envelope);
        reference(&name)
    }
}

/// The names of the fields that can be downloaded.
fn binary_fields<'n>(named: &'n NamedModel<'_>) -> impl Iterator<Item = &'n str> {
    named.readable().filter(|field| field.kind == FieldType::Binary).map(|field| field.name.as_str())
}

/// What a reference refers to; anything else stays the same. Of alternatives, the first one.
pub(super) fn resolve<'v>(base: &'v Value, value: &'v Value) -> &'v Value {
    let alternatives = [Some(value), value.pointer("/oneOf/0"), value.pointer("/allOf/0")];
    let mut references = alternatives.into_iter().flatten().filter_map(|value| value.get("$ref")?.as_str());
    references.find_map(|reference| base.pointer(reference.strip_prefix('#')?)).unwrap_or(value)
}

/// A copy of an envelope with `content` as the member.
fn fill(base: &Value, envelope: &Value, member: &[&str], content: Value) -> Value {
    let [name, inner @ ..] = member else { return content };
    let mut filled = resolve(base, envelope).clone();
    let generic = filled.pointer(&format!("/properties/{name}")).cloned().unwrap_or_default();
    if let Some(members) = filled.as_object_mut() {
        members.remove("example");
    }
    if let Some(properties) = filled.get_mut("properties").and_then(Value::as_object_mut) {
        properties.insert((*name).to_owned(), fill(base, &generic, inner, content));
    }
    filled
}

fn content_schema(
    content: TypedContent,
    dialect: TypedDialect,
    named: &NamedModel<'_>,
    schemas: &Map<String, Value>,
) -> Value {
    let record = named.named(dialect_suffix(dialect));
    let records = || json!({"type": "array", "items": reference(&record)});
    // A separate schema exists only if one is configured.
    let written = |end: &str| {
        let own = format!("{record}{end}");
        reference(if schemas.contains_key(&own) { &own } else { &record })
    };
    let number = |description: &str| json!({"type": "integer", "description": description});
    match content {
        TypedContent::Record => reference(&record),
        TypedContent::Records => records(),
        TypedContent::Created => written("Created"),
        TypedContent::Updated => written("Updated"),
        TypedContent::Counted => object(&[("records", records()), ("count", number("The number of records."))]),
        TypedContent::Found => object(&[
            ("records", records()),
            ("count", number("The number of records in this response.")),
            ("total_count", number("The number of records that match.")),
        ]),
        TypedContent::LabeledRecord => object(&[(&named.model.label, reference(&record))]),
        TypedContent::LabeledRecords => object(&[(&named.model.label, records())]),
        TypedContent::LabeledIds => {
            object(&[(&named.model.label, json!({"type": "array", "items": {"type": "integer"}}))])
        }
        TypedContent::Values => reference(&named.named("Create")),
        TypedContent::ValuesList => json!({"type": "array", "items": reference(&named.named("Create"))}),
        TypedContent::Changes => reference(&named.named("Update")),
    }
}

/// An object in which every member is required.
fn object(members: &[(&str, Value)]) -> Value {
    let required: Vec<&str> = members.iter().map(|(name, _)| *name).collect();
    let properties: Map<String, Value> =
        members.iter().map(|(name, schema)| ((*name).to_owned(), schema.clone())).collect();
    json!({"type": "object", "required": required, "properties": properties})
}
