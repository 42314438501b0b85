//! Rows of tokens and what they open, in memory, so that a request with a known token needs no query.
//!
//! A row is used while the store confirms that no credential has changed, and for a minute at most; then it is read
//! again. While the store cannot be reached, it is used for `store.outage_grace`. Whatever the time decides, expiry and
//! use, is checked at each request.
//!
//! In: indexes of tokens, rows, what they open. Out: the same. Must not know: how a row is found and opened.

use std::net::IpAddr;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use time::OffsetDateTime;
use tokio::sync::OnceCell;

use crate::auth::error::AuthError;
use crate::auth::limits::key_concurrency::ConcurrencyPermit;
use crate::auth::limits::usage_limits::TokenLimits;
use crate::auth::token_row_checks::is_unchanged;
use crate::auth::token_verifier::CredentialStore;
use crate::auth::usage_counts::UsageCounter;
use crate::cache::{CacheLimits, CoalescedLoads, ExpiringCache};
use crate::error::{Problem, RateLimit};
use crate::secret::TokenIndex;
use crate::store::{CredentialChanges, SECONDS_BETWEEN_TOUCHES, StoreContact, StoreError, StoredToken};

/// How long a row is used until it is read again, in case it was changed without changing the version.
const LIFETIME: Duration = Duration::from_secs(60);
/// Maximum number of entries; one with long texts counts as several.
const CAPACITY: u64 = 10_000;
/// The size of the texts of an entry that counts as one.
const ENTRY_SIZE: usize = 4 * 1024;
/// How long a token that the store does not contain is rejected without a query, and how many such tokens.
const UNKNOWN_LIFETIME: Duration = Duration::from_secs(5);
const UNKNOWN_CAPACITY: u64 = 10_000;
/// Instead of a time: the token was never used.
const NEVER: i64 = i64::MIN;

/// A token's row, and what it opens.
#[derive(Debug)]
pub(in crate::auth) struct CachedToken<T> {
    pub(in crate::auth) row: Arc<StoredToken>,
    /// What the token opens, once it was opened.
    opened: OnceCell<Arc<T>>,
    /// The generation of credentials when the row was read.
    generation: u64,
    read_at: Instant,
    /// The last use that this process knows, as Unix time.
    last_used: AtomicI64,
    /// The last use that was passed on to be written.
    recorded: AtomicI64,
    /// Counts the requests of the API key or application, if the token is or belongs to one.
    usage: OnceLock<Option<Arc<UsageCounter>>>,
}

impl<T> CachedToken<T> {
    /// `previous`: the entry that this one replaces. What it opened is kept if nothing has changed at all.
    fn new(row: Arc<StoredToken>, opened: Option<Arc<T>>, read: (u64, Instant), previous: Option<&Self>) -> Self {
        let (generation, read_at) = read;
        let previous = previous.filter(|previous| previous.row.id == row.id);
        let unchanged = previous.filter(|entry| entry.generation == generation && is_unchanged(&entry.row, &row));
        let opened = opened.or_else(|| unchanged.and_then(|entry| entry.opened.get().cloned()));
        let stored = row.last_used_at.unwrap_or(NEVER);
        let latest = |time: fn(&Self) -> &AtomicI64| {
            AtomicI64::new(previous.map_or(stored, |entry| time(entry).load(Ordering::Relaxed).max(stored)))
        };
        Self {
            opened: OnceCell::new_with(opened),
            generation,
            read_at,
            last_used: latest(|entry| &entry.last_used),
            recorded: latest(|entry| &entry.recorded),
            usage: OnceLock::new(),
            row,
        }
    }

    /// What the token opens, if it was opened before.
    pub(in crate::auth) fn opened(&self) -> Option<&Arc<T>> {
        self.opened.get()
    }

    fn is_active(&self, now: OffsetDateTime) -> bool {
        let last_used = Some(self.last_used.load(Ordering::Relaxed)).filter(|used| *used != NEVER);
        self.row.is_active_after_use(now, last_used)
    }

