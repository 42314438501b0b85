//! The way to the database: options of a connection, its first settings, the pool.
//!
//! In: [`StoreConfig`]. Out: connections that are ready for work. Must not know: tables.

use std::fs::File;
use std::path::PathBuf;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::{AnyConnection, AnyPool, AssertSqlSafe, ConnectOptions, Connection as _, Executor};
use url::Url;

use super::error::{Place, StoreError};
use super::sqlite_file;
use super::transaction::Cuts;
use crate::config::{DatabaseUrl, StoreConfig};

/// Where the store lies and how to reach it.
#[derive(Debug, Clone)]
pub(super) struct Backend {
    place: Place,
    /// The whole URL, password and all.
    url: SecretString,
    /// What each connection is told first.
    setup: String,
    connect_timeout: Duration,
}

impl Backend {
    pub(super) fn new(config: &StoreConfig) -> Result<Self, StoreError> {
        sqlx::any::install_default_drivers();
        let (place, url, setup) = match &config.url {
            DatabaseUrl::Sqlite { file } => sqlite(file.clone(), config.busy_timeout)?,
            DatabaseUrl::Postgres { url, password } => postgres(url, password.as_ref().or(config.password.as_ref())),
        };
        Ok(Self { place, url: url.as_str().into(), setup, connect_timeout: config.acquire_timeout })
    }

    pub(super) fn place(&self) -> &Place {
        &self.place
    }

    /// Connects for the first time, and makes what must exist before.
    pub(super) async fn first_connection(&self) -> Result<AnyConnection, StoreError> {
        if let Place::Sqlite { file } = &self.place {
            sqlite_file::prepare(file)?;
        }
        let _alone = self.alone().await?;
        let mut connection = self.connect().await?;
        if let Place::Sqlite { .. } = self.place {
            // It stays so in the file. Two that switch it at the same moment would not wait for each other.
            let switched = connection.execute("PRAGMA journal_mode = WAL").await;
            switched.map_err(|cause| StoreError::while_connecting(&self.place, cause))?;
        }
        Ok(connection)
    }

    /// Waits until no other gateway changes the file of SQLite as a whole, until the value is dropped. PostgreSQL has
    /// locks of its own for that.
    pub(super) async fn alone(&self) -> Result<Option<File>, StoreError> {
        let Place::Sqlite { file } = self.place.clone() else { return Ok(None) };
        let locked = tokio::task::spawn_blocking(move || sqlite_file::lock(&file)).await;
        locked.map_err(|cause| StoreError::Internal(cause.to_string()))?.map(Some)
    }

    /// Whether the file system has the room that a few writes of SQLite need. That one small write succeeds tells little:
    /// it may go where an earlier one was.
    pub(super) async fn find_room(&self) -> Result<(), StoreError> {
        let Place::Sqlite { file } = self.place.clone() else { return Ok(()) };
        let found = tokio::task::spawn_blocking(move || sqlite_file::find_room(&file)).await;
        found.map_err(StoreError::internal)?
    }

    /// One connection outside of the pool: the pool would try again until its time is up and then hide the cause.
    pub(super) async fn connect(&self) -> Result<AnyConnection, StoreError> {
        let connected = async {
            let mut connection = self.options()?.connect().await?;
            connection.execute(AssertSqlSafe(self.setup.clone())).await?;
            Ok(connection)
        };
        match tokio::time::timeout(self.connect_timeout, connected).await {
            Ok(outcome) => outcome.map_err(|cause| StoreError::while_connecting(&self.place, cause)),
            Err(_) => Err(StoreError::Unreachable { place: self.place.clone(), cause: "no answer in time".to_owned() }),
        }
    }

    /// The pool; it connects when it is used.
    pub(super) fn pool(&self, config: &StoreConfig, cuts: Cuts) -> Result<AnyPool, StoreError> {
        let setup = self.setup.clone();
        let options = self.options().map_err(|cause| StoreError::while_connecting(&self.place, cause))?;
        let pool = AnyPoolOptions::new()
            .max_connections(config.max_connections)
            .acquire_timeout(config.acquire_timeout)
            // A ping before every question would double what each request pays. Only once a connection was found cut are
            // those pinged that were idle at that time.
            .test_before_acquire(false)
            .before_acquire(move |connection, about| {
                let suspect = cuts.may_have_hit(about.idle_for);
                Box::pin(async move { Ok(!suspect || connection.ping().await.is_ok()) })
            })
            .after_connect(move |connection, _| {
                let setup = AssertSqlSafe(setup.clone());
                Box::pin(async move { connection.execute(setup).await.map(drop) })
            });
        Ok(pool.connect_lazy_with(options))
    }

