//! Whether a file could be made where it is to be, without making anything.
//!
//! In: a path. Out: yes, or which folder is in the way and what to do. Must not know: what the file is for.

use std::io::ErrorKind;
use std::path::Path;

use rustix::fs::{Access, AtFlags, CWD, accessat};
use rustix::io::Errno;

const HERE: &str = ".";

/// Whether `file`, and the folders above it that are missing, could be made by this process.
///
/// # Errors
/// Which folder is in the way, and how to mend it.
pub fn can_make(file: &Path) -> Result<(), String> {
    let exists =
        |folder: &&Path| !matches!(folder.symlink_metadata(), Err(cause) if cause.kind() == ErrorKind::NotFound);
    let mut folders =
        file.ancestors().skip(1).map(|folder| if folder.as_os_str().is_empty() { HERE.as_ref() } else { folder });
    let Some(folder) = folders.find(exists) else { return Err("it has no folder".to_owned()) };
    if !folder.is_dir() {
        return Err(format!("{} is not a folder", folder.display()));
    }
    accessat(CWD, folder, Access::WRITE_OK | Access::EXEC_OK, AtFlags::EACCESS).map_err(|cause| {
        let user = rustix::process::geteuid().as_raw();
        let mend = match cause {
            Errno::ROFS => "it is on a read-only file system: mount a writable volume there".to_owned(),
            _ => format!(
                "it is not writable for user {user}: chown it to that user or mount a volume of that user there"
            ),
        };
        format!("it cannot be made in {}, {mend}", folder.display())
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn missing_folders_are_no_obstacle_and_are_not_made() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(can_make(&folder.path().join("a/b/master.key")), Ok(()));
        assert_eq!(folder.path().read_dir().unwrap().count(), 0);
        assert_eq!(can_make(Path::new("master.key")), Ok(()));
    }

    #[test]
    fn a_file_in_the_place_of_a_folder_is_named() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("keys"), "").unwrap();
        let refused = can_make(&folder.path().join("keys/master.key")).unwrap_err();
        assert!(refused.ends_with("keys is not a folder"), "{refused}");
    }

    #[test]
    fn a_folder_that_is_not_writable_is_named_with_a_remedy() {
        // Nothing keeps root out of a folder but a file system that cannot be written to.
        let folder = tempfile::tempdir().unwrap();
        let locked = folder.path().join("locked");
        std::fs::create_dir(&locked).unwrap();
        std::fs::set_permissions(&locked, std::fs::Permissions::from_mode(0o500)).unwrap();
        let place = if rustix::process::geteuid().is_root() { Path::new("/proc/sys") } else { &locked };
        let refused = can_make(&place.join("keys/master.key")).unwrap_err();
        assert!(refused.contains(&place.display().to_string()) && refused.contains("volume"), "{refused}");
    }
}
