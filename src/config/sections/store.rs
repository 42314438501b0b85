//! `[store]`: where the gateway keeps what it must remember.

use std::time::Duration;

use secrecy::SecretString;
use serde::Deserialize;

use super::{HOUR, MILLISECOND, Section};
use crate::config::{DatabaseUrl, deserializers};

/// `[store]`.
#[derive(Debug, Clone, Deserialize)]
pub struct StoreConfig {
    /// The database.
    pub url: DatabaseUrl,
    /// Its password, when the URL has none; the content of `password_file`, when that is given.
    #[serde(deserialize_with = "deserializers::optional_secret")]
    pub password: Option<SecretString>,
    /// Connections at one time.
    #[serde(deserialize_with = "deserializers::count")]
    pub max_connections: u32,
    /// For a free connection.
    #[serde(deserialize_with = "deserializers::duration")]
    pub acquire_timeout: Duration,
    /// SQLite: for another one's write.
    #[serde(deserialize_with = "deserializers::duration")]
    pub busy_timeout: Duration,
}

impl StoreConfig {
    pub(super) fn validate(&self, section: &mut Section<'_>) {
        section.number("max_connections", self.max_connections, 1..=1000);
        section.duration("acquire_timeout", self.acquire_timeout, MILLISECOND..=HOUR);
        section.duration("busy_timeout", self.busy_timeout, MILLISECOND..=HOUR);
        match (&self.url, &self.password) {
            (DatabaseUrl::Postgres { password: Some(_), .. }, Some(_)) => {
                section.wrong("password", "store.url holds a password too: keep one of them");
            }
            (DatabaseUrl::Sqlite { .. }, Some(_)) => section.wrong("password", "SQLite takes no password"),
            _ => {}
        }
    }
}
