//! Who is at the other end: the peer, or whom a trusted proxy says it speaks for.
//!
//! In: the peer's address, `X-Forwarded-For`. Out: the [`ClientAddress`] that throttles and logs use. Must not know:
//! requests. The list is read from its end, where each proxy adds the address it saw: the first that is no trusted
//! proxy is the client. What stands before it came from the client itself and says nothing (B-04).

use std::net::{IpAddr, SocketAddr};

use http::{HeaderMap, Request};
use ipnet::IpNet;

use crate::serve::ClientAddress;

/// What is to be known of the peer itself; in the request's extensions.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Peer {
    /// It is one of the trusted proxies.
    pub is_trusted: bool,
    /// It is on this machine.
    pub is_loopback: bool,
}

/// Replaces the peer's address when the peer is a trusted proxy.
pub(super) fn settle<B>(request: &mut Request<B>, trusted: &[IpNet]) {
    let Some(ClientAddress(peer)) = request.extensions().get().copied() else { return };
    let address = peer.ip().to_canonical();
    let is_trusted = trusted.iter().any(|network| network.contains(&address));
    request.extensions_mut().insert(Peer { is_trusted, is_loopback: address.is_loopback() });
    let client = client_of(peer.ip(), request.headers(), trusted);
    if client != peer.ip() {
        request.extensions_mut().insert(ClientAddress(SocketAddr::new(client, 0)));
    }
}

fn client_of(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let is_trusted = |address: &IpAddr| trusted.iter().any(|network| network.contains(&address.to_canonical()));
    if !is_trusted(&peer) {
        return peer;
    }
    let values: Vec<&str> =
        headers.get_all("x-forwarded-for").iter().map(|value| value.to_str().unwrap_or_default()).collect();
    let mut client = peer;
    for hop in values.iter().rev().flat_map(|value| value.rsplit(',')) {
        // Behind something unreadable nothing can be believed.
        let Some(address) = address_of(hop.trim()) else { break };
        client = address;
        if !is_trusted(&address) {
            break;
        }
    }
    client
}

/// `192.0.2.1`, `192.0.2.1:4711`, `2001:db8::1`, `[2001:db8::1]:4711`.
fn address_of(hop: &str) -> Option<IpAddr> {
    let bare = hop.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(hop);
    bare.parse().ok().or_else(|| hop.parse::<SocketAddr>().ok().map(|address| address.ip()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(peer: &str, forwarded: &[&str]) -> String {
        let trusted = ["10.0.0.0/8".parse().unwrap(), "::1/128".parse().unwrap()];
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append("x-forwarded-for", value.parse().unwrap());
        }
        client_of(peer.parse().unwrap(), &headers, &trusted).to_string()
    }

    #[test]
    fn the_last_hop_that_is_no_trusted_proxy_is_the_client() {
        for (peer, forwarded, address) in [
            ("192.0.2.9", vec!["203.0.113.1"], "192.0.2.9"),
            ("10.0.0.1", vec![], "10.0.0.1"),
            ("10.0.0.1", vec!["203.0.113.1"], "203.0.113.1"),
            ("10.0.0.1", vec!["1.2.3.4, 203.0.113.1, 10.0.0.7"], "203.0.113.1"),
            ("10.0.0.1", vec!["1.2.3.4", "203.0.113.1:5555"], "203.0.113.1"),
            ("::1", vec!["[2001:db8::1]:443"], "2001:db8::1"),
            ("::ffff:10.0.0.1", vec!["203.0.113.1"], "203.0.113.1"),
            ("10.0.0.1", vec!["203.0.113.1, nonsense"], "10.0.0.1"),
            ("10.0.0.1", vec!["nonsense, 10.0.0.7"], "10.0.0.7"),
        ] {
            assert_eq!(client(peer, &forwarded), address, "{peer} {forwarded:?}");
        }
    }
}
