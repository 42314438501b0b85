//! `[log]`: what the gateway says of itself.

use serde::Deserialize;

use crate::config::deserializers;

/// `[log]`.
#[derive(Debug, Clone, Deserialize)]
pub struct LogConfig {
    /// How events are written.
    pub format: LogFormat,
    /// Which events are written, in the syntax of `tracing`'s filters.
    #[serde(deserialize_with = "deserializers::log_filter")]
    pub filter: String,
}

/// How events are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// Text on a terminal, else JSON.
    Auto,
    /// One JSON object a line.
    Json,
    /// For people.
    Text,
}
