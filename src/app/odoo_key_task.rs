//! Renews Odoo API keys that were used and end soon.
//!
//! In: uses of credentials. Out: log lines, metrics. Must not know: how keys are renewed.

use std::sync::Arc;

use tokio::sync::Semaphore;

use crate::admin::{Administration, OdooKeyOutcome};
use crate::auth::OdooKeyUses;
use crate::telemetry::metrics::{Metrics, count};

/// How many keys this gateway works on at once. Each occupies a call to Odoo, which users wait for, too.
const CONCURRENT: usize = 2;

/// The actor in the audit log.
const ACTOR: &str = "gateway";

/// Runs until it is aborted. What it has begun may then be half done; the next use of the key goes on with it.
pub(super) async fn run(uses: OdooKeyUses, admin: Administration, metrics: Arc<Metrics>) {
    let admin = admin.with_actor(ACTOR);
    let slots = Arc::new(Semaphore::new(CONCURRENT));
    loop {
        let used = uses.next().await;
        // Fails only for a closed semaphore, and nothing closes this one.
        let Ok(slot) = slots.clone().acquire_owned().await else { return };
        let (admin, metrics) = (admin.clone(), metrics.clone());
        tokio::spawn(async move {
            let outcome = match admin.check_odoo_key(&used).await {
                Ok(OdooKeyOutcome::Unchanged) => None,
                Ok(OdooKeyOutcome::Renewed) => Some("renewed"),
                Ok(OdooKeyOutcome::Revoked) => Some("revoked"),
                Ok(OdooKeyOutcome::Failed) => Some("failed"),
                Err(cause) => {
                    tracing::warn!(%cause, "an Odoo API key was not looked at; it is tried again");
                    Some("failed")
                }
            };
            if let Some(outcome) = outcome {
                count(&metrics.odoo_key_renewals, outcome);
            }
            drop(slot);
        });
    }
}
