//! A semaphore whose number of permits is leased: it grows and shrinks while permits are in use.
//!
//! Without sharing it is a semaphore of a fixed size. A permit is acquired and released with the same operations in
//! both cases; only a caller that has to wait requests a renewal.
//!
//! In: what the gateway may hold. Out: a [`SlotPermit`]. Must not know: what the slots are for, the store.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Instant;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::demand::RecentDemand;
use super::renewals::Renewals;
use super::usage::{SlotGrant, SlotUse};

/// Leased slots of one limit. Clones share them.
#[derive(Debug, Clone)]
pub struct LeasedSlots(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    budget: String,
    capacity: usize,
    permits: Arc<Semaphore>,
    size: Mutex<Size>,
    /// Whether `size.to_return` is greater than 0, to be checked without the lock.
    is_shrinking: AtomicBool,
    waiting: AtomicUsize,
    /// Whether the last renewal could not give everything, or there is no more, so that another one is useless for now.
    is_refused: AtomicBool,
    /// Whether a renewal ever said how many slots this gateway holds.
    is_granted: AtomicBool,
    /// Set if the slots are shared.
    renewals: OnceLock<Renewals>,
}

#[derive(Debug)]
struct Size {
    /// The permits that exist: free ones and those in use.
    held: usize,
    /// Of these, the permits that cease to exist when they are released.
    to_return: usize,
    demand: RecentDemand,
}

/// A slot in use, released on drop.
#[derive(Debug)]
pub struct SlotPermit {
    permit: Option<OwnedSemaphorePermit>,
    slots: LeasedSlots,
}

/// Counts a caller that waits.
struct Waiting<'s>(&'s AtomicUsize);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl LeasedSlots {
    /// Slots that are not shared: `capacity` of them, at least one.
    #[must_use]
    pub fn new(budget: String, capacity: usize) -> Self {
        let capacity = capacity.clamp(1, Semaphore::MAX_PERMITS);
        Self(Arc::new(Inner {
            budget,
            capacity,
            permits: Arc::new(Semaphore::new(capacity)),
            size: Mutex::new(Size { held: capacity, to_return: 0, demand: RecentDemand::default() }),
            is_shrinking: AtomicBool::new(false),
            waiting: AtomicUsize::new(0),
            is_refused: AtomicBool::new(false),
            is_granted: AtomicBool::new(false),
            renewals: OnceLock::new(),
        }))
    }

    /// From now on the slots are shared with other gateways. This one holds none until the first renewal.
    pub fn share(&self, renewals: Renewals) {
        if self.0.renewals.set(renewals).is_ok() {
            self.resize(0);
        }
    }

    /// The name of the limit.
    #[must_use]
    pub fn budget(&self) -> &str {
        &self.0.budget
    }

