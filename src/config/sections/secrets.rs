//! `[secrets]`: the source of the master keys.
//!
//! In: values of the right type. Out: [`SecretsConfig`]. Must not know: how keys are used.

use std::path::PathBuf;

use serde::Deserialize;

use crate::config::deserializers;

/// `[secrets]`.
#[derive(Debug, Clone, Deserialize)]
pub struct SecretsConfig {
    /// The file with the master keys; `None`: in the user's configuration folder.
    #[serde(deserialize_with = "deserializers::optional_path")]
    pub master_key_file: Option<PathBuf>,
    /// The program that prints the master keys, and its arguments; empty: no program.
    pub master_key_command: Vec<String>,
    /// Whether to create a missing file.
    pub create_master_key: CreateMasterKey,
}

/// When to create a missing master key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CreateMasterKey {
    /// Only with SQLite, where no other gateway needs the same key.
    Auto,
    /// With PostgreSQL too.
    Always,
    /// Never.
    Never,
}
