//! From OpenAPI 3.1 to OpenAPI 3.0.3: everything except schemas.
//!
//! In: an OpenAPI 3.1 document. Out: the same document as OpenAPI 3.0.3. Must not know: Swagger 2.0.

use serde_json::Value;

use super::schema_3_0::schema;
use super::walk::{Object, Walk, reduce_to_reference};

/// The HTTP methods that a path can have.
pub(super) const METHODS: [&str; 8] = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];

/// Converts the document in place.
pub(super) fn convert(document: &mut Value, walk: &mut Walk) {
    let Value::Object(document) = document else { return };
    document.insert("openapi".into(), "3.0.3".into());
    document.shift_remove("jsonSchemaDialect");
    walk.member(document, "info", info);
    walk.members(document, "paths", path_item);
    walk.member(document, "components", components);
    let known = ["openapi", "info", "servers", "paths", "components", "security", "tags", "externalDocs"];
    walk.keep_only(document, &known);
}

/// OpenAPI 3.0 has no SPDX identifier of the license, but its URL.
fn info(info: &mut Value, walk: &mut Walk) {
    let Value::Object(info) = info else { return };
    walk.member(info, "license", |license, walk| {
        let Value::Object(license) = license else { return };
        if let Some(Value::String(identifier)) = license.shift_remove("identifier") {
            license.entry("url").or_insert_with(|| format!("https://spdx.org/licenses/{identifier}.html").into());
        }
        walk.keep_only(license, &["name", "url"]);
    });
    walk.keep_only(info, &["title", "description", "termsOfService", "contact", "license", "version"]);
}

fn components(components: &mut Value, walk: &mut Walk) {
    let Value::Object(components) = components else { return };
    walk.members(components, "schemas", schema);
    walk.members(components, "responses", response);
    walk.members(components, "parameters", parameter);
    walk.members(components, "requestBodies", request_body);
    walk.members(components, "headers", parameter);
    walk.members(components, "securitySchemes", |scheme, walk| {
        if scheme.get("type").and_then(Value::as_str) == Some("mutualTLS") {
            walk.report("type");
        }
    });
    let known = ["schemas", "responses", "parameters", "examples", "requestBodies", "headers", "securitySchemes"];
    walk.keep_only(components, &known);
}

fn path_item(item: &mut Value, walk: &mut Walk) {
    let Value::Object(item) = item else { return };
    walk.members(item, "parameters", parameter);
    for method in METHODS {
        walk.member(item, method, operation);
    }
    let known: Vec<&str> = METHODS.into_iter().chain(["summary", "description", "parameters"]).collect();
    walk.keep_only(item, &known);
}

fn operation(operation: &mut Value, walk: &mut Walk) {
    let Value::Object(operation) = operation else { return };
    walk.members(operation, "parameters", parameter);
    walk.member(operation, "requestBody", request_body);
    walk.members(operation, "responses", response);
    let known = [
        "tags",
        "summary",
        "description",
        "externalDocs",
        "operationId",
        "parameters",
        "requestBody",
        "responses",
        "deprecated",
        "security",
    ];
    walk.keep_only(operation, &known);
}

/// A parameter, or a header of a response.
fn parameter(parameter: &mut Value, walk: &mut Walk) {
    let Value::Object(parameter) = parameter else { return };
    if reduce_to_reference(parameter) {
        return;
    }
    walk.member(parameter, "schema", schema);
    content(parameter, walk);
    let known = [
        "name",
        "in",
        "description",
        "required",
        "deprecated",
        "allowEmptyValue",
        "style",
        "explode",
        "allowReserved",
        "schema",
        "example",
        "examples",
        "content",
    ];
    walk.keep_only(parameter, &known);
}

fn request_body(body: &mut Value, walk: &mut Walk) {
    let Value::Object(body) = body else { return };
    if !reduce_to_reference(body) {
        content(body, walk);
        walk.keep_only(body, &["description", "content", "required"]);
    }
}

fn response(response: &mut Value, walk: &mut Walk) {
    let Value::Object(response) = response else { return };
    if reduce_to_reference(response) {
        return;
    }
    walk.members(response, "headers", parameter);
    content(response, walk);
    walk.keep_only(response, &["description", "headers", "content"]);
}

/// The schemas of each media type.
fn content(object: &mut Object, walk: &mut Walk) {
    walk.members(object, "content", |media, walk| {
        let Value::Object(media) = media else { return };
        walk.member(media, "schema", schema);
        walk.keep_only(media, &["schema", "example", "examples", "encoding"]);
    });
}
