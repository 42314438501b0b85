//! `odoo-gateway check`: connects to everything the gateway needs and says what it found.
//!
//! In: a configuration, and perhaps a user who may look at fields. Out: a line a part, with how to mend what does not
//! work; whether all of it does. Must not know: other credentials. Without any, Odoo tells its version and whether a
//! database exists.

mod schemas;

use std::error::Error;
use std::io::{self, Write};
use std::sync::Arc;

pub use self::schemas::Reader;

use super::settings;
use crate::clock::Clock;
use crate::config::{Config, OdooConfig, StoreConfig};
use crate::odoo::{Failure, OdooClient, Transport};
use crate::secret::KeySources;
use crate::store::Store;
use crate::telemetry::metrics::Metrics;

/// The versions of Odoo that the gateway is made for.
const SUPPORTED: std::ops::RangeInclusive<u8> = 14..=19;

/// Checks the store and every database, for a `reader` also the schemas; `true` when all of it works.
///
/// # Errors
/// When `out` cannot be written to.
pub async fn check(config: &Config, reader: Option<&Reader>, clock: &Clock, out: &mut impl Write) -> io::Result<bool> {
    let mut whole = true;
    for warning in config.warnings() {
        writeln!(out, "warning  {warning}")?;
    }
    let mut report = |part: &str, found: Result<String, String>| {
        whole &= found.is_ok();
        match found {
            Ok(found) => writeln!(out, "ok       {part}: {found}"),
            Err(wrong) => writeln!(out, "FAILED   {part}: {wrong}"),
        }
    };
    report("store", store(&config.store).await)?;
    report("master key", master_key(config, clock).await)?;
    report("memory", super::close_memory().map(|()| "no core files, closed to other processes".to_owned()))?;
    for entry in &config.odoo {
        report(&format!("odoo {} ({})", entry.name, entry.url), odoo(entry, clock).await)?;
    }
    if schemas::has_schemas(&config.restful) {
        whole &= check_schemas(config, reader, clock, out).await?;
    }
    Ok(whole)
}

/// What an Odoo lacks is left out of answers, so it is worth a warning and no failure.
async fn check_schemas(
    config: &Config,
    reader: Option<&Reader>,
    clock: &Clock,
    out: &mut impl Write,
) -> io::Result<bool> {
    let Some(reader) = reader else {
        writeln!(
            out,
            "warning  schemas: not compared with Odoo's fields: --login LOGIN does it with that user's eyes"
        )?;
        return Ok(true);
    };
    let metrics = Arc::new(Metrics::new());
    let databases = match super::databases(config, clock, &metrics) {
        Ok(databases) => databases,
        Err(wrong) => {
            writeln!(out, "FAILED   schemas: {wrong}")?;
            return Ok(false);
        }
    };
    let mut whole = true;
    for database in databases.iter() {
        match schemas::compare(database, &config.restful, reader).await {
            Ok(unmet) if unmet.is_empty() => {
                writeln!(out, "ok       schemas in {}: every field is there", database.name)?
            }
            Ok(unmet) => {
                unmet.iter().try_for_each(|said| writeln!(out, "warning  schemas in {}: {said}", database.name))?
            }
            Err(wrong) => {
                whole = false;
                writeln!(out, "FAILED   schemas in {}: {wrong}", database.name)?;
            }
        }
    }
    Ok(whole)
}

async fn store(config: &StoreConfig) -> Result<String, String> {
    let version = async {
        let store = Store::open(config).await?;
        let version = store.version().await;
        store.close().await;
        version
    };
    version.await.map_err(|error| error.to_string())
}

/// Where the master key is, and whether it opens what is sealed in the store.
async fn master_key(config: &Config, clock: &Clock) -> Result<String, String> {
    let sources = super::key_sources(config).await.map_err(|error| error.to_string())?;
    let store = Store::open(&config.store).await.map_err(|error| error.to_string())?;
    let opened = opens(config, clock, &store, &sources).await;
    store.close().await;
    let found = sources.load().map_err(|error| error.to_string())?;
    let place = found.map(|(_, source)| source.to_string());
    match (opened.map_err(|error| error.to_string())?, place) {
        (true, place) => Ok(format!("{}; it opens what is sealed in the store", place.unwrap_or_default())),
        (false, Some(place)) => Ok(format!("{place}; nothing is sealed in the store yet")),
        (false, None) if settings::may_create_key(config) => {
            Ok(format!("not needed yet; the first secret that is kept makes it in {}", sources.file.display()))
        }
        (false, None) => Ok(format!(
            "not needed yet; make it in {} with `odoo-gateway keys add` before the first secret is kept",
            sources.file.display()
        )),
    }
}

/// `false`: there is nothing to open yet.
async fn opens(config: &Config, clock: &Clock, store: &Store, sources: &KeySources) -> Result<bool, Box<dyn Error>> {
    if !store.is_migrated().await? {
        return Ok(false);
    }
    let instance = store.instance(clock).await?;
    super::witness(store, sources, &instance).check().await?;
    Ok(super::vaults(config, store, &instance, sources.clone(), clock).existing().await?.is_some())
}

async fn odoo(entry: &OdooConfig, clock: &Clock) -> Result<String, String> {
    let (_, settings) = settings::odoo(entry).map_err(|error| error.to_string())?;
    let transport = Transport::new(entry.connect_timeout).map_err(|error| error.to_string())?;
    let client = OdooClient::new(settings, transport, Arc::new(Metrics::new()), clock.clone())
        .map_err(|error| error.to_string())?;
    let version = client
        .version()
        .await
        .map_err(|failure| told(failure, "Is Odoo running there? odoo.url is the address of Odoo itself."))?;
    if !SUPPORTED.contains(&version.major) {
        return Err(format!("Odoo {} is outside of 14 to 19, which the gateway is made for", version.server_version));
    }
    // Nobody logs in: Odoo says no, unless it has no such database.
    let nobody = client.authenticate("", &"".into()).await;
    nobody.map_err(|failure| told(failure, "odoo.database is Odoo's own name for the database."))?;
    Ok(format!("Odoo {}, database {}", version.server_version, entry.database))
}

fn told(failure: Failure, otherwise: &str) -> String {
    let problem = failure.into_problem();
    format!("{} {}", problem.detail, problem.hint.as_deref().unwrap_or(otherwise))
}
