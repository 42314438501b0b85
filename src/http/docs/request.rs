//! What the document says of headers that families B, C and D have in common. Nothing here is ever made at run time.
//!
//! In: nothing. Out: descriptions. Must not know: families.

use utoipa::IntoParams;

/// Headers that every call takes.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "it is only described")]
pub(in crate::http) struct RequestHeaders {
    /// One of the configured databases; by default the credential's own, else the first.
    #[param(rename = "X-Odoo-Database", required = false)]
    database: Option<String>,
    /// An installed language, as `fr_FR`; by default the user's own.
    #[param(rename = "X-Odoo-Lang", required = false)]
    lang: Option<String>,
    /// An IANA time zone; by default the user's own.
    #[param(rename = "X-Odoo-Tz", required = false)]
    tz: Option<String>,
    /// Ids of companies, the active one first.
    #[param(rename = "X-Odoo-Company", required = false)]
    company: Option<String>,
    /// `empty=null` writes empty values as `null`.
    #[param(rename = "Prefer", required = false)]
    prefer: Option<String>,
}
