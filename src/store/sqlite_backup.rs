//! Backups of a store in SQLite: a consistent copy while gateways use the store, and its return.
//!
//! ```text
//! back_up: store ─► FILE.partial-… ─► FILE
//! restore: FILE ─► STORE.restore-… (verified, then changed by the caller) ─► STORE; the former STORE is kept
//! ```
//!
//! A file gets its final name when it is complete, so an interruption leaves either the old state or the new one.
//!
//! In: paths. Out: files with mode 0600. Must not know: what the tables contain, what a restored backup revokes.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, RenameFlags, renameat_with};
use sqlx::{AnyConnection, Connection as _, Executor as _, Row as _};

use super::connect::Backend;
use super::sqlite_file::{companion, folder};
use super::{AuditEvent, Store, StoreError, random_id};
use crate::config::{DatabaseUrl, StoreConfig};

/// What SQLite and the gateway create next to a file.
const COMPANIONS: [&str; 5] = ["-wal", "-shm", "-journal", ".lock", ".room"];

impl Store {
    /// Copies the store to a new file while it is in use. The copy is the state at one moment, and contains nothing
    /// that was deleted. It contains the event, so a backup that is restored at once is not older than the store.
    /// Returns its size in bytes.
    ///
    /// # Errors
    /// If the file exists or cannot be written, or if the store is in PostgreSQL.
    pub async fn back_up(&self, target: &Path, event: &AuditEvent) -> Result<u64, StoreError> {
        let failed =
            |cause: io::Error| StoreError::BackupNotWritten { file: target.to_owned(), cause: describe(&cause) };
        // Also a link without a target: a rename would replace it.
        if target.symlink_metadata().is_ok() {
            return Err(failed(io::ErrorKind::AlreadyExists.into()));
        }
        let target = std::path::absolute(target).map_err(failed)?;
        let draft = Draft(companion(&target, &format!(".partial-{}", random_id()?)));
        create(&draft.0).map_err(failed)?;
        let name = draft.0.to_str().ok_or_else(|| failed(io::ErrorKind::InvalidFilename.into()))?;
        self.audit(event).await?;
        sqlx::query("VACUUM INTO $1").bind(name).execute(&self.pool).await?;
        let file = File::open(&draft.0).map_err(failed)?;
        file.sync_all().map_err(failed)?;
        rename_to_new(&draft.0, &target).and_then(|()| sync_folder(&target)).map_err(failed)?;
        Ok(file.metadata().map_err(failed)?.len())
    }
}

/// A verified copy of a backup, next to the store that it will replace. Deleted if it is dropped before.
#[derive(Debug)]
pub struct BackupDraft {
    store: StoreConfig,
    target: PathBuf,
    draft: Draft,
}

impl BackupDraft {
    /// Copies and verifies the backup.
    ///
    /// # Errors
    /// If the backup is damaged or not a store, a gateway uses the store, or the store is not in SQLite.
    pub async fn new(store: &StoreConfig, backup: &Path) -> Result<Self, StoreError> {
        let DatabaseUrl::Sqlite { file } = &store.url else {
            return Err(StoreError::RestoreOnServer { location: Store::configured_location(store)? });
        };
        check_unused(store, file).await?;
        let unusable = |cause: String| StoreError::BackupUnusable { file: backup.to_owned(), cause };
        check_header(backup).map_err(unusable)?;
        let draft = Draft(companion(file, &format!(".restore-{}", random_id()?)));
        copy(backup, &draft.0).map_err(|cause| unusable(describe(&cause)))?;
        let copied = Self { store: with_file(store, &draft.0), target: file.clone(), draft };
        let connected = Backend::new(&copied.store)?.connect().await;
        let mut connection = connected.map_err(|cause| unusable(cause.to_string()))?;
        let verified = verify(&mut connection).await;
        connection.close().await?;
        verified.map_err(unusable)?;
        Ok(copied)
    }

    /// The settings with which the copy can be opened as a store.
    #[must_use]
    pub fn store(&self) -> &StoreConfig {
        &self.store
    }

    /// Replaces the store with the copy, which must be closed. Returns the file that contains the replaced store, if
    /// there was one.
    ///
    /// # Errors
    /// If a gateway uses the store by now, or a file cannot be written. The store is unchanged then.
    pub async fn replace_store(self) -> Result<Option<PathBuf>, StoreError> {
        let backend = Backend::new(&with_file(&self.store, &self.target))?;
        // A gateway that starts now waits.
        let _lock = backend.exclusive_lock().await?;
        check_unused(&self.store, &self.target).await?;
        leave_wal(&Backend::new(&self.store)?).await?;
        let failed = |cause: io::Error| StoreError::File { file: self.target.clone(), cause: cause.to_string() };
        let kept = self.target.try_exists().map_err(failed)?.then(random_id).transpose()?;
        let kept = kept.map(|id| companion(&self.target, &format!(".replaced-{id}")));
        if let Some(kept) = &kept {
            keep(&self.target, kept).map_err(failed)?;
        }
        let replaced = File::open(&self.draft.0).and_then(|copy| copy.sync_all());
        replaced.and_then(|()| std::fs::rename(&self.draft.0, &self.target)).map_err(failed)?;
        sync_folder(&self.target).map_err(failed)?;
        Ok(kept)
    }
}

