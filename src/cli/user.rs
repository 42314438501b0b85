//! `odoo-gateway user …`: users who let an API key make login tokens for them.
//!
//! In: arguments, secrets from files or standard input. Out: what was done. Must not know: how it is done.

use std::error::Error;
use std::io::Write;
use std::path::PathBuf;

use clap::Subcommand;
use secrecy::ExposeSecret as _;
use serde_json::json;

use super::secret_input::read_secret;
use super::table::{self, moment};
use crate::admin::Administration;
use crate::store::StoredToken;

/// What is to be done to links.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum UserCommand {
    /// Let an API key make login tokens for a user
    Link {
        /// The file that holds the API key itself
        #[arg(long, value_name = "FILE")]
        key_file: PathBuf,
        /// The user's login at Odoo; his password or an Odoo API key is read from standard input
        #[arg(long)]
        login: String,
        /// The file that holds the password or Odoo API key, instead of standard input
        #[arg(long, value_name = "FILE")]
        secret_file: Option<PathBuf>,
    },
    /// Let an Odoo API key come alone as bearer, on Odoo 14 to 18 (`token list` and `token revoke` for the rest)
    LinkOdooKey {
        /// The user's login at Odoo; his Odoo API key is read from standard input
        #[arg(long)]
        login: String,
        /// The database, when it is not the first one
        #[arg(long)]
        database: Option<String>,
        /// The file that holds the Odoo API key, instead of standard input
        #[arg(long, value_name = "FILE")]
        secret_file: Option<PathBuf>,
    },
    /// List the users that an API key may make login tokens for, its own first
    List {
        /// The key's name or id
        key: String,
    },
    /// Take a user away from an API key; his login tokens end at once
    Unlink {
        /// The key's name or id
        key: String,
        /// The user's login
        login: String,
    },
}

/// Does it.
///
/// # Errors
/// Why it was not done, and when `out` cannot be written to.
pub(super) async fn run(
    command: UserCommand,
    admin: &Administration,
    json: bool,
    out: &mut impl Write,
) -> Result<(), Box<dyn Error>> {
    let said = match command {
        UserCommand::List { key } => return list(&admin.linked_users(&key).await?, json, out),
        UserCommand::Link { key_file, login, secret_file } => {
            let key = read_secret(Some(&key_file), "the key")?;
            let secret = read_secret(secret_file.as_deref(), &login)?;
            let link = admin.link_user(key.expose_secret(), login, secret).await?;
            format!("{} is linked.", link.grant.login)
        }
        UserCommand::LinkOdooKey { login, database, secret_file } => {
            let key = read_secret(secret_file.as_deref(), &login)?;
            let link = admin.link_odoo_key(database.as_deref(), login, key).await?;
            format!("The API key of {} is linked.", link.grant.login)
        }
        UserCommand::Unlink { key, login } => {
            admin.unlink_user(&key, &login).await?;
            format!("{login} is not linked any more.")
        }
    };
    Ok(table::done(out, json, &said)?)
}

fn list(links: &[StoredToken], json: bool, out: &mut impl Write) -> Result<(), Box<dyn Error>> {
    if json {
        let describe = |link: &StoredToken| {
            let grant = &link.grant;
            json!({"login": grant.login, "uid": grant.uid, "database": grant.database, "since": moment(grant.created_at)})
        };
        let links: Vec<_> = links.iter().map(describe).collect();
        return Ok(writeln!(out, "{}", serde_json::to_string_pretty(&links)?)?);
    }
    let row = |link: &StoredToken| {
        [
            link.grant.login.clone(),
            link.grant.uid.to_string(),
            link.grant.database.clone(),
            moment(link.grant.created_at),
        ]
    };
    Ok(table::print(out, ["LOGIN", "UID", "DATABASE", "SINCE"], links.iter().map(row))?)
}
