//! Equal reads that are made at the same time share one call.
//!
//! In: the bytes of a call, which contain database, user, secret, and arguments. Out: the [`Role`] of the caller: it
//! makes the call, or receives the outcome of an equal call that is under way. Must not know: XML-RPC, HTTP, what is
//! read.
//!
//! Only calls with the same bytes are shared, so a wrong password never receives what the right one reads. The hash
//! that finds an equal call has a random key, and the bytes are compared only if the hashes are equal: the time of the
//! comparison reveals nothing about the secret of another caller.
//!
//! ## How old a shared outcome can be
//!
//! - A call that was not sent yet is always shared: Odoo reads the records after the caller has asked.
//! - A call that was sent is shared for [`MAX_AGE`]. So a caller may miss a change that was made elsewhere, in Odoo's
//!   own web client for example, since the call was sent, but no change that is older than this time.
//! - A call is not shared after a write through this gateway has ended that had not ended when the call was sent. So a
//!   client always sees what it has written, and what others have written through the same gateway.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::Notify;
use tokio::time::Instant;

/// How long a call is shared after it was sent.
const MAX_AGE: Duration = Duration::from_secs(1);

/// Maximum number of calls that can be shared at a time.
const MAX_CALLS: usize = 1000;

/// A larger call is not shared: finding an equal one would cost more than it saves.
const MAX_CALL_BYTES: usize = 64 << 10;

/// The calls to one database that can be shared. `T` is their outcome.
pub(super) struct SingleFlight<T> {
    /// By the hash of their bytes.
    calls: Mutex<HashMap<u64, Arc<SharedCall<T>>>>,
    hasher: RandomState,
    /// How many writes have ended.
    ended_writes: AtomicU64,
}

/// What a caller does.
pub(super) enum Role<'s, T> {
    /// It makes the call for all.
    Leader(LeadingCall<'s, T>),
    /// It waits for the outcome of a call that is under way.
    Follower(FollowedCall<T>),
    /// It makes the call for itself.
    Unshared,
}

/// A call that this caller makes for all.
pub(super) struct LeadingCall<'s, T> {
    table: &'s SingleFlight<T>,
    key: u64,
    /// `None` after the end.
    call: Option<Arc<SharedCall<T>>>,
}

/// A call that another caller makes.
pub(super) struct FollowedCall<T>(Arc<SharedCall<T>>);

struct SharedCall<T> {
    bytes: Bytes,
    sent: OnceLock<Sent>,
    /// `None` if the caller that made the call was dropped.
    outcome: OnceLock<Option<T>>,
    ended: Notify,
}

/// When a call was sent.
struct Sent {
    at: Instant,
    /// How many writes had ended.
    ended_writes: u64,
}

impl<T> SingleFlight<T> {
    /// No calls.
    pub(super) fn new() -> Self {
        Self { calls: Mutex::default(), hasher: RandomState::new(), ended_writes: AtomicU64::new(0) }
    }

    /// The role of a caller of a read with these bytes.
    pub(super) fn join(&self, bytes: &Bytes) -> Role<'_, T> {
        if bytes.len() > MAX_CALL_BYTES {
            return Role::Unshared;
        }
        let key = self.hasher.hash_one(bytes.as_ref());
        let mut calls = self.calls();
        match calls.get(&key) {
            // Two different calls with the same hash.
            Some(known) if known.bytes != *bytes => return Role::Unshared,
            Some(known) if self.is_recent(known) => return Role::Follower(FollowedCall(Arc::clone(known))),
            Some(_) => {}
            None if calls.len() >= MAX_CALLS => return Role::Unshared,
            None => {}
        }
        let call = Arc::new(SharedCall {
            bytes: bytes.clone(),
            sent: OnceLock::new(),
            outcome: OnceLock::new(),
            ended: Notify::new(),
        });
        calls.insert(key, Arc::clone(&call));
        Role::Leader(LeadingCall { table: self, key, call: Some(call) })
    }

    /// Records that a call which may have changed something has ended. Called before the client gets its response.
    pub(super) fn record_write(&self) {
        self.ended_writes.fetch_add(1, Ordering::SeqCst);
    }

    /// Whether the outcome of a call is recent enough for a caller that asks now.
    fn is_recent(&self, call: &SharedCall<T>) -> bool {
        call.sent.get().is_none_or(|sent| {
            sent.ended_writes == self.ended_writes.load(Ordering::SeqCst) && sent.at.elapsed() < MAX_AGE
        })
    }

    fn remove(&self, key: u64, call: &Arc<SharedCall<T>>) {
        let mut calls = self.calls();
        // An older call was replaced by the next one with the same bytes.
        if calls.get(&key).is_some_and(|known| Arc::ptr_eq(known, call)) {
            calls.remove(&key);
        }
    }

    fn calls(&self) -> MutexGuard<'_, HashMap<u64, Arc<SharedCall<T>>>> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The bytes of a call contain a secret, so they are not printed.
impl<T> std::fmt::Debug for SingleFlight<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SingleFlight").finish_non_exhaustive()
    }
}

impl<T: Clone> LeadingCall<'_, T> {
    /// Records that the call is sent now. From here on, its outcome grows older.
    pub(super) fn mark_sent(&self) {
        if let Some(call) = &self.call {
            let ended_writes = self.table.ended_writes.load(Ordering::SeqCst);
            // The first time counts: a call that is sent again is at least as old as that.
            call.sent.get_or_init(|| Sent { at: Instant::now(), ended_writes });
        }
    }

    /// Gives all followers a copy of the outcome.
    pub(super) fn complete(mut self, outcome: &T) {
        self.end(|| Some(outcome.clone()));
    }
}

