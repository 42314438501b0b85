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

mod about;
mod docs;
mod download;
mod envelope;
mod errors;
mod file;
mod media_type;
mod object;
mod paging;
mod records;
mod targets;

use utoipa_axum::router::OpenApiRouter;

use super::gateway::Gateway;
use super::once::offer_keys;

pub(super) use errors::render_problem;

/// Where the family lives.
pub(super) const PREFIX: &str = "/api/v1";

/// All routes of the family, documented.
#[must_use]
pub(super) fn routes() -> OpenApiRouter<Gateway> {
    let mut routes =
        about::routes().merge(offer_keys(object::routes().merge(records::routes()))).merge(download::routes());
    docs::describe_errors(routes.get_openapi_mut());
    OpenApiRouter::new().nest(PREFIX, routes)
}
