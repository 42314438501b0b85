//! The command line: what can be asked of the binary, and the answers that need no running gateway.
//!
//! In: arguments, the environment. Out: [`Command`], [`Config`], text for people on a writer. Must not know: HTTP,
//! Odoo.

mod app;
mod check;
mod expiry;
mod health;
mod key;
mod master_keys;
mod network;
mod output;
mod restore;
mod secret_input;
mod table;
mod token;
mod user;

use std::error::Error;
use std::io::Write;
use std::path::PathBuf;

use clap::{Parser, Subcommand};
use serde_json::json;

pub use self::app::AppCommand;
pub use self::check::CheckCommand;
use self::health::health;
pub use self::key::KeyCommand;
pub use self::master_keys::KeysCommand;
pub use self::output::Output;
pub use self::token::TokenCommand;
pub use self::user::UserCommand;

use crate::admin::Administration;
use crate::clock::Clock;
use crate::config::{Config, LogFormat, Mistakes};
use crate::store::Store;

/// REST for Odoo: a gateway that stands beside it.
///
/// Every setting, its meaning and its default stand in config/default.toml; `odoo-gateway config` prints those in
/// effect.
#[derive(Debug, Parser)]
#[command(name = "odoo-gateway", version, max_term_width = 100)]
pub struct Cli {
    /// File of settings that differ from the defaults (TOML)
    #[arg(long, global = true, value_name = "FILE", env = "ODOO_GATEWAY_CONFIG")]
    config: Option<PathBuf>,
    /// Print JSON, errors too; with `serve`, log in JSON
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Option<Command>,
}

/// What the binary is to do.
#[derive(Debug, Clone, PartialEq, Eq, Default, Subcommand)]
pub enum Command {
    /// Run the gateway (what happens without a command)
    #[default]
    Serve,
    /// Connect to the store and to Odoo; print their versions, or what is wrong and how to mend it
    Check(CheckCommand),
    /// Bring the store's schema up to date
    Migrate,
    /// Print the settings in effect, without secrets
    Config,
    /// Print the OpenAPI document
    Openapi,
    /// Ask the running gateway whether it lives (for health checks of containers)
    Health,
    /// Applications that act for users (OAuth): make, list, rotate secrets, switch off and on, delete
    #[command(subcommand)]
    App(AppCommand),
    /// API keys: make, list, switch off and on, delete
    #[command(subcommand)]
    Key(KeyCommand),
    /// Users whom an API key may make login tokens for: link, list, unlink
    #[command(subcommand)]
    User(UserCommand),
    /// Tokens that users got by logging in: list, revoke
    #[command(subcommand)]
    Token(TokenCommand),
    /// Master keys, which seal what the store keeps: add, list, prune, rewrap; and the keys below them: rotate
    #[command(subcommand)]
    Keys(KeysCommand),
    /// After a backup of the store was put back: end every token and switch every API key off, so that nothing which was
    /// revoked since works again
    Restore {
        /// Take the store as it is: nothing was revoked since the backup, or it is revoked again
        #[arg(long)]
        keep_tokens: bool,
    },
}

impl Cli {
    /// The command, `serve` when none was given.
    #[must_use]
    pub fn command(&self) -> Command {
        self.command.clone().unwrap_or_default()
    }

    /// Whether answers are wanted as JSON.
    #[must_use]
    pub fn json(&self) -> bool {
        self.json
    }

    /// The configuration, from the file that was named and the process's environment.
    ///
    /// # Errors
    /// Every mistake at once.
    pub fn config(&self) -> Result<Config, Mistakes> {
        let mut config = Config::load(self.config.as_deref(), std::env::vars_os())?;
        if self.json {
            config.log.format = LogFormat::Json;
        }
        Ok(config)
    }
}

/// `odoo-gateway config`: the settings as TOML that can be loaded again, with warnings as comments above; or as JSON.
///
/// # Errors
/// When `out` cannot be written to.
pub fn print_config(config: &Config, json: bool, out: &mut impl Write) -> std::io::Result<()> {
    if json {
        return writeln!(out, "{}", config.to_json()?);
    }
    for warning in config.warnings() {
        writeln!(out, "# Warning: {warning}")?;
    }
    write!(out, "{}", config.to_toml())
}

/// `odoo-gateway app`, `key`, `user`, `token`, `keys` and `restore`.
///
/// # Errors
/// Why it was not done, and when `out` cannot be written to.
pub async fn administer(
    command: Command,
    admin: &Administration,
    json: bool,
    out: &mut impl Write,
) -> Result<(), Box<dyn Error>> {
    match command {
        Command::App(command) => app::run(command, admin, json, out).await,
        Command::Key(command) => key::run(command, admin, json, out).await,
        Command::User(command) => user::run(command, admin, json, out).await,
        Command::Token(command) => token::run(command, admin, json, out).await,
        Command::Keys(command) => master_keys::run(command, admin, json, out).await,
        Command::Restore { keep_tokens } => restore::run(keep_tokens, admin, json, out).await,
        _ => Ok(()),
    }
}

/// `odoo-gateway migrate`: brings the schema up to date and names the store.
///
/// # Errors
/// When the store cannot be used, and when `out` cannot be written to.
pub async fn migrate(config: &Config, clock: &Clock, json: bool, out: &mut impl Write) -> Result<(), Box<dyn Error>> {
    let store = Store::open(&config.store).await?;
    store.migrate().await?;
    let (version, instance) = (store.version().await?, store.instance(clock).await?);
    store.close().await;
    let message = format!("The store is up to date: {version}, instance {}.", instance.id);
    if json {
        let described = json!({"message": message, "version": version, "instance": instance.id});
        return Ok(writeln!(out, "{described}")?);
    }
    Ok(writeln!(out, "{message}")?)
}

/// `odoo-gateway health`: nothing for people, the exit code says all.
///
/// # Errors
/// When the gateway does not live, and when `out` cannot be written to.
pub fn print_health(config: &Config, json: bool, out: &mut impl Write) -> std::io::Result<()> {
    health(config.ops.listen)?;
    if json { writeln!(out, "{}", json!({"alive": true})) } else { Ok(()) }
}

/// An error as it is printed on standard error.
#[must_use]
pub fn error_text(cause: &dyn Error, json: bool) -> String {
    if json { json!({"error": cause.to_string()}).to_string() } else { format!("odoo-gateway: {cause}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(arguments: &str) -> Cli {
        Cli::try_parse_from(arguments.split(' ')).unwrap()
    }

    #[test]
    fn the_command_line_is_well_formed() {
        <Cli as clap::CommandFactory>::command().debug_assert();
    }

    #[test]
    fn serve_is_what_happens_without_a_command() {
        assert_eq!(parsed("odoo-gateway").command(), Command::Serve);
        assert_eq!(parsed("odoo-gateway migrate").command(), Command::Migrate);
    }

    #[test]
    fn the_file_can_be_named_before_and_after_the_command() {
        for line in ["odoo-gateway --config a.toml config", "odoo-gateway config --config a.toml"] {
            assert_eq!(parsed(line).config.unwrap(), PathBuf::from("a.toml"));
        }
    }

    #[tokio::test]
    async fn migrating_names_the_store_and_can_be_repeated() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("gateway.db").display());
        let config = Config::load(None, [("DATABASE_URL".into(), url.into())]).unwrap();
        let mut said = [Vec::new(), Vec::new()];
        for out in &mut said {
            migrate(&config, &Clock::system(), false, out).await.unwrap();
        }
        assert!(String::from_utf8_lossy(&said[0]).starts_with("The store is up to date: SQLite 3."));
        assert_eq!(said[0], said[1]);
    }
}
