//! Renews what this gateway holds of the limits that all gateways on one PostgreSQL share.
//!
//! ```text
//! a limit is in use      four times a second
//! a caller waits         at once, but not more often than every 25 ms
//! others must return     every 50 ms
//! nothing is in use      once a second, so that the leases do not expire
//! ```
//!
//! While the store cannot be reached, the gateway goes on with what it holds until its leases expire: after
//! `store.outage_grace`, and 5 seconds at least. Then the others may have its slots, and it keeps the minimum.
//!
//! In: the limits, the store. Out: slots and levels, metrics. Must not know: what is limited.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{sleep, sleep_until};

use crate::auth::SharedAuthLimits;
use crate::odoo::Databases;
use crate::shared_limits::{LeasedSlots, LimitUses, Renewals, SharedState, minimum_slots};
use crate::store::{Leases, Store, StoreError};
use crate::telemetry::metrics::{DatabaseLabels, Metrics, count};

const BUSY_INTERVAL: Duration = Duration::from_millis(250);
const IDLE_INTERVAL: Duration = Duration::from_secs(1);
/// While other gateways have to return slots.
const RETURN_INTERVAL: Duration = Duration::from_millis(50);
/// The shortest time between two renewals.
const MIN_INTERVAL: Duration = Duration::from_millis(25);
/// The leases live at least this long, so that a slow renewal does not end them.
const MIN_LIFETIME: Duration = Duration::from_secs(5);
const PURGE_INTERVAL: Duration = Duration::from_secs(60);

/// The shared limits of this gateway. Clones share the state.
#[derive(Debug, Clone)]
pub(super) struct SharedLimits(Arc<State>);

#[derive(Debug)]
struct State {
    /// `None` on SQLite: every limit is for this gateway alone.
    leases: Option<Leases>,
    renewals: Renewals,
    auth: SharedAuthLimits,
    databases: Mutex<Databases>,
    /// The slots of password checks.
    checks: Mutex<Vec<LeasedSlots>>,
    metrics: Arc<Metrics>,
    lifetime: Duration,
    contact: Mutex<Contact>,
}

/// When the leases were renewed, and with how many gateways they are shared; 0 before the first renewal.
#[derive(Debug, Clone, Copy)]
struct Contact {
    renewed_at: Instant,
    gateways: u32,
    is_expired: bool,
}

impl Contact {
    /// How long what is held may be used without a renewal. Without limit, if that is only the minimum.
    fn until_expiry(&self, lifetime: Duration, now: Instant) -> Duration {
        if self.gateways == 0 || self.is_expired {
            return Duration::MAX;
        }
        lifetime.saturating_sub(now.saturating_duration_since(self.renewed_at))
    }
}

