//! Each rule of the conversion, and the complete document.

use serde_json::{Value, json};

use super::{OpenApiVersion, to_version};

/// A document with this schema as `Subject`, converted. Returns the schema.
fn converted(schema: Value, version: OpenApiVersion) -> Value {
    let others = json!({
        "type": "object", "required": ["a", "id"],
        "properties": {"a": {"type": "string"}, "id": {"type": "integer", "readOnly": true}}
    });
    let document = json!({"openapi": "3.1.0", "components": {"schemas": {"Subject": schema, "Other": others}}});
    let result = to_version(document, version);
    assert_eq!(result.unmapped, [""; 0]);
    let pointer = if version == OpenApiVersion::V2_0 { "/definitions/Subject" } else { "/components/schemas/Subject" };
    result.document.pointer(pointer).unwrap().clone()
}

fn to_3_0(schema: Value) -> Value {
    converted(schema, OpenApiVersion::V3_0)
}

fn to_2_0(schema: Value) -> Value {
    converted(schema, OpenApiVersion::V2_0)
}

#[test]
fn null_becomes_nullable() {
    assert_eq!(to_3_0(json!({"type": ["string", "null"]})), json!({"type": "string", "nullable": true}));
    assert_eq!(
        to_3_0(json!({"oneOf": [{"$ref": "#/components/schemas/Other"}, {"type": "null"}], "description": "d"})),
        json!({"description": "d", "allOf": [{"$ref": "#/components/schemas/Other"}], "nullable": true})
    );
    assert_eq!(
        to_3_0(json!({"anyOf": [{"type": "string"}, {"type": "integer"}, {"type": "null"}]})),
        json!({"anyOf": [{"type": "string"}, {"type": "integer"}], "nullable": true})
    );
    assert_eq!(to_3_0(json!({"type": "null"})), json!({"nullable": true, "enum": [null]}));
    assert_eq!(to_2_0(json!({"type": ["string", "null"]})), json!({"type": "string", "x-nullable": true}));
}

#[test]
fn several_types_become_alternatives() {
    let schema = json!({"type": ["integer", "array", "null"], "items": {"const": 1}, "description": "d"});
    assert_eq!(
        to_3_0(schema.clone()),
        json!({
            "description": "d", "nullable": true,
            "anyOf": [{"type": "integer"}, {"type": "array", "items": {"type": "integer", "enum": [1]}}]
        })
    );
    assert_eq!(to_2_0(schema), json!({"description": "d. One of: integer, array.", "x-nullable": true}));
}

#[test]
fn new_keywords_become_old_ones() {
    for (new, old) in [
        (json!({"const": "a"}), json!({"type": "string", "enum": ["a"]})),
        (json!({"type": "string", "examples": ["a", "b"]}), json!({"type": "string", "example": "a"})),
        (
            json!({"type": "integer", "exclusiveMinimum": 0}),
            json!({"type": "integer", "minimum": 0, "exclusiveMinimum": true}),
        ),
        (json!({"type": "integer", "minimum": 3, "exclusiveMinimum": 0}), json!({"type": "integer", "minimum": 3})),
        (
            json!({"type": "integer", "maximum": 3, "exclusiveMaximum": 3}),
            json!({"type": "integer", "maximum": 3, "exclusiveMaximum": true}),
        ),
        (json!({"type": "string", "contentEncoding": "base64"}), json!({"type": "string", "format": "byte"})),
        (json!({"contentMediaType": "application/octet-stream"}), json!({"type": "string", "format": "binary"})),
        (json!({"type": "array"}), json!({"type": "array", "items": {}})),
        (
            json!({"type": "object", "propertyNames": {"type": "string"}, "additionalProperties": true}),
            json!({"type": "object", "additionalProperties": true}),
        ),
        (
            json!({"type": "object", "patternProperties": {"^x": {"const": 1}}, "additionalProperties": false}),
            json!({"type": "object", "additionalProperties": {"type": "integer", "enum": [1]}}),
        ),
        (json!({"not": true}), json!({"not": {}})),
        (json!({"type": "array", "items": true}), json!({"type": "array", "items": {}})),
        (json!({"allOf": [true]}), json!({"allOf": [{}]})),
    ] {
        assert_eq!(to_3_0(new.clone()), old, "{new}");
    }
}

#[test]
fn a_tuple_becomes_an_array_of_its_length() {
    let tuple = json!({
        "type": "array", "prefixItems": [{"type": "integer"}, {"type": "string"}], "items": false, "minItems": 2
    });
    assert_eq!(
        to_3_0(tuple.clone()),
        json!({
            "type": "array", "minItems": 2, "maxItems": 2, "items": {"anyOf": [{"type": "integer"}, {"type": "string"}]}
        })
    );
    assert_eq!(
        to_2_0(tuple),
        json!({"type": "array", "minItems": 2, "maxItems": 2, "items": {"description": "One of: integer, string."}})
    );
}

