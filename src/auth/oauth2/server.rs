//! The authorization server and its settings.
//!
//! In: settings, applications, limits. Out: [`OAuth2Server`]. Must not know: HTTP.

use std::time::Duration;

use super::browser_sessions::SessionLifetime;
use crate::auth::clients::registry::Applications;
use crate::auth::limits::token_rejection::FailurePolicy;
use crate::auth::limits::usage_limits::TokenLimits;
use crate::auth::token_verifier::CredentialStore;

/// The issuer and the lifetimes of codes and tokens.
#[derive(Debug, Clone)]
pub struct OAuth2Settings {
    /// The issuer and audience of tokens: the external URL of the gateway, without a slash at the end.
    pub issuer: String,
    /// The lifetime of an authorization code.
    pub code_ttl: Duration,
    /// The lifetime of an access token.
    pub access_ttl: Duration,
    /// A refresh token expires after this time without use.
    pub refresh_idle: Duration,
    /// All tokens of one approval expire after this time.
    pub refresh_ttl: Duration,
    /// How long a refresh token that was exchanged may be exchanged again; zero: it may not.
    pub refresh_grace: Duration,
    /// The sessions of the authorization pages.
    pub session: SessionLifetime,
}

/// Authenticates clients, issues, revokes and introspects tokens.
#[derive(Debug)]
pub struct OAuth2Server {
    pub(super) applications: Applications,
    pub(super) credentials: CredentialStore,
    pub(super) limits: TokenLimits,
    pub(super) failures: FailurePolicy,
    pub(super) settings: OAuth2Settings,
}

impl OAuth2Server {
    pub(in crate::auth) fn new(
        applications: Applications,
        limits: TokenLimits,
        failures: FailurePolicy,
        settings: OAuth2Settings,
    ) -> Self {
        let credentials = applications.credentials.clone();
        Self { applications, credentials, limits, failures, settings }
    }

    /// The issuer and audience of tokens: the external URL of the gateway.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.settings.issuer
    }
}
