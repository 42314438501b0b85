//! `odoo-gateway keys`: manages master keys and the keys that they seal.
//!
//! In: arguments. Out: the result as text or JSON. Must not know: how keys are stored.

use std::error::Error;
use std::io::Write;

use clap::{Subcommand, ValueEnum};
use serde_json::json;

use super::progress::ProgressLine;
use super::table::{self, Cell};
use crate::admin::{Administration, InstallationKeyKind, MasterKeyStatus, PrunedInstallationKeys};

/// A command for master keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Subcommand)]
pub enum MasterKeyCommand {
    /// Add a master key to the file, and create the file if necessary; the key seals new data from now on
    Add,
    /// List the master keys and the number of values that each one seals
    List,
    /// Remove master keys that seal nothing from the file, and delete rotated keys that no token needs
    Prune,
    /// Seal all data under the newest master key
    Rewrap,
    /// Replace a key that master keys seal; existing tokens stay valid
    Rotate {
        /// The key to rotate
        key: InstallationKey,
    },
}

/// A key that can be rotated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum InstallationKey {
    /// The key of the hashes that identify tokens; a token moves to the new key when it is used
    Index,
    /// The key that signs login tokens
    Signing,
    /// The key that signs OAuth 2 access tokens (JWT); its public part is published
    Access,
}

impl From<InstallationKey> for InstallationKeyKind {
    fn from(rotated: InstallationKey) -> Self {
        match rotated {
            InstallationKey::Index => Self::Index,
            InstallationKey::Signing => Self::Signing,
            InstallationKey::Access => Self::Access,
        }
    }
}

/// Runs the command.
///
/// # Errors
/// Fails if the action fails or `out` cannot be written.
pub(super) async fn run(
    command: MasterKeyCommand,
    admin: &Administration,
    json: bool,
    out: &mut impl Write,
) -> Result<(), Box<dyn Error>> {
    let message = match command {
        MasterKeyCommand::List => return list(&admin.master_keys().await?, json, out),
        MasterKeyCommand::Add => {
            let (id, file) = (admin.add_master_key().await?, admin.sources.file.display());
            format!("Master key {id} was added to {file}. Back up this file, separately from the store.")
        }
        MasterKeyCommand::Prune => {
            let rotated = admin.prune_installation_keys().await?;
            prune_message(&admin.prune_master_keys().await?, &rotated)
        }
        MasterKeyCommand::Rotate { key } => {
            let kind = InstallationKeyKind::from(key);
            admin.rotate_installation_key(kind).await?;
            let kind = kind.as_str();
            format!("The {kind} key was rotated. `keys prune` deletes the previous key when no token needs it.")
        }
        MasterKeyCommand::Rewrap => {
            let progress = ProgressLine::start("Rewrapping", json);
            let result = admin.rewrap(|done, total| progress.set(done, total)).await?;
            drop(progress);
            format!("{} rewrapped, {} skipped because they were altered.", result.rewrapped, result.altered)
        }
    };
    Ok(table::print_message(out, json, &message)?)
}

fn prune_message(master_keys: &[String], rotated: &PrunedInstallationKeys) -> String {
    let previous_keys = rotated.deleted.iter().map(|kind| format!("the previous {kind} key"));
    let deleted: Vec<String> = master_keys.iter().cloned().chain(previous_keys).collect();
    let mut sentences = vec![match deleted.as_slice() {
        [] => "Nothing was deleted: every key is in use, or is the newest one.".to_owned(),
        deleted => format!("Deleted: {}.", deleted.join(", ")),
    }];
    if rotated.index_key_tokens > 0 {
        let count = rotated.index_key_tokens;
        sentences.push(format!(
            "The previous index key was kept for {count} tokens that were not used since; revoke them or wait."
        ));
    }
    if rotated.signing_key_in_use {
        sentences.push("A previous signing key was kept until the tokens that it signed have expired.".to_owned());
    }
    sentences.join(" ")
}

fn list(keys: &[MasterKeyStatus], json: bool, out: &mut impl Write) -> Result<(), Box<dyn Error>> {
    let state = |key: &MasterKeyStatus| match (key.present, key.newest) {
        (false, _) => "MISSING",
        (true, true) => "seals",
        (true, false) => "opens",
    };
    if json {
        let describe =
            |key: &MasterKeyStatus| json!({"id": key.id, "state": state(key).to_lowercase(), "seals": key.seals});
        let keys: Vec<_> = keys.iter().map(describe).collect();
        return Ok(writeln!(out, "{}", serde_json::to_string_pretty(&keys)?)?);
    }
    let state_cell = |key: &MasterKeyStatus| match key.present {
        true => Cell::state(state(key)),
        false => Cell::bad(state(key)),
    };
    let row = |key: &MasterKeyStatus| [key.id.clone().into(), state_cell(key), key.seals.to_string().into()];
    Ok(table::print(out, ["ID", "STATE", "SEALS"], keys.iter().map(row))?)
}
