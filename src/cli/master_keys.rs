//! `odoo-gateway keys …`: master keys on the command line.
//!
//! In: arguments. Out: what was done, for people or as JSON. Must not know: how it is done.

use std::error::Error;
use std::io::Write;

use clap::Subcommand;
use serde_json::json;

use super::table;
use crate::admin::{Administration, SealingKey};

/// What is to be done to master keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Subcommand)]
pub enum KeysCommand {
    /// Add a master key to the file, or make the file; it seals from now on
    Add,
    /// List the master keys, and how much each of them seals
    List,
    /// Take the master keys that seal nothing any more out of the file
    Prune,
    /// Seal everything under the newest master key
    Rewrap,
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
        KeysCommand::Prune => match admin.prune_master_keys().await?.as_slice() {
            [] => "Every master key still seals something, or is the newest.".to_owned(),
            ids => format!("Gone: {}.", ids.join(", ")),
        },
        KeysCommand::Rewrap => {
            let outcome = admin.rewrap().await?;
            format!("{} sealed anew, {} altered by somebody and left alone.", outcome.done, outcome.altered)
        }
    };
    Ok(table::done(out, json, &said)?)
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
