//! How often a key may be used.
//!
//! A token bucket for each key, judged and charged under one lock: among any number of callers at the same moment
//! exactly as many get through as there were tokens.
//!
//! In: a key's id and rate. Out: what is left, or how long to wait. Must not know: HTTP. The buckets live in this
//! process: a restart fills them, and each replica counts for itself, so that N replicas let N times as much through.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use moka::sync::Cache;
use time::OffsetDateTime;

use crate::clock::Clock;
use crate::error::RateLimit;
use crate::store::KeyRate;

/// How many buckets are kept at most; the least used go first.
const MOST_BUCKETS: u64 = 100_000;

/// A level in tokens, and when it was right.
type Bucket = Arc<Mutex<(f64, OffsetDateTime)>>;

/// The buckets of all keys.
#[derive(Debug)]
pub(in crate::auth) struct Allowances {
    buckets: Cache<String, Bucket>,
    clock: Clock,
}

impl Allowances {
    /// All full.
    pub(in crate::auth) fn new(clock: Clock) -> Self {
        Self { buckets: Cache::new(MOST_BUCKETS), clock }
    }

    /// Takes one request's worth.
    ///
    /// # Errors
    /// What is allowed, and how long to wait for the next.
    pub(in crate::auth) fn take(&self, key: &str, rate: KeyRate) -> Result<RateLimit, (RateLimit, Duration)> {
        let full = || Bucket::new(Mutex::new((f64::from(rate.burst), self.clock.now())));
        let bucket = self.buckets.get_with_by_ref(key, full);
        let mut state = bucket.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.clock.now();
        let (level, at) = *state;
        let per_second = f64::from(rate.requests) / f64::from(rate.seconds.max(1));
        let level = (level + (now - at).as_seconds_f64().max(0.0) * per_second).min(f64::from(rate.burst));
        let granted = level >= 1.0;
        let left = if granted { level - 1.0 } else { level };
        *state = (left, now);
        drop(state);
        let limit = limit(rate, left, per_second);
        if granted { Ok(limit) } else { Err((limit, seconds((1.0 - left) / per_second))) }
    }
}

fn limit(rate: KeyRate, left: f64, per_second: f64) -> RateLimit {
    let until_full = seconds((f64::from(rate.burst) - left) / per_second);
    RateLimit { quota: rate.requests, window: rate.seconds, remaining: whole(left), reset: until_full }
}

/// Whole requests. A level lies between nothing and the burst, which is a `u32`.
fn whole(level: f64) -> u32 {
    level as u32
}

fn seconds(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: KeyRate = KeyRate { requests: 60, seconds: 60, burst: 10 };

    fn allowances() -> (Allowances, Clock) {
        let clock = Clock::manual(OffsetDateTime::UNIX_EPOCH);
        (Allowances::new(clock.clone()), clock)
    }

    #[test]
    fn fifty_callers_at_once_get_exactly_the_burst() {
        let (allowances, _) = allowances();
        let through = std::thread::scope(|scope| {
            let callers: Vec<_> = (0..50).map(|_| scope.spawn(|| allowances.take("k", RATE).is_ok())).collect();
            callers.into_iter().map(|caller| caller.join().unwrap()).filter(|through| *through).count()
        });
        assert_eq!(through, 10);
    }

    #[test]
    fn waiting_as_long_as_told_is_enough_and_no_less_is() {
        let (allowances, clock) = allowances();
        while allowances.take("k", RATE).is_ok() {}
        let (limit, wait) = allowances.take("k", RATE).unwrap_err();
        assert_eq!((limit.quota, limit.window, wait), (60, 60, Duration::from_secs(1)));
        clock.advance(wait - Duration::from_millis(1));
        assert!(allowances.take("k", RATE).is_err());
        clock.advance(Duration::from_millis(1));
        assert!(allowances.take("k", RATE).is_ok());
        assert!(allowances.take("k", RATE).is_err());
    }

    #[test]
    fn keys_do_not_share_and_what_is_left_is_told() {
        let (allowances, _) = allowances();
        assert_eq!(allowances.take("a", RATE).unwrap().remaining, 9);
        assert_eq!(allowances.take("a", RATE).unwrap().remaining, 8);
        assert_eq!(allowances.take("b", RATE).unwrap().remaining, 9);
    }
}
