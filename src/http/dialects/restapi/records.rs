//! `/restapi/1.0/object/{model}`: records, fields, rights and methods.
//!
//! In: parameters. Out: an [`Action`] for the pipeline. Must not know: the Odoo calls. The path parameter `key` is
//! the id of a record; with POST, the name of a method.

use axum::response::Response;
use axum::routing::post;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::envelope::DIALECT;
use super::openapi_schemas::{
    AccessQuery, CountQuery, FieldsGetQuery, IdsQuery, MethodKeyPath, OptionalIdsQuery, RecordKeyPath,
    RecordMethodPath, RestapiCount, RestapiEmpty, RestapiFields, RestapiIds, RestapiRecord, RestapiRecords,
    RestapiResult, RestapiRight, RestapiVals, TAG, ValsQuery,
};
use crate::error::Problem;
use crate::error_code::ErrorCode;
use crate::http::openapi::{
    ContextQuery, DeletionPath, DomainQuery, FieldsQuery, MethodArguments, ModelPath, PagingQuery, RequestHeaders,
};
use crate::http::pipeline::{Parse, handle};
use crate::http::request::ApiRequest;
use crate::http::request::params::RequestParams;
use crate::http::state::AppState;
use crate::names::{MethodName, RecordId};
use crate::plan::{AccessOperation, Action, FieldSet, RecordSet, Returning, Values};
use crate::value::Value;

/// Methods whose names are also paths of GET routes.
const FIXED_METHODS: [(&str, Parse<Action>); 4] = [
    ("check_access_rights", |_, params| method_call(MethodName::from_static("check_access_rights"), None, params)),
    ("fields_get", |_, params| method_call(MethodName::from_static("fields_get"), None, params)),
    ("search", |_, params| method_call(MethodName::from_static("search"), None, params)),
    ("search_count", |_, params| method_call(MethodName::from_static("search_count"), None, params)),
];

/// The response to a write: the records with all fields.
const ALL_FIELDS: Returning = Returning::Records(FieldSet::All);

pub(super) fn routes() -> OpenApiRouter<AppState> {
    let documented = OpenApiRouter::new()
        .routes(routes!(check_access_rights))
        .routes(routes!(search))
        .routes(routes!(search_count))
        .routes(routes!(fields_get))
        .routes(routes!(list_records, create_records, update_records, delete_records))
        .routes(routes!(read_record, update_record, delete_record, call_model_method))
        .routes(routes!(call_record_method));
    // POST calls a method of the model, also if the method has one of these names.
    FIXED_METHODS.into_iter().fold(documented, |router, (name, parse)| {
        let call = move |request| handle(request, &DIALECT, parse);
        router.route(&format!("/object/{{model}}/{name}"), post(call))
    })
}

/// Check access rights
///
/// Checks whether Odoo allows the user an operation on the model; of several operations, whether it allows all of
/// them.
#[utoipa::path(
    get, path = "/object/{model}/check_access_rights", operation_id = "restapi_check_access_rights", tag = TAG,
    params(ModelPath, AccessQuery, ContextQuery, RequestHeaders),
    responses((status = 200, description = "Whether the operations are allowed", body = RestapiRight))
)]
async fn check_access_rights(request: ApiRequest) -> Result<Response, Problem> {
    handle(request, &DIALECT, |_, params| {
        let names = params.names("operation")?.ok_or_else(|| missing("operation", "['read']"))?;
        let operations = names.iter().map(|name| operation(name)).collect::<Result<_, _>>()?;
        Ok(Action::CheckAccess { operations, raise: params.flag("raise_exception", true)? })
    })
    .await
}

fn operation(name: &str) -> Result<AccessOperation, Problem> {
    AccessOperation::parse(name).ok_or_else(|| {
        let excerpt: String = name.chars().take(64).collect();
        let detail = format!("operation: expected create, read, write or unlink, found {excerpt:?}.");
        Problem::new(ErrorCode::InvalidParameter, detail).parameter("operation")
    })
}

/// Search ids
///
/// Returns the ids of the records that match the domain; with `count=True`, only their number.
#[utoipa::path(
    get, path = "/object/{model}/search", operation_id = "restapi_search", tag = TAG,
    extensions(("x-export" = json!("ids"))),
    params(ModelPath, DomainQuery, PagingQuery, CountQuery, ContextQuery, RequestHeaders),
    responses((status = 200, description = "The ids under the label of the model", body = RestapiIds))
)]
async fn search(request: ApiRequest) -> Result<Response, Problem> {
    handle(request, &DIALECT, |_, params| {
        let domain = params.domain("domain")?;
        let window = params.window()?;
        Ok(if params.flag("count", false)? { Action::Count { domain } } else { Action::Search { domain, window } })
    })
    .await
}

