//! The other end of the connection: the peer, and the client, which differ behind a trusted proxy.
//!
//! In: set by the `real_ip` middleware. Out: [`Peer`] and [`ClientIp`]. Must not know: requests.

use std::net::IpAddr;

/// The address of the client, which throttles and logs use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::http) struct ClientIp(pub IpAddr);

/// What the gateway knows about the peer of the connection.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::http) struct Peer {
    /// The peer's address is one of the configured trusted proxies.
    pub is_trusted: bool,
    /// The peer's address is a loopback address.
    pub is_loopback: bool,
}
