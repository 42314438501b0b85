//! The store: persistent data in SQLite or PostgreSQL, with the same SQL for both.
//!
//! ```text
//! stored_token         a token's row with its grant and terms
//! usage_limits, application_row, oauth_columns   the terms of API keys, applications, and OAuth tokens
//! tokens, applications, application_origins, oauth_tokens, oauth1, consents, credential_grants, linked_users, rewrap
//!                      queries by subject
//! shared_keys, key_changes   API keys for several users, changes of API keys
//! odoo_keys, odoo_key_uses   Odoo API keys that are renewed before they end, and what opens them
//! credential_changes, credential_poll   detect changes of credentials
//! installation_keys    the installation's own keys, sealed
//! idempotency_keys     claims and responses of `Idempotency-Key`
//! usage_counts         requests of each hour
//! audit, like_pattern  the audit log, searches in any case
//! revoke_after_restore, rollback_detector   a backup that was restored
//! sqlite_backup        copies a SQLite store while it is in use, and restores a copy
//! installation_id      the installation id
//! leases               what each gateway holds of the limits that all of them share
//! connect, sqlite_file, migrations, transaction   connections, files, schema, transactions
//! error                errors with a remedy for the administrator
//! ```
//!
//! What both databases support: placeholders `$1`; text, 64-bit integers and bytes, each also NULL; booleans as 0 or
//! 1, times as seconds since 1970; `ON CONFLICT`, `RETURNING`, partial indexes; `CAST(sum(…) AS BIGINT)`. The errors
//! of SQLite contain no constraint name. A transaction in SQLite that reads before it writes may fail because the
//! file is locked. Only `leases` uses more, because it works on PostgreSQL only.
//!
//! In: [`StoreConfig`], domain values. Out: domain values, [`StoreError`]. Must not know: HTTP, Odoo.

mod application_origins;
mod application_row;
mod applications;
mod audit;
mod connect;
mod consents;
mod credential_changes;
mod credential_grants;
mod credential_poll;
mod error;
mod idempotency_keys;
mod installation_id;
pub mod installation_keys;
mod key_changes;
mod leases;
mod like_pattern;
mod linked_users;
mod migrations;
mod oauth1;
mod oauth_columns;
mod oauth_tokens;
mod odoo_key_uses;
mod odoo_keys;
mod revoke_after_restore;
mod rewrap;
mod rollback_detector;
mod shared_keys;
mod sqlite_backup;
mod sqlite_file;
mod stored_token;
mod tokens;
mod transaction;
mod usage_counts;
mod usage_limits;
mod user_access;

use std::sync::Arc;
use std::time::Duration;

use sqlx::{AnyPool, Row};
use tokio::sync::{Mutex, MutexGuard};
use tokio::time::timeout;

pub use self::application_origins::ApplicationOrigin;
pub use self::application_row::ApplicationTerms;
pub use self::audit::{AuditEntry, AuditEvent, AuditFilter};
pub use self::consents::Consent;
pub use self::credential_changes::{CredentialChanges, CredentialCounts, StoreContact};
pub use self::credential_grants::Grant;
pub use self::credential_poll::CredentialPoll;
pub use self::error::StoreError;
pub use self::idempotency_keys::{ClaimRow, StoredResponseRow};
pub use self::installation_id::{Instance, random_id};
pub use self::key_changes::KeyRotation;
pub use self::leases::Leases;
pub use self::oauth_columns::OAuthTerms;
pub use self::oauth_tokens::{SpentToken, SpentWrap};
pub use self::odoo_key_uses::{ListedOdooKey, OdooKeyUser};
pub use self::odoo_keys::{OdooKeyClaim, OdooKeyHash, OdooKeyRecord, OdooKeySuccessor, ReplacedOdooKey};
pub use self::revoke_after_restore::RevokedCounts;
pub use self::rewrap::Rewrap;
pub use self::rollback_detector::{RESTORE, RollbackDetector};
pub use self::sqlite_backup::BackupDraft;
pub use self::stored_token::{SECONDS_BETWEEN_TOUCHES, StoredToken, TokenUse};
pub use self::tokens::RowRange;
pub use self::usage_counts::HourlyUsage;
pub use self::usage_limits::{KeyRate, KeyTerms};
pub use self::user_access::UserConsent;

use self::connect::Backend;
use self::error::StoreLocation;
use self::transaction::{LostConnections, retry};
use crate::config::{DatabaseUrl, StoreConfig};

