//! The four REST dialects, one module per add-on whose interface the gateway provides.
//!
//! ```text
//! restapi   /restapi/1.0     Synconics restapi
//! api       /api             CandidRoot REST API
//! restful   /restful/api/v1  odooapi_restful, with its logins at /rest/api
//! api_v1    /api/v1          jeffery9's odoo-rest-api
//! ```
//!
//! In: requests under the prefix of a dialect. Out: responses in its envelope. Must not know: each other, the Odoo
//! calls.

pub(super) mod api;
pub(super) mod api_v1;
pub(super) mod restapi;
pub(super) mod restful;