/// Count records
///
/// Returns the number of records that match the domain.
#[utoipa::path(
    get, path = "/object/{model}/search_count", operation_id = "restapi_search_count", tag = TAG,
    params(ModelPath, DomainQuery, ContextQuery, RequestHeaders),
    responses((status = 200, description = "The number of records", body = RestapiCount))
)]
async fn search_count(request: ApiRequest) -> Result<Response, Problem> {
    handle(request, &DIALECT, |_, params| Ok(Action::Count { domain: params.domain("domain")? })).await
}

/// Describe fields
///
/// Returns the fields of the model that the user may read. Without `attributes`, all attributes.
#[utoipa::path(
    get, path = "/object/{model}/fields_get", operation_id = "restapi_fields_get", tag = TAG,
    params(ModelPath, FieldsGetQuery, ContextQuery, RequestHeaders),
    responses((status = 200, description = "The attributes of each field, by field name", body = RestapiFields))
)]
async fn fields_get(request: ApiRequest) -> Result<Response, Problem> {
    handle(request, &DIALECT, |_, params| {
        let attributes = params.names("attributes")?.unwrap_or_default();
        Ok(Action::DescribeFields { fields: params.fields("allfields")?, attributes })
    })
    .await
}

/// List records
///
/// Returns the records with these ids, in this order; or the records that match the domain. Without ids and domain,
/// all records match. With `count=True`, returns only the number of records that match the domain.
#[utoipa::path(
    get, path = "/object/{model}", operation_id = "restapi_list_records", tag = TAG,
    extensions(("x-export" = json!("records"))),
    params(
        ModelPath, OptionalIdsQuery, DomainQuery, FieldsQuery, PagingQuery, CountQuery, ContextQuery, RequestHeaders
    ),
    responses((status = 200, description = "The records under the label of the model", body = RestapiRecords))
)]
async fn list_records(request: ApiRequest) -> Result<Response, Problem> {
    handle(request, &DIALECT, |_, params| {
        let (fields, domain) = (params.fields("fields")?, params.domain("domain")?);
        match params.ids("ids")? {
            Some(_) if !domain.is_all() => {
                Err(Problem::new(ErrorCode::InvalidParameter, "The parameters `ids` and `domain` cannot be combined.")
                    .parameter("ids")
                    .hint("Send one of them. A domain can contain ids: `[('id','in',[12,17])]`."))
            }
            Some(ids) => Ok(Action::ReadMany { ids, fields }),
            None if params.flag("count", false)? => Ok(Action::Count { domain }),
            None => {
                Ok(Action::List { domain, window: params.window()?, fields, with_total: false, filters: Vec::new() })
            }
        }
    })
    .await
}

/// Create records
///
/// Creates a record, or several records from a list of values. Returns them with all fields.
#[utoipa::path(
    post, path = "/object/{model}", operation_id = "restapi_create_records", tag = TAG,
    params(ModelPath, ValsQuery, ContextQuery, RequestHeaders), request_body(content = Option<RestapiVals>),
    responses((status = 200, description = "The new record, or a list of them", body = RestapiRecord))
)]
async fn create_records(request: ApiRequest) -> Result<Response, Problem> {
    handle(request, &DIALECT, |_, params| match required_vals(params)? {
        Value::List(records) if records.is_empty() => Err(missing("vals", "{'name': 'Azure'}")),
        records @ Value::List(_) => {
            Ok(Action::CreateMany { records: Values::from_tree("vals", records), returning: ALL_FIELDS })
        }
        values => Ok(Action::CreateOne { values: Values::from_tree("vals", values), returning: ALL_FIELDS }),
    })
    .await
}

/// Update records
///
/// Writes the same values to all records with these ids. Returns them with all fields. If one of the records does not
/// exist, nothing is written.
#[utoipa::path(
    put, path = "/object/{model}", operation_id = "restapi_update_records", tag = TAG,
    params(ModelPath, IdsQuery, ValsQuery, ContextQuery, RequestHeaders), request_body(content = Option<RestapiVals>),
    responses((status = 200, description = "The updated records", body = RestapiRecords))
)]
async fn update_records(request: ApiRequest) -> Result<Response, Problem> {
    handle(request, &DIALECT, |_, params| {
        Ok(Action::Update {
            target: RecordSet::Many(required_ids(params)?),
            values: Values::from_tree("vals", required_vals(params)?),
            returning: ALL_FIELDS,
        })
    })
    .await
}

