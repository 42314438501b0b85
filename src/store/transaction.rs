//! Transactions, and statements that are run a second time because the first time cannot count.
//!
//! In: the pool. Out: [`Transaction`], whose changes are committed or do not exist. Must not know: tables.
//!
//! After some errors (a full disk, an I/O error, no memory, an interrupt, a busy file at the commit) SQLite rolls a
//! transaction back by itself, and a driver that counts transactions counts wrongly from then on. So the gateway sends
//! `BEGIN` and `COMMIT` itself, and a connection whose transaction was not ended in order is closed instead of being
//! returned to the pool: whatever state it is in ends with it.

use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use sqlx::pool::PoolConnection;
use sqlx::{Any, AnyConnection, Executor as _};

use super::{Store, StoreError};

/// Evaluates an attempt a second time if the first one failed in a way that `$predicate` lets pass.
macro_rules! rerun {
    ($store:ident.$predicate:ident, $attempt:expr) => {
        match $attempt.await {
            Err(cause) if $store.$predicate(&cause) => $attempt.await,
            done => done,
        }
    };
}
pub(super) use rerun;

/// A transaction. Dropped without [`commit`](Self::commit) or [`rollback`](Self::rollback), it closes its connection.
#[derive(Debug)]
pub(super) struct Transaction {
    connection: PoolConnection<Any>,
    ended: bool,
}

impl Transaction {
    /// Makes the changes permanent. Only after this may anybody be told of them.
    pub(super) async fn commit(mut self) -> Result<(), StoreError> {
        self.connection.execute("COMMIT").await?;
        self.ended = true;
        Ok(())
    }

    /// Ends a transaction that changed nothing.
    pub(super) async fn rollback(mut self) -> Result<(), StoreError> {
        self.connection.execute("ROLLBACK").await?;
        self.ended = true;
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
        if !self.ended {
            self.connection.close_on_drop();
        }
    }
}

/// When a connection was last found cut by the server or on the way to it. Clones share it.
#[derive(Debug, Clone, Default)]
pub(super) struct Cuts(Arc<Mutex<Option<Instant>>>);

impl Cuts {
    fn note(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    /// Whether a connection that was idle for so long may have been cut together with the one that was found cut.
    pub(super) fn may_have_hit(&self, idle_for: Duration) -> bool {
        let noted = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        noted.is_some_and(|at| idle_for >= at.elapsed())
    }
}

impl Store {
    /// Begins a transaction. Nothing has run before, so a cut connection costs nobody anything.
    pub(super) async fn begin(&self) -> Result<Transaction, StoreError> {
        Ok(rerun!(self.was_cut, self.try_begin())?)
    }

    async fn try_begin(&self) -> Result<Transaction, sqlx::Error> {
        let mut transaction = Transaction { connection: self.pool.acquire().await?, ended: false };
        transaction.execute(self.backend.begin_statement()).await?;
        Ok(transaction)
    }

    /// Whether the connection was cut. A statement that only reads, or that may run twice, is run again then, on a
    /// connection that is known to be alive.
    pub(super) fn was_cut(&self, cause: &sqlx::Error) -> bool {
        let cut = self.backend.has_server()
            && (matches!(cause, sqlx::Error::Io(_) | sqlx::Error::Protocol(_) | sqlx::Error::Tls(_))
                || is_shutdown(cause));
        if cut {
            self.cuts.note();
        }
        cut
    }

    /// Whether the connection was cut and the server itself says so in place of an answer: the statement has not run.
    pub(super) fn cannot_have_run(&self, cause: &sqlx::Error) -> bool {
        self.was_cut(cause) && is_shutdown(cause)
    }
}

/// `admin_shutdown`, `crash_shutdown`, `idle_session_timeout`: <https://www.postgresql.org/docs/current/errcodes-appendix.html>.
fn is_shutdown(cause: &sqlx::Error) -> bool {
    let code = cause.as_database_error().and_then(sqlx::error::DatabaseError::code);
    code.is_some_and(|code| ["57P01", "57P02", "57P05"].contains(&code.as_ref()))
}

#[cfg(test)]
mod tests {
    use sqlx::Row as _;

    use super::*;
    use crate::config::Config;

    /// A store of one connection, so that the next transaction gets the connection of the one before.
    async fn store() -> (Store, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("gateway.db").display());
        let variables =
            [("DATABASE_URL".into(), url.into()), ("ODOO_GATEWAY__STORE__MAX_CONNECTIONS".into(), "1".into())];
        let store = Store::open(&Config::load(None, variables).unwrap().store).await.unwrap();
        store.migrate().await.unwrap();
        sqlx::query("CREATE TABLE noted (text TEXT NOT NULL)").execute(&store.pool).await.unwrap();
        (store, folder)
    }

    async fn count(store: &Store) -> i64 {
        sqlx::query("SELECT count(*) FROM noted").fetch_one(&store.pool).await.unwrap().get(0)
    }

    async fn note(transaction: &mut Transaction, length: i64) -> Result<(), sqlx::Error> {
        let note = "INSERT INTO noted (text) VALUES (hex(zeroblob($1)))";
        sqlx::query(note).bind(length).execute(&mut **transaction).await.map(drop)
    }

    #[tokio::test]
    async fn a_connection_whose_transaction_sqlite_rolled_back_by_itself_is_not_used_again() {
        let (store, _folder) = store().await;
        let mut full = store.begin().await.unwrap();
        // The limit belongs to the connection and ends with it.
        full.execute("PRAGMA max_page_count = 1").await.unwrap();
        note(&mut full, 10).await.unwrap();
        let cause = note(&mut full, 1_000_000).await.unwrap_err();
        assert_eq!(StoreError::from(cause), StoreError::NoSpace("database or disk is full".to_owned()));
        assert!(full.commit().await.is_err(), "nothing is reported as committed that SQLite rolled back");
        let mut next = store.begin().await.unwrap();
        note(&mut next, 1_000_000).await.unwrap();
        next.commit().await.unwrap();
        assert_eq!(count(&store).await, 1);
    }

    #[tokio::test]
    async fn what_is_dropped_before_the_commit_does_not_exist_and_locks_nobody_out() {
        let (store, _folder) = store().await;
        let mut dropped = store.begin().await.unwrap();
        note(&mut dropped, 10).await.unwrap();
        drop(dropped);
        let mut undone = store.begin().await.unwrap();
        note(&mut undone, 10).await.unwrap();
        undone.rollback().await.unwrap();
        let mut kept = store.begin().await.unwrap();
        note(&mut kept, 10).await.unwrap();
        kept.commit().await.unwrap();
        assert_eq!(count(&store).await, 1);
    }

    #[test]
    fn only_connections_that_were_idle_at_the_cut_are_suspected() {
        let cuts = Cuts::default();
        assert!(!cuts.may_have_hit(Duration::from_secs(60)));
        cuts.note();
        assert!(cuts.may_have_hit(Duration::from_secs(60)));
        std::thread::sleep(Duration::from_millis(2));
        assert!(!cuts.may_have_hit(Duration::ZERO));
    }
}
