//! `[console]`: the web pages on which people manage what acts for them.
//!
//! In: values of the right type. Out: errors for values out of bounds. Must not know: pages, sessions.

use std::time::Duration;

use serde::Deserialize;

use super::{DAY, Section};
use crate::config::deserializers;

/// `[console]`.
#[derive(Debug, Clone, Deserialize)]
pub struct ConsoleConfig {
    /// Whether the console is offered.
    pub enabled: ConsoleMode,
    /// The external id of the Odoo group whose members are administrators.
    pub admin_group: String,
    /// Whether users may create API keys for themselves.
    pub personal_keys: bool,
    /// The longest lifetime of such a key.
    #[serde(deserialize_with = "deserializers::duration")]
    pub personal_key_ttl: Duration,
    /// Idle lifetime of a session.
    #[serde(deserialize_with = "deserializers::duration")]
    pub session_idle: Duration,
    /// Lifetime of a session.
    #[serde(deserialize_with = "deserializers::duration")]
    pub session_ttl: Duration,
}

/// When the console is offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ConsoleMode {
    /// If browsers reach the gateway over TLS, or on the same machine only.
    Auto,
    /// Over plain HTTP, too.
    Always,
    /// Never.
    Never,
}

impl ConsoleConfig {
    pub(super) fn validate(&self, section: &mut Section<'_>) {
        let is_name = |part: &str| {
            !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
        };
        if !self.admin_group.split_once('.').is_some_and(|(module, name)| is_name(module) && is_name(name)) {
            section.add_error("admin_group", "expected an external id such as \"base.group_system\"");
        }
        section.check_duration("personal_key_ttl", self.personal_key_ttl, DAY..=3660 * DAY);
        section.check_duration("session_idle", self.session_idle, Duration::from_secs(60)..=DAY);
        section.check_duration("session_ttl", self.session_ttl, Duration::from_secs(60)..=30 * DAY);
    }
}
