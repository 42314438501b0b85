//! From OpenAPI 3.0.3 to Swagger 2.0: the document and its operations.
//!
//! In: an OpenAPI 3.0.3 document. Out: the same document as Swagger 2.0, as far as it can be expressed: a response has
//! one schema (that of JSON if there is one), alternatives become one schema. Must not know: OpenAPI 3.1.

use std::cell::RefCell;
use std::collections::HashSet;

use serde_json::{Value, json};
use url::Url;

use super::openapi_3_0::METHODS;
use super::parameter_2_0::{example, header, parameter, request_body};
use super::request_schemas::request_schemas;
use super::schema_2_0::schema;
use super::security_2_0::{definitions, replace_requirements};
use super::union_2_0::SchemaUse;
use super::walk::{Object, Walk};

/// The shared parts of the OpenAPI 3.0 document.
struct Components<'a> {
    all: &'a Object,
    schemas: &'a Object,
    security_schemes: &'a Object,
    /// The shared headers that were described already. Swagger 2.0 has no references to headers, so each response
    /// contains them, and only the first one their descriptions.
    described_headers: RefCell<HashSet<String>>,
}

impl<'a> Components<'a> {
    fn new(all: &'a Object, empty: &'a Object) -> Self {
        let section = |name: &str| all.get(name).and_then(Value::as_object).unwrap_or(empty);
        let (schemas, security_schemes) = (section("schemas"), section("securitySchemes"));
        Self { all, schemas, security_schemes, described_headers: RefCell::default() }
    }

    /// The object itself, or the shared one to which it refers.
    fn resolve<'b>(&'b self, object: &'b Object) -> Option<&'b Object> {
        let Some(reference) = object.get("$ref").and_then(Value::as_str) else { return Some(object) };
        let (section, name) = reference.strip_prefix("#/components/")?.split_once('/')?;
        self.all.get(section)?.get(name)?.as_object()
    }
}

/// Converts the document.
pub(super) fn convert(document: Value, walk: &mut Walk) -> Value {
    let Value::Object(mut document) = document else { return document };
    let all = match document.shift_remove("components") {
        Some(Value::Object(all)) => all,
        _ => Object::new(),
    };
    let empty = Object::new();
    let components = Components::new(&all, &empty);
    let mut converted = Object::from_iter([("swagger".to_owned(), "2.0".into())]);
    converted.extend(document.shift_remove("info").map(|info| ("info".to_owned(), info)));
    if let Some(servers) = document.shift_remove("servers") {
        add_address(&mut converted, &servers);
    }
    let request_schemas = request_schemas(document.get("paths"), &all);
    walk.members(&mut document, "paths", |item, walk| path_item(item, &components, walk));
    if let Some(security) = document.get_mut("security") {
        replace_requirements(security, components.security_schemes);
    }
    document.shift_remove("openapi");
    converted.extend(document);
    walk.inside("components", |walk| add_shared(&mut converted, &components, &request_schemas, walk));
    walk.keep_only(&mut converted, &KNOWN);
    converted.into()
}

/// The members of the document.
const KNOWN: [&str; 13] = [
    "swagger",
    "info",
    "host",
    "basePath",
    "schemes",
    "paths",
    "definitions",
    "parameters",
    "responses",
    "securityDefinitions",
    "security",
    "tags",
    "externalDocs",
];

/// The URL of the first server in three parts. A relative URL has only a path; the host is then that of the document.
fn add_address(converted: &mut Object, servers: &Value) {
    let first = servers.get(0).and_then(|server| server.get("url")).and_then(Value::as_str).unwrap_or("/");
    let url = Url::parse(first).ok();
    let path = url.as_ref().map_or(first, Url::path).trim_end_matches('/');
    if let Some((url, host)) = url.as_ref().and_then(|url| Some((url, url.host_str()?))) {
        let host = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
        converted.insert("host".into(), host.into());
        converted.insert("schemes".into(), json!([url.scheme()]));
    }
    converted.insert("basePath".into(), if path.is_empty() { "/" } else { path }.into());
}

/// Adds what paths refer to.
fn add_shared(converted: &mut Object, components: &Components<'_>, request_schemas: &HashSet<String>, walk: &mut Walk) {
    let mut shared = components.all.clone();
    if let Some(Value::Object(schemas)) = shared.get_mut("schemas") {
        for (name, value) in schemas.iter_mut() {
            let used =
                SchemaUse { schemas: components.schemas, only_in_requests: request_schemas.contains(name.as_str()) };
            walk.inside("schemas", |walk| walk.inside(name, |walk| schema(value, used, walk)));
        }
    }
    walk.members(&mut shared, "responses", |value, walk| {
        response(value, components, walk);
    });
    if let Some(Value::Object(parameters)) = shared.get_mut("parameters") {
        parameters.retain(|name, value| {
            let converted = walk.inside(name, |walk| parameter(value.as_object()?, components.schemas, walk));
            converted.map(|converted| *value = converted).is_some()
        });
    }
    for (section, section_2_0) in [("schemas", "definitions"), ("parameters", "parameters"), ("responses", "responses")]
    {
        converted.extend(shared.shift_remove(section).map(|section| (section_2_0.to_owned(), section)));
    }
    let definitions = walk.inside("securitySchemes", |walk| definitions(components.security_schemes, walk));
    converted.insert("securityDefinitions".into(), definitions.into());
}

