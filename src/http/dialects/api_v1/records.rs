//! `/api/v1/{model}`: records and the description of their fields.
//!
//! In: parameters and bodies. Out: an [`Action`] for the pipeline, and the response to its outcome. Must not know:
//! the Odoo calls.

use std::collections::HashSet;

use axum::response::Response;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::bulk_target::parse_bulk_target;
use super::envelope::{DIALECT, map, success};
use super::openapi_schemas::{
    ApiV1Batch, ApiV1BatchResponse, ApiV1Create, ApiV1Deleted, ApiV1DeletedMany, ApiV1Fields, ApiV1Filter, ApiV1Found,
    ApiV1Page, ApiV1Record, ApiV1Search, ApiV1Update, ApiV1UpdateMany, ApiV1Updated, BulkIdQuery, PageQuery,
    SelectionQuery, TAG,
};
use super::paging::{MAX_PAGE_SIZE, Paging, parse_page_size};
use crate::error::Problem;
use crate::error_code::ErrorCode;
use crate::http::openapi::{ContextQuery, DeletionPath, IdPath, ModelPath, RequestHeaders};
use crate::http::pipeline::{Dialect, Endpoint, RenderContext, handle, handle_with};
use crate::http::request::ApiRequest;
use crate::http::request::params::RequestParams;
use crate::http::response::negotiate::ResponseFormat;
use crate::http::state::AppState;
use crate::language::selection::Selection;
use crate::plan::{Action, EmptyList, FieldSet, RecordSet, Returning, Values, Window};
use crate::shape::Shaped;
use crate::value::Value;

pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list_records, create_records, update_records, delete_records))
        .routes(routes!(create_batch))
        .routes(routes!(search_records))
        .routes(routes!(describe_fields))
        .routes(routes!(read_record, update_record, change_record, delete_record))
}

/// List records
///
/// Returns a page of the records that match the filter, and the total number of records. `query` selects fields, also
/// of related records: `{id, name}`, `{*}`, `{-name}`, `{id, company_id{name}}`.
#[utoipa::path(
    get, path = "/{model}", operation_id = "apiv1_list_records", tag = TAG,
    extensions(("x-export" = json!("records"))),
    params(ModelPath, SelectionQuery, PageQuery, ContextQuery, RequestHeaders),
    responses((status = 200, description = "A page of records", body = ApiV1Page))
)]
async fn list_records(request: ApiRequest) -> Result<Response, Problem> {
    let parse = |request: &ApiRequest, params: &RequestParams| {
        let is_streamed = is_streamed(request)?;
        let (paging, domain, order) =
            (Paging::parse(params, is_streamed)?, params.domain("filter")?, params.order("order")?);
        let window = if is_streamed { paging.streamed_window(order) } else { paging.window(order) };
        Ok((
            Action::List { domain, window, fields: selected_fields(params)?, with_total: true, filters: Vec::new() },
            paging,
        ))
    };
    handle_with(
        request,
        Endpoint {
            dialect: &DIALECT,
            parse,
            render: |shaped, paging: Paging, context| {
                let (records, total) = page(shaped)?;
                let pagination = paging.pagination(records.len(), total);
                let data = map([("records", Value::List(records)), ("pagination", pagination)]);
                success("Records retrieved successfully", data, context)
            },
        },
    )
    .await
}

/// Read a record
///
/// Returns one record. `query` selects fields as in a list.
#[utoipa::path(
    get, path = "/{model}/{id}", operation_id = "apiv1_read_record", tag = TAG,
    params(ModelPath, IdPath, SelectionQuery, ContextQuery, RequestHeaders),
    responses((status = 200, description = "The record", body = ApiV1Record))
)]
async fn read_record(request: ApiRequest) -> Result<Response, Problem> {
    let parse = |request: &ApiRequest, params: &RequestParams| {
        let action = Action::ReadOne { id: request.record_id("id")?, fields: selected_fields(params)? };
        Ok((action, "Record retrieved successfully"))
    };
    handle_with(request, Endpoint { dialect: &DIALECT, parse, render: render_with_message }).await
}

