//! How often a login or token may be tried without success.
//!
//! Odoo does not limit wrong passwords over XML-RPC (docs/security.md F1), so the gateway does, with token buckets by
//! address and login, by login, by address and for all clients together. Only failures cost: an attempt takes a token
//! from each bucket before Odoo is asked, a success refunds them. One address empties its own bucket for a login long
//! before the bucket of the login. Many addresses together can empty the bucket of the login, so an address from
//! which the login was verified before is limited by its own bucket for that login alone: no client can lock it out
//! from elsewhere.
//!
//! On PostgreSQL all gateways share the counts: they are refreshed before an attempt, and each failure is reported at
//! once. On SQLite they exist in this process only: a restart resets them.
//!
//! In: an address, a login, the time. Out: permission, or how long to wait. Must not know: secrets, HTTP.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};
use std::net::IpAddr;
use std::sync::OnceLock;
use std::time::Duration;

use arc_swap::ArcSwap;
use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures_util::future::join_all;

use super::token_bucket::shared::{Division, MAX_WAIT};
use super::token_bucket::{Refill, TokenBuckets};
use crate::clock::Clock;
use crate::shared_limits::{BucketLevel, BucketUse, Renewals};

/// The most buckets of a renewal, so that failures of many addresses do not slow it down. The others wait for the next
/// one, and count in this gateway until then.
const MAX_REPORTED: usize = 1_000;

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

impl Key {
    /// The name of the bucket in the store: a hash, because logins and addresses of failed attempts are personal data
    /// that the store need not contain, and may be long.
    fn budget(&self) -> String {
        let text = match self {
            Self::AddressAndLogin(address, login) => format!("address {address} login {login}"),
            Self::Login(login) => format!("login {login}"),
            Self::Address(address) => format!("address {address}"),
            Self::Global => "global".to_owned(),
        };
        let hash = digest::digest(&digest::SHA256, text.as_bytes());
        format!("throttle:{}", URL_SAFE_NO_PAD.encode(hash.as_ref()))
    }
}

/// Limits failed attempts.
#[derive(Debug)]
pub struct Throttle {
    limits: ArcSwap<Limits>,
    clock: Clock,
    /// Set if the counts are shared.
    renewals: OnceLock<Renewals>,
}

/// The limits in effect, and what was counted.
#[derive(Debug, Clone)]
struct Limits {
    settings: ThrottleSettings,
    /// How long the buckets are kept without use.
    kept: Duration,
    buckets: TokenBuckets<Key>,
}

/// An attempt that was admitted. It costs unless it is [refunded](Self::refund).
#[derive(Debug)]
#[must_use]
pub struct Attempt<'t> {
    throttle: &'t Throttle,
    keys: Vec<(Key, ThrottleRate)>,
}

impl Limits {
    fn new(settings: ThrottleSettings, clock: Clock) -> Self {
        let kept = settings.time_to_fill();
        Self { settings, kept, buckets: TokenBuckets::new(Some(kept), clock) }
    }
}

impl Throttle {
    /// A throttle that has counted nothing.
    #[must_use]
    pub fn new(settings: ThrottleSettings, clock: Clock) -> Self {
        let limits = ArcSwap::from_pointee(Limits::new(settings, clock.clone()));
        Self { limits, clock, renewals: OnceLock::new() }
    }

    /// From now on all gateways share the counts.
    pub(super) fn share(&self, renewals: Renewals) {
        self.limits.load().buckets.share(Division::Whole, Key::budget, renewals.clone());
        // A second call changes nothing.
        let _ = self.renewals.set(renewals);
    }

    /// What is reported at a renewal.
    pub(super) fn uses(&self) -> Vec<BucketUse> {
        most_used(self.limits.load().buckets.uses(), MAX_REPORTED)
    }

    /// Applies the result of a renewal.
    pub(super) fn apply(&self, gateways: u32, levels: &HashMap<&str, &BucketLevel>) {
        self.limits.load().buckets.apply(gateways, levels);
    }

    /// Waits for the failures that other gateways have counted, if they are shared.
    pub(in crate::auth) async fn refresh(&self, address: IpAddr, login: &str, status: AddressStatus) {
        if self.renewals.get().is_some() {
            let buckets = self.limits.load().buckets.clone();
            let keys = self.keys(address, login, status);
            join_all(keys.iter().map(|(key, rate)| buckets.refresh(key, rate.refill()))).await;
        }
    }

