//! How often a password may be guessed.
//!
//! Odoo counts no wrong passwords over XML-RPC (security.md F1), so the gateway does: token buckets by address and
//! login, by login, by address and for everybody. Only failures cost: a try takes a token from each bucket before
//! Odoo is asked, a success puts it back. One address empties its own bucket for a login long before the login's.
//! Many addresses together do empty that of the login; so an address from which the login was proven before is measured
//! by its own bucket for that login alone, and nobody can be locked out from elsewhere.
//!
//! In: an address, a login, a time. Out: go on, or how long to wait. Must not know: secrets, HTTP. The buckets live
//! in this process: a restart forgets them, and each replica counts for itself.

use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use moka::sync::Cache;
use time::OffsetDateTime;

use crate::clock::Clock;

/// A bucket's size and how fast it fills.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rate {
    /// Tries that are free at once.
    pub burst: u32,
    /// Tries that come back in a minute.
    pub per_minute: u32,
}

/// The four limits.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ThrottleSettings {
    /// For one login from one address.
    pub address_and_login: Rate,
    /// For one login from anywhere.
    pub login: Rate,
    /// For one address (IPv6: its /64).
    pub address: Rate,
    /// For everybody together.
    pub global: Rate,
}

/// What is known of an address that tries a login.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AddressStatus {
    /// Nothing.
    New,
    /// The login was proven from it before.
    Proven,
}

/// How many buckets are kept at most; the least used go first.
const MOST_BUCKETS: u64 = 100_000;

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Key {
    AddressAndLogin(IpAddr, String),
    Login(String),
    Address(IpAddr),
    Global,
}

/// A level in tokens, and when it was right.
type Bucket = std::sync::Arc<Mutex<(f64, OffsetDateTime)>>;

/// The buckets.
#[derive(Debug)]
pub struct Throttle {
    settings: ThrottleSettings,
    buckets: Cache<Key, Bucket>,
    clock: Clock,
}

/// A try that was let through. It costs unless it is [forgiven](Self::forgive).
#[derive(Debug)]
#[must_use]
pub struct Try<'t> {
    throttle: &'t Throttle,
    keys: Vec<(Key, Rate)>,
}

impl Throttle {
    /// All buckets full.
    #[must_use]
    pub fn new(settings: ThrottleSettings, clock: Clock) -> Self {
        let slowest = [settings.address_and_login, settings.login, settings.address, settings.global];
        let refill = slowest.iter().map(Rate::time_to_fill).max().unwrap_or_default();
        Self { settings, buckets: Cache::builder().max_capacity(MOST_BUCKETS).time_to_idle(refill).build(), clock }
    }

    /// Whether a try would be let through now; takes nothing.
    ///
    /// # Errors
    /// How long to wait.
    pub fn peek(&self, address: IpAddr, login: &str, status: AddressStatus) -> Result<(), Duration> {
        let wait = self.keys(address, login, status).iter().map(|(key, rate)| self.look(key, *rate)).max();
        wait.filter(|wait| !wait.is_zero()).map_or(Ok(()), Err)
    }

    /// Lets a try from an address of which nothing is known through and takes a token from each bucket.
    ///
    /// # Errors
    /// How long to wait; nothing was taken.
    pub fn take(&self, address: IpAddr, login: &str) -> Result<Try<'_>, Duration> {
        self.take_as(address, login, AddressStatus::New)
    }

    /// The same, by what is known of the address.
    ///
    /// # Errors
    /// As [`take`](Self::take).
    pub fn take_as(&self, address: IpAddr, login: &str, status: AddressStatus) -> Result<Try<'_>, Duration> {
        self.peek(address, login, status)?;
        let keys = self.keys(address, login, status);
        for (key, rate) in &keys {
            self.change(key, *rate, -1.0);
        }
        Ok(Try { throttle: self, keys })
    }

    fn keys(&self, address: IpAddr, login: &str, status: AddressStatus) -> Vec<(Key, Rate)> {
        let address = network_of(address);
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

    fn look(&self, key: &Key, rate: Rate) -> Duration {
        let Some(bucket) = self.buckets.get(key) else { return Duration::ZERO };
        let level = rate.level(&bucket.lock().unwrap_or_else(PoisonError::into_inner), self.clock.now());
        if level >= 1.0 { Duration::ZERO } else { rate.time_for(1.0 - level) }
    }

    fn change(&self, key: &Key, rate: Rate, by: f64) {
        let now = self.clock.now();
        let bucket = self.buckets.get_with_by_ref(key, || Bucket::new(Mutex::new((f64::from(rate.burst), now))));
        let mut state = bucket.lock().unwrap_or_else(PoisonError::into_inner);
        *state = ((rate.level(&state, now) + by).min(f64::from(rate.burst)), now);
    }
}

