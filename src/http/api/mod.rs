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

mod docs;
mod envelope;
mod login_token;
mod records;

use utoipa_axum::router::OpenApiRouter;

pub(crate) use self::envelope::problem;
use super::gateway::Gateway;
use super::once::offer_keys;

/// The routes of the family.
pub(super) fn routes() -> OpenApiRouter<Gateway> {
    let mut routes = login_token::routes().merge(offer_keys(records::routes()));
    docs::describe_errors(routes.get_openapi_mut());
    routes
}
