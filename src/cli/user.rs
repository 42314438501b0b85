//! `odoo-gateway user`: manages users for whom an API key can create login tokens.
//!
//! In: arguments, secrets from files or standard input. Out: the result as text or JSON. Must not know: how links are
//! stored.

use std::error::Error;
use std::io::Write;
use std::path::PathBuf;

use clap::Subcommand;
use secrecy::ExposeSecret as _;
use serde_json::json;

use super::secret_input::read_secret;
use super::table::{self, format_timestamp, local_time};
use crate::admin::Administration;
use crate::store::StoredToken;

/// A command for links.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum UserCommand {
    /// Let an API key create login tokens for a user
    Link {
        /// File with the API key
        #[arg(long, value_name = "FILE")]
        key_file: PathBuf,
        /// Odoo login of the user; the user's password or Odoo API key is read from standard input
        #[arg(long)]
        login: String,
        /// Read the password or Odoo API key from this file, not from standard input
        #[arg(long, value_name = "FILE")]
        secret_file: Option<PathBuf>,
    },
    /// Accept an Odoo API key as a bearer token without the login, on Odoo 14 to 18 (undo with `token list` and
    /// `token revoke`)
    LinkOdooKey {
        /// Odoo login of the user; the user's Odoo API key is read from standard input
        #[arg(long)]
        login: String,
        /// Configured name of the database (default: the first one)
        #[arg(long)]
        database: Option<String>,
        /// Read the Odoo API key from this file, not from standard input
        #[arg(long, value_name = "FILE")]
        secret_file: Option<PathBuf>,
    },
    /// Create a login token for a user, with the limits of an API key, and print it; it cannot be displayed again
    LoginToken {
        /// Name or id of the key
        key: String,
        /// Odoo login of the user; the user's password or Odoo API key is read from standard input
        #[arg(long)]
        login: String,
        /// Lifetime in days, from 1 to 3650
        #[arg(long, default_value_t = 30)]
        days: i64,
        /// Read the password or Odoo API key from this file, not from standard input
        #[arg(long, value_name = "FILE")]
        secret_file: Option<PathBuf>,
    },
    /// List the users for whom an API key can create login tokens, the key's own user first
    List {
        /// Name or id of the key
        key: String,
    },
    /// Unlink a user from an API key; the user's login tokens are revoked at once
    Unlink {
        /// Name or id of the key
        key: String,
        /// Odoo login of the user
        login: String,
    },
}

/// Runs the command.
///
/// # Errors
/// Fails if the action fails or `out` cannot be written.
pub(super) async fn run(
    command: UserCommand,
    admin: &Administration,
    json: bool,
    out: &mut impl Write,
) -> Result<(), Box<dyn Error>> {
    let message = match command {
        UserCommand::List { key } => return list(&admin.linked_users(&key).await?, json, out),
        UserCommand::Link { key_file, login, secret_file } => {
            let key = read_secret(Some(&key_file), "the key")?;
            let secret = read_secret(secret_file.as_deref(), &login)?;
            let link = admin.link_user(key.expose_secret(), login, secret).await?;
            format!("{} is linked.", link.grant.login)
        }
        UserCommand::LoginToken { key, login, days, secret_file } => {
            let key = admin.find_key(&key).await?;
            let secret = read_secret(secret_file.as_deref(), &login)?;
            let credential = (key.grant.database.as_str(), login.as_str(), secret);
            let (row, token) = admin.create_login_token(&key.id, credential, days).await?;
            if json {
                let token = json!({"id": row.id, "login": login, "login_token": *token});
                return Ok(writeln!(out, "{}", serde_json::to_string_pretty(&token)?)?);
            }
            return Ok(writeln!(out, "{}", *token)?);
        }
        UserCommand::LinkOdooKey { login, database, secret_file } => {
            let key = read_secret(secret_file.as_deref(), &login)?;
            let link = admin.link_odoo_key(database.as_deref(), login, key).await?;
            format!("The API key of {} is linked.", link.grant.login)
        }
        UserCommand::Unlink { key, login } => {
            admin.unlink_user(&key, &login).await?;
            format!("{login} is no longer linked.")
        }
    };
    Ok(table::print_message(out, json, &message)?)
}

fn list(links: &[StoredToken], json: bool, out: &mut impl Write) -> Result<(), Box<dyn Error>> {
    if json {
        let describe = |link: &StoredToken| {
            let grant = &link.grant;
            json!({"login": grant.login, "uid": grant.uid, "database": grant.database, "since": format_timestamp(grant.created_at)})
        };
        let links: Vec<_> = links.iter().map(describe).collect();
        return Ok(writeln!(out, "{}", serde_json::to_string_pretty(&links)?)?);
    }
    let row = |link: &StoredToken| {
        [
            link.grant.login.clone(),
            link.grant.uid.to_string(),
            link.grant.database.clone(),
            local_time(link.grant.created_at),
        ]
    };
    Ok(table::print(out, ["LOGIN", "UID", "DATABASE", "SINCE"], links.iter().map(row))?)
}
