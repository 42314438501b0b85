//! How many passwords one database verifies at a time, over all gateways.
//!
//! Odoo spends half a second on the password of an existing login and none on an unknown login. If a slot were free
//! as soon as Odoo answers, a client that waits for the slot could measure the difference. So a verification that
//! fails occupies its slot for a fixed time, whatever Odoo took, and its rejection is returned when the slot becomes
//! free. This also holds if the client disconnects. A database that is not configured has slots, too; otherwise the
//! missing queue would reveal its name.
//!
//! ```text
//! shared    for all callers, at all gateways
//! reserved  one more slot at each gateway, for callers whose login was verified from their address before
//! ```
//!
//! In: a database, the status of the caller's address. Out: a [`CheckSlot`]. Must not know: logins, secrets.

use std::collections::HashMap;
use std::time::Duration;

use tokio::time::Instant;

use super::min_failure_time::MinFailureTime;
use super::throttle::AddressStatus;
use crate::names::DatabaseName;
use crate::shared_limits::{LeasedSlots, SlotPermit};

/// The slots of all databases.
#[derive(Debug)]
pub(in crate::auth) struct CheckSlots {
    by_database: HashMap<DatabaseName, Slots>,
    unknown_databases: Slots,
    hold: MinFailureTime,
    max_wait: Duration,
}

#[derive(Debug)]
struct Slots {
    shared: LeasedSlots,
    reserved: LeasedSlots,
}

/// An occupied slot.
#[derive(Debug)]
pub(in crate::auth) struct CheckSlot {
    permit: Option<SlotPermit>,
    acquired: Instant,
    hold: MinFailureTime,
}

impl Slots {
    /// No gateway keeps a slot that it does not use: there are few of them.
    fn new(database: &str, count: usize) -> Self {
        let budget = format!("checks:{database}");
        Self { reserved: LeasedSlots::new(budget.clone(), 1), shared: LeasedSlots::without_minimum(budget, count) }
    }

    /// Never `None`, as [`LeasedSlots`] are never closed.
    async fn acquire(&self, status: AddressStatus) -> Option<SlotPermit> {
        match status {
            AddressStatus::New => self.shared.acquire().await,
            AddressStatus::Proven => tokio::select! {
                permit = self.shared.acquire() => permit,
                permit = self.reserved.acquire() => permit,
            },
        }
    }
}

impl CheckSlots {
    /// `count` slots for each database. A failed verification occupies its slot for a multiple of `hold`.
    pub(in crate::auth) fn new(
        databases: impl Iterator<Item = DatabaseName>,
        count: usize,
        hold: MinFailureTime,
        max_wait: Duration,
    ) -> Self {
        Self {
            by_database: databases.map(|name| (name.clone(), Slots::new(name.as_str(), count))).collect(),
            unknown_databases: Slots::new("", count),
            hold,
            max_wait,
        }
    }

    /// The slots that may be shared with other gateways. Those for databases that are not configured are shared like the
    /// others: the wait must not reveal which ones are.
    pub(in crate::auth) fn leased(&self) -> Vec<LeasedSlots> {
        self.by_database.values().chain([&self.unknown_databases]).map(|slots| slots.shared.clone()).collect()
    }

    /// Waits for a slot; `None` after the maximum wait. `database` is `None` for one that is not configured.
    pub(in crate::auth) async fn acquire(
        &self,
        database: Option<&DatabaseName>,
        status: AddressStatus,
    ) -> Option<CheckSlot> {
        let slots = database.and_then(|name| self.by_database.get(name)).unwrap_or(&self.unknown_databases);
        let permit = tokio::time::timeout(self.max_wait, slots.acquire(status)).await.ok().flatten()?;
        Some(CheckSlot { permit: Some(permit), acquired: Instant::now(), hold: self.hold })
    }
}

impl CheckSlot {
    /// Releases the slot at once: the verification succeeded, or did not take place.
    pub(in crate::auth) fn release(mut self) {
        drop(self.permit.take());
    }

    /// Waits until the slot is free after a failed verification. The rejection may be returned then.
    pub(in crate::auth) async fn hold(mut self) {
        self.hold.reached_since(self.acquired).await;
        drop(self.permit.take());
    }
}

impl Drop for CheckSlot {
    /// A client that disconnects frees its slot no earlier than a client that waits for the rejection.
    fn drop(&mut self) {
        let (Some(permit), hold, acquired) = (self.permit.take(), self.hold, self.acquired) else { return };
        // Without a runtime the process is about to exit.
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
        (CheckSlots::new([live.clone()].into_iter(), 1, MinFailureTime(SECOND), 5 * SECOND), live)
    }

    async fn waited(slots: &CheckSlots, database: Option<&DatabaseName>, status: AddressStatus) -> Duration {
        let started = Instant::now();
        slots.acquire(database, status).await.unwrap().release();
        started.elapsed()
    }

    /// The timer counts in milliseconds and can be late by one.
    fn seconds(wait: Duration) -> u64 {
        (wait - Duration::from_millis(wait.subsec_millis().min(2).into())).as_millis() as u64 / 1000
    }

    #[tokio::test(start_paused = true)]
    async fn the_wait_after_a_failed_check_does_not_depend_on_how_long_odoo_took() {
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
    async fn a_disconnect_frees_no_slot_and_a_success_does() {
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
    async fn failures_from_new_addresses_do_not_delay_a_proven_address() {
        let (slots, live) = slots();
        drop(slots.acquire(Some(&live), AddressStatus::New).await);
        assert_eq!(seconds(waited(&slots, Some(&live), AddressStatus::Proven).await), 0);
        assert_eq!(seconds(waited(&slots, Some(&live), AddressStatus::New).await), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn the_wait_for_a_slot_is_limited() {
        let (slots, live) = slots();
        let _held = slots.acquire(Some(&live), AddressStatus::New).await;
        assert!(slots.acquire(Some(&live), AddressStatus::New).await.is_none());
    }
}
