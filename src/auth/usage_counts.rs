//! The usage of each API key and application: requests are counted in memory and written to the store as sums.
//!
//! ```text
//! request ─► UsageCounter of the account ─► unwritten sums of the current hour ─► store
//! ```
//!
//! Counting is an atomic addition: the counter is found when the row of a token is read, and stays with that row in
//! memory.
//!
//! In: rows of tokens, finished requests. Out: requests and errors of each hour in the store. Must not know: what a
//! request asks for.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::clock::Clock;
use crate::store::{HourlyUsage, Store, StoreError, StoredToken};

/// The most sums that are not written yet. More are lost: the store was not available for days.
const CAPACITY: usize = 100_000;
/// The most sums in one transaction, so that other writes can run in between.
const BATCH: usize = 200;
const HOUR: i64 = 3600;

/// Counts the requests of one API key or application.
#[derive(Debug, Default)]
pub struct UsageCounter {
    requests: AtomicU64,
    errors: AtomicU64,
}

impl UsageCounter {
    /// Counts a request.
    pub fn record(&self, is_error: bool) {
        self.requests.fetch_add(1, Ordering::Relaxed);
        if is_error {
            self.errors.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn take(&self) -> (u64, u64) {
        // The error of a request between the two lines is counted with the next sums.
        let errors = self.errors.swap(0, Ordering::Relaxed);
        (self.requests.swap(0, Ordering::Relaxed), errors)
    }
}

/// Counters by the id of their API key or application.
type Counters = HashMap<String, Arc<UsageCounter>>;
/// Requests and errors by id and hour. Sorted, as the store expects it.
type Sums = BTreeMap<(String, i64), (u64, u64)>;

/// The counters of all API keys and applications that are in use. Clones share them.
#[derive(Debug, Clone)]
pub struct UsageCounts {
    store: Store,
    clock: Clock,
    counters: Arc<Mutex<Counters>>,
    unwritten: Arc<Mutex<Sums>>,
}

impl UsageCounts {
    pub(super) fn new(store: Store, clock: Clock) -> Self {
        Self { store, clock, counters: Arc::default(), unwritten: Arc::default() }
    }

    /// The counter of the API key or application that a token is or belongs to; `None` if it belongs to neither.
    pub(super) fn counter(&self, row: &StoredToken) -> Option<Arc<UsageCounter>> {
        row.key.as_ref()?;
        let account = row.account.as_ref().unwrap_or(&row.id);
        Some(lock(&self.counters).entry(account.clone()).or_default().clone())
    }

    /// Writes all counts. Those that cannot be written are kept for the next call.
    ///
    /// # Errors
    /// If the store is not available.
    pub async fn write(&self) -> Result<(), StoreError> {
        let now = self.clock.now().unix_timestamp();
        take_counts(&mut lock(&self.counters), &mut lock(&self.unwritten), now - now.rem_euclid(HOUR));
        let sums = std::mem::take(&mut *lock(&self.unwritten));
        let sums: Vec<HourlyUsage> = sums.into_iter().map(hourly_usage).collect();
        let mut batches = sums.chunks(BATCH);
        while let Some(batch) = batches.next() {
            if let Err(cause) = self.store.add_usage(batch).await {
                let mut unwritten = lock(&self.unwritten);
                for sum in batch.iter().chain(batches.flatten()) {
                    add(&mut unwritten, (sum.token.clone(), sum.hour), (sum.requests, sum.errors));
                }
                return Err(cause);
            }
        }
        Ok(())
    }
}

fn hourly_usage(((token, hour), (requests, errors)): ((String, i64), (u64, u64))) -> HourlyUsage {
    HourlyUsage { token, hour, requests, errors }
}

/// Moves the counts to the sums of an hour. Removes the counters that no row in memory refers to any more.
fn take_counts(counters: &mut Counters, sums: &mut Sums, hour: i64) {
    counters.retain(|account, counter| {
        let is_in_use = Arc::strong_count(counter) > 1;
        let counted = counter.take();
        if counted != (0, 0) {
            add(sums, (account.clone(), hour), counted);
        }
        is_in_use
    });
}

fn add(sums: &mut Sums, key: (String, i64), (requests, errors): (u64, u64)) {
    if sums.len() < CAPACITY || sums.contains_key(&key) {
        let sum = sums.entry(key).or_default();
        *sum = (sum.0 + requests, sum.1 + errors);
    }
}

fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_add_up_per_hour_and_unused_counters_are_removed() {
        let (mut counters, mut sums) = (Counters::new(), Sums::new());
        let held = counters.entry("held".to_owned()).or_default().clone();
        counters.entry("dropped".to_owned()).or_default().record(true);
        held.record(false);
        take_counts(&mut counters, &mut sums, 0);
        held.record(false);
        held.record(true);
        take_counts(&mut counters, &mut sums, 0);
        held.record(false);
        take_counts(&mut counters, &mut sums, HOUR);
        take_counts(&mut counters, &mut sums, 2 * HOUR);
        let expected = [(("dropped", 0), (1, 1)), (("held", 0), (3, 1)), (("held", HOUR), (1, 0))];
        let expected: Sums = expected.map(|((account, hour), sum)| ((account.to_owned(), hour), sum)).into();
        assert_eq!(sums, expected);
        assert_eq!(counters.keys().collect::<Vec<_>>(), ["held"]);
    }

    #[test]
    fn the_number_of_sums_is_limited() {
        let mut sums: Sums = (0..CAPACITY).map(|number| ((number.to_string(), 0), (1, 0))).collect();
        add(&mut sums, ("1".to_owned(), 0), (2, 1));
        add(&mut sums, ("one too many".to_owned(), 0), (1, 0));
        assert_eq!((sums.len(), sums[&("1".to_owned(), 0)]), (CAPACITY, (3, 1)));
    }
}
