//! `/api`: the dialect of the CandidRoot REST API, see docs/dialects/api.md.
//!
//! ```text
//! records          search, schema, count, view, create, update, delete, methods
//! generate_token   login tokens, issued for an API key
//! envelope         response and error bodies
//! openapi_schemas  bodies in the OpenAPI document
//! ```
//!
//! In: requests under `/api`. Out: responses in the format of this dialect. Must not know: the Odoo calls, how tokens
//! are stored.

mod envelope;
mod generate_token;
mod openapi_schemas;
mod records;

use utoipa_axum::router::OpenApiRouter;

pub(in crate::http) use self::envelope::render_problem;
use crate::http::openapi::idempotency::document_idempotency_key;
use crate::http::state::AppState;

/// The path prefix of the dialect.
pub(in crate::http) const PREFIX: &str = "/api";

/// All documented routes of the dialect.
pub(in crate::http) fn routes() -> OpenApiRouter<AppState> {
    let mut routes = generate_token::routes().merge(document_idempotency_key(records::routes()));
    openapi_schemas::describe_errors(routes.get_openapi_mut());
    routes
}
