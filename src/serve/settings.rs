//! Timeouts and limits of one listener.
//!
//! In: configuration. Out: plain values. Must not know: requests.

use std::time::Duration;

use ipnet::IpNet;

/// Timeouts and limits of one listener.
///
/// Without a request in flight, a connection stays open for at most `first_byte` when it is silent, `head` while it
/// sends a request head, and `keep_alive_idle` between requests. With a request in flight it stays open until the
/// response is complete (the request has its own deadline), or until `slow_reader` has passed without progress of the
/// response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerSettings {
    /// Time from accepting to the first byte.
    pub first_byte: Duration,
    /// Time from the first byte of a request head to its end.
    pub head: Duration,
    /// Time from a response to the first byte of the next request.
    pub keep_alive_idle: Duration,
    /// Time without progress while a response is being sent.
    pub slow_reader: Duration,
    /// How long the rest of a rejected request is read and discarded, so that the client receives the response and
    /// not a connection reset.
    pub linger: Duration,
    /// How long idle connections stay open after the listener was closed: a client that is about to reuse one receives
    /// a response with `Connection: close`, and not a reset.
    pub idle_grace: Duration,
    /// How long connections are still accepted after the shutdown signal, so that balancers notice it.
    pub shutdown_delay: Duration,
    /// Whether another process may listen at the same address.
    pub shares_address: bool,
    /// Time for requests in flight after the listener was closed.
    pub grace: Duration,
    /// Maximum number of open connections.
    pub connections: usize,
    /// Maximum number of open connections per address (per /64 network for IPv6).
    pub connections_per_address: usize,
    /// Reverse proxies. Only the total limit applies to them, because they forward the requests of many clients.
    pub trusted_proxies: Vec<IpNet>,
}

#[cfg(test)]
impl ServerSettings {
    /// Settings for unit tests.
    pub(crate) fn for_tests() -> Self {
        Self {
            first_byte: Duration::from_secs(5),
            head: Duration::from_secs(5),
            keep_alive_idle: Duration::from_secs(60),
            slow_reader: Duration::from_secs(30),
            linger: Duration::from_secs(2),
            idle_grace: Duration::from_secs(1),
            shutdown_delay: Duration::ZERO,
            shares_address: false,
            grace: Duration::from_secs(30),
            connections: 1000,
            connections_per_address: 1000,
            trusted_proxies: Vec::new(),
        }
    }
}