#[test]
fn a_tuple_that_ends_with_its_prefix_keeps_its_types() {
    let tuple = |max_items: u64| {
        json!({
            "type": "array", "prefixItems": [{"type": "integer"}, {"type": "string"}], "items": {"type": "boolean"},
            "maxItems": max_items
        })
    };
    let types = json!({"anyOf": [{"type": "integer"}, {"type": "string"}]});
    assert_eq!(to_3_0(tuple(2)), json!({"type": "array", "items": types, "maxItems": 2}));
    assert_eq!(
        to_2_0(tuple(2)),
        json!({"type": "array", "items": {"description": "One of: integer, string."}, "maxItems": 2})
    );
    assert_eq!(to_3_0(tuple(3)), json!({"type": "array", "items": {}, "maxItems": 3}));
}

#[test]
fn a_reference_has_no_siblings() {
    let schema = json!({"$ref": "#/components/schemas/Other", "description": "d"});
    assert_eq!(to_3_0(schema.clone()), json!({"description": "d", "allOf": [{"$ref": "#/components/schemas/Other"}]}));
    assert_eq!(to_2_0(schema), json!({"description": "d", "allOf": [{"$ref": "#/definitions/Other"}]}));
}

#[test]
fn properties_with_the_names_of_keywords_stay() {
    let schema = json!({"type": "object", "properties": {"const": {"type": "string"}, "oneOf": {"type": "string"}}});
    assert_eq!(to_3_0(schema.clone()), schema);
    assert_eq!(to_2_0(schema.clone()), schema);
}

#[test]
fn alternatives_become_one_schema() {
    let other = json!({"$ref": "#/components/schemas/Other"});
    for (union, one) in [
        // Odoo's empty value.
        (
            json!({"oneOf": [{"type": "string", "format": "date"}, {"const": false}], "description": "Day"}),
            json!({"description": "Day. `false` if empty.", "type": "string", "format": "date"}),
        ),
        (
            json!({"oneOf": [other, {"const": false}]}),
            json!({"description": "`false` if empty.", "allOf": [{"$ref": "#/definitions/Other"}]}),
        ),
        (
            json!({"oneOf": [{"const": "a", "title": "A"}, {"const": "b", "title": "B"}]}),
            json!({"type": "string", "enum": ["a", "b"]}),
        ),
        (
            json!({"oneOf": [other, {"type": "object", "properties": {"b": {"const": 1}}, "required": ["a"]}]}),
            json!({
                "type": "object", "required": ["a"],
                "properties": {
                    "a": {"type": "string"}, "id": {"type": "integer", "readOnly": true},
                    "b": {"type": "integer", "enum": [1]}
                }
            }),
        ),
        (
            json!({"oneOf": [other, {"type": "array", "items": other}]}),
            json!({"description": "One of: object, array."}),
        ),
    ] {
        assert_eq!(to_2_0(union.clone()), one, "{union}");
    }
}

#[test]
fn a_request_has_the_first_of_alternatives_with_different_types() {
    let pair = json!({"anyOf": [{"type": "integer"}, {"type": "array", "items": {"type": "string"}}]});
    let schema = |name: &str| json!({"$ref": format!("#/components/schemas/{name}")});
    let content = |name: &str| json!({"content": {"application/json": {"schema": schema(name)}}});
    let response = json!({"description": "d", "content": content("Read")["content"]});
    let operation = json!({"requestBody": content("Write"), "responses": {"200": response}});
    let shared = json!({"anyOf": [{"type": "string"}, {"type": "integer"}]});
    let components = json!({"schemas": {
        "Write": {"properties": {"a": pair, "nested": schema("OnlyWritten"), "shared": schema("Shared")}},
        "OnlyWritten": pair, "Shared": shared, "Read": {"properties": {"a": pair, "shared": schema("Shared")}}
    }});
    let definitions = swagger(operation, components)["definitions"].clone();
    assert_eq!(definitions["Write"]["properties"]["a"], json!({"type": "integer"}));
    assert_eq!(definitions["OnlyWritten"], json!({"type": "integer"}));
    assert_eq!(definitions["Read"]["properties"]["a"], json!({"description": "One of: integer, array."}));
    assert_eq!(definitions["Shared"], json!({"description": "One of: string, integer."}));
}

