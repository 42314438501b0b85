//! Transactions, and the retry of statements after a lost connection.
//!
//! In: the pool. Out: [`Transaction`], which is committed completely or not at all. Must not know: tables.
//!
//! After some errors (a full disk, an I/O error, no memory, an interrupt, a busy file at the commit) SQLite rolls
//! back a transaction on its own, and a driver that counts nested transactions is out of step from then on. So the
//! gateway sends `BEGIN` and `COMMIT` itself, and closes a connection whose transaction did not end properly instead
//! of returning it to the pool.

use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use sqlx::pool::PoolConnection;
use sqlx::{Any, AnyConnection, Executor as _};

use super::credential_changes::{CredentialChanges, read_version};
use super::{Store, StoreError};

/// Evaluates `$attempt` again if it fails with an error that `$predicate` accepts.
macro_rules! retry {
    ($store:ident.$predicate:ident, $attempt:expr) => {
        match $attempt.await {
            Err(cause) if $store.$predicate(&cause) => $attempt.await,
            result => result,
        }
    };
}
pub(super) use retry;

/// A transaction. Dropped without [`commit`](Self::commit) or [`rollback`](Self::rollback), it closes its connection.
#[derive(Debug)]
pub(super) struct Transaction {
    connection: PoolConnection<Any>,
    changes: CredentialChanges,
    state: State,
}

/// How far a transaction is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Open,
    /// `COMMIT` was sent, and this process does not know yet which credentials it changed.
    Committing,
    Ended,
}

impl Transaction {
    /// Makes the changes permanent. Nothing may be reported to a caller before this. Changes of credentials are
    /// effective in this process at once.
    pub(super) async fn commit(mut self) -> Result<(), StoreError> {
        self.state = State::Committing;
        self.connection.execute("COMMIT").await?;
        if let Ok(version) = read_version(&mut self.connection).await {
            self.changes.observe(version);
            self.state = State::Ended;
        }
        Ok(())
    }

    /// As [`commit`](Self::commit), for changes that concern no credentials: also if it fails, what was read of these
    /// before stays valid.
    pub(super) async fn commit_without_credentials(mut self) -> Result<(), StoreError> {
        self.connection.execute("COMMIT").await?;
        self.state = State::Ended;
        Ok(())
    }

    /// Discards the changes.
    pub(super) async fn rollback(mut self) -> Result<(), StoreError> {
        self.connection.execute("ROLLBACK").await?;
        self.state = State::Ended;
        Ok(())
    }
}

impl Deref for Transaction {
    type Target = AnyConnection;

    fn deref(&self) -> &AnyConnection {
        &self.connection
    }
}

impl DerefMut for Transaction {
    fn deref_mut(&mut self) -> &mut AnyConnection {
        &mut self.connection
    }
}

impl Drop for Transaction {
    fn drop(&mut self) {
        if self.state == State::Committing {
            self.changes.invalidate();
        }
        if self.state != State::Ended {
            self.connection.close_on_drop();
        }
    }
}

/// When a connection was last found to be lost. Clones share the time.
#[derive(Debug, Clone, Default)]
pub(super) struct LostConnections(Arc<Mutex<Option<Instant>>>);

impl LostConnections {
    fn record(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    /// Whether a connection that was idle for this long may have been lost together with the recorded one.
    pub(super) fn may_affect(&self, idle_for: Duration) -> bool {
        let recorded = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        recorded.is_some_and(|at| idle_for >= at.elapsed())
    }
}

impl Store {
    /// Begins a transaction. Nothing has run before, so a lost connection is simply replaced.
    pub(super) async fn begin(&self) -> Result<Transaction, StoreError> {
        Ok(retry!(self.connection_lost, self.try_begin())?)
    }

    async fn try_begin(&self) -> Result<Transaction, sqlx::Error> {
        let (connection, changes) = (self.pool.acquire().await?, self.changes.clone());
        let mut transaction = Transaction { connection, changes, state: State::Open };
        transaction.execute(self.backend.begin_statement()).await?;
        Ok(transaction)
    }

    /// Whether the connection was lost. A statement that only reads, or that may run twice, is then retried on a
    /// connection that was checked.
    pub(super) fn connection_lost(&self, cause: &sqlx::Error) -> bool {
        let is_lost = self.backend.has_server()
            && (matches!(cause, sqlx::Error::Io(_) | sqlx::Error::Protocol(_) | sqlx::Error::Tls(_))
                || is_shutdown(cause));
        if is_lost {
            self.lost_connections.record();
            self.changes.report_failure();
        }
        is_lost
    }

