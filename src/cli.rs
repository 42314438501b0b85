//! The command line: commands, their arguments, and their output.
//!
//! In: arguments, the environment. Out: [`Command`], [`Config`], text or JSON on a writer. Must not know: HTTP, Odoo.

mod after_restore;
mod api_keys;
mod app;
mod app_properties;
mod audit;
mod backup;
mod check;
mod colors;
mod consent;
mod expiry;
mod health;
mod ip_network;
mod master_keys;
mod odoo_key;
mod openapi;
mod postman;
mod progress;
mod secret_input;
mod shell;
mod stdout;
mod table;
mod token;
mod usage;
mod user;

use std::error::Error;
use std::io::Write;
use std::path::{Path, PathBuf};

use clap::{ColorChoice, Parser, Subcommand};
use serde_json::json;

pub use self::api_keys::KeyCommand;
pub use self::app::AppCommand;
pub use self::audit::AuditCommand;
pub use self::backup::{RestoredStore, print_backup, print_restored};
pub use self::check::{CheckCommand, color_finding};
pub use self::consent::ConsentCommand;
use self::health::health;
pub use self::master_keys::MasterKeyCommand;
pub use self::openapi::{OpenapiCommand, TypedDocumentRequest};
pub use self::postman::PostmanCommand;
pub use self::progress::ProgressLine;
pub use self::shell::{CompletionsCommand, print_completions, print_manual};
pub use self::stdout::Output;
pub use self::token::TokenCommand;
pub use self::user::UserCommand;

use crate::admin::Administration;
use crate::build_info;
use crate::clock::Clock;
use crate::config::{Config, ConfigErrors, LogFormat};
use crate::store::Store;

/// A REST gateway for Odoo.
///
/// config/default.toml documents every setting and its default; `odoo-gateway config` prints the settings in effect.
#[derive(Debug, Parser)]
#[command(name = "odoo-gateway", version = build_info::DESCRIPTION, max_term_width = 100)]
pub struct Cli {
    /// Configuration file (TOML) with the settings that differ from the defaults
    #[arg(long, global = true, display_order = 900, value_name = "FILE", env = "ODOO_GATEWAY_CONFIG")]
    config: Option<PathBuf>,
    /// Print JSON, including errors; with `serve`, log in JSON
    #[arg(long, global = true, display_order = 901)]
    json: bool,
    /// When to print colors; with auto, on a terminal unless `NO_COLOR` is set
    #[arg(
        long,
        global = true,
        display_order = 902,
        value_name = "WHEN",
        default_value = "auto",
        hide_default_value = true
    )]
    color: ColorChoice,
    #[command(subcommand)]
    command: Option<Command>,
}

/// The command to run.
#[derive(Debug, Clone, PartialEq, Eq, Default, Subcommand)]
pub enum Command {
    /// Run the gateway (the default command)
    #[default]
    Serve,
    /// Test the connection to the store and to every Odoo; report versions and what to fix
    Check(CheckCommand),
    /// Update the schema of the store
    Migrate,
    /// Print the settings in effect, without secrets
    Config,
    /// Print the OpenAPI document; with --models, field by field
    Openapi(OpenapiCommand),
    /// Print the Postman collection, or an environment for it
    Postman(PostmanCommand),
    /// Check that the local gateway responds (for container health checks)
    Health,
    /// Manage OAuth applications: create, list, show usage, update, rotate secrets, disable, enable, delete
    #[command(subcommand)]
    App(AppCommand),
    /// Manage API keys: create, list, show usage, update, rotate, disable, enable, delete
    #[command(subcommand)]
    Key(KeyCommand),
    /// Manage users for whom an API key can create login tokens: link, list, unlink; create login tokens
    #[command(subcommand)]
    User(UserCommand),
    /// Manage consents of users to applications: list, revoke
    #[command(subcommand)]
    Consent(ConsentCommand),
    /// Manage tokens that were issued to users: list, revoke
    #[command(subcommand)]
    Token(TokenCommand),
    /// Manage master keys, which seal the secrets in the store: add, list, rewrap, prune; and rotate the keys they
    /// seal
    #[command(subcommand)]
    Keys(MasterKeyCommand),
    /// Read the audit log: who created, changed and deleted keys, applications and tokens
    #[command(subcommand)]
    Audit(AuditCommand),
    /// Copy the store to a new file, also while gateways use it (SQLite; for PostgreSQL, prints the command to use)
    Backup {
        /// The file to create
        file: PathBuf,
    },
    /// Replace the store with a backup in which all tokens are revoked and all API keys and applications are disabled,
    /// because it also contains those that were revoked since. Stop all gateways before. Without FILE: do the same in
    /// the present store, which you replaced yourself
    Restore {
        /// The backup (SQLite; for PostgreSQL, use pg_restore)
        file: Option<PathBuf>,
        /// Accept the store as it is; use this only if nothing was revoked since the backup
        #[arg(long)]
        keep_tokens: bool,
    },
    /// Print the script that completes commands and options in a shell
    Completions(CompletionsCommand),
    /// Print the manual page: odoo-gateway man > odoo-gateway.1; man -l odoo-gateway.1
    Man,
}

impl Cli {
    /// Parses the arguments of the process. Ends the process if they are invalid or ask for help.
    #[must_use]
    pub fn from_arguments() -> Self {
        colors::choose(std::env::args_os());
        let cli = Self::parse();
        colors::apply(cli.color);
        cli
    }

