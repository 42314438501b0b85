//! `odoo-gateway token`: manages tokens that were issued to users.
//!
//! In: arguments. Out: the result as text or JSON. Must not know: how tokens are stored.

use std::error::Error;
use std::io::Write;

use clap::Subcommand;
use serde_json::json;

use super::table::{self, format_timestamp, local_time_or};
use crate::admin::Administration;
use crate::store::StoredToken;

/// A command for tokens.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum TokenCommand {
    /// List the tokens that were issued to users
    List,
    /// Revoke a token at once
    Revoke {
        /// Id of the token
        id: String,
    },
}

/// Runs the command.
///
/// # Errors
/// Fails if the action fails or `out` cannot be written.
pub(super) async fn run(
    command: TokenCommand,
    admin: &Administration,
    json: bool,
    out: &mut impl Write,
) -> Result<(), Box<dyn Error>> {
    match command {
        TokenCommand::List => list(&admin.list_tokens().await?, json, out),
        TokenCommand::Revoke { id } => {
            admin.revoke_token(&id).await?;
            Ok(table::print_message(out, json, &format!("{id} is revoked."))?)
        }
    }
}

fn list(tokens: &[StoredToken], json: bool, out: &mut impl Write) -> Result<(), Box<dyn Error>> {
    if json {
        let describe = |token: &StoredToken| {
            json!({
                "id": token.id, "kind": token.kind.as_str(), "shown": token.display_prefix, "database": token.grant.database,
                "login": token.grant.login, "uid": token.grant.uid, "created_at": format_timestamp(token.created_at),
                "ends_at": token.not_after.map(format_timestamp), "last_used_at": token.last_used_at.map(format_timestamp),
            })
        };
        let tokens: Vec<_> = tokens.iter().map(describe).collect();
        return Ok(writeln!(out, "{}", serde_json::to_string_pretty(&tokens)?)?);
    }
    let row = |token: &StoredToken| {
        let user = format!("{}@{}", token.grant.login, token.grant.database);
        let expires = local_time_or(token.not_after, "when unused");
        [token.id.clone(), token.kind.as_str().to_owned(), user, expires]
    };
    Ok(table::print(out, ["ID", "KIND", "USER", "EXPIRES"], tokens.iter().map(row))?)
}
