//! How many password checks one database does at a time.
//!
//! Odoo spends half a second on the password of a login that exists and nothing on one that does not. A slot that was
//! free again as soon as Odoo answered would tell both apart: whoever waits for it waits longer behind a known login. So
//! a check that does not succeed holds its slot for a fixed time, whatever Odoo took, and its refusal leaves when the
//! slot is free. That holds for callers that hang up, too. A database that is not configured has slots as well, or its
//! name could be told by the lack of a queue.
//!
//! ```text
//! shared    for everybody
//! reserved  one slot beyond, for callers who have logged in from their address before
//! ```
//!
//! In: which database, what is known of the caller. Out: a [`CheckSlot`]. Must not know: logins, secrets.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use super::min_failure_time::Floor;
use super::throttle::AddressStatus;
use crate::names::DatabaseName;

/// The slots of all databases.
#[derive(Debug)]
pub(in crate::auth) struct CheckSlots {
    of_databases: HashMap<DatabaseName, Slots>,
    of_unknown_databases: Slots,
    hold: Floor,
    max_wait: Duration,
}

#[derive(Debug)]
struct Slots {
    shared: Arc<Semaphore>,
    reserved: Arc<Semaphore>,
}

/// A slot that is held.
#[derive(Debug)]
pub(in crate::auth) struct CheckSlot {
    permit: Option<OwnedSemaphorePermit>,
    acquired: Instant,
    hold: Floor,
}

impl Slots {
    fn new(count: usize) -> Self {
        Self { shared: Arc::new(Semaphore::new(count)), reserved: Arc::new(Semaphore::new(1)) }
    }

    /// `None` never comes: nobody closes a semaphore here.
    async fn acquire(&self, status: AddressStatus) -> Option<OwnedSemaphorePermit> {
        let shared = self.shared.clone().acquire_owned();
        match status {
            AddressStatus::New => shared.await.ok(),
            AddressStatus::Proven => tokio::select! {
                permit = shared => permit.ok(),
                permit = self.reserved.clone().acquire_owned() => permit.ok(),
            },
        }
    }
}

impl CheckSlots {
    /// `count` slots for each database. A check that fails holds its slot for a multiple of `hold`.
    pub(in crate::auth) fn new(
        databases: impl Iterator<Item = DatabaseName>,
        count: usize,
        hold: Floor,
        max_wait: Duration,
    ) -> Self {
        Self {
            of_databases: databases.map(|name| (name, Slots::new(count))).collect(),
            of_unknown_databases: Slots::new(count),
            hold,
            max_wait,
        }
    }

    /// Waits for a slot; `None` when that takes too long. `None` as database is one that is not configured.
    pub(in crate::auth) async fn acquire(
        &self,
        database: Option<&DatabaseName>,
        status: AddressStatus,
    ) -> Option<CheckSlot> {
        let slots = database.and_then(|name| self.of_databases.get(name)).unwrap_or(&self.of_unknown_databases);
        let permit = tokio::time::timeout(self.max_wait, slots.acquire(status)).await.ok().flatten()?;
        Some(CheckSlot { permit: Some(permit), acquired: Instant::now(), hold: self.hold })
    }
}

impl CheckSlot {
    /// The check succeeded, or was not done: the slot is free at once.
    pub(in crate::auth) fn release(mut self) {
        drop(self.permit.take());
    }

    /// The check failed: waits until the slot is free, which is when the refusal may leave.
    pub(in crate::auth) async fn hold(mut self) {
        self.hold.reached_since(self.acquired).await;
        drop(self.permit.take());
    }
}

impl Drop for CheckSlot {
    /// Whoever hangs up gets no slot earlier than who waits for the refusal.
    fn drop(&mut self) {
        let (Some(permit), hold, acquired) = (self.permit.take(), self.hold, self.acquired) else { return };
        // Without a runtime the process is about to end.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                hold.reached_since(acquired).await;
                drop(permit);
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn slots() -> (CheckSlots, DatabaseName) {
        let live = DatabaseName::parse("live").unwrap();
        (CheckSlots::new([live.clone()].into_iter(), 1, Floor(SECOND), 5 * SECOND), live)
    }

    async fn waited(slots: &CheckSlots, database: Option<&DatabaseName>, status: AddressStatus) -> Duration {
        let began = Instant::now();
        slots.acquire(database, status).await.unwrap().release();
        began.elapsed()
    }

    /// The timer counts in milliseconds and may be one late.
    fn seconds(wait: Duration) -> u64 {
        (wait - Duration::from_millis(wait.subsec_millis().min(2).into())).as_millis() as u64 / 1000
    }

    #[tokio::test(start_paused = true)]
    async fn the_wait_behind_a_failed_check_is_the_same_whatever_the_check_took() {
        let (slots, live) = slots();
        for took in [5, 450, 999] {
            let slot = slots.acquire(Some(&live), AddressStatus::New).await.unwrap();
            let check = async {
                tokio::time::sleep(Duration::from_millis(took)).await;
                slot.hold().await;
            };
            let (wait, ()) = tokio::join!(waited(&slots, Some(&live), AddressStatus::New), check);
            assert!((1000..=1002).contains(&wait.as_millis()), "{took} ms: {wait:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn who_hangs_up_frees_no_slot_and_who_succeeds_does() {
        let (slots, live) = slots();
        drop(slots.acquire(Some(&live), AddressStatus::New).await);
        assert_eq!(seconds(waited(&slots, Some(&live), AddressStatus::New).await), 1);
        slots.acquire(Some(&live), AddressStatus::New).await.unwrap().release();
        assert_eq!(seconds(waited(&slots, Some(&live), AddressStatus::New).await), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_database_that_is_not_configured_has_a_queue_too() {
        let (slots, _) = slots();
        drop(slots.acquire(None, AddressStatus::New).await);
        assert_eq!(seconds(waited(&slots, None, AddressStatus::New).await), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn guesses_of_strangers_do_not_delay_who_has_logged_in_before() {
        let (slots, live) = slots();
        drop(slots.acquire(Some(&live), AddressStatus::New).await);
        assert_eq!(seconds(waited(&slots, Some(&live), AddressStatus::Proven).await), 0);
        assert_eq!(seconds(waited(&slots, Some(&live), AddressStatus::New).await), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_waits_for_ever() {
        let (slots, live) = slots();
        let _held = slots.acquire(Some(&live), AddressStatus::New).await;
        assert!(slots.acquire(Some(&live), AddressStatus::New).await.is_none());
    }
}
