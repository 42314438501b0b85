//! `[docs]`: the documentation for people who write clients.
//!
//! In: values of the right type. Out: errors for values out of bounds. Must not know: the pages.

use serde::Deserialize;

use super::Section;

/// `[docs]`.
#[derive(Debug, Clone, Deserialize)]
pub struct DocsConfig {
    /// The client id with which the page at `/docs` starts a login; empty: people type it.
    pub oauth_client_id: String,
}

impl DocsConfig {
    pub(super) fn validate(&self, section: &mut Section<'_>) {
        // RFC 6749 appendix A.1.
        if !self.oauth_client_id.bytes().all(|byte| byte.is_ascii_graphic()) {
            section.add_error("oauth_client_id", "contains other characters than printable ASCII");
        }
    }
}
