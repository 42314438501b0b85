//! How often an API key may be used.
//!
//! The counts exist in this process only: a restart resets them, and N replicas allow N times as many requests.
//!
//! In: a key's id and rate. Out: the rest of its limit, or how long to wait. Must not know: HTTP.

use std::time::Duration;

use super::token_bucket::{Refill, TokenBuckets};
use crate::clock::Clock;
use crate::error::RateLimit;
use crate::store::KeyRate;

/// Limits the rate of each key. Clones share the counts.
#[derive(Debug, Clone)]
pub(super) struct RateLimiter(TokenBuckets<String>);

impl RateLimiter {
    pub(super) fn new(clock: Clock) -> Self {
        Self(TokenBuckets::new(None, clock))
    }

    /// Counts one request.
    ///
    /// # Errors
    /// The limit, and how long to wait for the next request.
    pub(super) fn take(&self, key: &str, rate: KeyRate) -> Result<RateLimit, (RateLimit, Duration)> {
        let refill = Refill { burst: rate.burst, tokens: rate.requests, seconds: rate.seconds.max(1) };
        let limit = |left: f64| RateLimit {
            quota: rate.requests,
            window: rate.seconds,
            remaining: whole_requests(left),
            reset: refill.time_for(f64::from(rate.burst) - left),
        };
        match self.0.take(key, refill) {
            Ok(left) => Ok(limit(left)),
            Err(left) => Err((limit(left), refill.time_for(1.0 - left))),
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
            let callers: Vec<_> = (0..50).map(|_| scope.spawn(|| limiter.take("k", RATE).is_ok())).collect();
            callers.into_iter().map(|caller| caller.join().unwrap()).filter(|is_admitted| *is_admitted).count()
        });
        assert_eq!(admitted, 10);
    }

    #[test]
    fn the_announced_wait_is_exactly_long_enough() {
        let (limiter, clock) = limiter();
        while limiter.take("k", RATE).is_ok() {}
        let (limit, wait) = limiter.take("k", RATE).unwrap_err();
        assert_eq!((limit.quota, limit.window, wait), (60, 60, Duration::from_secs(1)));
        clock.advance(wait - Duration::from_millis(1));
        assert!(limiter.take("k", RATE).is_err());
        clock.advance(Duration::from_millis(1));
        assert!(limiter.take("k", RATE).is_ok());
        assert!(limiter.take("k", RATE).is_err());
    }

    #[test]
    fn keys_are_counted_separately_and_the_rest_is_reported() {
        let (limiter, _) = limiter();
        assert_eq!(limiter.take("a", RATE).unwrap().remaining, 9);
        assert_eq!(limiter.take("a", RATE).unwrap().remaining, 8);
        assert_eq!(limiter.take("b", RATE).unwrap().remaining, 9);
    }
}
