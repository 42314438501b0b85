//! A bounded queue in front of one Odoo: how many calls run at once, and how many wait.
//!
//! In: a call that is ready to be sent, and its priority. Out: a [`CallPermit`], held until Odoo has responded, or a
//! [`QueueError`]. Must not know: what is called. The calls that run may be limited over all gateways
//! ([`LeasedSlots`]), the calls that wait are limited in each.
//!
//! Calls of the same priority get their permits in their order. Pages of exports let other calls pass and have a queue
//! of their own, so that they take no place there. They are not deferred for ever: [`LeasedSlots`] says how long.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::shared_limits::{LeasedSlots, SlotPermit};
use crate::telemetry::odoo_call_metrics::{CallClass, WaitingCalls};

/// Who waits for a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CallPriority {
    /// A client that waits for a response: to a read, a write, a method, a login.
    Interactive,
    /// An export of which the client has nothing yet.
    Export,
    /// An export of which the client has a part, which is useless without the rest: its pages are always admitted, as
    /// many as there are connections, and may wait longer.
    BegunExport,
}

/// The queue of one Odoo.
#[derive(Debug)]
pub(super) struct CallQueue {
    interactive: Lane,
    exports: Lane,
    /// Limits running calls.
    running: LeasedSlots,
    wait: Duration,
    begun_export_wait: Duration,
}

/// The calls of one class.
#[derive(Debug)]
struct Lane {
    /// Limits running and waiting calls together.
    admitted: Arc<Semaphore>,
    waiting: WaitingCalls,
}

/// Permission to send one call, released on drop.
#[derive(Debug)]
pub(super) struct CallPermit {
    _running: SlotPermit,
    /// `None` for a call that is always admitted.
    _admitted: Option<OwnedSemaphorePermit>,
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

impl CallPriority {
    /// The class in metrics.
    pub(super) fn class(self) -> CallClass {
        match self {
            Self::Interactive => CallClass::Interactive,
            Self::Export | Self::BegunExport => CallClass::Export,
        }
    }
}

impl CallQueue {
    /// A queue that runs as many calls at once as there are slots, and lets `queue` more wait, each for at most `wait`.
    #[must_use]
    pub(super) fn new(running: LeasedSlots, queue: usize, wait: Duration) -> Self {
        let admitted = running.capacity().saturating_add(queue).min(Semaphore::MAX_PERMITS);
        let lane = || Lane { admitted: Arc::new(Semaphore::new(admitted)), waiting: WaitingCalls::default() };
        Self { interactive: lane(), exports: lane(), running, wait, begun_export_wait: wait }
    }

    /// The same queue, in which the pages of an export that has begun wait for this long.
    #[must_use]
    pub(super) fn with_begun_export_wait(self, begun_export_wait: Duration) -> Self {
        Self { begun_export_wait, ..self }
    }

    /// The same queue, whose waiting calls are counted by these.
    #[must_use]
    pub(super) fn with_waiting_calls(mut self, waiting: impl Fn(CallClass) -> WaitingCalls) -> Self {
        self.interactive.waiting = waiting(CallClass::Interactive);
        self.exports.waiting = waiting(CallClass::Export);
        self
    }

    /// The calls that run.
    pub(super) fn slots(&self) -> &LeasedSlots {
        &self.running
    }

    /// Waits for a permit. A future that is dropped leaves the queue.
    ///
    /// # Errors
    /// If the queue is full, or no permit becomes free in time.
    pub(super) async fn acquire(&self, priority: CallPriority) -> Result<CallPermit, QueueError> {
        let (lane, wait) = match priority {
            CallPriority::Interactive => (&self.interactive, self.wait),
            CallPriority::Export => (&self.exports, self.wait),
            CallPriority::BegunExport => (&self.exports, self.begun_export_wait),
        };
        let admitted = match priority {
            CallPriority::BegunExport => None,
            CallPriority::Interactive | CallPriority::Export => {
                Some(Arc::clone(&lane.admitted).try_acquire_owned().map_err(|_| QueueError::QueueFull)?)
            }
        };
        let running = match self.try_acquire_slot(priority) {
            Some(running) => running,
            None => {
                let _waiting = lane.waiting.enter();
                let slot = timeout(wait, self.acquire_slot(priority)).await;
                slot.ok().flatten().ok_or(QueueError::WaitedTooLong)?
            }
        };
        Ok(CallPermit { _running: running, _admitted: admitted })
    }

