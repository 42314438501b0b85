//! What serves requests: the parts that a reload of the configuration rebuilds, and the parts that outlive it.
//!
//! In: the configuration, the parts before. Out: a [`MiddlewareStack`]. Must not know: signals, listeners. A database
//! whose settings have not changed stays, with its connections, queue and metadata. All that may fail comes first: a
//! configuration is used as a whole or not at all.

use std::error::Error;
use std::sync::Arc;

use super::lease_task::SharedLimits;
use super::{demo_registration, settings_from_config};
use crate::admin::Administration;
use crate::auth::{OdooAuthenticator, Throttle, TokenServices};
use crate::clock::Clock;
use crate::config::{Config, OdooConfig};
use crate::http::middleware::{self, MiddlewareStack};
use crate::http::{AppParts, AppState, BodyBudget, DocsSettings, RouteConfig, SiteConfig, route_policy};
use crate::idempotency::IdempotencyStore;
use crate::odoo::{Database, Databases, SettingsError, Transport};
use crate::shared_limits::LeasedSlots;
use crate::telemetry::metrics::Metrics;
use crate::telemetry::traces::Tracer;

/// The parts that outlive a reload: what was counted, cached and sealed goes on.
#[derive(Debug)]
pub(super) struct LastingParts {
    /// It has no databases: each stack adds its own.
    pub(super) admin: Administration,
    pub(super) tokens: Arc<TokenServices>,
    pub(super) throttle: Arc<Throttle>,
    pub(super) shared_limits: SharedLimits,
    pub(super) idempotency: IdempotencyStore,
    pub(super) body_budget: BodyBudget,
    pub(super) site: SiteConfig,
    pub(super) metrics: Arc<Metrics>,
    pub(super) tracer: Option<Tracer>,
    pub(super) clock: Clock,
}

/// The parts of one configuration.
#[derive(Debug)]
pub(super) struct ServedParts {
    pub(super) config: Config,
    pub(super) databases: Databases,
    authenticator: Arc<OdooAuthenticator>,
}

impl LastingParts {
    /// The parts at the start.
    ///
    /// # Errors
    /// If the operating system provides no randomness.
    pub(super) fn first(&self, config: &Config, databases: Databases) -> Result<ServedParts, Box<dyn Error>> {
        let authenticator = OdooAuthenticator::new(
            settings_from_config::odoo_authenticator(&config.auth),
            self.throttle.clone(),
            self.admin.store.clone(),
            &databases,
            self.clock.clone(),
        )?;
        Ok(ServedParts { config: config.clone(), databases, authenticator: Arc::new(authenticator) })
    }

    /// The parts of another configuration.
    ///
    /// # Errors
    /// If an Odoo database cannot be configured in this way.
    pub(super) fn next(&self, config: Config, before: &ServedParts) -> Result<ServedParts, Box<dyn Error>> {
        let databases = databases(&config, &self.clock, &self.metrics, Some(before))?;
        let settings = settings_from_config::odoo_authenticator(&config.auth);
        // A cached user belongs to the Odoo that verified the login.
        let is_same =
            databases == before.databases && settings == settings_from_config::odoo_authenticator(&before.config.auth);
        let authenticator = if is_same {
            before.authenticator.clone()
        } else {
            Arc::new(before.authenticator.renewed(settings, &databases)?)
        };
        Ok(ServedParts { config, databases, authenticator })
    }

    /// The router with all middleware for these parts.
    pub(super) fn stack(&self, parts: &ServedParts) -> MiddlewareStack {
        let (config, databases) = (&parts.config, parts.databases.clone());
        let admin = Administration { databases: databases.clone(), ..self.admin.clone() };
        let dialects = settings_from_config::dialects(&config.dialects);
        let routes = RouteConfig {
            dialects,
            restful_models: Arc::new(settings_from_config::restful(&config.restful)),
            demo: demo_registration::demo(&config.demo, admin.clone(), self.throttle.clone()),
            console: settings_from_config::console(config),
            docs: DocsSettings { oauth_client_id: config.docs.oauth_client_id.clone() },
        };
        let state = AppState::new(AppParts {
            databases,
            odoo_authenticator: parts.authenticator.clone(),
            tokens: self.tokens.clone(),
            administration: admin,
            idempotency: self.idempotency.clone(),
            public_url: config.server.public_url.clone(),
            site: self.site.clone(),
            body_budget: self.body_budget.clone(),
            metrics: self.metrics.clone(),
            clock: self.clock.clone(),
        });
        middleware::wrap(
            crate::http::router(state, routes),
            route_policy(dialects),
            &settings_from_config::middleware(&config.server),
            self.metrics.clone(),
            self.clock.clone(),
        )
        .with_tracer(self.tracer.clone())
        .with_application_origins(self.tokens.application_origins.clone())
    }
}

impl ServedParts {
    /// The slots of password checks.
    pub(super) fn check_slots(&self) -> Vec<LeasedSlots> {
        self.authenticator.leased_slots()
    }

    /// The database of this entry, unless something about it has changed.
    fn unchanged(&self, odoo: &OdooConfig, config: &Config) -> Option<Arc<Database>> {
        let is_same = config.schema == self.config.schema && self.config.odoo.contains(odoo);
        self.databases.iter().find(|database| is_same && database.name.as_str() == odoo.name).cloned()
    }
}

/// Creates the Odoo databases, or takes over those of `before` whose settings have not changed.
pub(super) fn databases(
    config: &Config,
    clock: &Clock,
    metrics: &Arc<Metrics>,
    before: Option<&ServedParts>,
) -> Result<Databases, SettingsError> {
    let cache_settings = settings_from_config::metadata_cache(&config.schema);
    let mut databases = Vec::with_capacity(config.odoo.len());
    for odoo in &config.odoo {
        if let Some(database) = before.and_then(|before| before.unchanged(odoo, config)) {
            databases.push(database);
            continue;
        }
        let (name, settings) = settings_from_config::odoo(odoo)?;
        let transport = Transport::new(odoo.connect_timeout, odoo.keep_idle)?;
        let database = Database::new(name, settings, &cache_settings, transport, metrics.clone(), clock.clone())?;
        databases.push(Arc::new(database));
    }
    Ok(Databases::new(databases))
}
