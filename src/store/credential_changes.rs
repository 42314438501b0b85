//! Detects changes of credentials, so that rows which were read before can be used without reading them again.
//!
//! The table `credential_version` has one row. Triggers replace its number in every transaction that changes what a
//! token opens. The poll reads it at short intervals; transactions of this process read it after their commit.
//!
//! In: the version, as read by the poll and by transactions. Out: a generation that grows with every change, and
//! whether the store confirms it. Must not know: what is cached, how the poll connects.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use sqlx::{AnyConnection, Row as _};

use super::{Store, StoreError};

/// A revocation by another process is effective after this time: a row that is older than the last poll by more than
/// this is read again.
const MAX_DELAY: Duration = Duration::from_secs(1);

/// Whether the store confirms that no credential has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoreContact {
    /// A poll found no change less than a second ago.
    Current,
    /// The store cannot be reached, and `store.outage_grace` has not passed: rows that were read before may be used.
    Bridged,
    /// Rows must be read.
    Lost,
}

/// Changes of credentials. Clones share the state.
#[derive(Debug, Clone)]
pub struct CredentialChanges(Arc<State>);

#[derive(Debug)]
struct State {
    /// Starts at 1 and grows with every change.
    generation: AtomicU64,
    /// The last version that was read.
    version: Mutex<Option<i64>>,
    /// When the last successful poll began: nanoseconds after `created`; 0 before the first one.
    confirmed_at: AtomicU64,
    created: Instant,
    /// Whether the store could not be reached since then.
    failing: AtomicBool,
    outage_grace: Duration,
    reads: AtomicU64,
    bridged: AtomicU64,
}

/// What was counted since the last time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CredentialCounts {
    /// Rows that were read to verify a credential.
    pub reads: u64,
    /// Uses of rows while the store could not be reached.
    pub bridged: u64,
}

impl CredentialChanges {
    /// Without contact until the first poll. `outage_grace`: how long rows may be used while the store cannot be
    /// reached.
    pub(crate) fn new(outage_grace: Duration) -> Self {
        Self(Arc::new(State {
            generation: AtomicU64::new(1),
            version: Mutex::default(),
            confirmed_at: AtomicU64::new(0),
            created: Instant::now(),
            failing: AtomicBool::new(false),
            outage_grace,
            reads: AtomicU64::new(0),
            bridged: AtomicU64::new(0),
        }))
    }

    /// Counts a row that is read to verify a credential.
    pub fn count_read(&self) {
        self.0.reads.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts the use of a row while the store cannot be reached.
    pub fn count_bridged(&self) {
        self.0.bridged.fetch_add(1, Ordering::Relaxed);
    }

    /// The counts since the last call.
    #[must_use]
    pub fn take_counts(&self) -> CredentialCounts {
        let take = |count: &AtomicU64| count.swap(0, Ordering::Relaxed);
        CredentialCounts { reads: take(&self.0.reads), bridged: take(&self.0.bridged) }
    }

    /// The generation of rows that are read from now on. Get it before the query: a change during the query then makes
    /// the row outdated.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.0.generation.load(Ordering::SeqCst)
    }

    /// How long rows may be used while the store cannot be reached.
    #[must_use]
    pub fn outage_grace(&self) -> Duration {
        self.0.outage_grace
    }

    /// Whether the store confirms that no credential has changed, at this time.
    #[must_use]
    pub fn contact(&self, now: Instant) -> StoreContact {
        let confirmed_at = self.0.confirmed_at.load(Ordering::SeqCst);
        if confirmed_at == 0 {
            return StoreContact::Lost;
        }
        let age = now.saturating_duration_since(self.0.created + Duration::from_nanos(confirmed_at));
        match self.0.failing.load(Ordering::SeqCst) {
            false if age <= MAX_DELAY => StoreContact::Current,
            true if age < self.0.outage_grace => StoreContact::Bridged,
            _ => StoreContact::Lost,
        }
    }

