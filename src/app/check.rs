//! `odoo-gateway check`: tests everything that the gateway depends on.
//!
//! In: a configuration, and optionally a user whose access rights apply to fields. Out: a [`Finding`] for each part,
//! with what to fix. Must not know: other credentials, how findings are printed. Odoo reports its version and whether
//! a database exists without a credential. The command creates nothing: no store, no key, no folder.

mod advice;
mod finding;
mod schemas;

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

pub use self::finding::{Finding, Verdict};
pub use self::schemas::CheckUser;

use super::settings_from_config;
use crate::auth::{KeyProvider, MasterKeyState};
use crate::clock::Clock;
use crate::config::{Config, OdooConfig, StoreConfig};
use crate::odoo::{OdooClient, OdooError, Transport};
use crate::secret::KeySources;
use crate::store::Store;
use crate::telemetry::metrics::Metrics;

/// The supported versions of Odoo.
const SUPPORTED: std::ops::RangeInclusive<u8> = 14..=19;

/// Maximum duration of each call to Odoo.
const ODOO_LIMIT: Duration = Duration::from_secs(10);

/// Checks the store, the master key and every database, and with a `user` also the response schemas.
pub async fn check(config: &Config, user: Option<&CheckUser>, clock: &Clock) -> Vec<Finding> {
    let mut found: Vec<Finding> =
        config.warnings().into_iter().map(|text| Finding::warning("settings", text)).collect();
    found.push(Finding::from_result("store", store(&config.store).await));
    found.push(master_key(config, clock).await);
    found.extend(advice::ending_keys(&config.store, clock).await);
    found.extend(advice::hidden_clients(&config.server));
    let hardening =
        super::disable_core_dumps().map(|()| "core files and inspection by other processes are disabled".to_owned());
    found.push(Finding::from_result("memory", hardening));
    for entry in &config.odoo {
        let part = format!("odoo {} ({})", entry.name, entry.url);
        match client(entry, clock) {
            Ok(client) => {
                found.push(Finding::from_result(&part, odoo(entry, &client).await));
                let difference = client.server_time(ODOO_LIMIT).await.map(|theirs| theirs - clock.now());
                found.extend(advice::wrong_clock(&part, difference));
            }
            Err(error) => found.push(Finding::from_result(&part, Err(error))),
        }
    }
    if schemas::has_schemas(&config.restful) {
        found.extend(check_schemas(config, user, clock).await);
    }
    found
}

/// A field that Odoo does not have is omitted from responses, so it is a warning and not a failure.
async fn check_schemas(config: &Config, user: Option<&CheckUser>, clock: &Clock) -> Vec<Finding> {
    let Some(user) = user else {
        let text = "not compared with Odoo's fields: use --login LOGIN to compare them as that user";
        return vec![Finding::warning("schemas", text)];
    };
    let databases = match super::databases(config, clock, &Arc::new(Metrics::new())) {
        Ok(databases) => databases,
        Err(error) => return vec![Finding::from_result("schemas", Err(error.to_string()))],
    };
    let mut found = Vec::new();
    for database in databases.iter() {
        let part = format!("schemas in {}", database.name);
        match schemas::compare(database, &config.restful, user).await {
            Ok(unmet) if unmet.is_empty() => found.push(Finding::from_result(&part, Ok("all fields exist".to_owned()))),
            Ok(unmet) => found.extend(unmet.into_iter().map(|text| Finding::warning(&part, text))),
            Err(error) => found.push(Finding::from_result(&part, Err(error))),
        }
    }
    found
}

async fn store(config: &StoreConfig) -> Result<String, String> {
    let version = async {
        let Some(store) = Store::open_existing(config).await? else {
            return Ok(format!(
                "does not exist yet; the first start creates it in {}",
                Store::configured_location(config)?
            ));
        };
        let version = store.version().await;
        store.close().await;
        version
    };
    version.await.map_err(|error: crate::store::StoreError| error.to_string())
}

/// Checks the source of the master key, and whether it opens the secrets in the store.
async fn master_key(config: &Config, clock: &Clock) -> Finding {
    let found = async {
        let sources = super::key_sources(config).await?;
        match Store::open_existing(&config.store).await? {
            None => without_store(config, &sources),
            Some(store) => {
                let found = with_store(config, clock, &store, &sources).await;
                store.close().await;
                found
            }
        }
    };
    match found.await {
        Ok(state) if state.is_missing() => Finding::warning("master key", state.to_string()),
        other => {
            Finding::from_result("master key", other.map(|state| state.to_string()).map_err(|error| error.to_string()))
        }
    }
}

type KeyFound = Result<MasterKeyState, Box<dyn Error>>;

/// Without a store there are no sealed secrets.
fn without_store(config: &Config, sources: &KeySources) -> KeyFound {
    Ok(KeyProvider::inspect_unused(sources, settings_from_config::may_create_key(config))?)
}

async fn with_store(config: &Config, clock: &Clock, store: &Store, sources: &KeySources) -> KeyFound {
    if !store.is_migrated().await? {
        return without_store(config, sources);
    }
    let instance = store.instance(clock).await?;
    super::rollback_detector(store, sources, &instance).check().await?;
    Ok(super::key_provider(config, store, &instance, sources.clone(), clock).inspect().await?)
}

fn client(entry: &OdooConfig, clock: &Clock) -> Result<OdooClient, String> {
    let (_, settings) = settings_from_config::odoo(entry).map_err(|error| error.to_string())?;
    let transport = Transport::new(entry.connect_timeout, entry.keep_idle).map_err(|error| error.to_string())?;
    OdooClient::new(settings, transport, Arc::new(Metrics::new()), clock.clone()).map_err(|error| error.to_string())
}

async fn odoo(entry: &OdooConfig, client: &OdooClient) -> Result<String, String> {
    let version = client.probe(ODOO_LIMIT).await.map_err(|error| format!("{error}."))?;
    if !SUPPORTED.contains(&version.major) {
        return Err(format!("Odoo {} is not supported; the gateway supports Odoo 14 to 19", version.server_version));
    }
    // An empty login is rejected, unless Odoo has no such database, or the database is not Odoo's.
    let rejected = client.authenticate("", &"".into()).await;
    rejected.map_err(describe)?;
    Ok(format!("Odoo {}, database {}", version.server_version, entry.database))
}

fn describe(failure: OdooError) -> String {
    let problem = failure.into_problem();
    format!(
        "{} {}",
        problem.detail,
        problem.hint.as_deref().unwrap_or("Set odoo.database to the name of the database in Odoo.")
    )
}
