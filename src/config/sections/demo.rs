//! `[demo]`: whether anybody may try the gateway, and as whom.

use secrecy::SecretString;
use serde::Deserialize;

use super::Section;
use crate::config::deserializers;

/// `[demo]`.
#[derive(Debug, Clone, Deserialize)]
pub struct DemoConfig {
    /// The user at the first Odoo; empty: there is no demonstration.
    pub login: String,
    /// His password or API key; the content of `password_file`, when that is given.
    #[serde(deserialize_with = "deserializers::optional_secret")]
    pub password: Option<SecretString>,
}

impl DemoConfig {
    pub(super) fn validate(&self, section: &mut Section<'_>) {
        match (self.login.as_str(), &self.password) {
            ("", Some(_)) => section.wrong("login", "demo.password is given without it"),
            ("", None) | (_, Some(_)) => {}
            (_, None) => section.wrong("password", "demo.login is given without it"),
        }
    }
}
