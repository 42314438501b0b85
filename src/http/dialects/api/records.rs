//! `/api/{model}`: records, fields and methods.
//!
//! In: parameters; the body of create and update is the record. Out: a [`Deed`] for the pipeline. Must not know: how deeds
//! are done.

use axum::response::Response;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::envelope::{FAMILY, message, to_bytes};
use super::schemas::{
    Counted, Created, Done, FieldsQuery, MethodBody, ModelPath, Record, RecordPath, RequestHeaders, SearchQuery, TAG,
};
use crate::error::Problem;
use crate::error_code::Code;
use crate::http::pipeline::{About, answer, answer_with, whole};
use crate::http::request::Arrival;
use crate::http::request::params::Input;
use crate::http::state::Gateway;
use crate::names::MethodName;
use crate::plan::{Back, Deed, Fields, Target};
use crate::shape::Shaped;
use crate::value::{Member, Value};

pub(super) fn routes() -> OpenApiRouter<Gateway> {
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
/// The records that a domain finds, all of them without one.
#[utoipa::path(
    get, path = "/api/{model}/search", operation_id = "api_search", tag = TAG,
    params(ModelPath, SearchQuery, RequestHeaders),
    responses((status = 200, description = "The records", body = Vec<Record>))
)]
async fn search(arrival: Arrival) -> Result<Response, Problem> {
    answer(arrival, &FAMILY, |_, input| {
        let (domain, fields) = (input.domain("domain")?, input.fields("fields")?);
        Ok(Deed::List { domain, filters: Vec::new(), slice: input.slice()?, fields, counted: false })
    })
    .await
}

/// Describe fields
///
/// The fields of a model as the caller sees them, with everything that Odoo can send of each.
#[utoipa::path(
    get, path = "/api/{model}/schema", operation_id = "api_schema", tag = TAG, params(ModelPath, RequestHeaders),
    responses((status = 200, description = "Descriptions by name", body = Record))
)]
async fn schema(arrival: Arrival) -> Result<Response, Problem> {
    answer(arrival, &FAMILY, |_, _| Ok(Deed::DescribeFields { fields: Fields::All, attributes: Vec::new() })).await
}

/// Count records
///
/// How many records a domain finds. The domain is repeated as the gateway has read it.
#[utoipa::path(
    get, path = "/api/{model}/record_count", operation_id = "api_record_count", tag = TAG,
    params(ModelPath, super::schemas::CountQuery, RequestHeaders),
    responses((status = 200, description = "The number", body = Counted))
)]
async fn record_count(arrival: Arrival) -> Result<Response, Problem> {
    let read = |_: &Arrival, input: &Input| {
        let domain = input.domain("domain")?;
        let said = domain.to_value();
        Ok((Deed::Count { domain }, said))
    };
    let write = |shaped: Shaped<'_>, said: Value<'static>, about: About<'_>| {
        let Shaped::Count(count) = shaped else { return Err(Problem::internal("a count was wished for")) };
        let members = [("model", about.label.into()), ("domain", said), ("record_count", Value::Int(count))];
        object(members.into_iter().map(|(name, value)| (name.into(), value)).collect())
    };
    answer_with(arrival, &FAMILY, read, write).await
}

/// View a record
///
/// One record by its id, in full or the named fields of it.
#[utoipa::path(
    get, path = "/api/{model}/{id}", operation_id = "api_read_record", tag = TAG,
    params(RecordPath, FieldsQuery, RequestHeaders),
    responses((status = 200, description = "The record", body = Record))
)]
async fn view(arrival: Arrival) -> Result<Response, Problem> {
    answer(arrival, &FAMILY, |arrival, input| {
        Ok(Deed::ReadOne { id: arrival.id("id")?, fields: input.fields("fields")? })
    })
    .await
}

/// Create a record
///
/// The body is the record. Only its id is answered.
#[utoipa::path(
    post, path = "/api/{model}/create", operation_id = "api_create_record", tag = TAG,
    params(ModelPath, RequestHeaders), request_body(content = Record, example = json!({"name": "Azure"})),
    responses((status = 200, description = "Its id", body = Created))
)]
async fn create(arrival: Arrival) -> Result<Response, Problem> {
    let read = |_: &Arrival, input: &Input| Ok((Deed::CreateOne { values: input.values(), back: Back::Ids }, ()));
    answer_with(arrival, &FAMILY, read, |shaped, (), _| {
        let Shaped::WrittenOne(id) = shaped else { return Err(Problem::internal("one record was to be made")) };
        let id = std::iter::once(("id".into(), Value::Int(id.get())));
        object(id.chain(message("Record created successfully.")).collect())
    })
    .await
}

/// Update a record
///
/// The body holds the fields to change.
#[utoipa::path(
    put, path = "/api/{model}/{id}", operation_id = "api_update_record", tag = TAG,
    params(RecordPath, RequestHeaders), request_body(content = Record, example = json!({"name": "Azure"})),
    responses((status = 200, description = "That it is done", body = Done))
)]
async fn update(arrival: Arrival) -> Result<Response, Problem> {
    let read = |arrival: &Arrival, input: &Input| {
        let target = Target::One(arrival.id("id")?);
        Ok((Deed::Update { target, values: input.values(), back: Back::Ids }, ()))
    };
    answer_with(arrival, &FAMILY, read, |_, (), _| done("Record updated successfully.")).await
}

/// Delete a record
///
/// Nothing is deleted when the record does not exist (404), or when other records need it (409).
#[utoipa::path(
    delete, path = "/api/{model}/{id}", operation_id = "api_delete_record", tag = TAG,
    params(RecordPath, RequestHeaders),
    responses((status = 200, description = "That it is done", body = Done))
)]
async fn delete(arrival: Arrival) -> Result<Response, Problem> {
    let read = |arrival: &Arrival, _: &Input| Ok((Deed::Delete { target: Target::One(arrival.id("id")?) }, ()));
    answer_with(arrival, &FAMILY, read, |_, (), _| done("Record deleted successfully.")).await
}

fn done(text: &'static str) -> Result<Response, Problem> {
    object(message(text))
}

fn object(members: Vec<Member<'_>>) -> Result<Response, Problem> {
    to_bytes(&Value::Map(members)).map(whole)
}

/// Call a method
///
/// Calls any public method. A method of records takes the list of their ids as its first argument.
#[utoipa::path(
    post, path = "/api/{model}/execute_kw", operation_id = "api_execute_kw", tag = TAG,
    params(ModelPath, RequestHeaders), request_body(content = MethodBody),
    responses((status = 200, description = "What the method answers, unchanged", body = serde_json::Value))
)]
async fn execute(arrival: Arrival) -> Result<Response, Problem> {
    answer(arrival, &FAMILY, |_, input| {
        Ok(Deed::Call { method: method(input)?, id: None, args: input.args()?, kwargs: input.kwargs()? })
    })
    .await
}

fn method(input: &Input) -> Result<MethodName, Problem> {
    let name = input.text("method")?.ok_or_else(|| {
        Problem::new(Code::MissingParameter, "The parameter method is needed.")
            .parameter("method")
            .hint("For example {\"method\": \"search_count\", \"args\": [[]]}")
    })?;
    MethodName::parse(name)
        .map_err(|error| Problem::new(Code::UnknownMethod, format!("method: {error}")).parameter("method"))
}
