//! `/jsonrpc`: JSON-RPC, and the version of the server, which clients ask for first.
//!
//! In: `{"jsonrpc": "2.0", "method": "call", "params": {"service", "method", "args"}, "id"}`. Out: `result` or `error`
//! with the same `id`. Must not know: what a call does. As in Odoo, the status of an error is 200, that of a body which
//! is not JSON is 400, and there are no batches.

use axum::response::Response;
use bytes::Bytes;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::arguments::python_error;
use super::exchange::{read_body, respond, respond_to_problem};
use super::fault::RpcFault;
use super::openapi_schemas::{JsonRpcRequest, JsonRpcResponse, JsonRpcVersionRequest, TAG};
use super::services::{ArgumentPart, CallResult, ParseArguments, ServiceCall, ServiceResult, call_service, version};
use crate::cpu_work::run_cpu_work;
use crate::error::Problem;
use crate::error_code::ErrorCode;
use crate::http::openapi::DatabaseHeader;
use crate::http::request::ApiRequest;
use crate::http::request::body::BodyLimits;
use crate::http::request::params::parse_json_tree;
use crate::http::request::unauthenticated_body;
use crate::http::state::AppState;
use crate::language::literal::BodyValues;
use crate::odoo::CallProtocol;
use crate::shape::to_json;
use crate::value::{Member, Value};

const MEDIA: &str = "application/json";

pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(call)).routes(routes!(version_info))
}

/// A body, parsed as far as every method needs.
struct ParsedBody {
    id: Value<'static>,
    /// The call, or why the parameters contain none.
    call: Result<JsonRpcCall, Problem>,
}

/// A call of a service.
struct JsonRpcCall {
    service: String,
    function: String,
    arguments: Vec<Value<'static>>,
    /// The part of the arguments that the call has.
    part: ArgumentPart,
}

/// Call a function of a service (JSON-RPC)
///
/// Odoo's own JSON-RPC 2.0. `common` tells the version and authenticates users, `object` calls methods of models. The
/// credential is among the arguments: where Odoo expects a password, an API key or a token of the gateway is accepted,
/// too. Errors have the status 200 and the member `error`, except for a body that cannot be read. There are no batches.
#[utoipa::path(
    post, path = "/jsonrpc", operation_id = "rpc_jsonrpc", tag = TAG, params(DatabaseHeader), security(),
    request_body(content = JsonRpcRequest),
    responses((status = 200, description = "The result of the function, or its error", body = JsonRpcResponse))
)]
async fn call(mut request: ApiRequest) -> Result<Response, Problem> {
    let body = read_body(&mut request).await?;
    let max_values = BodyLimits::max_values_in(&request.head.extensions);
    let parsed = request.run_on_body(|| parse(&body, max_values, ArgumentPart::before_authentication)).await;
    let ParsedBody { id, call } = parsed?;
    let answered = match call {
        Ok(JsonRpcCall { service, function, arguments, part }) => {
            let parse_all = (part == ArgumentPart::Credential).then(|| parse_again(body, max_values));
            let call = ServiceCall { service, function, arguments, parse_all };
            call_service(&request, call, CallProtocol::Best).await
        }
        Err(problem) => Err(problem),
    };
    match answered.and_then(|answered| succeed(&request, &id, &answered)) {
        Ok(response) => Ok(response),
        Err(problem) => fail(&request, &id, &problem),
    }
}

/// Parses all arguments of a body.
fn parse_again(body: Bytes, max_values: usize) -> ParseArguments {
    Box::new(move || {
        let call = parse(&body, max_values, |_, _| ArgumentPart::All)?.call?;
        Ok(call.arguments)
    })
}

