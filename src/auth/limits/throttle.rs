//! How often a login or token may be tried without success.
//!
//! Odoo does not limit wrong passwords over XML-RPC (docs/security.md F1), so the gateway does, with token buckets by
//! address and login, by login, by address and for all clients together. Only failures cost: an attempt takes a token
//! from each bucket before Odoo is asked, a success refunds them. One address empties its own bucket for a login long
//! before the bucket of the login. Many addresses together can empty the bucket of the login, so an address from
//! which the login was verified before is limited by its own bucket for that login alone: no client can lock it out
//! from elsewhere.
//!
//! The counts exist in this process only: a restart resets them, and each replica counts separately.
//!
//! In: an address, a login, the time. Out: permission, or how long to wait. Must not know: secrets, HTTP.

use std::net::IpAddr;
use std::time::Duration;

use super::token_bucket::{Refill, TokenBuckets};
use crate::clock::Clock;

/// The rate of one kind of bucket.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ThrottleRate {
    /// Attempts that are possible at once.
    pub burst: u32,
    /// Attempts that are added each minute.
    pub per_minute: u32,
}

/// The four limits.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ThrottleSettings {
    /// For one login from one address.
    pub address_and_login: ThrottleRate,
    /// For one login from any address.
    pub login: ThrottleRate,
    /// For one address (IPv6: its /64).
    pub address: ThrottleRate,
    /// For all clients together.
    pub global: ThrottleRate,
}

/// Whether a login was verified from an address before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AddressStatus {
    /// It was not.
    New,
    /// It was.
    Proven,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Key {
    AddressAndLogin(IpAddr, String),
    Login(String),
    Address(IpAddr),
    Global,
}

/// Limits failed attempts.
#[derive(Debug)]
pub struct Throttle {
    settings: ThrottleSettings,
    buckets: TokenBuckets<Key>,
}

/// An attempt that was admitted. It costs unless it is [refunded](Self::refund).
#[derive(Debug)]
#[must_use]
pub struct Attempt<'t> {
    throttle: &'t Throttle,
    keys: Vec<(Key, ThrottleRate)>,
}

impl Throttle {
    /// A throttle that has counted nothing.
    #[must_use]
    pub fn new(settings: ThrottleSettings, clock: Clock) -> Self {
        let rates = [settings.address_and_login, settings.login, settings.address, settings.global];
        let time_to_fill = rates.iter().map(|rate| rate.time_to_fill()).max().unwrap_or_default();
        Self { settings, buckets: TokenBuckets::new(Some(time_to_fill), clock) }
    }

    /// Checks whether an attempt would be admitted now, without counting one.
    ///
    /// # Errors
    /// How long to wait.
    pub fn peek(&self, address: IpAddr, login: &str, status: AddressStatus) -> Result<(), Duration> {
        let wait = self.keys(address, login, status).iter().map(|(key, rate)| self.wait(key, *rate)).max();
        wait.filter(|wait| !wait.is_zero()).map_or(Ok(()), Err)
    }

    /// Admits an attempt from a new address and takes a token from each bucket.
    ///
    /// # Errors
    /// How long to wait; no token was taken.
    pub fn take(&self, address: IpAddr, login: &str) -> Result<Attempt<'_>, Duration> {
        self.take_as(address, login, AddressStatus::New)
    }

    /// Admits an attempt and takes a token from each bucket that counts for this status.
    ///
    /// # Errors
    /// As [`take`](Self::take).
    pub fn take_as(&self, address: IpAddr, login: &str, status: AddressStatus) -> Result<Attempt<'_>, Duration> {
        self.peek(address, login, status)?;
        let keys = self.keys(address, login, status);
        for (key, rate) in &keys {
            self.buckets.add(key, rate.refill(), -1.0);
        }
        Ok(Attempt { throttle: self, keys })
    }

    fn keys(&self, address: IpAddr, login: &str, status: AddressStatus) -> Vec<(Key, ThrottleRate)> {
        let address = client_network(address);
        let own = (Key::AddressAndLogin(address, login.to_owned()), self.settings.address_and_login);
        match status {
            AddressStatus::Proven => vec![own],
            AddressStatus::New => vec![
                own,
                (Key::Login(login.to_owned()), self.settings.login),
                (Key::Address(address), self.settings.address),
                (Key::Global, self.settings.global),
            ],
        }
    }

    fn wait(&self, key: &Key, rate: ThrottleRate) -> Duration {
        let refill = rate.refill();
        match self.buckets.level(key, refill) {
            Some(level) if level < 1.0 => refill.time_for(1.0 - level),
            _ => Duration::ZERO,
        }
    }
}