#[test]
fn read_only_properties_are_not_required_in_swagger() {
    let schema = json!({
        "type": "object", "required": ["a", "id"],
        "properties": {"a": {"type": "string"}, "id": {"type": "integer", "readOnly": true}}
    });
    assert_eq!(to_3_0(schema.clone()), schema);
    assert_eq!(to_2_0(schema)["required"], json!(["a"]));
}

#[test]
fn parts_without_an_equivalent_are_reported() {
    let schema = json!({"properties": {"a/b": {"if": {"const": 1}, "then": {"const": 2}}}});
    let document = json!({"openapi": "3.1.0", "webhooks": {}, "components": {"schemas": {"S": schema}}});
    let result = to_version(document, OpenApiVersion::V3_0);
    let places = ["if", "then"].map(|name| format!("/components/schemas/S/properties/a~1b/{name}"));
    assert_eq!(result.unmapped, [&places[..], &["/webhooks".to_owned()]].concat());
    let document = json!({"openapi": "3.1.0", "components": {"schemas": {"S": {"not": {"type": "string"}}}}});
    assert_eq!(to_version(document, OpenApiVersion::V2_0).unmapped, ["/components/schemas/S/not"]);
}

/// A document with one operation at `/a`, as Swagger 2.0.
fn swagger(operation: Value, components: Value) -> Value {
    let document = json!({
        "openapi": "3.1.0", "info": {"title": "t", "version": "1", "license": {"name": "L", "identifier": "MIT"}},
        "servers": [{"url": "https://api.example.com:8443/odoo/"}], "paths": {"/a": {"post": operation}},
        "components": components
    });
    let result = to_version(document, OpenApiVersion::V2_0);
    assert_eq!(result.unmapped, [""; 0]);
    result.document
}

#[test]
fn the_server_becomes_host_path_and_scheme() {
    let document = swagger(json!({"responses": {}}), json!({}));
    assert_eq!((&document["host"], &document["basePath"]), (&json!("api.example.com:8443"), &json!("/odoo")));
    assert_eq!((&document["schemes"], &document["swagger"]), (&json!(["https"]), &json!("2.0")));
    assert_eq!(document["info"]["license"], json!({"name": "L", "url": "https://spdx.org/licenses/MIT.html"}));
    let relative = json!({"openapi": "3.1.0", "servers": [{"url": "/"}], "paths": {}});
    let relative = to_version(relative, OpenApiVersion::V2_0).document;
    assert_eq!((&relative["basePath"], relative.get("host")), (&json!("/"), None));
}

#[test]
fn parameters_have_no_schema_in_swagger() {
    let operation = json!({
        "parameters": [
            {"$ref": "#/components/parameters/Model"},
            {"$ref": "#/components/parameters/Filters"},
            {"name": "ids", "in": "query", "schema": {"type": "array", "items": {"type": "integer"}}, "example": [1]},
            {"name": "csv", "in": "query", "explode": false, "schema": {"type": "array", "items": {"const": "a"}}}
        ],
        "responses": {}
    });
    let components = json!({"parameters": {
        "Model": {
            "name": "m", "in": "query", "description": "d", "required": true,
            "schema": {"$ref": "#/components/schemas/N"}
        },
        // Any number of parameters, which Swagger cannot express.
        "Filters": {"name": "f", "in": "query", "schema": {"type": "object", "additionalProperties": true}}
    }, "schemas": {"N": {"type": ["string", "null"], "maxLength": 9, "description": "other"}}});
    let document = swagger(operation, components);
    assert_eq!(
        document["paths"]["/a"]["post"]["parameters"],
        json!([
            {"$ref": "#/parameters/Model"},
            {
                "name": "ids", "in": "query", "type": "array", "items": {"type": "integer"},
                "collectionFormat": "multi", "x-example": [1]
            },
            {
                "name": "csv", "in": "query", "type": "array", "items": {"type": "string", "enum": ["a"]},
                "collectionFormat": "csv"
            }
        ])
    );
    assert_eq!(
        document["parameters"],
        json!({"Model": {
            "name": "m", "in": "query", "description": "d", "required": true, "type": "string", "maxLength": 9
        }})
    );
}