/// The version of the Odoo server (JSON-RPC)
///
/// As Odoo's web client asks for it. Some clients choose their calls by the version. Does not require a credential.
#[utoipa::path(
    post, path = "/web/webclient/version_info", operation_id = "rpc_version_info", tag = TAG, params(DatabaseHeader),
    security(), request_body(content = JsonRpcVersionRequest),
    responses((status = 200, description = "The version, or an error", body = JsonRpcResponse))
)]
async fn version_info(mut request: ApiRequest) -> Result<Response, Problem> {
    let body = unauthenticated_body::body(&mut request).await?;
    let max_values = BodyLimits::max_values_in(&request.head.extensions);
    let id = parse(&body, max_values, ArgumentPart::before_authentication)?.id;
    match version(&request).await {
        Ok(version) => {
            let version = to_json(&version).map_err(Problem::internal)?;
            Ok(respond(envelope(&id, "result", &version)?, MEDIA, None))
        }
        Err(problem) => fail(&request, &id, &problem),
    }
}

/// All of the body is checked; `part` selects the arguments that are copied, by service and size of the body.
///
/// # Errors
/// 400 for a body that is not a JSON object, 413 for too many values.
fn parse(
    body: &[u8],
    max_values: usize,
    part: impl FnOnce(&str, usize) -> ArgumentPart,
) -> Result<ParsedBody, Problem> {
    let Value::Map(members) = parse_json_tree(body, &BodyValues::at_most(max_values))? else {
        let detail = "body: expected a JSON object. Batches of calls are not supported.";
        return Err(Problem::new(ErrorCode::InvalidLiteral, detail).parameter("body"));
    };
    let (mut id, mut params) = (Value::Null, Vec::new());
    for (name, value) in members {
        match (name.as_ref(), value) {
            ("id", scalar @ (Value::Int(_) | Value::Float(_) | Value::Text(_))) => id = scalar.into_owned(),
            ("params", Value::Map(members)) => params = members,
            _ => {}
        }
    }
    Ok(ParsedBody { id, call: service_call(params, |service| part(service, body.len())) })
}

fn service_call(params: Vec<Member<'_>>, part: impl FnOnce(&str) -> ArgumentPart) -> Result<JsonRpcCall, Problem> {
    let (mut service, mut function, mut arguments) = (None, None, None);
    for (name, value) in params {
        match (name.as_ref(), value) {
            ("service", Value::Text(name)) => service = Some(name.into_owned()),
            ("method", Value::Text(name)) => function = Some(name.into_owned()),
            ("args", Value::List(items)) => arguments = Some(items),
            _ => {}
        }
    }
    let missing = |name| {
        let detail = format!("jsonrpc() missing 1 required positional argument: '{name}'");
        python_error(ErrorCode::MissingParameter, "TypeError", detail)
    };
    let service = service.ok_or_else(|| missing("service"))?;
    let function = function.ok_or_else(|| missing("method"))?;
    let part = part(&service);
    let arguments = part.copy(arguments.ok_or_else(|| missing("args"))?);
    Ok(JsonRpcCall { service, function, arguments, part })
}

fn succeed(request: &ApiRequest, id: &Value<'_>, (result, rate_limit): &CallResult) -> Result<Response, Problem> {
    let json = |value: &Value<'_>| to_json(value).map_err(Problem::internal);
    let result = match result {
        ServiceResult::Value(value) => json(value)?,
        ServiceResult::Reply(reply) if reply.is_omitted() => {
            let detail = "The method ran and its changes are committed, but its result cannot be transmitted.";
            return Err(Problem::new(ErrorCode::ResultNotRepresentable, detail));
        }
        ServiceResult::Reply(reply) => {
            request.timing.run("shape", || run_cpu_work(reply.size() as u64, || json(&reply.value()?)))?
        }
    };
    Ok(respond(envelope(id, "result", &result)?, MEDIA, *rate_limit))
}

fn fail(request: &ApiRequest, id: &Value<'_>, problem: &Problem) -> Result<Response, Problem> {
    let error = RpcFault::from_problem(problem).to_json().to_string();
    Ok(respond_to_problem(request, problem, envelope(id, "error", error.as_bytes())?, MEDIA))
}