fn path_item(item: &mut Value, components: &Components<'_>, walk: &mut Walk) {
    let Value::Object(item) = item else { return };
    walk.member(item, "parameters", |list, walk| parameters(list, components, walk));
    for method in METHODS {
        walk.member(item, method, |value, walk| operation(value, components, walk));
    }
    // A path has no texts of its own.
    item.retain(|name, _| name != "summary" && name != "description");
    let known: Vec<&str> = METHODS.into_iter().filter(|method| *method != "trace").chain(["parameters"]).collect();
    walk.keep_only(item, &known);
}

/// Converts each parameter, and drops those without an equivalent.
fn parameters(list: &mut Value, components: &Components<'_>, walk: &mut Walk) {
    let Value::Array(list) = list else { return };
    let converted = list.iter().filter_map(|value| {
        let Value::Object(own) = value else { return None };
        let converted = parameter(components.resolve(own)?, components.schemas, walk)?;
        let reference = own.get("$ref").and_then(Value::as_str);
        Some(match reference.and_then(|reference| reference.strip_prefix("#/components/parameters/")) {
            Some(name) => json!({"$ref": format!("#/parameters/{name}")}),
            None => converted,
        })
    });
    *list = converted.collect();
}

fn operation(operation: &mut Value, components: &Components<'_>, walk: &mut Walk) {
    let Value::Object(operation) = operation else { return };
    walk.member(operation, "parameters", |list, walk| parameters(list, components, walk));
    if let Some(Value::Object(body)) = operation.shift_remove("requestBody")
        && let Some(body) = components.resolve(&body)
    {
        let (parameters, consumes) = request_body(body, components.schemas, walk);
        if let Value::Array(list) = operation.entry("parameters").or_insert_with(|| json!([])) {
            list.extend(parameters);
        }
        operation.insert("consumes".into(), consumes.into());
    }
    let mut produces: Vec<String> = Vec::new();
    walk.members(operation, "responses", |value, walk| {
        for media_type in response(value, components, walk) {
            if !produces.contains(&media_type) {
                produces.push(media_type);
            }
        }
    });
    operation.insert("produces".into(), produces.into());
    if let Some(security) = operation.get_mut("security") {
        replace_requirements(security, components.security_schemes);
    }
}

/// Converts a response in place. Returns its media types.
fn response(value: &mut Value, components: &Components<'_>, walk: &mut Walk) -> Vec<String> {
    let Value::Object(own) = value else { return Vec::new() };
    let Some(resolved) = components.resolve(own) else { return Vec::new() };
    let empty = Object::new();
    let content = resolved.get("content").and_then(Value::as_object).unwrap_or(&empty);
    let media_types = content.keys().cloned().collect();
    if let Some(name) = own.get("$ref").and_then(Value::as_str).and_then(|name| name.rsplit('/').next()) {
        *value = json!({"$ref": format!("#/responses/{name}")});
        return media_types;
    }
    let mut converted = Object::new();
    converted.extend(own.get("description").map(|text| ("description".to_owned(), text.clone())));
    if let Some(mut own_schema) = response_schema(content) {
        let used = SchemaUse { schemas: components.schemas, only_in_requests: false };
        schema(&mut own_schema, used, walk);
        converted.insert("schema".into(), own_schema);
    }
    let headers = own.get("headers").and_then(Value::as_object).into_iter().flatten();
    let headers = headers.filter_map(|(name, value)| {
        let own = value.as_object()?;
        let mut converted = header(components.resolve(own)?, components.schemas, walk);
        if own.contains_key("$ref") && !components.described_headers.borrow_mut().insert(name.clone()) {
            converted.as_object_mut()?.shift_remove("description");
        }
        Some((name.clone(), converted))
    });
    let headers: Object = headers.collect();
    if !headers.is_empty() {
        converted.insert("headers".into(), headers.into());
    }
    let examples = content.iter().filter_map(|(name, media)| Some((name.clone(), example(media.as_object()?)?)));
    let examples: Object = examples.collect();
    if !examples.is_empty() {
        converted.insert("examples".into(), examples.into());
    }
    *value = converted.into();
    media_types
}

/// The schema of JSON if the response has one, otherwise of its first media type. Binary content stays a string with
/// the format `binary`: Power Automate understands it, but not the type `file`.
fn response_schema(content: &Object) -> Option<Value> {
    let is_json = |name: &str| name == "application/json" || name.ends_with("+json");
    let media = content.iter().find(|(name, _)| is_json(name)).or_else(|| content.iter().next());
    media?.1.get("schema").cloned()
}
