//! `[dialects]`: the interfaces that the gateway offers.
//!
//! In: values of the right type. Out: the section. Must not know: routes. Every combination is valid.

use serde::Deserialize;

/// `[dialects]`.
#[derive(Debug, Clone, Deserialize)]
pub struct DialectsConfig {
    /// `/restapi/1.0`, except for the OAuth endpoints, which are always offered.
    pub restapi: bool,
    /// `/api`.
    pub api: bool,
    /// `/restful/api/v1` and `/rest/api`.
    pub restful: bool,
    /// `/api/v1`.
    pub api_v1: bool,
    /// `/xmlrpc`, `/xmlrpc/2`, `/jsonrpc` and `/web/webclient/version_info`.
    pub rpc: bool,
    /// `/json/2`, `/doc-bearer`, `/web/version` and `/json/version`.
    pub json2: bool,
}
