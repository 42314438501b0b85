//! `/api/v1`: the dialect of jeffery9's odoo-rest-api, see docs/dialects/api_v1.md.
//!
//! ```text
//! records          list, read, create, update, delete, search, describe
//! bulk_target      the records of an update or deletion of several records
//! paging           pages of a list, and the pagination object
//! methods          methods of models and records
//! download         the content of a binary field as a file
//! file_response    a file as a response: media type, name, ETag, ranges
//! file_media_type  the media type of a file by its first bytes
//! system           health and info, without a credential
//! envelope         {success, message, data, timestamp}
//! errors           {success, error, timestamp}
//! openapi_schemas  parameters and bodies in the OpenAPI document
//! ```
//!
//! In: requests under the prefix. Out: responses in the envelope of this dialect. Must not know: the Odoo calls.

mod bulk_target;
mod download;
mod envelope;
mod errors;
mod file_media_type;
mod file_response;
mod methods;
mod openapi_schemas;
mod paging;
mod records;
mod system;

use utoipa_axum::router::OpenApiRouter;

use crate::http::openapi::idempotency::document_idempotency_key;
use crate::http::state::AppState;

pub(in crate::http) use errors::render_problem;

/// The path prefix of the dialect.
pub(in crate::http) const PREFIX: &str = "/api/v1";

/// All documented routes of the dialect.
#[must_use]
pub(in crate::http) fn routes() -> OpenApiRouter<AppState> {
    let mut routes = system::routes()
        .merge(document_idempotency_key(methods::routes().merge(records::routes())))
        .merge(download::routes());
    openapi_schemas::describe_errors(routes.get_openapi_mut());
    OpenApiRouter::new().nest(PREFIX, routes)
}
