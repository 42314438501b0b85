//! `odoo-gateway consent`: manages what users allowed applications.
//!
//! In: arguments. Out: the result as text or JSON. Must not know: how consents are stored.

use std::error::Error;
use std::io::Write;

use clap::Subcommand;
use serde_json::json;

use super::table::{self, format_timestamp, local_time};
use crate::admin::{Administration, ApplicationConsent};

/// A command for consents.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum ConsentCommand {
    /// List the users who allowed an application to act for them
    List {
        /// Name, client id or id of the application (default: all applications)
        #[arg(long, value_name = "NAME")]
        app: Option<String>,
    },
    /// Withdraw a user's consent: the application's tokens for the user are revoked at once, and it must ask again
    Revoke {
        /// Name, client id or id of the application
        app: String,
        /// Odoo login or user id of the user
        user: String,
    },
}

/// Runs the command.
///
/// # Errors
/// Fails if the action fails or `out` cannot be written.
pub(super) async fn run(
    command: ConsentCommand,
    admin: &Administration,
    json: bool,
    out: &mut impl Write,
) -> Result<(), Box<dyn Error>> {
    match command {
        ConsentCommand::List { app } => list(&admin.list_consents(app.as_deref()).await?, json, out),
        ConsentCommand::Revoke { app, user } => {
            let consent = admin.revoke_consent(&app, &user).await?;
            if json {
                return Ok(writeln!(out, "{}", serde_json::to_string_pretty(&describe(&consent))?)?);
            }
            let message = format!("{} no longer acts for {}.", consent.name, consent.user());
            Ok(table::print_message(out, json, &message)?)
        }
    }
}

fn list(consents: &[ApplicationConsent], json: bool, out: &mut impl Write) -> Result<(), Box<dyn Error>> {
    if json {
        let consents: Vec<_> = consents.iter().map(describe).collect();
        return Ok(writeln!(out, "{}", serde_json::to_string_pretty(&consents)?)?);
    }
    let row = |consent: &ApplicationConsent| {
        [
            consent.name.clone(),
            format!("{}@{}", consent.login.as_deref().unwrap_or_default(), consent.database),
            consent.uid.to_string(),
            local_time(consent.since),
            consent.tokens.len().to_string(),
        ]
    };
    Ok(table::print(out, ["APPLICATION", "USER", "UID", "SINCE", "TOKENS"], consents.iter().map(row))?)
}

/// `tokens`: how many codes and tokens the application has for the user, before they are revoked.
fn describe(consent: &ApplicationConsent) -> serde_json::Value {
    json!({
        "application": consent.name,
        "client_id": consent.client_id,
        "database": consent.database,
        "login": consent.login,
        "uid": consent.uid,
        "since": format_timestamp(consent.since),
        "tokens": consent.tokens.len(),
    })
}
