//! `odoo-gateway backup FILE` and `odoo-gateway restore FILE`: a copy of a SQLite store, and its return.
//!
//! What was revoked after the backup is valid in it. So everything is revoked in a copy of the backup, before the copy
//! becomes the store: there is no moment at which a revoked credential works.
//!
//! In: a configuration, files. Out: what was done. Must not know: how files are copied, how credentials are revoked.

use std::error::Error;
use std::path::{Path, PathBuf};

use super::{administration, cli_actor};
use crate::clock::Clock;
use crate::config::{Config, DatabaseUrl};
use crate::store::{AuditEvent, BackupDraft, RevokedCounts, Store, StoreError};

/// What became of a restored backup.
#[derive(Debug)]
pub struct RestoredBackup {
    /// How much was revoked; `None` if the administrator accepted the backup as it is.
    pub revoked: Option<RevokedCounts>,
    /// The file that contains the replaced store, if there was one.
    pub replaced: Option<PathBuf>,
    /// Why the sealed secrets of the backup cannot be opened, for example because a master key is missing.
    pub key_problem: Option<String>,
}

/// Copies the store to a new file while gateways use it, without a change of its schema. Returns the size in bytes.
///
/// # Errors
/// Fails if there is no store, it is not in SQLite, or the file exists or cannot be written.
pub async fn back_up(config: &Config, file: &Path, clock: &Clock) -> Result<u64, Box<dyn Error>> {
    if let DatabaseUrl::Postgres { .. } = &config.store.url {
        return Err(StoreError::BackupOnServer { location: Store::configured_location(&config.store)? }.into());
    }
    let location = Store::configured_location(&config.store)?;
    let missing = || format!("the store {location} does not exist, so there is nothing to copy; see store.url");
    let store = Store::open_existing(&config.store).await?.ok_or_else(missing)?;
    let copied = match store.is_migrated().await {
        Ok(true) => copy(&store, file, clock).await,
        Ok(false) => Err(missing().into()),
        Err(cause) => Err(cause.into()),
    };
    store.close().await;
    copied
}

async fn copy(store: &Store, file: &Path, clock: &Clock) -> Result<u64, Box<dyn Error>> {
    let event = AuditEvent::new(clock.now(), &cli_actor(), "store.backup", &file.display().to_string(), "");
    Ok(store.back_up(file, &event).await?)
}

/// Replaces the store with a backup in which everything is revoked, or which is accepted as it is.
///
/// # Errors
/// Fails if the backup is damaged, a gateway uses the store, or the store is not in SQLite. The store is unchanged
/// then.
pub async fn restore_backup(
    config: &Config,
    backup: &Path,
    keep_tokens: bool,
    clock: Clock,
) -> Result<RestoredBackup, Box<dyn Error>> {
    let draft = BackupDraft::new(&config.store, backup).await?;
    let mut with_draft = config.clone();
    with_draft.store = draft.store().clone();
    let admin = administration(&with_draft, clock).await?;
    let revoked = match keep_tokens {
        true => admin.accept_store().await.map(|()| None),
        false => admin.revoke_all().await.map(Some),
    };
    let key_problem = admin.key_provider.inspect().await.err().map(|cause| cause.to_string());
    admin.store.close().await;
    Ok(RestoredBackup { revoked: revoked?, replaced: draft.replace_store().await?, key_problem })
}
