//! `[oauth]`: lifetimes of OAuth 2 credentials and browser sessions.
//!
//! In: values of the right type. Out: errors for values out of bounds. Must not know: the protocol.

use std::time::Duration;

use serde::Deserialize;

use super::{DAY, HOUR, SECOND, Section};
use crate::config::deserializers;

/// `[oauth]`.
#[derive(Debug, Clone, Deserialize)]
pub struct OAuthConfig {
    /// Lifetime of an authorization code.
    #[serde(deserialize_with = "deserializers::duration")]
    pub code_ttl: Duration,
    /// Lifetime of an access token.
    #[serde(deserialize_with = "deserializers::duration")]
    pub access_ttl: Duration,
    /// Idle lifetime of a refresh token.
    #[serde(deserialize_with = "deserializers::duration")]
    pub refresh_idle: Duration,
    /// Time until the user must log in again.
    #[serde(deserialize_with = "deserializers::duration")]
    pub refresh_ttl: Duration,
    /// How long a used refresh token may be sent again.
    #[serde(deserialize_with = "deserializers::duration")]
    pub refresh_grace: Duration,
    /// Idle lifetime of a browser session.
    #[serde(deserialize_with = "deserializers::duration")]
    pub session_idle: Duration,
    /// Lifetime of a browser session.
    #[serde(deserialize_with = "deserializers::duration")]
    pub session_ttl: Duration,
}

impl OAuthConfig {
    pub(super) fn validate(&self, section: &mut Section<'_>) {
        section.check_duration("code_ttl", self.code_ttl, SECOND..=HOUR / 6);
        section.check_duration("access_ttl", self.access_ttl, SECOND..=DAY);
        section.check_duration("refresh_idle", self.refresh_idle, SECOND..=366 * DAY);
        section.check_duration("refresh_ttl", self.refresh_ttl, SECOND..=3660 * DAY);
        section.check_duration("refresh_grace", self.refresh_grace, Duration::ZERO..=60 * SECOND);
        section.check_duration("session_idle", self.session_idle, 60 * SECOND..=DAY);
        section.check_duration("session_ttl", self.session_ttl, 60 * SECOND..=30 * DAY);
    }
}
