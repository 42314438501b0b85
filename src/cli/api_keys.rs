//! `odoo-gateway key`: manages API keys.
//!
//! In: arguments, a secret from standard input or a file. Out: the result as text or JSON. Must not know: how keys
//! are stored.

use std::error::Error;
use std::io::{Write, stderr};
use std::path::PathBuf;

use clap::{Args, Subcommand};
use ipnet::IpNet;
use serde_json::json;

use super::expiry::Expiry;
use super::odoo_key::{describe_left_keys, describe_odoo_key, odoo_key_json};
use super::secret_input::read_secret;
use super::table::{self, Cell, format_timestamp, local_time, local_time_or};
use super::usage;
use crate::admin::{Administration, KeyUpdate, NewApiKey};
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
    /// Change what a key may do; its login tokens follow, its secret stays
    Update(Box<UpdateKey>),
    /// Replace the secret of a key and print the new one; it cannot be displayed again
    Rotate(RotateKey),
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

/// Arguments of `update`.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct UpdateKey {
    /// Name or id of the key
    name: String,
    /// Limit of what the key may do with its user's rights, as for `key create`
    #[arg(long, value_name = "JSON", required_unless_present_any = ["open_to_all_users", "login_token_days"])]
    scope: Option<String>,
    /// Whether every user of the database may create login tokens for themselves with the key, or linked users only
    #[arg(long, value_name = "BOOL")]
    open_to_all_users: Option<bool>,
    /// Longest lifetime of login tokens in days, for new ones; 0: that of auth.login_token_max_days
    #[arg(long, value_name = "DAYS")]
    login_token_days: Option<u32>,
}

/// Arguments of `rotate`.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct RotateKey {
    /// Name or id of the key. Its current secret is read from standard input; or the password or an Odoo API key of its
    /// user, then linked users must link themselves again
    name: String,
    /// How long the current secret stays valid, such as 1h; at most 30d
    #[arg(long, default_value = "0s", value_name = "TIME", value_parser = humantime::parse_duration)]
    overlap: std::time::Duration,
    /// Read the secret from this file, not from standard input
    #[arg(long, value_name = "FILE")]
    secret_file: Option<PathBuf>,
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
    /// Exchange the password for an Odoo API key that the gateway creates for this key, so that Odoo shows it and can
    /// revoke it; with odoo_keys.renew it is renewed before it ends
    #[arg(long)]
    exchange_password: bool,
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
    /// Every user of the database may create login tokens for themselves with the key, also without a link
    #[arg(long, requires = "may_mint_for_others")]
    open_to_all_users: bool,
    /// Longest lifetime of the key's login tokens in days (default: auth.login_token_max_days)
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(1..=3650))]
    login_token_days: Option<u32>,
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
            show(&admin.find_key(&name).await?, admin, json, out).await?;
        }
        KeyCommand::Usage(KeyName { name }) => {
            let key = admin.find_key(&name).await?;
            usage::print(&admin.usage(&key.id).await?, json, out)?;
        }
        KeyCommand::Update(arguments) => {
            let UpdateKey { name, scope, open_to_all_users, login_token_days } = *arguments;
            let login_token_days = login_token_days.map(|days| Some(days).filter(|days| *days > 0));
            let update = KeyUpdate { scope, open_to_all_users, login_token_days };
            show(&admin.update_key(&name, update).await?, admin, json, out).await?;
        }
        KeyCommand::Rotate(arguments) => rotate(arguments, admin, json, out).await?,
        KeyCommand::Disable(KeyName { name }) => {
            admin.set_key_enabled(&name, false).await?;
            table::print_message(out, json, &format!("{name} is disabled."))?;
        }
        KeyCommand::Enable(KeyName { name }) => {
            admin.set_key_enabled(&name, true).await?;
            table::print_message(out, json, &format!("{name} is enabled."))?;
        }
        KeyCommand::Delete(KeyName { name }) => {
            let odoo_key = admin.odoo_key_of(&admin.find_key(&name).await?).await?;
            admin.delete_key(&name).await?;
            let left = describe_left_keys(odoo_key.as_ref());
            table::print_message(out, json, &format!("{name} is deleted.{left}"))?;
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
            open_to_all_users: arguments.open_to_all_users,
            login_token_days: arguments.login_token_days,
            networks: arguments.network,
            rate,
            concurrent: arguments.concurrent,
        },
    };
    let (row, token) = match arguments.exchange_password {
        true => admin.create_key_by_exchange(new).await?,
        false => admin.create_key(new).await?,
    };
    if json {
        let mut key = describe(&row, admin);
        key.insert("key".to_owned(), token.expose().into());
        return Ok(writeln!(out, "{}", serde_json::to_string_pretty(&key)?)?);
    }
    writeln!(out, "{}", token.expose())?;
    Ok(())
}

