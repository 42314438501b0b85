//! The SQLite file. The file and its companions are accessible only to the gateway's user.
//!
//! SQLite creates `-wal` and `-shm` with the mode of the file itself. The mode of existing ones is corrected.
//!
//! In: a path. Out: an existing file with mode 0600; a folder that the gateway created has mode 0700. Must not know:
//! the content.

use std::fs::{DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::error::StoreError;
use crate::secret::check_can_create;

/// Creates a missing folder and file, and removes the permissions of other users from the file.
pub(super) fn prepare(file: &Path) -> Result<(), StoreError> {
    let folder = folder(file);
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(|cause| StoreError::Folder { folder: folder.to_owned(), cause: cause.to_string() })?;
    warn_if_writable_by_others(folder);
    ["", "-wal", "-shm"].iter().try_for_each(|suffix| restrict(&companion(file, suffix))).map_err(file_error(file))?;
    open(file).map(drop).map_err(file_error(file))
}

/// Whether the file exists. Fails if it does not exist and cannot be created.
pub(super) fn exists(file: &Path) -> Result<bool, StoreError> {
    if file.exists() {
        return Ok(true);
    }
    let folder_error = |cause| StoreError::Folder { folder: folder(file).to_owned(), cause };
    check_can_create(file).map(|()| false).map_err(folder_error)
}

/// Waits until no other process changes the schema. The lock is held until the value is dropped.
pub(super) fn lock(file: &Path) -> Result<File, StoreError> {
    let lock = companion(file, ".lock");
    open(&lock).and_then(|open| open.lock().map(|()| open)).map_err(file_error(&lock))
}

/// The space that a few writes need, in bytes.
const NEEDED_SPACE: usize = 256 * 1024;

/// Writes a file next to the store's file and deletes it again.
pub(super) fn check_free_space(file: &Path) -> Result<(), StoreError> {
    let scratch = companion(file, ".room");
    let written = open(&scratch).and_then(|mut open| open.write_all(&vec![0; NEEDED_SPACE]));
    let removed = std::fs::remove_file(&scratch);
    written
        .and(removed.or_else(|cause| if cause.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(cause) }))
        .map_err(|cause| match cause.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => StoreError::NoSpace(cause.to_string()),
            _ => file_error(file)(cause),
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

/// An existing folder may also be used by other programs, so the gateway does not change its mode.
fn warn_if_writable_by_others(folder: &Path) {
    if folder.metadata().is_ok_and(|found| found.permissions().mode() & 0o022 != 0) {
        let folder = folder.display();
        tracing::warn!(%folder, "other users can write to the folder of the store; run chmod 700 on it");
    }
}

/// The folder that contains the file.
pub(super) fn folder(file: &Path) -> &Path {
    file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."))
}

/// The file whose name is that of `file` and the suffix.
pub(super) fn companion(file: &Path, suffix: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn file_error(file: &Path) -> impl Fn(io::Error) -> StoreError {
    move |cause| match cause.kind() {
        io::ErrorKind::ReadOnlyFilesystem => StoreError::ReadOnlyFileSystem { file: file.to_owned() },
        _ => StoreError::File { file: file.to_owned(), cause: cause.to_string() },
    }
}
