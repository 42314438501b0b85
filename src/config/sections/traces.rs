//! `[traces]`: distributed traces.
//!
//! In: values of the right type. Out: errors for values out of bounds. Must not know: how spans are exported.

use std::time::Duration;

use secrecy::SecretString;
use serde::Deserialize;
use url::Url;

use super::{MILLISECOND, SECOND, Section};
use crate::config::deserializers;

/// `[traces]`.
#[derive(Debug, Clone, Deserialize)]
pub struct TracesConfig {
    /// The base URL of the collector; `None`: no traces.
    #[serde(deserialize_with = "deserializers::optional_web_url")]
    pub endpoint: Option<Url>,
    /// Headers of export requests, as `name=value,name=value`.
    #[serde(deserialize_with = "deserializers::optional_secret")]
    pub headers: Option<SecretString>,
    /// The share of new traces that is recorded, from 0 to 1.
    #[serde(deserialize_with = "deserializers::share")]
    pub sample_ratio: f64,
    /// Whether the trace of a client is continued.
    pub accept_parent: bool,
    /// The attribute `service.name`.
    pub service_name: String,
    /// More attributes of this process, as `name=value`.
    #[serde(deserialize_with = "deserializers::attributes")]
    pub resource_attributes: Vec<(String, String)>,
    /// How long an export request may take.
    #[serde(deserialize_with = "deserializers::duration")]
    pub timeout: Duration,
}

impl TracesConfig {
    pub(super) fn validate(&self, section: &mut Section<'_>) {
        if self.service_name.is_empty() {
            section.add_error("service_name", "expected a name");
        }
        section.check_duration("timeout", self.timeout, 100 * MILLISECOND..=60 * SECOND);
    }
}
