//! How many concurrent requests an API key may have.
//!
//! The counts exist in this process only: N gateways allow N times as many.
//!
//! In: a key's id and limit. Out: a [`ConcurrencyPermit`] that counts until it is dropped, or `None`. Must not know:
//! HTTP, what the requests do.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The number of permits of each key. A key without permits has no entry.
type InUse = Arc<Mutex<HashMap<String, u32>>>;

/// Limits the concurrent requests of each key. Clones share the counts.
#[derive(Debug, Clone, Default)]
pub(super) struct ConcurrencyLimiter(InUse);

/// One request within the limit. Clones share it; it is released when the last one is dropped.
#[derive(Debug, Clone)]
pub struct ConcurrencyPermit(#[expect(dead_code, reason = "it is held to be dropped")] Arc<PermitGuard>);

#[derive(Debug)]
struct PermitGuard {
    key: String,
    in_use: InUse,
}

impl ConcurrencyLimiter {
    /// A permit of `key`; `None` if `limit` permits are in use.
    pub(super) fn acquire(&self, key: &str, limit: u32) -> Option<ConcurrencyPermit> {
        let mut in_use = lock(&self.0);
        let count = in_use.get(key).copied().unwrap_or_default();
        if count >= limit {
            return None;
        }
        in_use.insert(key.to_owned(), count + 1);
        Some(ConcurrencyPermit(Arc::new(PermitGuard { key: key.to_owned(), in_use: self.0.clone() })))
    }
}

impl Drop for PermitGuard {
    fn drop(&mut self) {
        let mut in_use = lock(&self.in_use);
        match in_use.get_mut(&self.key) {
            Some(count) if *count > 1 => *count -= 1,
            _ => drop(in_use.remove(&self.key)),
        }
    }
}

fn lock(in_use: &InUse) -> MutexGuard<'_, HashMap<String, u32>> {
    in_use.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_key_has_its_own_limit() {
        let limiter = ConcurrencyLimiter::default();
        let both = [limiter.acquire("a", 2).unwrap(), limiter.acquire("a", 2).unwrap()];
        assert!(limiter.acquire("a", 2).is_none());
        let other = limiter.acquire("b", 1).unwrap();
        let shared = both[0].clone();
        drop(both);
        assert!(limiter.acquire("a", 1).is_none(), "a clone still holds the permit");
        drop((shared, other));
        assert!(lock(&limiter.0).is_empty(), "a key without permits has no entry");
        assert!(limiter.acquire("a", 0).is_none());
    }

    #[test]
    fn fifty_concurrent_callers_get_exactly_the_limit() {
        let limiter = ConcurrencyLimiter::default();
        let permits = std::thread::scope(|scope| {
            let callers: Vec<_> = (0..50).map(|_| scope.spawn(|| limiter.acquire("k", 7))).collect();
            callers.into_iter().filter_map(|caller| caller.join().unwrap()).collect::<Vec<_>>()
        });
        assert_eq!(permits.len(), 7);
    }
}
