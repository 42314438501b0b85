//! The health of everything that the gateway depends on: the store, the master key, each Odoo.
//!
//! In: nothing. Out: what was found and how long it took, with details for operators. Must not know: who asks.

use std::time::{Duration, Instant};

use futures_util::future::join_all;

use super::Administration;
use crate::odoo::Database;

/// How long an Odoo may take to respond.
const ODOO_LIMIT: Duration = Duration::from_secs(3);

/// The health of one part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartHealth {
    /// The store, the master key, or the configured name of a database.
    pub name: String,
    /// What was found; or why the part cannot be used, and what to do.
    pub found: Result<String, String>,
    /// How long the check took.
    pub latency: Duration,
    /// For an Odoo: the state of its circuit breaker.
    pub breaker: Option<BreakerState>,
}

/// The state of the circuit breaker of an Odoo.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BreakerState {
    /// Requests are sent to Odoo.
    Closed,
    /// Requests are rejected, for this long.
    Open(Duration),
}

/// The health of all parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HealthOverview {
    /// The store and the master key.
    pub gateway: Vec<PartHealth>,
    /// The Odoo databases, in the configured order.
    pub odoo: Vec<PartHealth>,
}

impl HealthOverview {
    /// Whether requests can be served: the gateway itself works, and at least one Odoo.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.gateway.iter().all(|part| part.found.is_ok()) && self.odoo.iter().any(|part| part.found.is_ok())
    }
}

impl Administration {
    /// Checks all parts at the same time.
    pub async fn health(&self) -> HealthOverview {
        let odoo = join_all(self.databases.iter().map(|database| check_odoo(database)));
        let (store, key, odoo) = tokio::join!(self.check_store(), self.check_master_key(), odoo);
        HealthOverview { gateway: vec![store, key], odoo }
    }

    async fn check_store(&self) -> PartHealth {
        let started = Instant::now();
        let checked = async {
            self.store.ping().await?;
            self.store.version().await
        };
        let checked = tokio::time::timeout(self.store.response_timeout(), checked).await;
        let found = match checked {
            Ok(Ok(version)) => Ok(format!("{version} at {}", self.store.location())),
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err("it does not answer".to_owned()),
        };
        part("Store", found, started)
    }

    async fn check_master_key(&self) -> PartHealth {
        let started = Instant::now();
        let found = self.key_provider.inspect().await;
        part("Master key", found.map(|state| state.to_string()).map_err(|error| error.to_string()), started)
    }
}

async fn check_odoo(database: &Database) -> PartHealth {
    let (settings, started) = (database.client.settings(), Instant::now());
    let location = format!("database {} at {}", settings.database.as_str(), settings.url);
    let found = match database.client.probe(ODOO_LIMIT).await {
        Ok(version) => Ok(format!("Odoo {}, {location}", version.server_version)),
        Err(error) => Err(format!("{location}: {error}.")),
    };
    let breaker = database.client.breaker_pause().map_or(BreakerState::Closed, BreakerState::Open);
    PartHealth { breaker: Some(breaker), ..part(database.name.as_str(), found, started) }
}

fn part(name: &str, found: Result<String, String>, started: Instant) -> PartHealth {
    PartHealth { name: name.to_owned(), found, latency: started.elapsed(), breaker: None }
}