/// Create records
///
/// Creates the record in `data`; or, if `data` is a list, all records or none. Returns the new records.
#[utoipa::path(
    post, path = "/{model}", operation_id = "apiv1_create_records", tag = TAG,
    params(ModelPath, RequestHeaders), request_body(content = ApiV1Create),
    responses((status = 200, description = "The new record, or a list of them", body = ApiV1Record))
)]
async fn create_records(request: ApiRequest) -> Result<Response, Problem> {
    let parse = |_: &ApiRequest, params: &RequestParams| match data(params)? {
        records @ Value::List(_) => Ok((new_records(records)?, "Records created successfully")),
        one => Ok((Action::CreateOne { values: values(one), returning: all_fields() }, "Record created successfully")),
    };
    handle_with(request, Endpoint { dialect: &DIALECT, parse, render: render_with_message }).await
}

/// Create many records
///
/// Creates all records of the list, or none. Returns the new records.
#[utoipa::path(
    post, path = "/{model}/batch", operation_id = "apiv1_create_batch", tag = TAG,
    params(ModelPath, RequestHeaders), request_body(content = ApiV1Batch),
    responses((status = 200, description = "The new records", body = ApiV1BatchResponse))
)]
async fn create_batch(request: ApiRequest) -> Result<Response, Problem> {
    let parse = |_: &ApiRequest, params: &RequestParams| Ok((new_records(data(params)?)?, ()));
    handle_with(
        request,
        Endpoint {
            dialect: &DIALECT,
            parse,
            render: |shaped, (), context| {
                let records = list(shaped)?;
                let counted = count(records.len());
                let data = map([("records", Value::List(records)), ("count", counted)]);
                success("Records created successfully", data, context)
            },
        },
    )
    .await
}

/// Update a record
///
/// Writes the fields in `data`. Returns the updated record.
#[utoipa::path(
    put, path = "/{model}/{id}", operation_id = "apiv1_update_record", tag = TAG,
    params(ModelPath, IdPath, RequestHeaders), request_body(content = ApiV1Update),
    responses((status = 200, description = "The updated record", body = ApiV1Record))
)]
async fn update_record(request: ApiRequest) -> Result<Response, Problem> {
    update_one(request).await
}

/// Update a record (by PATCH)
///
/// Equivalent to PUT.
#[utoipa::path(
    patch, path = "/{model}/{id}", operation_id = "apiv1_change_record", tag = TAG,
    params(ModelPath, IdPath, RequestHeaders), request_body(content = ApiV1Update),
    responses((status = 200, description = "The updated record", body = ApiV1Record))
)]
async fn change_record(request: ApiRequest) -> Result<Response, Problem> {
    update_one(request).await
}

async fn update_one(request: ApiRequest) -> Result<Response, Problem> {
    let parse = |request: &ApiRequest, params: &RequestParams| {
        let target = RecordSet::One(request.record_id("id")?);
        let action = Action::Update { target, values: values(data(params)?), returning: all_fields() };
        Ok((action, "Record updated successfully"))
    };
    handle_with(request, Endpoint { dialect: &DIALECT, parse, render: render_with_message }).await
}

/// Update records
///
/// Writes the same values to all records with these ids, or to all records that match the filter. If one of the ids
/// does not exist, nothing is written. The filter `[[1, "=", 1]]` matches all records.
#[utoipa::path(
    put, path = "/{model}", operation_id = "apiv1_update_records", tag = TAG,
    params(ModelPath, BulkIdQuery, RequestHeaders), request_body(content = ApiV1UpdateMany),
    responses((status = 200, description = "The ids of the updated records", body = ApiV1Updated))
)]
async fn update_records(request: ApiRequest) -> Result<Response, Problem> {
    let parse = |_: &ApiRequest, params: &RequestParams| {
        let values = values(data(params)?);
        Ok((Action::Update { target: parse_bulk_target(params)?, values, returning: Returning::Ids }, ()))
    };
    handle_with(
        request,
        Endpoint {
            dialect: &DIALECT,
            parse,
            render: |shaped, (), context| {
                let Shaped::Written(ids) = shaped else { return Err(unexpected()) };
                let distinct = ids.iter().collect::<HashSet<_>>().len();
                let data = map([("updated", count(distinct)), ("ids", shaped.into_value())]);
                success("Records updated successfully", data, context)
            },
        },
    )
    .await
}

