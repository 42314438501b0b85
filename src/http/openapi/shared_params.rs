//! What requests and answers of several dialects have in common in the document. Nothing here exists at run time.
//!
//! In: nothing. Out: descriptions. Must not know: families.

use utoipa::{IntoParams, ToSchema};

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
    /// `empty=null` writes empty values as `null`; `handling=strict` rejects unknown parameters.
    #[param(rename = "Prefer", required = false)]
    prefer: Option<String>,
}

/// The bytes of a file.
#[derive(ToSchema)]
#[schema(value_type = String, format = Binary)]
#[expect(dead_code, reason = "it is only described")]
pub(in crate::http) struct FileContent(Vec<u8>);
