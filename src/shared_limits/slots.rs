//! A semaphore whose number of permits is leased: it grows and shrinks while permits are in use.
//!
//! Without sharing it is a semaphore of a fixed size. A permit is acquired and released with the same operations in
//! both cases; only a caller that has to wait requests a renewal.
//!
//! Callers that can be deferred get what the others leave: within a gateway they wait until no other caller does and
//! never use its last quarter, and of the slots of all gateways they get those that no other gateway wants. One slot
//! they always get.
//!
//! In: what the gateway may hold. Out: a [`SlotPermit`]. Must not know: what the slots are for, the store.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Instant;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::deferrable::DeferrableCallers;
use super::demand::RecentDemand;
use super::denial::Denial;
use super::renewals::Renewals;
use super::usage::{SlotGrant, SlotUse};

/// Leased slots of one limit. Clones share them.
#[derive(Debug, Clone)]
pub struct LeasedSlots(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    budget: String,
    capacity: usize,
    has_minimum: bool,
    permits: Arc<Semaphore>,
    size: Mutex<Size>,
    /// Whether `size.to_return` is greater than 0, to be checked without the lock.
    is_shrinking: AtomicBool,
    waiting: AtomicUsize,
    deferrable: DeferrableCallers,
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
    /// The demand of callers that cannot be deferred, and of all.
    demand: RecentDemand,
    total_demand: RecentDemand,
    denial: Denial,
}

/// A slot in use, released on drop.
#[derive(Debug)]
pub struct SlotPermit {
    permit: Option<OwnedSemaphorePermit>,
    slots: LeasedSlots,
    is_deferrable: bool,
}

/// Counts a caller that waits.
struct Waiting<'s>(&'s Inner);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::Relaxed);
        // A caller that leaves the queue may have had a slot already, which is free again.
        self.0.deferrable.wake_first();
    }
}

impl LeasedSlots {
    /// Slots that are not shared: `capacity` of them, at least one.
    #[must_use]
    pub fn new(budget: String, capacity: usize) -> Self {
        Self::build(budget, capacity, true)
    }

    /// The same, of which no gateway keeps any that it does not use, if they are shared. A gateway that gets none takes
    /// one after a second in which callers waited: the others may be busy all the time, or one that was killed may have
    /// them all until they expire. So the limit can be exceeded by one for each gateway.
    #[must_use]
    pub fn without_minimum(budget: String, capacity: usize) -> Self {
        Self::build(budget, capacity, false)
    }

