//! A memory budget for large requests and responses.
//!
//! In: sizes in bytes. Out: a [`MemoryShare`], returned to the budget when it is dropped, or `None` if no memory
//! became free in time. Must not know: what the memory contains. Shares are granted in the order in which they were
//! requested, so that small ones do not overtake a large one forever.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

/// The semaphore counts in this unit, so that any budget fits its 32-bit permits.
const UNIT: u64 = 1024;

/// A memory budget, shared by its clones.
#[derive(Debug, Clone)]
pub struct MemoryBudget {
    free: Arc<Semaphore>,
    units: u32,
}

/// A part of a budget, reserved until it is dropped.
#[derive(Debug)]
pub struct MemoryShare(OwnedSemaphorePermit);

impl MemoryShare {
    /// Adds another share of the same budget.
    fn add(&mut self, other: Self) {
        self.0.merge(other.0);
    }

    /// Returns what exceeds `bytes` to the budget.
    pub fn shrink_to(&mut self, bytes: u64) {
        let units = usize::try_from(bytes.div_ceil(UNIT)).unwrap_or(usize::MAX);
        let excess = self.0.num_permits().saturating_sub(units);
        drop(self.0.split(excess));
    }
}

impl MemoryBudget {
    /// A budget of `bytes`.
    #[must_use]
    pub fn new(bytes: u64) -> Self {
        let units = u32::try_from(bytes / UNIT).unwrap_or(u32::MAX).max(1);
        Self { free: Arc::new(Semaphore::new(usize::try_from(units).unwrap_or(usize::MAX))), units }
    }

    /// Reserves `bytes`, and waits for them at most `max_wait`. A request for more than the budget reserves all of it.
    pub async fn reserve(&self, bytes: u64, max_wait: Duration) -> Option<MemoryShare> {
        let units = u32::try_from(bytes.div_ceil(UNIT)).unwrap_or(u32::MAX).min(self.units);
        let permit = timeout(max_wait, Arc::clone(&self.free).acquire_many_owned(units)).await;
        permit.ok().and_then(Result::ok).map(MemoryShare)
    }

    /// Lets a share grow to `bytes`, and waits for the difference. Returns whether it has grown.
    ///
    /// It is kept while it waits, so shares that together need more than the budget wait for one another, until the
    /// wait of one of them ends and its owner returns it. The wait is `max_wait`, and up to twice that for a share of
    /// the whole budget, so that the larger of two shares can grow.
    pub async fn grow(&self, share: &mut MemoryShare, bytes: u64, max_wait: Duration) -> bool {
        let held = u32::try_from(share.0.num_permits()).unwrap_or(u32::MAX).min(self.units);
        let missing = bytes.min(u64::from(self.units) * UNIT).saturating_sub(u64::from(held) * UNIT);
        match self.reserve(missing, max_wait + max_wait.saturating_mul(held) / self.units).await {
            Some(more) => {
                share.add(more);
                true
            }
            None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn reservation_waits_for_free_memory_and_times_out() {
        let budget = MemoryBudget::new(10 * UNIT);
        let first = budget.reserve(6 * UNIT, SECOND).await;
        assert!(first.is_some() && budget.reserve(5 * UNIT, SECOND).await.is_none());
        assert!(budget.clone().reserve(4 * UNIT, SECOND).await.is_some(), "4 units are free");
        drop(first);
        assert!(budget.reserve(5 * UNIT, SECOND).await.is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn what_a_share_does_not_need_is_free_again() {
        let budget = MemoryBudget::new(10 * UNIT);
        let mut share = budget.reserve(10 * UNIT, SECOND).await.unwrap();
        share.shrink_to(20 * UNIT);
        assert!(budget.reserve(1, SECOND).await.is_none());
        share.shrink_to(3 * UNIT + 1);
        assert!(budget.reserve(7 * UNIT, SECOND).await.is_none());
        assert!(budget.reserve(6 * UNIT, SECOND).await.is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn share_grows_by_what_is_free_and_returns_all_of_it() {
        let budget = MemoryBudget::new(10 * UNIT);
        let mut share = budget.reserve(2 * UNIT, SECOND).await.unwrap();
        assert!(budget.grow(&mut share, 6 * UNIT, SECOND).await && budget.grow(&mut share, UNIT, SECOND).await);
        let other = budget.reserve(4 * UNIT, SECOND).await;
        assert!(other.is_some() && !budget.grow(&mut share, 7 * UNIT, SECOND).await);
        drop(other);
        assert!(budget.grow(&mut share, u64::MAX, SECOND).await, "all of it");
        assert!(budget.reserve(1, SECOND).await.is_none());
        drop(share);
        assert!(budget.reserve(10 * UNIT, SECOND).await.is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn reservation_larger_than_the_budget_takes_all_of_it() {
        let budget = MemoryBudget::new(UNIT);
        let all = budget.reserve(u64::MAX, SECOND).await;
        assert!(all.is_some() && budget.reserve(1, SECOND).await.is_none());
    }
}
