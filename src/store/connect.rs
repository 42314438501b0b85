//! Connections to the database: options, initial settings, the pool.
//!
//! In: [`StoreConfig`]. Out: connections that are ready to use. Must not know: tables.

use std::fs::File;
use std::path::PathBuf;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::{AnyConnection, AnyPool, AssertSqlSafe, ConnectOptions, Connection as _, Executor};
use url::Url;

use super::error::{StoreError, StoreLocation};
use super::sqlite_file;
use super::transaction::LostConnections;
use crate::config::{DatabaseUrl, StoreConfig};

/// The location of the store and how to connect to it.
#[derive(Debug, Clone)]
pub(super) struct Backend {
    location: StoreLocation,
    /// The complete URL with the password.
    url: SecretString,
    /// The first statements of each connection.
    setup: String,
    connect_timeout: Duration,
}

impl Backend {
    pub(super) fn new(config: &StoreConfig) -> Result<Self, StoreError> {
        sqlx::any::install_default_drivers();
        let (location, url, setup) = match &config.url {
            DatabaseUrl::Sqlite { file } => sqlite(file.clone(), config.busy_timeout)?,
            DatabaseUrl::Postgres { url, password } => postgres(url, password.as_ref().or(config.password.as_ref())),
        };
        Ok(Self { location, url: url.as_str().into(), setup, connect_timeout: config.acquire_timeout })
    }

    pub(super) fn location(&self) -> &StoreLocation {
        &self.location
    }

    /// Maximum wait for a connection.
    pub(super) fn connect_timeout(&self) -> Duration {
        self.connect_timeout
    }

    /// Connects for the first time. Creates the SQLite file and switches it to WAL.
    pub(super) async fn initialize(&self) -> Result<AnyConnection, StoreError> {
        if let StoreLocation::Sqlite { file } = &self.location {
            sqlite_file::prepare(file)?;
        }
        let _lock = self.exclusive_lock().await?;
        let mut connection = self.connect().await?;
        if let StoreLocation::Sqlite { .. } = self.location {
            // The mode is stored in the file. Two processes that switch it at the same time would not wait for each
            // other.
            let switched = connection.execute("PRAGMA journal_mode = WAL").await;
            switched.map_err(|cause| StoreError::while_connecting(&self.location, cause))?;
        }
        Ok(connection)
    }

    /// Waits for an exclusive lock next to the SQLite file, held until the value is dropped. PostgreSQL has its own
    /// locks.
    pub(super) async fn exclusive_lock(&self) -> Result<Option<File>, StoreError> {
        let StoreLocation::Sqlite { file } = self.location.clone() else { return Ok(None) };
        let locked = tokio::task::spawn_blocking(move || sqlite_file::lock(&file)).await;
        locked.map_err(|cause| StoreError::Internal(cause.to_string()))?.map(Some)
    }

    /// Checks that the file system has space for a few writes of SQLite. A single successful write does not prove it,
    /// because it may reuse existing space.
    pub(super) async fn check_free_space(&self) -> Result<(), StoreError> {
        let StoreLocation::Sqlite { file } = self.location.clone() else { return Ok(()) };
        let found = tokio::task::spawn_blocking(move || sqlite_file::check_free_space(&file)).await;
        found.map_err(StoreError::internal)?
    }

    /// Opens a connection outside the pool. The pool would retry until its timeout and hide the cause.
    pub(super) async fn connect(&self) -> Result<AnyConnection, StoreError> {
        let connected = async {
            let mut connection = self.options()?.connect().await?;
            connection.execute(AssertSqlSafe(self.setup.clone())).await?;
            Ok(connection)
        };
        match tokio::time::timeout(self.connect_timeout, connected).await {
            Ok(outcome) => outcome.map_err(|cause| StoreError::while_connecting(&self.location, cause)),
            Err(_) => {
                let cause = "no answer within store.acquire_timeout".to_owned();
                Err(StoreError::Unreachable { location: self.location.clone(), cause })
            }
        }
    }

