//! `/api/v1/{model}`: records and the description of their fields.
//!
//! In: parameters and bodies. Out: a [`Deed`] for the pipeline, and what to say of its outcome. Must not know: how deeds are
//! done.

use std::collections::HashSet;

use axum::response::Response;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::bulk_target::several;
use super::envelope::{FAMILY, id_list, map, plain, told};
use super::paging::{LARGEST, Paging, bounded};
use super::schemas::{
    Batch, BatchAnswer, CreateBody, Deleted, DeletedMany, FieldsAnswer, FilterBody, Found, IdsQuery, ListQuery,
    ModelPath, Page, QueryQuery, RecordAnswer, RecordPath, RequestHeaders, SearchBody, TAG, UpdateBody, UpdateManyBody,
    Updated,
};
use crate::error::Problem;
use crate::error_code::Code;
use crate::http::pipeline::{About, Family, answer, answer_with};
use crate::http::request::Arrival;
use crate::http::request::params::Input;
use crate::http::response::negotiate::Form;
use crate::http::state::Gateway;
use crate::language::selection::Selection;
use crate::plan::{Back, Deed, EmptyList, Fields, Slice, Target, Values};
use crate::shape::Shaped;
use crate::value::Value;

pub(super) fn routes() -> OpenApiRouter<Gateway> {
    OpenApiRouter::new()
        .routes(routes!(list_records, create_records, update_records, delete_records))
        .routes(routes!(create_batch))
        .routes(routes!(search_records))
        .routes(routes!(describe_fields))
        .routes(routes!(read_record, update_record, change_record, delete_record))
}

/// List records
///
/// A page of the records that the filter finds, and how many there are in all. `query` selects fields, also of the
/// records behind relations: `{id, name}`, `{*}`, `{-name}`, `{id, company_id{name}}`.
#[utoipa::path(
    get, path = "/{model}", operation_id = "apiv1_list_records", tag = TAG,
    params(ModelPath, ListQuery, RequestHeaders),
    responses((status = 200, description = "A page of records", body = Page))
)]
async fn list_records(arrival: Arrival) -> Result<Response, Problem> {
    let read = |arrival: &Arrival, input: &Input| {
        let in_rows = in_rows(arrival)?;
        let (paging, domain, order) = (Paging::read(input, in_rows)?, input.domain("filter")?, input.order("order")?);
        let slice = if in_rows { paging.slice_of_rows(order) } else { paging.slice(order) };
        Ok((Deed::List { domain, slice, fields: selected(input)?, counted: true, filters: Vec::new() }, paging))
    };
    answer_with(arrival, &FAMILY, read, |shaped, paging, about| {
        let (records, total) = page(shaped)?;
        let pagination = paging.told(records.len(), total);
        let data = map([("records", Value::List(records)), ("pagination", pagination)]);
        told("Records retrieved successfully", data, about)
    })
    .await
}

/// Read a record
///
/// One record by its id; `query` selects fields as in a list.
#[utoipa::path(
    get, path = "/{model}/{id}", operation_id = "apiv1_read_record", tag = TAG,
    params(RecordPath, QueryQuery, RequestHeaders),
    responses((status = 200, description = "The record", body = RecordAnswer))
)]
async fn read_record(arrival: Arrival) -> Result<Response, Problem> {
    let read = |arrival: &Arrival, input: &Input| Ok(Deed::ReadOne { id: arrival.id("id")?, fields: selected(input)? });
    say(arrival, read, "Record retrieved successfully").await
}

/// Create records
///
/// Creates the record in `data`, or all of a list or none, and answers what was made.
#[utoipa::path(
    post, path = "/{model}", operation_id = "apiv1_create_records", tag = TAG,
    params(ModelPath, RequestHeaders), request_body(content = CreateBody),
    responses((status = 200, description = "The new record, or a list of them", body = RecordAnswer))
)]
async fn create_records(arrival: Arrival) -> Result<Response, Problem> {
    let read = |_: &Arrival, input: &Input| match data(input)? {
        records @ Value::List(_) => Ok((new_records(records)?, "Records created successfully")),
        one => Ok((Deed::CreateOne { values: values(one), back: in_full() }, "Record created successfully")),
    };
    answer_with(arrival, &FAMILY, read, |shaped, message, about| told(message, plain(shaped), about)).await
}

