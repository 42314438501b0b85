//! The last use of each token: collected in memory, written to the store in batches.
//!
//! In: uses of tokens. Out: the time and the address of the last one in the store. Must not know: what the tokens open.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::store::{Store, StoreError, TokenUse};

/// The most tokens whose use is not written yet. More are not recorded until the next write.
const CAPACITY: usize = 100_000;
/// The most tokens in one transaction, so that other writes can run in between.
const BATCH: usize = 500;

/// Uses that are not written yet. Clones share them.
#[derive(Debug, Clone)]
pub struct RecentUses {
    store: Store,
    unwritten: Arc<Mutex<HashMap<String, TokenUse>>>,
}

impl RecentUses {
    pub(super) fn new(store: Store) -> Self {
        Self { store, unwritten: Arc::default() }
    }

    /// Records a use.
    pub(super) fn record(&self, used: TokenUse) {
        insert_latest(&mut self.unwritten(), used);
    }

    /// Writes all uses. Those that cannot be written are kept for the next call.
    ///
    /// # Errors
    /// If the store is not available.
    pub async fn write(&self) -> Result<(), StoreError> {
        let uses: Vec<TokenUse> = std::mem::take(&mut *self.unwritten()).into_values().collect();
        let mut batches = uses.chunks(BATCH);
        while let Some(batch) = batches.next() {
            if let Err(cause) = self.store.touch_tokens(batch).await {
                let mut unwritten = self.unwritten();
                for used in batch.iter().chain(batches.flatten()) {
                    insert_latest(&mut unwritten, used.clone());
                }
                return Err(cause);
            }
        }
        Ok(())
    }

    fn unwritten(&self) -> MutexGuard<'_, HashMap<String, TokenUse>> {
        self.unwritten.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn insert_latest(uses: &mut HashMap<String, TokenUse>, used: TokenUse) {
    if let Some(latest) = uses.get_mut(&used.token) {
        if used.at >= latest.at {
            *latest = used;
        }
    } else if uses.len() < CAPACITY {
        uses.insert(used.token.clone(), used);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn latest_use_counts_and_the_number_of_tokens_is_limited() {
        let used = |token: &str, at| TokenUse { token: token.to_owned(), at, address: None };
        let mut uses: HashMap<String, TokenUse> =
            (0..CAPACITY).map(|number| (number.to_string(), used(&number.to_string(), 5))).collect();
        for (token, at) in [("1", 7), ("2", 3), ("one too many", 9)] {
            insert_latest(&mut uses, used(token, at));
        }
        assert_eq!((uses["1"].at, uses["2"].at, uses.len()), (7, 5, CAPACITY));
    }
}
