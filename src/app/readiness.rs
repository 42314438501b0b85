//! What readiness depends on: the store, the master key, the databases of Odoo.
//!
//! In: the store, the keys, the databases. Out: [`Health`]. Must not know: who probes.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::auth::Vaults;
use crate::odoo::{Database, Databases};
use crate::ops::{Check, Health, Outcome};
use crate::store::Store;

/// How long Odoo may take: less than a check may, so that it is said what was waited for.
const ODOO_LIMIT: Duration = Duration::from_millis(1800);
/// An Odoo that takes connections and is slow counts as usable for so long after it last answered: all its workers may
/// be busy with reports, and taking the gateway out of the balance would not help it.
const SLOW_FOR: Duration = Duration::from_secs(60);

/// The checks behind `/readyz`.
pub(super) fn health(store: &Store, vaults: &Vaults, databases: &Databases) -> Health {
    let (store, vaults) = (store.clone(), vaults.clone());
    let health = Health::new()
        .check(Check::needed("store", move || {
            let store = store.clone();
            async move {
                store.ping().await.map_err(|error| error.to_string())?;
                store
                    .version()
                    .await
                    .map(|version| format!("{version} at {}", store.place()))
                    .map_err(|error| error.to_string())
            }
        }))
        .check(Check::needed("master key", move || {
            let vaults = vaults.clone();
            async move { vaults.inspect().await.map(|state| state.to_string()).map_err(|error| error.to_string()) }
        }));
    databases.iter().fold(health, |health, database| {
        let (checked, answered) = (database.clone(), Arc::new(Mutex::new(None)));
        health.check(Check::database(database.name.as_str(), move || {
            let (database, answered) = (checked.clone(), Arc::clone(&answered));
            async move { odoo(&database, &answered).await }
        }))
    })
}

/// `answered`: when Odoo last did, and what was found.
async fn odoo(database: &Database, answered: &Mutex<Option<(Instant, String)>>) -> Outcome {
    let settings = database.client.settings();
    let place = format!("database {} at {}", settings.database.as_str(), settings.url);
    match database.client.probe(ODOO_LIMIT).await {
        Ok(version) => {
            let found = format!("Odoo {}, {place}", version.server_version);
            *answered.lock().unwrap_or_else(PoisonError::into_inner) = Some((Instant::now(), found.clone()));
            Ok(found)
        }
        Err(trouble) => match &*answered.lock().unwrap_or_else(PoisonError::into_inner) {
            Some((at, found)) if trouble.is_only_slow() && at.elapsed() < SLOW_FOR => Ok(found.clone()),
            _ => Err(format!("{place}: {trouble}.")),
        },
    }
}
