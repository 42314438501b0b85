//! Reloads the configuration on SIGHUP.
//!
//! In: a function that reads the configuration. Out: other parts that serve requests, log lines. Must not know: where
//! the configuration comes from. A request sees one configuration: the stack that it began with is replaced as a whole.
//! A configuration with an error changes nothing.

use std::convert::Infallible;
use std::sync::Arc;

use tokio::signal::unix::Signal;
use tokio::sync::Mutex;

use super::served_parts::{LastingParts, ServedParts};
use super::{readiness, settings_from_config};
use crate::config::{Config, ConfigChanges, ConfigErrors};
use crate::http::middleware::CurrentStack;
use crate::odoo::Databases;
use crate::ops_server::Health;
use crate::telemetry::log_filter::LogFilter;
use crate::telemetry::metrics::{DatabaseLabels, WaitingLabels, count};
use crate::telemetry::odoo_call_metrics::CallClass;

/// Reads the configuration from its sources.
pub type LoadConfig = Arc<dyn Fn() -> Result<Config, ConfigErrors> + Send + Sync>;

/// What a reload replaces.
#[derive(Debug)]
pub(super) struct Reloader {
    lasting: LastingParts,
    served: Mutex<ServedParts>,
    stack: CurrentStack,
    health: Arc<Health>,
}

impl Reloader {
    /// `served`: the parts of `stack`.
    pub(super) fn new(lasting: LastingParts, served: ServedParts, stack: CurrentStack, health: Arc<Health>) -> Self {
        Self { lasting, served: Mutex::new(served), stack, health }
    }

    /// Reloads the configuration at each signal.
    pub(super) async fn run(&self, mut hangups: Signal, load: LoadConfig) -> Infallible {
        loop {
            if hangups.recv().await.is_none() {
                std::future::pending::<()>().await;
            }
            let load = load.clone();
            // It reads files.
            let loaded = tokio::task::spawn_blocking(move || load()).await;
            let result = match loaded {
                Ok(Ok(config)) => self.reload(&config).await,
                Ok(Err(errors)) => Err(errors.to_string()),
                Err(cause) => Err(cause.to_string()),
            };
            let outcome = if result.is_ok() { "applied" } else { "rejected" };
            count(&self.lasting.metrics.config_reloads, outcome);
            if let Err(cause) = result {
                tracing::error!(cause, "the configuration has an error and was not reloaded; nothing has changed");
            }
        }
    }

    /// Uses another configuration from now on. Settings that cannot change while the gateway runs stay.
    ///
    /// # Errors
    /// Why it cannot be used; then nothing has changed.
    pub(super) async fn reload(&self, new: &Config) -> Result<ConfigChanges, String> {
        let mut served = self.served.lock().await;
        let (config, changes) = served.config.reloaded(new);
        let next = self.lasting.next(config, &served).map_err(|cause| cause.to_string())?;
        let stack = self.lasting.stack(&next);
        // Also an equal filter ends a temporary one.
        if let Some(filter) = LogFilter::installed() {
            filter.set_configured(&next.config.log.filter).map_err(|cause| cause.to_string())?;
        }
        if next.config.auth.throttle != served.config.auth.throttle {
            self.lasting.throttle.set(settings_from_config::throttle(&next.config.auth.throttle));
        }
        self.stack.replace(stack);
        if next.databases != served.databases {
            self.health.replace_databases(readiness::database_checks(&next.databases));
            self.lasting.shared_limits.replace_databases(&next.databases);
            self.forget_removed(&served.databases, &next.databases);
        }
        self.lasting.shared_limits.replace_checks(next.check_slots());
        log(&changes, &next.config);
        *served = next;
        Ok(changes)
    }

    /// A removed database is neither up nor down. Its checks and its slots are gone, so nothing sets these again.
    fn forget_removed(&self, before: &Databases, now: &Databases) {
        for database in before.iter().map(|database| database.name.to_string()) {
            if !now.iter().any(|present| present.name.as_str() == database) {
                let labels = DatabaseLabels { database };
                self.lasting.metrics.odoo_up.remove(&labels);
                self.lasting.metrics.odoo_slots.remove(&labels);
                for class in CallClass::ALL.map(CallClass::label) {
                    let labels = WaitingLabels { database: labels.database.clone(), class };
                    self.lasting.metrics.odoo_calls_waiting.remove(&labels);
                }
            }
        }
    }
}

fn log(changes: &ConfigChanges, config: &Config) {
    let applied = changes.applied.join(", ");
    tracing::info!(changed = applied, "the configuration was reloaded");
    if !changes.need_restart.is_empty() {
        let settings = changes.need_restart.join(", ");
        tracing::warn!(settings, "these settings have changed, too, but take effect only at the next start");
    }
    if !changes.applied.is_empty() {
        config.warnings().iter().for_each(|warning| tracing::warn!("{warning}"));
    }
}