    /// Makes every row outdated that was read before.
    pub(super) fn invalidate(&self) {
        self.0.generation.fetch_add(1, Ordering::SeqCst);
    }

    /// Records a version that was read. Any other version than the last one is a change, also an older one: two readers
    /// can finish in the wrong order, which makes rows outdated once too often and never once too few.
    pub(super) fn observe(&self, version: i64) {
        let mut last = self.0.version.lock().unwrap_or_else(PoisonError::into_inner);
        if last.replace(version) != Some(version) {
            self.invalidate();
        }
    }

    /// Records that the store cannot be reached.
    pub(super) fn report_failure(&self) {
        self.0.failing.store(true, Ordering::SeqCst);
    }

    /// Records that the store accepts connections and does not answer in time. It is not known then whether credentials
    /// have changed, so rows are read.
    pub(super) fn report_slow(&self) {
        self.0.failing.store(false, Ordering::SeqCst);
    }

    /// Records the result of a poll that began at `started`.
    pub(super) fn confirm(&self, version: i64, started: Instant) {
        self.observe(version);
        let since = started.saturating_duration_since(self.0.created).as_nanos();
        self.0.confirmed_at.store(u64::try_from(since).unwrap_or(u64::MAX).max(1), Ordering::SeqCst);
        self.0.failing.store(false, Ordering::SeqCst);
    }
}

/// Reads the version.
pub(super) async fn read_version(connection: &mut AnyConnection) -> Result<i64, StoreError> {
    let row = sqlx::query("SELECT version FROM credential_version").fetch_one(connection).await?;
    Ok(row.try_get("version")?)
}

impl Store {
    /// Changes of credentials, as far as this process knows.
    #[must_use]
    pub fn credential_changes(&self) -> &CredentialChanges {
        &self.changes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changes(grace: u64) -> CredentialChanges {
        CredentialChanges::new(Duration::from_secs(grace))
    }

    #[test]
    fn every_other_version_is_a_change() {
        let changes = changes(30);
        let mut generations = vec![changes.generation()];
        for version in [7, 7, 8, 7] {
            changes.observe(version);
            generations.push(changes.generation());
        }
        assert_eq!(generations, [1, 2, 2, 3, 4]);
    }

    #[test]
    fn contact_ends_after_a_second_without_a_poll() {
        let (changes, started) = (changes(30), Instant::now());
        assert_eq!(changes.contact(started), StoreContact::Lost, "before the first poll");
        changes.confirm(1, started);
        assert_eq!(changes.contact(started + Duration::from_millis(999)), StoreContact::Current);
        assert_eq!(changes.contact(started + Duration::from_millis(1500)), StoreContact::Lost, "the poll is late");
    }

    #[test]
    fn outage_is_bridged_for_the_configured_time() {
        let (changes, started) = (changes(30), Instant::now());
        changes.report_failure();
        assert_eq!(changes.contact(started), StoreContact::Lost, "nothing was ever confirmed");
        changes.confirm(1, started);
        changes.report_failure();
        assert_eq!(changes.contact(started), StoreContact::Bridged);
        assert_eq!(changes.contact(started + Duration::from_secs(29)), StoreContact::Bridged);
        assert_eq!(changes.contact(started + Duration::from_secs(31)), StoreContact::Lost);
        changes.confirm(1, started + Duration::from_secs(31));
        assert_eq!(changes.contact(started + Duration::from_secs(31)), StoreContact::Current);
    }

    #[test]
    fn slow_store_is_not_bridged() {
        let (changes, started) = (changes(30), Instant::now());
        changes.confirm(1, started);
        changes.report_failure();
        changes.report_slow();
        assert_eq!(changes.contact(started), StoreContact::Current);
        assert_eq!(changes.contact(started + Duration::from_secs(2)), StoreContact::Lost);
    }

    #[test]
    fn without_grace_a_failure_ends_the_contact() {
        let (changes, started) = (changes(0), Instant::now());
        changes.confirm(1, started);
        changes.report_failure();
        assert_eq!(changes.contact(started), StoreContact::Lost);
    }
}
