//! The last use of each token: collected in memory, written to the store in batches.
//!
//! In: ids of tokens with the time of a use. Out: `last_used_at` in the store. Must not know: what the tokens open.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::store::{Store, StoreError};

/// The most tokens whose use is not written yet. More are not recorded until the next write.
const CAPACITY: usize = 100_000;
/// The most tokens in one transaction, so that other writes can run in between.
const BATCH: usize = 500;

/// Uses that are not written yet. Clones share them.
#[derive(Debug, Clone)]
pub struct RecentUses {
    store: Store,
    unwritten: Arc<Mutex<HashMap<String, i64>>>,
}

impl RecentUses {
    pub(super) fn new(store: Store) -> Self {
        Self { store, unwritten: Arc::default() }
    }

    /// Records that a token was used at this Unix time.
    pub(super) fn record(&self, token: &str, used_at: i64) {
        insert_latest(&mut self.unwritten(), token.to_owned(), used_at);
    }

    /// Writes all uses. Those that cannot be written are kept for the next call.
    ///
    /// # Errors
    /// If the store is not available.
    pub async fn write(&self) -> Result<(), StoreError> {
        let uses: Vec<(String, i64)> = std::mem::take(&mut *self.unwritten()).into_iter().collect();
        let mut batches = uses.chunks(BATCH);
        while let Some(batch) = batches.next() {
            if let Err(cause) = self.store.touch_tokens(batch).await {
                let mut unwritten = self.unwritten();
                for (token, used_at) in batch.iter().chain(batches.flatten()) {
                    insert_latest(&mut unwritten, token.clone(), *used_at);
                }
                return Err(cause);
            }
        }
        Ok(())
    }

    fn unwritten(&self) -> MutexGuard<'_, HashMap<String, i64>> {
        self.unwritten.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn insert_latest(uses: &mut HashMap<String, i64>, token: String, used_at: i64) {
    if uses.len() < CAPACITY || uses.contains_key(&token) {
        uses.entry(token).and_modify(|latest| *latest = used_at.max(*latest)).or_insert(used_at);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn latest_use_counts_and_the_number_of_tokens_is_limited() {
        let mut uses: HashMap<String, i64> = (0..CAPACITY).map(|number| (number.to_string(), 5)).collect();
        for (token, used_at) in [("1", 7), ("2", 3), ("one too many", 9)] {
            insert_latest(&mut uses, token.to_owned(), used_at);
        }
        assert_eq!((uses["1"], uses["2"], uses.len()), (7, 5, CAPACITY));
    }
}
