//! The configuration: reads a file and the environment into validated, typed settings.
//!
//! In: the path of a file, environment variables. Out: [`Config`], or [all errors](ConfigErrors) at once. Must not
//! know: how other modules use the settings.
//!
//! `config/default.toml` documents each key and contains its default. It is also the model of every layer: a key that
//! it does not contain is unknown, and a value must have the type of the default.

mod database_url;
mod deserialize_config;
mod deserializers;
mod environment;
mod errors;
mod file;
mod merge;
mod misspelled_variables;
mod print;
mod reload;
mod secret_files;
mod sections;
mod setting_line;
mod warnings;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml::Table;

pub use self::database_url::DatabaseUrl;
pub use self::errors::{ConfigError, ConfigErrors};
pub use self::reload::ConfigChanges;
pub use self::sections::auth::{AuthConfig, Rate, ThrottleConfig};
pub use self::sections::console::{ConsoleConfig, ConsoleMode};
pub use self::sections::demo::DemoConfig;
pub use self::sections::dialects::DialectsConfig;
pub use self::sections::docs::DocsConfig;
pub use self::sections::log::{LogConfig, LogFormat};
pub use self::sections::oauth::OAuthConfig;
pub use self::sections::oauth1::OAuth1Config;
pub use self::sections::odoo::{MethodCallsConfig, OdooConfig, ProtocolConfig};
pub use self::sections::odoo_keys::OdooKeysConfig;
pub use self::sections::ops::{OpsConfig, local_address};
pub use self::sections::restful::{RestfulConfig, RestfulModelConfig};
pub use self::sections::schema::SchemaConfig;
pub use self::sections::secrets::{CreateMasterKey, SecretsConfig};
pub use self::sections::server::ServerConfig;
pub use self::sections::store::StoreConfig;
pub use self::sections::traces::TracesConfig;
pub use self::setting_line::SettingLine;
pub use self::warnings::ConfigWarning;

/// The prefix of environment variables that set one key.
const VARIABLE_PREFIX: &str = "ODOO_GATEWAY__";

/// The text of `config/default.toml`: the documented defaults, and the model of every layer.
pub const DEFAULTS: &str = include_str!("../config/default.toml");

/// All settings, validated.
#[derive(Debug, Clone, Deserialize)]
pub struct Config {
    /// The listener for clients.
    pub server: ServerConfig,
    /// The listener for operators.
    pub ops: OpsConfig,
    /// The database of the gateway.
    pub store: StoreConfig,
    /// The source of the master keys.
    pub secrets: SecretsConfig,
    /// Log output.
    pub log: LogConfig,
    /// Distributed traces.
    pub traces: TracesConfig,
    /// The Odoo databases, at least one; the first is the default.
    pub odoo: Vec<OdooConfig>,
    /// The renewal of sealed Odoo API keys.
    pub odoo_keys: OdooKeysConfig,
    /// Passwords, tokens and login throttling.
    pub auth: AuthConfig,
    /// The interfaces that are offered.
    pub dialects: DialectsConfig,
    /// The public demonstration.
    pub demo: DemoConfig,
    /// Lifetimes of OAuth 2 credentials and browser sessions.
    pub oauth: OAuthConfig,
    /// The console for people.
    pub console: ConsoleConfig,
    /// The documentation for people who write clients.
    pub docs: DocsConfig,
    /// The cache of model fields.
    pub schema: SchemaConfig,
    /// The models that `/restful/api/v1` serves.
    pub restful: RestfulConfig,
    /// OAuth 1.0a.
    pub oauth1: OAuth1Config,
    #[serde(skip)]
    printable: Table,
    #[serde(skip)]
    file: Option<PathBuf>,
    #[serde(skip)]
    unused_variables: Vec<ConfigWarning>,
}

impl Config {
    /// Merges the defaults, `file` and `environment`, and validates the result.
    ///
    /// # Errors
    /// All errors of all layers, each with its key and origin.
    pub fn load(
        file: Option<&Path>,
        environment: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Result<Self, ConfigErrors> {
        let mut errors = ConfigErrors::default();
        let model = merge::model().map_err(|cause| errors.finish_with("config/default.toml", cause))?;
        let mut merged = merge::base(&model);
        if let Some(file) = file {
            file::overlay(&mut merged, &model, file, &mut errors);
        }
        let unused_variables = environment::overlay(&mut merged, &model, environment, &mut errors);
        merge::name_databases(&mut merged);
        let printable = print::redacted(&merged, &model);
        secret_files::fill(&mut merged, &model, &mut errors);
        match deserialize_config::config(merged, &model, &mut errors) {
            Some(config) if errors.is_empty() => {
                Ok(Self { printable, file: file.map(Path::to_owned), unused_variables, ..config })
            }
            _ => Err(errors),
        }
    }

    /// The configuration file, if one was given.
    #[must_use]
    pub fn file(&self) -> Option<&Path> {
        self.file.as_deref()
    }

    /// The effective configuration as JSON, without secrets.
    ///
    /// # Errors
    /// Fails if a value has no JSON form; the model contains no such value.
    pub fn to_json(&self) -> serde_json::Result<String> {
        serde_json::to_string_pretty(&self.printable)
    }

    /// The effective configuration as TOML, without secrets.
    #[must_use]
    pub fn to_toml(&self) -> String {
        self.printable.to_string()
    }
}

#[cfg(test)]
mod tests;