impl<T> LeadingCall<'_, T> {
    fn end(&mut self, outcome: impl FnOnce() -> Option<T>) {
        let Some(call) = self.call.take() else { return };
        self.table.remove(self.key, &call);
        // Callers join only through the table, so without another reference there is none to notify.
        if Arc::strong_count(&call) > 1 {
            call.outcome.get_or_init(outcome);
            call.ended.notify_waiters();
        }
    }
}

/// A caller that is dropped makes no call for its followers.
impl<T> Drop for LeadingCall<'_, T> {
    fn drop(&mut self) {
        self.end(|| None);
    }
}

impl<T: Clone> FollowedCall<T> {
    /// Waits for the outcome; `None` if the caller that made the call was dropped.
    pub(super) async fn outcome(self) -> Option<T> {
        let Self(call) = self;
        // Created before the check, so that a notification between the two is received.
        let ended = call.ended.notified();
        if call.outcome.get().is_none() {
            ended.await;
        }
        call.outcome.get().cloned().flatten()
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    const CALL: Bytes = Bytes::from_static(b"read 1");

    fn lead<'s>(table: &'s SingleFlight<u8>, bytes: &Bytes) -> LeadingCall<'s, u8> {
        match table.join(bytes) {
            Role::Leader(call) => call,
            Role::Follower(_) => panic!("a follower"),
            Role::Unshared => panic!("unshared"),
        }
    }

    fn follow(table: &SingleFlight<u8>) -> FollowedCall<u8> {
        match table.join(&CALL) {
            Role::Follower(call) => call,
            Role::Leader(_) => panic!("a leader"),
            Role::Unshared => panic!("unshared"),
        }
    }

    #[tokio::test]
    async fn equal_calls_share_an_outcome_until_it_is_known() {
        let table = SingleFlight::new();
        let leader = lead(&table, &CALL);
        let (early, late) = (follow(&table), follow(&table));
        let early = tokio::spawn(early.outcome());
        tokio::task::yield_now().await;
        leader.complete(&7);
        assert_eq!((early.await.unwrap(), late.outcome().await), (Some(7), Some(7)));
        assert!(table.calls().is_empty());
        lead(&table, &CALL).complete(&8);
    }

    #[test]
    fn calls_that_differ_in_one_byte_are_not_shared() {
        let table = SingleFlight::<u8>::new();
        let _read = lead(&table, &CALL);
        let _other = lead(&table, &Bytes::from_static(b"read 2"));
        let key = table.hasher.hash_one(b"read 3".as_slice());
        let known = table.calls().values().next().cloned().unwrap();
        table.calls().insert(key, known);
        assert!(matches!(table.join(&Bytes::from_static(b"read 3")), Role::Unshared), "the same hash is not enough");
    }

    #[tokio::test]
    async fn followers_of_a_dropped_leader_get_no_outcome() {
        let table = SingleFlight::new();
        let leader = lead(&table, &CALL);
        let follower = tokio::spawn(follow(&table).outcome());
        tokio::task::yield_now().await;
        drop(leader);
        assert_eq!(follower.await.unwrap(), None);
        assert!(table.calls().is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn sent_call_is_shared_for_a_limited_time_and_a_waiting_one_always() {
        let table = SingleFlight::new();
        let leader = lead(&table, &CALL);
        advance(MAX_AGE * 10).await;
        let waiting = follow(&table);
        leader.mark_sent();
        advance(MAX_AGE / 2).await;
        let sent = follow(&table);
        advance(MAX_AGE / 2).await;
        let next = lead(&table, &CALL);
        leader.complete(&1);
        let follower = follow(&table);
        next.complete(&2);
        assert_eq!((waiting.outcome().await, sent.outcome().await), (Some(1), Some(1)));
        assert_eq!(follower.outcome().await, Some(2), "the end of the old call does not end the new one");
    }

    #[tokio::test]
    async fn call_that_was_sent_before_a_write_ended_is_not_shared() {
        let table = SingleFlight::new();
        let leader = lead(&table, &CALL);
        table.record_write();
        let _waiting = follow(&table);
        leader.mark_sent();
        let _sent = follow(&table);
        table.record_write();
        leader.mark_sent();
        let next = lead(&table, &CALL);
        next.mark_sent();
        let _follower = follow(&table);
    }

    #[test]
    fn number_and_size_of_shared_calls_are_limited() {
        let table = SingleFlight::<u8>::new();
        let calls: Vec<_> = (0..MAX_CALLS).map(|call| lead(&table, &Bytes::from(call.to_string()))).collect();
        assert!(matches!(table.join(&CALL), Role::Unshared));
        drop(calls);
        let _read = lead(&table, &CALL);
        assert!(matches!(table.join(&Bytes::from(vec![0_u8; MAX_CALL_BYTES + 1])), Role::Unshared));
    }

    #[test]
    fn debug_output_does_not_contain_the_call() {
        let table = SingleFlight::<u8>::new();
        let _read = lead(&table, &CALL);
        assert_eq!(format!("{table:?}"), "SingleFlight { .. }");
    }
}
