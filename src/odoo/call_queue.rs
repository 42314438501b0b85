//! How many calls one Odoo gets at once, and how many may wait for it.
//!
//! In: a call that wishes to begin. Out: a [`Permit`] that it holds until Odoo is done with it, or why it may not wait.
//! Must not know: what is called. Turns are taken in the order of arrival.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

/// The gate before one Odoo.
#[derive(Debug)]
pub(super) struct Gate {
    /// Those who work and those who wait.
    inside: Arc<Semaphore>,
    /// Those who work.
    working: Arc<Semaphore>,
    /// How many of each there may be.
    sizes: Load,
    wait: Duration,
}

/// How many calls are under way and how many wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Load {
    /// Sent and not answered.
    pub working: usize,
    /// Waiting for their turn.
    pub waiting: usize,
}

/// A place at Odoo, given back on drop.
#[derive(Debug)]
pub(super) struct Permit {
    _working: OwnedSemaphorePermit,
    _inside: OwnedSemaphorePermit,
}

/// Why there is no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum NoPlace {
    /// The queue is full.
    #[error("Too many requests are waiting for Odoo. Nothing was done.")]
    QueueFull,
    /// The turn did not come in time.
    #[error("Odoo was busy for too long with other requests. Nothing was done.")]
    WaitedTooLong,
}

impl Gate {
    /// A gate that lets `concurrency` calls through and `queue` more wait, each for at most `wait`.
    #[must_use]
    pub(super) fn new(concurrency: usize, queue: usize, wait: Duration) -> Self {
        let working = concurrency.clamp(1, Semaphore::MAX_PERMITS);
        let inside = working.saturating_add(queue).min(Semaphore::MAX_PERMITS);
        Self {
            inside: Arc::new(Semaphore::new(inside)),
            working: Arc::new(Semaphore::new(working)),
            sizes: Load { working, waiting: inside - working },
            wait,
        }
    }

    /// How many are inside now.
    #[must_use]
    pub(super) fn load(&self) -> Load {
        let working = self.sizes.working.saturating_sub(self.working.available_permits());
        let inside = (self.sizes.working + self.sizes.waiting).saturating_sub(self.inside.available_permits());
        Load { working, waiting: inside.saturating_sub(working) }
    }

    /// Waits for a place. Who stops waiting leaves the queue.
    ///
    /// # Errors
    /// When the queue is full or the turn does not come in time.
    pub(super) async fn enter(&self) -> Result<Permit, NoPlace> {
        let inside = Arc::clone(&self.inside).try_acquire_owned().map_err(|_| NoPlace::QueueFull)?;
        let turn = timeout(self.wait, Arc::clone(&self.working).acquire_owned()).await;
        match turn {
            Ok(Ok(working)) => Ok(Permit { _working: working, _inside: inside }),
            Ok(Err(_)) | Err(_) => Err(NoPlace::WaitedTooLong),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn some_work_some_wait_and_the_rest_is_turned_away() {
        let gate = Arc::new(Gate::new(1, 1, Duration::from_secs(10)));
        let working = gate.enter().await.unwrap();
        let waiting = tokio::spawn({
            let gate = Arc::clone(&gate);
            async move { gate.enter().await }
        });
        tokio::task::yield_now().await;
        assert_eq!(gate.load(), Load { working: 1, waiting: 1 });
        assert_eq!(gate.enter().await.unwrap_err(), NoPlace::QueueFull);
        drop(working);
        assert!(waiting.await.unwrap().is_ok());
        assert_eq!(gate.load(), Load { working: 0, waiting: 0 });
    }

    #[tokio::test(start_paused = true)]
    async fn a_turn_that_does_not_come_in_time_is_given_up() {
        let gate = Gate::new(1, 1, Duration::from_secs(10));
        let working = gate.enter().await.unwrap();
        assert_eq!(gate.enter().await.unwrap_err(), NoPlace::WaitedTooLong);
        drop(working);
        assert!(gate.enter().await.is_ok());
    }
}