    /// The number of slots of all gateways together.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.0.capacity
    }

    /// The slots that this gateway holds.
    #[must_use]
    pub fn held(&self) -> usize {
        self.size().held
    }

    /// The slots that are free at the moment.
    #[must_use]
    pub fn free(&self) -> usize {
        self.0.permits.available_permits()
    }

    /// A free slot. A slot is free only if no caller waits for one, so this overtakes none.
    #[must_use]
    pub fn try_acquire(&self) -> Option<SlotPermit> {
        Arc::clone(&self.0.permits).try_acquire_owned().ok().map(|permit| self.permit(permit))
    }

    /// Waits for a slot. A future that is dropped leaves the queue. Never `None`: the semaphore is never closed.
    pub async fn acquire(&self) -> Option<SlotPermit> {
        if let Some(permit) = self.try_acquire() {
            return Some(permit);
        }
        self.0.waiting.fetch_add(1, Ordering::Relaxed);
        let _waiting = Waiting(&self.0.waiting);
        if let Some(renewals) = self.0.renewals.get()
            && !self.0.is_refused.load(Ordering::Relaxed)
        {
            renewals.request();
        }
        Arc::clone(&self.0.permits).acquire_owned().await.ok().map(|permit| self.permit(permit))
    }

    /// Whether a renewal ever said how many slots this gateway holds.
    #[must_use]
    pub fn is_granted(&self) -> bool {
        self.0.is_granted.load(Ordering::Relaxed)
    }

    /// What is reported at a renewal.
    #[must_use]
    pub fn usage(&self, now: Instant) -> SlotUse {
        let mut size = self.size();
        let in_use = size.held.saturating_sub(self.free());
        let demand = count(in_use.saturating_add(self.0.waiting.load(Ordering::Relaxed)));
        SlotUse {
            budget: self.0.budget.clone(),
            capacity: count(self.0.capacity),
            has_minimum: true,
            held: count(size.held),
            wanted: size.demand.greatest(now, demand),
            kept: 0,
        }
    }

    /// Applies the result of a renewal. Returns whether this gateway holds less afterwards.
    pub fn apply(&self, grant: &SlotGrant) -> bool {
        let allowed = usize::try_from(grant.allowed).unwrap_or(usize::MAX);
        self.0.is_refused.store(!grant.is_complete || allowed >= self.0.capacity, Ordering::Relaxed);
        self.0.is_granted.store(true, Ordering::Relaxed);
        let before = self.held();
        self.resize(allowed);
        self.held() < before
    }

    /// Holds this number of slots from now on, because the others may have the rest.
    pub fn set_size(&self, size: usize) {
        self.resize(size);
    }

    /// Free slots cease to exist at once, those in use when they are released.
    fn resize(&self, target: usize) {
        let mut size = self.size();
        if target >= size.held {
            size.to_return = 0;
            let added = target.min(self.0.capacity).saturating_sub(size.held);
            size.held += added;
            self.0.permits.add_permits(added);
        } else {
            let surplus = size.held - target;
            let forgotten = self.0.permits.forget_permits(surplus);
            size.held -= forgotten;
            size.to_return = surplus - forgotten;
        }
        self.0.is_shrinking.store(size.to_return > 0, Ordering::SeqCst);
    }

    fn permit(&self, permit: OwnedSemaphorePermit) -> SlotPermit {
        SlotPermit { permit: Some(permit), slots: self.clone() }
    }

    fn size(&self) -> MutexGuard<'_, Size> {
        self.0.size.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for SlotPermit {
    fn drop(&mut self) {
        let Some(permit) = self.permit.take() else { return };
        if self.slots.0.is_shrinking.load(Ordering::SeqCst) {
            let mut size = self.slots.size();
            if size.to_return > 0 {
                size.to_return -= 1;
                size.held -= 1;
                self.slots.0.is_shrinking.store(size.to_return > 0, Ordering::SeqCst);
                permit.forget();
            }
        }
    }
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn grant(allowed: u32) -> SlotGrant {
        SlotGrant { budget: "b".to_owned(), allowed, is_complete: true, is_final: true }
    }

    fn slots(capacity: usize, held: u32) -> (LeasedSlots, Renewals) {
        let (slots, renewals) = (LeasedSlots::new("b".to_owned(), capacity), Renewals::default());
        slots.share(renewals.clone());
        slots.apply(&grant(held));
        (slots, renewals)
    }

    #[tokio::test]
    async fn slots_that_are_not_shared_are_a_semaphore() {
        let slots = LeasedSlots::new("b".to_owned(), 2);
        let both = [slots.acquire().await, slots.acquire().await];
        assert!(tokio::time::timeout(Duration::from_millis(10), slots.acquire()).await.is_err());
        drop(both);
        assert!(slots.acquire().await.is_some());
        assert_eq!(slots.held(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn caller_that_waits_requests_a_renewal_and_gets_the_new_slot() {
        let (slots, renewals) = slots(8, 1);
        let _used = slots.acquire().await;
        let waiting = tokio::spawn({
            let slots = slots.clone();
            async move { slots.acquire().await }
        });
        renewals.requested().await;
        let usage = slots.usage(Instant::now());
        assert_eq!((usage.held, usage.wanted, usage.capacity), (1, 2, 8));
        slots.apply(&grant(2));
        assert!(waiting.await.unwrap().is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn slots_in_use_are_returned_when_they_are_released_although_callers_wait() {
        let (slots, _) = slots(8, 3);
        let [first, second, third] = [slots.acquire().await, slots.acquire().await, slots.acquire().await];
        assert!(!slots.apply(&grant(1)), "all are in use");
        assert_eq!(slots.held(), 3);
        let waiting = tokio::spawn({
            let slots = slots.clone();
            async move { slots.acquire().await }
        });
        tokio::task::yield_now().await;
        drop((first, second));
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert!(!waiting.is_finished());
        assert_eq!(slots.held(), 1);
        drop(third);
        assert!(waiting.await.unwrap().is_some());
    }

    #[tokio::test]
    async fn growth_cancels_a_return() {
        let (slots, _) = slots(8, 2);
        let used = [slots.acquire().await, slots.acquire().await];
        slots.apply(&grant(0));
        slots.apply(&grant(5));
        drop(used);
        assert_eq!((slots.held(), slots.free()), (5, 5));
        assert!(slots.apply(&grant(1)), "free slots are returned at once");
        assert_eq!((slots.held(), slots.free()), (1, 1));
    }

    #[tokio::test(start_paused = true)]
    async fn caller_that_waits_requests_nothing_while_this_gateway_holds_everything() {
        let (slots, renewals) = slots(1, 1);
        let _used = slots.acquire().await;
        let second = Duration::from_secs(1);
        assert!(tokio::time::timeout(second, slots.acquire()).await.is_err());
        assert!(tokio::time::timeout(second, renewals.requested()).await.is_err());
        slots.apply(&grant(0));
        assert!(tokio::time::timeout(second, slots.acquire()).await.is_err());
        renewals.requested().await;
    }

    #[test]
    fn held_slots_are_never_more_than_the_capacity() {
        let (slots, _) = slots(4, 9);
        assert_eq!(slots.held(), 4);
    }
}