    /// Whether the connection was lost and the server reported that instead of a result, so the statement did not
    /// run.
    pub(super) fn has_not_run(&self, cause: &sqlx::Error) -> bool {
        self.connection_lost(cause) && is_shutdown(cause)
    }
}

/// `admin_shutdown`, `crash_shutdown`, `idle_session_timeout`:
/// <https://www.postgresql.org/docs/current/errcodes-appendix.html>.
fn is_shutdown(cause: &sqlx::Error) -> bool {
    let code = cause.as_database_error().and_then(sqlx::error::DatabaseError::code);
    code.is_some_and(|code| ["57P01", "57P02", "57P05"].contains(&code.as_ref()))
}

#[cfg(test)]
mod tests {
    use sqlx::Row as _;

    use super::*;
    use crate::config::Config;

    /// A store with one connection, so that the next transaction uses the connection of the previous one.
    async fn store() -> (Store, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("gateway.db").display());
        let variables =
            [("DATABASE_URL".into(), url.into()), ("ODOO_GATEWAY__STORE__MAX_CONNECTIONS".into(), "1".into())];
        let store = Store::open(&Config::load(None, variables).unwrap().store).await.unwrap();
        store.migrate().await.unwrap();
        sqlx::query("CREATE TABLE notes (text TEXT NOT NULL)").execute(&store.pool).await.unwrap();
        (store, folder)
    }

    async fn count(store: &Store) -> i64 {
        sqlx::query("SELECT count(*) FROM notes").fetch_one(&store.pool).await.unwrap().get(0)
    }

    async fn insert_note(transaction: &mut Transaction, length: i64) -> Result<(), sqlx::Error> {
        let insert = "INSERT INTO notes (text) VALUES (hex(zeroblob($1)))";
        sqlx::query(insert).bind(length).execute(&mut **transaction).await.map(drop)
    }

    #[tokio::test]
    async fn connection_is_not_reused_after_sqlite_rolled_back_on_its_own() {
        let (store, _folder) = store().await;
        let mut full = store.begin().await.unwrap();
        // The limit belongs to the connection and ends with it.
        full.execute("PRAGMA max_page_count = 1").await.unwrap();
        insert_note(&mut full, 10).await.unwrap();
        let cause = insert_note(&mut full, 1_000_000).await.unwrap_err();
        assert_eq!(StoreError::from(cause), StoreError::NoSpace("database or disk is full".to_owned()));
        assert!(full.commit().await.is_err(), "a commit after SQLite's own rollback must fail");
        let mut next = store.begin().await.unwrap();
        insert_note(&mut next, 1_000_000).await.unwrap();
        next.commit().await.unwrap();
        assert_eq!(count(&store).await, 1);
    }

    #[tokio::test]
    async fn dropped_transaction_is_rolled_back_and_releases_its_lock() {
        let (store, _folder) = store().await;
        let mut dropped = store.begin().await.unwrap();
        insert_note(&mut dropped, 10).await.unwrap();
        drop(dropped);
        let mut undone = store.begin().await.unwrap();
        insert_note(&mut undone, 10).await.unwrap();
        undone.rollback().await.unwrap();
        let mut committed = store.begin().await.unwrap();
        insert_note(&mut committed, 10).await.unwrap();
        committed.commit().await.unwrap();
        assert_eq!(count(&store).await, 1);
    }

    #[tokio::test]
    async fn failed_commit_outdates_credentials_only_if_it_may_have_changed_them() {
        let (store, _folder) = store().await;
        let failed = || async {
            let mut transaction = store.begin().await.unwrap();
            // The transaction has ended when it is committed, so the commit fails.
            transaction.execute("ROLLBACK").await.unwrap();
            transaction
        };
        let before = store.credential_changes().generation();
        failed().await.commit_without_credentials().await.unwrap_err();
        assert_eq!(store.credential_changes().generation(), before);
        failed().await.commit().await.unwrap_err();
        assert_eq!(store.credential_changes().generation(), before + 1);
        let mut next = store.begin().await.unwrap();
        insert_note(&mut next, 10).await.unwrap();
        next.commit_without_credentials().await.unwrap();
        assert_eq!(count(&store).await, 1);
    }

    #[test]
    fn only_connections_that_were_idle_at_the_loss_are_checked() {
        let lost = LostConnections::default();
        assert!(!lost.may_affect(Duration::from_secs(60)));
        lost.record();
        assert!(lost.may_affect(Duration::from_secs(60)));
        std::thread::sleep(Duration::from_millis(2));
        assert!(!lost.may_affect(Duration::ZERO));
    }
}
