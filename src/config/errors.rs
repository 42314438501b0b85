//! Configuration errors: all of them, each with its key and origin.
//!
//! In: keys such as `odoo[0].url`, messages. Out: a list for people. Must not know: the values of secrets.

use std::collections::BTreeMap;
use std::fmt;

/// One invalid setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    /// The key, such as `server.listen` or `odoo[0].url`; the name of the file if the file itself is invalid.
    pub key: String,
    /// Where the value was set, such as `gateway.toml line 4` or `ODOO_URL`. `None`: it is the default.
    pub origin: Option<String>,
    /// What is wrong and what was expected.
    pub message: String,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.origin {
            Some(origin) => write!(out, "{} ({origin}): {}", self.key, self.message),
            None => write!(out, "{}: {}", self.key, self.message),
        }
    }
}

/// All configuration errors, in the order in which they were found. Displays one error per line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ConfigErrors {
    found: Vec<ConfigError>,
    origins: BTreeMap<String, String>,
}

impl std::error::Error for ConfigErrors {}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let noun = if self.found.len() == 1 { "error" } else { "errors" };
        write!(out, "The configuration has {} {noun}:", self.found.len())?;
        self.found.iter().try_for_each(|error| write!(out, "\n  {error}"))
    }
}

impl ConfigErrors {
    /// Iterates over the errors in the order in which they were found.
    pub fn iter(&self) -> impl Iterator<Item = &ConfigError> {
        self.found.iter()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// Records where a key was set; a later layer replaces the origin of an earlier one.
    pub(super) fn record_origin(&mut self, key: &str, origin: &str) {
        self.origins.insert(key.to_owned(), origin.to_owned());
    }

    /// Adds an error. An element of a list without an origin of its own has the origin of the list.
    pub(super) fn add(&mut self, key: &str, message: impl fmt::Display) {
        let list = key.strip_suffix(']').and_then(|open| open.rsplit_once('[')).map_or(key, |(list, _)| list);
        let origin = self.origins.get(key).or_else(|| self.origins.get(list)).cloned();
        self.found.push(ConfigError { key: key.to_owned(), origin, message: message.to_string() });
    }

    /// Adds a final error and returns all errors.
    pub(super) fn finish_with(&mut self, key: &str, message: impl fmt::Display) -> Self {
        self.add(key, message);
        std::mem::take(self)
    }
}
