//! Where master keys lie.
//!
//! ```text
//! text = { line "\n" }     line = 64*hex | "#" any | ""     the newest key last
//! ```
//!
//! In order: a credential that systemd hands over, what a command printed, where there is one, else a file, the environment
//! (the last, because other processes of the same user can read it). A file must be the gateway's alone. It is made whole or not at all, and is never written
//! over but by the same keys and more, or fewer when told so.
//!
//! In: paths, a variable's text. Out: [`MasterKey`]s. Must not know: what they seal.

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

/// No set of keys is longer; more is a wrong file.
pub(super) const LONGEST: u64 = 64 * 1024;

const HEADING: &str = "# Master keys of odoo-gateway, the newest last. Whoever has this file and the store has a part of \
                       what guards the store:\n# keep copies of both, and keep them apart.\n";

/// Where keys came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeySource {
    /// A credential of systemd.
    Credential(PathBuf),
    /// The file.
    File(PathBuf),
    /// The command.
    Command,
    /// The environment.
    Environment,
}

impl fmt::Display for KeySource {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Credential(file) => write!(out, "{}, a credential of systemd", file.display()),
            Self::File(file) => write!(out, "{}", file.display()),
            Self::Command => out.write_str("what secrets.master_key_command prints"),
            Self::Environment => {
                out.write_str("ODOO_GATEWAY_MASTER_KEY in the environment, where other processes may read it")
            }
        }
    }
}

/// Where keys may come from.
#[derive(Debug, Clone)]
pub struct KeySources {
    /// The file that systemd's `LoadCredential` makes, when the process has one.
    pub credential: Option<PathBuf>,
    /// What the command printed, where there is one; then no file is looked for.
    pub command: Option<SecretString>,
    /// The file, there or not.
    pub file: PathBuf,
    /// The variable's text.
    pub environment: Option<SecretString>,
}

impl KeySources {
    /// The keys, the newest last; `None` when there are none anywhere.
    ///
    /// # Errors
    /// When there is something that cannot be used. Then nothing further down the order is tried.
    pub fn load(&self) -> Result<Option<(Vec<MasterKey>, KeySource)>, SecretError> {
        if let Some(file) = &self.credential
            && let Some(keys) = read(file, Owner::Systemd)?
        {
            return Ok(Some((keys, KeySource::Credential(file.clone()))));
        }
        if let Some(text) = &self.command {
            return of_text(text, "what secrets.master_key_command prints")
                .map(|keys| Some((keys, KeySource::Command)));
        }
        if let Some(keys) = read(&self.file, Owner::Gateway)? {
            return Ok(Some((keys, KeySource::File(self.file.clone()))));
        }
        let Some(text) = &self.environment else { return Ok(None) };
        let keys = of_text(text, "the environment (ODOO_GATEWAY_MASTER_KEY)")?;
        Ok(Some((keys, KeySource::Environment)))
    }

    /// Makes the file with one key, unless another process was faster: then that one's keys.
    ///
    /// # Errors
    /// When the file cannot be made.
    pub fn create(&self) -> Result<Vec<MasterKey>, SecretError> {
        self.can_create()?;
        let key = MasterKey::generate()?;
        make_folder(&self.file).map_err(blame(&self.file))?;
        let draft = draft(&self.file, std::slice::from_ref(&key)).map_err(blame(&self.file))?;
        // A link comes into being whole, and not at all where something is already.
        let linked = std::fs::hard_link(&draft, &self.file);
        let _ = std::fs::remove_file(&draft);
        match linked {
            Ok(()) => sync_folder(&self.file).map(|()| vec![key]).map_err(blame(&self.file)),
            Err(cause) if cause.kind() == io::ErrorKind::AlreadyExists => {
                read(&self.file, Owner::Gateway)?.ok_or_else(|| blame(&self.file)(cause))
            }
            Err(cause) => Err(blame(&self.file)(cause)),
        }
    }

