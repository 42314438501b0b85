//! What the OpenAPI document says of family C's parameters and answers. Nothing here is ever made at run time.
//!
//! In: nothing. Out: schemas with examples that work on an Odoo with demo data. Must not know: handlers.
#![expect(dead_code, reason = "these types are only described")]

use std::collections::HashMap;

use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};

pub(super) use crate::http::openapi::RequestHeaders;

/// The group in the document.
pub(super) const TAG: &str = "restful";

/// A model.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct ModelPath {
    /// The technical name of a model that the administrator enabled here.
    #[param(example = "res.partner", pattern = r"^[a-z][a-z0-9_]*(\.[a-z0-9_]+)*$", max_length = 128)]
    model: String,
}

/// A record of a model.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct RecordPath {
    /// The technical name of a model that the administrator enabled here.
    #[param(example = "res.partner")]
    model: String,
    /// The record's id.
    #[param(example = 1, minimum = 1, maximum = 2_147_483_647)]
    id: i32,
}

/// A method of a record.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct MethodPath {
    /// The technical name of a model that the administrator enabled here.
    #[param(example = "res.partner")]
    model: String,
    /// The record's id.
    #[param(example = 1, minimum = 1, maximum = 2_147_483_647)]
    id: i32,
    /// The method's name.
    #[param(example = "read", pattern = "^[A-Za-z][A-Za-z0-9_]*$")]
    method: String,
}

/// Listing records.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct ListQuery {
    /// Names of fields, in the order in which they are wanted; without, what the read schema says.
    #[param(example = "id,name,country_id", required = false)]
    fields: Option<String>,
    /// How many records to leave out.
    #[param(example = 0, required = false)]
    offset: Option<u32>,
    /// How many records at most.
    #[param(example = 2, minimum = 1, required = false)]
    limit: Option<u32>,
    /// Stored fields, each with `asc` or `desc`.
    #[param(example = "name desc", required = false)]
    order: Option<String>,
    /// A search domain, as a Python literal or JSON; filters hold besides.
    #[param(example = "[('is_company','=',True)]", required = false)]
    domain: Option<String>,
    /// Fields of the model and the values they are to have, as `state=draft&date_order_start=2026-01-01`.
    #[param(style = Form, explode, required = false)]
    filters: Option<HashMap<String, String>>,
    /// A context object.
    #[param(required = false)]
    context: Option<String>,
}

/// Choosing fields.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct FieldsQuery {
    /// Names of fields, in the order in which they are wanted; without, what the read schema says.
    #[param(example = "id,name,country_id", required = false)]
    fields: Option<String>,
    /// A context object.
    #[param(required = false)]
    context: Option<String>,
}

/// Field names and values.
#[derive(ToSchema)]
#[schema(as = RestfulValues, example = json!({"name": "Azure Interior", "city": "Fremont"}))]
pub(super) struct Values(Map<String, Value>);

/// Keyword arguments, or nothing else than `args` (a list) and `kwargs` (an object).
#[derive(ToSchema)]
#[schema(as = RestfulKeywords, example = json!({"fields": ["name", "country_id"]}))]
pub(super) struct Keywords(Map<String, Value>);

/// A record.
#[derive(ToSchema)]
#[schema(as = RestfulRecord, example = json!({"id": 14, "name": "Azure Interior", "country_id": {"id": 233, "name": "United States"}}))]
pub(super) struct Record(Map<String, Value>);

/// Records.
#[derive(ToSchema)]
#[schema(as = RestfulRecords, example = json!([{"id": 14, "name": "Azure Interior", "country_id": {"id": 233, "name": "United States"}}]))]
pub(super) struct Records(Vec<Map<String, Value>>);
