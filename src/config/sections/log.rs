//! `[log]`: log output.
//!
//! In: values of the right type. Out: [`LogConfig`]. Must not know: how events are formatted.

use serde::Deserialize;

use crate::config::deserializers;

/// `[log]`.
#[derive(Debug, Clone, Deserialize)]
pub struct LogConfig {
    /// The format of events.
    pub format: LogFormat,
    /// Which events are written, in the syntax of `tracing-subscriber`.
    #[serde(deserialize_with = "deserializers::log_filter")]
    pub filter: String,
}

/// The format of log events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// Text on a terminal, otherwise JSON.
    Auto,
    /// One JSON object per line.
    Json,
    /// Text for people.
    Text,
}
