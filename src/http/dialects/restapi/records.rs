//! `/restapi/1.0/object/{model}`: records, fields, rights and methods.
//!
//! In: parameters. Out: a [`Deed`] for the pipeline. Must not know: how deeds are done. Each handler reads its
//! parameters and nothing else; `key` in a path is a record's id, or a method's name with POST.

use axum::response::Response;
use axum::routing::post;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::envelope::FAMILY;
use super::schemas::{
    AccessQuery, Counted, FieldsAnswer, FieldsGetQuery, FieldsQuery, IdsQuery, Labelled, LabelledIds, LabelledMany,
    ListQuery, MethodCall, ModelPath, RecordPath, RequestHeaders, Returned, ReturnedRight, SearchCountQuery,
    SearchQuery, TAG, ValsBody, ValsQuery,
};
use crate::error::Problem;
use crate::error_code::Code;
use crate::http::pipeline::answer;
use crate::http::request::Arrival;
use crate::http::request::params::Input;
use crate::http::state::Gateway;
use crate::names::{MethodName, RecordId};
use crate::plan::{AccessOperation, Back, Deed, Fields, Target, Values};
use crate::value::Value;

/// Names that stand where a record's id or a method's name could stand, but have a GET of their own.
const NAMED: [&str; 4] = ["check_access_rights", "fields_get", "search", "search_count"];

/// What the family's writes answer.
const IN_FULL: Back = Back::Records(Fields::All);

pub(super) fn routes() -> OpenApiRouter<Gateway> {
    let documented = OpenApiRouter::new()
        .routes(routes!(check_access_rights))
        .routes(routes!(search))
        .routes(routes!(search_count))
        .routes(routes!(fields_get))
        .routes(routes!(list_records, create_records, update_records, delete_records))
        .routes(routes!(read_record, update_record, delete_record, call_model_method))
        .routes(routes!(call_record_method));
    // A method of one of these names can be called all the same.
    NAMED.into_iter().fold(documented, |router, name| {
        let call = move |arrival| call_method(arrival, move |_| Ok((MethodName::of_literal(name), None)));
        router.route(&format!("/object/{{model}}/{name}"), post(call))
    })
}

/// Check access rights
///
/// Asks whether the caller may do something with the records of a model. Several operations must all be allowed.
#[utoipa::path(
    get, path = "/object/{model}/check_access_rights", operation_id = "restapi_check_access_rights", tag = TAG,
    params(ModelPath, AccessQuery, RequestHeaders),
    responses((status = 200, description = "Whether it is allowed", body = ReturnedRight))
)]
async fn check_access_rights(arrival: Arrival) -> Result<Response, Problem> {
    answer(arrival, &FAMILY, |_, input| {
        let names = input.names("operation")?.ok_or_else(|| missing("operation", "['read']"))?;
        let operations = names.iter().map(|name| operation(name)).collect::<Result<_, _>>()?;
        Ok(Deed::CheckAccess { operations, raise: input.flag("raise_exception", true)? })
    })
    .await
}

fn operation(name: &str) -> Result<AccessOperation, Problem> {
    AccessOperation::parse(name).ok_or_else(|| {
        let shown: String = name.chars().take(64).collect();
        let detail = format!("operation: expected create, read, write or unlink, found {shown:?}");
        Problem::new(Code::InvalidParameter, detail).parameter("operation")
    })
}

/// Search ids
///
/// The ids of the records that a domain finds; with `count=True` only their number.
#[utoipa::path(
    get, path = "/object/{model}/search", operation_id = "restapi_search", tag = TAG,
    params(ModelPath, SearchQuery, RequestHeaders),
    responses((status = 200, description = "Ids under the model's label", body = LabelledIds))
)]
async fn search(arrival: Arrival) -> Result<Response, Problem> {
    answer(arrival, &FAMILY, |_, input| {
        let domain = input.domain("domain")?;
        let slice = input.slice()?;
        Ok(if input.flag("count", false)? { Deed::Count { domain } } else { Deed::Search { domain, slice } })
    })
    .await
}

