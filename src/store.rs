//! The store: what the gateway must remember, in SQLite or PostgreSQL, with one SQL text for both.
//!
//! In: [`StoreConfig`], domain values. Out: domain values, [`StoreError`]. Must not know: HTTP, Odoo. One file an
//! aggregate.
//!
//! What both databases can do alike: placeholders `$1`; texts, 64-bit integers and bytes, each of them NULL too; truth
//! as 0 or 1, times as seconds since 1970; `ON CONFLICT`, `RETURNING`, partial indexes; `CAST(sum(…) AS BIGINT)`.
//! SQLite names no constraint in its errors, and a transaction there that reads first and writes then may fail as
//! locked.

mod api_keys;
mod applications;
mod audit;
mod connect;
mod error;
mod grants;
mod idempotency_keys;
mod instance;
mod links;
mod migrations;
mod oauth1;
mod oauth_tokens;
mod restore;
mod rollback_detector;
pub mod sealed_keys;
mod sqlite_file;
mod tokens;
mod transaction;

use std::sync::Arc;

use sqlx::{AnyPool, Row};
use tokio::sync::{Mutex, MutexGuard};

pub use self::api_keys::{KeyRate, KeyTerms};
pub use self::applications::{ApplicationTerms, Consent};
pub use self::audit::Act;
pub use self::error::StoreError;
pub use self::grants::Grant;
pub use self::idempotency_keys::{RepeatClaim, StoredRepeat};
pub use self::instance::{Instance, random_id};
pub use self::oauth_tokens::{OAuthTerms, SpentToken, SpentWrap};
pub use self::restore::Ended;
pub use self::rollback_detector::{RESTORE, Witness};
pub use self::tokens::{Rewrap, StoredToken};

use self::connect::Backend;
use self::error::Place;
use self::transaction::{Cuts, rerun};
use crate::config::{DatabaseUrl, StoreConfig};

/// An open store. Clones share the connections.
#[derive(Debug, Clone)]
pub struct Store {
    pool: AnyPool,
    backend: Backend,
    cuts: Cuts,
    /// Held by who writes what is written with each request.
    turn: Arc<Mutex<()>>,
}

impl Store {
    /// Connects, once at first so that what is wrong is told exactly. A missing file of SQLite is made, with its
    /// folder.
    ///
    /// # Errors
    /// What is wrong with the place or the way to it, and how to mend it.
    pub async fn open(config: &StoreConfig) -> Result<Self, StoreError> {
        let backend = Backend::new(config)?;
        backend.first_connection().await?;
        let cuts = Cuts::default();
        Ok(Self { pool: backend.pool(config, cuts.clone())?, backend, cuts, turn: Arc::default() })
    }

    /// As [`open`](Self::open), and `None` where a file of SQLite is not there yet: nothing is made.
    ///
    /// # Errors
    /// As there, and when the file could not be made.
    pub async fn open_existing(config: &StoreConfig) -> Result<Option<Self>, StoreError> {
        if let DatabaseUrl::Sqlite { file } = &config.url
            && !sqlite_file::find(file)?
        {
            return Ok(None);
        }
        Self::open(config).await.map(Some)
    }

    /// Brings the schema to this binary's. Safe when several gateways do it at once: one works, the others wait.
    ///
    /// # Errors
    /// When the schema is newer than this binary or was changed by others, and when a statement fails.
    pub async fn migrate(&self) -> Result<(), StoreError> {
        migrations::run(&self.backend).await
    }

    /// Whether the store answers and can be written to: one row is written over itself, and SQLite's file system is asked
    /// for the room that a few writes need.
    ///
    /// # Errors
    /// When it does not, nothing can be written, or no connection comes free in time.
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.backend.find_room().await?;
        let write = "UPDATE instance SET created_at = created_at";
        rerun!(self.was_cut, sqlx::query(write).execute(&self.pool))?;
        Ok(())
    }

    /// Whether the schema was ever made.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn is_migrated(&self) -> Result<bool, StoreError> {
        Ok(sqlx::query(self.backend.history_query()).fetch_optional(&self.pool).await?.is_some())
    }

    /// Where a store of this configuration lies, without a password.
    ///
    /// # Errors
    /// When it is no place.
    pub fn place_of(config: &StoreConfig) -> Result<String, StoreError> {
        Ok(Backend::new(config)?.place().to_string())
    }

    /// Where the store lies, without a password.
    #[must_use]
    pub fn place(&self) -> String {
        self.backend.place().to_string()
    }

    /// The kind and version of the database, as `PostgreSQL 17.2` or `SQLite 3.50.4`.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn version(&self) -> Result<String, StoreError> {
        let row = sqlx::query(self.backend.version_query()).fetch_one(&self.pool).await?;
        Ok(row.try_get(0)?)
    }

    /// A turn to write. SQLite lets one write at a time and makes the others sleep for ever longer: those who come with
    /// each request wait for each other here, in order, which is ten times as quick. PostgreSQL needs none.
    async fn turn(&self) -> Option<MutexGuard<'_, ()>> {
        match self.backend.place() {
            Place::Sqlite { .. } => Some(self.turn.lock().await),
            Place::Postgres { .. } => None,
        }
    }

    /// Gives the connections back, waiting for those in use.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}
