//! Token buckets.
//!
//! A bucket starts full, with `burst` tokens, and is refilled continuously up to that number. It is read and changed
//! under one lock: of any number of concurrent callers exactly as many get a token as there are.
//!
//! On SQLite the buckets exist in this process only: a restart refills them. On PostgreSQL all gateways share them
//! ([`shared`]): what is taken here is reported, and the level here is the part of the common level that this gateway
//! may use. A bucket that is used begins with a part that is known without a query.
//!
//! In: a key, its rate, the time. Out: levels. Must not know: what is limited.

pub(super) mod shared;

use std::borrow::Borrow;
use std::hash::Hash;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use time::OffsetDateTime;

use self::shared::{BucketReport, SharedBuckets};
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
    /// The tokens that are added each second.
    fn per_second(self) -> f64 {
        f64::from(self.tokens) / f64::from(self.seconds)
    }

    /// How long it takes until this many tokens were added.
    pub(super) fn time_for(self, tokens: f64) -> Duration {
        let seconds = tokens * f64::from(self.seconds) / f64::from(self.tokens.max(1));
        Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)
    }
}

/// The level of a bucket.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct TokenLevel {
    /// The tokens that this gateway may use.
    pub(super) here: f64,
    /// The tokens of all gateways, as far as this one knows.
    pub(super) everywhere: f64,
    /// Into how many parts the tokens are divided that are added.
    pub(super) parts: f64,
}

/// The number of tokens at a time.
#[derive(Debug)]
struct Bucket {
    level: f64,
    at: OffsetDateTime,
    /// This gateway may use one of so many parts.
    parts: f64,
    /// What other gateways know of it.
    report: BucketReport,
}

impl Bucket {
    fn new(level: f64, now: OffsetDateTime) -> Self {
        Self { level, at: now, parts: 1.0, report: BucketReport::default() }
    }

    fn level(&self, refill: Refill, now: OffsetDateTime) -> f64 {
        let elapsed = (now - self.at).as_seconds_f64().max(0.0);
        let added = elapsed * refill.per_second() / self.parts;
        (self.level + added).min(f64::from(refill.burst) / self.parts)
    }

    fn describe(&self, refill: Refill, here: f64, is_shared: bool) -> TokenLevel {
        let everywhere = if self.report.is_known || !is_shared {
            here * self.parts
        } else {
            f64::from(refill.burst) - self.report.unreported.max(0.0)
        };
        TokenLevel { here, everywhere, parts: self.parts }
    }
}

/// Buckets by key. Clones share them.
#[derive(Debug, Clone)]
pub(super) struct TokenBuckets<K: Hash + Eq + Clone> {
    buckets: Arc<ExpiringCache<K, Arc<Mutex<Bucket>>>>,
    clock: Clock,
    shared: Arc<OnceLock<SharedBuckets<K>>>,
}

impl<K: Hash + Eq + Clone> TokenBuckets<K> {
    /// `time_to_idle`: a bucket that is not used for this long is full again and can be dropped.
    pub(super) fn new(time_to_idle: Option<Duration>, clock: Clock) -> Self {
        let limits = CacheLimits::capacity(CAPACITY);
        let limits = time_to_idle.map_or(limits, |time| limits.time_to_idle(time));
        Self { buckets: Arc::new(ExpiringCache::new(limits)), clock, shared: Arc::default() }
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
    pub(super) fn take<Q>(&self, key: &Q, refill: Refill) -> Result<TokenLevel, TokenLevel>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
    {
        self.change(key, refill, |level| match level - 1.0 {
            left if left >= 0.0 => (left, Ok(())),
            _ => (level, Err(())),
        })
    }

    /// Adds tokens, up to the size of the bucket; removes them if the number is negative.
    pub(super) fn add<Q>(&self, key: &Q, refill: Refill, tokens: f64)
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
    {
        let _ = self.change(key, refill, |level| (level + tokens, Ok(())));
    }

    fn change<Q>(
        &self,
        key: &Q,
        refill: Refill,
        change: impl FnOnce(f64) -> (f64, Result<(), ()>),
    ) -> Result<TokenLevel, TokenLevel>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
    {
        let shared = self.shared.get();
        let first = shared.map_or(f64::from(refill.burst), |shared| shared.first_level(refill));
        let new = || Arc::new(Mutex::new(Bucket::new(first, self.clock.now())));
        let found = self.buckets.get_or_insert_with(key, new);
        let mut bucket = found.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.clock.now();
        let full = bucket.level(refill, now);
        let before = shared.map_or(full, |shared| shared.usable_level(&bucket, refill, full));
        let (level, result) = change(before);
        bucket.level = level.min(f64::from(refill.burst) / bucket.parts);
        bucket.at = now;
        if let Some(shared) = shared {
            shared.record(key, &found, &mut bucket, refill, before - level);
        }
        let level = bucket.describe(refill, level, shared.is_some());
        result.map(|()| level).map_err(|()| level)
    }
}
