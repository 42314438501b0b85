//! Opened credentials, cached in memory.
//!
//! To unwrap and decrypt a credential costs more than to read its row. The row is read at each request, and a cached
//! credential counts only while the row is unchanged.
//!
//! In: the index of a token, what it opened. Out: the same. Must not know: when an entry is still valid.

use std::sync::Arc;
use std::time::Duration;

use moka::sync::Cache;

use crate::secret::TokenIndex;

/// How long an entry is cached at most, and how long without use.
const TIME_TO_LIVE: Duration = Duration::from_secs(5 * 60);
const TIME_TO_IDLE: Duration = Duration::from_secs(60);
const CAPACITY: u64 = 10_000;

/// Opened credentials by the index of their token. Clones share the entries.
#[derive(Debug)]
pub(in crate::auth) struct CredentialCache<T: Send + Sync + 'static>(Cache<TokenIndex, Arc<T>>);

impl<T: Send + Sync + 'static> Clone for CredentialCache<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T: Send + Sync + 'static> CredentialCache<T> {
    /// An empty cache.
    pub(in crate::auth) fn new() -> Self {
        let cache = Cache::builder().max_capacity(CAPACITY).time_to_live(TIME_TO_LIVE).time_to_idle(TIME_TO_IDLE);
        Self(cache.build())
    }

    pub(in crate::auth) fn get(&self, index: TokenIndex) -> Option<Arc<T>> {
        self.0.get(&index)
    }

    pub(in crate::auth) fn insert(&self, index: TokenIndex, opened: Arc<T>) {
        self.0.insert(index, opened);
    }

    pub(in crate::auth) fn invalidate(&self, index: TokenIndex) {
        self.0.invalidate(&index);
    }
}