/// A file that is deleted, with its companions, unless it was renamed.
#[derive(Debug)]
struct Draft(PathBuf);

impl Drop for Draft {
    fn drop(&mut self) {
        for suffix in [""].iter().chain(&COMPANIONS) {
            let _ = std::fs::remove_file(companion(&self.0, suffix));
        }
    }
}

/// Fails if another process has the store open. A connection in WAL mode keeps a shared lock until it is closed, and
/// leaving WAL mode needs an exclusive one. A store that cannot be opened is not in use: it may be what is replaced.
async fn check_unused(store: &StoreConfig, file: &Path) -> Result<(), StoreError> {
    if !file.exists() {
        return Ok(());
    }
    match leave_wal(&Backend::new(&with_file(store, file))?).await {
        Err(StoreError::Locked) => Err(StoreError::InUse { file: file.to_owned() }),
        Err(StoreError::NotADatabase { .. } | StoreError::Internal(_)) | Ok(()) => Ok(()),
        Err(other) => Err(other),
    }
}

/// Moves the content of the WAL into the file, and deletes the WAL.
async fn leave_wal(backend: &Backend) -> Result<(), StoreError> {
    let mut connection = backend.connect().await?;
    let left = async {
        connection.execute("PRAGMA busy_timeout = 200").await?;
        connection.execute("PRAGMA journal_mode = DELETE").await
    };
    let left = left.await.map_err(|cause| StoreError::while_connecting(backend.location(), cause));
    connection.close().await?;
    left.map(drop)
}

/// Whether the content is complete, and is a store.
async fn verify(connection: &mut AnyConnection) -> Result<(), String> {
    let text = |cause: sqlx::Error| StoreError::from(cause).to_string();
    let found = sqlx::query("PRAGMA integrity_check(1)").fetch_one(&mut *connection).await.map_err(text)?;
    let found: String = found.try_get(0).map_err(text)?;
    if found != "ok" {
        return Err(format!("it is damaged: {found}"));
    }
    let orphan = sqlx::query("PRAGMA foreign_key_check").fetch_optional(&mut *connection).await.map_err(text)?;
    if orphan.is_some() {
        return Err("it is damaged: a row refers to one that does not exist".to_owned());
    }
    let instance = sqlx::query("SELECT id FROM instance").fetch_optional(&mut *connection).await;
    match instance {
        Ok(Some(_)) => Ok(()),
        _ => Err("it is a SQLite database, but not a store of a gateway".to_owned()),
    }
}

fn check_header(backup: &Path) -> Result<(), String> {
    let mut header = [0; 16];
    match File::open(backup).and_then(|mut file| file.read_exact(&mut header)) {
        Ok(()) if &header == b"SQLite format 3\0" => Ok(()),
        Err(cause) if cause.kind() != io::ErrorKind::UnexpectedEof => Err(describe(&cause)),
        _ => Err("it is not a SQLite database".to_owned()),
    }
}

fn with_file(store: &StoreConfig, file: &Path) -> StoreConfig {
    StoreConfig { url: DatabaseUrl::Sqlite { file: file.to_owned() }, ..store.clone() }
}

/// Creates an empty file that only this user can read.
fn create(file: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(file)
}

/// Copies a file of SQLite, with the WAL if it was copied from a store that was in use.
fn copy(from: &Path, to: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder(to))?;
    for suffix in ["", "-wal"] {
        let source = companion(from, suffix);
        if suffix.is_empty() || source.try_exists()? {
            io::copy(&mut File::open(&source)?, &mut create(&companion(to, suffix))?)?;
        }
    }
    Ok(())
}

/// Gives the file a second name, so that there is a store at each moment. A WAL that could not be moved into the file
/// must not be applied to the new one.
fn keep(file: &Path, kept: &Path) -> io::Result<()> {
    std::fs::hard_link(file, kept).or_else(|_| io::copy(&mut File::open(file)?, &mut create(kept)?).map(drop))?;
    for suffix in ["-wal", "-shm", "-journal"] {
        match std::fs::rename(companion(file, suffix), companion(kept, suffix)) {
            Err(cause) if cause.kind() != io::ErrorKind::NotFound => return Err(cause),
            _ => {}
        }
    }
    Ok(())
}

/// Renames a file unless the other one exists. Some file systems cannot do this in one step.
fn rename_to_new(from: &Path, to: &Path) -> io::Result<()> {
    match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS | rustix::io::Errno::NOTSUP) => {
            std::fs::hard_link(from, to).and_then(|()| std::fs::remove_file(from))
        }
        other => other.map_err(io::Error::from),
    }
}

fn sync_folder(file: &Path) -> io::Result<()> {
    File::open(folder(file))?.sync_all()
}

