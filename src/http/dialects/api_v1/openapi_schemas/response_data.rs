//! The member `data` of successful responses in the OpenAPI document.
//!
//! In: nothing. Out: schemas. Must not know: handlers.

use serde_json::{Map, Value};
use utoipa::ToSchema;

/// Records and the position of their page.
#[derive(ToSchema)]
pub(super) struct ApiV1PageData {
    /// The records of this page.
    records: Vec<Map<String, Value>>,
    /// The position of this page.
    pagination: ApiV1Pagination,
}

/// The position of a page.
#[derive(ToSchema)]
struct ApiV1Pagination {
    /// The number of records on this page.
    count: u32,
    /// The number of records that match.
    total_count: u32,
    /// The number of this page, from 1.
    current_page: u32,
    /// The number of pages, at least 1.
    total_pages: u32,
    /// The requested `page_size`.
    page_size: Option<u32>,
    /// The number of the previous page.
    prev_page: Option<u32>,
    /// The number of the next page.
    next_page: Option<u32>,
}

/// New records and their number.
#[derive(ToSchema)]
pub(super) struct ApiV1NewRecords {
    /// The new records.
    records: Vec<Map<String, Value>>,
    /// The number of records.
    count: u32,
}

/// The number and the ids of updated records.
#[derive(ToSchema)]
pub(super) struct ApiV1UpdatedRecords {
    /// The number of records.
    updated: u32,
    /// Their ids.
    ids: Vec<i32>,
}

/// A deletion.
#[derive(ToSchema)]
pub(super) struct ApiV1Deletion {
    /// Always `true`.
    success: bool,
    /// A message for people.
    message: String,
}

/// The deletion of several records.
#[derive(ToSchema)]
pub(super) struct ApiV1Deletions {
    /// Always `true`.
    success: bool,
    /// A message for people.
    message: String,
    /// The number of records.
    deleted: u32,
}

/// Records and their numbers.
#[derive(ToSchema)]
pub(super) struct ApiV1FoundRecords {
    /// The records.
    records: Vec<Map<String, Value>>,
    /// The number of records in the response.
    count: u32,
    /// The number of records that match.
    total_count: u32,
}

/// The states of the gateway and of Odoo.
#[derive(ToSchema)]
pub(super) struct ApiV1HealthState {
    /// `ok`, or `degraded` if Odoo does not respond.
    status: String,
    /// Always `ok`.
    gateway: String,
    /// `ok` or `unreachable`.
    odoo: String,
}

/// Versions and endpoints.
#[derive(ToSchema)]
pub(super) struct ApiV1InfoData {
    /// The name of the gateway.
    name: String,
    /// The version of the gateway.
    version: String,
    /// The version of the interface.
    api_version: String,
    /// The version of Odoo; `null` if Odoo does not respond.
    #[schema(required)]
    odoo: Option<ApiV1OdooVersion>,
    /// The operations of the interface.
    endpoints: Vec<ApiV1Endpoint>,
}

/// The version of the Odoo server.
#[derive(ToSchema)]
struct ApiV1OdooVersion {
    /// The version as text.
    server_version: String,
    /// The major version, for example `17.0`.
    server_serie: String,
}

/// An operation of the interface.
#[derive(ToSchema)]
struct ApiV1Endpoint {
    /// The HTTP method.
    method: String,
    /// The path.
    path: String,
    /// The summary.
    description: String,
}
