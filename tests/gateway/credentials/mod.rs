//! The gateway's own credentials: their life, what a thief gets, what they open.

mod access_tokens;
mod api_keys;
mod command_line;
mod escapes;
mod full_disk;
mod killed;
mod login_tokens;
mod odoo_keys;
mod restored;
mod rotation;
mod seats;
mod story;
mod theft;

use std::path::Path;

use odoo_gateway::admin::{Administration, WantedKey};
use odoo_gateway::app;
use odoo_gateway::clock::Clock;
use odoo_gateway::config::Config;
use odoo_gateway::store::{KeyTerms, StoredToken};

use crate::support::{Version, stand};

/// A key for the user `internal`, with the Odoo API key behind it, that ends never and may all.
pub(crate) fn wanted(version: Version, name: &str) -> WantedKey {
    WantedKey {
        database: Some(version.database().to_owned()),
        login: "internal".to_owned(),
        secret: stand().api_key(version).into(),
        ..wanted_without_user(name)
    }
}

fn wanted_without_user(name: &str) -> WantedKey {
    WantedKey {
        database: None,
        login: String::new(),
        secret: "".into(),
        scope: "\"all\"".to_owned(),
        not_after: None,
        terms: KeyTerms {
            name: name.to_owned(),
            needs_login_token: false,
            may_mint_for_others: false,
            networks: Vec::new(),
            rate: None,
            concurrent: None,
        },
    }
}

/// A key as [`wanted`], in clear, with its row.
pub(crate) async fn key(admin: &Administration, version: Version, name: &str) -> (StoredToken, String) {
    let (row, token) = admin.create_key(wanted(version, name)).await.unwrap();
    (row, token.expose().to_owned())
}

/// A key for this user of this database, with his password behind it.
pub(crate) fn wanted_by(database: &str, name: &str, login: &str, password: &str) -> WantedKey {
    WantedKey {
        database: Some(database.to_owned()),
        login: login.to_owned(),
        secret: password.into(),
        ..wanted_without_user(name)
    }
}

/// What an administrator does beside the gateway in this folder.
pub(crate) async fn administration(folder: &Path, settings: &[(&str, &str)]) -> Administration {
    let store = url(folder);
    let all = settings.iter().copied().chain([("ODOO_GATEWAY__STORE__URL", store.as_str())]);
    let config = Config::load(None, all.map(|(name, value)| (name.into(), value.into()))).unwrap();
    app::administration(&config, Clock::system()).await.unwrap()
}

/// What an administrator does with these settings and no others.
pub(crate) async fn administration_of(settings: &[(&str, &str)]) -> Administration {
    let all = settings.iter().map(|(name, value)| (name.into(), value.into()));
    app::administration(&Config::load(None, all).unwrap(), Clock::system()).await.unwrap()
}

/// Where the gateway in this folder keeps its store.
pub(crate) fn url(folder: &Path) -> String {
    format!("sqlite:{}", folder.join(".data/gateway.db").display())
}
