//! `odoo-gateway key`: manages API keys.
//!
//! In: arguments, a secret from standard input or a file. Out: the result as text or JSON. Must not know: how keys
//! are stored.

use std::error::Error;
use std::io::Write;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use ipnet::IpNet;
use serde_json::json;

use super::expiry::Expiry;
use super::secret_input::read_secret;
use super::table::{self, format_timestamp};
use super::usage;
use crate::admin::{Administration, NewApiKey};
use crate::store::{KeyRate, KeyTerms, StoredToken};

/// A command for API keys.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum KeyCommand {
    /// Create a key for an Odoo user and print it; it cannot be displayed again
    Create(Box<CreateKey>),
    /// List all keys, without their secrets
    List,
    /// Show the properties of a key
    Show(KeyName),
    /// Show how many requests used a key and its login tokens, by day
    Usage(KeyName),
    /// Disable a key
    Disable(KeyName),
    /// Enable a key
    Enable(KeyName),
    /// Delete a key and all login tokens created with it
    Delete(KeyName),
}

/// The name of a key.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct KeyName {
    /// Name or id of the key
    name: String,
}

/// Arguments of `create`.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct CreateKey {
    /// Name of the key
    #[arg(long)]
    name: String,
    /// Odoo login of the user; the user's password or Odoo API key is read from standard input
    #[arg(long)]
    login: String,
    /// Read the password or Odoo API key from this file, not from standard input
    #[arg(long, value_name = "FILE")]
    secret_file: Option<PathBuf>,
    /// Configured name of the database (default: the first one)
    #[arg(long, value_name = "NAME")]
    database: Option<String>,
    /// Limit of what the key may do with its user's rights: "all", or rules such as
    /// [{"models": "res.partner", "operations": ["read", "update"], "fields": {"except": ["credit"]}}, …]
    #[arg(long, default_value = "\"all\"", value_name = "JSON")]
    scope: String,
    /// Expiry: a duration such as 90d, a date such as 2027-01-31 (UTC), or never
    #[arg(long, default_value = "365d", value_name = "WHEN")]
    expires: Expiry,
    /// Addresses or networks from which the key can be used, separated by commas (default: all)
    #[arg(long, value_delimiter = ',', value_name = "NETWORK", value_parser = super::ip_network::parse)]
    network: Vec<IpNet>,
    /// Rate limit, such as 100/1m (default: none)
    #[arg(long, value_parser = parse_rate, value_name = "N/TIME")]
    rate: Option<(u32, u32)>,
    /// Number of requests that can be sent at once (default: the number of the rate)
    #[arg(long, requires = "rate", value_name = "N")]
    burst: Option<u32>,
    /// Maximum number of concurrent requests (default: no limit)
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    concurrent: Option<u32>,
    /// The key is accepted only together with a login token
    #[arg(long)]
    needs_login_token: bool,
    /// The key can create login tokens for linked users
    #[arg(long)]
    may_mint_for_others: bool,
}

/// Parses a rate such as `100/1m` into requests and seconds.
pub(super) fn parse_rate(text: &str) -> Result<(u32, u32), String> {
    let parse = || {
        let (requests, time) = text.split_once('/')?;
        let seconds = humantime::parse_duration(time).ok()?.as_secs();
        Some((requests.parse().ok()?, u32::try_from(seconds).ok()?))
    };
    parse()
        .filter(|(requests, seconds)| *requests > 0 && *seconds > 0)
        .ok_or_else(|| "expected N/TIME such as 100/1m".into())
}

/// Runs the command.
///
/// # Errors
/// Fails if the action fails or `out` cannot be written.
pub(super) async fn run(
    command: KeyCommand,
    admin: &Administration,
    json: bool,
    out: &mut impl Write,
) -> Result<(), Box<dyn Error>> {
    match command {
        KeyCommand::Create(arguments) => create(*arguments, admin, json, out).await?,
        KeyCommand::List => list(&admin.list_keys().await?, admin, json, out)?,
        KeyCommand::Show(KeyName { name }) => {
            let key = describe(&admin.find_key(&name).await?, admin);
            writeln!(out, "{}", serde_json::to_string_pretty(&key)?)?;
        }
        KeyCommand::Usage(KeyName { name }) => {
            let key = admin.find_key(&name).await?;
            usage::print(&admin.usage(&key.id).await?, json, out)?;
        }
        KeyCommand::Disable(KeyName { name }) => {
            admin.set_key_enabled(&name, false).await?;
            table::print_message(out, json, &format!("{name} is disabled."))?;
        }
        KeyCommand::Enable(KeyName { name }) => {
            admin.set_key_enabled(&name, true).await?;
            table::print_message(out, json, &format!("{name} is enabled."))?;
        }
        KeyCommand::Delete(KeyName { name }) => {
            admin.delete_key(&name).await?;
            table::print_message(out, json, &format!("{name} is deleted."))?;
        }
    }
    Ok(())
}

