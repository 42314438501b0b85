//! `[schema]`: the cache of model fields.
//!
//! In: values of the right type. Out: errors for values out of bounds. Must not know: the fields.

use std::time::Duration;

use serde::Deserialize;

use super::{DAY, SECOND, Section};
use crate::config::deserializers;

/// `[schema]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct SchemaConfig {
    /// How long the fields of a model are cached.
    #[serde(deserialize_with = "deserializers::duration")]
    pub ttl: Duration,
    /// Maximum number of cached models.
    #[serde(deserialize_with = "deserializers::count")]
    pub max_entries: u32,
}

impl SchemaConfig {
    pub(super) fn validate(&self, section: &mut Section<'_>) {
        section.check_duration("ttl", self.ttl, SECOND..=DAY);
        section.check_number("max_entries", self.max_entries, 1..=1_000_000);
    }
}
