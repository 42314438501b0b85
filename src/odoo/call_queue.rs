//! A bounded queue in front of one Odoo: how many calls run at once, and how many wait.
//!
//! In: a call that is ready to be sent. Out: a [`CallPermit`], held until Odoo has responded, or a [`QueueError`]. Must
//! not know: what is called. Permits are granted in the order of the requests. The calls that run may be limited over
//! all gateways ([`LeasedSlots`]), the calls that wait are limited in each.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::shared_limits::{LeasedSlots, SlotPermit};

/// The queue of one Odoo.
#[derive(Debug)]
pub(super) struct CallQueue {
    /// Limits running and waiting calls together.
    admitted: Arc<Semaphore>,
    /// Limits running calls.
    running: LeasedSlots,
    wait: Duration,
}

/// Permission to send one call, released on drop.
#[derive(Debug)]
pub(super) struct CallPermit {
    _running: SlotPermit,
    _admitted: OwnedSemaphorePermit,
}

/// Why no permit was granted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum QueueError {
    /// The queue is full.
    #[error("The queue for Odoo is full. Nothing was done. Retry later.")]
    QueueFull,
    /// No permit became free in time.
    #[error("Odoo was busy with other requests for too long. Nothing was done. Retry later.")]
    WaitedTooLong,
}

impl CallQueue {
    /// A queue that runs as many calls at once as there are slots, and lets `queue` more wait, each for at most `wait`.
    #[must_use]
    pub(super) fn new(running: LeasedSlots, queue: usize, wait: Duration) -> Self {
        let admitted = running.capacity().saturating_add(queue).min(Semaphore::MAX_PERMITS);
        Self { admitted: Arc::new(Semaphore::new(admitted)), running, wait }
    }

    /// The calls that run.
    pub(super) fn slots(&self) -> &LeasedSlots {
        &self.running
    }

    /// Waits for a permit. A future that is dropped leaves the queue.
    ///
    /// # Errors
    /// If the queue is full, or no permit becomes free in time.
    pub(super) async fn acquire(&self) -> Result<CallPermit, QueueError> {
        let admitted = Arc::clone(&self.admitted).try_acquire_owned().map_err(|_| QueueError::QueueFull)?;
        let running = match self.running.try_acquire() {
            Some(running) => running,
            None => timeout(self.wait, self.running.acquire()).await.ok().flatten().ok_or(QueueError::WaitedTooLong)?,
        };
        Ok(CallPermit { _running: running, _admitted: admitted })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many more calls may run, and how many more may be admitted.
    fn free(queue: &CallQueue) -> (usize, usize) {
        (queue.running.free(), queue.admitted.available_permits())
    }

    /// One call runs, one waits.
    fn queue_of_one() -> CallQueue {
        CallQueue::new(LeasedSlots::new("odoo".to_owned(), 1), 1, Duration::from_secs(10))
    }

    #[tokio::test(start_paused = true)]
    async fn full_queue_is_rejected_immediately() {
        let queue = Arc::new(queue_of_one());
        let running = queue.acquire().await.unwrap();
        let waiting = tokio::spawn({
            let queue = Arc::clone(&queue);
            async move { queue.acquire().await }
        });
        tokio::task::yield_now().await;
        assert_eq!(free(&queue), (0, 0), "one call runs, one waits");
        assert_eq!(queue.acquire().await.unwrap_err(), QueueError::QueueFull);
        drop(running);
        assert!(waiting.await.unwrap().is_ok());
        assert_eq!(free(&queue), (1, 2));
    }

    #[tokio::test(start_paused = true)]
    async fn waiting_call_times_out() {
        let queue = queue_of_one();
        let running = queue.acquire().await.unwrap();
        assert_eq!(queue.acquire().await.unwrap_err(), QueueError::WaitedTooLong);
        drop(running);
        assert!(queue.acquire().await.is_ok());
    }
}