async fn create(
    arguments: CreateKey,
    admin: &Administration,
    json: bool,
    out: &mut impl Write,
) -> Result<(), Box<dyn Error>> {
    let secret = read_secret(arguments.secret_file.as_deref(), &arguments.login)?;
    let burst = arguments.burst;
    let rate =
        arguments.rate.map(|(requests, seconds)| KeyRate { requests, seconds, burst: burst.unwrap_or(requests) });
    let new = NewApiKey {
        database: arguments.database,
        login: arguments.login,
        secret,
        scope: arguments.scope,
        not_after: arguments.expires.resolve(admin.clock.now())?,
        terms: KeyTerms {
            name: arguments.name,
            needs_login_token: arguments.needs_login_token,
            may_mint_for_others: arguments.may_mint_for_others,
            networks: arguments.network,
            rate,
            concurrent: arguments.concurrent,
        },
    };
    let (row, token) = admin.create_key(new).await?;
    if json {
        let mut key = describe(&row, admin);
        key.insert("key".to_owned(), token.expose().into());
        return Ok(writeln!(out, "{}", serde_json::to_string_pretty(&key)?)?);
    }
    writeln!(out, "{}", token.expose())?;
    Ok(())
}

fn list(keys: &[StoredToken], admin: &Administration, json: bool, out: &mut impl Write) -> Result<(), Box<dyn Error>> {
    if json {
        let keys: Vec<_> = keys.iter().map(|key| describe(key, admin)).collect();
        return Ok(writeln!(out, "{}", serde_json::to_string_pretty(&keys)?)?);
    }
    let row = |key: &StoredToken| {
        let name = key.key.as_ref().map_or("", |terms| &terms.name);
        let used = key.last_used_at.map_or_else(|| "never".to_owned(), format_timestamp);
        let expires = key.not_after.map_or_else(|| "never".to_owned(), format_timestamp);
        let user = format!("{}@{}", key.grant.login, key.grant.database);
        [name.to_owned(), format!("{}…", key.display_prefix), user, state(key, admin).to_owned(), expires, used]
    };
    table::print(out, ["NAME", "KEY", "USER", "STATE", "EXPIRES", "LAST USED"], keys.iter().map(row))?;
    Ok(())
}

fn state(key: &StoredToken, admin: &Administration) -> &'static str {
    match (key.disabled_at, key.is_active(admin.clock.now())) {
        (Some(_), _) => "off",
        (None, true) => "on",
        (None, false) => "ended",
    }
}

fn describe(key: &StoredToken, admin: &Administration) -> serde_json::Map<String, serde_json::Value> {
    let terms = key.key.as_ref();
    let object = json!({
        "id": key.id,
        "name": terms.map(|terms| &terms.name),
        "shown": key.display_prefix,
        "state": state(key, admin),
        "database": key.grant.database,
        "login": key.grant.login,
        "uid": key.grant.uid,
        "scope": serde_json::from_str::<serde_json::Value>(&key.scope).unwrap_or_default(),
        "needs_login_token": terms.is_some_and(|terms| terms.needs_login_token),
        "may_mint_for_others": terms.is_some_and(|terms| terms.may_mint_for_others),
        "networks": terms.map(|terms| terms.networks.iter().map(ToString::to_string).collect::<Vec<_>>()),
        "rate": terms.and_then(|terms| terms.rate).map(|rate| {
            json!({"requests": rate.requests, "seconds": rate.seconds, "burst": rate.burst})
        }),
        "concurrent": terms.and_then(|terms| terms.concurrent),
        "created_at": format_timestamp(key.created_at),
        "ends_at": key.not_after.map(format_timestamp),
        "last_used_at": key.last_used_at.map(format_timestamp),
    });
    match object {
        serde_json::Value::Object(members) => members,
        _ => serde_json::Map::new(),
    }
}
