//! Family A, `/restapi/1.0`: the dialect of the Synconics restapi (contract section 1).
//!
//! ```text
//! common    the server's version, for anybody
//! object    records, fields, rights and methods of a model
//! report    printed records
//! oauth1    tokens for applications that sign
//! envelope  {"<Label>": …}, {"count": n}, {"return": …} as JSON or XML
//! docs      what the OpenAPI document says of parameters and answers
//! ```
//!
//! In: requests under the prefix. Out: answers in this family's envelope; errors are problem+json (RFC 9457). Must
//! not know: how wishes are granted.

mod common;
mod docs;
mod envelope;
mod oauth1;
mod object;
mod report;

use utoipa_axum::router::OpenApiRouter;

use super::gateway::Gateway;
use super::once::offer_keys;

/// Where the family lives.
pub(super) const PREFIX: &str = "/restapi/1.0";

/// All routes of the family, documented.
#[must_use]
pub(super) fn routes() -> OpenApiRouter<Gateway> {
    let mut routes = common::routes().merge(offer_keys(object::routes())).merge(report::routes());
    docs::offer_xml(routes.get_openapi_mut());
    OpenApiRouter::new().nest(PREFIX, routes.merge(oauth1::routes()))
}
