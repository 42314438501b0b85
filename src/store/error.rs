//! Errors of the store, with a remedy for the administrator.
//!
//! In: errors of sqlx and of the file system. Out: [`StoreError`]. Must not know: HTTP. No message contains a
//! password, because the location is stored without it.

use std::fmt;
use std::path::PathBuf;

use url::Url;

/// The location of the store, without a password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreLocation {
    /// A SQLite file.
    Sqlite {
        /// The path as configured.
        file: PathBuf,
    },
    /// A PostgreSQL database.
    Postgres {
        /// The URL without the password.
        url: Url,
    },
}

impl fmt::Display for StoreLocation {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite { file } => write!(out, "{}", file.display()),
            Self::Postgres { url } => write!(out, "{url}"),
        }
    }
}

/// Why the store cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The folder cannot be created.
    #[error(
        "the store's folder {} cannot be created: {cause}; set store.url to a path that this user can write to",
        folder.display()
    )]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// The message of the operating system.
        cause: String,
    },
    /// The file cannot be opened, created or protected.
    #[error(
        "the store's file {} cannot be used: {cause}; change its owner to the user that runs the gateway, or set \
         store.url to another file",
        file.display()
    )]
    File {
        /// The file.
        file: PathBuf,
        /// The message of the operating system.
        cause: String,
    },
    /// The file system does not allow changes.
    #[error(
        "the store's file {} is on a read-only file system; mount it for writing, or set store.url to another file. \
         The system mounts a file system read-only after an error of the disk: read the system's log",
        file.display()
    )]
    ReadOnlyFileSystem {
        /// The file.
        file: PathBuf,
    },
    /// The file is not a SQLite database.
    #[error("{} is not a SQLite database; set store.url to another file", file.display())]
    NotADatabase {
        /// The file.
        file: PathBuf,
    },
    /// The server does not answer.
    #[error(
        "the store at {location} cannot be reached: {cause}; check that the server is running and that store.url \
         contains the right host and port"
    )]
    Unreachable {
        /// The location of the store.
        location: StoreLocation,
        /// The message of the operating system.
        cause: String,
    },
    /// The user or the password is wrong.
    #[error(
        "PostgreSQL at {location} rejects the login; check the user and the password in store.url, store.password or \
         store.password_file, and the server's pg_hba.conf"
    )]
    AuthenticationFailed {
        /// The location of the store.
        location: StoreLocation,
    },
    /// The server has no such database.
    #[error("the database of {location} does not exist; create it with `createdb`, or set store.url to another one")]
    NoSuchDatabase {
        /// The location of the store.
        location: StoreLocation,
    },
    /// The user lacks a permission.
    #[error("the user of {location} lacks a permission: {cause}; make it the owner of the database")]
    PermissionDenied {
        /// The location of the store.
        location: StoreLocation,
        /// The message of the database.
        cause: String,
    },
    /// The server accepts no more connections.
    #[error(
        "the store accepts no more connections: {0}; lower store.max_connections, or raise the limit of the server"
    )]
    TooManyConnections(String),
    /// No connection became free or could be opened in time.
    #[error(
        "no connection to the store within store.acquire_timeout: the store does not answer, or all \
         store.max_connections are in use"
    )]
    TimedOut,
    /// The file system is full.
    #[error("the store cannot write: {0}; free some space on its file system")]
    NoSpace(String),
    /// Another process holds the write lock for too long.
    #[error("the store's file is locked by another writer; raise store.busy_timeout, or stop the other process")]
    Locked,
    /// A backup was restored.
    #[error(
        "the store is older than its last seen state: its audit log does not contain event {event}, which is recorded \
         in {}. If a backup was restored, everything that was revoked since is valid again. Run `odoo-gateway restore` \
         to revoke all tokens and disable all API keys, or with --keep-tokens to accept the store as it is",
        file.display()
    )]
    RolledBack {
        /// The file with the record.
        file: PathBuf,
        /// The id of the missing audit event.
        event: i64,
    },
    /// The file that records the newest audit event cannot be used.
    #[error(
        "{}, which records the last seen state of the store, cannot be used: {cause}; without it the gateway does not \
         notice a restored backup",
        file.display()
    )]
    RollbackRecord {
        /// The file.
        file: PathBuf,
        /// The cause.
        cause: String,
    },
    /// A backup cannot be written.
    #[error(
        "the backup {} cannot be written: {cause}; name a new file, in a folder that this user can write to",
        file.display()
    )]
    BackupNotWritten {
        /// The file.
        file: PathBuf,
        /// The cause.
        cause: String,
    },
    /// A backup cannot be restored.
    #[error("{} cannot be restored: {cause}; the store is unchanged", file.display())]
    BackupUnusable {
        /// The file.
        file: PathBuf,
        /// The cause.
        cause: String,
    },
    /// A store is replaced while a process uses it.
    #[error("the store {} is in use; stop every gateway that uses it, then restore the backup again", file.display())]
    InUse {
        /// The file.
        file: PathBuf,
    },
    /// A store in PostgreSQL is copied by the tools of PostgreSQL.
    #[error(
        "the store is a PostgreSQL database; copy it with `pg_dump --format=custom --file=FILE --dbname='{location}'`, \
         which gateways do not notice"
    )]
    BackupOnServer {
        /// The location, without a password.
        location: String,
    },
    /// A store in PostgreSQL is restored by the tools of PostgreSQL.
    #[error(
        "the store is a PostgreSQL database; stop every gateway, run `pg_restore --clean --if-exists \
         --single-transaction --dbname='{location}' FILE`, and then `odoo-gateway restore` without a file"
    )]
    RestoreOnServer {
        /// The location, without a password.
        location: String,
    },
    /// A newer gateway made the store unusable for this one.
    #[error(
        "the store was migrated by a newer gateway (schema version {version}) and no longer works with this one; run \
         that version, or restore an older copy of the store"
    )]
    NewerSchema {
        /// The newest version in the store.
        version: i64,
    },
    /// Another build migrated the store.
    #[error(
        "version {version} of the store's schema differs from this gateway's; the store was migrated by another build, \
         use that one"
    )]
    ChangedMigration {
        /// The version that differs.
        version: i64,
    },
    /// A migration failed.
    #[error("version {version} of the store's schema cannot be applied: {cause}")]
    Migration {
        /// The version.
        version: i64,
        /// The cause.
        cause: Box<StoreError>,
    },
    /// Another API key or application has the name.
    #[error("an API key or application named {name:?} already exists; choose another name, or delete that one")]
    NameTaken {
        /// The name.
        name: String,
    },
    /// An unexpected error.
    #[error("the store failed: {0}")]
    Internal(String),
}