    /// Records a use.
    pub(in crate::auth) fn record_use(&self, credentials: &CredentialStore, address: IpAddr) {
        let time = credentials.clock.now();
        let now = time.unix_timestamp();
        if self.last_used.load(Ordering::Relaxed) < now {
            self.last_used.fetch_max(now, Ordering::Relaxed);
        }
        let recorded = self.recorded.load(Ordering::Relaxed);
        if recorded != NEVER && now < recorded.saturating_add(SECONDS_BETWEEN_TOUCHES) {
            return;
        }
        // Of concurrent requests, one records it.
        if self.recorded.compare_exchange(recorded, now, Ordering::Relaxed, Ordering::Relaxed).is_ok() {
            let recorded = Some(recorded).filter(|recorded| *recorded != NEVER);
            credentials.record_use(&self.row, recorded, time, address);
        }
    }

    /// The counter of the API key or application that the token is or belongs to.
    pub(in crate::auth) fn usage(&self, credentials: &CredentialStore) -> Option<&Arc<UsageCounter>> {
        self.usage.get_or_init(|| credentials.usage_counts.counter(&self.row)).as_ref()
    }

    /// Admits a request within the limits of the token, and counts one that exceeds them as an error.
    ///
    /// # Errors
    /// 429 if a limit is exceeded.
    pub(in crate::auth) async fn check_limits(
        &self,
        limits: &TokenLimits,
        credentials: &CredentialStore,
    ) -> Result<(Option<ConcurrencyPermit>, Option<RateLimit>), Problem> {
        let admit = async { Ok((limits.acquire(&self.row).await?, limits.check_rate(&self.row).await?)) };
        admit.await.inspect_err(|_| self.count_failure(credentials))
    }

    /// Counts a request that is rejected although its token is known.
    pub(in crate::auth) fn count_failure(&self, credentials: &CredentialStore) {
        self.usage(credentials).into_iter().for_each(|usage| usage.record(true));
    }

    fn weight(&self) -> u32 {
        let application = self.row.application.as_ref().map_or(0, |application| application.settings.len());
        u32::try_from(1 + (self.row.scope.len() + application) / ENTRY_SIZE).unwrap_or(u32::MAX)
    }
}

/// The result of `attempt`, or 503 if the store does not answer in time: everyone who has the token waits for it.
async fn answer_within<T>(
    limit: Duration,
    attempt: impl Future<Output = Result<T, AuthError>>,
) -> Result<T, AuthError> {
    tokio::time::timeout(limit, attempt).await.unwrap_or_else(|_| Err(StoreError::TimedOut.into()))
}

/// A token that the store did not contain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct UnknownToken {
    /// The generation of credentials when that was so.
    generation: u64,
    /// Whether it was looked up with the newest keys. With others, its row may have another hash.
    is_confirmed: bool,
}

/// The hash of a token, and the generation of its row: a row that was read before a change is not for callers that came
/// after it.
type LoadKey = ([u8; 32], u64);

/// Rows by the index of their token. Clones share the entries.
#[derive(Debug)]
pub(in crate::auth) struct CredentialCache<T: Send + Sync + 'static> {
    entries: Arc<ExpiringCache<[u8; 32], Arc<CachedToken<T>>>>,
    /// Tokens that the store did not contain.
    unknown: Arc<ExpiringCache<[u8; 32], UnknownToken>>,
    loads: CoalescedLoads<LoadKey, Result<Arc<CachedToken<T>>, AuthError>>,
    changes: CredentialChanges,
    /// Maximum duration of reading a row, and of opening it.
    timeout: Duration,
}

impl<T: Send + Sync + 'static> Clone for CredentialCache<T> {
    fn clone(&self) -> Self {
        let Self { entries, unknown, loads, changes, timeout } = self;
        Self {
            entries: entries.clone(),
            unknown: unknown.clone(),
            loads: loads.clone(),
            changes: changes.clone(),
            timeout: *timeout,
        }
    }
}