/// Count records
///
/// How many records a domain finds.
#[utoipa::path(
    get, path = "/object/{model}/search_count", operation_id = "restapi_search_count", tag = TAG,
    params(ModelPath, SearchCountQuery, RequestHeaders),
    responses((status = 200, description = "The number", body = Counted))
)]
async fn search_count(arrival: Arrival) -> Result<Response, Problem> {
    answer(arrival, &FAMILY, |_, input| Ok(Deed::Count { domain: input.domain("domain")? })).await
}

/// Describe fields
///
/// The fields of a model as the caller sees them. Without `attributes` everything that Odoo can send.
#[utoipa::path(
    get, path = "/object/{model}/fields_get", operation_id = "restapi_fields_get", tag = TAG,
    params(ModelPath, FieldsGetQuery, RequestHeaders),
    responses((status = 200, description = "Descriptions by name", body = FieldsAnswer))
)]
async fn fields_get(arrival: Arrival) -> Result<Response, Problem> {
    answer(arrival, &FAMILY, |_, input| {
        let attributes = input.names("attributes")?.unwrap_or_default();
        Ok(Deed::DescribeFields { fields: input.fields("allfields")?, attributes })
    })
    .await
}

/// List records
///
/// The records of some ids, in their order; or the records that a domain finds, all of them without one. With
/// `count=True` only their number.
#[utoipa::path(
    get, path = "/object/{model}", operation_id = "restapi_list_records", tag = TAG,
    params(ModelPath, ListQuery, RequestHeaders),
    responses((status = 200, description = "Records under the model's label", body = LabelledMany))
)]
async fn list_records(arrival: Arrival) -> Result<Response, Problem> {
    answer(arrival, &FAMILY, |_, input| {
        let (fields, domain) = (input.fields("fields")?, input.domain("domain")?);
        match input.ids("ids")? {
            Some(_) if !domain.is_all() => {
                Err(Problem::new(Code::InvalidParameter, "ids and domain cannot be given together.").parameter("ids"))
            }
            Some(ids) => Ok(Deed::ReadMany { ids, fields }),
            None if input.flag("count", false)? => Ok(Deed::Count { domain }),
            None => Ok(Deed::List { domain, slice: input.slice()?, fields, counted: false, filters: Vec::new() }),
        }
    })
    .await
}

/// Create records
///
/// Creates a record, or with a list of values several, and answers them in full.
#[utoipa::path(
    post, path = "/object/{model}", operation_id = "restapi_create_records", tag = TAG,
    params(ModelPath, ValsQuery, RequestHeaders), request_body(content = Option<ValsBody>),
    responses((status = 200, description = "The new record, or a list of them", body = Labelled))
)]
async fn create_records(arrival: Arrival) -> Result<Response, Problem> {
    answer(arrival, &FAMILY, |_, input| match vals(input)? {
        Value::List(records) if records.is_empty() => Err(missing("vals", "{'name': 'Azure'}")),
        records @ Value::List(_) => Ok(Deed::CreateMany { records: Values::tree("vals", records), back: IN_FULL }),
        values => Ok(Deed::CreateOne { values: Values::tree("vals", values), back: IN_FULL }),
    })
    .await
}

/// Update records
///
/// Writes the same values to all records of some ids and answers them in full. Nothing is written when one of the
/// ids does not exist.
#[utoipa::path(
    put, path = "/object/{model}", operation_id = "restapi_update_records", tag = TAG,
    params(ModelPath, IdsQuery, ValsQuery, RequestHeaders), request_body(content = Option<ValsBody>),
    responses((status = 200, description = "The records as they now are", body = LabelledMany))
)]
async fn update_records(arrival: Arrival) -> Result<Response, Problem> {
    answer(arrival, &FAMILY, |_, input| {
        Ok(Deed::Update {
            target: Target::Many(some_ids(input)?),
            values: Values::tree("vals", vals(input)?),
            back: IN_FULL,
        })
    })
    .await
}

/// Delete records
///
/// Deletes all records of some ids. Nothing is deleted when one of them does not exist.
#[utoipa::path(
    delete, path = "/object/{model}", operation_id = "restapi_delete_records", tag = TAG,
    params(ModelPath, IdsQuery, RequestHeaders),
    responses((status = 200, description = "An empty object", body = super::schemas::Nothing))
)]
async fn delete_records(arrival: Arrival) -> Result<Response, Problem> {
    answer(arrival, &FAMILY, |_, input| Ok(Deed::Delete { target: Target::Many(some_ids(input)?) })).await
}

