//! The parameters and bodies of `/restful/api/v1` in the OpenAPI document. They only describe: none of these types is
//! ever built.
//!
//! In: nothing. Out: schemas with examples that work on an Odoo with demo data. Must not know: handlers.
#![expect(dead_code, reason = "these types only describe the document")]

use std::collections::HashMap;

use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};

/// The tag of the operations.
pub(super) const TAG: &str = "restful";

/// A method in the path.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct RestfulMethodPath {
    /// The name of the method.
    #[param(example = "read", pattern = "^[A-Za-z][A-Za-z0-9_]*$")]
    method: String,
}

/// Filters by field.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct FilterQuery {
    /// Fields of the model and their values, for example `state=draft&date_order_start=2026-01-01`. A domain and the
    /// filters must all match.
    #[param(style = Form, explode, required = false)]
    filters: Option<HashMap<String, String>>,
}

/// The fields of the records.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct NarrowingQuery {
    /// The names of the fields to return, in this order. By default the fields of the model's read schema.
    #[param(example = "id,name,country_id", required = false)]
    fields: Option<String>,
}

/// Values by field name.
#[derive(ToSchema)]
#[schema(example = json!({"name": "Azure Interior", "city": "Fremont"}))]
pub(super) struct RestfulValues(Map<String, Value>);

/// Keyword arguments; or only `args` (a list) and `kwargs` (an object).
#[derive(ToSchema)]
#[schema(example = json!({"fields": ["name", "country_id"]}))]
pub(super) struct RestfulKeywords(Map<String, Value>);

/// A record.
#[derive(ToSchema)]
#[schema(example = json!({"id": 14, "name": "Azure Interior", "country_id": {"id": 233, "name": "United States"}}))]
pub(super) struct RestfulRecord(Map<String, Value>);

/// A list of records.
#[derive(ToSchema)]
#[schema(example = json!([
    {"id": 14, "name": "Azure Interior", "country_id": {"id": 233, "name": "United States"}}
]))]
pub(super) struct RestfulRecords(Vec<Map<String, Value>>);