    /// Whether [`create`](Self::create) would find a place for the file, without making anything.
    ///
    /// # Errors
    /// When it would not.
    pub fn can_create(&self) -> Result<(), SecretError> {
        super::can_make(&self.file).map_err(|wrong| SecretError::KeyFile { file: self.file.clone(), wrong })
    }

    /// Adds a key, which seals from now on.
    ///
    /// # Errors
    /// When the keys do not come from the file.
    pub fn add(&self) -> Result<MasterKey, SecretError> {
        let mut keys = self.of_file()?;
        let key = MasterKey::generate()?;
        keys.push(key.clone());
        self.write(&keys)?;
        Ok(key)
    }

    /// Takes the keys out that `kept` does not want.
    ///
    /// # Errors
    /// When keys are to go that do not come from the file.
    pub fn retain(&self, kept: impl Fn(KeyId) -> bool) -> Result<Vec<KeyId>, SecretError> {
        let all = self.load()?.map_or_else(Vec::new, |(keys, _)| keys);
        let (keep, drop): (Vec<_>, Vec<_>) = all.into_iter().partition(|key| kept(key.id()));
        if !keep.is_empty() && !drop.is_empty() {
            self.of_file()?;
            self.write(&keep)?;
        }
        Ok(drop.iter().map(MasterKey::id).collect())
    }

    fn of_file(&self) -> Result<Vec<MasterKey>, SecretError> {
        match self.load()? {
            Some((keys, KeySource::File(_))) => Ok(keys),
            Some((_, KeySource::Credential(_) | KeySource::Command | KeySource::Environment)) => Err(SecretError::NoKey(
                "the keys come from systemd, a command or the environment; add and remove lines where those are kept".to_owned(),
            )),
            None => Err(SecretError::NoKey(format!("{} is not there", self.file.display()))),
        }
    }

    fn write(&self, keys: &[MasterKey]) -> Result<(), SecretError> {
        let written = draft(&self.file, keys)
            .and_then(|draft| std::fs::rename(draft, &self.file))
            .and_then(|()| sync_folder(&self.file));
        written.map_err(blame(&self.file))
    }
}

/// Who a file has to belong to.
#[derive(Clone, Copy)]
enum Owner {
    Gateway,
    /// Systemd gives the file to the service in its own way, in a folder nobody else enters.
    Systemd,
}

/// The keys in `file`; `None` when there is no such file.
fn read(file: &Path, owner: Owner) -> Result<Option<Vec<MasterKey>>, SecretError> {
    let refuse = |wrong: &str| SecretError::KeyFile { file: file.to_owned(), wrong: wrong.to_owned() };
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
    let open = match rustix::fs::open(file, flags, Mode::empty()) {
        Ok(open) => File::from(open),
        Err(rustix::io::Errno::NOENT | rustix::io::Errno::NOTDIR) => return Ok(None),
        Err(rustix::io::Errno::LOOP) => return Err(refuse("it is a symbolic link; name the file itself")),
        Err(cause) => return Err(refuse(&cause.to_string())),
    };
    let found = open.metadata().map_err(blame(file))?;
    if !found.is_file() {
        return Err(refuse("it is no file"));
    }
    if matches!(owner, Owner::Gateway) {
        if found.mode() & 0o077 != 0 {
            return Err(refuse("other users may read or change it; chmod 600 it, and change the key if they could"));
        }
        if found.uid() != rustix::process::geteuid().as_raw() {
            return Err(refuse("it belongs to another user; chown it to the one who runs the gateway"));
        }
    }
    let mut text = Zeroizing::new(String::new());
    open.take(LONGEST).read_to_string(&mut text).map_err(blame(file))?;
    parse(&text).map(Some).map_err(refuse)
}

fn of_text(text: &SecretString, place: &str) -> Result<Vec<MasterKey>, SecretError> {
    parse(text.expose_secret()).map_err(|wrong| SecretError::NotAKey { place: place.to_owned(), wrong })
}

