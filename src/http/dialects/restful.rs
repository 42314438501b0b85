//! `/rest/api` and `/restful/api/v1`: the dialect of odooapi_restful, see docs/dialects/restful.md.
//!
//! ```text
//! login            access tokens
//! records          records and methods of the enabled models
//! enabled_models   the enabled models and their schemas
//! response_body    JSON without an envelope
//! openapi_schemas  parameters and bodies in the OpenAPI document
//! ```
//!
//! In: requests under the two prefixes. Out: responses in the format of this dialect; errors are problem+json (RFC
//! 9457). Must not know: the Odoo calls.

mod enabled_models;
mod login;
mod openapi_schemas;
mod records;
mod response_body;

use utoipa_axum::router::OpenApiRouter;

pub use enabled_models::{ModelSchemas, RestfulModels};
pub(in crate::http) use login::LOGIN_PATH;

use crate::http::openapi::idempotency::document_idempotency_key;
use crate::http::state::AppState;

/// The path prefix of records.
const PREFIX: &str = "/restful/api/v1";

/// All documented routes of the dialect.
pub(in crate::http) fn routes() -> OpenApiRouter<AppState> {
    login::routes().nest(PREFIX, document_idempotency_key(records::routes()))
}
