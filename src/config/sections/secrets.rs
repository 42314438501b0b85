//! `[secrets]`: the keys above what is sealed in the store.

use std::path::PathBuf;

use serde::Deserialize;

use crate::config::deserializers;

/// `[secrets]`.
#[derive(Debug, Clone, Deserialize)]
pub struct SecretsConfig {
    /// The file of master keys; `None`: where the user keeps his settings.
    #[serde(deserialize_with = "deserializers::optional_path")]
    pub master_key_file: Option<PathBuf>,
    /// The program that prints master keys, with its arguments; empty: there is none.
    pub master_key_command: Vec<String>,
    /// Whether a missing file is made.
    pub create_master_key: Create,
}

/// Whether a missing master key is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Create {
    /// Where no other gateway could need the same one: with SQLite.
    Auto,
    /// With PostgreSQL too.
    Always,
    /// It has to be there.
    Never,
}