/// Delete records
///
/// Deletes all records with these ids. If one of the records does not exist, nothing is deleted.
#[utoipa::path(
    delete, path = "/object/{model}", operation_id = "restapi_delete_records", tag = TAG,
    params(DeletionPath, ("ids" = String, Query, description = "Record ids.", example = "4,5"), RequestHeaders),
    responses((status = 200, description = "An empty object", body = RestapiEmpty))
)]
async fn delete_records(request: ApiRequest) -> Result<Response, Problem> {
    handle(request, &DIALECT, |_, params| Ok(Action::Delete { target: RecordSet::Many(required_ids(params)?) })).await
}

/// Read a record
///
/// Returns one record: all fields that the user may read, or the named fields.
#[utoipa::path(
    get, path = "/object/{model}/{key}", operation_id = "restapi_read_record", tag = TAG,
    params(ModelPath, RecordKeyPath, FieldsQuery, ContextQuery, RequestHeaders),
    responses((status = 200, description = "The record under the label of the model", body = RestapiRecord))
)]
async fn read_record(request: ApiRequest) -> Result<Response, Problem> {
    handle(request, &DIALECT, |request, params| {
        Ok(Action::ReadOne { id: request.record_id("key")?, fields: params.fields("fields")? })
    })
    .await
}

/// Update a record
///
/// Writes values to a record. Returns it with all fields.
#[utoipa::path(
    put, path = "/object/{model}/{key}", operation_id = "restapi_update_record", tag = TAG,
    params(ModelPath, RecordKeyPath, ValsQuery, ContextQuery, RequestHeaders),
    request_body(content = Option<RestapiVals>),
    responses((status = 200, description = "The updated record", body = RestapiRecord))
)]
async fn update_record(request: ApiRequest) -> Result<Response, Problem> {
    handle(request, &DIALECT, |request, params| {
        Ok(Action::Update {
            target: RecordSet::One(request.record_id("key")?),
            values: Values::from_tree("vals", required_vals(params)?),
            returning: ALL_FIELDS,
        })
    })
    .await
}

/// Delete a record
///
/// Returns 404 if the record does not exist, and 409 if other records need it. Nothing is deleted then.
#[utoipa::path(
    delete, path = "/object/{model}/{key}", operation_id = "restapi_delete_record", tag = TAG,
    params(
        DeletionPath,
        ("key" = i32, Path, description = "The id of the record.", example = 3, minimum = 1, maximum = 2_147_483_647),
        RequestHeaders
    ),
    responses((status = 200, description = "An empty object", body = RestapiEmpty))
)]
async fn delete_record(request: ApiRequest) -> Result<Response, Problem> {
    handle(request, &DIALECT, |request, _| Ok(Action::Delete { target: RecordSet::One(request.record_id("key")?) }))
        .await
}

/// Call a method of a model
///
/// Calls a public method of the model. A method of records takes the list of their ids as its first argument.
#[utoipa::path(
    post, path = "/object/{model}/{key}", operation_id = "restapi_call_model_method", tag = TAG,
    params(ModelPath, MethodKeyPath, RequestHeaders), request_body(content = Option<MethodArguments>),
    responses((status = 200, description = "The result of the method, unchanged", body = RestapiResult))
)]
async fn call_model_method(request: ApiRequest) -> Result<Response, Problem> {
    handle(request, &DIALECT, |request, params| method_call(request.method("key")?, None, params)).await
}

/// Call a method of a record
///
/// Calls a public method of the model. The gateway passes the id of the record before `args`.
#[utoipa::path(
    post, path = "/object/{model}/{key}/{method}", operation_id = "restapi_call_record_method", tag = TAG,
    params(ModelPath, RecordKeyPath, RecordMethodPath, RequestHeaders),
    request_body(content = Option<MethodArguments>, example = json!({"args": [], "kwargs": {}})),
    responses((status = 200, description = "The result of the method, unchanged", body = RestapiResult))
)]
async fn call_record_method(request: ApiRequest) -> Result<Response, Problem> {
    handle(request, &DIALECT, |request, params| {
        method_call(request.method("method")?, Some(request.record_id("key")?), params)
    })
    .await
}

fn method_call(method: MethodName, id: Option<RecordId>, params: &RequestParams) -> Result<Action, Problem> {
    Ok(Action::Call { method, id, args: params.args()?, kwargs: params.kwargs()? })
}

fn required_vals(params: &RequestParams) -> Result<Value<'static>, Problem> {
    params.tree("vals")?.ok_or_else(|| missing("vals", "{'name': 'Azure'}"))
}

fn required_ids(params: &RequestParams) -> Result<Vec<RecordId>, Problem> {
    params.ids("ids")?.filter(|ids| !ids.is_empty()).ok_or_else(|| missing("ids", "12,17"))
}

fn missing(parameter: &'static str, example: &str) -> Problem {
    Problem::new(ErrorCode::MissingParameter, format!("The parameter `{parameter}` is missing."))
        .parameter(parameter)
        .hint(format!("For example `{parameter}={example}`."))
}