/// Delete a record
///
/// Returns 404 if the record does not exist, and 409 if other records need it. Nothing is deleted then.
#[utoipa::path(
    delete, path = "/{model}/{id}", operation_id = "apiv1_delete_record", tag = TAG,
    params(
        DeletionPath,
        ("id" = i32, Path, description = "The id of the record.", example = 1, minimum = 1, maximum = 2_147_483_647),
        RequestHeaders
    ),
    responses((status = 200, description = "The record is deleted", body = ApiV1Deleted))
)]
async fn delete_record(request: ApiRequest) -> Result<Response, Problem> {
    let parse = |request: &ApiRequest, _: &RequestParams| {
        Ok((Action::Delete { target: RecordSet::One(request.record_id("id")?) }, ()))
    };
    handle_with(
        request,
        Endpoint {
            dialect: &DIALECT,
            parse,
            render: |_, (), context| success(DELETED, map(deletion_members()), context),
        },
    )
    .await
}

/// Delete records
///
/// Deletes all records with these ids, or all records that match the filter. If one of the ids does not exist,
/// nothing is deleted.
#[utoipa::path(
    delete, path = "/{model}", operation_id = "apiv1_delete_records", tag = TAG,
    params(
        DeletionPath,
        (
            "id" = Option<String>, Query, description = "Record ids. They cannot be combined with a filter.",
            example = "[2]"
        ),
        RequestHeaders
    ),
    request_body(content = Option<ApiV1Filter>),
    responses((status = 200, description = "The records are deleted", body = ApiV1DeletedMany))
)]
async fn delete_records(request: ApiRequest) -> Result<Response, Problem> {
    let parse =
        |_: &ApiRequest, params: &RequestParams| Ok((Action::Delete { target: parse_bulk_target(params)? }, ()));
    handle_with(
        request,
        Endpoint {
            dialect: &DIALECT,
            parse,
            render: |shaped, (), context| {
                let Shaped::Deleted(ids) = shaped else { return Err(unexpected()) };
                let [success_member, message_member] = deletion_members();
                let deleted = ids.iter().collect::<HashSet<_>>().len();
                success(
                    "Records deleted successfully",
                    map([success_member, message_member, ("deleted", count(deleted))]),
                    context,
                )
            },
        },
    )
    .await
}

const DELETED: &str = "Record deleted successfully";

fn deletion_members() -> [(&'static str, Value<'static>); 2] {
    [("success", Value::Bool(true)), ("message", Value::from(DELETED))]
}

