//! `/api/{model}`: records, fields and methods.
//!
//! In: parameters; the body of create and update is the record. Out: an [`Action`] for the pipeline. Must not know:
//! the Odoo calls.

use axum::response::Response;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::envelope::{DIALECT, to_bytes};
use super::openapi_schemas::{ApiCounted, ApiCreated, ApiDone, ApiMethodCall, ApiRecord, TAG};
use crate::error::Problem;
use crate::error_code::ErrorCode;
use crate::http::openapi::{
    ContextQuery, DeletionPath, DomainQuery, FieldsQuery, IdPath, ModelPath, PagingQuery, RequestHeaders,
};
use crate::http::pipeline::{Endpoint, RenderContext, full_response, handle, handle_with};
use crate::http::request::ApiRequest;
use crate::http::request::params::RequestParams;
use crate::http::state::AppState;
use crate::names::MethodName;
use crate::plan::{Action, FieldSet, RecordSet, Returning};
use crate::shape::Shaped;
use crate::value::{Member, Value};

pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(search))
        .routes(routes!(schema))
        .routes(routes!(record_count))
        .routes(routes!(create))
        .routes(routes!(execute))
        .routes(routes!(view, update, delete))
}

/// Search records
///
/// Returns the records that match the domain. Without a domain, all records match.
#[utoipa::path(
    get, path = "/api/{model}/search", operation_id = "api_search", tag = TAG,
    extensions(("x-export" = json!("records"))),
    params(ModelPath, DomainQuery, FieldsQuery, PagingQuery, ContextQuery, RequestHeaders),
    responses((status = 200, description = "The records", body = Vec<ApiRecord>))
)]
async fn search(request: ApiRequest) -> Result<Response, Problem> {
    handle(request, &DIALECT, |_, params| {
        let (domain, fields) = (params.domain("domain")?, params.fields("fields")?);
        Ok(Action::List { domain, filters: Vec::new(), window: params.window()?, fields, with_total: false })
    })
    .await
}

/// Describe fields
///
/// Returns the fields of the model that the user may read, with all attributes.
#[utoipa::path(
    get, path = "/api/{model}/schema", operation_id = "api_schema", tag = TAG, params(ModelPath, RequestHeaders),
    responses((status = 200, description = "The attributes of each field, by field name", body = ApiRecord))
)]
async fn schema(request: ApiRequest) -> Result<Response, Problem> {
    handle(request, &DIALECT, |_, _| Ok(Action::DescribeFields { fields: FieldSet::All, attributes: Vec::new() })).await
}

/// Count records
///
/// Returns the number of records that match the domain, and the domain as the gateway parsed it.
#[utoipa::path(
    get, path = "/api/{model}/record_count", operation_id = "api_record_count", tag = TAG,
    params(ModelPath, DomainQuery, ContextQuery, RequestHeaders),
    responses((status = 200, description = "The number of records", body = ApiCounted))
)]
async fn record_count(request: ApiRequest) -> Result<Response, Problem> {
    let parse = |_: &ApiRequest, params: &RequestParams| {
        let domain = params.domain("domain")?;
        let parsed = domain.to_value();
        Ok((Action::Count { domain }, parsed))
    };
    let render = |shaped: Shaped<'_>, domain: Value<'static>, context: RenderContext<'_>| {
        let Shaped::Count(count) = shaped else {
            return Err(Problem::internal("the outcome of a count is not a number"));
        };
        let members = [("model", context.label.into()), ("domain", domain), ("record_count", Value::Int(count))];
        object(members.into_iter().map(|(name, value)| (name.into(), value)).collect())
    };
    handle_with(request, Endpoint { dialect: &DIALECT, parse, render }).await
}

/// View a record
///
/// Returns one record: all fields that the user may read, or the named fields.
#[utoipa::path(
    get, path = "/api/{model}/{id}", operation_id = "api_read_record", tag = TAG,
    params(ModelPath, IdPath, FieldsQuery, ContextQuery, RequestHeaders),
    responses((status = 200, description = "The record", body = ApiRecord))
)]
async fn view(request: ApiRequest) -> Result<Response, Problem> {
    handle(request, &DIALECT, |request, params| {
        Ok(Action::ReadOne { id: request.record_id("id")?, fields: params.fields("fields")? })
    })
    .await
}

