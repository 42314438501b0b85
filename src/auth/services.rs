//! The services that verify and issue credentials of the gateway, over one store and one set of limits.
//!
//! In: the store, the installation's keys, settings. Out: [`TokenServices`]. Must not know: configuration files, HTTP.

use std::sync::Arc;
use std::time::Duration;

use super::clients::origins::ApplicationOrigins;
use super::clients::registry::Applications;
use super::credentials::api_key_login::{LoginTokenLimits, LoginTokens};
use super::credentials::restful_token::AccessTokens;
use super::credentials::token_authenticator::GatewayTokens;
use super::csrf::CsrfTokens;
use super::key_provider::KeyProvider;
use super::limits::shared::SharedAuthLimits;
use super::limits::throttle::Throttle;
use super::limits::token_rejection::FailurePolicy;
use super::limits::usage_limits::TokenLimits;
use super::oauth1::{OAuth1, OAuth1Settings};
use super::oauth2::{BrowserSessions, OAuth2Server, OAuth2Settings, SessionLifetime};
use super::odoo_key_uses::OdooKeyUses;
use super::recent_uses::RecentUses;
use super::token_verifier::CredentialStore;
use super::usage_counts::UsageCounts;
use crate::clock::Clock;
use crate::secret::TokenKind;
use crate::store::Store;

/// How tokens are verified and issued.
#[derive(Debug, Clone)]
pub struct TokenSettings {
    /// Rejections are returned at a multiple of this time after the verification started.
    pub min_failure_time: Duration,
    /// An access token of the `restful` dialect expires after this time without use.
    pub access_token_idle: Duration,
    /// The limits of login tokens.
    pub login_tokens: LoginTokenLimits,
    /// OAuth 2.
    pub oauth2: OAuth2Settings,
    /// OAuth 1.0a.
    pub oauth1: OAuth1Settings,
    /// Whether uses of sealed Odoo API keys are passed on, so that the keys can be renewed.
    pub watches_odoo_keys: bool,
    /// The sessions of the console.
    pub console_session: SessionLifetime,
}

/// One service for each kind of credential that the gateway itself issues.
#[derive(Debug)]
pub struct TokenServices {
    /// API keys and tokens of every kind, at each request.
    pub gateway_tokens: GatewayTokens,
    /// Login tokens of the `api` dialect.
    pub login_tokens: LoginTokens,
    /// Access tokens of the `restful` dialect.
    pub access_tokens: AccessTokens,
    /// Registered applications.
    pub applications: Applications,
    /// The origins of applications.
    pub application_origins: ApplicationOrigins,
    /// The OAuth 2 authorization server.
    pub oauth2: OAuth2Server,
    /// The OAuth 1.0a provider.
    pub oauth1: OAuth1,
    /// Login sessions of browsers on the authorization pages.
    pub sessions: BrowserSessions,
    /// Login sessions of browsers in the console.
    pub console_sessions: BrowserSessions,
    /// CSRF tokens of forms.
    pub csrf: CsrfTokens,
    /// Uses of tokens that are not written to the store yet.
    pub recent_uses: RecentUses,
    /// Requests of API keys and applications that are not written to the store yet.
    pub usage_counts: UsageCounts,
    /// Uses of sealed Odoo credentials that may have to be renewed.
    pub odoo_key_uses: OdooKeyUses,
    /// The limits that all gateways share.
    pub shared_limits: SharedAuthLimits,
}

impl TokenServices {
    /// Services with empty caches and unused limits.
    #[must_use]
    pub fn new(
        store: Store,
        keys: KeyProvider,
        settings: TokenSettings,
        throttle: Arc<Throttle>,
        clock: Clock,
    ) -> Self {
        let limits = TokenLimits::new(clock.clone());
        let recent_uses = RecentUses::new(store.clone());
        let usage_counts = UsageCounts::new(store.clone(), clock.clone());
        let odoo_key_uses = OdooKeyUses::new(settings.watches_odoo_keys);
        let application_origins = ApplicationOrigins::new(store.clone(), clock.clone());
        let credentials = CredentialStore {
            store,
            keys,
            clock,
            recent_uses: recent_uses.clone(),
            usage_counts: usage_counts.clone(),
            odoo_key_uses: odoo_key_uses.clone(),
        };
        let shared_limits = SharedAuthLimits { tokens: limits.clone(), throttle: throttle.clone() };
        let failures = FailurePolicy::new(throttle, settings.min_failure_time);
        let login_token_limits = settings.login_tokens;
        let TokenSettings { access_token_idle, oauth2, oauth1, console_session, .. } = settings;
        let issuer = oauth2.issuer.clone();
        let tokens = GatewayTokens::new(credentials.clone(), limits.clone(), failures.clone(), issuer);
        let applications = Applications::new(credentials.clone(), limits.clone());
        Self {
            login_tokens: LoginTokens::new(tokens.clone(), login_token_limits),
            access_tokens: AccessTokens::new(tokens.clone(), access_token_idle),
            sessions: BrowserSessions::new(credentials.clone(), TokenKind::Session, oauth2.session),
            console_sessions: BrowserSessions::new(credentials.clone(), TokenKind::ConsoleSession, console_session),
            csrf: CsrfTokens::new(credentials.clone()),
            oauth1: OAuth1::new(credentials, applications.clone(), limits.clone(), failures.clone(), oauth1),
            oauth2: OAuth2Server::new(applications.clone(), limits, failures, oauth2),
            applications,
            application_origins,
            gateway_tokens: tokens,
            recent_uses,
            usage_counts,
            odoo_key_uses,
            shared_limits,
        }
    }
}
