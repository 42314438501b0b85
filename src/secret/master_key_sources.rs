//! Sources of master keys.
//!
//! ```text
//! text = { line "\n" }     line = 64*hex | "#" any | ""     the newest key last
//! ```
//!
//! The first available source is used: a systemd credential; the output of a command, or a file if no command is
//! configured; the environment, which is last because other processes of the same user can read it. A file must be
//! accessible only to the gateway's user. It is created completely or not at all, and changed only to add or remove
//! keys.
//!
//! In: paths, the text of a variable. Out: [`MasterKey`]s. Must not know: what they seal.

use std::fmt;
use std::fs::{DirBuilder, File};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags};
use secrecy::{ExposeSecret as _, SecretString};
use zeroize::Zeroizing;

use super::SecretError;
use super::keys::MasterKey;
use super::seal::KeyId;

/// The maximum size of a key source, in bytes.
pub(super) const MAX_BYTES: u64 = 64 * 1024;

const HEADING: &str = "# Master keys of odoo-gateway, the newest last. They protect the secrets in the store.\n\
                       # Back up this file and the store, and keep the two backups apart.\n";

/// The source that keys were loaded from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeySource {
    /// A systemd credential.
    Credential(PathBuf),
    /// The key file.
    File(PathBuf),
    /// The key command.
    Command,
    /// The environment variable.
    Environment,
}

impl fmt::Display for KeySource {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Credential(file) => write!(out, "{}, a systemd credential", file.display()),
            Self::File(file) => write!(out, "{}", file.display()),
            Self::Command => out.write_str("the output of secrets.master_key_command"),
            Self::Environment => {
                out.write_str("the environment variable ODOO_GATEWAY_MASTER_KEY, which other processes may read")
            }
        }
    }
}

/// The possible sources of keys.
#[derive(Debug, Clone)]
pub struct KeySources {
    /// The file that systemd's `LoadCredential` creates, if configured.
    pub credential: Option<PathBuf>,
    /// The output of the key command, if configured. Then the key file is not used.
    pub command: Option<SecretString>,
    /// The key file, which may not exist.
    pub file: PathBuf,
    /// The text of the environment variable.
    pub environment: Option<SecretString>,
}

impl KeySources {
    /// Loads the keys, the newest last. `None` if no source contains keys.
    ///
    /// # Errors
    /// If a source exists but cannot be used. The next source is not tried then.
    pub fn load(&self) -> Result<Option<(Vec<MasterKey>, KeySource)>, SecretError> {
        if let Some(file) = &self.credential
            && let Some(keys) = read(file, Owner::Systemd)?
        {
            return Ok(Some((keys, KeySource::Credential(file.clone()))));
        }
        if let Some(text) = &self.command {
            return parse_text(text, "the output of secrets.master_key_command")
                .map(|keys| Some((keys, KeySource::Command)));
        }
        if let Some(keys) = read(&self.file, Owner::Gateway)? {
            return Ok(Some((keys, KeySource::File(self.file.clone()))));
        }
        let Some(text) = &self.environment else { return Ok(None) };
        let keys = parse_text(text, "the environment variable ODOO_GATEWAY_MASTER_KEY")?;
        Ok(Some((keys, KeySource::Environment)))
    }

    /// Creates the key file with one new key. If another process creates it first, returns that process's keys.
    ///
    /// # Errors
    /// If the file cannot be created.
    pub fn create(&self) -> Result<Vec<MasterKey>, SecretError> {
        self.check_can_create()?;
        let key = MasterKey::generate()?;
        create_folder(&self.file).map_err(file_error(&self.file))?;
        let temporary = write_temporary(&self.file, std::slice::from_ref(&key)).map_err(file_error(&self.file))?;
        // A hard link appears atomically, and fails if the file already exists.
        let linked = std::fs::hard_link(&temporary, &self.file);
        let _ = std::fs::remove_file(&temporary);
        match linked {
            Ok(()) => sync_folder(&self.file).map(|()| vec![key]).map_err(file_error(&self.file)),
            Err(cause) if cause.kind() == io::ErrorKind::AlreadyExists => {
                read(&self.file, Owner::Gateway)?.ok_or_else(|| file_error(&self.file)(cause))
            }
            Err(cause) => Err(file_error(&self.file)(cause)),
        }
    }

    /// Checks whether [`create`](Self::create) could create the file, without creating anything.
    ///
    /// # Errors
    /// If it could not.
    pub fn check_can_create(&self) -> Result<(), SecretError> {
        super::check_can_create(&self.file).map_err(|wrong| SecretError::KeyFile { file: self.file.clone(), wrong })
    }

    /// Adds a new key, which seals from now on.
    ///
    /// # Errors
    /// If the keys are not from the key file.
    pub fn add(&self) -> Result<MasterKey, SecretError> {
        let mut keys = self.load_file()?;
        let key = MasterKey::generate()?;
        keys.push(key.clone());
        self.write(&keys)?;
        Ok(key)
    }

