//! `[oauth]`: applications that act for users.

use std::time::Duration;

use serde::Deserialize;

use super::{DAY, HOUR, SECOND, Section};
use crate::config::deserializers;

/// `[oauth]`.
#[derive(Debug, Clone, Deserialize)]
pub struct OAuthConfig {
    /// How long an authorization code lives.
    #[serde(deserialize_with = "deserializers::duration")]
    pub code_ttl: Duration,
    /// How long an access token lives.
    #[serde(deserialize_with = "deserializers::duration")]
    pub access_ttl: Duration,
    /// How long a refresh token lives unused.
    #[serde(deserialize_with = "deserializers::duration")]
    pub refresh_idle: Duration,
    /// How long refreshing goes on.
    #[serde(deserialize_with = "deserializers::duration")]
    pub refresh_ttl: Duration,
    /// How long a refresh token may be sent again.
    #[serde(deserialize_with = "deserializers::duration")]
    pub refresh_grace: Duration,
    /// How long a browser stays logged in unused.
    #[serde(deserialize_with = "deserializers::duration")]
    pub session_idle: Duration,
    /// How long a browser stays logged in.
    #[serde(deserialize_with = "deserializers::duration")]
    pub session_ttl: Duration,
}

impl OAuthConfig {
    pub(super) fn validate(&self, section: &mut Section<'_>) {
        section.duration("code_ttl", self.code_ttl, SECOND..=HOUR / 6);
        section.duration("access_ttl", self.access_ttl, SECOND..=DAY);
        section.duration("refresh_idle", self.refresh_idle, SECOND..=366 * DAY);
        section.duration("refresh_ttl", self.refresh_ttl, SECOND..=3660 * DAY);
        section.duration("refresh_grace", self.refresh_grace, Duration::ZERO..=60 * SECOND);
        section.duration("session_idle", self.session_idle, 60 * SECOND..=DAY);
        section.duration("session_ttl", self.session_ttl, 60 * SECOND..=30 * DAY);
    }
}
