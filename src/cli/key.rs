//! `odoo-gateway key …`: API keys on the command line.
//!
//! In: arguments, a secret from standard input or a file. Out: what was done, for people or as JSON. Must not know: how
//! it is done.

use std::error::Error;
use std::io::Write;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use ipnet::IpNet;
use serde_json::json;

use super::expiry::Expiry;
use super::secret_input::read_secret;
use super::table::{self, moment};
use crate::admin::{Administration, WantedKey};
use crate::store::{KeyRate, KeyTerms, StoredToken};

/// What is to be done to API keys.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum KeyCommand {
    /// Make a key for a user of Odoo and print it, this once
    Create(Box<Create>),
    /// List all keys, without the keys themselves
    List,
    /// Show one key's limits
    Show(Named),
    /// Switch a key off
    Disable(Named),
    /// Switch a key on again
    Enable(Named),
    /// Delete a key, with every login token made with it
    Delete(Named),
}

/// Which key.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct Named {
    /// Its name or id
    name: String,
}

/// What the key is to be.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct Create {
    /// What people call the key
    #[arg(long)]
    name: String,
    /// The user's login at Odoo; his password or an Odoo API key is read from standard input
    #[arg(long)]
    login: String,
    /// The file that holds the password or Odoo API key, instead of standard input
    #[arg(long, value_name = "FILE")]
    secret_file: Option<PathBuf>,
    /// The database, as the gateway calls it (default: the first configured one)
    #[arg(long, value_name = "NAME")]
    database: Option<String>,
    /// What it may do of what its user may: "all", or rules as
    /// [{"models": "res.partner", "operations": ["read", "update"], "fields": {"except": ["credit"]}}, …]
    #[arg(long, default_value = "\"all\"", value_name = "JSON")]
    scope: String,
    /// When it ends: a time from now as 90d, a date as 2027-01-31 (UTC), or never
    #[arg(long, default_value = "365d", value_name = "WHEN")]
    expires: Expiry,
    /// Where its clients are: addresses or networks, with commas between (default: anywhere)
    #[arg(long, value_delimiter = ',', value_name = "NETWORK", value_parser = super::network::parse)]
    network: Vec<IpNet>,
    /// How often it may be used: requests in a time, as 100/1m (default: without limit)
    #[arg(long, value_parser = rate, value_name = "N/TIME")]
    rate: Option<(u32, u32)>,
    /// Requests that are free at once (default: as many as the rate has)
    #[arg(long, requires = "rate", value_name = "N")]
    burst: Option<u32>,
    /// How many requests it may have under way at one time (default: without limit)
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    concurrent: Option<u32>,
    /// It opens nothing without a login token of a user
    #[arg(long)]
    needs_login_token: bool,
    /// It may make login tokens for users other than its own
    #[arg(long)]
    may_mint_for_others: bool,
}

pub(super) fn rate(text: &str) -> Result<(u32, u32), String> {
    let parsed = || {
        let (requests, time) = text.split_once('/')?;
        let seconds = humantime::parse_duration(time).ok()?.as_secs();
        Some((requests.parse().ok()?, u32::try_from(seconds).ok()?))
    };
    parsed()
        .filter(|(requests, seconds)| *requests > 0 && *seconds > 0)
        .ok_or_else(|| "expected N/TIME as 100/1m".into())
}

/// Does it.
///
/// # Errors
/// Why it was not done, and when `out` cannot be written to.
pub(super) async fn run(
    command: KeyCommand,
    admin: &Administration,
    json: bool,
    out: &mut impl Write,
) -> Result<(), Box<dyn Error>> {
    match command {
        KeyCommand::Create(wanted) => create(*wanted, admin, json, out).await?,
        KeyCommand::List => list(&admin.keys().await?, admin, json, out)?,
        KeyCommand::Show(Named { name }) => {
            let key = describe(&admin.key(&name).await?, admin);
            writeln!(out, "{}", serde_json::to_string_pretty(&key)?)?;
        }
        KeyCommand::Disable(Named { name }) => {
            admin.switch_key(&name, false).await?;
            table::done(out, json, &format!("{name} is switched off."))?;
        }
        KeyCommand::Enable(Named { name }) => {
            admin.switch_key(&name, true).await?;
            table::done(out, json, &format!("{name} is switched on."))?;
        }
        KeyCommand::Delete(Named { name }) => {
            admin.delete_key(&name).await?;
            table::done(out, json, &format!("{name} is deleted."))?;
        }
    }
    Ok(())
}

async fn create(
    wanted: Create,
    admin: &Administration,
    json: bool,
    out: &mut impl Write,
) -> Result<(), Box<dyn Error>> {
    let secret = read_secret(wanted.secret_file.as_deref(), &wanted.login)?;
    let burst = wanted.burst;
    let rate = wanted.rate.map(|(requests, seconds)| KeyRate { requests, seconds, burst: burst.unwrap_or(requests) });
    let wanted = WantedKey {
        database: wanted.database,
        login: wanted.login,
        secret,
        scope: wanted.scope,
        not_after: wanted.expires.from(admin.clock.now())?,
        terms: KeyTerms {
            name: wanted.name,
            needs_login_token: wanted.needs_login_token,
            may_mint_for_others: wanted.may_mint_for_others,
            networks: wanted.network,
            rate,
            concurrent: wanted.concurrent,
        },
    };
    let (row, token) = admin.create_key(wanted).await?;
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
        let used = key.last_used_at.map_or_else(|| "never".to_owned(), moment);
        let ends = key.not_after.map_or_else(|| "never".to_owned(), moment);
        let user = format!("{}@{}", key.grant.login, key.grant.database);
        [name.to_owned(), format!("{}…", key.shown), user, state(key, admin).to_owned(), ends, used]
    };
    table::print(out, ["NAME", "KEY", "USER", "STATE", "ENDS", "LAST USED"], keys.iter().map(row))?;
    Ok(())
}

fn state(key: &StoredToken, admin: &Administration) -> &'static str {
    match (key.disabled_at, key.is_alive(admin.clock.now())) {
        (Some(_), _) => "off",
        (None, true) => "on",
        (None, false) => "ended",
    }
}

fn describe(key: &StoredToken, admin: &Administration) -> serde_json::Map<String, serde_json::Value> {
    let terms = key.key.as_ref();
    let described = json!({
        "id": key.id,
        "name": terms.map(|terms| &terms.name),
        "shown": key.shown,
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
        "created_at": moment(key.created_at),
        "ends_at": key.not_after.map(moment),
        "last_used_at": key.last_used_at.map(moment),
    });
    match described {
        serde_json::Value::Object(members) => members,
        _ => serde_json::Map::new(),
    }
}