    /// Removes the keys that `keep` rejects, but never all keys. Returns the ids of the rejected keys.
    ///
    /// # Errors
    /// If keys must be removed that are not from the key file.
    pub fn retain(&self, keep: impl Fn(KeyId) -> bool) -> Result<Vec<KeyId>, SecretError> {
        let all = self.load()?.map_or_else(Vec::new, |(keys, _)| keys);
        let (kept, removed): (Vec<_>, Vec<_>) = all.into_iter().partition(|key| keep(key.id()));
        if !kept.is_empty() && !removed.is_empty() {
            self.load_file()?;
            self.write(&kept)?;
        }
        Ok(removed.iter().map(MasterKey::id).collect())
    }

    fn load_file(&self) -> Result<Vec<MasterKey>, SecretError> {
        match self.load()? {
            Some((keys, KeySource::File(_))) => Ok(keys),
            Some((_, KeySource::Credential(_) | KeySource::Command | KeySource::Environment)) => {
                Err(SecretError::NoKey(
                    "the keys are from systemd, a command or the environment; change them in that source".to_owned(),
                ))
            }
            None => Err(SecretError::NoKey(format!("{} does not exist", self.file.display()))),
        }
    }

    fn write(&self, keys: &[MasterKey]) -> Result<(), SecretError> {
        let written = write_temporary(&self.file, keys)
            .and_then(|temporary| std::fs::rename(temporary, &self.file))
            .and_then(|()| sync_folder(&self.file));
        written.map_err(file_error(&self.file))
    }
}

/// Which user must own a file.
#[derive(Clone, Copy)]
enum Owner {
    Gateway,
    /// Not checked: systemd protects the folder with the credential.
    Systemd,
}

/// Reads the keys in `file`. `None` if the file does not exist.
fn read(file: &Path, owner: Owner) -> Result<Option<Vec<MasterKey>>, SecretError> {
    let invalid = |wrong: &str| SecretError::KeyFile { file: file.to_owned(), wrong: wrong.to_owned() };
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
    let open = match rustix::fs::open(file, flags, Mode::empty()) {
        Ok(open) => File::from(open),
        Err(rustix::io::Errno::NOENT | rustix::io::Errno::NOTDIR) => return Ok(None),
        Err(rustix::io::Errno::LOOP) => return Err(invalid("it is a symbolic link; configure the file itself")),
        Err(cause) => return Err(invalid(&cause.to_string())),
    };
    let found = open.metadata().map_err(file_error(file))?;
    if !found.is_file() {
        return Err(invalid("it is not a file"));
    }
    if matches!(owner, Owner::Gateway) {
        if found.mode() & 0o077 != 0 {
            let wrong = "other users can read or change it; run chmod 600 on it, and replace the key if it was exposed";
            return Err(invalid(wrong));
        }
        if found.uid() != rustix::process::geteuid().as_raw() {
            return Err(invalid("it belongs to another user; change its owner to the user that runs the gateway"));
        }
    }
    let mut text = Zeroizing::new(String::new());
    open.take(MAX_BYTES).read_to_string(&mut text).map_err(file_error(file))?;
    parse(&text).map(Some).map_err(invalid)
}

fn parse_text(text: &SecretString, source_name: &str) -> Result<Vec<MasterKey>, SecretError> {
    parse(text.expose_secret()).map_err(|wrong| SecretError::NotAKey { source_name: source_name.to_owned(), wrong })
}

fn parse(text: &str) -> Result<Vec<MasterKey>, &'static str> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let keys: Option<Vec<MasterKey>> = lines.map(MasterKey::from_hex).collect();
    match keys {
        None => Err("expected one key per line, 64 lower-case hexadecimal digits"),
        Some(keys) if keys.is_empty() => Err("no line is a key"),
        Some(keys) => Ok(keys),
    }
}

/// Writes and syncs a temporary file next to `file`. Returns its path.
fn write_temporary(file: &Path, keys: &[MasterKey]) -> io::Result<PathBuf> {
    let name = super::random_key().map_err(io::Error::other)?;
    let mut path = file.as_os_str().to_owned();
    path.push(format!(".{}", super::hex(name.get(..8).unwrap_or_default()).as_str()));
    let path = PathBuf::from(path);
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let mut open = File::from(rustix::fs::open(&path, flags, Mode::RUSR | Mode::WUSR)?);
    open.write_all(HEADING.as_bytes())?;
    for key in keys {
        open.write_all(key.to_hex().as_bytes())?;
        open.write_all(b"\n")?;
    }
    open.sync_all()?;
    Ok(path)
}

fn create_folder(file: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder(file))
}

fn sync_folder(file: &Path) -> io::Result<()> {
    File::open(folder(file))?.sync_all()
}

fn folder(file: &Path) -> &Path {
    file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."))
}