impl Attempt<'_> {
    /// Returns the tokens, because the attempt did not fail.
    pub fn refund(self) {
        for (key, rate) in &self.keys {
            self.throttle.buckets.add(key, rate.refill(), 1.0);
        }
    }
}

impl ThrottleRate {
    fn refill(self) -> Refill {
        Refill { burst: self.burst, tokens: self.per_minute, seconds: 60 }
    }

    fn time_to_fill(self) -> Duration {
        self.refill().time_for(f64::from(self.burst)) + Duration::from_secs(1)
    }
}

/// The network of one client. An IPv6 client usually owns a /64 and could use each address of it.
pub(super) fn client_network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6((u128::from(v6) & !u128::from(u64::MAX)).into()),
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, Ipv6Addr};

    use time::OffsetDateTime;

    use super::*;

    const HERE: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
    const THERE: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 2));

    fn throttle() -> (Throttle, Clock) {
        let clock = Clock::manual(OffsetDateTime::UNIX_EPOCH);
        let rate = |burst, per_minute| ThrottleRate { burst, per_minute };
        let settings = ThrottleSettings {
            address_and_login: rate(3, 3),
            login: rate(30, 30),
            address: rate(5, 5),
            global: rate(100, 600),
        };
        (Throttle::new(settings, clock.clone()), clock)
    }

    fn admitted(throttle: &Throttle, address: IpAddr, login: &str, attempts: usize) -> usize {
        (0..attempts).filter(|_| throttle.take(address, login).map(drop).is_ok()).count()
    }

    #[test]
    fn of_a_thousand_guesses_in_a_minute_at_most_ten_reach_odoo() {
        let (throttle, clock) = throttle();
        let mut reached = 0;
        for n in 0..1000 {
            reached += admitted(&throttle, HERE, &format!("login{}", n % 50), 1);
            clock.advance(Duration::from_millis(60));
        }
        assert!((5..=10).contains(&reached), "{reached}");
    }

    #[test]
    fn guesses_from_one_address_do_not_lock_out_the_login_at_another() {
        let (throttle, _) = throttle();
        assert_eq!(admitted(&throttle, HERE, "victim", 500), 3);
        assert_eq!(admitted(&throttle, THERE, "victim", 1), 1);
    }

    #[test]
    fn sixty_addresses_do_not_lock_out_an_address_from_which_the_login_was_proven() {
        let (throttle, _) = throttle();
        for n in 0..60 {
            admitted(&throttle, IpAddr::V4(Ipv4Addr::new(198, 51, 100, n)), "victim", 3);
        }
        throttle.take(HERE, "victim").unwrap_err();
        // Failed attempts from this address count as before.
        let own = (0..5).filter(|_| throttle.take_as(HERE, "victim", AddressStatus::Proven).is_ok()).count();
        assert_eq!(own, 3);
    }

    #[test]
    fn successes_cost_nothing_and_the_announced_wait_is_long_enough() {
        let (throttle, clock) = throttle();
        for _ in 0..50 {
            throttle.take(HERE, "honest").unwrap().refund();
        }
        assert_eq!(admitted(&throttle, HERE, "honest", 10), 3);
        let wait = throttle.peek(HERE, "honest", AddressStatus::New).unwrap_err();
        clock.advance(wait);
        assert_eq!(admitted(&throttle, HERE, "honest", 10), 1);
    }

    #[test]
    fn the_addresses_of_one_ipv6_network_count_as_one_client() {
        let (throttle, _) = throttle();
        let address = |n: u16| IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, n, 0, 0, 1));
        let reached: usize = (0..50).map(|n| admitted(&throttle, address(n), &format!("l{n}"), 1)).sum();
        assert_eq!(reached, 5);
    }
}
