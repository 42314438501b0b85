//! `[auth]`: who calls.

use std::time::Duration;

use serde::Deserialize;

use super::{DAY, HOUR, SECOND, Section};
use crate::config::deserializers;

/// `[auth]`.
#[derive(Debug, Clone, Deserialize)]
pub struct AuthConfig {
    /// The least time to the answer of a failed attempt.
    #[serde(deserialize_with = "deserializers::duration")]
    pub failure_floor: Duration,
    /// How long a refused pair is remembered.
    #[serde(deserialize_with = "deserializers::duration")]
    pub refusal_ttl: Duration,
    /// How long a proven pair is remembered.
    #[serde(deserialize_with = "deserializers::duration")]
    pub identity_ttl: Duration,
    /// How long an access token of family C lives unused.
    #[serde(deserialize_with = "deserializers::duration")]
    pub access_token_idle: Duration,
    /// Checks at one time for each database.
    #[serde(deserialize_with = "deserializers::count")]
    pub password_checks_in_flight: u32,
    /// Failed attempts that are let through.
    pub throttle: ThrottleConfig,
}

/// `[auth.throttle]`: failed attempts that are let through to Odoo.
#[derive(Debug, Clone, Deserialize)]
pub struct ThrottleConfig {
    /// For one login from one address.
    pub per_address_and_login: Rate,
    /// For one address, a /64 for IPv6.
    pub per_address: Rate,
    /// For one login from everywhere.
    pub per_login: Rate,
    /// For all together.
    pub global: Rate,
}

/// A bucket of attempts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct Rate {
    /// How many at once.
    #[serde(deserialize_with = "deserializers::count")]
    pub burst: u32,
    /// How many come back a minute.
    #[serde(deserialize_with = "deserializers::count")]
    pub per_minute: u32,
}

impl AuthConfig {
    pub(super) fn validate(&self, section: &mut Section<'_>) {
        section.duration("failure_floor", self.failure_floor, Duration::ZERO..=60 * SECOND);
        section.duration("refusal_ttl", self.refusal_ttl, Duration::ZERO..=HOUR);
        section.duration("identity_ttl", self.identity_ttl, Duration::ZERO..=DAY);
        section.duration("access_token_idle", self.access_token_idle, SECOND..=366 * DAY);
        section.number("password_checks_in_flight", self.password_checks_in_flight, 1..=1000);
        for (key, rate) in [
            ("throttle.per_address_and_login", self.throttle.per_address_and_login),
            ("throttle.per_address", self.throttle.per_address),
            ("throttle.per_login", self.throttle.per_login),
            ("throttle.global", self.throttle.global),
        ] {
            section.number(&format!("{key}.burst"), rate.burst, 1..=1_000_000);
            section.number(&format!("{key}.per_minute"), rate.per_minute, 1..=1_000_000);
        }
    }
}