/// The running task.
#[derive(Debug)]
pub(super) struct LeaseTask {
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl SharedLimits {
    /// The limits of a gateway that starts.
    ///
    /// # Errors
    /// If the operating system provides no random numbers.
    pub(super) fn new(
        store: &Store,
        auth: SharedAuthLimits,
        databases: &Databases,
        metrics: Arc<Metrics>,
    ) -> Result<Self, StoreError> {
        let lifetime = store.credential_changes().outage_grace().max(MIN_LIFETIME);
        let shared = Self(Arc::new(State {
            leases: store.leases(lifetime)?,
            renewals: Renewals::default(),
            auth,
            databases: Mutex::new(databases.clone()),
            checks: Mutex::default(),
            metrics,
            lifetime,
            contact: Mutex::new(Contact { renewed_at: Instant::now(), gateways: 0, is_expired: false }),
        }));
        if shared.0.leases.is_some() {
            shared.0.auth.share(&shared.0.renewals);
            slots_of(databases).iter().for_each(|slots| slots.share(shared.0.renewals.clone()));
        }
        Ok(shared)
    }

    /// Databases that replace the ones before. The slots of calls that are made to removed ones are not counted.
    pub(super) fn replace_databases(&self, databases: &Databases) {
        let before = std::mem::replace(&mut *self.databases(), databases.clone());
        self.exchange_slots(&slots_of(&before), &slots_of(databases));
    }

    /// Slots of password checks that replace the ones before.
    pub(super) fn replace_checks(&self, checks: Vec<LeasedSlots>) {
        let before = std::mem::replace(&mut *self.checks(), checks.clone());
        self.exchange_slots(&before, &checks);
    }

    /// Shares the slots that are used now. Removed ones are not renewed any more, but callers may still wait for one.
    /// Those in use stay until they are released.
    fn exchange_slots(&self, before: &[LeasedSlots], now: &[LeasedSlots]) {
        if self.0.leases.is_none() {
            return;
        }
        now.iter().for_each(|slots| slots.share(self.0.renewals.clone()));
        let gateways = self.contact().gateways;
        let removed = before.iter().filter(|old| !now.iter().any(|slots| slots.is_same(old)));
        removed.for_each(|slots| keep_minimum(slots, gateways));
        self.0.renewals.request();
    }

    /// Renews once and starts the task, if the limits are shared.
    pub(super) async fn start(&self) -> LeaseTask {
        let (stop, stopped) = watch::channel(false);
        self.renew().await;
        let shared = self.clone();
        let task = tokio::spawn(async move { shared.run(stopped).await });
        LeaseTask { stop, task }
    }

    /// Describes the state for `/readyz`; `None` if nothing is shared.
    ///
    /// # Errors
    /// Since when the leases were not renewed.
    pub(super) fn describe(&self) -> Option<Result<String, String>> {
        self.0.leases.as_ref()?;
        let contact = *self.contact();
        let age = contact.renewed_at.elapsed();
        if age <= 2 * IDLE_INTERVAL + BUSY_INTERVAL {
            return Some(Ok(format!("shared by {} gateways", contact.gateways)));
        }
        let held = if contact.is_expired { "has the minimum share" } else { "uses what it holds" };
        Some(Err(format!("not renewed for {} s; this gateway {held} of the shared limits", age.as_secs())))
    }

    async fn run(&self, mut stopped: watch::Receiver<bool>) {
        let Some(leases) = &self.0.leases else { return };
        let (mut interval, mut purged_at) = (IDLE_INTERVAL, Instant::now());
        loop {
            let earliest = tokio::time::Instant::now() + MIN_INTERVAL;
            let requested = async {
                self.0.renewals.requested().await;
                sleep_until(earliest).await;
            };
            tokio::select! {
                _ = stopped.wait_for(|stopped| *stopped) => break,
                () = requested => {}
                () = sleep(interval) => {}
            }
            interval = self.renew().await;
            // During an outage it would only delay the end of the leases.
            if purged_at.elapsed() > PURGE_INTERVAL && self.contact().renewed_at.elapsed() < IDLE_INTERVAL {
                purged_at = Instant::now();
                if let Err(cause) = leases.purge_buckets().await {
                    tracing::debug!(%cause, "unused buckets were not deleted");
                }
            }
        }
        if let Err(cause) = leases.end().await {
            tracing::debug!(%cause, "the leases were not returned; they expire");
        }
    }

    /// Renews once. Returns the time until the next renewal.
    async fn renew(&self) -> Duration {
        let Some(leases) = &self.0.leases else { return IDLE_INTERVAL };
        let number = self.0.renewals.begin();
        let uses = self.uses();
        let started = Instant::now();
        let result = leases.renew(&uses, self.until_expiry()).await;
        let interval = match &result {
            Ok(state) => self.apply(&uses, state, started),
            Err(cause) => {
                self.0.auth.lose_contact();
                self.fail(leases, cause).min(self.until_expiry())
            }
        };
        self.0.renewals.end(number);
        count(&self.0.metrics.limit_renewals, if result.is_ok() { "renewed" } else { "failed" });
        for database in self.databases().iter() {
            let labels = DatabaseLabels { database: database.name.to_string() };
            let held = database.leased_slots().first().map_or(0, |slots| slots.held());
            self.0.metrics.odoo_slots.get_or_create(&labels).set(i64::try_from(held).unwrap_or(i64::MAX));
        }
        interval
    }

    fn until_expiry(&self) -> Duration {
        self.contact().until_expiry(self.0.lifetime, Instant::now())
    }

    fn uses(&self) -> LimitUses {
        let now = Instant::now();
        let mut uses = self.0.auth.uses(now);
        self.for_each_slots(|slots| uses.slots.push(slots.usage(now)));
        uses
    }

    fn apply(&self, uses: &LimitUses, state: &SharedState, started: Instant) -> Duration {
        let mut is_smaller = false;
        self.for_each_slots(|slots| {
            let grant = state.slots.iter().find(|grant| grant.budget == slots.budget());
            is_smaller |= grant.is_some_and(|grant| slots.apply(grant));
        });
        is_smaller |= self.0.auth.apply(state);
        self.0.metrics.gateways.set(state.gateways.into());
        let before = std::mem::replace(
            &mut *self.contact(),
            Contact { renewed_at: started, gateways: state.gateways, is_expired: false },
        );
        if before.is_expired {
            tracing::info!(gateways = state.gateways, "the shared limits are renewed again");
        }
        if is_smaller {
            // The other gateways learn of the returned slots at once.
            self.0.renewals.request();
        }
        let waits_for_others = state.slots.iter().any(|grant| !grant.is_complete && !grant.is_final);
        let is_used = !uses.buckets.is_empty() || uses.slots.iter().any(|used| used.wanted.max(used.kept) > 0);
        match (waits_for_others, is_used) {
            (true, _) => RETURN_INTERVAL,
            (false, true) => BUSY_INTERVAL,
            (false, false) => IDLE_INTERVAL,
        }
    }

    /// Goes on with what is held, until the leases have expired. Slots that no renewal has granted, such as those of a
    /// database that was added since, begin with the minimum.
    fn fail(&self, leases: &Leases, cause: &StoreError) -> Duration {
        let contact = *self.contact();
        let is_expired = contact.gateways == 0 || contact.renewed_at.elapsed() >= self.0.lifetime;
        self.for_each_slots(|slots| go_on(slots, contact.gateways, is_expired));
        // A gateway that was idle may hold none of these.
        self.checks().iter().for_each(LeasedSlots::hold_one);
        if is_expired && !contact.is_expired {
            self.contact().is_expired = true;
            let gateway = leases.gateway();
            let text = "the shared limits cannot be renewed; this gateway uses its minimum share";
            tracing::warn!(%cause, gateway, "{text}");
        }
        BUSY_INTERVAL
    }

    fn for_each_slots(&self, mut change: impl FnMut(&LeasedSlots)) {
        self.databases().iter().flat_map(|database| database.leased_slots()).for_each(&mut change);
        self.checks().iter().for_each(change);
    }

    fn checks(&self) -> MutexGuard<'_, Vec<LeasedSlots>> {
        self.0.checks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn databases(&self) -> MutexGuard<'_, Databases> {
        self.0.databases.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn contact(&self) -> MutexGuard<'_, Contact> {
        self.0.contact.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The slots of calls to all databases, and of their reports.
fn slots_of(databases: &Databases) -> Vec<LeasedSlots> {
    databases.iter().flat_map(|database| database.leased_slots()).cloned().collect()
}

/// Without a renewal, slots stay while their lease lasts.
fn go_on(slots: &LeasedSlots, gateways: u32, is_expired: bool) {
    if is_expired || !slots.is_granted() {
        keep_minimum(slots, gateways);
    }
}

/// Holds the slots that this many gateways may have in any case. A gateway that does not know the others (0) takes one.
fn keep_minimum(slots: &LeasedSlots, gateways: u32) {
    let gateways = if gateways == 0 { u32::MAX } else { gateways };
    let capacity = u32::try_from(slots.capacity()).unwrap_or(u32::MAX);
    slots.set_size(usize::try_from(minimum_slots(capacity, gateways)).unwrap_or(usize::MAX));
}

impl LeaseTask {
    /// Returns all slots to the other gateways.
    pub(super) async fn stop(self) {
        let _ = self.stop.send(true);
        if let Err(cause) = self.task.await {
            tracing::error!(%cause, "a task failed");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shared_limits::SlotGrant;

    #[test]
    fn renewal_does_not_outlive_the_leases() {
        let renewed_at = Instant::now();
        let after = |contact: Contact, milliseconds: u64| {
            contact.until_expiry(Duration::from_secs(5), renewed_at + Duration::from_millis(milliseconds))
        };
        let held = Contact { renewed_at, gateways: 2, is_expired: false };
        assert_eq!(after(held, 0), Duration::from_secs(5));
        assert_eq!(after(held, 4_900), Duration::from_millis(100));
        assert_eq!(after(held, 6_000), Duration::ZERO);
        assert_eq!(after(Contact { is_expired: true, ..held }, 6_000), Duration::MAX);
        assert_eq!(after(Contact { gateways: 0, ..held }, 6_000), Duration::MAX);
    }

    fn shared_slots() -> LeasedSlots {
        let slots = LeasedSlots::new("odoo".to_owned(), 64);
        slots.share(Renewals::default());
        slots
    }

    fn grant(allowed: u32) -> SlotGrant {
        SlotGrant { budget: "odoo".to_owned(), allowed, is_complete: true, is_final: true }
    }

    #[test]
    fn slots_that_are_new_during_an_outage_have_the_minimum() {
        let (new, granted) = (shared_slots(), shared_slots());
        granted.apply(&grant(7));
        for (is_expired, expected) in [(false, 7), (true, 2)] {
            [&new, &granted].into_iter().for_each(|slots| go_on(slots, 8, is_expired));
            assert_eq!((new.held(), granted.held()), (2, expected));
        }
        go_on(&new, 0, true);
        assert_eq!(new.held(), 1);
    }

    #[tokio::test]
    async fn calls_to_a_removed_database_go_on_with_the_minimum() {
        let slots = shared_slots();
        slots.apply(&grant(3));
        let used = [slots.acquire().await, slots.acquire().await, slots.acquire().await];
        slots.apply(&grant(0));
        keep_minimum(&slots, 8);
        assert_eq!(slots.held(), 3, "all are in use");
        drop(used);
        assert_eq!((slots.held(), slots.free()), (2, 2));
    }
}
