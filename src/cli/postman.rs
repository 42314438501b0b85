//! Arguments of `odoo-gateway postman`.
//!
//! In: arguments, an OpenAPI document from a file or standard input. Out: the document. Must not know: what a
//! collection contains.

use std::io::Read as _;
use std::path::PathBuf;

use clap::Args;
use serde_json::Value;

/// What to print.
#[derive(Debug, Clone, PartialEq, Eq, Default, Args)]
pub struct PostmanCommand {
    /// Print the environment for the collection: the variables that a user sets
    #[arg(long)]
    environment: bool,
    /// Make the collection from this document, an output of `odoo-gateway openapi --models`; - is standard input
    #[arg(long, value_name = "FILE", conflicts_with = "environment")]
    document: Option<PathBuf>,
}

impl PostmanCommand {
    /// Whether to print the environment, not the collection.
    #[must_use]
    pub fn environment(&self) -> bool {
        self.environment
    }

    /// The document, if one was given.
    ///
    /// # Errors
    /// Fails if the file cannot be read or is not an OpenAPI document of version 3.1.
    pub fn document(&self) -> Result<Option<Value>, String> {
        let Some(path) = &self.document else { return Ok(None) };
        let mut text = String::new();
        let read = if path.as_os_str() == "-" {
            std::io::stdin().read_to_string(&mut text).map(|_| ())
        } else {
            std::fs::read_to_string(path).map(|content| text = content)
        };
        read.map_err(|error| format!("{}: {error}", path.display()))?;
        let document: Value = serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))?;
        let version = document.get("openapi").and_then(Value::as_str).unwrap_or_default();
        if version.starts_with("3.1") {
            return Ok(Some(document));
        }
        Err(format!("{} is not an OpenAPI document of version 3.1", path.display()))
    }
}
