//! `[schema]`: what the gateway knows of Odoo's models.

use std::time::Duration;

use serde::Deserialize;

use super::{DAY, SECOND, Section};
use crate::config::deserializers;

/// `[schema]`.
#[derive(Debug, Clone, Deserialize)]
pub struct SchemaConfig {
    /// How long a model's fields are remembered.
    #[serde(deserialize_with = "deserializers::duration")]
    pub ttl: Duration,
    /// Models remembered at one time.
    #[serde(deserialize_with = "deserializers::count")]
    pub max_entries: u32,
}

impl SchemaConfig {
    pub(super) fn validate(&self, section: &mut Section<'_>) {
        section.duration("ttl", self.ttl, SECOND..=DAY);
        section.number("max_entries", self.max_entries, 1..=1_000_000);
    }
}
