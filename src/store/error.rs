//! Why the store cannot be used, and how to mend it.
//!
//! In: errors of sqlx and of the file system. Out: [`StoreError`], in sentences for the person who runs the gateway.
//! Must not know: HTTP. No message holds a password: the URL is kept without it.

use std::fmt;
use std::path::PathBuf;

use url::Url;

/// Where the store lies, fit to be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A file of SQLite.
    Sqlite {
        /// Its path as configured.
        file: PathBuf,
    },
    /// A database of PostgreSQL.
    Postgres {
        /// Its URL without the password.
        url: Url,
    },
}

impl fmt::Display for Place {
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
    /// The folder cannot be made.
    #[error(
        "the store's folder {} cannot be made: {cause}; name a folder this user may write to in store.url",
        folder.display()
    )]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// What the system says.
        cause: String,
    },
    /// The file cannot be opened, made or protected.
    #[error(
        "the store's file {} cannot be used: {cause}; give it to the user who runs the gateway, or name another in \
         store.url",
        file.display()
    )]
    File {
        /// The file.
        file: PathBuf,
        /// What the system says.
        cause: String,
    },
    /// The file is something else.
    #[error("{} is no database of SQLite; name another file in store.url", file.display())]
    NotADatabase {
        /// The file.
        file: PathBuf,
    },
    /// Nobody answers there.
    #[error(
        "the store at {place} cannot be reached: {cause}; see whether it runs and whether \
         store.url names the right host and port"
    )]
    Unreachable {
        /// Where.
        place: Place,
        /// What the system says.
        cause: String,
    },
    /// User or password are wrong.
    #[error(
        "PostgreSQL at {place} does not let this user in; see user and password in store.url, store.password or \
         store.password_file, and the server's pg_hba.conf"
    )]
    LoginRefused {
        /// Where.
        place: Place,
    },
    /// The server is there, the database is not.
    #[error("the database of {place} does not exist; make it with `createdb`, or name another in store.url")]
    NoSuchDatabase {
        /// Where.
        place: Place,
    },
    /// The user may not do this.
    #[error("the user of {place} lacks a right: {cause}; make it the owner of the database")]
    NotAllowed {
        /// Where.
        place: Place,
        /// What the database says.
        cause: String,
    },
    /// The server takes no more connections.
    #[error("the store takes no further connection: {0}; lower store.max_connections, or raise the server's own limit")]
    Full(String),
    /// No connection came free or could be made in time.
    #[error("no connection to the store in time: it does not answer, or all store.max_connections are in use")]
    TimedOut,
    /// There is no room to write.
    #[error("the store cannot write: {0}; make room on its file system")]
    NoSpace(String),
    /// Another writer took too long.
    #[error("the store's file is locked by another writer; raise store.busy_timeout, or end the other process")]
    Locked,
    /// A backup was put back.
    #[error(
        "the store is older than what was last seen of it: its audit log lacks act {act}, which {} remembers. When a \
         backup was put back, everything that was revoked since would work again. `odoo-gateway restore` ends every token \
         and switches every API key off; with --keep-tokens it takes the store as it is",
        file.display()
    )]
    OlderThanSeen {
        /// The file that remembers.
        file: PathBuf,
        /// The id of the act.
        act: i64,
    },
    /// The file that remembers the newest act cannot be used.
    #[error(
        "{}, which remembers what was last seen of the store, cannot be used: {cause}; without it a backup that is put \
         back is not noticed",
        file.display()
    )]
    Witness {
        /// The file.
        file: PathBuf,
        /// What is wrong.
        cause: String,
    },
    /// A newer gateway was here.
    #[error(
        "the store was written by a newer gateway (its schema has version {version}); run that version, or \
         restore an older copy of the store"
    )]
    NewerSchema {
        /// A version this binary does not know.
        version: i64,
    },
    /// Another build was here.
    #[error(
        "version {version} of the store's schema differs from this gateway's; it was written by \
         another build, use that one"
    )]
    ChangedMigration {
        /// The version that differs.
        version: i64,
    },
    /// A step of the schema failed.
    #[error("version {version} of the store's schema cannot be applied: {cause}")]
    Migration {
        /// The version.
        version: i64,
        /// Why.
        cause: Box<StoreError>,
    },
    /// Another API key or application has the name.
    #[error("there is an API key or application called {name:?} already; choose another name, or delete that one")]
    NameTaken {
        /// The name.
        name: String,
    },
    /// Something nobody foresaw.
    #[error("the store failed: {0}")]
    Internal(String),
}

impl From<sqlx::Error> for StoreError {
    fn from(cause: sqlx::Error) -> Self {
        match cause {
            sqlx::Error::PoolTimedOut => Self::TimedOut,
            cause if matches!(sqlite_code(&cause), Some(5 | 6)) => Self::Locked,
            cause if is_out_of_space(&cause) => Self::NoSpace(said(&cause)),
            cause => Self::Internal(said(&cause)),
        }
    }
}

impl StoreError {
    /// A cause that cannot be helped.
    pub(super) fn internal(cause: impl fmt::Display) -> Self {
        Self::Internal(cause.to_string())
    }

    /// The cause in the words of the place where it happened.
    pub(super) fn while_connecting(place: &Place, cause: sqlx::Error) -> Self {
        match place {
            Place::Sqlite { file } => Self::of_sqlite(file.clone(), cause),
            Place::Postgres { .. } => Self::of_postgres(place.clone(), cause),
        }
    }

    /// Primary result codes: <https://sqlite.org/rescode.html>.
    fn of_sqlite(file: PathBuf, cause: sqlx::Error) -> Self {
        match sqlite_code(&cause) {
            Some(26) => Self::NotADatabase { file },
            Some(3 | 8 | 10 | 13 | 14 | 23) => Self::File { file, cause: said(&cause) },
            _ => cause.into(),
        }
    }

    /// SQLSTATE: <https://www.postgresql.org/docs/current/errcodes-appendix.html>.
    fn of_postgres(place: Place, cause: sqlx::Error) -> Self {
        let state = cause.as_database_error().and_then(|error| error.code()).map(|code| code.into_owned());
        match (state.as_deref(), cause) {
            (Some("28P01" | "28000"), _) => Self::LoginRefused { place },
            (Some("3D000"), _) => Self::NoSuchDatabase { place },
            (Some("42501"), cause) => Self::NotAllowed { place, cause: said(&cause) },
            (Some("53300"), cause) => Self::Full(said(&cause)),
            (Some("57P03"), cause) => Self::Unreachable { place, cause: said(&cause) },
            (None, sqlx::Error::Io(cause)) => Self::Unreachable { place, cause: cause.to_string() },
            (None, sqlx::Error::Tls(cause)) => Self::Unreachable { place, cause: format!("TLS: {cause}") },
            (_, cause) => cause.into(),
        }
    }
}

/// `SQLITE_FULL`; PostgreSQL's `disk_full`.
fn is_out_of_space(cause: &sqlx::Error) -> bool {
    let disk_full = || cause.as_database_error().and_then(|error| error.code()).is_some_and(|code| code == "53100");
    sqlite_code(cause) == Some(13) || disk_full()
}

/// The primary result code; a SQLSTATE, always five characters long, is none.
fn sqlite_code(cause: &sqlx::Error) -> Option<u32> {
    let code = cause.as_database_error()?.code().filter(|code| code.len() < 5)?;
    code.parse().ok().map(|extended: u32| extended & 0xff)
}

/// The database's own message, without what sqlx puts around it.
fn said(cause: &sqlx::Error) -> String {
    cause.as_database_error().map_or_else(|| cause.to_string(), |error| error.message().to_owned())
}
