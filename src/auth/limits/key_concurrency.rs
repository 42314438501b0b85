//! How many concurrent requests an API key may have.
//!
//! On PostgreSQL the limit holds over all gateways: each has an allowance, which grows and shrinks with its use. A
//! request that exceeds the allowance waits a moment for a part of what the other gateways do not use. While the store
//! cannot be reached, the allowance is an equal share at least. On SQLite the limit is the allowance.
//!
//! In: a key's id and limit. Out: a [`ConcurrencyPermit`] that counts until it is dropped, or `None`. Must not know:
//! HTTP, what the requests do.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use tokio::time::sleep;

use crate::shared_limits::{RecentDemand, Renewals, SlotGrant, SlotUse};

/// The longest wait for slots that other gateways return. They do so at their next renewal.
const MAX_WAIT: Duration = Duration::from_millis(600);

/// The time between two renewals while the other gateways use the rest, as far as they have reported.
const REFUSED_INTERVAL: Duration = Duration::from_millis(100);

/// The keys with requests, and those that had some in the last second.
type Keys = Arc<Mutex<HashMap<String, KeyUse>>>;

/// Limits the concurrent requests of each key. Clones share the counts.
#[derive(Debug, Clone, Default)]
pub(super) struct ConcurrencyLimiter {
    keys: Keys,
    /// Set if the limits are shared.
    renewals: Arc<OnceLock<Renewals>>,
    contact: Arc<Mutex<Contact>>,
}

/// The contact to the store.
#[derive(Debug, Default)]
struct Contact {
    /// When the limits were renewed.
    renewed_at: Option<tokio::time::Instant>,
    /// The gateways that share the limits; 0 before the first renewal.
    gateways: u32,
    is_lost: bool,
}

/// The requests of one key.
#[derive(Debug, Default)]
struct KeyUse {
    limit: u32,
    in_use: u32,
    waiting: u32,
    /// What this gateway may use of the limit, if it is shared.
    allowance: u32,
    /// Whether the last renewal showed that the other gateways use the rest.
    is_refused: bool,
    demand: RecentDemand,
}

/// One request within the limit. Clones share it; it is released when the last one is dropped.
#[derive(Debug, Clone)]
pub struct ConcurrencyPermit(#[expect(dead_code, reason = "it is held to be dropped")] Arc<PermitGuard>);

#[derive(Debug)]
struct PermitGuard {
    key: String,
    limiter: ConcurrencyLimiter,
}

/// A request that waits for a part of the limit.
struct WaitGuard<'l> {
    key: &'l str,
    limiter: &'l ConcurrencyLimiter,
}

impl ConcurrencyLimiter {
    /// From now on all gateways share the limits.
    pub(super) fn share(&self, renewals: Renewals) {
        // A second call changes nothing.
        let _ = self.renewals.set(renewals);
    }

    /// A permit of `key`; `None` if `limit` permits are in use. The other gateways report only now and then, so that
    /// they use the rest is certain only after the whole wait.
    pub(super) async fn acquire(&self, key: &str, limit: u32) -> Option<ConcurrencyPermit> {
        if let Some(permit) = self.try_acquire(key, limit) {
            return Some(permit);
        }
        let renewals = self.renewals.get()?;
        if !self.begin_to_wait(key, limit) {
            return None;
        }
        let _waiting = WaitGuard { key, limiter: self };
        let started = tokio::time::Instant::now();
        loop {
            let left = MAX_WAIT.saturating_sub(started.elapsed());
            if left.is_zero() {
                break;
            }
            renewals.renewed(left).await;
            let permit = self.try_acquire(key, limit);
            if permit.is_some() || self.contact().is_lost {
                return permit;
            }
            if self.is_refused(key) {
                sleep(REFUSED_INTERVAL.min(left)).await;
            }
        }
        if self.contact().renewed_at.is_some_and(|renewed_at| renewed_at >= started) {
            return None;
        }
        // The store does not answer.
        self.lose_contact();
        self.try_acquire(key, limit)
    }

    fn try_acquire(&self, key: &str, limit: u32) -> Option<ConcurrencyPermit> {
        let minimum = self.minimum(limit);
        let mut keys = lock(&self.keys);
        let (in_use, allowance) = keys.get(key).map_or((0, 0), |used| (used.in_use, used.allowance));
        if in_use >= limit.min(allowance.max(minimum)) {
            return None;
        }
        let used = keys.entry(key.to_owned()).or_default();
        used.limit = limit;
        used.in_use += 1;
        Some(ConcurrencyPermit(Arc::new(PermitGuard { key: key.to_owned(), limiter: self.clone() })))
    }