    fn try_acquire_slot(&self, priority: CallPriority) -> Option<SlotPermit> {
        match priority {
            CallPriority::Interactive => self.running.try_acquire(),
            // Exports that wait come first.
            CallPriority::Export | CallPriority::BegunExport => None,
        }
    }

    async fn acquire_slot(&self, priority: CallPriority) -> Option<SlotPermit> {
        match priority {
            CallPriority::Interactive => self.running.acquire().await,
            CallPriority::Export | CallPriority::BegunExport => self.running.acquire_deferrable().await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use CallPriority::{BegunExport, Export, Interactive};

    /// How many more calls may run, and how many more may be admitted.
    fn free(queue: &CallQueue) -> (usize, usize) {
        (queue.running.free(), queue.interactive.admitted.available_permits())
    }

    /// One call runs, one waits.
    fn queue_of_one() -> CallQueue {
        CallQueue::new(LeasedSlots::new("odoo".to_owned(), 1), 1, Duration::from_secs(10))
            .with_begun_export_wait(Duration::from_secs(100))
    }

    #[tokio::test(start_paused = true)]
    async fn full_queue_is_rejected_immediately() {
        let queue = Arc::new(queue_of_one());
        let running = queue.acquire(Interactive).await.unwrap();
        let waiting = tokio::spawn({
            let queue = Arc::clone(&queue);
            async move { queue.acquire(Interactive).await }
        });
        tokio::task::yield_now().await;
        assert_eq!(free(&queue), (0, 0), "one call runs, one waits");
        assert_eq!(queue.acquire(Interactive).await.unwrap_err(), QueueError::QueueFull);
        drop(running);
        assert!(waiting.await.unwrap().is_ok());
        assert_eq!(free(&queue), (1, 2));
    }

    #[tokio::test(start_paused = true)]
    async fn waiting_call_times_out() {
        let queue = queue_of_one();
        let running = queue.acquire(Interactive).await.unwrap();
        assert_eq!(queue.acquire(Interactive).await.unwrap_err(), QueueError::WaitedTooLong);
        drop(running);
        assert!(queue.acquire(Interactive).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn exports_wait_in_a_queue_of_their_own() {
        let queue = Arc::new(queue_of_one());
        let running = queue.acquire(Interactive).await.unwrap();
        let acquire = |priority| {
            let queue = Arc::clone(&queue);
            tokio::spawn(async move { queue.acquire(priority).await })
        };
        let exports = [acquire(Export), acquire(Export)];
        tokio::task::yield_now().await;
        assert_eq!(queue.acquire(Export).await.unwrap_err(), QueueError::QueueFull);
        let interactive = acquire(Interactive);
        tokio::task::yield_now().await;
        assert!(!interactive.is_finished(), "there is a place for it");
        drop(running);
        drop(interactive.await.unwrap().unwrap());
        for export in exports {
            assert!(export.await.unwrap().is_ok());
        }
    }

    #[tokio::test(start_paused = true)]
    async fn export_that_has_begun_goes_on_although_the_queue_is_full() {
        let queue = Arc::new(queue_of_one());
        let running = queue.acquire(Interactive).await.unwrap();
        let acquire = |priority| {
            let queue = Arc::clone(&queue);
            tokio::spawn(async move { queue.acquire(priority).await })
        };
        let full = [acquire(Export), acquire(Export)];
        tokio::task::yield_now().await;
        assert_eq!(queue.acquire(Export).await.unwrap_err(), QueueError::QueueFull);
        let begun = acquire(BegunExport);
        tokio::task::yield_now().await;
        assert!(!begun.is_finished(), "it waits");
        drop(running);
        for export in full {
            drop(export.await.unwrap().unwrap());
        }
        assert!(begun.await.unwrap().is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn export_that_has_begun_waits_longer() {
        let queue = queue_of_one();
        let _running = queue.acquire(Interactive).await.unwrap();
        for (priority, seconds) in [(Export, 10), (BegunExport, 100)] {
            let started = tokio::time::Instant::now();
            assert_eq!(queue.acquire(priority).await.unwrap_err(), QueueError::WaitedTooLong);
            assert_eq!(started.elapsed().as_secs(), seconds);
        }
    }
}