    /// Whether there is a server at the other end of each connection.
    pub(super) fn has_server(&self) -> bool {
        matches!(self.place, Place::Postgres { .. })
    }

    /// SQLite's write lock is taken first: a transaction that reads before it writes may not get it later.
    pub(super) fn begin_statement(&self) -> &'static str {
        match self.place {
            Place::Sqlite { .. } => "BEGIN IMMEDIATE",
            Place::Postgres { .. } => "BEGIN",
        }
    }

    pub(super) fn version_query(&self) -> &'static str {
        match self.place {
            Place::Sqlite { .. } => "SELECT 'SQLite ' || sqlite_version()",
            Place::Postgres { .. } => "SELECT 'PostgreSQL ' || current_setting('server_version')",
        }
    }

    /// Finds the table of migrations that were applied.
    pub(super) fn history_query(&self) -> &'static str {
        match self.place {
            Place::Sqlite { .. } => "SELECT 1 FROM sqlite_schema WHERE name = '_sqlx_migrations'",
            Place::Postgres { .. } => {
                "SELECT 1 FROM information_schema.tables WHERE table_schema = current_schema() \
                 AND table_name = '_sqlx_migrations'"
            }
        }
    }

    fn options(&self) -> Result<AnyConnectOptions, sqlx::Error> {
        self.url.expose_secret().parse()
    }
}

/// What was deleted is overwritten, references hold, and nothing that a manipulated schema brings along is run.
fn sqlite(file: PathBuf, busy: Duration) -> Result<(Place, Url, String), StoreError> {
    let url = std::path::absolute(&file).ok().and_then(|file| Url::from_file_path(file).ok());
    let url = url.and_then(|url| Url::parse(&format!("sqlite://{}", url.path())).ok());
    let url = url.ok_or_else(|| StoreError::File { file: file.clone(), cause: "this is no path".to_owned() })?;
    let setup = format!(
        "PRAGMA busy_timeout = {}; PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON; PRAGMA trusted_schema = OFF",
        busy.as_millis()
    );
    Ok((Place::Sqlite { file }, url, setup))
}

fn postgres(url: &Url, password: Option<&SecretString>) -> (Place, Url, String) {
    let mut whole = url.clone();
    // Only a URL without a host takes no password, and such a one is not read as a database's.
    let _ = whole.set_password(password.map(ExposeSecret::expose_secret));
    (Place::Postgres { url: url.clone() }, whole, "SET TIME ZONE 'UTC'".to_owned())
}

#[cfg(test)]
mod tests {
    use sqlx::Row;

    use super::*;
    use crate::config::Config;

    #[tokio::test]
    async fn every_connection_of_sqlite_is_set_up() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("gateway.db").display());
        let config = Config::load(None, [("DATABASE_URL".into(), url.into())]).unwrap().store;
        let backend = Backend::new(&config).unwrap();
        backend.first_connection().await.unwrap();
        let pool = backend.pool(&config, Cuts::default()).unwrap();
        let connections = [pool.acquire().await.unwrap(), pool.acquire().await.unwrap()];
        for mut connection in connections {
            for (pragma, wanted) in
                [("foreign_keys", 1), ("secure_delete", 1), ("trusted_schema", 0), ("busy_timeout", 5000)]
            {
                let query = AssertSqlSafe(format!("PRAGMA {pragma}"));
                let row = sqlx::query(query).fetch_one(&mut *connection).await.unwrap();
                assert_eq!(row.get::<i64, _>(0), wanted, "{pragma}");
            }
            let row = sqlx::query("PRAGMA journal_mode").fetch_one(&mut *connection).await.unwrap();
            assert_eq!(row.get::<String, _>(0), "wal");
        }
    }
}
