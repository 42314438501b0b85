//! Large request bodies: a memory budget for the bodies in flight, and a limit on the workers that process them.
//!
//! In: the size of a body. Out: a [`BodyShare`] that the request holds until it is answered; CPU work that does not
//! block other requests. Must not know: what the bodies contain. Small bodies are exempt from both limits; those of
//! unauthenticated senders must be smaller, because their number is not limited.
//!
//! A body needs up to four times its size while it becomes a tree, a plan and XML, and parsing 32 MiB occupies a core
//! for a second. Therefore all bodies in flight share one budget, and the number of cores that work on large bodies
//! is limited.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use tokio::sync::Semaphore;

use crate::cpu_work::{LARGE, run_cpu_work};
use crate::error::Problem;
use crate::error_code::ErrorCode;
use crate::memory_budget::{MemoryBudget, MemoryShare};

/// How long a large body waits for its share of the budget.
const ADMISSION_TIMEOUT: Duration = Duration::from_secs(10);
/// Unauthenticated senders share this fraction of the budget: one part of four.
const UNAUTHENTICATED_DIVISOR: u64 = 4;
/// From this size on, in bytes, a body of an unauthenticated sender needs a share of the budget.
const LARGE_UNAUTHENTICATED: u64 = 64 * 1024;

/// The budget for large bodies; cheap to clone.
#[derive(Debug, Clone)]
pub struct BodyBudget {
    authenticated: MemoryBudget,
    unauthenticated: MemoryBudget,
    workers: Arc<Semaphore>,
}

/// The share of the budget that one large body holds.
#[derive(Debug)]
pub(super) struct BodyShare(MemoryShare);

impl BodyShare {
    /// Returns what exceeds `bytes` to the budget.
    pub(super) fn shrink_to(&mut self, bytes: u64) {
        self.0.shrink_to(bytes);
    }
}

/// Who sends a body, which decides which budget it counts against.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BodySender {
    /// The credential was verified.
    Authenticated,
    /// The credential is in the body, or its signature covers the body, so it can only be verified after the body was
    /// read.
    Unauthenticated,
}

impl BodySender {
    /// From this size on, in bytes, a body needs a share of the budget.
    pub(super) fn large(self) -> u64 {
        match self {
            Self::Authenticated => LARGE,
            Self::Unauthenticated => LARGE_UNAUTHENTICATED,
        }
    }
}

impl BodyBudget {
    /// A budget of this many bytes. Large bodies are processed on all cores but one, at least on one.
    #[must_use]
    pub fn new(bytes: u64) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self {
            authenticated: MemoryBudget::new(bytes),
            unauthenticated: MemoryBudget::new(bytes / UNAUTHENTICATED_DIVISOR),
            workers: Arc::new(Semaphore::new(cores.saturating_sub(1).max(1))),
        }
    }

    /// The share for a body of at most this many bytes; `None` for a small body, which needs no share.
    ///
    /// # Errors
    /// 503 if no share becomes free in time. Nothing was done then.
    pub(super) async fn admit(&self, bytes: u64, sender: BodySender) -> Result<Option<BodyShare>, Problem> {
        if bytes < sender.large() {
            return Ok(None);
        }
        let share = self.of(sender).reserve(bytes, ADMISSION_TIMEOUT).await;
        share.map(BodyShare).map(Some).ok_or_else(too_many)
    }

    /// Lets the share of a body that is still arriving grow to this many bytes; a body without one gets it. Of bodies
    /// that wait for one another, the larger one is read.
    ///
    /// # Errors
    /// 503 if that does not become free in time. Nothing was done then.
    pub(super) async fn grow(
        &self,
        share: &mut Option<BodyShare>,
        bytes: u64,
        sender: BodySender,
    ) -> Result<(), Problem> {
        let Some(BodyShare(held)) = share else {
            *share = self.admit(bytes, sender).await?;
            return Ok(());
        };
        if self.of(sender).grow(held, bytes, ADMISSION_TIMEOUT).await { Ok(()) } else { Err(too_many()) }
    }

    fn of(&self, sender: BodySender) -> &MemoryBudget {
        match sender {
            BodySender::Authenticated => &self.authenticated,
            BodySender::Unauthenticated => &self.unauthenticated,
        }
    }

    /// Runs CPU work on a body of this many bytes. For a large body it waits for a free worker and lets other requests
    /// continue on another thread.
    pub(super) async fn run<T>(&self, bytes: u64, work: impl FnOnce() -> T) -> T {
        if bytes < LARGE {
            return work();
        }
        // Acquiring fails only if the semaphore is closed, which never happens.
        let _worker = self.workers.acquire().await;
        run_cpu_work(bytes, work)
    }
}

fn too_many() -> Problem {
    let detail = "Too many large requests are being processed. Nothing was done.";
    Problem::new(ErrorCode::ShuttingDown, detail).retry_after(ADMISSION_TIMEOUT)
}

/// The result of a future that never waits, such as parsing a body that is in memory.
///
/// # Errors
/// The future's own; 500 if it waits.
pub(super) fn now_or_internal<T>(future: impl Future<Output = Result<T, Problem>>) -> Result<T, Problem> {
    future.now_or_never().ok_or_else(|| Problem::internal("parsing a body in memory has to wait"))?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn large_bodies_share_the_budget_and_small_ones_are_exempt() {
        let budget = BodyBudget::new(4 * LARGE);
        let first = budget.admit(3 * LARGE, BodySender::Authenticated).await;
        assert!(matches!(first, Ok(Some(_))));
        assert!(matches!(budget.admit(LARGE - 1, BodySender::Authenticated).await, Ok(None)));
        let rejected = budget.admit(2 * LARGE, BodySender::Authenticated).await.unwrap_err();
        assert_eq!((rejected.class().status(), rejected.retry_after), (503, Some(ADMISSION_TIMEOUT)));
        drop(first);
        assert!(budget.admit(2 * LARGE, BodySender::Authenticated).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn unauthenticated_senders_cannot_use_up_the_budget() {
        let budget = BodyBudget::new(4 * LARGE);
        let first = budget.admit(4 * LARGE, BodySender::Unauthenticated).await;
        assert!(matches!(first, Ok(Some(_))));
        assert!(budget.admit(LARGE, BodySender::Unauthenticated).await.is_err());
        assert!(budget.admit(4 * LARGE, BodySender::Authenticated).await.is_ok());
        let small = budget.admit(LARGE_UNAUTHENTICATED - 1, BodySender::Unauthenticated).await;
        assert!(matches!(small, Ok(None)), "{small:?}");
        assert!(budget.admit(LARGE_UNAUTHENTICATED, BodySender::Unauthenticated).await.is_err());
    }
}
