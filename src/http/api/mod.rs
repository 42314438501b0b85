//! Family B, `/api`: the dialect of the CandidRoot REST API (contract section 2). So far its login tokens.
//!
//! ```text
//! login_token  made with an API key
//! ```
//!
//! In: requests under the prefix. Out: answers in this family's form. Must not know: how tokens are made.

mod login_token;

use utoipa_axum::router::OpenApiRouter;

use super::gateway::Gateway;

/// The routes of the family.
pub(super) fn routes() -> OpenApiRouter<Gateway> {
    login_token::routes()
}
