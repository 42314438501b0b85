//! The address of the client: the peer of the connection, or the address that a trusted proxy forwards.
//!
//! In: the peer's address, `X-Forwarded-For`. Out: [`ClientIp`], which throttles and logs use, and [`Peer`].
//! Must not know: routes. Each proxy appends the address it saw, so the list is read from its end: the first address
//! that is not a trusted proxy is the client. Entries before it come from the client itself and are ignored (B-04).

use std::net::{IpAddr, SocketAddr};

use http::{HeaderMap, Request};
use ipnet::IpNet;

use crate::http::request::peer::{ClientIp, Peer};
use crate::serve::Received;

/// The header in which proxies forward the addresses of clients.
pub(super) const X_FORWARDED_FOR: &str = "x-forwarded-for";

/// The other end of the connection, and the client.
pub(super) fn resolve_client_ip<B>(request: &Request<B>, trusted: &[IpNet]) -> (Peer, Option<ClientIp>) {
    let Some(Received { peer, .. }) = request.extensions().get() else { return (Peer::default(), None) };
    let address = peer.ip().to_canonical();
    let is_trusted = trusted.iter().any(|network| network.contains(&address));
    let client = forwarded_client(peer.ip(), request.headers(), trusted);
    (Peer { is_trusted, is_loopback: address.is_loopback() }, Some(ClientIp(client)))
}

fn forwarded_client(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let is_trusted = |address: &IpAddr| trusted.iter().any(|network| network.contains(&address.to_canonical()));
    if !is_trusted(&peer) {
        return peer;
    }
    let values: Vec<&str> =
        headers.get_all(X_FORWARDED_FOR).iter().map(|value| value.to_str().unwrap_or_default()).collect();
    let mut client = peer;
    for hop in values.iter().rev().flat_map(|value| value.rsplit(',')) {
        // Entries before a malformed one are ignored, too.
        let Some(address) = parse_address(hop.trim()) else { break };
        client = address;
        if !is_trusted(&address) {
            break;
        }
    }
    client
}

/// `192.0.2.1`, `192.0.2.1:4711`, `2001:db8::1`, `[2001:db8::1]:4711`.
fn parse_address(hop: &str) -> Option<IpAddr> {
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
        forwarded_client(peer.parse().unwrap(), &headers, &trusted).to_string()
    }

    #[test]
    fn the_last_hop_that_is_not_a_trusted_proxy_is_the_client() {
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