impl Try<'_> {
    /// It was no guess: the tokens go back.
    pub fn forgive(self) {
        for (key, rate) in &self.keys {
            self.throttle.change(key, *rate, 1.0);
        }
    }
}

impl Rate {
    fn level(&self, (level, at): &(f64, OffsetDateTime), now: OffsetDateTime) -> f64 {
        let refilled = (now - *at).as_seconds_f64().max(0.0) * f64::from(self.per_minute) / 60.0;
        (level + refilled).min(f64::from(self.burst))
    }

    fn time_for(&self, tokens: f64) -> Duration {
        Duration::from_secs_f64(tokens * 60.0 / f64::from(self.per_minute.max(1)))
    }

    fn time_to_fill(&self) -> Duration {
        self.time_for(f64::from(self.burst)) + Duration::from_secs(1)
    }
}

/// An IPv6 client owns at least a /64 and could try from each of its addresses.
pub(in crate::auth) fn network_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6((u128::from(v6) & !u128::from(u64::MAX)).into()),
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));
    const THERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 2));

    fn throttle() -> (Throttle, Clock) {
        let clock = Clock::manual(OffsetDateTime::UNIX_EPOCH);
        let rate = |burst, per_minute| Rate { burst, per_minute };
        let settings = ThrottleSettings {
            address_and_login: rate(3, 3),
            login: rate(30, 30),
            address: rate(5, 5),
            global: rate(100, 600),
        };
        (Throttle::new(settings, clock.clone()), clock)
    }

    fn guesses(throttle: &Throttle, address: IpAddr, login: &str, count: usize) -> usize {
        (0..count).filter(|_| throttle.take(address, login).map(drop).is_ok()).count()
    }

    #[test]
    fn a_thousand_guesses_in_a_minute_reach_odoo_at_most_ten_times() {
        let (throttle, clock) = throttle();
        let mut reached = 0;
        for n in 0..1000 {
            reached += guesses(&throttle, HERE, &format!("login{}", n % 50), 1);
            clock.advance(Duration::from_millis(60));
        }
        assert!((5..=10).contains(&reached), "{reached}");
    }

    #[test]
    fn a_victim_is_not_locked_out_from_elsewhere() {
        let (throttle, _) = throttle();
        assert_eq!(guesses(&throttle, HERE, "victim", 500), 3);
        assert_eq!(guesses(&throttle, THERE, "victim", 1), 1);
    }

    #[test]
    fn sixty_addresses_do_not_lock_out_an_address_from_which_the_login_was_proven() {
        let (throttle, _) = throttle();
        for n in 0..60 {
            guesses(&throttle, IpAddr::V4(std::net::Ipv4Addr::new(198, 51, 100, n)), "victim", 3);
        }
        throttle.take(HERE, "victim").unwrap_err();
        // Its own guesses count as before.
        let own = (0..5).filter(|_| throttle.take_as(HERE, "victim", AddressStatus::Proven).is_ok()).count();
        assert_eq!(own, 3);
    }

    #[test]
    fn successes_cost_nothing_and_waiting_helps() {
        let (throttle, clock) = throttle();
        for _ in 0..50 {
            throttle.take(HERE, "honest").unwrap().forgive();
        }
        assert_eq!(guesses(&throttle, HERE, "honest", 10), 3);
        let wait = throttle.peek(HERE, "honest", AddressStatus::New).unwrap_err();
        clock.advance(wait);
        assert_eq!(guesses(&throttle, HERE, "honest", 10), 1);
    }

    #[test]
    fn the_addresses_of_one_ipv6_network_are_one_client() {
        let (throttle, _) = throttle();
        let of = |n: u16| IpAddr::V6(std::net::Ipv6Addr::new(0x2001, 0xdb8, 0, 0, n, 0, 0, 1));
        let reached: usize = (0..50).map(|n| guesses(&throttle, of(n), &format!("l{n}"), 1)).sum();
        assert_eq!(reached, 5);
    }
}