    /// What a key may use whatever its allowance is.
    fn minimum(&self, limit: u32) -> u32 {
        if self.renewals.get().is_none() {
            return limit;
        }
        let contact = self.contact();
        // A gateway that does not know the others takes one.
        if contact.is_lost { limit.checked_div(contact.gateways).unwrap_or_default().max(1) } else { 0 }
    }

    /// Counts a request that waits, unless its own gateway alone has reached the limit.
    fn begin_to_wait(&self, key: &str, limit: u32) -> bool {
        let mut keys = lock(&self.keys);
        let used = keys.entry(key.to_owned()).or_default();
        used.limit = limit;
        let can_wait = used.in_use.saturating_add(used.waiting) < limit;
        used.waiting += u32::from(can_wait);
        can_wait
    }

    fn is_refused(&self, key: &str) -> bool {
        lock(&self.keys).get(key).is_some_and(|used| used.is_refused)
    }

    /// What is reported at a renewal. It wants what runs and waits at the moment, because it needs no more; what it
    /// used in the last second it keeps as long as no other gateway wants it.
    pub(super) fn uses(&self, now: Instant) -> Vec<SlotUse> {
        if self.renewals.get().is_none() {
            return Vec::new();
        }
        let mut uses = Vec::new();
        lock(&self.keys).retain(|key, used| {
            let wanted = used.in_use.saturating_add(used.waiting);
            let kept = used.demand.greatest(now, wanted);
            // Requests that run with an allowance that was reduced since are part of what is held.
            let held = used.allowance.max(used.in_use);
            // An allowance is reported until a renewal has ended it: it must not be lost if the renewal fails.
            let is_reported = held > 0 || kept > 0;
            if is_reported {
                let budget = format!("key:{key}");
                uses.push(SlotUse { budget, capacity: used.limit, has_minimum: false, held, wanted, kept });
            }
            is_reported
        });
        uses
    }

    /// Applies the result of a renewal. Returns whether this gateway holds less of a key afterwards.
    pub(super) fn apply(&self, gateways: u32, grants: &[SlotGrant]) -> bool {
        *self.contact() = Contact { renewed_at: Some(tokio::time::Instant::now()), gateways, is_lost: false };
        let mut is_smaller = false;
        let mut keys = lock(&self.keys);
        for grant in grants {
            if let Some(used) = grant.budget.strip_prefix("key:").and_then(|key| keys.get_mut(key)) {
                is_smaller |= grant.allowed.max(used.in_use) < used.allowance;
                used.allowance = grant.allowed;
                used.is_refused = !grant.is_complete && grant.is_final;
            }
        }
        is_smaller
    }

    /// A renewal has failed: until the next one, each key may use an equal share at least.
    pub(super) fn lose_contact(&self) {
        self.contact().is_lost = true;
    }

    fn contact(&self) -> MutexGuard<'_, Contact> {
        self.contact.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for PermitGuard {
    fn drop(&mut self) {
        let renewals = self.limiter.renewals.get();
        let is_lost = self.limiter.contact().is_lost;
        let mut keys = lock(&self.limiter.keys);
        match keys.get_mut(&self.key) {
            Some(used) if used.in_use > 1 || renewals.is_some() => {
                // Other gateways wait for what exceeds the allowance, unless none can learn of it.
                if let Some(renewals) = renewals
                    && used.in_use > used.allowance
                    && !is_lost
                {
                    renewals.request();
                }
                used.in_use = used.in_use.saturating_sub(1);
            }
            _ => drop(keys.remove(&self.key)),
        }
    }
}

impl Drop for WaitGuard<'_> {
    fn drop(&mut self) {
        if let Some(used) = lock(&self.limiter.keys).get_mut(self.key) {
            used.waiting = used.waiting.saturating_sub(1);
        }
    }
}