/// Search records
///
/// Returns the records that match the domain, at most 1000, and the total number of records. The `id` is always
/// included.
#[utoipa::path(
    post, path = "/{model}/search", operation_id = "apiv1_search", tag = TAG,
    extensions(("x-export" = json!("records"))),
    params(ModelPath, RequestHeaders), request_body(content = Option<ApiV1Search>),
    responses((status = 200, description = "The records", body = ApiV1Found))
)]
async fn search_records(request: ApiRequest) -> Result<Response, Problem> {
    const SEARCH_DIALECT: Dialect = Dialect { domain_parameter: "domain", ..DIALECT };
    let parse = |request: &ApiRequest, params: &RequestParams| {
        let fields = match params.fields("fields")? {
            FieldSet::All => FieldSet::Selected(Selection::all()),
            named => named,
        };
        let limit = if is_streamed(request)? {
            params.number("limit", 1)?
        } else {
            Some(parse_page_size(params, "limit")?.unwrap_or(MAX_PAGE_SIZE))
        };
        let window = Window { limit, offset: params.number("offset", 0)?.unwrap_or(0), order: params.order("order")? };
        let domain = params.domain("domain")?;
        Ok((Action::List { domain, window, fields, with_total: true, filters: Vec::new() }, ()))
    };
    handle_with(
        request,
        Endpoint {
            dialect: &SEARCH_DIALECT,
            parse,
            render: |shaped, (), context| {
                let (records, total) = page(shaped)?;
                let counted = count(records.len());
                let data =
                    map([("records", Value::List(records)), ("count", counted), ("total_count", Value::Int(total))]);
                success("Records retrieved successfully", data, context)
            },
        },
    )
    .await
}

/// Describe fields
///
/// Returns the fields of the model that the user may read.
#[utoipa::path(
    get, path = "/{model}/fields", operation_id = "apiv1_fields", tag = TAG,
    params(ModelPath, RequestHeaders),
    responses((status = 200, description = "The attributes of each field, by field name", body = ApiV1Fields))
)]
async fn describe_fields(request: ApiRequest) -> Result<Response, Problem> {
    handle(request, &DIALECT, |_, _| Ok(Action::DescribeFields { fields: FieldSet::All, attributes: Vec::new() })).await
}

/// Renders an outcome with a message that the parsed request determines.
fn render_with_message(
    shaped: Shaped<'_>,
    message: &'static str,
    context: RenderContext<'_>,
) -> Result<Response, Problem> {
    success(message, shaped.into_value(), context)
}

/// Whether the response is streamed. The number of records is not limited then.
fn is_streamed(request: &ApiRequest) -> Result<bool, Problem> {
    Ok(matches!(request.list_format(DIALECT.media)?, ResponseFormat::Streamed(_)))
}

fn selected_fields(params: &RequestParams) -> Result<FieldSet, Problem> {
    Ok(FieldSet::Selected(params.selection("query")?.unwrap_or_else(Selection::all)))
}

/// All fields except binary fields, which the caller must name.
fn all_fields() -> Returning {
    Returning::Records(FieldSet::Selected(Selection::all()))
}

/// The values to write. An empty list clears a relation, so that a record that was read can be written back.
fn values(data: Value<'static>) -> Values {
    Values::from_tree("data", data).with_empty_list(EmptyList::Clears)
}

fn data(params: &RequestParams) -> Result<Value<'static>, Problem> {
    params.tree("data")?.ok_or_else(|| {
        Problem::new(ErrorCode::MissingParameter, "The parameter `data` is missing.")
            .parameter("data")
            .hint("For example `{\"data\": {\"name\": \"New Product\"}}`.")
    })
}

fn new_records(records: Value<'static>) -> Result<Action, Problem> {
    match records.as_list() {
        Some([_, ..]) => Ok(Action::CreateMany { records: values(records), returning: all_fields() }),
        _ => {
            let detail = format!("data: expected a list of objects, found {}.", records.excerpt(60));
            Err(Problem::new(ErrorCode::InvalidParameter, detail).parameter("data"))
        }
    }
}

fn page(shaped: Shaped<'_>) -> Result<(Vec<Value<'_>>, i64), Problem> {
    match shaped {
        Shaped::Page { records, total } => Ok((records, total)),
        _ => Err(unexpected()),
    }
}

fn list(shaped: Shaped<'_>) -> Result<Vec<Value<'_>>, Problem> {
    match shaped.into_value() {
        Value::List(records) => Ok(records),
        _ => Err(unexpected()),
    }
}

fn count(number: usize) -> Value<'static> {
    Value::Int(i64::try_from(number).unwrap_or(i64::MAX))
}

fn unexpected() -> Problem {
    Problem::internal("the outcome does not fit the request")
}
