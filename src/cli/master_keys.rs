//! `odoo-gateway keys …`: master keys, and the keys they seal, on the command line.
//!
//! In: arguments. Out: what was done, for people or as JSON. Must not know: how it is done.

use std::error::Error;
use std::io::Write;

use clap::{Subcommand, ValueEnum};
use serde_json::json;

use super::table;
use crate::admin::{Administration, KeptKeyKind, PrunedKeptKeys, SealingKey};

/// What is to be done to master keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Subcommand)]
pub enum KeysCommand {
    /// Add a master key to the file, or make the file; it seals from now on
    Add,
    /// List the master keys, and how much each of them seals
    List,
    /// Take the master keys that seal nothing any more out of the file, and delete exchanged keys that nothing needs
    Prune,
    /// Seal everything under the newest master key
    Rewrap,
    /// Put a new key in the place of one that master keys seal; what the one before did goes on to work
    Rotate {
        /// Which
        key: Rotated,
    },
}

/// Which key is exchanged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Rotated {
    /// The one under whose hashes tokens are found: each moves when it is used
    Index,
    /// The one that signs login tokens
    Signing,
    /// The one that signs access tokens of OAuth 2 (JSON Web Tokens); its public part is published
    Access,
}

impl From<Rotated> for KeptKeyKind {
    fn from(rotated: Rotated) -> Self {
        match rotated {
            Rotated::Index => Self::Index,
            Rotated::Signing => Self::Signing,
            Rotated::Access => Self::Access,
        }
    }
}

/// Does it.
///
/// # Errors
/// Why it was not done, and when `out` cannot be written to.
pub(super) async fn run(
    command: KeysCommand,
    admin: &Administration,
    json: bool,
    out: &mut impl Write,
) -> Result<(), Box<dyn Error>> {
    let said = match command {
        KeysCommand::List => return list(&admin.master_keys().await?, json, out),
        KeysCommand::Add => {
            let (id, file) = (admin.add_master_key().await?, admin.sources.file.display());
            format!("Master key {id} is in {file}. Back the file up, apart from the store.")
        }
        KeysCommand::Prune => {
            let exchanged = admin.prune_kept_keys().await?;
            pruned(&admin.prune_master_keys().await?, &exchanged)
        }
        KeysCommand::Rotate { key } => {
            let kind = KeptKeyKind::from(key);
            admin.rotate_kept_key(kind).await?;
            let kind = kind.as_str();
            format!("The {kind} key is a new one. `keys prune` deletes the one before once nothing needs it.")
        }
        KeysCommand::Rewrap => {
            let outcome = admin.rewrap().await?;
            format!("{} sealed anew, {} altered by somebody and left alone.", outcome.done, outcome.altered)
        }
    };
    Ok(table::done(out, json, &said)?)
}

fn pruned(master_keys: &[String], exchanged: &PrunedKeptKeys) -> String {
    let exchanged_gone = exchanged.gone.iter().map(|kind| format!("the {kind} key before"));
    let gone: Vec<String> = master_keys.iter().cloned().chain(exchanged_gone).collect();
    let mut said = vec![match gone.as_slice() {
        [] => "Every master key still seals something, or is the newest.".to_owned(),
        gone => format!("Gone: {}.", gone.join(", ")),
    }];
    if exchanged.tokens_left > 0 {
        let left = exchanged.tokens_left;
        said.push(format!(
            "The index key before still finds {left} tokens that were not used since; end them or wait."
        ));
    }
    if exchanged.signed_left {
        said.push("The signing key before stays until every login token that it signed has ended.".to_owned());
    }
    said.join(" ")
}

fn list(keys: &[SealingKey], json: bool, out: &mut impl Write) -> Result<(), Box<dyn Error>> {
    let state = |key: &SealingKey| match (key.present, key.newest) {
        (false, _) => "MISSING",
        (true, true) => "seals",
        (true, false) => "opens",
    };
    if json {
        let describe = |key: &SealingKey| json!({"id": key.id, "state": state(key).to_lowercase(), "seals": key.seals});
        let keys: Vec<_> = keys.iter().map(describe).collect();
        return Ok(writeln!(out, "{}", serde_json::to_string_pretty(&keys)?)?);
    }
    let row = |key: &SealingKey| [key.id.clone(), state(key).to_owned(), key.seals.to_string()];
    Ok(table::print(out, ["ID", "STATE", "SEALS"], keys.iter().map(row))?)
}
