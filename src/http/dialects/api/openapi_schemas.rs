//! The bodies of `/api` in the OpenAPI document. They only describe: none of these types is ever built.
//!
//! In: nothing. Out: schemas with examples that work on an Odoo with demo data. Must not know: handlers.
#![expect(dead_code, reason = "these types only describe the document")]

use serde_json::{Map, Value};
use utoipa::openapi::OpenApi;
use utoipa::{PartialSchema as _, ToSchema};

use super::envelope::ApiError;
use crate::http::openapi::{self, ErrorFormat, KeywordArguments};

/// The tag of the operations.
pub(super) const TAG: &str = "api";

/// Values by field name.
#[derive(ToSchema)]
#[schema(example = json!({"id": 1, "name": "YourCompany", "country_id": [233, "United States"]}))]
pub(super) struct ApiRecord(Map<String, Value>);

/// A number of records.
#[derive(ToSchema)]
#[schema(example = json!({"model": "res.partner", "domain": [], "record_count": 5}))]
pub(super) struct ApiCounted {
    /// The technical name of the model.
    model: String,
    /// The domain, as the gateway parsed it.
    domain: Vec<Value>,
    /// The number of records that match.
    record_count: i64,
}

/// A new record.
#[derive(ToSchema)]
#[schema(example = json!({"id": 49, "message": "Record created successfully."}))]
pub(super) struct ApiCreated {
    /// The id of the record.
    id: i32,
    /// A message for people.
    message: String,
}

/// A confirmation.
#[derive(ToSchema)]
#[schema(example = json!({"message": "Record updated successfully."}))]
pub(super) struct ApiDone {
    /// A message for people.
    message: String,
}

/// A method and its arguments.
#[derive(ToSchema)]
#[schema(example = json!({"method": "name_search", "args": ["a"], "kwargs": {"limit": 3}}))]
pub(super) struct ApiMethodCall {
    /// The name of the method.
    method: String,
    /// Positional arguments. A method of records takes the list of their ids first.
    args: Option<Vec<Value>>,
    /// Keyword arguments.
    kwargs: Option<KeywordArguments>,
}

/// The error responses of the dialect.
const ERRORS: ErrorFormat =
    ErrorFormat { name: "Api", schema: "ApiError", media_type: "application/json", ..ErrorFormat::PROBLEM };

/// Adds the error responses to all operations.
pub(super) fn describe_errors(document: &mut OpenApi) {
    document.components.get_or_insert_default().schemas.insert("ApiError".into(), ApiError::schema());
    openapi::describe_errors(document, ERRORS);
}