/// Create many records
///
/// Creates all records of the list, or none.
#[utoipa::path(
    post, path = "/{model}/batch", operation_id = "apiv1_create_batch", tag = TAG,
    params(ModelPath, RequestHeaders), request_body(content = Batch),
    responses((status = 200, description = "The new records", body = BatchAnswer))
)]
async fn create_batch(arrival: Arrival) -> Result<Response, Problem> {
    let read = |_: &Arrival, input: &Input| Ok((new_records(data(input)?)?, ()));
    answer_with(arrival, &FAMILY, read, |shaped, (), about| {
        let records = list(shaped)?;
        let counted = count(records.len());
        let data = map([("records", Value::List(records)), ("count", counted)]);
        told("Records created successfully", data, about)
    })
    .await
}

/// Update a record
///
/// Writes the fields in `data` and answers the record as it now is.
#[utoipa::path(
    put, path = "/{model}/{id}", operation_id = "apiv1_update_record", tag = TAG,
    params(RecordPath, RequestHeaders), request_body(content = UpdateBody),
    responses((status = 200, description = "The record as it now is", body = RecordAnswer))
)]
async fn update_record(arrival: Arrival) -> Result<Response, Problem> {
    update_one(arrival).await
}

/// Update a record (by PATCH)
///
/// The same as PUT.
#[utoipa::path(
    patch, path = "/{model}/{id}", operation_id = "apiv1_change_record", tag = TAG,
    params(RecordPath, RequestHeaders), request_body(content = UpdateBody),
    responses((status = 200, description = "The record as it now is", body = RecordAnswer))
)]
async fn change_record(arrival: Arrival) -> Result<Response, Problem> {
    update_one(arrival).await
}

async fn update_one(arrival: Arrival) -> Result<Response, Problem> {
    let read = |arrival: &Arrival, input: &Input| {
        let target = Target::One(arrival.id("id")?);
        Ok(Deed::Update { target, values: values(data(input)?), back: in_full() })
    };
    say(arrival, read, "Record updated successfully").await
}

/// Update records
///
/// Writes the same fields to all records of some ids, or to all that the filter finds. Nothing is written when one of the ids
/// does not exist. The filter `[[1, "=", 1]]` finds all records.
#[utoipa::path(
    put, path = "/{model}", operation_id = "apiv1_update_records", tag = TAG,
    params(ModelPath, IdsQuery, RequestHeaders), request_body(content = UpdateManyBody),
    responses((status = 200, description = "Which records were updated", body = Updated))
)]
async fn update_records(arrival: Arrival) -> Result<Response, Problem> {
    let read = |_: &Arrival, input: &Input| {
        let values = values(data(input)?);
        Ok((Deed::Update { target: several(input)?, values, back: Back::Ids }, ()))
    };
    answer_with(arrival, &FAMILY, read, |shaped, (), about| {
        let Shaped::Written(ids) = shaped else { return Err(unexpected()) };
        let distinct = ids.iter().collect::<HashSet<_>>().len();
        let data = map([("updated", count(distinct)), ("ids", id_list(ids))]);
        told("Records updated successfully", data, about)
    })
    .await
}

/// Delete a record
///
/// Nothing is deleted when the record does not exist (404), or when other records need it (409).
#[utoipa::path(
    delete, path = "/{model}/{id}", operation_id = "apiv1_delete_record", tag = TAG,
    params(RecordPath, RequestHeaders),
    responses((status = 200, description = "It is gone", body = Deleted))
)]
async fn delete_record(arrival: Arrival) -> Result<Response, Problem> {
    let read = |arrival: &Arrival, _: &Input| Ok((Deed::Delete { target: Target::One(arrival.id("id")?) }, ()));
    answer_with(arrival, &FAMILY, read, |_, (), about| told(GONE, map(gone()), about)).await
}

/// Delete records
///
/// Deletes all records of some ids, or all that the filter finds. Nothing is deleted when one of the ids does not exist.
#[utoipa::path(
    delete, path = "/{model}", operation_id = "apiv1_delete_records", tag = TAG,
    params(ModelPath, IdsQuery, RequestHeaders), request_body(content = Option<FilterBody>),
    responses((status = 200, description = "They are gone", body = DeletedMany))
)]
async fn delete_records(arrival: Arrival) -> Result<Response, Problem> {
    let read = |_: &Arrival, input: &Input| Ok((Deed::Delete { target: several(input)? }, ()));
    answer_with(arrival, &FAMILY, read, |shaped, (), about| {
        let Shaped::Deleted(ids) = shaped else { return Err(unexpected()) };
        let [success, message] = gone();
        let deleted = ids.iter().collect::<HashSet<_>>().len();
        told("Records deleted successfully", map([success, message, ("deleted", count(deleted))]), about)
    })
    .await
}