async fn rotate(
    arguments: RotateKey,
    admin: &Administration,
    json: bool,
    out: &mut impl Write,
) -> Result<(), Box<dyn Error>> {
    let RotateKey { name, overlap, secret_file } = arguments;
    let asked = format!("its user, or the current secret of {name}");
    let proof = read_secret(secret_file.as_deref(), &asked)?;
    let overlap = time::Duration::try_from(overlap).unwrap_or(time::Duration::MAX);
    let before = admin.find_key(&name).await?;
    let odoo_key = admin.odoo_key_of(&before).await?;
    let rotated = admin.rotate_key(&name, &proof, overlap).await?;
    let previous_until = rotated.previous_until.map(|until| format_timestamp(until.unix_timestamp()));
    if json {
        let mut key = describe(&rotated.row, admin);
        key.insert("key".to_owned(), rotated.secret.expose().into());
        key.insert("previous_until".to_owned(), previous_until.into());
        key.insert("unlinked_users".to_owned(), rotated.unlinked.into());
        return Ok(writeln!(out, "{}", serde_json::to_string_pretty(&key)?)?);
    }
    writeln!(out, "{}", rotated.secret.expose())?;
    if let Some(until) = previous_until {
        writeln!(stderr(), "The previous secret is valid until {until}.")?;
    }
    if rotated.unlinked > 0 {
        writeln!(stderr(), "{} users must be linked again with `odoo-gateway user link`.", rotated.unlinked)?;
    }
    let left = describe_left_keys(odoo_key.as_ref());
    if rotated.row.grant.id != before.grant.id && !left.is_empty() {
        writeln!(stderr(), "{name} has another Odoo credential now.{left}")?;
    }
    Ok(())
}

fn list(keys: &[StoredToken], admin: &Administration, json: bool, out: &mut impl Write) -> Result<(), Box<dyn Error>> {
    if json {
        let keys: Vec<_> = keys.iter().map(|key| describe(key, admin)).collect();
        return Ok(writeln!(out, "{}", serde_json::to_string_pretty(&keys)?)?);
    }
    let row = |key: &StoredToken| {
        let name = key.key.as_ref().map_or("", |terms| &terms.name);
        [
            name.to_owned().into(),
            format!("{}…", key.display_prefix).into(),
            format!("{}@{}", key.grant.login, key.grant.database).into(),
            Cell::state(state(key, admin)),
            local_time_or(key.not_after, "never").into(),
            local_time_or(key.last_used_at, "never").into(),
        ]
    };
    table::print(out, ["NAME", "KEY", "USER", "STATE", "EXPIRES", "LAST USED"], keys.iter().map(row))?;
    Ok(())
}

async fn show(
    key: &StoredToken,
    admin: &Administration,
    json: bool,
    out: &mut impl Write,
) -> Result<(), Box<dyn Error>> {
    let previous_until = admin.previous_secret_end(key).await?;
    let odoo_key = admin.odoo_key_of(key).await?;
    if json {
        let mut object = describe(key, admin);
        object.insert("previous_until".to_owned(), previous_until.map(format_timestamp).into());
        object.insert("odoo_key".to_owned(), odoo_key_json(odoo_key.as_ref()));
        return Ok(writeln!(out, "{}", serde_json::to_string_pretty(&object)?)?);
    }
    let previous_text = previous_until.map_or_else(String::new, |end| format!("valid until {}", local_time(end)));
    let terms = key.key.as_ref();
    let yes_if = |set: bool| if set { "yes".to_owned() } else { String::new() };
    let grant = &key.grant;
    let properties = [
        ("Name", terms.map_or_else(String::new, |terms| terms.name.clone()).into()),
        ("Id", key.id.clone().into()),
        ("Key", format!("{}…", key.display_prefix).into()),
        ("Previous secret", previous_text.into()),
        ("State", Cell::state(state(key, admin))),
        ("Acts for", format!("{}@{} (user id {})", grant.login, grant.database, grant.uid).into()),
        ("Odoo API key", describe_odoo_key(odoo_key.as_ref()).into()),
        ("Scope", key.scope.clone().into()),
        ("Needs a login token", yes_if(terms.is_some_and(|terms| terms.needs_login_token)).into()),
        ("Creates login tokens", issuing_text(terms, admin.login_tokens.max_days_of(key)).into()),
        ("Networks", terms.map_or_else(String::new, networks_text).into()),
        ("Rate", terms.map_or_else(String::new, rate_text).into()),
        ("Concurrent requests", terms.map_or_else(String::new, concurrent_text).into()),
        ("Created", local_time(key.created_at).into()),
        ("Expires", local_time_or(key.not_after, "never").into()),
        ("Last used", local_time_or(key.last_used_at, "never").into()),
    ];
    Ok(table::print_properties(out, properties)?)
}

/// For whom a key can create login tokens; empty: for its own user only.
fn issuing_text(terms: Option<&KeyTerms>, days: u32) -> String {
    match terms.map(|terms| (terms.may_mint_for_others, terms.open_to_all_users)).unwrap_or_default() {
        (false, _) => String::new(),
        (true, false) => format!("for linked users, valid for at most {days} days"),
        (true, true) => format!("for linked users, and every user for themselves, valid for at most {days} days"),
    }
}

/// The networks from which a key or an application can be used.
pub(super) fn networks_text(terms: &KeyTerms) -> String {
    match terms.networks.as_slice() {
        [] => "all".to_owned(),
        networks => networks.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
    }
}

/// The rate limit of a key or an application.
pub(super) fn rate_text(terms: &KeyTerms) -> String {
    terms.rate.map_or_else(
        || "no limit".to_owned(),
        |rate| format!("{} requests in {} s, {} at once", rate.requests, rate.seconds, rate.burst),
    )
}

/// The limit of concurrent requests of a key or an application.
pub(super) fn concurrent_text(terms: &KeyTerms) -> String {
    terms.concurrent.map_or_else(|| "no limit".to_owned(), |limit| format!("at most {limit}"))
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
        "open_to_all_users": terms.is_some_and(|terms| terms.open_to_all_users),
        "login_token_days": admin.login_tokens.max_days_of(key),
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
