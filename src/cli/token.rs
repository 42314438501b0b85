//! `odoo-gateway token …`: login and access tokens on the command line.
//!
//! In: arguments. Out: what was done, for people or as JSON. Must not know: how it is done.

use std::error::Error;
use std::io::Write;

use clap::Subcommand;
use serde_json::json;

use super::table::{self, moment};
use crate::admin::Administration;
use crate::store::StoredToken;

/// What is to be done to tokens.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum TokenCommand {
    /// List the tokens that users got by logging in
    List,
    /// End a token at once
    Revoke {
        /// Its id
        id: String,
    },
}

/// Does it.
///
/// # Errors
/// Why it was not done, and when `out` cannot be written to.
pub(super) async fn run(
    command: TokenCommand,
    admin: &Administration,
    json: bool,
    out: &mut impl Write,
) -> Result<(), Box<dyn Error>> {
    match command {
        TokenCommand::List => list(&admin.tokens().await?, json, out),
        TokenCommand::Revoke { id } => {
            admin.revoke_token(&id).await?;
            Ok(table::done(out, json, &format!("{id} is revoked."))?)
        }
    }
}

fn list(tokens: &[StoredToken], json: bool, out: &mut impl Write) -> Result<(), Box<dyn Error>> {
    if json {
        let describe = |token: &StoredToken| {
            json!({
                "id": token.id, "kind": token.kind.as_str(), "shown": token.shown, "database": token.grant.database,
                "login": token.grant.login, "uid": token.grant.uid, "created_at": moment(token.created_at),
                "ends_at": token.not_after.map(moment), "last_used_at": token.last_used_at.map(moment),
            })
        };
        let tokens: Vec<_> = tokens.iter().map(describe).collect();
        return Ok(writeln!(out, "{}", serde_json::to_string_pretty(&tokens)?)?);
    }
    let row = |token: &StoredToken| {
        let user = format!("{}@{}", token.grant.login, token.grant.database);
        let ends = token.not_after.map_or_else(|| "when unused".to_owned(), moment);
        [token.id.clone(), token.kind.as_str().to_owned(), user, ends]
    };
    Ok(table::print(out, ["ID", "KIND", "USER", "ENDS"], tokens.iter().map(row))?)
}
