//! `[demo]`: the public demonstration.
//!
//! In: values of the right type. Out: errors for incomplete settings. Must not know: what the demonstration offers.

use secrecy::SecretString;
use serde::Deserialize;

use super::Section;
use crate::config::deserializers;

/// `[demo]`.
#[derive(Debug, Clone, Deserialize)]
pub struct DemoConfig {
    /// The login of the user in the first Odoo database; empty: no demonstration.
    pub login: String,
    /// The user's password or API key, or the content of `password_file`.
    #[serde(deserialize_with = "deserializers::optional_secret")]
    pub password: Option<SecretString>,
}

impl DemoConfig {
    pub(super) fn validate(&self, section: &mut Section<'_>) {
        match (self.login.as_str(), &self.password) {
            ("", Some(_)) => section.add_error("login", "demo.password is set, but the login is missing"),
            ("", None) | (_, Some(_)) => {}
            (_, None) => section.add_error("password", "demo.login is set, but the password is missing"),
        }
    }
}