#[test]
fn a_body_becomes_a_parameter_and_a_form_becomes_fields() {
    let body = |media_type: &str| {
        let schema = json!({
            "type": "object", "required": ["a"],
            "properties": {"a": {"type": "string"}, "file": {"type": "string", "format": "binary"}}
        });
        let content = json!({ media_type: {"schema": schema, "example": {"a": "x"}} });
        let operation = json!({"requestBody": {"required": true, "content": content}, "responses": {}});
        swagger(operation, json!({}))["paths"]["/a"]["post"].clone()
    };
    let json_body = body("application/json");
    assert_eq!(json_body["consumes"], json!(["application/json"]));
    let parameter = &json_body["parameters"][0];
    assert_eq!((&parameter["in"], &parameter["required"]), (&json!("body"), &json!(true)));
    assert_eq!((&parameter["schema"]["required"], &parameter["x-example"]), (&json!(["a"]), &json!({"a": "x"})));
    let form = body("multipart/form-data");
    assert_eq!(form["consumes"], json!(["multipart/form-data"]));
    assert_eq!(
        form["parameters"],
        json!([
            {"name": "a", "in": "formData", "required": true, "type": "string"},
            {"name": "file", "in": "formData", "required": false, "type": "file"}
        ])
    );
}

#[test]
fn a_response_has_the_schema_of_json() {
    let string = json!({"type": "string"});
    let content = json!({
        "text/csv": {"schema": string, "example": "a"},
        "application/problem+json": {"schema": {"$ref": "#/components/schemas/P"}}
    });
    let headers = json!({"X-A": {"$ref": "#/components/headers/X-A"}});
    let file = json!({"type": "string", "format": "binary"});
    let responses = json!({
        "200": {"description": "d", "content": content, "headers": headers},
        "404": {"$ref": "#/components/responses/E"},
        "201": {"description": "file", "content": {"application/pdf": {"schema": file}}}
    });
    let components = json!({
        "headers": {"X-A": {"description": "h", "schema": {"type": "integer"}}}, "schemas": {"P": string},
        "responses": {"E": {"description": "e", "content": {"text/html": {"schema": string}}}}
    });
    let document = swagger(json!({ "responses": responses }), components);
    let operation = &document["paths"]["/a"]["post"];
    assert_eq!(
        operation["responses"],
        json!({
            "200": {
                "description": "d", "schema": {"$ref": "#/definitions/P"},
                "headers": {"X-A": {"description": "h", "type": "integer"}}, "examples": {"text/csv": "a"}
            },
            "404": {"$ref": "#/responses/E"},
            "201": {"description": "file", "schema": file}
        })
    );
    assert_eq!(operation["produces"], json!(["text/csv", "application/problem+json", "text/html", "application/pdf"]));
    assert_eq!(document["responses"], json!({"E": {"description": "e", "schema": string}}));
}

#[test]
fn each_flow_of_oauth_2_becomes_a_definition() {
    let flows = json!({
        "authorizationCode": {"authorizationUrl": "https://a/b", "tokenUrl": "https://a/t", "scopes": {"all": "x"}},
        "clientCredentials": {"tokenUrl": "https://a/t", "scopes": {"all": "x"}}
    });
    let schemes = json!({
        "oauth2": {"type": "oauth2", "flows": flows}, "basic": {"type": "http", "scheme": "basic"},
        "bearer": {"type": "http", "scheme": "bearer", "description": "d"},
        "key": {"type": "apiKey", "in": "header", "name": "api-key"}
    });
    let operation = json!({"responses": {}, "security": [{"basic": []}, {"oauth2": ["all"]}]});
    let document = swagger(operation, json!({ "securitySchemes": schemes }));
    assert_eq!(
        document["paths"]["/a"]["post"]["security"],
        json!([{"basic": []}, {"oauth2": ["all"]}, {"oauth2_application": ["all"]}])
    );
    let definitions = &document["securityDefinitions"];
    assert_eq!(definitions["oauth2"]["flow"], "accessCode");
    assert_eq!(
        definitions["oauth2_application"],
        json!({"type": "oauth2", "flow": "application", "tokenUrl": "https://a/t", "scopes": {"all": "x"}})
    );
    assert_eq!(definitions["basic"], json!({"type": "basic"}));
    assert_eq!(definitions["bearer"]["name"], "Authorization");
}

#[test]
fn every_part_of_the_document_is_mapped() {
    let document = serde_json::to_value(crate::http::openapi()).unwrap();
    for version in [OpenApiVersion::V3_0, OpenApiVersion::V2_0] {
        assert_eq!(to_version(document.clone(), version).unmapped, [""; 0], "{version}");
    }
    assert_eq!(to_version(document.clone(), OpenApiVersion::V3_1).document, document);
}

#[test]
fn versions_are_parsed() {
    for version in OpenApiVersion::ALL {
        assert_eq!(version.to_string().parse(), Ok(version));
    }
    let problem = "3".parse::<OpenApiVersion>().unwrap_err();
    assert_eq!(problem.hint.as_deref(), Some("Use one of: 3.1, 3.0, 2.0."));
}
