//! `/api/v1/object/{model}`: methods.
//!
//! In: `args` and `kwargs`. Out: a [`Deed`] for the pipeline. Must not know: what methods do.

use axum::response::Response;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::envelope::FAMILY;
use super::schemas::{FunctionPath, MethodCall, RecordFunctionPath, RequestHeaders, Returned, TAG};
use crate::error::Problem;
use crate::http::pipeline::answer;
use crate::http::request::Arrival;
use crate::http::state::Gateway;
use crate::names::RecordId;
use crate::plan::Deed;

pub(super) fn routes() -> OpenApiRouter<Gateway> {
    OpenApiRouter::new().routes(routes!(call_function)).routes(routes!(call_record_function))
}

/// Call a method of a model
///
/// Calls any public method. A method of records takes the list of their ids as its first argument.
#[utoipa::path(
    post, path = "/object/{model}/{function}", operation_id = "apiv1_call_function", tag = TAG,
    params(FunctionPath, RequestHeaders), request_body(content = Option<MethodCall>),
    responses((status = 200, description = "What the method answers, unchanged", body = Returned))
)]
async fn call_function(arrival: Arrival) -> Result<Response, Problem> {
    call(arrival, |_| Ok(None)).await
}

/// Call a method of a record
///
/// The record's id goes before `args`.
#[utoipa::path(
    post, path = "/object/{model}/{id}/{function}", operation_id = "apiv1_call_record_function", tag = TAG,
    params(RecordFunctionPath, RequestHeaders),
    request_body(content = Option<MethodCall>, example = json!({"args": [], "kwargs": {}})),
    responses((status = 200, description = "What the method answers, unchanged", body = Returned))
)]
async fn call_record_function(arrival: Arrival) -> Result<Response, Problem> {
    call(arrival, |arrival| arrival.id("id").map(Some)).await
}

async fn call(
    arrival: Arrival,
    id: impl FnOnce(&Arrival) -> Result<Option<RecordId>, Problem> + Send,
) -> Result<Response, Problem> {
    answer(arrival, &FAMILY, |arrival, input| {
        let (method, id) = (arrival.method("function")?, id(arrival)?);
        Ok(Deed::Call { method, id, args: input.args()?, kwargs: input.kwargs()? })
    })
    .await
}
