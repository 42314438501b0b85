//! `[store]`: the database of the gateway.
//!
//! In: values of the right type. Out: errors for values out of bounds. Must not know: SQL.

use std::time::Duration;

use secrecy::SecretString;
use serde::Deserialize;

use super::{HOUR, MILLISECOND, Section};
use crate::config::{DatabaseUrl, deserializers};

/// `[store]`.
#[derive(Debug, Clone, Deserialize)]
pub struct StoreConfig {
    /// The URL of the database.
    pub url: DatabaseUrl,
    /// The PostgreSQL password, or the content of `password_file`; `None` if it is in the URL or not needed.
    #[serde(deserialize_with = "deserializers::optional_secret")]
    pub password: Option<SecretString>,
    /// Maximum number of open connections.
    #[serde(deserialize_with = "deserializers::count")]
    pub max_connections: u32,
    /// Maximum wait for a free connection.
    #[serde(deserialize_with = "deserializers::duration")]
    pub acquire_timeout: Duration,
    /// SQLite: maximum wait for another write.
    #[serde(deserialize_with = "deserializers::duration")]
    pub busy_timeout: Duration,
    /// The interval at which changes of credentials are detected.
    #[serde(deserialize_with = "deserializers::duration")]
    pub credential_poll: Duration,
    /// How long credentials that were verified before are accepted while the store cannot be reached.
    #[serde(deserialize_with = "deserializers::duration")]
    pub outage_grace: Duration,
}

/// With a longer interval, a revocation by another process could take longer than a second.
const MAX_CREDENTIAL_POLL: Duration = Duration::from_millis(500);
const MAX_OUTAGE_GRACE: Duration = Duration::from_secs(10 * 60);

impl StoreConfig {
    pub(super) fn validate(&self, section: &mut Section<'_>) {
        section.check_number("max_connections", self.max_connections, 1..=1000);
        section.check_duration("acquire_timeout", self.acquire_timeout, MILLISECOND..=HOUR);
        section.check_duration("busy_timeout", self.busy_timeout, MILLISECOND..=HOUR);
        section.check_duration("credential_poll", self.credential_poll, 10 * MILLISECOND..=MAX_CREDENTIAL_POLL);
        section.check_duration("outage_grace", self.outage_grace, Duration::ZERO..=MAX_OUTAGE_GRACE);
        match (&self.url, &self.password) {
            (DatabaseUrl::Postgres { password: Some(_), .. }, Some(_)) => {
                section.add_error("password", "store.url contains a password too; remove one of them");
            }
            (DatabaseUrl::Sqlite { .. }, Some(_)) => {
                section.add_error("password", "SQLite does not use a password; remove it")
            }
            _ => {}
        }
    }
}
