//! Family D, `/api/v1`: the dialect of jeffery9's odoo-rest-api (contract section 4).
//!
//! ```text
//! records   list, read, create, update, delete, search, describe
//! targets   which records an update or a deletion of several is about
//! paging    pages of a list, and what is told of them
//! object    methods
//! download  the content of a binary field as a file
//! file      a file as an answer: type, name, ETag, ranges; media_type, of which type it is
//! about     health and info, for anybody
//! envelope  {success, message, data, timestamp}
//! errors    {success, error, timestamp}
//! docs      what the OpenAPI document says of parameters and answers
//! ```
//!
//! In: requests under the prefix. Out: answers in this family's envelope. Must not know: how wishes are granted.

mod bulk_target;
mod download;
mod envelope;
mod errors;
mod file;
mod methods;
mod paging;
mod records;
mod schemas;
mod sniff;
mod system;

use utoipa_axum::router::OpenApiRouter;

use crate::http::idempotency::offer_keys;
use crate::http::state::Gateway;

pub(in crate::http) use errors::render_problem;

/// Where the family lives.
pub(in crate::http) const PREFIX: &str = "/api/v1";

/// All routes of the family, documented.
#[must_use]
pub(in crate::http) fn routes() -> OpenApiRouter<Gateway> {
    let mut routes =
        system::routes().merge(offer_keys(methods::routes().merge(records::routes()))).merge(download::routes());
    schemas::describe_errors(routes.get_openapi_mut());
    OpenApiRouter::new().nest(PREFIX, routes)
}