    /// Limits by these settings from now on. The failures so far count, unless buckets fill more slowly than all before:
    /// they would be dropped before they are full.
    pub fn set(&self, settings: ThrottleSettings) {
        let before = self.limits.load();
        let is_kept = settings.time_to_fill() <= before.kept;
        let limits = if is_kept {
            Limits { settings, ..Limits::clone(&before) }
        } else {
            let limits = Limits::new(settings, self.clock.clone());
            if let Some(renewals) = self.renewals.get() {
                limits.buckets.share(Division::Whole, Key::budget, renewals.clone());
            }
            limits
        };
        self.limits.store(limits.into());
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
            self.limits.load().buckets.add(key, rate.refill(), -1.0);
        }
        Ok(Attempt { throttle: self, keys })
    }

    /// Waits until other gateways know the failures so far, if they are shared.
    pub(in crate::auth) async fn reported(&self) {
        if let Some(renewals) = self.renewals.get() {
            renewals.renewed(MAX_WAIT).await;
        }
    }

    fn keys(&self, address: IpAddr, login: &str, status: AddressStatus) -> Vec<(Key, ThrottleRate)> {
        let address = client_network(address);
        let settings = self.limits.load().settings;
        let own = (Key::AddressAndLogin(address, login.to_owned()), settings.address_and_login);
        match status {
            AddressStatus::Proven => vec![own],
            AddressStatus::New => vec![
                own,
                (Key::Login(login.to_owned()), settings.login),
                (Key::Address(address), settings.address),
                (Key::Global, settings.global),
            ],
        }
    }

    fn wait(&self, key: &Key, rate: ThrottleRate) -> Duration {
        let refill = rate.refill();
        match self.limits.load().buckets.level(key, refill) {
            Some(level) if level < 1.0 => refill.time_for(1.0 - level),
            _ => Duration::ZERO,
        }
    }
}

impl Attempt<'_> {
    /// Returns the tokens, because the attempt did not fail.
    pub fn refund(self) {
        for (key, rate) in &self.keys {
            self.throttle.limits.load().buckets.add(key, rate.refill(), 1.0);
        }
    }
}

impl ThrottleSettings {
    /// How long the slowest bucket takes to fill.
    fn time_to_fill(&self) -> Duration {
        let rates = [self.address_and_login, self.login, self.address, self.global];
        rates.iter().map(|rate| rate.time_to_fill()).max().unwrap_or_default()
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

/// At most `limit` of the buckets: the most used ones first, equal ones in an order that differs each time, so that
/// none waits forever.
fn most_used(mut uses: Vec<BucketUse>, limit: usize) -> Vec<BucketUse> {
    if uses.len() > limit {
        let order = RandomState::new();
        uses.sort_by_cached_key(|used| order.hash_one(&used.budget));
        uses.sort_by(|one, other| other.used.abs().total_cmp(&one.used.abs()));
        uses.truncate(limit);
    }
    uses
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
    use std::collections::HashSet;
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
    fn renewal_reports_the_most_used_buckets_and_in_turn_those_that_are_only_read() {
        let used = |n: u16| BucketUse {
            budget: n.to_string(),
            used: if n < 3 { f64::from(n) + 1.0 } else { 0.0 },
            burst: 10.0,
            per_second: 1.0,
        };
        let uses: Vec<BucketUse> = (0..20).map(used).collect();
        assert_eq!(most_used(uses.clone(), 20), uses);
        let mut reported = HashSet::new();
        for _ in 0..1000 {
            let most = most_used(uses.clone(), 5);
            let names: Vec<&str> = most.iter().map(|used| used.budget.as_str()).collect();
            assert_eq!((names.len(), &names[..3]), (5, &["2", "1", "0"][..]));
            reported.extend(most.into_iter().map(|used| used.budget));
        }
        assert_eq!(reported.len(), 20);
    }

    #[test]
    fn the_addresses_of_one_ipv6_network_count_as_one_client() {
        let (throttle, _) = throttle();
        let address = |n: u16| IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, n, 0, 0, 1));
        let reached: usize = (0..50).map(|n| admitted(&throttle, address(n), &format!("l{n}"), 1)).sum();
        assert_eq!(reached, 5);
    }
}
