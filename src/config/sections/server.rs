//! `[server]`: the listener for clients.
//!
//! In: values of the right type. Out: errors for values out of bounds. Must not know: connections.

use std::net::SocketAddr;
use std::time::Duration;

use ipnet::IpNet;
use serde::Deserialize;
use url::Url;

use super::{HOUR, MILLISECOND, Section};
use crate::config::deserializers;

/// `[server]`.
#[derive(Debug, Clone, Deserialize)]
pub struct ServerConfig {
    /// Address and port.
    #[serde(deserialize_with = "deserializers::socket")]
    pub listen: SocketAddr,
    /// The URL that clients use.
    #[serde(deserialize_with = "deserializers::optional_web_url")]
    pub public_url: Option<Url>,
    /// Accepted `Host` values, in lower case; empty: all.
    #[serde(deserialize_with = "deserializers::hosts")]
    pub public_hosts: Vec<String>,
    /// Proxies whose forwarding headers are trusted.
    #[serde(deserialize_with = "deserializers::networks")]
    pub trusted_proxies: Vec<IpNet>,
    /// Exact origins whose pages may call the gateway.
    #[serde(deserialize_with = "deserializers::origins")]
    pub cors_origins: Vec<String>,
    /// Maximum size of a request body, in bytes.
    #[serde(deserialize_with = "deserializers::size")]
    pub body_limit: u64,
    /// Maximum number of values in a request body.
    #[serde(deserialize_with = "deserializers::count")]
    pub body_max_values: u32,
    /// Memory for large request bodies, in bytes.
    #[serde(deserialize_with = "deserializers::size")]
    pub body_memory: u64,
    /// Maximum number of open connections.
    #[serde(deserialize_with = "deserializers::count")]
    pub max_connections: u32,
    /// Maximum number of open connections per address.
    #[serde(deserialize_with = "deserializers::count")]
    pub max_connections_per_address: u32,
    /// Time from accepting to the first byte.
    #[serde(deserialize_with = "deserializers::duration")]
    pub first_byte_timeout: Duration,
    /// Time from the first byte to the end of the headers.
    #[serde(deserialize_with = "deserializers::duration")]
    pub header_timeout: Duration,
    /// Time from the end of the headers to the end of the body.
    #[serde(deserialize_with = "deserializers::duration")]
    pub body_timeout: Duration,
    /// Idle time of a connection without a request.
    #[serde(deserialize_with = "deserializers::duration")]
    pub idle_timeout: Duration,
    /// Time in which the client must read some of the response.
    #[serde(deserialize_with = "deserializers::duration")]
    pub write_timeout: Duration,
    /// Time from the end of the headers to the response.
    #[serde(deserialize_with = "deserializers::duration")]
    pub request_timeout: Duration,
    /// Whether another gateway may listen on the same addresses.
    pub reuse_port: bool,
    /// How long connections are accepted after the signal to stop.
    #[serde(deserialize_with = "deserializers::duration")]
    pub shutdown_delay: Duration,
    /// Time for requests in flight at shutdown.
    #[serde(deserialize_with = "deserializers::duration")]
    pub shutdown_grace: Duration,
}

impl ServerConfig {
    pub(super) fn validate(&self, section: &mut Section<'_>) {
        section.check_size("body_limit", self.body_limit, 1024..=1 << 30);
        section.check_number("body_max_values", self.body_max_values, 1000..=100_000_000);
        section.check_size("body_memory", self.body_memory, 1024 * 1024..=1 << 40);
        section.check_number("max_connections", self.max_connections, 1..=1_000_000);
        section.check_number("max_connections_per_address", self.max_connections_per_address, 1..=1_000_000);
        for (key, value) in [
            ("first_byte_timeout", self.first_byte_timeout),
            ("header_timeout", self.header_timeout),
            ("body_timeout", self.body_timeout),
            ("idle_timeout", self.idle_timeout),
            ("write_timeout", self.write_timeout),
            ("request_timeout", self.request_timeout),
        ] {
            section.check_duration(key, value, MILLISECOND..=HOUR);
        }
        section.check_duration("shutdown_delay", self.shutdown_delay, Duration::ZERO..=HOUR);
        section.check_duration("shutdown_grace", self.shutdown_grace, Duration::ZERO..=HOUR);
    }
}
