//! What the OpenAPI document says of family B's parameters and answers. Nothing here is ever made at run time.
//!
//! In: nothing. Out: schemas with examples that work on an Odoo with demo data. Must not know: handlers.
#![expect(dead_code, reason = "these types are only described")]

use serde_json::{Map, Value};
use utoipa::openapi::OpenApi;
use utoipa::{IntoParams, PartialSchema as _, ToSchema};

pub(super) use crate::http::openapi::RequestHeaders;
use crate::http::openapi::{self, ErrorFormat};

/// The group in the document.
pub(super) const TAG: &str = "api";

/// A model.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct ModelPath {
    /// The model's technical name.
    #[param(example = "res.partner", pattern = r"^[a-z][a-z0-9_]*(\.[a-z0-9_]+)*$", max_length = 128)]
    model: String,
}

/// A record of a model.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct RecordPath {
    /// The model's technical name.
    #[param(example = "res.partner")]
    model: String,
    /// The record's id.
    #[param(example = 1, minimum = 1, maximum = 2_147_483_647)]
    id: i32,
}

/// Finding records.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct SearchQuery {
    /// A search domain, as a Python literal or JSON; all records without one.
    #[param(example = "[('is_company','=',True)]", required = false)]
    domain: Option<String>,
    /// Names of fields; all readable ones without.
    #[param(example = "['name','email']", required = false)]
    fields: Option<String>,
    /// How many records to leave out.
    #[param(example = 0, required = false)]
    offset: Option<u32>,
    /// How many records at most.
    #[param(example = 5, minimum = 1, required = false)]
    limit: Option<u32>,
    /// Stored fields, each with `asc` or `desc`.
    #[param(example = "name desc", required = false)]
    order: Option<String>,
    /// A context object.
    #[param(required = false)]
    context: Option<String>,
}

/// Counting records.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct CountQuery {
    /// A search domain, as a Python literal or JSON; all records without one.
    #[param(example = "[('is_company','=',True)]", required = false)]
    domain: Option<String>,
    /// A context object.
    #[param(required = false)]
    context: Option<String>,
}

/// What of a record.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct FieldsQuery {
    /// Names of fields; all readable ones without.
    #[param(example = "['name','email']", required = false)]
    fields: Option<String>,
    /// A context object.
    #[param(required = false)]
    context: Option<String>,
}

/// Values by the names of their fields.
#[derive(ToSchema)]
#[schema(as = ApiRecord, example = json!({"id": 1, "name": "YourCompany", "country_id": [233, "United States"]}))]
pub(super) struct Record(Map<String, Value>);

/// How many there are.
#[derive(ToSchema)]
#[schema(as = ApiCounted, example = json!({"model": "res.partner", "domain": [], "record_count": 5}))]
pub(super) struct Counted {
    /// The model.
    model: String,
    /// The domain, as the gateway has read it.
    domain: Vec<Value>,
    /// The number of records it finds.
    record_count: i64,
}

/// A new record.
#[derive(ToSchema)]
#[schema(as = ApiCreated, example = json!({"id": 49, "message": "Record created successfully."}))]
pub(super) struct Created {
    /// Its id.
    id: i32,
    /// For people.
    message: String,
}

/// That something is done.
#[derive(ToSchema)]
#[schema(as = ApiDone, example = json!({"message": "Record updated successfully."}))]
pub(super) struct Done {
    /// For people.
    message: String,
}

/// A method and its arguments.
#[derive(ToSchema)]
#[schema(as = ApiMethodCall, example = json!({"method": "name_search", "args": ["a"], "kwargs": {"limit": 3}}))]
pub(super) struct MethodBody {
    /// The method's name.
    method: String,
    /// Arguments by position; ids first for a method of records.
    args: Option<Vec<Value>>,
    /// Arguments by name.
    kwargs: Option<Map<String, Value>>,
}

/// An error.
#[derive(ToSchema)]
#[schema(as = ApiError, example = json!({
    "error": "The model has no such field",
    "message": "The model res.partner has no field nmae, or this user may not see it. Did you mean name?",
    "code": 400, "request_id": "5f2b7c0d9a41e836-1"
}))]
struct ErrorBody {
    /// What kind of error it is, for people.
    error: String,
    /// What is wrong, where, and what to do.
    message: String,
    /// The HTTP status.
    code: u16,
    /// The id of the request in the gateway's log.
    request_id: String,
}

/// How the dialect writes errors.
const ERRORS: ErrorFormat = ErrorFormat {
    name: "Api",
    schema: "ApiError",
    media_type: "application/json",
    pages: false,
    rejects_with_400: false,
};

/// Adds the errors that its operations can answer.
pub(super) fn describe_errors(document: &mut OpenApi) {
    document.components.get_or_insert_default().schemas.insert("ApiError".into(), ErrorBody::schema());
    openapi::describe_errors(document, ERRORS);
}
