//! Family C, `/rest/api` and `/restful/api/v1`: the dialect of odooapi_restful (contract section 3).
//!
//! ```text
//! login     access tokens
//! records   records and methods of the models that are answered
//! models    which models those are, and what their records look like
//! envelope  bare JSON, and the sentence about a deleted record
//! docs      what the OpenAPI document says of parameters and answers
//! ```
//!
//! In: requests under the prefixes. Out: answers in this family's form; errors are problem+json (RFC 9457). Must not
//! know: how wishes are granted.

mod envelope;
mod login;
mod models;
mod records;
mod schemas;

use utoipa_axum::router::OpenApiRouter;

pub(in crate::http) use login::LOGIN_PATH;
pub use models::{RestfulModels, Schemas};

use crate::http::idempotency::offer_keys;
use crate::http::state::Gateway;

/// Where records live.
const PREFIX: &str = "/restful/api/v1";

/// All routes of the family, documented.
pub(in crate::http) fn routes() -> OpenApiRouter<Gateway> {
    login::routes().nest(PREFIX, offer_keys(records::routes()))
}
