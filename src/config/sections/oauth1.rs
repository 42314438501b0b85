//! `[oauth1]`: OAuth 1.0a.
//!
//! In: values of the right type. Out: errors for values out of bounds. Must not know: the protocol.

use std::time::Duration;

use serde::Deserialize;

use super::{DAY, HOUR, SECOND, Section};
use crate::config::deserializers;

/// `[oauth1]`.
#[derive(Debug, Clone, Deserialize)]
pub struct OAuth1Config {
    /// Maximum difference between a timestamp and the clock, in both directions.
    #[serde(deserialize_with = "deserializers::duration")]
    pub timestamp_window: Duration,
    /// Lifetime of a request token.
    #[serde(deserialize_with = "deserializers::duration")]
    pub request_token_lifetime: Duration,
    /// Idle lifetime of an access token.
    #[serde(deserialize_with = "deserializers::duration")]
    pub access_token_idle: Duration,
    /// Whether tokens are issued over plain HTTP.
    pub insecure_http: bool,
    /// Whether RSA-SHA1 is accepted.
    pub rsa_sha1: bool,
    /// Whether PLAINTEXT is accepted.
    pub plaintext: bool,
    /// Whether a signature may be percent-encoded twice.
    pub double_encoded_signature: bool,
}

impl OAuth1Config {
    pub(super) fn validate(&self, section: &mut Section<'_>) {
        section.check_duration("timestamp_window", self.timestamp_window, SECOND..=HOUR);
        section.check_duration("request_token_lifetime", self.request_token_lifetime, SECOND..=600 * SECOND);
        section.check_duration("access_token_idle", self.access_token_idle, SECOND..=3660 * DAY);
    }
}
