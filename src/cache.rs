//! Bounded caches whose entries expire.
//!
//! ```text
//! coalesced_loads  concurrent loads of one key, made one
//! loading_cache    a cache that loads what is missing
//! ```
//!
//! An entry ends after a time since it was inserted, after a time since it was used last, when it is removed, or when
//! the cache is full: then the entries that are used least make room. Nothing runs in the background: an expired entry
//! is dropped when it is found, and all of them when something is inserted after a lifetime has passed.
//!
//! In: keys, values, how to load a missing one. Out: values. Must not know: what they mean.

mod coalesced_loads;
mod loading_cache;

use std::borrow::Borrow;
use std::convert::Infallible;
use std::fmt;
use std::hash::Hash;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use quick_cache::Weighter;
use quick_cache::sync::Cache;

pub use self::coalesced_loads::CoalescedLoads;
pub use self::loading_cache::LoadingCache;

/// What a cache can contain, and for how long.
#[derive(Debug, Clone, Copy)]
pub struct CacheLimits {
    capacity: u64,
    expected_entries: u64,
    time_to_live: Option<Duration>,
    time_to_idle: Option<Duration>,
}

impl CacheLimits {
    /// The sum of the weights of all entries is at most `capacity`. A value weighs 1 unless it is inserted with another
    /// weight.
    #[must_use]
    pub const fn capacity(capacity: u64) -> Self {
        Self { capacity, expected_entries: capacity, time_to_live: None, time_to_idle: None }
    }

    /// How many entries the cache will contain, if they weigh more than 1. The capacity is divided among so many parts
    /// that each has room for several entries: one that is heavier than its part would never be kept.
    #[must_use]
    pub const fn expected_entries(self, expected_entries: u64) -> Self {
        Self { expected_entries, ..self }
    }

    /// Entries end this long after they were inserted.
    #[must_use]
    pub const fn time_to_live(self, time: Duration) -> Self {
        Self { time_to_live: Some(time), ..self }
    }

    /// Entries end this long after they were used last.
    #[must_use]
    pub const fn time_to_idle(self, time: Duration) -> Self {
        Self { time_to_idle: Some(time), ..self }
    }

    fn shortest(&self) -> Option<Duration> {
        [self.time_to_live, self.time_to_idle].into_iter().flatten().min()
    }
}

#[derive(Debug, Clone)]
struct Entry<V> {
    value: V,
    weight: u64,
    inserted_at: Instant,
    /// Milliseconds from the insertion to the last use, if that counts.
    used: Option<Arc<AtomicU64>>,
}

impl<V> Entry<V> {
    fn is_expired(&self, limits: &CacheLimits, now: Instant) -> bool {
        let age = now.saturating_duration_since(self.inserted_at);
        let idle = |used: &AtomicU64| age.saturating_sub(Duration::from_millis(used.load(Ordering::Relaxed)));
        limits.time_to_live.is_some_and(|limit| age >= limit)
            || limits.time_to_idle.zip(self.used.as_deref()).is_some_and(|(limit, used)| idle(used) >= limit)
    }

    fn mark_used(&self, now: Instant) {
        if let Some(used) = &self.used {
            let age = now.saturating_duration_since(self.inserted_at).as_millis();
            used.fetch_max(u64::try_from(age).unwrap_or(u64::MAX), Ordering::Relaxed);
        }
    }
}

#[derive(Debug, Clone, Copy)]
struct EntryWeight;

impl<K, V> Weighter<K, Entry<V>> for EntryWeight {
    fn weight(&self, _key: &K, entry: &Entry<V>) -> u64 {
        entry.weight.max(1)
    }
}

/// A bounded cache whose entries expire. [`get`](Self::get) clones the value.
pub struct ExpiringCache<K, V> {
    entries: Cache<K, Entry<V>, EntryWeight>,
    limits: CacheLimits,
    /// When expired entries were dropped last.
    swept_at: Mutex<Instant>,
}

impl<K, V> fmt::Debug for ExpiringCache<K, V> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("ExpiringCache").field("limits", &self.limits).finish_non_exhaustive()
    }
}

impl<K: Hash + Eq + Clone, V: Clone> ExpiringCache<K, V> {
    /// An empty cache.
    #[must_use]
    pub fn new(limits: CacheLimits) -> Self {
        // Nothing is allocated before it is used.
        let expected = usize::try_from(limits.expected_entries).unwrap_or(usize::MAX);
        let entries = Cache::with_weighter(expected, limits.capacity, EntryWeight);
        Self { entries, limits, swept_at: Mutex::new(Instant::now()) }
    }

    /// The value of the key, unless it has expired.
    pub fn get<Q: Hash + Eq + ?Sized>(&self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        let entry = self.entries.get(key)?;
        let now = Instant::now();
        if entry.is_expired(&self.limits, now) {
            self.entries.remove_if(key, |entry| entry.is_expired(&self.limits, now));
            return None;
        }
        entry.mark_used(now);
        Some(entry.value)
    }

    /// Adds or replaces a value.
    pub fn insert(&self, key: K, value: V) {
        self.insert_weighted(key, value, 1);
    }

