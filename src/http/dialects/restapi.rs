//! `/restapi/1.0`: the dialect of the Synconics restapi, see docs/dialects/restapi.md.
//!
//! ```text
//! version          the version of the Odoo server, without a credential
//! records          records, fields, access rights and methods of a model
//! report           printed records
//! oauth1           OAuth 1.0a tokens
//! envelope         {"<Label>": …}, {"count": n}, {"return": …} as JSON or XML
//! openapi_schemas  parameters and bodies in the OpenAPI document
//! ```
//!
//! In: requests under the prefix. Out: responses in the envelope of this dialect; errors are problem+json (RFC 9457).
//! Must not know: the Odoo calls.

mod envelope;
mod oauth1;
mod openapi_schemas;
mod records;
mod report;
mod version;

use utoipa_axum::router::OpenApiRouter;

use crate::http::openapi::idempotency::document_idempotency_key;
use crate::http::state::AppState;

/// The path prefix of the dialect.
pub(in crate::http) const PREFIX: &str = "/restapi/1.0";

/// All documented routes of the dialect but those of OAuth.
#[must_use]
pub(in crate::http) fn routes() -> OpenApiRouter<AppState> {
    let mut routes = version::routes().merge(document_idempotency_key(records::routes())).merge(report::routes());
    openapi_schemas::describe_xml(routes.get_openapi_mut());
    OpenApiRouter::new().nest(PREFIX, routes)
}

/// The endpoints of OAuth 1, whose credentials serve every dialect.
#[must_use]
pub(in crate::http) fn oauth1_routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().nest(PREFIX, oauth1::routes())
}