/// Read a record
///
/// One record by its id, in full or the named fields of it.
#[utoipa::path(
    get, path = "/object/{model}/{key}", operation_id = "restapi_read_record", tag = TAG,
    params(RecordPath, FieldsQuery, RequestHeaders),
    responses((status = 200, description = "The record under the model's label", body = Labelled))
)]
async fn read_record(arrival: Arrival) -> Result<Response, Problem> {
    answer(arrival, &FAMILY, |arrival, input| {
        Ok(Deed::ReadOne { id: arrival.id("key")?, fields: input.fields("fields")? })
    })
    .await
}

/// Update a record
///
/// Writes values to a record and answers it in full.
#[utoipa::path(
    put, path = "/object/{model}/{key}", operation_id = "restapi_update_record", tag = TAG,
    params(RecordPath, ValsQuery, RequestHeaders), request_body(content = Option<ValsBody>),
    responses((status = 200, description = "The record as it now is", body = Labelled))
)]
async fn update_record(arrival: Arrival) -> Result<Response, Problem> {
    answer(arrival, &FAMILY, |arrival, input| {
        Ok(Deed::Update {
            target: Target::One(arrival.id("key")?),
            values: Values::tree("vals", vals(input)?),
            back: IN_FULL,
        })
    })
    .await
}

/// Delete a record
///
/// Nothing is deleted when the record does not exist (404), or when other records need it (409).
#[utoipa::path(
    delete, path = "/object/{model}/{key}", operation_id = "restapi_delete_record", tag = TAG,
    params(RecordPath, RequestHeaders),
    responses((status = 200, description = "An empty object", body = super::schemas::Nothing))
)]
async fn delete_record(arrival: Arrival) -> Result<Response, Problem> {
    answer(arrival, &FAMILY, |arrival, _| Ok(Deed::Delete { target: Target::One(arrival.id("key")?) })).await
}

/// Call a method of a model
///
/// Calls any public method. A method of records takes the list of their ids as its first argument.
#[utoipa::path(
    post, path = "/object/{model}/{key}", operation_id = "restapi_call_model_method", tag = TAG,
    params(super::schemas::MethodPath, RequestHeaders), request_body(content = Option<MethodCall>),
    responses((status = 200, description = "What the method answers, unchanged", body = Returned))
)]
async fn call_model_method(arrival: Arrival) -> Result<Response, Problem> {
    call_method(arrival, |arrival| Ok((arrival.method("key")?, None))).await
}

/// Call a method of a record
///
/// The record's id goes before `args`.
#[utoipa::path(
    post, path = "/object/{model}/{key}/{method}", operation_id = "restapi_call_record_method", tag = TAG,
    params(super::schemas::RecordMethodPath, RequestHeaders),
    request_body(content = Option<MethodCall>, example = json!({"args": [], "kwargs": {}})),
    responses((status = 200, description = "What the method answers, unchanged", body = Returned))
)]
async fn call_record_method(arrival: Arrival) -> Result<Response, Problem> {
    call_method(arrival, |arrival| Ok((arrival.method("method")?, Some(arrival.id("key")?)))).await
}

async fn call_method(
    arrival: Arrival,
    target: impl FnOnce(&Arrival) -> Result<(MethodName, Option<RecordId>), Problem> + Send,
) -> Result<Response, Problem> {
    answer(arrival, &FAMILY, |arrival, input| {
        let (method, id) = target(arrival)?;
        Ok(Deed::Call { method, id, args: input.args()?, kwargs: input.kwargs()? })
    })
    .await
}

fn vals(input: &Input) -> Result<Value<'static>, Problem> {
    input.tree("vals")?.ok_or_else(|| missing("vals", "{'name': 'Azure'}"))
}

fn some_ids(input: &Input) -> Result<Vec<RecordId>, Problem> {
    input.ids("ids")?.filter(|ids| !ids.is_empty()).ok_or_else(|| missing("ids", "12,17"))
}

fn missing(parameter: &'static str, example: &str) -> Problem {
    Problem::new(Code::MissingParameter, format!("The parameter {parameter} is needed."))
        .parameter(parameter)
        .hint(format!("For example {parameter}={example}"))
}