/// How long a statement may take after it got a connection.
const RESPONSE_TIME: Duration = Duration::from_secs(1);

/// An open store. Clones share the connections.
#[derive(Debug, Clone)]
pub struct Store {
    pool: AnyPool,
    backend: Backend,
    lost_connections: LostConnections,
    changes: CredentialChanges,
    /// Serializes the frequent small writes on SQLite.
    write_lock: Arc<Mutex<()>>,
}

impl Store {
    /// Connects to the store. The first connection is made outside the pool, so that its error is precise. Creates a
    /// missing SQLite file and its folder.
    ///
    /// # Errors
    /// If the store cannot be reached or used, with a remedy.
    pub async fn open(config: &StoreConfig) -> Result<Self, StoreError> {
        let backend = Backend::new(config)?;
        backend.initialize().await?;
        let lost_connections = LostConnections::default();
        Ok(Self {
            pool: backend.pool(config, lost_connections.clone())?,
            backend,
            lost_connections,
            changes: CredentialChanges::new(config.outage_grace),
            write_lock: Arc::default(),
        })
    }

    /// As [`open`](Self::open), but returns `None` and creates nothing if the SQLite file does not exist.
    ///
    /// # Errors
    /// As [`open`](Self::open), and if the missing file could not be created.
    pub async fn open_existing(config: &StoreConfig) -> Result<Option<Self>, StoreError> {
        if let DatabaseUrl::Sqlite { file } = &config.url
            && !sqlite_file::exists(file)?
        {
            return Ok(None);
        }
        Self::open(config).await.map(Some)
    }

    /// Applies missing migrations. If several gateways start at once, one applies them and the others wait.
    ///
    /// # Errors
    /// If a newer version has made the schema incompatible, if it differs from this binary's, or if a statement fails.
    pub async fn migrate(&self) -> Result<(), StoreError> {
        migrations::run(&self.backend).await
    }

    /// Checks that the store answers and can be written to: updates one row to its own value, and checks the free
    /// space of SQLite's file system.
    ///
    /// # Errors
    /// If it does not answer, cannot be written to, or no connection becomes free in time.
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.backend.check_free_space().await?;
        let write = "UPDATE instance SET created_at = created_at";
        retry!(self.connection_lost, sqlx::query(write).execute(&self.pool))?;
        Ok(())
    }

    /// Whether any migration was applied.
    ///
    /// # Errors
    /// If the store is not available.
    pub async fn is_migrated(&self) -> Result<bool, StoreError> {
        Ok(sqlx::query(self.backend.history_query()).fetch_optional(&self.pool).await?.is_some())
    }

    /// The location of the configured store, without a password.
    ///
    /// # Errors
    /// If the configured path is invalid.
    pub fn configured_location(config: &StoreConfig) -> Result<String, StoreError> {
        Ok(Backend::new(config)?.location().to_string())
    }

    /// The location of the store, without a password.
    #[must_use]
    pub fn location(&self) -> String {
        self.backend.location().to_string()
    }

    /// The name and version of the database, for example `PostgreSQL 17.2` or `SQLite 3.50.4`.
    ///
    /// # Errors
    /// If the store is not available.
    pub async fn version(&self) -> Result<String, StoreError> {
        let row = sqlx::query(self.backend.version_query()).fetch_one(&self.pool).await?;
        Ok(row.try_get(0)?)
    }

    /// Serializes writes that happen on every request. SQLite allows one writer at a time and makes the others sleep
    /// with growing delays; waiting here, in order, is ten times as fast. PostgreSQL does not need it.
    async fn write_lock(&self) -> Option<MutexGuard<'_, ()>> {
        match self.backend.location() {
            StoreLocation::Sqlite { .. } => Some(self.write_lock.lock().await),
            StoreLocation::Postgres { .. } => None,
        }
    }

    /// The time after which a read or a small write counts as failed: the server has accepted a connection and does not
    /// answer any more. It includes the wait for a connection.
    #[must_use]
    pub fn response_timeout(&self) -> Duration {
        self.backend.connect_timeout().saturating_add(RESPONSE_TIME)
    }

    /// Closes all connections. Waits for those in use, but not for a server that does not answer.
    pub async fn close(&self) {
        if timeout(self.response_timeout(), self.pool.close()).await.is_err() {
            tracing::warn!("the store does not answer; its connections are not closed properly");
        }
    }
}
