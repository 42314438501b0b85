//! How often an API key may be used.
//!
//! On PostgreSQL all gateways share the rate. On SQLite the counts exist in this process only: a restart resets them.
//!
//! In: a key's id and rate. Out: the rest of its limit, or how long to wait. Must not know: HTTP.

use std::time::Duration;

use super::token_bucket::shared::Division;
use super::token_bucket::{Refill, TokenBuckets, TokenLevel};
use crate::clock::Clock;
use crate::error::RateLimit;
use crate::shared_limits::Renewals;
use crate::store::KeyRate;

/// Limits the rate of each key. Clones share the counts.
#[derive(Debug, Clone)]
pub(super) struct RateLimiter(TokenBuckets<String>);

impl RateLimiter {
    pub(super) fn new(clock: Clock) -> Self {
        Self(TokenBuckets::new(None, clock))
    }

    /// From now on all gateways share the rates.
    pub(super) fn share(&self, renewals: Renewals) {
        self.0.share(Division::Parts, |key| format!("rate:{key}"), renewals);
    }

    /// What is shared.
    pub(super) fn buckets(&self) -> &TokenBuckets<String> {
        &self.0
    }

    /// Counts one request. Waits only if other gateways may have left something that this one does not know of.
    ///
    /// # Errors
    /// The limit, and how long to wait for the next request.
    pub(super) async fn take(&self, key: &str, rate: KeyRate) -> Result<RateLimit, (RateLimit, Duration)> {
        match self.try_take(key, rate) {
            Ok(limit) => Ok(limit),
            Err(_) => {
                self.0.wait_for_part(key).await;
                self.try_take(key, rate)
            }
        }
    }

    fn try_take(&self, key: &str, rate: KeyRate) -> Result<RateLimit, (RateLimit, Duration)> {
        let refill = Refill { burst: rate.burst, tokens: rate.requests, seconds: rate.seconds.max(1) };
        let limit = |left: TokenLevel| RateLimit {
            quota: rate.requests,
            window: rate.seconds,
            remaining: whole_requests(left.everywhere),
            reset: refill.time_for(f64::from(rate.burst) - left.everywhere),
        };
        match self.0.take(key, refill) {
            Ok(left) => Ok(limit(left)),
            Err(left) => Err((limit(left), refill.time_for((1.0 - left.here) * left.parts))),
        }
    }
}

/// A level is between 0 and the burst, which is a `u32`.
fn whole_requests(level: f64) -> u32 {
    level as u32
}

#[cfg(test)]
mod tests {
    use time::OffsetDateTime;

    use super::*;

    const RATE: KeyRate = KeyRate { requests: 60, seconds: 60, burst: 10 };

    fn limiter() -> (RateLimiter, Clock) {
        let clock = Clock::manual(OffsetDateTime::UNIX_EPOCH);
        (RateLimiter::new(clock.clone()), clock)
    }

    #[test]
    fn fifty_concurrent_callers_get_exactly_the_burst() {
        let (limiter, _) = limiter();
        let admitted = std::thread::scope(|scope| {
            let callers: Vec<_> = (0..50).map(|_| scope.spawn(|| limiter.try_take("k", RATE).is_ok())).collect();
            callers.into_iter().map(|caller| caller.join().unwrap()).filter(|is_admitted| *is_admitted).count()
        });
        assert_eq!(admitted, 10);
    }

    #[test]
    fn the_announced_wait_is_exactly_long_enough() {
        let (limiter, clock) = limiter();
        while limiter.try_take("k", RATE).is_ok() {}
        let (limit, wait) = limiter.try_take("k", RATE).unwrap_err();
        assert_eq!((limit.quota, limit.window, wait), (60, 60, Duration::from_secs(1)));
        clock.advance(wait - Duration::from_millis(1));
        assert!(limiter.try_take("k", RATE).is_err());
        clock.advance(Duration::from_millis(1));
        assert!(limiter.try_take("k", RATE).is_ok());
        assert!(limiter.try_take("k", RATE).is_err());
    }

    #[test]
    fn keys_are_counted_separately_and_the_rest_is_reported() {
        let (limiter, _) = limiter();
        assert_eq!(limiter.try_take("a", RATE).unwrap().remaining, 9);
        assert_eq!(limiter.try_take("a", RATE).unwrap().remaining, 8);
        assert_eq!(limiter.try_take("b", RATE).unwrap().remaining, 9);
    }
}
