//! The parameters and bodies of JSON-2 in the OpenAPI document. They only describe: none of these types is ever built.
//!
//! In: nothing. Out: schemas with examples that work on an Odoo with demo data. Must not know: handlers.
#![expect(dead_code, reason = "these types only describe the document")]

use serde_json::{Map, Value};
use utoipa::openapi::{OpenApi, RefOr};
use utoipa::{IntoParams, PartialSchema as _, ToSchema};

use crate::http::openapi::{self, ErrorFormat};

/// The tag of the operations.
pub(super) const TAG: &str = "json2";

/// A method in the path.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct Json2MethodPath {
    /// The name of the method.
    #[param(example = "search_read", pattern = "^[A-Za-z][A-Za-z0-9_]*$")]
    method: String,
}

/// The document of a model in the path.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct Json2DocumentPath {
    /// The technical name of the model, followed by `.json`.
    #[param(example = "res.partner.json", pattern = r"^[a-z][a-z0-9_]*(\.[a-z0-9_]+)*\.json$", max_length = 133)]
    document: String,
}

/// The arguments of a method by name. `ids` are the records of a record method, as a list or one number; `context` is
/// the Odoo context.
#[derive(ToSchema)]
#[schema(example = json!({"domain": [["is_company", "=", true]], "fields": ["name", "country_id"], "limit": 3}))]
pub(super) struct Json2Arguments(Map<String, Value>);

/// The version of the Odoo server.
#[derive(ToSchema)]
#[schema(example = json!({"version_info": [19, 0, 0, "final", 0, ""], "version": "19.0"}))]
pub(super) struct Json2Version {
    /// Major, minor, micro, release level, serial, edition.
    version_info: Vec<Value>,
    /// The version as text.
    version: String,
}

/// The models that the user may read.
#[derive(ToSchema)]
#[schema(example = json!({
    "modules": ["base", "web"],
    "models": [{"model": "res.partner", "name": "Contact", "fields": {}, "methods": ["create", "read"]}]
}))]
pub(super) struct Json2Index {
    /// The names of the installed modules; empty if the user may not read them.
    modules: Vec<String>,
    /// The models.
    models: Vec<Json2IndexedModel>,
}

/// A model.
#[derive(ToSchema)]
pub(super) struct Json2IndexedModel {
    /// The technical name.
    model: String,
    /// The name for people.
    name: String,
    /// Always empty: the fields are in the document of the model.
    fields: Map<String, Value>,
    /// The names of the methods that every model has.
    methods: Vec<String>,
}

/// A model with its fields and methods.
#[derive(ToSchema)]
#[schema(example = json!({
    "model": "res.partner", "name": "Contact", "doc": null,
    "fields": {"name": {"type": "char", "string": "Name", "required": false}},
    "methods": {"unlink": {
        "signature": "() -> Literal[True]", "parameters": {}, "return": {"annotation": "Literal[True]"},
        "model": "core", "module": "core"
    }}
}))]
pub(super) struct Json2Model {
    /// The technical name.
    model: String,
    /// The name for people.
    name: String,
    /// Always `null`.
    doc: Option<String>,
    /// The attributes of each field, by field name.
    fields: Map<String, Value>,
    /// The methods that the caller may call: `signature`, `parameters`, `return`, `api`, `doc`, `model`, `module`.
    methods: Map<String, Value>,
}

/// An error, as Odoo 19 describes it.
#[derive(ToSchema)]
#[schema(example = json!({
    "name": "werkzeug.exceptions.UnprocessableEntity", "message": "missing a required argument: 'domain'",
    "arguments": ["missing a required argument: 'domain'", 422], "context": {}, "debug": ""
}))]
pub(super) struct Json2Error {
    /// The class of the exception.
    name: String,
    /// What is wrong; or the message of Odoo.
    message: String,
    /// The message; if Odoo has no exception for the error, the HTTP status, too.
    arguments: Vec<Value>,
    /// Always empty.
    context: Map<String, Value>,
    /// Always empty.
    debug: String,
}

/// The error responses of the dialect.
const ERRORS: ErrorFormat =
    ErrorFormat { name: "Json2", schema: "Json2Error", media_type: "application/json", ..ErrorFormat::PROBLEM };

/// As in Odoo 19, 500 is the status of exceptions that were not written for users.
const INTERNAL: &str = "Odoo raised an exception that is not written for users, for example `builtins.ValueError` for \
                        an unknown field; `name` is its class. Or the gateway failed: `name` is then \
                        `werkzeug.exceptions.InternalServerError`.";

/// Adds the error responses to all operations.
pub(super) fn describe_errors(document: &mut OpenApi) {
    document.components.get_or_insert_default().schemas.insert("Json2Error".into(), Json2Error::schema());
    openapi::describe_errors(document, ERRORS);
    let responses = &mut document.components.get_or_insert_default().responses;
    if let Some(RefOr::T(internal)) = responses.get_mut("Json2Internal") {
        INTERNAL.clone_into(&mut internal.description);
    }
}