/// A row that was read, and what it opens if that is known already.
pub(in crate::auth) type ReadToken<T> = (StoredToken, Option<Arc<T>>);

impl<T: Send + Sync + 'static> CredentialCache<T> {
    /// An empty cache. `timeout`: maximum duration of reading a row, and of opening it.
    pub(in crate::auth) fn new(changes: &CredentialChanges, timeout: Duration) -> Self {
        // The entry that is replaced after its lifetime still knows the last use.
        let entries = CacheLimits::capacity(CAPACITY).time_to_live(2 * LIFETIME + changes.outage_grace());
        let unknown = CacheLimits::capacity(UNKNOWN_CAPACITY).time_to_live(UNKNOWN_LIFETIME);
        let entries = Arc::new(ExpiringCache::new(entries));
        let unknown = Arc::new(ExpiringCache::new(unknown));
        Self { entries, unknown, loads: CoalescedLoads::default(), changes: changes.clone(), timeout }
    }

    /// The active row of a token, if it can be used without reading it again.
    pub(in crate::auth) fn get(&self, hash: &[u8; 32], now: OffsetDateTime) -> Option<Arc<CachedToken<T>>> {
        let entry = self.entries.get(hash)?;
        let instant = Instant::now();
        let contact = self.changes.contact(instant);
        let is_confirmed = match contact {
            StoreContact::Current => instant.saturating_duration_since(entry.read_at) < LIFETIME,
            StoreContact::Bridged => true,
            StoreContact::Lost => false,
        };
        let is_usable = is_confirmed && entry.generation == self.changes.generation() && entry.is_active(now);
        if is_usable && contact == StoreContact::Bridged {
            self.changes.count_bridged();
        }
        is_usable.then_some(entry)
    }

    /// Whether the store did not contain the token a moment ago, as [confirmed](Self::confirm_unknown).
    pub(in crate::auth) fn is_unknown(&self, index: TokenIndex) -> bool {
        let unknown = UnknownToken { generation: self.changes.generation(), is_confirmed: true };
        self.unknown.get(&index.hash) == Some(unknown)
    }

    /// Records that the index was computed with the newest keys. Does nothing for a token that was rejected for another
    /// reason than a missing row. Only the first call does something, so that attempts do not extend the time.
    pub(in crate::auth) fn confirm_unknown(&self, index: TokenIndex) {
        if let Some(unknown) = self.unknown.get(&index.hash).filter(|unknown| !unknown.is_confirmed) {
            self.unknown.insert(index.hash, UnknownToken { is_confirmed: true, ..unknown });
        }
    }

    /// Reads the row of a token that [`get`](Self::get) did not return. Concurrent callers share one reading.
    ///
    /// # Errors
    /// [`AuthError::Rejected`] if there is no row or it is not active. The error of `read`, or 503 if it takes too long,
    /// unless the store became unreachable and an entry may be used.
    pub(in crate::auth) async fn load(
        &self,
        index: TokenIndex,
        now: OffsetDateTime,
        read: impl Future<Output = Result<Option<ReadToken<T>>, AuthError>>,
    ) -> Result<Arc<CachedToken<T>>, AuthError> {
        let generation = self.changes.generation();
        // Boxed, because each of the functions that pass it on would contain it more than once.
        let read = answer_within(self.timeout, Box::pin(read));
        let read = Box::pin(self.read_entry(index.hash, generation, now, read));
        let loaded = self.loads.run((index.hash, generation), read).await;
        match loaded {
            Err(AuthError::Problem(problem)) => self.get(&index.hash, now).ok_or(AuthError::Problem(problem)),
            loaded => loaded,
        }
    }

    /// What the token opens. It is opened by the first caller.
    ///
    /// # Errors
    /// The error of `open`, or 503 if it takes too long; the next caller tries again.
    pub(in crate::auth) async fn open<'e>(
        &self,
        entry: &'e CachedToken<T>,
        open: impl Future<Output = Result<Arc<T>, AuthError>>,
    ) -> Result<&'e Arc<T>, AuthError> {
        // The wait for other callers counts, too: after a failure they try one after the other.
        let open = Box::pin(open);
        answer_within(self.timeout, entry.opened.get_or_try_init(|| open)).await
    }

    async fn read_entry(
        &self,
        hash: [u8; 32],
        generation: u64,
        now: OffsetDateTime,
        read: impl Future<Output = Result<Option<ReadToken<T>>, AuthError>>,
    ) -> Result<Arc<CachedToken<T>>, AuthError> {
        let read_at = Instant::now();
        self.changes.count_read();
        let Some((row, opened)) = read.await? else {
            self.entries.remove(&hash);
            self.unknown.insert(hash, UnknownToken { generation, is_confirmed: false });
            return Err(AuthError::Rejected);
        };
        let previous = self.entries.get(&hash);
        let entry = CachedToken::new(Arc::new(row), opened, (generation, read_at), previous.as_deref());
        if !entry.is_active(now) {
            self.entries.remove(&hash);
            return Err(AuthError::Rejected);
        }
        let entry = Arc::new(entry);
        self.entries.insert_weighted(hash, entry.clone(), u64::from(entry.weight()));
        Ok(entry)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::token_row_checks::tests::row;
    use crate::error_code::ErrorCode;
    use crate::secret::{KeyId, TokenKind};

    const TIMEOUT: Duration = Duration::from_secs(6);
    const NOW: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;

    fn index() -> TokenIndex {
        TokenIndex { hash: [7; 32], key: KeyId::default(), previous: None }
    }

    fn cache() -> CredentialCache<()> {
        CredentialCache::new(&CredentialChanges::new(Duration::ZERO), TIMEOUT)
    }

    fn is_unavailable<T>(result: &Result<T, AuthError>) -> bool {
        matches!(result, Err(AuthError::Problem(problem)) if problem.code == ErrorCode::StoreUnavailable)
    }

    #[tokio::test(start_paused = true)]
    async fn reading_ends_for_every_caller_if_the_store_does_not_answer() {
        let cache = cache();
        let load = || cache.load(index(), NOW, std::future::pending());
        let both = async { tokio::join!(load(), load()) };
        let (first, second) = tokio::time::timeout(2 * TIMEOUT, both).await.expect("both end");
        assert!(is_unavailable(&first) && is_unavailable(&second));
        let next = cache.load(index(), NOW, async { Ok(None) }).await;
        assert!(matches!(next, Err(AuthError::Rejected)), "the next caller reads again");
    }

    #[tokio::test(start_paused = true)]
    async fn callers_that_wait_for_opening_do_not_wait_in_turn() {
        let cache = cache();
        let row = Arc::new(row(TokenKind::AccessToken, None));
        let entry = CachedToken::new(row, None, (1, Instant::now()), None);
        let open = || cache.open(&entry, std::future::pending());
        let both = async { tokio::join!(open(), open()) };
        let (first, second) = tokio::time::timeout(TIMEOUT + TIMEOUT / 2, both).await.expect("both end");
        assert!(is_unavailable(&first) && is_unavailable(&second));
        assert!(cache.open(&entry, async { Ok(Arc::new(())) }).await.is_ok(), "the next caller tries again");
    }

    #[tokio::test]
    async fn attempts_do_not_extend_the_time_for_which_a_token_is_unknown() {
        let limits = CacheLimits::capacity(UNKNOWN_CAPACITY).time_to_live(Duration::from_secs(1));
        let unknown = Arc::new(ExpiringCache::new(limits));
        let cache = CredentialCache { unknown, ..cache() };
        assert!(cache.load(index(), NOW, async { Ok(None) }).await.is_err());
        cache.confirm_unknown(index());
        assert!(cache.is_unknown(index()));
        let forgotten = async {
            while cache.is_unknown(index()) {
                cache.confirm_unknown(index());
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), forgotten).await.expect("it is forgotten");
    }
}
