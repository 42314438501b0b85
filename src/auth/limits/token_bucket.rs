//! Token buckets.
//!
//! A bucket starts full, with `burst` tokens, and is refilled continuously up to that number. It is read and changed
//! under one lock: of any number of concurrent callers exactly as many get a token as there are.
//!
//! The buckets exist in this process only: a restart refills them, and each replica counts separately.
//!
//! In: a key, its rate, the time. Out: levels. Must not know: what is limited.

use std::borrow::Borrow;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use time::OffsetDateTime;

use crate::cache::{CacheLimits, ExpiringCache};
use crate::clock::Clock;

/// The most buckets that exist; the least used are dropped first.
const CAPACITY: u64 = 100_000;

/// The size of a bucket, and how fast it is refilled.
#[derive(Debug, Clone, Copy)]
pub(super) struct Refill {
    /// The size.
    pub(super) burst: u32,
    /// The tokens that are added in `seconds`.
    pub(super) tokens: u32,
    /// The time in which `tokens` are added; at least 1.
    pub(super) seconds: u32,
}

impl Refill {
    /// How long it takes until this many tokens were added.
    pub(super) fn time_for(self, tokens: f64) -> Duration {
        let seconds = tokens * f64::from(self.seconds) / f64::from(self.tokens.max(1));
        Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)
    }
}

/// The number of tokens at a time.
#[derive(Debug)]
struct Bucket {
    level: f64,
    at: OffsetDateTime,
}

impl Bucket {
    fn full(refill: Refill, now: OffsetDateTime) -> Self {
        Self { level: f64::from(refill.burst), at: now }
    }

    fn level(&self, refill: Refill, now: OffsetDateTime) -> f64 {
        let elapsed = (now - self.at).as_seconds_f64().max(0.0);
        let added = elapsed * f64::from(refill.tokens) / f64::from(refill.seconds);
        (self.level + added).min(f64::from(refill.burst))
    }
}

/// Buckets by key. Clones share them.
#[derive(Debug, Clone)]
pub(super) struct TokenBuckets<K: Hash + Eq + Clone> {
    buckets: Arc<ExpiringCache<K, Arc<Mutex<Bucket>>>>,
    clock: Clock,
}

impl<K: Hash + Eq + Clone> TokenBuckets<K> {
    /// `time_to_idle`: a bucket that is not used for this long is full again and can be dropped.
    pub(super) fn new(time_to_idle: Option<Duration>, clock: Clock) -> Self {
        let limits = CacheLimits::capacity(CAPACITY);
        let limits = time_to_idle.map_or(limits, |time| limits.time_to_idle(time));
        Self { buckets: Arc::new(ExpiringCache::new(limits)), clock }
    }

    /// The level now; `None` for a bucket that was never used, which is full.
    pub(super) fn level(&self, key: &K, refill: Refill) -> Option<f64> {
        let bucket = self.buckets.get(key)?;
        let bucket = bucket.lock().unwrap_or_else(PoisonError::into_inner);
        Some(bucket.level(refill, self.clock.now()))
    }

    /// Takes one token if there is one.
    ///
    /// Returns the level after that.
    ///
    /// # Errors
    /// The level, which is below 1.
    pub(super) fn take<Q>(&self, key: &Q, refill: Refill) -> Result<f64, f64>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
    {
        self.change(key, refill, |level| match level - 1.0 {
            left if left >= 0.0 => (left, Ok(left)),
            _ => (level, Err(level)),
        })
    }

    /// Adds tokens, up to the size of the bucket; removes them if the number is negative.
    pub(super) fn add<Q>(&self, key: &Q, refill: Refill, tokens: f64)
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
    {
        self.change(key, refill, |level| ((level + tokens).min(f64::from(refill.burst)), ()));
    }

    fn change<Q, T>(&self, key: &Q, refill: Refill, change: impl FnOnce(f64) -> (f64, T)) -> T
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
    {
        let full = || Arc::new(Mutex::new(Bucket::full(refill, self.clock.now())));
        let bucket = self.buckets.get_or_insert_with(key, full);
        let mut bucket = bucket.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.clock.now();
        let (level, result) = change(bucket.level(refill, now));
        *bucket = Bucket { level, at: now };
        result
    }
}