/// Create a record
///
/// The body is the record. Returns the id of the new record.
#[utoipa::path(
    post, path = "/api/{model}/create", operation_id = "api_create_record", tag = TAG,
    params(ModelPath, RequestHeaders), request_body(content = ApiRecord, example = json!({"name": "Azure"})),
    responses((status = 200, description = "The id of the new record", body = ApiCreated))
)]
async fn create(request: ApiRequest) -> Result<Response, Problem> {
    let parse = |_: &ApiRequest, params: &RequestParams| {
        Ok((Action::CreateOne { values: params.values()?, returning: Returning::Ids }, ()))
    };
    handle_with(
        request,
        Endpoint {
            dialect: &DIALECT,
            parse,
            render: |shaped, (), _| {
                let Shaped::WrittenOne(id) = shaped else {
                    return Err(Problem::internal("the outcome of a creation is not one record"));
                };
                let id = std::iter::once(("id".into(), Value::Int(id.get())));
                object(id.chain([message("Record created successfully.")]).collect())
            },
        },
    )
    .await
}

/// Update a record
///
/// The body contains the fields to change.
#[utoipa::path(
    put, path = "/api/{model}/{id}", operation_id = "api_update_record", tag = TAG,
    params(ModelPath, IdPath, RequestHeaders), request_body(content = ApiRecord, example = json!({"name": "Azure"})),
    responses((status = 200, description = "A confirmation", body = ApiDone))
)]
async fn update(request: ApiRequest) -> Result<Response, Problem> {
    let parse = |request: &ApiRequest, params: &RequestParams| {
        let target = RecordSet::One(request.record_id("id")?);
        Ok((Action::Update { target, values: params.values()?, returning: Returning::Ids }, ()))
    };
    handle_with(request, Endpoint { dialect: &DIALECT, parse, render: |_, (), _| done("Record updated successfully.") })
        .await
}

/// Delete a record
///
/// Returns 404 if the record does not exist, and 409 if other records need it. Nothing is deleted then.
#[utoipa::path(
    delete, path = "/api/{model}/{id}", operation_id = "api_delete_record", tag = TAG,
    params(
        DeletionPath,
        ("id" = i32, Path, description = "The id of the record.", example = 6, minimum = 1, maximum = 2_147_483_647),
        RequestHeaders
    ),
    responses((status = 200, description = "A confirmation", body = ApiDone))
)]
async fn delete(request: ApiRequest) -> Result<Response, Problem> {
    let parse = |request: &ApiRequest, _: &RequestParams| {
        Ok((Action::Delete { target: RecordSet::One(request.record_id("id")?) }, ()))
    };
    handle_with(request, Endpoint { dialect: &DIALECT, parse, render: |_, (), _| done("Record deleted successfully.") })
        .await
}

fn done(text: &'static str) -> Result<Response, Problem> {
    object(vec![message(text)])
}

fn message(text: &'static str) -> Member<'static> {
    ("message".into(), text.into())
}

fn object(members: Vec<Member<'_>>) -> Result<Response, Problem> {
    to_bytes(&Value::Map(members)).map(full_response)
}

/// Call a method
///
/// Calls a public method of the model. A method of records takes the list of their ids as its first argument.
#[utoipa::path(
    post, path = "/api/{model}/execute_kw", operation_id = "api_execute_kw", tag = TAG,
    params(ModelPath, RequestHeaders), request_body(content = ApiMethodCall),
    responses((status = 200, description = "The result of the method, unchanged", body = serde_json::Value))
)]
async fn execute(request: ApiRequest) -> Result<Response, Problem> {
    handle(request, &DIALECT, |_, params| {
        Ok(Action::Call { method: method(params)?, id: None, args: params.args()?, kwargs: params.kwargs()? })
    })
    .await
}

fn method(params: &RequestParams) -> Result<MethodName, Problem> {
    let name = params.text("method")?.ok_or_else(|| {
        Problem::new(ErrorCode::MissingParameter, "The parameter `method` is missing.")
            .parameter("method")
            .hint("For example `{\"method\": \"search_count\", \"args\": [[]]}`.")
    })?;
    MethodName::parse(name)
        .map_err(|error| Problem::new(ErrorCode::UnknownMethod, format!("method: {error}")).parameter("method"))
}
