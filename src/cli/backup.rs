//! The results of `odoo-gateway backup FILE` and `odoo-gateway restore FILE`.
//!
//! In: what was done. Out: text or JSON. Must not know: how a store is copied.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use bytesize::ByteSize;
use serde_json::json;

use super::after_restore::{ACCEPTED, revoked_message};
use crate::store::RevokedCounts;

/// What became of a restored backup.
#[derive(Debug)]
pub struct RestoredStore<'a> {
    /// The backup.
    pub backup: &'a Path,
    /// How much was revoked; `None` if the administrator accepted the backup as it is.
    pub revoked: Option<RevokedCounts>,
    /// The file that contains the replaced store.
    pub replaced: Option<PathBuf>,
    /// Why the sealed secrets cannot be opened.
    pub key_problem: Option<String>,
}

/// Prints the result of `backup`.
///
/// # Errors
/// Fails if `out` cannot be written.
pub fn print_backup(file: &Path, bytes: u64, json: bool, out: &mut impl Write) -> io::Result<()> {
    let size = ByteSize(bytes).display().iec();
    let message = format!(
        "The store was copied to {} ({size}). Keep the folder of the master key too, in another place: without it, the \
         copy opens no secret.",
        file.display()
    );
    if json {
        return writeln!(out, "{}", json!({"message": message, "file": file, "bytes": bytes}));
    }
    writeln!(out, "{message}")
}

/// Prints the result of `restore FILE`.
///
/// # Errors
/// Fails if `out` cannot be written.
pub fn print_restored(restored: &RestoredStore<'_>, json: bool, out: &mut impl Write) -> io::Result<()> {
    let mut lines = vec![format!("{} was restored.", restored.backup.display())];
    lines.push(restored.revoked.as_ref().map_or_else(|| ACCEPTED.to_owned(), revoked_message));
    if let Some(replaced) = &restored.replaced {
        lines.push(format!("The former store is {}. Delete it when the gateway works.", replaced.display()));
    }
    if let Some(problem) = &restored.key_problem {
        lines.push(format!("The gateway does not start yet: {problem}"));
    }
    if json {
        let (replaced, key_problem) = (&restored.replaced, &restored.key_problem);
        let object = json!({"message": lines.join(" "), "replaced": replaced, "key_problem": key_problem});
        return writeln!(out, "{object}");
    }
    writeln!(out, "{}", lines.join("\n"))
}
