//! Large bodies: how many bytes of them are held at one time, and how many of them are worked on.
//!
//! In: a size. Out: a [`Place`] that a request holds until it is answered; work that keeps no other request waiting. Must
//! not know: what the bodies are. Most bodies are small, and none of this concerns them.
//!
//! A body costs up to four times its size while it becomes a tree, a plan and XML, and 32 MiB of it keep a processor busy
//! for a second. So bodies that are under way share a budget, and the processors that work on large ones are counted.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use tokio::sync::Semaphore;

use crate::error::Problem;
use crate::error_code::Code;
use crate::load::{Budget, LARGE, Share, work_on};

/// How long a large body waits for its place.
const PATIENCE: Duration = Duration::from_secs(10);
/// What a sender nobody has vouched for may take of the budget: one part of so many.
const UNPROVEN_PART: u64 = 4;

/// The large bodies under way; cheap to clone.
#[derive(Debug, Clone)]
pub struct LargeBodies {
    proven: Budget,
    unproven: Budget,
    workers: Arc<Semaphore>,
}

/// The place of a large body.
#[derive(Debug)]
pub(in crate::http) struct Place(#[expect(dead_code, reason = "held, never looked at")] Share);

/// Who sends a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::http) enum Sender {
    /// Somebody whose credential was checked.
    Proven,
    /// Somebody whose signature covers the body and is checked once it is there.
    Unproven,
}

impl LargeBodies {
    /// A budget of so many bytes, and one worker for each processor but one.
    #[must_use]
    pub fn new(bytes: u64) -> Self {
        let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self {
            proven: Budget::new(bytes),
            unproven: Budget::new(bytes / UNPROVEN_PART),
            workers: Arc::new(Semaphore::new(processors.saturating_sub(1).max(1))),
        }
    }

    /// The place of a body of at most so many bytes; a small one needs none.
    ///
    /// # Errors
    /// 503 when there is none in time; nothing was done.
    pub(in crate::http) async fn admit(&self, bytes: u64, sender: Sender) -> Result<Option<Place>, Problem> {
        if bytes < LARGE {
            return Ok(None);
        }
        let budget = if sender == Sender::Proven { &self.proven } else { &self.unproven };
        match budget.take(bytes, PATIENCE).await {
            Some(share) => Ok(Some(Place(share))),
            None => {
                let detail = "Too many large requests are under way. Nothing was done.";
                Err(Problem::new(Code::ShuttingDown, detail).retry_after(PATIENCE))
            }
        }
    }

    /// Does the work on a body of so many bytes; if it is large, once a worker is free, and off the threads that other
    /// requests are waiting for.
    pub(in crate::http) async fn work<T>(&self, bytes: u64, work: impl FnOnce() -> T) -> T {
        if bytes < LARGE {
            return work();
        }
        // The semaphore is never closed.
        let _worker = self.workers.acquire().await;
        work_on(bytes, work)
    }
}

/// What reading a body that is there comes to, without waiting.
///
/// # Errors
/// Those of the reading.
pub(in crate::http) fn at_once<T>(reading: impl Future<Output = Result<T, Problem>>) -> Result<T, Problem> {
    let waited = || Problem::internal("a body that is there was waited for");
    reading.now_or_never().ok_or_else(waited)?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn large_bodies_wait_for_each_other_and_small_ones_for_nobody() {
        let bodies = LargeBodies::new(4 * LARGE);
        let first = bodies.admit(3 * LARGE, Sender::Proven).await;
        assert!(matches!(first, Ok(Some(_))));
        assert!(matches!(bodies.admit(LARGE - 1, Sender::Proven).await, Ok(None)));
        let refused = bodies.admit(2 * LARGE, Sender::Proven).await.unwrap_err();
        assert_eq!((refused.class().status(), refused.retry_after), (503, Some(PATIENCE)));
        drop(first);
        assert!(bodies.admit(2 * LARGE, Sender::Proven).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn senders_nobody_vouches_for_leave_room_for_the_others() {
        let bodies = LargeBodies::new(4 * LARGE);
        let first = bodies.admit(4 * LARGE, Sender::Unproven).await;
        assert!(matches!(first, Ok(Some(_))));
        assert!(bodies.admit(LARGE, Sender::Unproven).await.is_err());
        assert!(bodies.admit(4 * LARGE, Sender::Proven).await.is_ok());
    }
}
