//! Family B, `/api`: the dialect of the CandidRoot REST API (contract section 2).
//!
//! ```text
//! records      search, schema, count, view, create, update, delete, methods
//! login_token  made with an API key
//! envelope     next to nothing; the family's own body of problems
//! docs         schemas of the OpenAPI document
//! ```
//!
//! In: requests under the prefix. Out: answers in this family's form. Must not know: how deeds are done, how tokens are
//! made.

mod envelope;
mod login_token;
mod records;
mod schemas;

use utoipa_axum::router::OpenApiRouter;

pub(crate) use self::envelope::problem;
use crate::http::idempotency::offer_keys;
use crate::http::state::Gateway;

/// The routes of the family.
pub(in crate::http) fn routes() -> OpenApiRouter<Gateway> {
    let mut routes = login_token::routes().merge(offer_keys(records::routes()));
    schemas::describe_errors(routes.get_openapi_mut());
    routes
}
