//! `/api/v1/object/{model}`: methods of models and records.
//!
//! In: `args` and `kwargs`. Out: an [`Action`] for the pipeline. Must not know: the Odoo calls.

use axum::response::Response;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::envelope::DIALECT;
use super::openapi_schemas::{ApiV1Result, FunctionPath, RecordFunctionPath, TAG};
use crate::error::Problem;
use crate::http::openapi::{IdPath, MethodArguments, ModelPath, RequestHeaders};
use crate::http::pipeline::handle;
use crate::http::request::ApiRequest;
use crate::http::request::params::RequestParams;
use crate::http::state::AppState;
use crate::names::RecordId;
use crate::plan::Action;

pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(call_function)).routes(routes!(call_record_function))
}

/// Call a method of a model
///
/// Calls a public method of the model. A method of records takes the list of their ids as its first argument.
#[utoipa::path(
    post, path = "/object/{model}/{function}", operation_id = "apiv1_call_function", tag = TAG,
    params(ModelPath, FunctionPath, RequestHeaders), request_body(content = Option<MethodArguments>),
    responses((status = 200, description = "The result of the method, unchanged", body = ApiV1Result))
)]
async fn call_function(request: ApiRequest) -> Result<Response, Problem> {
    handle(request, &DIALECT, |request, params| method_call(request, None, params)).await
}

/// Call a method of a record
///
/// Calls a public method of the model. The gateway passes the id of the record before `args`.
#[utoipa::path(
    post, path = "/object/{model}/{id}/{function}", operation_id = "apiv1_call_record_function", tag = TAG,
    params(ModelPath, IdPath, RecordFunctionPath, RequestHeaders),
    request_body(content = Option<MethodArguments>, example = json!({"args": [], "kwargs": {}})),
    responses((status = 200, description = "The result of the method, unchanged", body = ApiV1Result))
)]
async fn call_record_function(request: ApiRequest) -> Result<Response, Problem> {
    handle(request, &DIALECT, |request, params| method_call(request, Some(request.record_id("id")?), params)).await
}

fn method_call(request: &ApiRequest, id: Option<RecordId>, params: &RequestParams) -> Result<Action, Problem> {
    let method = request.method("function")?;
    Ok(Action::Call { method, id, args: params.args()?, kwargs: params.kwargs()? })
}
