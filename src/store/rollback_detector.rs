//! Rollback detection: a file outside the store records the newest audit event, so that the gateway notices a
//! restored backup, in which everything that was revoked since is valid again.
//!
//! ```text
//! file = { "#" any "\n" } id " " time "\n"        the id and time of the newest audit event that was seen
//! ```
//!
//! Rows of the audit log are never changed, so a store without that row is not the store that was seen. After
//! `odoo-gateway restore`, a later event `store.restore` makes the store acceptable for every gateway.
//!
//! In: the store, a file next to the master key. Out: whether the store was rolled back. Must not know: tokens.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use sqlx::Row as _;

use super::installation_keys::INDEX;
use super::{Store, StoreError, random_id};

/// The audit action that accepts a restored backup.
pub const RESTORE: &str = "store.restore";

const HEADING: &str = "# The id and the time of the newest audit event that a gateway has seen in its store. A store \
                       without this event is an older copy.\n";

/// Compares the store with the event that was last seen.
#[derive(Debug, Clone)]
pub struct RollbackDetector {
    store: Store,
    file: PathBuf,
}

/// The id and time of an audit event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct LastSeen {
    id: i64,
    /// Seconds since 1970.
    at: i64,
}

impl RollbackDetector {
    /// Uses a file in `folder`, which is created when the store contains its first sealed value.
    #[must_use]
    pub fn new(store: Store, folder: &Path, instance: &str) -> Self {
        Self { store, file: folder.join(format!("{instance}.seen")) }
    }

    /// Checks that the store contains the last seen event, or that an administrator accepted the restored store.
    ///
    /// # Errors
    /// [`StoreError::RolledBack`] if not; if the file or the store cannot be read.
    pub async fn check(&self) -> Result<(), StoreError> {
        let Some(seen) = self.last_seen()? else { return Ok(()) };
        if self.contains(seen).await? || self.was_restored_after(seen).await? {
            return Ok(());
        }
        Err(StoreError::RolledBack { file: self.file.clone(), event: seen.id })
    }

    async fn contains(&self, seen: LastSeen) -> Result<bool, StoreError> {
        let query = sqlx::query("SELECT id FROM audit_log WHERE id = $1 AND at = $2").bind(seen.id).bind(seen.at);
        Ok(query.fetch_optional(&self.store.pool).await?.is_some())
    }

    async fn was_restored_after(&self, seen: LastSeen) -> Result<bool, StoreError> {
        let query =
            sqlx::query("SELECT id FROM audit_log WHERE act = $1 AND at >= $2 LIMIT 1").bind(RESTORE).bind(seen.at);
        Ok(query.fetch_optional(&self.store.pool).await?.is_some())
    }

    /// Records the newest event, once the store contains a sealed value. Does not overwrite the record of another
    /// store.
    ///
    /// # Errors
    /// As [`check`](Self::check), and if the file cannot be written.
    pub async fn update(&self) -> Result<(), StoreError> {
        self.check().await?;
        let newest = sqlx::query("SELECT id, at FROM audit_log ORDER BY id DESC LIMIT 1");
        let Some(row) = newest.fetch_optional(&self.store.pool).await? else { return Ok(()) };
        let newest = LastSeen { id: row.try_get("id")?, at: row.try_get("at")? };
        if self.last_seen()? == Some(newest) || self.store.sealed_key(INDEX).await?.is_none() {
            return Ok(());
        }
        let draft = self.file.with_extension(random_id()?);
        let written = write(&draft, newest).and_then(|()| std::fs::rename(&draft, &self.file));
        written.inspect_err(|_| drop(std::fs::remove_file(&draft))).map_err(|cause| self.file_error(&cause))
    }

    fn last_seen(&self) -> Result<Option<LastSeen>, StoreError> {
        let mut text = String::new();
        match File::open(&self.file).and_then(|file| file.take(4096).read_to_string(&mut text)) {
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(cause) => Err(self.file_error(&cause)),
            Ok(_) => parse(&text).map(Some).ok_or_else(|| self.file_error(&"its content is malformed")),
        }
    }

    fn file_error(&self, cause: &dyn std::fmt::Display) -> StoreError {
        StoreError::RollbackRecord { file: self.file.clone(), cause: cause.to_string() }
    }
}

fn parse(text: &str) -> Option<LastSeen> {
    let line = text.lines().find(|line| !line.starts_with('#'))?;
    let (id, at) = line.split_once(' ')?;
    Some(LastSeen { id: id.parse().ok()?, at: at.parse().ok()? })
}

fn write(file: &Path, seen: LastSeen) -> io::Result<()> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let mut open = OpenOptions::new().write(true).create_new(true).mode(0o600).open(file)?;
    writeln!(open, "{HEADING}{} {}", seen.id, seen.at)?;
    open.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_written_format_is_parsed() {
        let folder = tempfile::tempdir().unwrap();
        let (file, seen) = (folder.path().join("new/a.seen"), LastSeen { id: 7, at: 1_800_000_000 });
        write(&file, seen).unwrap();
        assert_eq!(parse(&std::fs::read_to_string(&file).unwrap()), Some(seen));
        for text in ["", "#\n", "7\n", "7 x\n", "x 7\n", "7  8\n"] {
            assert_eq!(parse(text), None, "{text:?}");
        }
    }
}