    /// The definition of the command line: commands, arguments, and their descriptions.
    #[must_use]
    pub fn definition() -> clap::Command {
        <Self as clap::CommandFactory>::command()
    }

    /// Returns the command, `serve` by default.
    #[must_use]
    pub fn command(&self) -> Command {
        self.command.clone().unwrap_or_default()
    }

    /// Whether to print JSON.
    #[must_use]
    pub fn json(&self) -> bool {
        self.json
    }

    /// Loads the configuration from the given file and the environment of the process.
    ///
    /// # Errors
    /// Contains all configuration errors.
    pub fn config(&self) -> Result<Config, ConfigErrors> {
        load_config(self.config.as_deref(), self.json)
    }

    /// Returns a function that does the same later.
    pub fn config_loader(&self) -> impl Fn() -> Result<Config, ConfigErrors> + Send + Sync + 'static {
        let (file, json) = (self.config.clone(), self.json);
        move || load_config(file.as_deref(), json)
    }
}

fn load_config(file: Option<&Path>, json: bool) -> Result<Config, ConfigErrors> {
    let mut config = Config::load(file, std::env::vars_os())?;
    if json {
        config.log.format = LogFormat::Json;
    }
    Ok(config)
}

/// `odoo-gateway config`: prints the settings as TOML that can be loaded again, with warnings as comments, or as
/// JSON.
///
/// # Errors
/// Fails if `out` cannot be written.
pub fn print_config(config: &Config, json: bool, out: &mut impl Write) -> std::io::Result<()> {
    if json {
        return writeln!(out, "{}", config.to_json()?);
    }
    for warning in config.warnings() {
        writeln!(out, "# Warning: {warning}")?;
    }
    write!(out, "{}", config.to_toml())
}

/// Runs `odoo-gateway app`, `key`, `user`, `consent`, `token`, `keys`, `audit` or `restore`.
///
/// # Errors
/// Fails if the action fails or `out` cannot be written.
pub async fn administer(
    command: Command,
    admin: &Administration,
    json: bool,
    out: &mut impl Write,
) -> Result<(), Box<dyn Error>> {
    match command {
        Command::App(command) => app::run(command, admin, json, out).await,
        Command::Key(command) => api_keys::run(command, admin, json, out).await,
        Command::User(command) => user::run(command, admin, json, out).await,
        Command::Consent(command) => consent::run(command, admin, json, out).await,
        Command::Token(command) => token::run(command, admin, json, out).await,
        Command::Keys(command) => master_keys::run(command, admin, json, out).await,
        Command::Audit(command) => audit::run(command, admin, json, out).await,
        Command::Restore { keep_tokens, .. } => after_restore::run(keep_tokens, admin, json, out).await,
        _ => Ok(()),
    }
}

/// `odoo-gateway migrate`: updates the schema, and prints the version and the instance of the store.
///
/// # Errors
/// Fails if the store cannot be used or `out` cannot be written.
pub async fn migrate(config: &Config, clock: &Clock, json: bool, out: &mut impl Write) -> Result<(), Box<dyn Error>> {
    let progress = ProgressLine::start("Updating the schema", json);
    let store = Store::open(&config.store).await?;
    store.migrate().await?;
    drop(progress);
    let (version, instance) = (store.version().await?, store.instance(clock).await?);
    store.close().await;
    let message = format!("The store is up to date: {version}, instance {}.", instance.id);
    if json {
        let result = json!({"message": message, "version": version, "instance": instance.id});
        return Ok(writeln!(out, "{result}")?);
    }
    Ok(writeln!(out, "{message}")?)
}

/// `odoo-gateway health`: succeeds if the gateway responds. Without `json` it prints nothing.
///
/// # Errors
/// Fails if the gateway does not respond or `out` cannot be written.
pub fn print_health(config: &Config, json: bool, out: &mut impl Write) -> std::io::Result<()> {
    health(config.ops.listen)?;
    if json { writeln!(out, "{}", json!({"alive": true})) } else { Ok(()) }
}

/// Formats an error for standard error.
#[must_use]
pub fn error_text(cause: &dyn Error, json: bool) -> String {
    if json {
        return json!({"error": cause.to_string()}).to_string();
    }
    format!("{} {cause}", colors::paint(colors::BAD, "odoo-gateway:"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(arguments: &str) -> Cli {
        Cli::try_parse_from(arguments.split(' ')).unwrap()
    }

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::definition().debug_assert();
    }

    #[test]
    fn serve_is_the_default_command() {
        assert_eq!(parse("odoo-gateway").command(), Command::Serve);
        assert_eq!(parse("odoo-gateway migrate").command(), Command::Migrate);
    }

    #[test]
    fn the_configuration_file_can_precede_or_follow_the_command() {
        for line in ["odoo-gateway --config a.toml config", "odoo-gateway config --config a.toml"] {
            assert_eq!(parse(line).config.unwrap(), PathBuf::from("a.toml"));
        }
    }

    #[tokio::test]
    async fn migrate_prints_the_store_and_can_be_repeated() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("gateway.db").display());
        let config = Config::load(None, [("DATABASE_URL".into(), url.into())]).unwrap();
        let mut outputs = [Vec::new(), Vec::new()];
        for out in &mut outputs {
            migrate(&config, &Clock::system(), false, out).await.unwrap();
        }
        assert!(String::from_utf8_lossy(&outputs[0]).starts_with("The store is up to date: SQLite 3."));
        assert_eq!(outputs[0], outputs[1]);
    }
}
