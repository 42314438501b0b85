//! Odoo's XML-RPC and JSON-RPC in front of every Odoo, for programs that speak them already.
//!
//! ```text
//! xml_rpc          POST /xmlrpc/2/{service}, POST /xmlrpc/{service}
//! json_rpc         POST /jsonrpc, POST /web/webclient/version_info
//! services         the services `common` and `object`
//! arguments        the positional arguments of a service
//! credential       the database, user and secret among them
//! fault            problems in the three forms of Odoo's faults
//! exchange         the body of a request, and the headers of a response
//! openapi_schemas  the bodies of JSON-RPC in the OpenAPI document
//! ```
//!
//! In: calls with a credential in their arguments. Out: results and faults as Odoo sends them, but without a traceback.
//! Must not know: REST. Calls pass the same checks and limits as those of the other dialects.
//!
//! The credential is part of the body, so a body is parsed before its sender is known. Therefore it counts against the
//! smaller memory budget of unauthenticated senders, and of a body that is not small only the credential is kept parsed
//! until it is verified.

mod arguments;
mod credential;
mod exchange;
mod fault;
mod json_rpc;
mod openapi_schemas;
mod services;
mod xml_rpc;

use utoipa_axum::router::OpenApiRouter;

use crate::http::state::AppState;

/// All routes of the dialect. OpenAPI cannot describe XML-RPC: docs/guides/rpc.md does.
pub(in crate::http) fn routes() -> OpenApiRouter<AppState> {
    xml_rpc::routes().merge(json_rpc::routes())
}