    /// The pool. It connects when it is used.
    pub(super) fn pool(&self, config: &StoreConfig, lost: LostConnections) -> Result<AnyPool, StoreError> {
        let setup = self.setup.clone();
        let options = self.options().map_err(|cause| StoreError::while_connecting(&self.location, cause))?;
        let pool = AnyPoolOptions::new()
            .max_connections(config.max_connections)
            .acquire_timeout(config.acquire_timeout)
            // A ping before every query would double the round trips of each request. After a connection was lost,
            // only the connections that were idle at that time are pinged.
            .test_before_acquire(false)
            .before_acquire(move |connection, about| {
                let suspect = lost.may_affect(about.idle_for);
                Box::pin(async move { Ok(!suspect || connection.ping().await.is_ok()) })
            })
            .after_connect(move |connection, _| {
                let setup = AssertSqlSafe(setup.clone());
                Box::pin(async move { connection.execute(setup).await.map(drop) })
            });
        Ok(pool.connect_lazy_with(options))
    }

    /// Whether connections go to a server, and not to a file.
    pub(super) fn has_server(&self) -> bool {
        matches!(self.location, StoreLocation::Postgres { .. })
    }

    /// On SQLite, acquires the write lock at once: a transaction that reads before it writes may fail to get it
    /// later.
    pub(super) fn begin_statement(&self) -> &'static str {
        match self.location {
            StoreLocation::Sqlite { .. } => "BEGIN IMMEDIATE",
            StoreLocation::Postgres { .. } => "BEGIN",
        }
    }

    pub(super) fn version_query(&self) -> &'static str {
        match self.location {
            StoreLocation::Sqlite { .. } => "SELECT 'SQLite ' || sqlite_version()",
            StoreLocation::Postgres { .. } => "SELECT 'PostgreSQL ' || current_setting('server_version')",
        }
    }

    /// Finds the table of applied migrations.
    pub(super) fn history_query(&self) -> &'static str {
        match self.location {
            StoreLocation::Sqlite { .. } => "SELECT 1 FROM sqlite_schema WHERE name = '_sqlx_migrations'",
            StoreLocation::Postgres { .. } => {
                "SELECT 1 FROM information_schema.tables WHERE table_schema = current_schema() \
                 AND table_name = '_sqlx_migrations'"
            }
        }
    }

    fn options(&self) -> Result<AnyConnectOptions, sqlx::Error> {
        self.url.expose_secret().parse()
    }
}

/// Deleted data is overwritten, foreign keys are enforced, and functions in a manipulated schema are not executed.
fn sqlite(file: PathBuf, busy: Duration) -> Result<(StoreLocation, Url, String), StoreError> {
    let url = std::path::absolute(&file).ok().and_then(|file| Url::from_file_path(file).ok());
    let url = url.and_then(|url| Url::parse(&format!("sqlite://{}", url.path())).ok());
    let url = url.ok_or_else(|| StoreError::File { file: file.clone(), cause: "the path is invalid".to_owned() })?;
    let setup = format!(
        "PRAGMA busy_timeout = {}; PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON; PRAGMA trusted_schema = OFF",
        busy.as_millis()
    );
    Ok((StoreLocation::Sqlite { file }, url, setup))
}

fn postgres(url: &Url, password: Option<&SecretString>) -> (StoreLocation, Url, String) {
    let mut complete = url.clone();
    // Fails only for a URL without a host, which the configuration rejects.
    let _ = complete.set_password(password.map(ExposeSecret::expose_secret));
    (StoreLocation::Postgres { url: url.clone() }, complete, "SET TIME ZONE 'UTC'".to_owned())
}

#[cfg(test)]
mod tests {
    use sqlx::Row;

    use super::*;
    use crate::config::Config;

    #[tokio::test]
    async fn every_sqlite_connection_has_the_settings() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("gateway.db").display());
        let config = Config::load(None, [("DATABASE_URL".into(), url.into())]).unwrap().store;
        let backend = Backend::new(&config).unwrap();
        backend.initialize().await.unwrap();
        let pool = backend.pool(&config, LostConnections::default()).unwrap();
        let connections = [pool.acquire().await.unwrap(), pool.acquire().await.unwrap()];
        for mut connection in connections {
            for (pragma, expected) in
                [("foreign_keys", 1), ("secure_delete", 1), ("trusted_schema", 0), ("busy_timeout", 5000)]
            {
                let query = AssertSqlSafe(format!("PRAGMA {pragma}"));
                let row = sqlx::query(query).fetch_one(&mut *connection).await.unwrap();
                assert_eq!(row.get::<i64, _>(0), expected, "{pragma}");
            }
            let row = sqlx::query("PRAGMA journal_mode").fetch_one(&mut *connection).await.unwrap();
            assert_eq!(row.get::<String, _>(0), "wal");
        }
    }
}
