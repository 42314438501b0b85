//! A cache that loads what is missing, once for all callers that wait for it.
//!
//! In: keys, how to load a value. Out: the value, or the error of loading it, which is not kept. Must not know: what is
//! loaded.

use std::hash::Hash;

use super::{CacheLimits, CoalescedLoads, ExpiringCache};

/// A bounded cache whose entries expire and whose missing values are loaded.
#[derive(Debug)]
pub struct LoadingCache<K, V, E> {
    cache: ExpiringCache<K, V>,
    weigh: fn(&V) -> u64,
    loads: CoalescedLoads<K, Result<V, E>>,
}

impl<K: Hash + Eq + Clone, V: Clone, E: Clone> LoadingCache<K, V, E> {
    /// An empty cache.
    #[must_use]
    pub fn new(limits: CacheLimits) -> Self {
        Self::weighted(limits, |_| 1)
    }

    /// An empty cache whose values weigh what `weigh` returns.
    #[must_use]
    pub fn weighted(limits: CacheLimits, weigh: fn(&V) -> u64) -> Self {
        Self { cache: ExpiringCache::new(limits), weigh, loads: CoalescedLoads::default() }
    }

    /// The value of the key, if it is in the cache.
    pub fn get(&self, key: &K) -> Option<V> {
        self.cache.get(key)
    }

    /// The value of the key. If it is missing, `load` provides it, or the load of another caller that is in progress.
    ///
    /// # Errors
    /// The error of `load`, for all callers that waited for it. The next caller loads again.
    pub async fn get_or_load(&self, key: K, load: impl Future<Output = Result<V, E>>) -> Result<V, E> {
        if let Some(value) = self.cache.get(&key) {
            return Ok(value);
        }
        let load = async {
            // Another load may have ended since.
            if let Some(value) = self.cache.get(&key) {
                return Ok(value);
            }
            let value = load.await?;
            self.insert(key.clone(), value.clone());
            Ok(value)
        };
        self.loads.run(key.clone(), load).await
    }

    /// Adds or replaces a value.
    pub fn insert(&self, key: K, value: V) {
        let weight = (self.weigh)(&value);
        self.cache.insert_weighted(key, value, weight);
    }

    /// Removes the value of the key.
    pub fn remove(&self, key: &K) {
        self.cache.remove(key);
    }

    /// Removes everything.
    pub fn clear(&self) {
        self.cache.clear();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    fn cache() -> LoadingCache<u8, u32, &'static str> {
        LoadingCache::new(CacheLimits::capacity(10))
    }

    #[tokio::test]
    async fn concurrent_callers_share_a_value_and_an_error() {
        let (cache, count) = (cache(), AtomicU32::new(0));
        let load = |result: Result<u32, &'static str>| {
            let count = &count;
            async move {
                tokio::task::yield_now().await;
                count.fetch_add(1, Ordering::SeqCst);
                result
            }
        };
        let failed = tokio::join!(cache.get_or_load(1, load(Err("no"))), cache.get_or_load(1, load(Ok(1))));
        assert_eq!(failed, (Err("no"), Err("no")));
        let loaded = tokio::join!(cache.get_or_load(1, load(Ok(2))), cache.get_or_load(1, load(Ok(3))));
        assert_eq!(loaded, (Ok(2), Ok(2)));
        assert_eq!(cache.get_or_load(1, load(Ok(4))).await, Ok(2));
        assert_eq!(count.load(Ordering::SeqCst), 2);
        cache.remove(&1);
        assert_eq!(cache.get_or_load(1, load(Ok(5))).await, Ok(5));
        cache.clear();
        assert_eq!(cache.get(&1), None);
    }
}
