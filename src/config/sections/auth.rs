//! `[auth]`: passwords, tokens and login throttling.
//!
//! In: values of the right type. Out: errors for values out of bounds. Must not know: how logins are verified.

use std::time::Duration;

use serde::Deserialize;

use super::{DAY, HOUR, SECOND, Section};
use crate::config::deserializers;

/// `[auth]`.
#[derive(Debug, Clone, Deserialize)]
pub struct AuthConfig {
    /// Minimum response time of a failed attempt.
    #[serde(deserialize_with = "deserializers::duration")]
    pub failure_floor: Duration,
    /// How long a rejected combination of login and password is cached.
    #[serde(deserialize_with = "deserializers::duration")]
    pub refusal_ttl: Duration,
    /// How long a verified combination of login and password is cached.
    #[serde(deserialize_with = "deserializers::duration")]
    pub identity_ttl: Duration,
    /// Idle lifetime of an access token of `/rest/api/login/token`.
    #[serde(deserialize_with = "deserializers::duration")]
    pub access_token_idle: Duration,
    /// The longest lifetime of login tokens in days, of API keys without one of their own.
    #[serde(deserialize_with = "deserializers::count")]
    pub login_token_max_days: u32,
    /// The most active login tokens that a user creates for themselves with one API key.
    #[serde(deserialize_with = "deserializers::count")]
    pub login_tokens_per_user: u32,
    /// Maximum number of concurrent password checks per database.
    #[serde(deserialize_with = "deserializers::count")]
    pub password_checks_in_flight: u32,
    /// Limits for failed attempts.
    pub throttle: ThrottleConfig,
}

/// `[auth.throttle]`: limits for failed attempts.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ThrottleConfig {
    /// Per login and address.
    pub per_address_and_login: Rate,
    /// Per address; per /64 network for IPv6.
    pub per_address: Rate,
    /// Per login, from all addresses.
    pub per_login: Rate,
    /// For all attempts.
    pub global: Rate,
}

/// A token bucket of attempts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct Rate {
    /// Attempts at once.
    #[serde(deserialize_with = "deserializers::count")]
    pub burst: u32,
    /// Attempts that are added per minute.
    #[serde(deserialize_with = "deserializers::count")]
    pub per_minute: u32,
}

impl AuthConfig {
    pub(super) fn validate(&self, section: &mut Section<'_>) {
        section.check_duration("failure_floor", self.failure_floor, Duration::ZERO..=60 * SECOND);
        section.check_duration("refusal_ttl", self.refusal_ttl, Duration::ZERO..=HOUR);
        section.check_duration("identity_ttl", self.identity_ttl, Duration::ZERO..=DAY);
        section.check_duration("access_token_idle", self.access_token_idle, SECOND..=366 * DAY);
        section.check_number("login_token_max_days", self.login_token_max_days, 1..=3650);
        section.check_number("login_tokens_per_user", self.login_tokens_per_user, 1..=10_000);
        section.check_number("password_checks_in_flight", self.password_checks_in_flight, 1..=1000);
        for (key, rate) in [
            ("throttle.per_address_and_login", self.throttle.per_address_and_login),
            ("throttle.per_address", self.throttle.per_address),
            ("throttle.per_login", self.throttle.per_login),
            ("throttle.global", self.throttle.global),
        ] {
            section.check_number(&format!("{key}.burst"), rate.burst, 1..=1_000_000);
            section.check_number(&format!("{key}.per_minute"), rate.per_minute, 1..=1_000_000);
        }
    }
}
