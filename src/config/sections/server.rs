//! `[server]`: what clients talk to.

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
    /// Where to listen.
    #[serde(deserialize_with = "deserializers::socket")]
    pub listen: SocketAddr,
    /// How clients reach the gateway.
    #[serde(deserialize_with = "deserializers::optional_web_url")]
    pub public_url: Option<Url>,
    /// Accepted `Host` values, in lower case; empty: all.
    #[serde(deserialize_with = "deserializers::hosts")]
    pub public_hosts: Vec<String>,
    /// Peers whose forwarding headers are believed.
    #[serde(deserialize_with = "deserializers::networks")]
    pub trusted_proxies: Vec<IpNet>,
    /// Origins that may call from a browser, exact.
    #[serde(deserialize_with = "deserializers::origins")]
    pub cors_origins: Vec<String>,
    /// Bytes of a request body.
    #[serde(deserialize_with = "deserializers::size")]
    pub body_limit: u64,
    /// Bytes of large request bodies at one time.
    #[serde(deserialize_with = "deserializers::size")]
    pub body_memory: u64,
    /// Connections at one time.
    #[serde(deserialize_with = "deserializers::count")]
    pub max_connections: u32,
    /// Connections at one time from one address.
    #[serde(deserialize_with = "deserializers::count")]
    pub max_connections_per_address: u32,
    /// From accepting to the first byte.
    #[serde(deserialize_with = "deserializers::duration")]
    pub first_byte_timeout: Duration,
    /// From the first byte to the end of the headers.
    #[serde(deserialize_with = "deserializers::duration")]
    pub header_timeout: Duration,
    /// From the end of the headers to the end of the body.
    #[serde(deserialize_with = "deserializers::duration")]
    pub body_timeout: Duration,
    /// With no request on a connection.
    #[serde(deserialize_with = "deserializers::duration")]
    pub idle_timeout: Duration,
    /// With no byte of the answer taken.
    #[serde(deserialize_with = "deserializers::duration")]
    pub write_timeout: Duration,
    /// From the end of the headers to the answer.
    #[serde(deserialize_with = "deserializers::duration")]
    pub request_timeout: Duration,
    /// For requests in flight at the end.
    #[serde(deserialize_with = "deserializers::duration")]
    pub shutdown_grace: Duration,
}

impl ServerConfig {
    pub(super) fn validate(&self, section: &mut Section<'_>) {
        section.size("body_limit", self.body_limit, 1024..=1 << 30);
        section.size("body_memory", self.body_memory, 1024 * 1024..=1 << 40);
        section.number("max_connections", self.max_connections, 1..=1_000_000);
        section.number("max_connections_per_address", self.max_connections_per_address, 1..=1_000_000);
        for (key, value) in [
            ("first_byte_timeout", self.first_byte_timeout),
            ("header_timeout", self.header_timeout),
            ("body_timeout", self.body_timeout),
            ("idle_timeout", self.idle_timeout),
            ("write_timeout", self.write_timeout),
            ("request_timeout", self.request_timeout),
        ] {
            section.duration(key, value, MILLISECOND..=HOUR);
        }
        section.duration("shutdown_grace", self.shutdown_grace, Duration::ZERO..=HOUR);
    }
}
