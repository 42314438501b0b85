//! Limits the number of open connections, in total and per address.
//!
//! In: addresses of peers. Out: a [`ConnectionPermit`] that is released on drop, or the reason for a rejection. Must
//! not know: sockets.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};

use ipnet::IpNet;

use super::settings::ServerSettings;

/// The limits and the number of open connections.
#[derive(Debug)]
pub(super) struct ConnectionLimit {
    total: usize,
    per_address: usize,
    trusted_proxies: Vec<IpNet>,
    open: Mutex<OpenConnections>,
}

#[derive(Debug, Default)]
struct OpenConnections {
    total: usize,
    per_source: HashMap<IpAddr, usize>,
}

/// The right to one open connection; released on drop.
#[derive(Debug)]
pub(super) struct ConnectionPermit {
    limit: Arc<ConnectionLimit>,
    source: Option<IpAddr>,
}

/// Why a connection is rejected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ConnectionRefused {
    /// The total limit is reached.
    Full,
    /// The limit of this address is reached.
    Address,
}

impl ConnectionRefused {
    /// The label of the metric `connections_refused`.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Address => "address",
        }
    }
}

impl ConnectionLimit {
    pub(super) fn new(settings: &ServerSettings) -> Arc<Self> {
        Arc::new(Self {
            total: settings.connections,
            per_address: settings.connections_per_address,
            trusted_proxies: settings.trusted_proxies.clone(),
            open: Mutex::default(),
        })
    }

    /// Acquires a permit for a connection from this address.
    pub(super) fn acquire(self: &Arc<Self>, address: IpAddr) -> Result<ConnectionPermit, ConnectionRefused> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.total >= self.total {
            return Err(ConnectionRefused::Full);
        }
        let is_proxy = self.trusted_proxies.iter().any(|proxy| proxy.contains(&address.to_canonical()));
        let source = (!is_proxy).then(|| source(address));
        if let Some(source) = source {
            let count = open.per_source.entry(source).or_default();
            if *count >= self.per_address {
                return Err(ConnectionRefused::Address);
            }
            *count += 1;
        }
        open.total += 1;
        Ok(ConnectionPermit { limit: Arc::clone(self), source })
    }
}

impl Drop for ConnectionPermit {
    fn drop(&mut self) {
        let mut open = self.limit.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.total = open.total.saturating_sub(1);
        let Some(source) = self.source else { return };
        if let Some(count) = open.per_source.get_mut(&source) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                open.per_source.remove(&source);
            }
        }
    }
}

/// The address that counts: the /64 network for IPv6, because one subscriber controls all of it.
fn source(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(six) => Ipv6Addr::from_bits(six.to_bits() >> 64 << 64).into(),
        four => four,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limit(connections: usize, connections_per_address: usize, proxies: &[&str]) -> Arc<ConnectionLimit> {
        let trusted_proxies = proxies.iter().map(|text| IpNet::from(text.parse::<IpAddr>().unwrap())).collect();
        ConnectionLimit::new(&ServerSettings {
            connections,
            connections_per_address,
            trusted_proxies,
            ..ServerSettings::for_tests()
        })
    }

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn connections_per_address_are_limited_until_one_is_closed() {
        let limit = limit(10, 2, &[]);
        let first = limit.acquire(address("192.0.2.1")).unwrap();
        let _second = limit.acquire(address("::ffff:192.0.2.1")).unwrap();
        assert_eq!(limit.acquire(address("192.0.2.1")).unwrap_err(), ConnectionRefused::Address);
        let _other = limit.acquire(address("192.0.2.2")).unwrap();
        drop(first);
        assert!(limit.acquire(address("192.0.2.1")).is_ok());
    }

    #[test]
    fn addresses_of_one_ipv6_network_share_a_limit() {
        let limit = limit(10, 1, &[]);
        let _first = limit.acquire(address("2001:db8::1")).unwrap();
        assert_eq!(limit.acquire(address("2001:db8::ffff:1")).unwrap_err(), ConnectionRefused::Address);
        assert!(limit.acquire(address("2001:db8:0:1::1")).is_ok());
    }

    #[test]
    fn trusted_proxies_have_only_the_total_limit() {
        let limit = limit(3, 1, &["127.0.0.1"]);
        let _permits: Vec<_> = (0..3).map(|_| limit.acquire(address("127.0.0.1")).unwrap()).collect();
        assert_eq!(limit.acquire(address("127.0.0.1")).unwrap_err(), ConnectionRefused::Full);
    }

    #[test]
    fn addresses_without_connections_are_not_stored() {
        let limit = limit(3, 1, &[]);
        drop(limit.acquire(address("192.0.2.1")));
        assert!(limit.open.lock().unwrap().per_source.is_empty());
    }
}
