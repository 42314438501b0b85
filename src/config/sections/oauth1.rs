//! `[oauth1]`: requests that are signed.

use std::time::Duration;

use serde::Deserialize;

use super::{DAY, HOUR, SECOND, Section};
use crate::config::deserializers;

/// `[oauth1]`.
#[derive(Debug, Clone, Deserialize)]
pub struct OAuth1Config {
    /// How far a time stamp may lie from now, in both directions.
    #[serde(deserialize_with = "deserializers::duration")]
    pub timestamp_window: Duration,
    /// How long a request token lives.
    #[serde(deserialize_with = "deserializers::duration")]
    pub request_token_lifetime: Duration,
    /// How long an access token lives unused.
    #[serde(deserialize_with = "deserializers::duration")]
    pub access_token_idle: Duration,
    /// Whether tokens are given over plain HTTP.
    pub insecure_http: bool,
    /// Whether RSA-SHA1 is taken.
    pub rsa_sha1: bool,
    /// Whether PLAINTEXT is taken.
    pub plaintext: bool,
    /// Whether a signature may be percent-encoded once more than it should.
    pub double_encoded_signature: bool,
}

impl OAuth1Config {
    pub(super) fn validate(&self, section: &mut Section<'_>) {
        section.duration("timestamp_window", self.timestamp_window, SECOND..=HOUR);
        section.duration("request_token_lifetime", self.request_token_lifetime, SECOND..=600 * SECOND);
        section.duration("access_token_idle", self.access_token_idle, SECOND..=3660 * DAY);
    }
}
