//! `/restful/api/v1/{model}`: records and their methods.
//!
//! In: parameters, and bodies that are records. Out: an [`Action`] for the pipeline. Must not know: the Odoo calls.
//! Each handler first checks that the model is enabled.

use std::sync::Arc;

use axum::response::Response;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::enabled_models::{ModelSchemas, RestfulModels};
use super::openapi_schemas::{
    FilterQuery, NarrowingQuery, RestfulKeywords, RestfulMethodPath, RestfulRecord, RestfulRecords, RestfulValues, TAG,
};
use super::response_body::DIALECT;
use crate::error::Problem;
use crate::http::openapi::{ContextQuery, DeletionPath, DomainQuery, IdPath, ModelPath, PagingQuery, RequestHeaders};
use crate::http::pipeline::handle;
use crate::http::request::ApiRequest;
use crate::http::request::params::{RequestParams, similar_name};
use crate::http::state::AppState;
use crate::plan::{Action, Filter, RecordSet};

/// Parameters that are never filters, even if the model has a field of this name.
const RESERVED: [&str; 6] = ["fields", "offset", "limit", "order", "domain", "context"];

pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list_records, create_record))
        .routes(routes!(read_record, update_record, change_record, delete_record))
        .routes(routes!(call_method, call_method_by_post))
}

/// List records
///
/// Returns the records that match the domain and all filters, with the fields of the model's read schema. Every other
/// parameter is a filter. The name of a field tests for equality; repeated, for one of the values; empty, for an
/// empty field. `_start` or `_end` after the name of a field means at least or at most.
#[utoipa::path(
    get, path = "/{model}", operation_id = "restful_list_records", tag = TAG,
    extensions(("x-export" = json!("records"))),
    params(ModelPath, NarrowingQuery, DomainQuery, FilterQuery, PagingQuery, ContextQuery, RequestHeaders),
    responses((status = 200, description = "The records", body = RestfulRecords))
)]
async fn list_records(request: ApiRequest) -> Result<Response, Problem> {
    handle(request, &DIALECT, |request, params| {
        let schemas = schemas(request)?;
        params.require_single(&RESERVED)?;
        Ok(Action::List {
            domain: params.domain("domain")?,
            filters: filters(params)?,
            window: params.window()?,
            fields: schemas.fields_to_read(params.fields("fields")?),
            with_total: false,
        })
    })
    .await
}

/// Create a record
///
/// The body is the record: field names and values. Returns the record with the fields of the model's create schema.
#[utoipa::path(
    post, path = "/{model}", operation_id = "restful_create_record", tag = TAG,
    params(ModelPath, RequestHeaders), request_body(content = RestfulValues),
    responses((status = 200, description = "The new record", body = RestfulRecord))
)]
async fn create_record(request: ApiRequest) -> Result<Response, Problem> {
    handle(request, &DIALECT, |request, params| {
        Ok(Action::CreateOne { returning: schemas(request)?.after_create(), values: params.values()? })
    })
    .await
}

/// Read a record
///
/// Returns one record with the fields of the model's read schema.
#[utoipa::path(
    get, path = "/{model}/{id}", operation_id = "restful_read_record", tag = TAG,
    params(ModelPath, IdPath, NarrowingQuery, ContextQuery, RequestHeaders),
    responses((status = 200, description = "The record", body = RestfulRecord))
)]
async fn read_record(request: ApiRequest) -> Result<Response, Problem> {
    handle(request, &DIALECT, |request, params| {
        let schemas = schemas(request)?;
        params.require_all_single()?;
        Ok(Action::ReadOne { id: request.record_id("id")?, fields: schemas.fields_to_read(params.fields("fields")?) })
    })
    .await
}

/// Update a record
///
/// The body contains the fields to change. Returns the record with the fields of the model's update schema; without
/// an update schema, the written fields with their new values and the `id`.
#[utoipa::path(
    put, path = "/{model}/{id}", operation_id = "restful_update_record", tag = TAG,
    params(ModelPath, IdPath, RequestHeaders), request_body(content = RestfulValues),
    responses((status = 200, description = "The updated record", body = RestfulRecord))
)]
async fn update_record(request: ApiRequest) -> Result<Response, Problem> {
    update(request).await
}

