//! `odoo-gateway check`: connects to everything the gateway needs and says what it found.
//!
//! In: a configuration, and perhaps a user who may look at fields. Out: a [`Finding`] for each part, with how to mend what
//! does not work. Must not know: other credentials, how findings are printed. Without a credential Odoo tells its version
//! and whether a database exists. Nothing is made: no store, no key, no folder.

mod finding;
mod schemas;

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

pub use self::finding::{Finding, Verdict};
pub use self::schemas::Reader;

use super::settings;
use crate::auth::{MasterKeyState, Vaults};
use crate::clock::Clock;
use crate::config::{Config, OdooConfig, StoreConfig};
use crate::odoo::{Failure, OdooClient, Transport};
use crate::secret::KeySources;
use crate::store::Store;
use crate::telemetry::metrics::Metrics;

/// The versions of Odoo that the gateway is made for.
const SUPPORTED: std::ops::RangeInclusive<u8> = 14..=19;

/// How long each question to Odoo may take.
const ODOO_LIMIT: Duration = Duration::from_secs(10);

/// Checks the store, the master key and every database, for a `reader` also the schemas.
pub async fn check(config: &Config, reader: Option<&Reader>, clock: &Clock) -> Vec<Finding> {
    let mut found: Vec<Finding> =
        config.warnings().into_iter().map(|text| Finding::warning("settings", text)).collect();
    found.push(Finding::of("store", store(&config.store).await));
    found.push(master_key(config, clock).await);
    let closed = super::close_memory().map(|()| "no core files, closed to other processes".to_owned());
    found.push(Finding::of("memory", closed));
    for entry in &config.odoo {
        found.push(Finding::of(&format!("odoo {} ({})", entry.name, entry.url), odoo(entry, clock).await));
    }
    if schemas::has_schemas(&config.restful) {
        found.extend(check_schemas(config, reader, clock).await);
    }
    found
}

/// What an Odoo lacks is left out of answers, so it is worth a warning and no failure.
async fn check_schemas(config: &Config, reader: Option<&Reader>, clock: &Clock) -> Vec<Finding> {
    let Some(reader) = reader else {
        let text = "not compared with Odoo's fields: --login LOGIN does it with that user's eyes";
        return vec![Finding::warning("schemas", text)];
    };
    let databases = match super::databases(config, clock, &Arc::new(Metrics::new())) {
        Ok(databases) => databases,
        Err(wrong) => return vec![Finding::of("schemas", Err(wrong.to_string()))],
    };
    let mut found = Vec::new();
    for database in databases.iter() {
        let part = format!("schemas in {}", database.name);
        match schemas::compare(database, &config.restful, reader).await {
            Ok(unmet) if unmet.is_empty() => found.push(Finding::of(&part, Ok("every field is there".to_owned()))),
            Ok(unmet) => found.extend(unmet.into_iter().map(|text| Finding::warning(&part, text))),
            Err(wrong) => found.push(Finding::of(&part, Err(wrong))),
        }
    }
    found
}

async fn store(config: &StoreConfig) -> Result<String, String> {
    let version = async {
        let Some(store) = Store::open_existing(config).await? else {
            return Ok(format!("not there yet; the first start makes it in {}", Store::place_of(config)?));
        };
        let version = store.version().await;
        store.close().await;
        version
    };
    version.await.map_err(|error: crate::store::StoreError| error.to_string())
}

/// Where the master key is, and whether it opens what is sealed in the store.
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
        other => Finding::of("master key", other.map(|state| state.to_string()).map_err(|wrong| wrong.to_string())),
    }
}

type KeyFound = Result<MasterKeyState, Box<dyn Error>>;

/// Nothing can be sealed in a store that is not there.
fn without_store(config: &Config, sources: &KeySources) -> KeyFound {
    Ok(Vaults::inspect_unneeded(sources, settings::may_create_key(config))?)
}

async fn with_store(config: &Config, clock: &Clock, store: &Store, sources: &KeySources) -> KeyFound {
    if !store.is_migrated().await? {
        return without_store(config, sources);
    }
    let instance = store.instance(clock).await?;
    super::witness(store, sources, &instance).check().await?;
    Ok(super::vaults(config, store, &instance, sources.clone(), clock).inspect().await?)
}

async fn odoo(entry: &OdooConfig, clock: &Clock) -> Result<String, String> {
    let (_, settings) = settings::odoo(entry).map_err(|error| error.to_string())?;
    let transport = Transport::new(entry.connect_timeout, entry.keep_idle).map_err(|error| error.to_string())?;
    let client = OdooClient::new(settings, transport, Arc::new(Metrics::new()), clock.clone())
        .map_err(|error| error.to_string())?;
    let version = client.probe(ODOO_LIMIT).await.map_err(|trouble| format!("{trouble}."))?;
    if !SUPPORTED.contains(&version.major) {
        return Err(format!("Odoo {} is outside of 14 to 19, which the gateway is made for", version.server_version));
    }
    // Nobody logs in: Odoo says no, unless it has no such database, or one that is not Odoo's.
    let nobody = client.authenticate("", &"".into()).await;
    nobody.map_err(told)?;
    Ok(format!("Odoo {}, database {}", version.server_version, entry.database))
}

fn told(failure: Failure) -> String {
    let problem = failure.into_problem();
    format!(
        "{} {}",
        problem.detail,
        problem.hint.as_deref().unwrap_or("odoo.database is Odoo's own name for the database.")
    )
}