const GONE: &str = "Record deleted successfully";

fn gone() -> [(&'static str, Value<'static>); 2] {
    [("success", Value::Bool(true)), ("message", Value::from(GONE))]
}

/// Search records
///
/// The records that a domain finds, at most 1000, and how many there are in all. `id` always comes.
#[utoipa::path(
    post, path = "/{model}/search", operation_id = "apiv1_search", tag = TAG,
    params(ModelPath, RequestHeaders), request_body(content = Option<SearchBody>),
    responses((status = 200, description = "The records", body = Found))
)]
async fn search_records(arrival: Arrival) -> Result<Response, Problem> {
    const BY_DOMAIN: Family = Family { domain: "domain", ..FAMILY };
    let read = |arrival: &Arrival, input: &Input| {
        let fields = match input.fields("fields")? {
            Fields::All => Fields::Selected(Selection::all()),
            named => named,
        };
        let limit = if in_rows(arrival)? {
            input.number("limit", 1)?
        } else {
            Some(bounded(input, "limit")?.unwrap_or(LARGEST))
        };
        let slice = Slice { limit, offset: input.number("offset", 0)?.unwrap_or(0), order: input.order("order")? };
        let domain = input.domain("domain")?;
        Ok((Deed::List { domain, slice, fields, counted: true, filters: Vec::new() }, ()))
    };
    answer_with(arrival, &BY_DOMAIN, read, |shaped, (), about| {
        let (records, total) = page(shaped)?;
        let counted = count(records.len());
        let data = map([("records", Value::List(records)), ("count", counted), ("total_count", Value::Int(total))]);
        told("Records retrieved successfully", data, about)
    })
    .await
}

/// Describe fields
///
/// The fields of a model as the caller sees them.
#[utoipa::path(
    get, path = "/{model}/fields", operation_id = "apiv1_fields", tag = TAG,
    params(ModelPath, RequestHeaders),
    responses((status = 200, description = "Descriptions by name", body = FieldsAnswer))
)]
async fn describe_fields(arrival: Arrival) -> Result<Response, Problem> {
    answer(arrival, &FAMILY, |_, _| Ok(Deed::DescribeFields { fields: Fields::All, attributes: Vec::new() })).await
}

/// Answers what was shaped under a sentence that is known beforehand.
async fn say(
    arrival: Arrival,
    read: impl FnOnce(&Arrival, &Input) -> Result<Deed, Problem> + Send,
    message: &'static str,
) -> Result<Response, Problem> {
    let read = |arrival: &Arrival, input: &Input| Ok((read(arrival, input)?, message));
    let write = |shaped: Shaped<'_>, message, about: About<'_>| told(message, plain(shaped), about);
    answer_with(arrival, &FAMILY, read, write).await
}

/// Whether the answer is written record by record: then there is no cap.
fn in_rows(arrival: &Arrival) -> Result<bool, Problem> {
    Ok(matches!(arrival.form(FAMILY.media)?, Form::Rows(_)))
}

fn selected(input: &Input) -> Result<Fields, Problem> {
    Ok(Fields::Selected(input.selection("query")?.unwrap_or_else(Selection::all)))
}

/// Every field but binaries, which come when they are named.
fn in_full() -> Back {
    Back::Records(Fields::Selected(Selection::all()))
}

/// What was read is what a write puts back: an empty list is no records.
fn values(data: Value<'static>) -> Values {
    Values::tree("data", data).empty_list(EmptyList::Clears)
}

fn data(input: &Input) -> Result<Value<'static>, Problem> {
    input.tree("data")?.ok_or_else(|| {
        Problem::new(Code::MissingParameter, "The parameter data is needed.")
            .parameter("data")
            .hint("For example {\"data\": {\"name\": \"New Product\"}}.")
    })
}

fn new_records(records: Value<'static>) -> Result<Deed, Problem> {
    match records.as_list() {
        Some([_, ..]) => Ok(Deed::CreateMany { records: values(records), back: in_full() }),
        _ => {
            let detail = format!("data: expected a list of objects, found {}.", records.excerpt(60));
            Err(Problem::new(Code::InvalidParameter, detail).parameter("data"))
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
    match plain(shaped) {
        Value::List(records) => Ok(records),
        _ => Err(unexpected()),
    }
}

fn count(number: usize) -> Value<'static> {
    Value::Int(i64::try_from(number).unwrap_or(i64::MAX))
}

fn unexpected() -> Problem {
    Problem::internal("an outcome of another kind than was wished")
}
