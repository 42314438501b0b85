//! Callers that let others pass: they get slots that nobody else waits for, one caller after the other.
//!
//! ```text
//! the first      gets a slot that is free while no other caller waits; after MAX_PASSED others it waits like them
//! the others     wait until they are first
//! ```
//!
//! So such a caller is delayed as long as the slots are scarce, but always gets one: those that wait before it at that
//! time are the last that pass it.
//!
//! In: what happens to the slots. Out: whose turn it is. Must not know: the slots themselves, what they are for.

use std::sync::atomic::{AtomicUsize, Ordering, fence};

use tokio::sync::{Notify, Semaphore, SemaphorePermit};

/// How many other callers may pass the first one.
pub(super) const MAX_PASSED: usize = 8;

/// The callers that let others pass.
#[derive(Debug)]
pub(super) struct DeferrableCallers {
    /// The caller that holds it is the first.
    turn: Semaphore,
    waiting: AtomicUsize,
    in_use: AtomicUsize,
    /// The callers that passed the first one.
    passed: AtomicUsize,
    /// The first one may get a slot now.
    changed: Notify,
}

/// Counts a caller that waits.
pub(super) struct WaitingDeferrable<'c>(&'c AtomicUsize);

impl Drop for WaitingDeferrable<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Default for DeferrableCallers {
    fn default() -> Self {
        Self {
            turn: Semaphore::new(1),
            waiting: AtomicUsize::new(0),
            in_use: AtomicUsize::new(0),
            passed: AtomicUsize::new(0),
            changed: Notify::new(),
        }
    }
}

impl DeferrableCallers {
    /// Counts a caller until the guard is dropped.
    pub(super) fn begin_to_wait(&self) -> WaitingDeferrable<'_> {
        self.waiting.fetch_add(1, Ordering::SeqCst);
        // A slot that is released from now on wakes the caller, one that was released before is found to be free.
        fence(Ordering::SeqCst);
        WaitingDeferrable(&self.waiting)
    }

    /// Waits until the caller is the first. Never `None`: the semaphore is never closed.
    pub(super) async fn first(&self) -> Option<SemaphorePermit<'_>> {
        let turn = self.turn.acquire().await.ok()?;
        self.forget_passed();
        Some(turn)
    }

    /// Waits until the first one may get a slot.
    pub(super) async fn changed(&self) {
        self.changed.notified().await;
    }

    /// A slot was released, or added.
    pub(super) fn wake_first(&self) {
        fence(Ordering::SeqCst);
        if self.waiting() > 0 {
            self.changed.notify_one();
        }
    }

    /// Another caller got a slot.
    pub(super) fn count_passed(&self) {
        if self.waiting() > 0 && self.passed.fetch_add(1, Ordering::Relaxed) + 1 == MAX_PASSED {
            self.changed.notify_one();
        }
    }

    /// Whether no more callers may pass the first one.
    pub(super) fn is_passed_too_often(&self) -> bool {
        self.passed.load(Ordering::Relaxed) >= MAX_PASSED
    }

    /// Counts from the beginning: until now the first one did not wait because of others.
    pub(super) fn forget_passed(&self) {
        self.passed.store(0, Ordering::Relaxed);
    }

    pub(super) fn waiting(&self) -> usize {
        self.waiting.load(Ordering::SeqCst)
    }

    /// The slots that such callers use.
    pub(super) fn in_use(&self) -> usize {
        self.in_use.load(Ordering::Relaxed)
    }

    pub(super) fn begin_use(&self) {
        self.in_use.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn end_use(&self) {
        self.in_use.fetch_sub(1, Ordering::Relaxed);
    }
}