    fn build(budget: String, capacity: usize, has_minimum: bool) -> Self {
        let capacity = capacity.clamp(1, Semaphore::MAX_PERMITS);
        Self(Arc::new(Inner {
            budget,
            capacity,
            has_minimum,
            permits: Arc::new(Semaphore::new(capacity)),
            size: Mutex::new(Size {
                held: capacity,
                to_return: 0,
                demand: RecentDemand::default(),
                total_demand: RecentDemand::default(),
                denial: Denial::default(),
            }),
            is_shrinking: AtomicBool::new(false),
            waiting: AtomicUsize::new(0),
            deferrable: DeferrableCallers::default(),
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

    /// Whether these are the same slots, not only equal ones.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
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
        let _waiting = Waiting(&self.0);
        self.request_renewal();
        Arc::clone(&self.0.permits).acquire_owned().await.ok().map(|permit| self.permit(permit))
    }

    /// Waits for a slot that no other caller waits for. Callers of this function get their slots in their order, and
    /// wait like others after enough of them have passed. Never `None`, like [`acquire`](Self::acquire).
    pub async fn acquire_deferrable(&self) -> Option<SlotPermit> {
        let callers = &self.0.deferrable;
        let _waiting = callers.begin_to_wait();
        if self.held() == 0 {
            self.request_renewal();
        }
        let _turn = callers.first().await?;
        loop {
            if callers.in_use() >= self.max_deferrable() {
                callers.forget_passed();
            } else if let Ok(permit) = Arc::clone(&self.0.permits).try_acquire_owned() {
                return Some(self.deferrable_permit(permit));
            } else if callers.is_passed_too_often() {
                let permit = Arc::clone(&self.0.permits).acquire_owned().await.ok()?;
                return Some(self.deferrable_permit(permit));
            }
            callers.changed().await;
        }
    }

    /// Of four slots, one is for callers that cannot be deferred: the next one of them need not wait until a long call
    /// ends.
    fn max_deferrable(&self) -> usize {
        let held = self.held();
        held.saturating_sub(held.div_ceil(4)).max(1)
    }

    /// Requests more slots, unless that is useless.
    fn request_renewal(&self) {
        if let Some(renewals) = self.0.renewals.get()
            && !self.0.is_refused.load(Ordering::Relaxed)
        {
            renewals.request();
        }
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
        let deferrable = self.0.deferrable.in_use();
        let waiting = self.0.waiting.load(Ordering::Relaxed);
        size.denial.observe(now, waiting);
        let all_deferrable = deferrable.saturating_add(self.0.deferrable.waiting());
        let others = in_use.saturating_sub(deferrable).saturating_add(waiting);
        // One slot is wanted for those that can be deferred, so that they are not deferred for ever.
        let demand = count(others.saturating_add(all_deferrable.min(1)));
        let total = count(others.saturating_add(all_deferrable));
        SlotUse {
            budget: self.0.budget.clone(),
            capacity: count(self.0.capacity),
            has_minimum: self.0.has_minimum,
            held: count(size.held),
            wanted: size.demand.greatest(now, demand),
            kept: size.total_demand.greatest(now, total),
        }
    }

    /// Applies the result of a renewal. Returns whether this gateway holds less afterwards.
    pub fn apply(&self, grant: &SlotGrant) -> bool {
        let allowed = usize::try_from(grant.allowed).unwrap_or(usize::MAX);
        self.0.is_refused.store(!grant.is_complete || allowed >= self.0.capacity, Ordering::Relaxed);
        self.0.is_granted.store(true, Ordering::Relaxed);
        let before = self.held();
        let allowed = if self.0.has_minimum { allowed } else { self.size().denial.at_least_one(allowed) };
        self.resize(allowed);
        self.held() < before
    }

    /// Holds at least one slot: a gateway that cannot share does not stop.
    pub fn hold_one(&self) {
        if self.held() == 0 {
            self.resize(1);
        }
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
            self.0.deferrable.wake_first();
        } else {
            let surplus = size.held - target;
            let forgotten = self.0.permits.forget_permits(surplus);
            size.held -= forgotten;
            size.to_return = surplus - forgotten;
        }
        self.0.is_shrinking.store(size.to_return > 0, Ordering::SeqCst);
    }

    fn permit(&self, permit: OwnedSemaphorePermit) -> SlotPermit {
        self.0.deferrable.count_passed();
        SlotPermit { permit: Some(permit), slots: self.clone(), is_deferrable: false }
    }

    fn deferrable_permit(&self, permit: OwnedSemaphorePermit) -> SlotPermit {
        self.0.deferrable.begin_use();
        SlotPermit { permit: Some(permit), slots: self.clone(), is_deferrable: true }
    }

    /// Makes a slot free, or lets it cease to exist.
    fn release(&self, permit: OwnedSemaphorePermit) {
        if self.0.is_shrinking.load(Ordering::SeqCst) {
            let mut size = self.size();
            if size.to_return > 0 {
                size.to_return -= 1;
                size.held -= 1;
                self.0.is_shrinking.store(size.to_return > 0, Ordering::SeqCst);
                permit.forget();
            }
        }
    }

    fn size(&self) -> MutexGuard<'_, Size> {
        self.0.size.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for SlotPermit {
    fn drop(&mut self) {
        let Some(permit) = self.permit.take() else { return };
        if self.is_deferrable {
            self.slots.0.deferrable.end_use();
        }
        self.slots.release(permit);
        self.slots.0.deferrable.wake_first();
    }
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