/// Update a record (by PATCH)
///
/// Equivalent to PUT.
#[utoipa::path(
    patch, path = "/{model}/{id}", operation_id = "restful_change_record", tag = TAG,
    params(ModelPath, IdPath, RequestHeaders), request_body(content = RestfulValues),
    responses((status = 200, description = "The updated record", body = RestfulRecord))
)]
async fn change_record(request: ApiRequest) -> Result<Response, Problem> {
    update(request).await
}

/// Delete a record
///
/// Returns 404 if the record does not exist, and 409 if other records need it. Nothing is deleted then.
#[utoipa::path(
    delete, path = "/{model}/{id}", operation_id = "restful_delete_record", tag = TAG,
    params(
        DeletionPath,
        ("id" = i32, Path, description = "The id of the record.", example = 7, minimum = 1, maximum = 2_147_483_647),
        RequestHeaders
    ),
    responses((
        status = 200, description = "A confirmation", body = String, content_type = "application/json",
        example = json!("record 43 has been successfully deleted")
    ))
)]
async fn delete_record(request: ApiRequest) -> Result<Response, Problem> {
    handle(request, &DIALECT, |request, _| {
        schemas(request)?;
        Ok(Action::Delete { target: RecordSet::One(request.record_id("id")?) })
    })
    .await
}

/// Call a method of a record
///
/// The body contains the keyword arguments; or only `args` and `kwargs`.
#[utoipa::path(
    patch, path = "/{model}/{id}/{method}", operation_id = "restful_call_method", tag = TAG,
    params(ModelPath, IdPath, RestfulMethodPath, RequestHeaders), request_body(content = Option<RestfulKeywords>),
    responses((status = 200, description = "The result of the method, unchanged", body = serde_json::Value))
)]
async fn call_method(request: ApiRequest) -> Result<Response, Problem> {
    call(request).await
}

/// Call a method of a record (by POST)
///
/// Equivalent to PATCH.
#[utoipa::path(
    post, path = "/{model}/{id}/{method}", operation_id = "restful_call_method_by_post", tag = TAG,
    params(ModelPath, IdPath, RestfulMethodPath, RequestHeaders), request_body(content = Option<RestfulKeywords>),
    responses((status = 200, description = "The result of the method, unchanged", body = serde_json::Value))
)]
async fn call_method_by_post(request: ApiRequest) -> Result<Response, Problem> {
    call(request).await
}

async fn update(request: ApiRequest) -> Result<Response, Problem> {
    handle(request, &DIALECT, |request, params| {
        let returning = schemas(request)?.after_update();
        Ok(Action::Update { target: RecordSet::One(request.record_id("id")?), values: params.values()?, returning })
    })
    .await
}

async fn call(request: ApiRequest) -> Result<Response, Problem> {
    handle(request, &DIALECT, |request, params| {
        schemas(request)?;
        let (method, id) = (request.method("method")?, Some(request.record_id("id")?));
        let (args, kwargs) = if params.body_has_only(&["args", "kwargs"]) {
            (params.args()?, params.kwargs()?)
        } else {
            (Vec::new(), params.keywords()?)
        };
        Ok(Action::Call { method, id, args, kwargs })
    })
    .await
}

fn schemas(request: &ApiRequest) -> Result<&ModelSchemas, Problem> {
    request.extension::<Arc<RestfulModels>>()?.schemas(&request.model()?)
}

fn filters(params: &RequestParams) -> Result<Vec<Filter>, Problem> {
    let filter = |(parameter, values): (String, _)| {
        let suggestion = similar_name(&parameter, RESERVED.into_iter()).map(str::to_owned);
        Filter { parameter, values, suggestion }
    };
    Ok(params.remaining(&RESERVED)?.into_iter().map(filter).collect())
}
