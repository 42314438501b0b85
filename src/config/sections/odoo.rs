//! `[[odoo]]`: one database of Odoo.

use std::time::Duration;

use serde::Deserialize;
use url::Url;

use super::{HOUR, MILLISECOND, Section};
use crate::config::deserializers;
use crate::names::DatabaseName;

/// An entry of `[[odoo]]`.
#[derive(Debug, Clone, Deserialize)]
pub struct OdooConfig {
    /// What clients call it in `X-Odoo-Database`.
    pub name: String,
    /// Odoo's own address.
    #[serde(deserialize_with = "deserializers::web_url")]
    pub url: Url,
    /// Odoo's name for the database.
    pub database: String,
    /// Calls at one time.
    #[serde(deserialize_with = "deserializers::count")]
    pub concurrency: u32,
    /// Requests that may wait for a place.
    #[serde(deserialize_with = "deserializers::count")]
    pub queue: u32,
    /// How long one may wait.
    #[serde(deserialize_with = "deserializers::duration")]
    pub queue_wait: Duration,
    /// For connecting.
    #[serde(deserialize_with = "deserializers::duration")]
    pub connect_timeout: Duration,
    /// How long an idle connection is kept for the next read; zero for not at all.
    #[serde(deserialize_with = "deserializers::duration")]
    pub keep_idle: Duration,
    /// For one answer.
    #[serde(deserialize_with = "deserializers::duration")]
    pub response_timeout: Duration,
    /// Reports at one time.
    #[serde(deserialize_with = "deserializers::count")]
    pub report_concurrency: u32,
    /// Bytes of one answer.
    #[serde(deserialize_with = "deserializers::size")]
    pub answer_cap: u64,
    /// Bytes of large answers at one time.
    #[serde(deserialize_with = "deserializers::size")]
    pub answer_memory: u64,
    /// Bytes of one call.
    #[serde(deserialize_with = "deserializers::size")]
    pub call_cap: u64,
    /// By which way methods are called.
    pub method_calls: MethodCallsConfig,
}

/// By which way methods are called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MethodCallsConfig {
    /// By JSON-RPC where Odoo serves it.
    Auto,
    /// By XML-RPC.
    XmlRpc,
}

impl OdooConfig {
    pub(super) fn validate(&self, section: &mut Section<'_>) {
        if let Err(cause) = DatabaseName::parse(&self.database) {
            section.wrong("database", cause);
        }
        if self.name != self.database
            && let Err(cause) = DatabaseName::parse(&self.name)
        {
            section.wrong("name", cause);
        }
        section.number("concurrency", self.concurrency, 1..=1000);
        section.number("report_concurrency", self.report_concurrency, 1..=100);
        section.number("queue", self.queue, 0..=100_000);
        section.duration("queue_wait", self.queue_wait, MILLISECOND..=HOUR);
        section.duration("connect_timeout", self.connect_timeout, MILLISECOND..=HOUR);
        section.duration("keep_idle", self.keep_idle, Duration::ZERO..=HOUR);
        section.duration("response_timeout", self.response_timeout, MILLISECOND..=HOUR);
        section.size("answer_cap", self.answer_cap, 64 * 1024..=1 << 32);
        section.size("answer_memory", self.answer_memory, 1024 * 1024..=1 << 40);
        section.size("call_cap", self.call_cap, 64 * 1024..=1 << 32);
    }
}
