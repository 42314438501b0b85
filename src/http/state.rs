//! The state that all handlers share.
//!
//! In: what the composition root built. Out: [`AppState`], cheap to clone. Must not know: routes, dialects, how its
//! parts are configured. Configuration of a single dialect or page is an extension of its routes, see
//! [`router`](super::router).

use std::sync::Arc;

use url::Url;

use super::body_budget::BodyBudget;
use super::public_url::SiteConfig;
use crate::admin::Administration;
use crate::auth::{OdooAuthenticator, TokenServices};
use crate::clock::Clock;
use crate::idempotency::IdempotencyStore;
use crate::odoo::Databases;
use crate::telemetry::metrics::Metrics;

/// The shared state; derefs to [`AppParts`].
#[derive(Debug, Clone)]
pub struct AppState(Arc<AppParts>);

/// The parts of [`AppState`].
#[derive(Debug)]
pub struct AppParts {
    /// The configured Odoo databases.
    pub databases: Databases,
    /// Authenticates users by login and password, or by an Odoo API key.
    pub odoo_authenticator: Arc<OdooAuthenticator>,
    /// Authenticates users by the gateway's own keys and tokens, and issues these.
    pub tokens: Arc<TokenServices>,
    /// Administers keys, tokens and applications for users of the console.
    pub administration: Administration,
    /// Responses of requests with an idempotency key.
    pub idempotency: IdempotencyStore,
    /// The URL by which clients reach the gateway (`server.public_url`), if it is configured.
    pub public_url: Option<Url>,
    /// The gateway as browsers and OAuth clients see it.
    pub site: SiteConfig,
    /// The memory budget of large request bodies.
    pub body_budget: BodyBudget,
    /// Counters and histograms.
    pub metrics: Arc<Metrics>,
    /// The current time.
    pub clock: Clock,
}

impl AppState {
    /// The state with these parts.
    #[must_use]
    pub fn new(parts: AppParts) -> Self {
        Self(Arc::new(parts))
    }
}

impl std::ops::Deref for AppState {
    type Target = AppParts;

    fn deref(&self) -> &AppParts {
        &self.0
    }
}