fn envelope(id: &Value<'_>, member: &str, content: &[u8]) -> Result<Bytes, Problem> {
    let id = to_json(id).map_err(Problem::internal)?;
    let parts =
        [br#"{"jsonrpc": "2.0", "id": "#.as_slice(), id.as_slice(), b", \"", member.as_bytes(), b"\": ", content, b"}"];
    Ok(parts.concat().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(body: &str) -> Result<(Value<'static>, JsonRpcCall), ErrorCode> {
        let all = |_: &str, _: usize| ArgumentPart::All;
        let ParsedBody { id, call } = parse(body.as_bytes(), 20, all).map_err(|problem| problem.code)?;
        Ok((id, call.map_err(|problem| problem.code)?))
    }

    #[test]
    fn request_is_parsed_whatever_the_order_of_its_members() {
        for (body, id) in [
            (r#"{"id": 7, "method": "call", "params": {"service": "s", "method": "m", "args": [1]}}"#, Value::Int(7)),
            (r#"{"id": "a", "params": {"args": [1], "method": "m", "service": "s", "context": {}}}"#, "a".into()),
            (r#"{"id": null, "params": {"args": [1], "method": "m", "service": "s"}}"#, Value::Null),
            (r#"{"id": {}, "params": {"args": [1], "method": "m", "service": "s"}}"#, Value::Null),
        ] {
            let (found, call) = parsed(body).unwrap();
            assert_eq!(found, id, "{body}");
            assert_eq!((call.service.as_str(), call.function.as_str(), call.arguments.len()), ("s", "m", 1), "{body}");
        }
    }

    #[test]
    fn invalid_requests_are_rejected() {
        for (body, code) in [
            ("", ErrorCode::InvalidLiteral),
            ("[]", ErrorCode::InvalidLiteral),
            (r#"[{"jsonrpc": "2.0"}]"#, ErrorCode::InvalidLiteral),
            ("{'id': 1}", ErrorCode::InvalidLiteral),
            (r#"{"id": 1, "id": 2}"#, ErrorCode::InvalidLiteral),
            (r#"{"params": {"service": "s", "service": "t"}}"#, ErrorCode::InvalidLiteral),
            (r#"{"params": {"args": [{"a": 1, "a": 2}]}}"#, ErrorCode::InvalidLiteral),
            ("{}", ErrorCode::MissingParameter),
            (r#"{"params": []}"#, ErrorCode::MissingParameter),
            (r#"{"params": {"service": "s", "method": "m"}}"#, ErrorCode::MissingParameter),
            (r#"{"params": {"service": "s", "method": 1, "args": []}}"#, ErrorCode::MissingParameter),
            ("[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]", ErrorCode::BodyTooLarge),
        ] {
            assert_eq!(parsed(body).map(drop), Err(code), "{body}");
        }
    }

    #[test]
    fn a_large_body_keeps_its_credential_and_is_parsed_again_for_the_rest() {
        let text = "x".repeat(10_000);
        let params = format!(r#"{{"args": ["db", 7, "secret", "{text}", [1]], "method": "m", "service": "object"}}"#);
        let body = Bytes::from(format!(r#"{{"params": {params}}}"#));
        let call = parse(&body, 20, ArgumentPart::before_authentication).unwrap().call.unwrap();
        assert_eq!(call.part, ArgumentPart::Credential);
        assert_eq!(call.arguments, ["db".into(), Value::Int(7), "secret".into()]);
        let all = parse_again(body, 20)().unwrap();
        assert_eq!((all.len(), all.get(3).and_then(Value::as_text)), (5, Some(text.as_str())));
    }

    #[test]
    fn response_has_the_id_of_the_request() {
        let body = envelope(&"a\"b".into(), "result", b"[1]").unwrap();
        assert_eq!(body, r#"{"jsonrpc": "2.0", "id": "a\"b", "result": [1]}"#);
    }
}
