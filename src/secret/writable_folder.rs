//! Checks whether a file could be created, without creating anything.
//!
//! In: a path. Out: success, or which folder prevents it and what to do. Must not know: what the file is for.

use std::io::ErrorKind;
use std::path::Path;

use rustix::fs::{Access, AtFlags, CWD, accessat};
use rustix::io::Errno;

const HERE: &str = ".";

/// Checks that this process could create `file` and its missing folders.
///
/// # Errors
/// Which folder prevents it, with a remedy.
pub fn check_can_create(file: &Path) -> Result<(), String> {
    let exists =
        |folder: &&Path| !matches!(folder.symlink_metadata(), Err(cause) if cause.kind() == ErrorKind::NotFound);
    let mut folders =
        file.ancestors().skip(1).map(|folder| if folder.as_os_str().is_empty() { HERE.as_ref() } else { folder });
    let Some(folder) = folders.find(exists) else { return Err("it is not in a folder".to_owned()) };
    if !folder.is_dir() {
        return Err(format!("{} is not a folder", folder.display()));
    }
    accessat(CWD, folder, Access::WRITE_OK | Access::EXEC_OK, AtFlags::EACCESS).map_err(|cause| {
        let user = rustix::process::geteuid().as_raw();
        let remedy = match cause {
            Errno::ROFS => "which is on a read-only file system: mount a writable volume there".to_owned(),
            _ => format!(
                "which user {user} cannot write to: change its owner to this user, or mount a volume of this user there"
            ),
        };
        format!("it cannot be created in {}, {remedy}", folder.display())
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn missing_folders_are_accepted_and_not_created() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(check_can_create(&folder.path().join("a/b/master.key")), Ok(()));
        assert_eq!(folder.path().read_dir().unwrap().count(), 0);
        assert_eq!(check_can_create(Path::new("master.key")), Ok(()));
    }

    #[test]
    fn file_in_the_place_of_a_folder_is_reported() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("keys"), "").unwrap();
        let error = check_can_create(&folder.path().join("keys/master.key")).unwrap_err();
        assert!(error.ends_with("keys is not a folder"), "{error}");
    }

    #[test]
    fn folder_that_is_not_writable_is_reported_with_a_remedy() {
        // Root can write to every folder, except on a read-only file system.
        let folder = tempfile::tempdir().unwrap();
        let locked = folder.path().join("locked");
        std::fs::create_dir(&locked).unwrap();
        std::fs::set_permissions(&locked, std::fs::Permissions::from_mode(0o500)).unwrap();
        let folder = if rustix::process::geteuid().is_root() { Path::new("/proc/sys") } else { &locked };
        let error = check_can_create(&folder.join("keys/master.key")).unwrap_err();
        assert!(error.contains(&folder.display().to_string()) && error.contains("volume"), "{error}");
    }
}
