//! The file of SQLite: it, its folder and its companions belong to nobody but the gateway.
//!
//! In: a path. Out: a file that is there, 0600 in a folder that was made 0700. Must not know: what is in it. SQLite
//! gives `-wal` and `-shm` the mode of the file itself; those that lie there already are told the same.

use std::fs::{DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::error::StoreError;
use crate::secret::can_make;

/// Makes folder and file where they are missing, and takes other people's rights to the file away.
pub(super) fn prepare(file: &Path) -> Result<(), StoreError> {
    let folder = folder(file);
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(|cause| StoreError::Folder { folder: folder.to_owned(), cause: cause.to_string() })?;
    warn_of_visitors(folder);
    ["", "-wal", "-shm"].iter().try_for_each(|suffix| restrict(&companion(file, suffix))).map_err(blame(file))?;
    open(file).map(drop).map_err(blame(file))
}

/// Whether the file is there; where it is not, it could be made.
pub(super) fn find(file: &Path) -> Result<bool, StoreError> {
    if file.exists() {
        return Ok(true);
    }
    let blame = |cause| StoreError::Folder { folder: folder(file).to_owned(), cause };
    can_make(file).map(|()| false).map_err(blame)
}

/// Waits until no other process changes the schema; the lock lasts as long as the value.
pub(super) fn lock(file: &Path) -> Result<File, StoreError> {
    let lock = companion(file, ".lock");
    open(&lock).and_then(|open| open.lock().map(|()| open)).map_err(blame(&lock))
}

/// What a few writes need.
const ROOM: usize = 256 * 1024;

/// Writes a file beside the store's and takes it away again.
pub(super) fn find_room(file: &Path) -> Result<(), StoreError> {
    let scratch = companion(file, ".room");
    let written = open(&scratch).and_then(|mut open| open.write_all(&vec![0; ROOM]));
    let removed = std::fs::remove_file(&scratch);
    written
        .and(removed.or_else(|cause| if cause.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(cause) }))
        .map_err(|cause| match cause.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => StoreError::NoSpace(cause.to_string()),
            _ => StoreError::File { file: file.to_owned(), cause: cause.to_string() },
        })
}

fn open(file: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(file)
}

fn restrict(file: &Path) -> io::Result<()> {
    match file.metadata() {
        Ok(found) if found.permissions().mode() & 0o077 == 0 => Ok(()),
        Ok(_) => std::fs::set_permissions(file, Permissions::from_mode(0o600)),
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(cause) => Err(cause),
    }
}

/// A folder that was there before may serve others too: its mode is theirs to change.
fn warn_of_visitors(folder: &Path) {
    if folder.metadata().is_ok_and(|found| found.permissions().mode() & 0o022 != 0) {
        tracing::warn!(folder = %folder.display(), "others may write in the folder of the store: chmod 700 it");
    }
}

fn folder(file: &Path) -> &Path {
    file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."))
}

fn companion(file: &Path, suffix: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn blame(file: &Path) -> impl Fn(io::Error) -> StoreError {
    move |cause| StoreError::File { file: file.to_owned(), cause: cause.to_string() }
}