    /// Adds or replaces a value that counts as `weight` entries.
    pub fn insert_weighted(&self, key: K, value: V, weight: u64) {
        let now = Instant::now();
        self.sweep(now);
        self.entries.insert(key, self.entry(value, weight, now));
    }

    /// The value of the key; if there is none, the one that `create` returns, which is added.
    pub fn get_or_insert_with<Q>(&self, key: &Q, create: impl FnOnce() -> V) -> V
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
    {
        if let Some(value) = self.get(key) {
            return value;
        }
        let now = Instant::now();
        self.sweep(now);
        let Ok(entry) = self.entries.get_or_insert_with(key, || Ok::<_, Infallible>(self.entry(create(), 1, now)));
        entry.value
    }

    /// Removes the value of the key.
    pub fn remove<Q: Hash + Eq + ?Sized>(&self, key: &Q)
    where
        K: Borrow<Q>,
    {
        self.entries.remove(key);
    }

    /// Removes everything.
    pub fn clear(&self) {
        self.entries.clear();
    }

    fn entry(&self, value: V, weight: u64, inserted_at: Instant) -> Entry<V> {
        let used = self.limits.time_to_idle.map(|_| Arc::default());
        Entry { value, weight, inserted_at, used }
    }

    /// Drops what has expired, if a lifetime has passed since it was done last: so an expired entry stays in memory for
    /// another lifetime at most, as long as something is inserted.
    fn sweep(&self, now: Instant) {
        let Some(interval) = self.limits.shortest() else { return };
        {
            // A concurrent sweep does it for all.
            let Ok(mut swept_at) = self.swept_at.try_lock() else { return };
            if now.saturating_duration_since(*swept_at) < interval {
                return;
            }
            *swept_at = now;
        }
        self.entries.retain(|_, entry| !entry.is_expired(&self.limits, now));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHORT: Duration = Duration::from_millis(30);

    #[test]
    fn entry_ends_after_its_lifetime_and_leaves_the_memory_with_the_next_insertion() {
        let cache = ExpiringCache::new(CacheLimits::capacity(100).time_to_live(SHORT));
        let value = Arc::new(());
        cache.insert("a", value.clone());
        assert!(cache.get("a").is_some());
        std::thread::sleep(SHORT);
        assert!(cache.get("b").is_none());
        assert_eq!(Arc::strong_count(&value), 2, "nothing runs in the background");
        cache.insert("b", Arc::default());
        assert_eq!(Arc::strong_count(&value), 1, "the expired entry is gone");
        assert!(cache.get("a").is_none() && cache.get("b").is_some());
    }

    #[test]
    fn expired_entry_is_dropped_when_it_is_found() {
        let cache = ExpiringCache::new(CacheLimits::capacity(100).time_to_live(SHORT));
        let value = Arc::new(());
        cache.insert(1, value.clone());
        std::thread::sleep(SHORT);
        assert!(cache.get(&1).is_none());
        assert_eq!(Arc::strong_count(&value), 1);
    }

    #[test]
    fn use_extends_the_time_to_idle_but_not_the_time_to_live() {
        let idle = ExpiringCache::new(CacheLimits::capacity(100).time_to_idle(4 * SHORT));
        let live = ExpiringCache::new(CacheLimits::capacity(100).time_to_live(4 * SHORT));
        idle.insert(1, ());
        live.insert(1, ());
        for _ in 0..6 {
            std::thread::sleep(SHORT);
            assert!(idle.get(&1).is_some());
            live.get(&1);
        }
        assert!(live.get(&1).is_none());
        std::thread::sleep(4 * SHORT);
        assert!(idle.get(&1).is_none());
    }

    #[test]
    fn weights_count_and_the_most_used_entries_stay() {
        let cache = ExpiringCache::new(CacheLimits::capacity(1000));
        cache.insert_weighted(0, (), 10);
        for key in 1..5000 {
            assert!(cache.get(&0).is_some(), "{key}");
            cache.insert_weighted(key, (), 10);
        }
        let kept = (0..5000).filter(|key| cache.get(key).is_some()).count();
        assert!((50..=100).contains(&kept), "{kept}");
    }

    #[test]
    fn heavy_entry_is_kept_if_few_are_expected() {
        const MIB: u64 = 1 << 20;
        let cache = ExpiringCache::new(CacheLimits::capacity(16 * MIB).expected_entries(64));
        for key in 0..8 {
            cache.insert_weighted(key, (), MIB / 2);
            assert!(cache.get(&key).is_some(), "{key}");
        }
        assert!(cache.entries.num_shards() <= 2, "on a machine with any number of processors");
    }

    #[test]
    fn even_the_smallest_cache_keeps_an_entry() {
        let cache = ExpiringCache::new(CacheLimits::capacity(1));
        for value in 0..10 {
            cache.insert((), value);
            assert_eq!(cache.get(&()), Some(value));
        }
        assert_eq!(cache.get_or_insert_with(&(), || 99), 9);
        cache.remove(&());
        assert_eq!(cache.get_or_insert_with(&(), || 99), 99);
        cache.clear();
        assert_eq!(cache.get(&()), None);
    }
}
