//! The poll of the version of credentials.
//!
//! In: the store. Out: confirmed or changed credentials. Must not know: what is cached, when it runs.

use std::pin::pin;
use std::time::{Duration, Instant};

use sqlx::{AnyConnection, Connection as _};
use tokio::time::timeout;

use super::credential_changes::read_version;
use super::{Store, StoreError};

/// Maximum duration of a poll: with the maximum of `store.credential_poll`, a change is known after a second.
const POLL_TIMEOUT: Duration = Duration::from_millis(500);

/// A server that does not accept a connection in this time cannot be reached, unless one of the pool works.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// Reads the version on a connection of its own, so that it does not wait for requests that use the pool.
#[derive(Debug)]
pub struct CredentialPoll {
    store: Store,
    connection: Option<AnyConnection>,
}

impl CredentialPoll {
    /// Reads the version once, and connects if necessary.
    ///
    /// # Errors
    /// [`StoreError::TimedOut`] if the store accepts connections and is slow; another error if it cannot be reached.
    pub async fn poll(&mut self) -> Result<(), StoreError> {
        // The connection is returned only after a complete response: the next poll must not read the rest of this one.
        if let Some(mut connection) = self.connection.take()
            && self.store.confirm_version(read_version(&mut connection)).await.is_ok()
        {
            self.connection = Some(connection);
            return Ok(());
        }
        let connected = {
            let mut connecting = pin!(self.store.backend.connect());
            match timeout(CONNECT_TIMEOUT, connecting.as_mut()).await {
                Ok(connected) => connected,
                Err(_) => {
                    let _ = self.store.poll_through_pool().await;
                    connecting.await
                }
            }
        };
        match connected {
            Ok(connection) => self.poll_new(connection).await,
            // The server may accept no more connections, and still serve those of the pool.
            Err(cause) => self.store.poll_through_pool().await.map_err(|_| cause),
        }
    }

    /// The first poll on this connection.
    async fn poll_new(&mut self, mut connection: AnyConnection) -> Result<(), StoreError> {
        match self.store.confirm_version(read_version(&mut connection)).await {
            Ok(()) => {
                self.connection = Some(connection);
                Ok(())
            }
            // The server accepts connections, so rows can be read.
            Err(StoreError::TimedOut) => {
                self.store.changes.report_slow();
                Err(StoreError::TimedOut)
            }
            Err(cause) => self.store.poll_through_pool().await.map_err(|_| cause),
        }
    }

    /// Closes the connection.
    pub async fn close(mut self) {
        if let Some(connection) = self.connection.take()
            && let Err(cause) = connection.close().await
        {
            tracing::debug!(%cause, "the connection of the poll was not closed properly");
        }
    }
}

impl Store {
    /// A poll that is not connected yet.
    #[must_use]
    pub fn credential_poll(&self) -> CredentialPoll {
        CredentialPoll { store: self.clone(), connection: None }
    }

    /// Reads the version on a connection of the pool. If that fails, too, the store cannot be reached.
    async fn poll_through_pool(&self) -> Result<(), StoreError> {
        let read = async { read_version(&mut *self.pool.acquire().await?).await };
        self.confirm_version(read).await.inspect_err(|_| self.changes.report_failure())
    }

    /// Confirms the credentials with the version that `read` returns in time.
    ///
    /// # Errors
    /// [`StoreError::TimedOut`] if it does not return in time; its own.
    async fn confirm_version(&self, read: impl Future<Output = Result<i64, StoreError>>) -> Result<(), StoreError> {
        let started = Instant::now();
        let version = timeout(POLL_TIMEOUT, read).await.unwrap_or(Err(StoreError::TimedOut))?;
        self.changes.confirm(version, started);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::store::StoreContact;

    async fn store(folder: &std::path::Path) -> Store {
        let url = format!("sqlite:{}", folder.join("gateway.db").display());
        let config = Config::load(None, [("DATABASE_URL".into(), url.into())]).unwrap().store;
        let store = Store::open(&config).await.unwrap();
        store.migrate().await.unwrap();
        store
    }

    const INSERT: &str = "INSERT INTO tokens (id, kind, token_index, shown, grant_id, scope, created_at) \
                          VALUES ('t', 'api_key', zeroblob(32), '', 'g', '', 1)";

    #[tokio::test]
    async fn poll_notices_what_another_process_changes_and_ignores_uses() {
        let folder = tempfile::tempdir().unwrap();
        let (store, other) = (store(folder.path()).await, store(folder.path()).await);
        let mut poll = store.credential_poll();
        poll.poll().await.unwrap();
        assert_eq!(store.credential_changes().contact(Instant::now()), StoreContact::Current);
        let grant = "INSERT INTO grants (id, database_name, uid, login, credential, created_at) \
                     VALUES ('g', 'd', 1, 'l', zeroblob(1), 1)";
        for (statement, is_change) in [
            (grant, false),
            (INSERT, false),
            ("INSERT INTO applications (token_id, client_id, settings) VALUES ('t', 'c', '{}')", false),
            ("INSERT INTO application_origins VALUES ('t', 'https://a.example')", true),
            ("UPDATE application_origins SET origin = 'https://b.example'", true),
            ("DELETE FROM application_origins", true),
            ("UPDATE tokens SET last_used_at = 5", false),
            ("UPDATE grants SET uid = uid", false),
            ("UPDATE tokens SET disabled_at = 5", true),
            ("UPDATE grants SET login = 'm'", true),
            ("DELETE FROM grants", true),
        ] {
            let before = store.credential_changes().generation();
            sqlx::query(statement).execute(&other.pool).await.unwrap();
            poll.poll().await.unwrap();
            assert_eq!(store.credential_changes().generation() > before, is_change, "{statement}");
        }
        poll.close().await;
    }

    #[tokio::test]
    async fn change_of_this_process_is_known_after_its_commit() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(folder.path()).await;
        let grant = "INSERT INTO grants (id, database_name, uid, login, credential, created_at) \
                     VALUES ('g', 'd', 1, 'l', zeroblob(1), 1)";
        for (statement, is_change) in [(grant, false), (INSERT, false), ("DELETE FROM tokens", true)] {
            store.credential_poll().poll().await.unwrap();
            let before = store.credential_changes().generation();
            let mut transaction = store.begin().await.unwrap();
            sqlx::query(statement).execute(&mut *transaction).await.unwrap();
            transaction.commit().await.unwrap();
            assert_eq!(store.credential_changes().generation() > before, is_change, "{statement}");
        }
    }
}
