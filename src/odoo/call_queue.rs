//! A bounded queue in front of one Odoo: how many calls run at once, and how many wait.
//!
//! In: a call that is ready to be sent. Out: a [`CallPermit`], held until Odoo has responded, or a [`QueueError`]. Must
//! not know: what is called. Permits are granted in the order of the requests.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

/// The queue of one Odoo.
#[derive(Debug)]
pub(super) struct CallQueue {
    /// Limits running and waiting calls together.
    admitted: Arc<Semaphore>,
    /// Limits running calls.
    running: Arc<Semaphore>,
    wait: Duration,
}

/// Permission to send one call, released on drop.
#[derive(Debug)]
pub(super) struct CallPermit {
    _running: OwnedSemaphorePermit,
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
    /// A queue that runs `concurrency` calls at once and lets `queue` more wait, each for at most `wait`.
    #[must_use]
    pub(super) fn new(concurrency: usize, queue: usize, wait: Duration) -> Self {
        let running = concurrency.clamp(1, Semaphore::MAX_PERMITS);
        let admitted = running.saturating_add(queue).min(Semaphore::MAX_PERMITS);
        Self { admitted: Arc::new(Semaphore::new(admitted)), running: Arc::new(Semaphore::new(running)), wait }
    }

    /// Waits for a permit. A future that is dropped leaves the queue.
    ///
    /// # Errors
    /// If the queue is full, or no permit becomes free in time.
    pub(super) async fn acquire(&self) -> Result<CallPermit, QueueError> {
        let admitted = Arc::clone(&self.admitted).try_acquire_owned().map_err(|_| QueueError::QueueFull)?;
        // A permit is free only if no call waits for one, so this overtakes none.
        let running = match Arc::clone(&self.running).try_acquire_owned() {
            Ok(running) => running,
            Err(_) => {
                let permit = timeout(self.wait, Arc::clone(&self.running).acquire_owned()).await;
                permit.ok().and_then(Result::ok).ok_or(QueueError::WaitedTooLong)?
            }
        };
        Ok(CallPermit { _running: running, _admitted: admitted })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many more calls may run, and how many more may be admitted.
    fn free(queue: &CallQueue) -> (usize, usize) {
        (queue.running.available_permits(), queue.admitted.available_permits())
    }

    #[tokio::test(start_paused = true)]
    async fn full_queue_is_rejected_immediately() {
        let queue = Arc::new(CallQueue::new(1, 1, Duration::from_secs(10)));
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
        let queue = CallQueue::new(1, 1, Duration::from_secs(10));
        let running = queue.acquire().await.unwrap();
        assert_eq!(queue.acquire().await.unwrap_err(), QueueError::WaitedTooLong);
        drop(running);
        assert!(queue.acquire().await.is_ok());
    }
}