fn file_error(file: &Path) -> impl Fn(io::Error) -> SecretError {
    move |cause| SecretError::KeyFile { file: file.to_owned(), wrong: cause.to_string() }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    fn sources(folder: &Path) -> KeySources {
        KeySources { credential: None, file: folder.join("keys/master.key"), command: None, environment: None }
    }

    fn ids(keys: &[MasterKey]) -> Vec<KeyId> {
        keys.iter().map(MasterKey::id).collect()
    }

    #[test]
    fn key_is_created_once_and_is_private_to_the_gateway() {
        let folder = tempfile::tempdir().unwrap();
        let sources = sources(folder.path());
        assert!(sources.load().unwrap().is_none());
        let created: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..50).map(|_| scope.spawn(|| ids(&sources.create().unwrap()))).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(created.iter().all(|one| *one == created[0]), "50 threads, one key");
        let (keys, source) = sources.load().unwrap().unwrap();
        assert_eq!((ids(&keys), source), (created[0].clone(), KeySource::File(sources.file.clone())));
        assert_eq!(sources.file.metadata().unwrap().mode() & 0o777, 0o600);
        assert_eq!(sources.file.parent().unwrap().metadata().unwrap().mode() & 0o777, 0o700);
        assert_eq!(sources.file.parent().unwrap().read_dir().unwrap().count(), 1, "no temporary file is left");
    }

    #[test]
    fn file_that_other_users_can_access_is_rejected() {
        let folder = tempfile::tempdir().unwrap();
        let sources = sources(folder.path());
        sources.create().unwrap();
        for mode in [0o640, 0o604, 0o660, 0o620] {
            std::fs::set_permissions(&sources.file, std::fs::Permissions::from_mode(mode)).unwrap();
            let error = sources.load().unwrap_err().to_string();
            assert!(error.contains("chmod 600"), "{error}");
        }
    }

    #[test]
    fn invalid_key_file_is_rejected_and_never_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let sources = sources(folder.path());
        let write = |text: &str| {
            let _ = std::fs::remove_file(&sources.file);
            std::fs::create_dir_all(sources.file.parent().unwrap()).unwrap();
            std::fs::write(&sources.file, text).unwrap();
            std::fs::set_permissions(&sources.file, std::fs::Permissions::from_mode(0o600)).unwrap();
        };
        let digits = "0123456789abcdef".repeat(4);
        for text in ["", "# nothing\n", "short", &digits[1..], &format!("{digits}0"), &digits.to_uppercase()] {
            write(text);
            assert!(matches!(sources.load(), Err(SecretError::KeyFile { .. })), "{text:?}");
            assert!(sources.create().is_err(), "{text:?}");
            assert_eq!(std::fs::read_to_string(&sources.file).unwrap(), text);
        }
        let real = folder.path().join("real");
        write(&digits);
        std::fs::rename(&sources.file, &real).unwrap();
        symlink(&real, &sources.file).unwrap();
        assert!(sources.load().unwrap_err().to_string().contains("symbolic link"));
        std::fs::remove_file(&sources.file).unwrap();
        std::fs::create_dir(&sources.file).unwrap();
        assert!(sources.load().unwrap_err().to_string().contains("not a file"));
    }

    #[test]
    fn file_of_another_user_is_rejected() {
        if !rustix::process::geteuid().is_root() {
            return; // only root can change the owner of a file
        }
        let folder = tempfile::tempdir().unwrap();
        let sources = sources(folder.path());
        sources.create().unwrap();
        std::os::unix::fs::chown(&sources.file, Some(65534), None).unwrap();
        assert!(sources.load().unwrap_err().to_string().contains("another user"));
    }

    #[test]
    fn systemd_credential_precedes_the_file_and_the_environment_is_last() {
        let folder = tempfile::tempdir().unwrap();
        let [systemd_key, environment_key] = [MasterKey::generate().unwrap(), MasterKey::generate().unwrap()];
        let credential = folder.path().join("credential");
        let mut sources = sources(folder.path());
        sources.environment = Some(environment_key.to_hex().as_str().into());
        let first = |sources: &KeySources| sources.load().unwrap().unwrap().0[0].id();
        assert_eq!(first(&sources), environment_key.id());
        assert!(sources.add().is_err(), "the environment cannot be changed");
        let file_key = sources.create().unwrap()[0].id();
        assert_eq!(first(&sources), file_key);
        sources.credential = Some(credential.clone());
        assert_eq!(first(&sources), file_key);
        std::fs::write(&credential, systemd_key.to_hex().as_bytes()).unwrap();
        assert_eq!(first(&sources), systemd_key.id());
    }

    #[test]
    fn keys_are_added_and_removed_but_never_all() {
        let folder = tempfile::tempdir().unwrap();
        let sources = sources(folder.path());
        let first = sources.create().unwrap()[0].id();
        let second = sources.add().unwrap().id();
        assert_eq!(ids(&sources.load().unwrap().unwrap().0), [first, second]);
        assert_eq!(sources.retain(|id| id != first).unwrap(), [first]);
        assert_eq!(ids(&sources.load().unwrap().unwrap().0), [second]);
        sources.retain(|_| false).unwrap();
        assert_eq!(ids(&sources.load().unwrap().unwrap().0), [second]);
        assert_eq!(sources.file.metadata().unwrap().mode() & 0o777, 0o600);
    }
}
