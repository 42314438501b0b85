//! `/restful/api/v1/{model}`: records and their methods.
//!
//! In: parameters, and bodies that are records. Out: a [`Deed`] for the pipeline. Must not know: how deeds are done. Each
//! handler first asks whether the model is answered at all.

use axum::response::Response;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::envelope::FAMILY;
use super::models::Schemas;
use super::schemas::{
    FieldsQuery, Keywords, ListQuery, MethodPath, ModelPath, Record, RecordPath, Records, RequestHeaders, TAG, Values,
};
use crate::error::Problem;
use crate::http::pipeline::answer;
use crate::http::request::Arrival;
use crate::http::request::params::{Input, meant};
use crate::http::state::Gateway;
use crate::plan::{Deed, Filter, Target};

/// Parameters that are never filters, whatever fields the model has.
const RESERVED: [&str; 6] = ["fields", "offset", "limit", "order", "domain", "context"];

pub(super) fn routes() -> OpenApiRouter<Gateway> {
    OpenApiRouter::new()
        .routes(routes!(list_records, create_record))
        .routes(routes!(read_record, update_record, change_record, delete_record))
        .routes(routes!(call_method, call_method_by_post))
}

/// List records
///
/// The records that all filters and the domain find, shaped by the model's read schema. Every parameter of another
/// name is a filter: the name of a field means equality (repeated: one of these; empty: the field is empty), with
/// `_start` or `_end` behind it at least or at most.
#[utoipa::path(
    get, path = "/{model}", operation_id = "restful_list_records", tag = TAG,
    params(ModelPath, ListQuery, RequestHeaders),
    responses((status = 200, description = "The records", body = Records))
)]
async fn list_records(arrival: Arrival) -> Result<Response, Problem> {
    answer(arrival, &FAMILY, |arrival, input| {
        let schemas = schemas(arrival)?;
        input.once(&RESERVED)?;
        Ok(Deed::List {
            domain: input.domain("domain")?,
            filters: filters(input)?,
            slice: input.slice()?,
            fields: schemas.to_read(input.fields("fields")?),
            counted: false,
        })
    })
    .await
}

/// Create a record
///
/// The body is the record: field names and values. Answers it shaped by the model's create schema.
#[utoipa::path(
    post, path = "/{model}", operation_id = "restful_create_record", tag = TAG,
    params(ModelPath, RequestHeaders), request_body(content = Values),
    responses((status = 200, description = "The new record", body = Record))
)]
async fn create_record(arrival: Arrival) -> Result<Response, Problem> {
    answer(arrival, &FAMILY, |arrival, input| {
        Ok(Deed::CreateOne { back: schemas(arrival)?.to_create(), values: input.values() })
    })
    .await
}

/// Read a record
///
/// One record by its id, shaped by the model's read schema.
#[utoipa::path(
    get, path = "/{model}/{id}", operation_id = "restful_read_record", tag = TAG,
    params(RecordPath, FieldsQuery, RequestHeaders),
    responses((status = 200, description = "The record", body = Record))
)]
async fn read_record(arrival: Arrival) -> Result<Response, Problem> {
    answer(arrival, &FAMILY, |arrival, input| {
        let schemas = schemas(arrival)?;
        input.all_once()?;
        Ok(Deed::ReadOne { id: arrival.id("id")?, fields: schemas.to_read(input.fields("fields")?) })
    })
    .await
}

/// Update a record
///
/// The body has the fields to be changed. Answers the record shaped by the model's update schema; without one the
/// fields that were written as they now are, then `id`.
#[utoipa::path(
    put, path = "/{model}/{id}", operation_id = "restful_update_record", tag = TAG,
    params(RecordPath, RequestHeaders), request_body(content = Values),
    responses((status = 200, description = "The record as it now is", body = Record))
)]
async fn update_record(arrival: Arrival) -> Result<Response, Problem> {
    update(arrival).await
}

/// Update a record (by PATCH)
///
/// The same as PUT.
#[utoipa::path(
    patch, path = "/{model}/{id}", operation_id = "restful_change_record", tag = TAG,
    params(RecordPath, RequestHeaders), request_body(content = Values),
    responses((status = 200, description = "The record as it now is", body = Record))
)]
async fn change_record(arrival: Arrival) -> Result<Response, Problem> {
    update(arrival).await
}

/// Delete a record
///
/// Nothing is deleted when the record does not exist (404), or when other records need it (409).
#[utoipa::path(
    delete, path = "/{model}/{id}", operation_id = "restful_delete_record", tag = TAG,
    params(RecordPath, RequestHeaders),
    responses((
        status = 200, description = "A sentence that says so", body = String, content_type = "application/json",
        example = json!("record 43 has been successfully deleted")
    ))
)]
async fn delete_record(arrival: Arrival) -> Result<Response, Problem> {
    answer(arrival, &FAMILY, |arrival, _| {
        schemas(arrival)?;
        Ok(Deed::Delete { target: Target::One(arrival.id("id")?) })
    })
    .await
}

/// Call a method of a record
///
/// The body has the keyword arguments, or nothing else than `args` and `kwargs`.
#[utoipa::path(
    patch, path = "/{model}/{id}/{method}", operation_id = "restful_call_method", tag = TAG,
    params(MethodPath, RequestHeaders), request_body(content = Option<Keywords>),
    responses((status = 200, description = "What the method answers, unchanged", body = serde_json::Value))
)]
async fn call_method(arrival: Arrival) -> Result<Response, Problem> {
    call(arrival).await
}

/// Call a method of a record (by POST)
///
/// The same as PATCH.
#[utoipa::path(
    post, path = "/{model}/{id}/{method}", operation_id = "restful_call_method_by_post", tag = TAG,
    params(MethodPath, RequestHeaders), request_body(content = Option<Keywords>),
    responses((status = 200, description = "What the method answers, unchanged", body = serde_json::Value))
)]
async fn call_method_by_post(arrival: Arrival) -> Result<Response, Problem> {
    call(arrival).await
}

async fn update(arrival: Arrival) -> Result<Response, Problem> {
    answer(arrival, &FAMILY, |arrival, input| {
        let back = schemas(arrival)?.to_update();
        Ok(Deed::Update { target: Target::One(arrival.id("id")?), values: input.values(), back })
    })
    .await
}

async fn call(arrival: Arrival) -> Result<Response, Problem> {
    answer(arrival, &FAMILY, |arrival, input| {
        schemas(arrival)?;
        let (method, id) = (arrival.method("method")?, Some(arrival.id("id")?));
        let (args, kwargs) = if input.body_has_only(&["args", "kwargs"]) {
            (input.args()?, input.kwargs()?)
        } else {
            (Vec::new(), input.keywords()?)
        };
        Ok(Deed::Call { method, id, args, kwargs })
    })
    .await
}

fn schemas(arrival: &Arrival) -> Result<&Schemas, Problem> {
    arrival.gateway.restful.schemas(&arrival.model()?)
}

fn filters(input: &Input) -> Result<Vec<Filter>, Problem> {
    let filter = |(parameter, values): (String, _)| {
        let meant = meant(&parameter, RESERVED.into_iter()).map(str::to_owned);
        Filter { parameter, values, meant }
    };
    Ok(input.others(&RESERVED)?.into_iter().map(filter).collect())
}