fn parse(text: &str) -> Result<Vec<MasterKey>, &'static str> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let keys: Option<Vec<MasterKey>> = lines.map(MasterKey::from_hex).collect();
    match keys {
        None => Err("a key is a line of 64 lower-case hexadecimal digits"),
        Some(keys) if keys.is_empty() => Err("there is no key in it"),
        Some(keys) => Ok(keys),
    }
}

/// Writes a file beside `file`, whole and safe on the disk; its path.
fn draft(file: &Path, keys: &[MasterKey]) -> io::Result<PathBuf> {
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

fn make_folder(file: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder(file))
}

fn sync_folder(file: &Path) -> io::Result<()> {
    File::open(folder(file))?.sync_all()
}

fn folder(file: &Path) -> &Path {
    file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."))
}

fn blame(file: &Path) -> impl Fn(io::Error) -> SecretError {
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
    fn a_key_is_made_once_and_is_the_gateways_alone() {
        let folder = tempfile::tempdir().unwrap();
        let sources = sources(folder.path());
        assert!(sources.load().unwrap().is_none());
        let made: Vec<_> = std::thread::scope(|scope| {
            let makers: Vec<_> = (0..50).map(|_| scope.spawn(|| ids(&sources.create().unwrap()))).collect();
            makers.into_iter().map(|maker| maker.join().unwrap()).collect()
        });
        assert!(made.iter().all(|one| *one == made[0]), "50 makers, one key");
        let (keys, source) = sources.load().unwrap().unwrap();
        assert_eq!((ids(&keys), source), (made[0].clone(), KeySource::File(sources.file.clone())));
        assert_eq!(sources.file.metadata().unwrap().mode() & 0o777, 0o600);
        assert_eq!(sources.file.parent().unwrap().metadata().unwrap().mode() & 0o777, 0o700);
        assert_eq!(sources.file.parent().unwrap().read_dir().unwrap().count(), 1, "no drafts are left");
    }

    #[test]
    fn a_file_that_others_may_touch_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let sources = sources(folder.path());
        sources.create().unwrap();
        for mode in [0o640, 0o604, 0o660, 0o620] {
            std::fs::set_permissions(&sources.file, std::fs::Permissions::from_mode(mode)).unwrap();
            let refused = sources.load().unwrap_err().to_string();
            assert!(refused.contains("chmod 600"), "{refused}");
        }
    }

    #[test]
    fn what_is_no_key_file_is_refused_and_never_replaced() {
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
        assert!(sources.load().unwrap_err().to_string().contains("no file"));
    }

    #[test]
    fn a_file_of_another_user_is_refused() {
        if !rustix::process::geteuid().is_root() {
            return; // nobody else can give a file away
        }
        let folder = tempfile::tempdir().unwrap();
        let sources = sources(folder.path());
        sources.create().unwrap();
        std::os::unix::fs::chown(&sources.file, Some(65534), None).unwrap();
        assert!(sources.load().unwrap_err().to_string().contains("another user"));
    }

    #[test]
    fn systemd_comes_before_the_file_and_the_environment_last() {
        let folder = tempfile::tempdir().unwrap();
        let [of_systemd, of_environment] = [MasterKey::generate().unwrap(), MasterKey::generate().unwrap()];
        let credential = folder.path().join("credential");
        let mut sources = sources(folder.path());
        sources.environment = Some(of_environment.to_hex().as_str().into());
        let first = |sources: &KeySources| sources.load().unwrap().unwrap().0[0].id();
        assert_eq!(first(&sources), of_environment.id());
        assert!(sources.add().is_err(), "nobody can write into the environment");
        let of_file = sources.create().unwrap()[0].id();
        assert_eq!(first(&sources), of_file);
        sources.credential = Some(credential.clone());
        assert_eq!(first(&sources), of_file);
        std::fs::write(&credential, of_systemd.to_hex().as_bytes()).unwrap();
        assert_eq!(first(&sources), of_systemd.id());
    }

    #[test]
    fn keys_are_added_and_taken_out_but_never_all() {
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