fn describe(cause: &io::Error) -> String {
    match cause.kind() {
        io::ErrorKind::AlreadyExists => "it exists already, and is not overwritten".to_owned(),
        io::ErrorKind::NotFound => "there is no such file or folder".to_owned(),
        _ => cause.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;
    use crate::clock::Clock;
    use crate::config::Config;

    fn event() -> AuditEvent {
        AuditEvent::new(Clock::system().now(), "test", "store.backup", "a file", "")
    }

    struct Fixture {
        folder: tempfile::TempDir,
        config: StoreConfig,
    }

    impl Fixture {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let url = format!("sqlite:{}", folder.path().join("gateway.db").display());
            let config = Config::load(None, [("DATABASE_URL".into(), url.into())]).unwrap().store;
            Self { folder, config }
        }

        /// A store and the id of its installation.
        async fn store(&self) -> (Store, String) {
            let store = Store::open(&self.config).await.unwrap();
            store.migrate().await.unwrap();
            let id = store.instance(&Clock::system()).await.unwrap().id;
            (store, id)
        }

        fn path(&self, name: &str) -> PathBuf {
            self.folder.path().join(name)
        }

        fn names(&self) -> Vec<String> {
            let entries = std::fs::read_dir(self.folder.path()).unwrap();
            let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
            names.sort();
            names
        }
    }

    #[tokio::test]
    async fn backup_is_private_and_never_overwrites() {
        let fixture = Fixture::new();
        let (store, _) = fixture.store().await;
        let backup = fixture.path("backup.db");
        let size = store.back_up(&backup, &event()).await.unwrap();
        let found = backup.metadata().unwrap();
        assert_eq!((found.len(), found.permissions().mode() & 0o777), (size, 0o600));
        let before = fixture.names();
        for existing in [backup.clone(), fixture.path("gateway.db")] {
            let error = store.back_up(&existing, &event()).await.unwrap_err();
            assert!(matches!(error, StoreError::BackupNotWritten { .. }), "{error}");
        }
        assert!(store.back_up(&fixture.path("no/folder.db"), &event()).await.is_err());
        assert_eq!(fixture.names(), before, "nothing is left of a failed backup");
    }

    #[tokio::test]
    async fn store_in_use_is_not_replaced() {
        let fixture = Fixture::new();
        let (store, id) = fixture.store().await;
        let backup = fixture.path("backup.db");
        store.back_up(&backup, &event()).await.unwrap();
        let before = fixture.names();
        let error = BackupDraft::new(&fixture.config, &backup).await.unwrap_err();
        assert!(matches!(error, StoreError::InUse { .. }), "{error}");
        assert_eq!(fixture.names(), before);

        store.close().await;
        let draft = BackupDraft::new(&fixture.config, &backup).await.unwrap();
        let (late, _) = fixture.store().await;
        let error = draft.replace_store().await.unwrap_err();
        assert!(matches!(error, StoreError::InUse { .. }), "a gateway started meanwhile: {error}");
        late.close().await;

        let kept = BackupDraft::new(&fixture.config, &backup).await.unwrap().replace_store().await.unwrap().unwrap();
        assert!(kept.exists());
        assert_eq!(fixture.store().await.1, id);
    }

    #[tokio::test]
    async fn damaged_store_can_be_replaced() {
        let fixture = Fixture::new();
        let (store, id) = fixture.store().await;
        let backup = fixture.path("backup.db");
        store.back_up(&backup, &event()).await.unwrap();
        store.close().await;
        std::fs::write(fixture.path("gateway.db"), "damaged").unwrap();
        std::fs::write(fixture.path("gateway.db-wal"), "of another store").unwrap();
        BackupDraft::new(&fixture.config, &backup).await.unwrap().replace_store().await.unwrap();
        assert!(!fixture.path("gateway.db-wal").exists());
        assert_eq!(fixture.store().await.1, id);
    }

    #[tokio::test]
    async fn only_complete_stores_are_restored() {
        let fixture = Fixture::new();
        let (store, _) = fixture.store().await;
        let (good, bad) = (fixture.path("good.db"), fixture.path("bad.db"));
        store.back_up(&good, &event()).await.unwrap();
        store.close().await;
        let bytes = std::fs::read(&good).unwrap();
        let mut altered = bytes.clone();
        // The second half of the pages is erased.
        let half = altered.len() / 2;
        altered[half..].fill(0);
        for content in [b"".as_slice(), b"a text that is longer than the header", &bytes[..4096], &altered] {
            std::fs::write(&bad, content).unwrap();
            let error = BackupDraft::new(&fixture.config, &bad).await.unwrap_err();
            assert!(matches!(error, StoreError::BackupUnusable { .. }), "{error}");
        }
        assert!(BackupDraft::new(&fixture.config, &fixture.path("missing.db")).await.is_err());
        assert!(!fixture.names().iter().any(|name| name.contains(".restore-")), "{:?}", fixture.names());
    }
}
