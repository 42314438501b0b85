//! What every handler shares.
//!
//! In: what the composition root built. Out: [`Gateway`], cheap to clone. Must not know: how any of it is configured.

use std::sync::Arc;

use super::dialects::restful::RestfulModels;
use url::Url;

use super::demo::Demo;
use super::oauth::authorization::Site;
use super::request::body_budget::LargeBodies;
use crate::auth::oauth1::OAuth1;
use crate::auth::{Passwords, Tokens};
use crate::clock::Clock;
use crate::idempotency::Repeats;
use crate::odoo::Databases;
use crate::telemetry::metrics::Metrics;

/// The parts of the gateway that requests need.
#[derive(Debug, Clone)]
pub struct Gateway(Arc<Parts>);

/// See [`Gateway`].
#[derive(Debug)]
pub struct Parts {
    /// The databases behind the gateway.
    pub databases: Databases,
    /// Who is who by login and password.
    pub passwords: Passwords,
    /// Who is who by keys and tokens of the gateway's own.
    pub tokens: Arc<Tokens>,
    /// Requests that are done once.
    pub repeats: Repeats,
    /// The models that family C answers.
    pub restful: RestfulModels,
    /// Who signed a request, and tokens for those who sign.
    pub oauth1: OAuth1,
    /// By which URL clients reach the gateway, when that is configured.
    pub public_url: Option<Url>,
    /// The demonstration, where there is one.
    pub demo: Demo,
    /// How browsers reach the gateway.
    pub site: Site,
    /// Large bodies under way.
    pub bodies: LargeBodies,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// What time it is.
    pub clock: Clock,
}

impl Gateway {
    /// Puts the parts together.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }
}

impl std::ops::Deref for Gateway {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}
