//! What large requests and answers may cost the others: how much memory is in use at one time, and where long work is done.
//!
//! In: sizes in bytes, work. Out: a [`Share`], returned when it is dropped, or `None` if there was no room in time; the
//! work, done. Must not know: what the memory holds. Shares are given in the order in which they were asked for, so that
//! small ones do not overtake a large one forever.

use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

/// The semaphore counts in this unit, so that any budget fits its 32 bits.
const UNIT: u64 = 1024;

/// A budget of memory, shared by its clones.
#[derive(Debug, Clone)]
pub struct Budget {
    free: Arc<Semaphore>,
    units: u32,
}

/// A part of a budget, in use until it is dropped.
#[derive(Debug)]
pub struct Share(#[expect(dead_code, reason = "held, never looked at")] OwnedSemaphorePermit);

impl Budget {
    /// A budget of so many bytes.
    #[must_use]
    pub fn new(bytes: u64) -> Self {
        let units = u32::try_from(bytes / UNIT).unwrap_or(u32::MAX).max(1);
        Self { free: Arc::new(Semaphore::new(usize::try_from(units).unwrap_or(usize::MAX))), units }
    }

    /// A share of so many bytes, waited for at most so long. What is larger than the budget takes all of it.
    pub async fn take(&self, bytes: u64, patience: Duration) -> Option<Share> {
        let units = u32::try_from(bytes.div_ceil(UNIT)).unwrap_or(u32::MAX).min(self.units);
        let taken = timeout(patience, Arc::clone(&self.free).acquire_many_owned(units)).await;
        taken.ok().and_then(Result::ok).map(Share)
    }
}

/// From this size on, in bytes, a body or an answer is so much work that others would notice.
pub const LARGE: u64 = 256 * 1024;

/// Does the work on so many bytes. If they are many, another thread goes on meanwhile with the requests of this one; on a
/// runtime of a single thread there is none.
pub fn work_on<T>(bytes: u64, work: impl FnOnce() -> T) -> T {
    let has_others = || Handle::try_current().is_ok_and(|it| it.runtime_flavor() == RuntimeFlavor::MultiThread);
    if bytes >= LARGE && has_others() { tokio::task::block_in_place(work) } else { work() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn what_does_not_fit_waits_and_gives_up() {
        let budget = Budget::new(10 * UNIT);
        let first = budget.take(6 * UNIT, SECOND).await;
        assert!(first.is_some() && budget.take(5 * UNIT, SECOND).await.is_none());
        assert!(budget.clone().take(4 * UNIT, SECOND).await.is_some(), "there is room for this one");
        drop(first);
        assert!(budget.take(5 * UNIT, SECOND).await.is_some());
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
    async fn while_much_is_worked_on_the_only_thread_goes_on_with_others() {
        let (say, hear) = std::sync::mpsc::channel();
        let other = tokio::spawn(async move { say.send(()) });
        // The other task runs while this one blocks; without help it would wait forever.
        let heard = work_on(LARGE, || hear.recv_timeout(Duration::from_secs(30)));
        assert!(heard.is_ok() && other.await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_larger_than_the_budget_has_it_alone() {
        let budget = Budget::new(UNIT);
        let all = budget.take(u64::MAX, SECOND).await;
        assert!(all.is_some() && budget.take(1, SECOND).await.is_none());
    }
}
