//! The gateway's own credentials: lifecycle, access, and resistance to theft.

mod access_tokens;
mod api_keys;
mod backup_restore;
mod command_line;
mod concurrency;
mod crash_recovery;
mod full_disk;
mod lifecycle;
mod login_tokens;
mod memory;
mod odoo_key_renewal;
mod odoo_key_tokens;
mod odoo_keys;
mod rotation;
mod scope_escapes;
mod store_outage;
mod token_theft;

use std::path::Path;

use odoo_gateway::admin::{Administration, NewApiKey};
use odoo_gateway::app;
use odoo_gateway::clock::Clock;
use odoo_gateway::config::Config;
use odoo_gateway::store::{KeyTerms, StoredToken};

use crate::support::{Version, testbed};

/// A key for the user `internal` with their Odoo API key, without expiry and with the full scope.
pub(crate) fn new_key(version: Version, name: &str) -> NewApiKey {
    NewApiKey {
        database: Some(version.database().to_owned()),
        login: "internal".to_owned(),
        secret: testbed().api_key(version).into(),
        ..new_key_without_user(name)
    }
}

fn new_key_without_user(name: &str) -> NewApiKey {
    NewApiKey {
        database: None,
        login: String::new(),
        secret: "".into(),
        scope: "\"all\"".to_owned(),
        not_after: None,
        terms: KeyTerms::unlimited(name),
    }
}

/// Creates a key as in [`new_key`]. Returns its row and the key.
pub(crate) async fn key(admin: &Administration, version: Version, name: &str) -> (StoredToken, String) {
    let (row, token) = admin.create_key(new_key(version, name)).await.unwrap();
    (row, token.expose().to_owned())
}

/// A key for this user of this database, with their password.
pub(crate) fn new_key_of(database: &str, name: &str, login: &str, password: &str) -> NewApiKey {
    NewApiKey {
        database: Some(database.to_owned()),
        login: login.to_owned(),
        secret: password.into(),
        ..new_key_without_user(name)
    }
}

/// The administrator's operations on the store of the gateway in this folder.
pub(crate) async fn administration(folder: &Path, settings: &[(&str, &str)]) -> Administration {
    let store = url(folder);
    let all = settings.iter().copied().chain([("ODOO_GATEWAY__STORE__URL", store.as_str())]);
    let config = Config::load(None, all.map(|(name, value)| (name.into(), value.into()))).unwrap();
    app::administration(&config, Clock::system()).await.unwrap()
}

/// The administrator's operations with exactly these settings.
pub(crate) async fn administration_of(settings: &[(&str, &str)]) -> Administration {
    let all = settings.iter().map(|(name, value)| (name.into(), value.into()));
    app::administration(&Config::load(None, all).unwrap(), Clock::system()).await.unwrap()
}

/// The URL of the store of the gateway in this folder.
pub(crate) fn url(folder: &Path) -> String {
    format!("sqlite:{}", folder.join(".data/gateway.db").display())
}
