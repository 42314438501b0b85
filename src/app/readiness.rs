//! The health checks of the gateway: the store, the master key, the Odoo databases.
//!
//! In: the store, the keys, the databases. Out: [`Health`], [`Check`]s of databases. Must not know: HTTP.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::lease_task::SharedLimits;
use crate::auth::KeyProvider;
use crate::odoo::{Database, Databases};
use crate::ops_server::{Check, CheckResult, Health};
use crate::store::{Store, StoreContact};

/// Maximum time for Odoo: less than the timeout of a check, so that the reason can name what timed out.
const ODOO_LIMIT: Duration = Duration::from_millis(1800);
/// How long an Odoo that accepts connections but is slow counts as usable after its last response: all its workers
/// may be busy with reports, and removing the gateway from the load balancer would not help.
const SLOW_TOLERANCE: Duration = Duration::from_secs(60);

/// Creates the checks of `/readyz`, without those of the databases.
pub(super) fn health(store: &Store, key_provider: &KeyProvider, shared_limits: &SharedLimits) -> Health {
    let (store, key_provider) = (store.clone(), key_provider.clone());
    // While the store cannot be reached, requests with known credentials are served for a time. The keys are in memory.
    let changes = store.credential_changes().clone();
    let is_bridged = move || changes.contact(Instant::now()) == StoreContact::Bridged;
    let store_check = Check::required("store", move || {
        let store = store.clone();
        async move { check_store(&store).await }
    });
    let key_check = Check::required("master key", move || {
        let key_provider = key_provider.clone();
        async move { key_provider.inspect().await.map(|state| state.to_string()).map_err(|error| error.to_string()) }
    });
    let health = Health::new().check(store_check.tolerate(is_bridged.clone())).check(key_check.tolerate(is_bridged));
    if shared_limits.describe().is_none() {
        return health;
    }
    // The gateway works with what it holds, so this alone does not make it unusable.
    let shared_limits = shared_limits.clone();
    let limits_check = Check::required("shared limits", move || {
        let described = shared_limits.describe().unwrap_or_else(|| Ok(String::new()));
        async move { described }
    });
    health.check(limits_check.tolerate(|| true))
}

/// Creates the checks of the databases.
pub(super) fn database_checks(databases: &Databases) -> Vec<Check> {
    let check = |database: &Arc<Database>| {
        let (checked, last) = (database.clone(), Arc::new(Mutex::new(None)));
        Check::database(database.name.as_str(), move || {
            let (database, last) = (checked.clone(), Arc::clone(&last));
            async move { check_odoo(&database, &last).await }
        })
    };
    databases.iter().map(check).collect()
}

async fn check_store(store: &Store) -> CheckResult {
    let checked = async {
        store.ping().await?;
        store.version().await
    };
    match checked.await {
        Ok(version) => Ok(format!("{version} at {}", store.location())),
        Err(error) if store.credential_changes().contact(Instant::now()) == StoreContact::Bridged => {
            Err(format!("{error}; only credentials that were verified before are accepted, for store.outage_grace"))
        }
        Err(error) => Err(error.to_string()),
    }
}

/// Checks an Odoo database. `last`: the time and description of its last response.
async fn check_odoo(database: &Database, last: &Mutex<Option<(Instant, String)>>) -> CheckResult {
    let settings = database.client.settings();
    let location = format!("database {} at {}", settings.database.as_str(), settings.url);
    match database.client.probe(ODOO_LIMIT).await {
        Ok(version) => {
            let found = format!("Odoo {}, {location}", version.server_version);
            *last.lock().unwrap_or_else(PoisonError::into_inner) = Some((Instant::now(), found.clone()));
            Ok(found)
        }
        Err(error) => match &*last.lock().unwrap_or_else(PoisonError::into_inner) {
            Some((at, found)) if error.is_only_slow() && at.elapsed() < SLOW_TOLERANCE => Ok(found.clone()),
            _ => Err(format!("{location}: {error}.")),
        },
    }
}