impl From<sqlx::Error> for StoreError {
    fn from(cause: sqlx::Error) -> Self {
        match cause {
            sqlx::Error::PoolTimedOut => Self::TimedOut,
            cause if matches!(sqlite_code(&cause), Some(5 | 6)) => Self::Locked,
            cause if is_out_of_space(&cause) => Self::NoSpace(message(&cause)),
            cause => Self::Internal(message(&cause)),
        }
    }
}

impl StoreError {
    /// An unexpected error.
    pub(super) fn internal(cause: impl fmt::Display) -> Self {
        Self::Internal(cause.to_string())
    }

    /// An error with a remedy for this location.
    pub(super) fn while_connecting(location: &StoreLocation, cause: sqlx::Error) -> Self {
        match location {
            StoreLocation::Sqlite { file } => Self::from_sqlite(file.clone(), cause),
            StoreLocation::Postgres { .. } => Self::from_postgres(location.clone(), cause),
        }
    }

    /// Primary result codes: <https://sqlite.org/rescode.html>.
    fn from_sqlite(file: PathBuf, cause: sqlx::Error) -> Self {
        match sqlite_code(&cause) {
            Some(26) => Self::NotADatabase { file },
            Some(3 | 8 | 10 | 13 | 14 | 23) => Self::File { file, cause: message(&cause) },
            _ => cause.into(),
        }
    }

    /// SQLSTATE: <https://www.postgresql.org/docs/current/errcodes-appendix.html>.
    fn from_postgres(location: StoreLocation, cause: sqlx::Error) -> Self {
        let state = cause.as_database_error().and_then(|error| error.code()).map(|code| code.into_owned());
        match (state.as_deref(), cause) {
            (Some("28P01" | "28000"), _) => Self::AuthenticationFailed { location },
            (Some("3D000"), _) => Self::NoSuchDatabase { location },
            (Some("42501"), cause) => Self::PermissionDenied { location, cause: message(&cause) },
            (Some("53300"), cause) => Self::TooManyConnections(message(&cause)),
            (Some("57P03"), cause) => Self::Unreachable { location, cause: message(&cause) },
            (None, sqlx::Error::Io(cause)) => Self::Unreachable { location, cause: cause.to_string() },
            (None, sqlx::Error::Tls(cause)) => Self::Unreachable { location, cause: format!("TLS: {cause}") },
            (_, cause) => cause.into(),
        }
    }
}

/// `SQLITE_FULL`; PostgreSQL's `disk_full`.
fn is_out_of_space(cause: &sqlx::Error) -> bool {
    let disk_full = || cause.as_database_error().and_then(|error| error.code()).is_some_and(|code| code == "53100");
    sqlite_code(cause) == Some(13) || disk_full()
}

/// The primary result code of SQLite. A code of five characters is a SQLSTATE of PostgreSQL.
fn sqlite_code(cause: &sqlx::Error) -> Option<u32> {
    let code = cause.as_database_error()?.code().filter(|code| code.len() < 5)?;
    code.parse().ok().map(|extended: u32| extended & 0xff)
}

/// The message of the database, without the prefix that sqlx adds.
fn message(cause: &sqlx::Error) -> String {
    cause.as_database_error().map_or_else(|| cause.to_string(), |error| error.message().to_owned())
}
