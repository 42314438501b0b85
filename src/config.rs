//! The configuration: from a file and the environment to checked, typed settings.
//!
//! In: the path of a file, the environment's variables. Out: [`Config`], or [every mistake](Mistakes) at once.
//! Must not know: what the settings are for. The defaults and the meaning of each key stand in
//! `config/default.toml`, which is also the model: a key it lacks is unknown, a value of another kind is wrong.

mod database_url;
mod deserialize;
mod deserializers;
mod environment;
mod errors;
mod file;
mod merge;
mod print;
mod secret_files;
mod sections;
mod unused;
mod warnings;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml::Table;

pub use self::database_url::DatabaseUrl;
pub use self::errors::{Mistake, Mistakes};
pub use self::sections::auth::{AuthConfig, Rate, ThrottleConfig};
pub use self::sections::demo::DemoConfig;
pub use self::sections::log::{LogConfig, LogFormat};
pub use self::sections::oauth::OAuthConfig;
pub use self::sections::oauth1::OAuth1Config;
pub use self::sections::odoo::{MethodCallsConfig, OdooConfig};
pub use self::sections::ops::OpsConfig;
pub use self::sections::restful::{RestfulConfig, RestfulModelConfig};
pub use self::sections::schema::SchemaConfig;
pub use self::sections::secrets::{Create, SecretsConfig};
pub use self::sections::server::ServerConfig;
pub use self::sections::store::StoreConfig;

/// The documented defaults, also the model of every section.
pub const DEFAULTS: &str = include_str!("../config/default.toml");

/// Everything that can be set, checked.
#[derive(Debug, Clone, Deserialize)]
pub struct Config {
    /// What clients talk to.
    pub server: ServerConfig,
    /// What operators talk to.
    pub ops: OpsConfig,
    /// Where the gateway keeps what it must remember.
    pub store: StoreConfig,
    /// The keys above what is sealed in the store.
    pub secrets: SecretsConfig,
    /// What the gateway says of itself.
    pub log: LogConfig,
    /// The Odoo databases, at least one; the first is the default.
    pub odoo: Vec<OdooConfig>,
    /// Who calls.
    pub auth: AuthConfig,
    /// Whether anybody may try it.
    pub demo: DemoConfig,
    /// Applications that act for users.
    pub oauth: OAuthConfig,
    /// What the gateway knows of Odoo's models.
    pub schema: SchemaConfig,
    /// What family C answers.
    pub restful: RestfulConfig,
    /// Requests that are signed.
    pub oauth1: OAuth1Config,
    #[serde(skip)]
    printable: Table,
    #[serde(skip)]
    file: Option<PathBuf>,
    #[serde(skip)]
    unused_variables: Vec<String>,
}

impl Config {
    /// Lays `file` and `environment` over the defaults and checks the outcome.
    ///
    /// # Errors
    /// Every mistake in every layer, each with its key and where it was written.
    pub fn load(
        file: Option<&Path>,
        environment: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Result<Self, Mistakes> {
        let mut mistakes = Mistakes::default();
        let model = merge::model().map_err(|cause| mistakes.take_with("config/default.toml", cause))?;
        let mut merged = merge::base(&model);
        if let Some(file) = file {
            file::overlay(&mut merged, &model, file, &mut mistakes);
        }
        let unused_variables = environment::overlay(&mut merged, &model, environment, &mut mistakes);
        merge::name_databases(&mut merged);
        let printable = print::redacted(&merged, &model);
        secret_files::fill(&mut merged, &model, &mut mistakes);
        match deserialize::config(merged, &model, &mut mistakes) {
            Some(config) if mistakes.is_empty() => {
                Ok(Self { printable, file: file.map(Path::to_owned), unused_variables, ..config })
            }
            _ => Err(mistakes),
        }
    }

    /// The file it was read from, if one was named.
    #[must_use]
    pub fn file(&self) -> Option<&Path> {
        self.file.as_deref()
    }

    /// The effective configuration as JSON, without secrets.
    ///
    /// # Errors
    /// When a value is none of JSON's, which none of the model is.
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
