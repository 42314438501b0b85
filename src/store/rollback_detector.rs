//! What was last seen of the store, kept outside of it: a backup that was put back, in which everything revoked since is
//! alive again, is told from the store itself.
//!
//! ```text
//! file = { "#" any "\n" } act " " at "\n"        the newest row of the audit log that was seen, and its time
//! ```
//!
//! Rows of the audit log are never changed, so a store in which that row is not as it was is not the store that was seen.
//! An administrator's word, a `store.restore` of later, makes it good again for every gateway.
//!
//! In: the store, a file beside the master key. Out: whether the store is the one that was seen. Must not know: tokens.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use sqlx::Row as _;

use super::sealed_keys::INDEX;
use super::{Store, StoreError, random_id};

/// What an administrator does when a backup was put back.
pub const RESTORE: &str = "store.restore";

const HEADING: &str = "# The newest act that a gateway here has seen in the audit log of its store, and when it was done. A store \
                       without it is an older copy.\n";

/// Who remembers what was last seen.
#[derive(Debug, Clone)]
pub struct Witness {
    store: Store,
    file: PathBuf,
}

/// A row of the audit log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Seen {
    act: i64,
    /// Unix time.
    at: i64,
}

impl Witness {
    /// One with a file in `folder`, which need not be there before something is sealed in the store.
    #[must_use]
    pub fn new(store: Store, folder: &Path, instance: &str) -> Self {
        Self { store, file: folder.join(format!("{instance}.seen")) }
    }

    /// Whether the store is the one that was last seen, or a restored one that an administrator has answered for.
    ///
    /// # Errors
    /// [`StoreError::OlderThanSeen`] when it is not; when the file or the store cannot be read.
    pub async fn check(&self) -> Result<(), StoreError> {
        let Some(seen) = self.remembered()? else { return Ok(()) };
        if self.holds(seen).await? || self.was_answered_for(seen).await? {
            return Ok(());
        }
        Err(StoreError::OlderThanSeen { file: self.file.clone(), act: seen.act })
    }

    async fn holds(&self, seen: Seen) -> Result<bool, StoreError> {
        let query = sqlx::query("SELECT id FROM audit_log WHERE id = $1 AND at = $2").bind(seen.act).bind(seen.at);
        Ok(query.fetch_optional(&self.store.pool).await?.is_some())
    }

    async fn was_answered_for(&self, seen: Seen) -> Result<bool, StoreError> {
        let query =
            sqlx::query("SELECT id FROM audit_log WHERE act = $1 AND at >= $2 LIMIT 1").bind(RESTORE).bind(seen.at);
        Ok(query.fetch_optional(&self.store.pool).await?.is_some())
    }

    /// Remembers the newest act, once something is sealed in the store. Nothing is forgotten of a store that this is not.
    ///
    /// # Errors
    /// As [`check`](Self::check), and when the file cannot be written.
    pub async fn renew(&self) -> Result<(), StoreError> {
        self.check().await?;
        let newest = sqlx::query("SELECT id, at FROM audit_log ORDER BY id DESC LIMIT 1");
        let Some(row) = newest.fetch_optional(&self.store.pool).await? else { return Ok(()) };
        let newest = Seen { act: row.try_get("id")?, at: row.try_get("at")? };
        if self.remembered()? == Some(newest) || self.store.sealed_key(INDEX).await?.is_none() {
            return Ok(());
        }
        let draft = self.file.with_extension(random_id()?);
        let written = write(&draft, newest).and_then(|()| std::fs::rename(&draft, &self.file));
        written.inspect_err(|_| drop(std::fs::remove_file(&draft))).map_err(|cause| self.blame(&cause))
    }

    fn remembered(&self) -> Result<Option<Seen>, StoreError> {
        let mut text = String::new();
        match File::open(&self.file).and_then(|file| file.take(4096).read_to_string(&mut text)) {
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(cause) => Err(self.blame(&cause)),
            Ok(_) => read(&text).map(Some).ok_or_else(|| self.blame(&"it is not as the gateway writes it")),
        }
    }

    fn blame(&self, cause: &dyn std::fmt::Display) -> StoreError {
        StoreError::Witness { file: self.file.clone(), cause: cause.to_string() }
    }
}

fn read(text: &str) -> Option<Seen> {
    let line = text.lines().find(|line| !line.starts_with('#'))?;
    let (act, at) = line.split_once(' ')?;
    Some(Seen { act: act.parse().ok()?, at: at.parse().ok()? })
}

fn write(file: &Path, seen: Seen) -> io::Result<()> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let mut open = OpenOptions::new().write(true).create_new(true).mode(0o600).open(file)?;
    writeln!(open, "{HEADING}{} {}", seen.act, seen.at)?;
    open.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let (file, seen) = (folder.path().join("new/a.seen"), Seen { act: 7, at: 1_800_000_000 });
        write(&file, seen).unwrap();
        assert_eq!(read(&std::fs::read_to_string(&file).unwrap()), Some(seen));
        for text in ["", "#\n", "7\n", "7 x\n", "x 7\n", "7  8\n"] {
            assert_eq!(read(text), None, "{text:?}");
        }
    }
}
