//! The bodies of JSON-RPC in the OpenAPI document. They only describe: none of these types is ever built.
//!
//! In: nothing. Out: schemas with examples that work without a credential. Must not know: handlers. OpenAPI cannot
//! describe XML-RPC.
#![expect(dead_code, reason = "these types only describe the document")]

use serde_json::{Map, Value};
use utoipa::ToSchema;

/// The tag of the operations.
pub(super) const TAG: &str = "rpc";

/// A call of a function of a service.
#[derive(ToSchema)]
#[schema(example = json!({
    "jsonrpc": "2.0", "method": "call", "params": {"service": "common", "method": "version", "args": []}, "id": 1
}))]
pub(super) struct JsonRpcRequest {
    /// `2.0`.
    jsonrpc: Option<String>,
    /// `call`.
    method: Option<String>,
    /// The call.
    params: JsonRpcCallParams,
    /// Returned with the response: a number or a text.
    id: Option<Value>,
}

/// A function of a service, and its arguments by position.
#[derive(ToSchema)]
pub(super) struct JsonRpcCallParams {
    /// `common` or `object`.
    service: String,
    /// `version`, `about`, `login` or `authenticate` of `common`; `execute_kw` or `execute` of `object`.
    method: String,
    /// The arguments. Those of `execute_kw`: database, user's id, secret, model, method, positional arguments, named
    /// arguments.
    args: Vec<Value>,
}

/// A request whose parameters, if it has any, are ignored.
#[derive(ToSchema)]
#[schema(example = json!({"jsonrpc": "2.0", "method": "call", "id": 1}))]
pub(super) struct JsonRpcVersionRequest {
    /// `2.0`.
    jsonrpc: Option<String>,
    /// `call`.
    method: Option<String>,
    /// Returned with the response: a number or a text.
    id: Option<Value>,
}

/// The result of a call, or its error. The status is 200 in both cases, as in Odoo.
#[derive(ToSchema)]
#[schema(example = json!({"jsonrpc": "2.0", "id": 1, "result": {
    "server_version": "19.0", "server_version_info": [19, 0, 0, "final", 0, ""], "server_serie": "19.0",
    "protocol_version": 1
}}))]
pub(super) struct JsonRpcResponse {
    /// `2.0`.
    jsonrpc: String,
    /// The id of the request; `null` if it had none.
    id: Value,
    /// The result of the function. A method that returns nothing has no result on some versions of Odoo.
    result: Option<Value>,
    /// Why the call failed.
    error: Option<JsonRpcError>,
}

/// An error.
#[derive(ToSchema)]
pub(super) struct JsonRpcError {
    /// Always 200.
    code: i64,
    /// Always `Odoo Server Error`.
    message: String,
    /// The exception.
    data: JsonRpcException,
}

/// An exception as Odoo describes it.
#[derive(ToSchema)]
pub(super) struct JsonRpcException {
    /// The class, such as `odoo.exceptions.AccessError`; `odoo_gateway.rate_limited` for an error of the gateway.
    name: String,
    /// Always empty.
    debug: String,
    /// What is wrong.
    message: String,
    /// The message.
    arguments: Vec<Value>,
    /// Always empty.
    context: Map<String, Value>,
}