fn lock(keys: &Keys) -> MutexGuard<'_, HashMap<String, KeyUse>> {
    keys.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_key_has_its_own_limit() {
        let limiter = ConcurrencyLimiter::default();
        let both = [limiter.try_acquire("a", 2).unwrap(), limiter.try_acquire("a", 2).unwrap()];
        assert!(limiter.try_acquire("a", 2).is_none());
        let other = limiter.try_acquire("b", 1).unwrap();
        let shared = both[0].clone();
        drop(both);
        assert!(limiter.try_acquire("a", 1).is_none(), "a clone still holds the permit");
        drop((shared, other));
        assert!(lock(&limiter.keys).is_empty(), "a key without permits has no entry");
        assert!(limiter.try_acquire("a", 0).is_none());
    }

    #[test]
    fn fifty_concurrent_callers_get_exactly_the_limit() {
        let limiter = ConcurrencyLimiter::default();
        let permits = std::thread::scope(|scope| {
            let callers: Vec<_> = (0..50).map(|_| scope.spawn(|| limiter.try_acquire("k", 7))).collect();
            callers.into_iter().filter_map(|caller| caller.join().unwrap()).collect::<Vec<_>>()
        });
        assert_eq!(permits.len(), 7);
    }

    /// Renews with this result.
    async fn renew(limiter: &ConcurrencyLimiter, renewals: &Renewals, allowed: u32, is_final: bool) -> Vec<SlotUse> {
        renewals.requested().await;
        let number = renewals.begin();
        let uses = limiter.uses(Instant::now());
        let grant = |used: &SlotUse| SlotGrant {
            budget: used.budget.clone(),
            allowed,
            is_complete: allowed >= used.wanted,
            is_final,
        };
        limiter.apply(2, &uses.iter().map(grant).collect::<Vec<_>>());
        renewals.end(number);
        uses
    }

    #[tokio::test(start_paused = true)]
    async fn request_waits_for_what_other_gateways_return() {
        let (limiter, renewals) = (ConcurrencyLimiter::default(), Renewals::default());
        limiter.share(renewals.clone());
        let store = async {
            let uses = renew(&limiter, &renewals, 0, false).await;
            assert_eq!((uses[0].held, uses[0].wanted, uses[0].capacity), (0, 1, 2));
            renew(&limiter, &renewals, 1, false).await;
        };
        let (first, ()) = tokio::join!(limiter.acquire("a", 2), store);
        assert!(first.is_some());
        let (second, _) = tokio::join!(limiter.acquire("a", 2), renew(&limiter, &renewals, 1, true));
        assert!(second.is_none(), "the other gateways use the rest");
        drop(first);
        assert!(limiter.acquire("a", 2).await.is_some(), "the allowance stays");
    }

    #[tokio::test(start_paused = true)]
    async fn key_without_requests_wants_nothing_and_its_allowance_ends_with_a_renewal() {
        let (limiter, renewals) = (ConcurrencyLimiter::default(), Renewals::default());
        limiter.share(renewals.clone());
        let (permit, _) = tokio::join!(limiter.acquire("a", 2), renew(&limiter, &renewals, 1, true));
        drop(permit);
        let used = |now| limiter.uses(now).pop().map(|used| (used.held, used.wanted, used.kept));
        let now = Instant::now();
        assert_eq!(used(now), Some((1, 0, 1)));
        let later = now + Duration::from_secs(2);
        assert_eq!([used(later), used(later)], [Some((1, 0, 0)); 2], "a renewal that failed ends nothing");
        let grant = SlotGrant { budget: "key:a".to_owned(), allowed: 0, is_complete: true, is_final: true };
        assert!(limiter.apply(2, &[grant]), "the other gateways learn of it at once");
        assert_eq!(used(later), None);
        assert!(lock(&limiter.keys).is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn request_is_not_refused_because_of_what_others_reported_before() {
        let (limiter, renewals) = (ConcurrencyLimiter::default(), Renewals::default());
        limiter.share(renewals.clone());
        let store = async {
            renew(&limiter, &renewals, 0, true).await;
            renew(&limiter, &renewals, 1, true).await;
        };
        let (permit, ()) = tokio::join!(limiter.acquire("a", 1), store);
        assert!(permit.is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn without_the_store_a_key_has_an_equal_share() {
        let (limiter, renewals) = (ConcurrencyLimiter::default(), Renewals::default());
        limiter.share(renewals.clone());
        limiter.apply(2, &[]);
        tokio::time::sleep(Duration::from_secs(1)).await;
        let first = limiter.acquire("a", 4).await;
        assert!(first.is_some(), "no renewal ends");
        let second = limiter.acquire("a", 4).await;
        assert!(second.is_some(), "half of four");
        let (third, ()) = tokio::join!(limiter.acquire("a", 4), async {
            renewals.requested().await;
            let number = renewals.begin();
            limiter.lose_contact();
            renewals.end(number);
        });
        assert!(third.is_none());
        assert!(limiter.acquire("b", 1).await.is_some(), "one at least");
    }
}
