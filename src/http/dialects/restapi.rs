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

mod envelope;
mod oauth1;
mod records;
mod report;
mod schemas;
mod version;

use utoipa_axum::router::OpenApiRouter;

use crate::http::idempotency::offer_keys;
use crate::http::state::Gateway;

/// Where the family lives.
pub(in crate::http) const PREFIX: &str = "/restapi/1.0";

/// All routes of the family, documented.
#[must_use]
pub(in crate::http) fn routes() -> OpenApiRouter<Gateway> {
    let mut routes = version::routes().merge(offer_keys(records::routes())).merge(report::routes());
    schemas::offer_xml(routes.get_openapi_mut());
    OpenApiRouter::new().nest(PREFIX, routes.merge(oauth1::routes()))
}
