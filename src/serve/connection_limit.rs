//! Who may still come in: caps on open connections, in all and for one address.
//!
//! In: addresses of peers. Out: a [`Seat`] that frees itself, or why there is none. Must not know: sockets.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};

use ipnet::IpNet;

use super::settings::EdgeSettings;

/// The open connections, counted.
#[derive(Debug)]
pub(super) struct Seats {
    total: usize,
    per_address: usize,
    proxies: Vec<IpNet>,
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    all: usize,
    of: HashMap<IpAddr, usize>,
}

/// One open connection; free again when dropped.
#[derive(Debug)]
pub(super) struct Seat {
    seats: Arc<Seats>,
    source: Option<IpAddr>,
}

/// Why a connection is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoSeat {
    /// The house is full.
    Full,
    /// This address has enough.
    Address,
}

impl NoSeat {
    /// The word for the metrics.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Address => "address",
        }
    }
}

impl Seats {
    pub(super) fn new(settings: &EdgeSettings) -> Arc<Self> {
        Arc::new(Self {
            total: settings.connections,
            per_address: settings.connections_per_address,
            proxies: settings.proxies.clone(),
            taken: Mutex::default(),
        })
    }

    /// A seat for this address.
    pub(super) fn take(self: &Arc<Self>, address: IpAddr) -> Result<Seat, NoSeat> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if taken.all >= self.total {
            return Err(NoSeat::Full);
        }
        let source =
            (!self.proxies.iter().any(|proxy| proxy.contains(&address.to_canonical()))).then(|| source(address));
        if let Some(source) = source {
            let count = taken.of.entry(source).or_default();
            if *count >= self.per_address {
                return Err(NoSeat::Address);
            }
            *count += 1;
        }
        taken.all += 1;
        Ok(Seat { seats: Arc::clone(self), source })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.seats.taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.all = taken.all.saturating_sub(1);
        let Some(source) = self.source else { return };
        if let Some(count) = taken.of.get_mut(&source) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                taken.of.remove(&source);
            }
        }
    }
}

/// Whom an address stands for: one IPv6 subscriber has a whole /64 to choose from.
fn source(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(six) => Ipv6Addr::from_bits(six.to_bits() >> 64 << 64).into(),
        four => four,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seats(connections: usize, connections_per_address: usize, proxies: &[&str]) -> Arc<Seats> {
        let proxies = proxies.iter().map(|text| IpNet::from(text.parse::<IpAddr>().unwrap())).collect();
        Seats::new(&EdgeSettings { connections, connections_per_address, proxies, ..EdgeSettings::default() })
    }

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn an_address_has_its_share_and_gets_it_back() {
        let seats = seats(10, 2, &[]);
        let first = seats.take(address("192.0.2.1")).unwrap();
        let _second = seats.take(address("::ffff:192.0.2.1")).unwrap();
        assert_eq!(seats.take(address("192.0.2.1")).unwrap_err(), NoSeat::Address);
        let _other = seats.take(address("192.0.2.2")).unwrap();
        drop(first);
        assert!(seats.take(address("192.0.2.1")).is_ok());
    }

    #[test]
    fn one_v6_network_counts_as_one() {
        let seats = seats(10, 1, &[]);
        let _first = seats.take(address("2001:db8::1")).unwrap();
        assert_eq!(seats.take(address("2001:db8::ffff:1")).unwrap_err(), NoSeat::Address);
        assert!(seats.take(address("2001:db8:0:1::1")).is_ok());
    }

    #[test]
    fn a_proxy_is_held_by_the_total_only() {
        let seats = seats(3, 1, &["127.0.0.1"]);
        let _held: Vec<_> = (0..3).map(|_| seats.take(address("127.0.0.1")).unwrap()).collect();
        assert_eq!(seats.take(address("127.0.0.1")).unwrap_err(), NoSeat::Full);
    }

    #[test]
    fn nothing_is_remembered_of_those_who_left() {
        let seats = seats(3, 1, &[]);
        drop(seats.take(address("192.0.2.1")));
        assert!(seats.taken.lock().unwrap().of.is_empty());
    }
}
