//! The dialects: one module per REST add-on whose interface the gateway provides, and Odoo's own interfaces.
//!
//! ```text
//! restapi   /restapi/1.0     Synconics restapi
//! api       /api             CandidRoot REST API
//! restful   /restful/api/v1  odooapi_restful, with its logins at /rest/api
//! api_v1    /api/v1          jeffery9's odoo-rest-api
//! json2     /json/2          Odoo's JSON-2
//! rpc       /xmlrpc, …       Odoo's XML-RPC and JSON-RPC
//! ```
//!
//! In: requests under the prefix of a dialect. Out: responses in its envelope. Must not know: each other, the Odoo
//! calls.

pub(super) mod api;
pub(super) mod api_v1;
pub(super) mod json2;
pub(super) mod restapi;
pub(super) mod restful;
pub(super) mod rpc;

/// The dialects that have routes; by default all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OfferedDialects {
    /// `restapi`, except for its OAuth endpoints, which are always offered.
    pub restapi: bool,
    /// `api`.
    pub api: bool,
    /// `restful`.
    pub restful: bool,
    /// `api_v1`.
    pub api_v1: bool,
    /// XML-RPC and JSON-RPC.
    pub rpc: bool,
    /// `json2`.
    pub json2: bool,
}

impl Default for OfferedDialects {
    fn default() -> Self {
        Self { restapi: true, api: true, restful: true, api_v1: true, rpc: true, json2: true }
    }
}
