//! Concurrent loads of one key, made one.
//!
//! In: a key, and how to load its value. Out: the value, loaded once for all callers that wait for it. Must not know:
//! what is loaded.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::OnceCell;

type Load<T> = Arc<OnceCell<T>>;

/// Loads in progress. Clones share them.
#[derive(Debug)]
pub struct CoalescedLoads<K, T>(Arc<Mutex<HashMap<K, Load<T>>>>);

impl<K, T> Clone for CoalescedLoads<K, T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<K, T> Default for CoalescedLoads<K, T> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<K: Hash + Eq + Clone, T: Clone> CoalescedLoads<K, T> {
    /// The result of `load`, or of the load of another caller that is in progress. If that caller gives up, this one
    /// continues with its own.
    pub async fn run(&self, key: K, load: impl Future<Output = T>) -> T {
        let waiting = self.join(key);
        waiting.load.get_or_init(|| load).await.clone()
    }

    fn join(&self, key: K) -> Waiting<K, T> {
        let load = self.lock().entry(key.clone()).or_default().clone();
        Waiting { loads: self.clone(), key, load }
    }
}

impl<K, T> CoalescedLoads<K, T> {
    fn lock(&self) -> MutexGuard<'_, HashMap<K, Load<T>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A caller that waits.
struct Waiting<K: Hash + Eq, T> {
    loads: CoalescedLoads<K, T>,
    key: K,
    load: Load<T>,
}

impl<K: Hash + Eq, T> Drop for Waiting<K, T> {
    /// Removes a finished load, so that later callers load again, and one that no caller waits for.
    fn drop(&mut self) {
        let mut loads = self.loads.lock();
        // The reference ends under the lock: of two callers that give up at the same time, the second one must not count
        // the first one.
        let load = std::mem::take(&mut self.load);
        let is_finished = load.initialized();
        let is_current = loads.get(&self.key).is_some_and(|current| Arc::ptr_eq(current, &load));
        drop(load);
        let is_abandoned = || loads.get(&self.key).is_some_and(|current| Arc::strong_count(current) == 1);
        if is_current && (is_finished || is_abandoned()) {
            loads.remove(&self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::time::Duration;

    use super::*;

    const KEY: u8 = 7;

    async fn slow(count: &AtomicU32) -> Result<u32, String> {
        tokio::time::sleep(Duration::from_secs(1)).await;
        Ok(count.fetch_add(1, Ordering::SeqCst))
    }

    #[tokio::test(start_paused = true)]
    async fn concurrent_callers_share_one_load_and_later_ones_do_not() {
        let (loads, count) = (CoalescedLoads::default(), AtomicU32::new(0));
        let run = || loads.run(KEY, slow(&count));
        let (first, second, other) = tokio::join!(run(), run(), loads.run(KEY + 1, slow(&count)));
        assert_eq!(first.unwrap(), second.unwrap());
        assert!(other.is_ok());
        assert_eq!(count.load(Ordering::SeqCst), 2, "another key is another load");
        assert_eq!(run().await.unwrap(), 2);
        assert!(loads.lock().is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn abandoned_load_is_continued_by_the_next_caller_or_forgotten() {
        let (loads, count) = (CoalescedLoads::default(), AtomicU32::new(0));
        let run = || loads.run(KEY, slow(&count));
        let abandoned = async { tokio::time::timeout(Duration::from_millis(500), run()).await.is_err() };
        let (is_abandoned, continued) = tokio::join!(abandoned, run());
        assert!(is_abandoned && continued.is_ok());
        assert!(tokio::time::timeout(Duration::from_millis(500), run()).await.is_err());
        assert!(loads.lock().is_empty(), "no caller waits");
    }

    #[test]
    fn callers_that_give_up_at_the_same_time_leave_nothing() {
        for _ in 0..5_000 {
            let loads = CoalescedLoads::<u8, Result<u32, String>>::default();
            let (waiting, barrier) = ([loads.join(KEY), loads.join(KEY)], std::sync::Barrier::new(2));
            std::thread::scope(|scope| {
                for caller in waiting {
                    scope.spawn(|| {
                        barrier.wait();
                        drop(caller);
                    });
                }
            });
            assert!(loads.lock().is_empty());
        }
    }

    #[tokio::test]
    async fn errors_are_shared_and_not_kept() {
        let loads = CoalescedLoads::<u8, Result<u32, String>>::default();
        assert!(loads.run(KEY, async { Err("no".to_owned()) }).await.is_err());
        assert_eq!(loads.run(KEY, async { Ok(1) }).await.unwrap(), 1);
    }
}
