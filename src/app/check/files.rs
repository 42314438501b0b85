//! The rights of files: of the store, of the folders of the store and the master key, of the configuration file.
//!
//! In: paths. Out: warnings about what other users of the machine can read or change. Must not know: contents, except
//! whether the configuration file contains a password.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use toml::{Table, Value};

use super::Finding;
use super::finding_kind::FindingKind;
use crate::config::{Config, DatabaseUrl};

/// Rights of the group and of others.
const ANY_ACCESS: u32 = 0o077;
const WRITE: u32 = 0o022;
const READ_BY_ALL: u32 = 0o004;
/// In a folder with this bit, users can replace only their own files.
const STICKY: u32 = 0o1000;

/// Warns about the files of the store. Opening the store corrects the rights of its file, so this comes first.
pub(super) fn exposed_files(config: &Config, master_key_file: Option<&Path>) -> Vec<Finding> {
    let mut found = Vec::new();
    if let DatabaseUrl::Sqlite { file } = &config.store.url {
        found.extend(exposed_store(file));
        found.extend(writable_folder("store", file));
    }
    found.extend(master_key_file.and_then(|file| writable_folder("master key", file)));
    found.extend(config.file().and_then(exposed_configuration));
    found
}

fn mode(path: &Path) -> Option<u32> {
    Some(path.metadata().ok()?.permissions().mode())
}

fn exposed_store(file: &Path) -> Option<Finding> {
    let rights = mode(file)? & 0o777;
    let text = format!(
        "other users of this machine could read or change {} until now (mode {rights:o}); the gateway corrects that",
        file.display()
    );
    let change = "find out what created the file like this, such as a copy of a backup; if someone may have copied it, \
                  revoke everything in it with `odoo-gateway restore`";
    (rights & ANY_ACCESS != 0).then(|| Finding::new(FindingKind::StoreWasExposed, "store", text, change))
}

fn writable_folder(part: &str, file: &Path) -> Option<Finding> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    let rights = mode(folder)?;
    let folder = folder.display();
    let text = format!("other users of this machine can write to the folder {folder} (mode {:o})", rights & 0o777);
    (rights & WRITE != 0 && rights & STICKY == 0)
        .then(|| Finding::new(FindingKind::FolderWritable, part, text, format!("run `chmod go-w {folder}`")))
}

fn exposed_configuration(file: &Path) -> Option<Finding> {
    let rights = mode(file)? & 0o777;
    if rights & READ_BY_ALL == 0 {
        return None;
    }
    let table: Table = std::fs::read_to_string(file).ok()?.parse().ok()?;
    let key = secret_key(&table)?;
    let text =
        format!("every user of this machine can read {} (mode {rights:o}), which contains {key}", file.display());
    let change = format!(
        "run `chmod 640` on it and give it the group of the gateway, or move the secret to a file of its own and name \
         that in {}",
        if key == "store.url" { "store.password_file".to_owned() } else { format!("{key}_file") }
    );
    Some(Finding::new(FindingKind::ConfigurationExposed, "settings", text, change))
}

/// The key of a secret in the file.
fn secret_key(table: &Table) -> Option<String> {
    let text = |section: &str, key: &str| table.get(section)?.get(key).and_then(Value::as_str).map(str::to_owned);
    let secrets = [("store", "password"), ("demo", "password"), ("traces", "headers")];
    let secret = secrets.into_iter().find(|(section, key)| text(section, key).is_some_and(|text| !text.is_empty()));
    let url = text("store", "url").and_then(|url| DatabaseUrl::parse(&url).ok());
    match (secret, url) {
        (Some((section, key)), _) => Some(format!("{section}.{key}")),
        (None, Some(DatabaseUrl::Postgres { password: Some(_), .. })) => Some("store.url".to_owned()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;

    use super::*;

    fn set_mode(path: &Path, mode: u32) {
        std::fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn rights_of_other_users_are_reported() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("gateway.db");
        std::fs::write(&file, "").unwrap();
        for (mode, is_reported) in [(0o600, false), (0o640, true), (0o604, true), (0o622, true)] {
            set_mode(&file, mode);
            assert_eq!(exposed_store(&file).is_some(), is_reported, "{mode:o}");
        }
        for (mode, is_reported) in [(0o700, false), (0o755, false), (0o770, true), (0o777, true), (0o1777, false)] {
            set_mode(folder.path(), mode);
            assert_eq!(writable_folder("store", &file).is_some(), is_reported, "{mode:o}");
        }
        set_mode(folder.path(), 0o700);
        assert_eq!(exposed_store(&folder.path().join("missing")), None);
    }

    #[test]
    fn a_configuration_file_with_a_password_is_for_the_gateway_only() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("gateway.toml");
        let found = |text: &str, mode: u32| {
            std::fs::write(&file, text).unwrap();
            set_mode(&file, mode);
            exposed_configuration(&file).map(|found| found.to_string())
        };
        for (text, key) in [
            ("[store]\npassword = 'x'", "contains store.password\n"),
            ("[store]\nurl = 'postgres://g:x@db/gateway'", "contains store.url\n"),
            ("traces = { headers = 'a=b' }", "contains traces.headers\n"),
        ] {
            assert!(found(text, 0o644).unwrap().contains(key), "{text}");
            assert_eq!(found(text, 0o640), None);
        }
        assert_eq!(found("[store]\nurl = 'postgres://g@db/gateway'\npassword = ''", 0o644), None);
    }
}
