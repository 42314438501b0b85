//! `[[odoo]]`: one Odoo database.
//!
//! In: values of the right type. Out: errors for values out of bounds. Must not know: how Odoo is called.

use std::time::Duration;

use serde::Deserialize;
use url::Url;

use super::{HOUR, MILLISECOND, Section};
use crate::config::deserializers;
use crate::names::DatabaseName;

/// An entry of `[[odoo]]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct OdooConfig {
    /// The name that clients use in `X-Odoo-Database`.
    pub name: String,
    /// The base URL of Odoo.
    #[serde(deserialize_with = "deserializers::web_url")]
    pub url: Url,
    /// The name of the database in Odoo.
    pub database: String,
    /// Maximum number of concurrent calls.
    #[serde(deserialize_with = "deserializers::count")]
    pub concurrency: u32,
    /// Maximum number of waiting requests.
    #[serde(deserialize_with = "deserializers::count")]
    pub queue: u32,
    /// Maximum wait in the queue.
    #[serde(deserialize_with = "deserializers::duration")]
    pub queue_wait: Duration,
    /// Maximum time to connect.
    #[serde(deserialize_with = "deserializers::duration")]
    pub connect_timeout: Duration,
    /// How long an idle connection stays open for the next read; zero: not at all.
    #[serde(deserialize_with = "deserializers::duration")]
    pub keep_idle: Duration,
    /// Maximum time to the response.
    #[serde(deserialize_with = "deserializers::duration")]
    pub response_timeout: Duration,
    /// Maximum number of concurrent reports.
    #[serde(deserialize_with = "deserializers::count")]
    pub report_concurrency: u32,
    /// Maximum size of a response, in bytes.
    #[serde(deserialize_with = "deserializers::size")]
    pub answer_cap: u64,
    /// Memory for large responses, in bytes.
    #[serde(deserialize_with = "deserializers::size")]
    pub answer_memory: u64,
    /// Maximum size of a call, in bytes.
    #[serde(deserialize_with = "deserializers::size")]
    pub call_cap: u64,
    /// The protocol for calls.
    pub protocol: ProtocolConfig,
    /// Whether requests over JSON-2 name the database.
    pub json2_names_database: bool,
    /// The protocol for method calls.
    pub method_calls: MethodCallsConfig,
    /// Whether equal reads of one user share one call.
    pub share_reads: bool,
}

/// The protocol for calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ProtocolConfig {
    /// XML-RPC; where Odoo does not serve it, JSON-2.
    Auto,
    /// Always XML-RPC.
    XmlRpc,
    /// Always JSON-2.
    Json2,
}

/// The protocol for method calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MethodCallsConfig {
    /// JSON-RPC if Odoo serves it, otherwise XML-RPC.
    Auto,
    /// Always XML-RPC.
    XmlRpc,
}

impl OdooConfig {
    pub(super) fn validate(&self, section: &mut Section<'_>) {
        if let Err(cause) = DatabaseName::parse(&self.database) {
            section.add_error("database", cause);
        }
        if self.name != self.database
            && let Err(cause) = DatabaseName::parse(&self.name)
        {
            section.add_error("name", cause);
        }
        section.check_number("concurrency", self.concurrency, 1..=1000);
        section.check_number("report_concurrency", self.report_concurrency, 1..=100);
        section.check_number("queue", self.queue, 0..=100_000);
        section.check_duration("queue_wait", self.queue_wait, MILLISECOND..=HOUR);
        section.check_duration("connect_timeout", self.connect_timeout, MILLISECOND..=HOUR);
        section.check_duration("keep_idle", self.keep_idle, Duration::ZERO..=HOUR);
        section.check_duration("response_timeout", self.response_timeout, MILLISECOND..=HOUR);
        section.check_size("answer_cap", self.answer_cap, 64 * 1024..=1 << 32);
        section.check_size("answer_memory", self.answer_memory, 1024 * 1024..=1 << 40);
        section.check_size("call_cap", self.call_cap, 64 * 1024..=1 << 32);
    }
}
