//! How patient the edge is, and how much it takes on.
//!
//! In: configuration. Out: plain values. Must not know: requests.

use std::time::Duration;

use ipnet::IpNet;

/// Deadlines and caps of one listener.
///
/// How long a connection can stay open without a request in flight, at most: `first_byte` when silent, `head`
/// when it dribbles a header, `keep_alive_idle` between requests. With one in flight it lives as long as the
/// answer takes (the request's own deadline), plus `slow_reader` without progress while the answer is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EdgeSettings {
    /// From accepting to the first byte.
    pub first_byte: Duration,
    /// From the first byte of a request head to its end.
    pub head: Duration,
    /// From an answer to the first byte of the next request.
    pub keep_alive_idle: Duration,
    /// Without progress while an answer is being sent.
    pub slow_reader: Duration,
    /// How long what a refused peer still sends is read away, so that it sees the answer and not a reset.
    pub linger: Duration,
    /// How long idle connections stay open after the signal to stop: a client that is just about to use one is answered,
    /// with `Connection: close`, instead of being cut off.
    pub farewell: Duration,
    /// How long requests in flight may finish after the signal to stop.
    pub grace: Duration,
    /// Open connections in all.
    pub connections: usize,
    /// Open connections of one address (IPv6: of one /64).
    pub connections_per_address: usize,
    /// Reverse proxies, which speak for many: only the total cap counts.
    pub proxies: Vec<IpNet>,
}

impl Default for EdgeSettings {
    fn default() -> Self {
        Self {
            first_byte: Duration::from_secs(5),
            head: Duration::from_secs(5),
            keep_alive_idle: Duration::from_secs(60),
            slow_reader: Duration::from_secs(30),
            linger: Duration::from_secs(2),
            farewell: Duration::from_secs(1),
            grace: Duration::from_secs(30),
            connections: 8192,
            connections_per_address: 2048,
            proxies: Vec::new(),
        }
    }
}
