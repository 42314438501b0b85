//! The authenticated caller.
//!
//! In: a verified credential. Out: [`Principal`]. Must not know: how it was verified.

use std::sync::Arc;

use super::clients::origins::CredentialOwner;
use super::limits::key_concurrency::ConcurrencyPermit;
use super::usage_counts::UsageCounter;
use crate::error::RateLimit;
use crate::odoo::{Database, OdooUser};
use crate::plan::Scope;
use crate::secret::TokenKind;
use crate::store::StoredToken;

/// The kind of a credential, as named in logs and metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CredentialKind {
    /// HTTP Basic with an Odoo login and its password or API key (RFC 7617).
    Basic,
    /// The id of an Odoo user and their password or API key, as in the arguments of an RPC call.
    UserId,
    /// An Odoo API key alone, as a bearer token.
    OdooApiKey,
    /// An API key of the gateway.
    ApiKey,
    /// A login token of the `api` dialect.
    LoginToken,
    /// An access token of the `restful` dialect.
    AccessToken,
    /// An OAuth 2 access token.
    OAuth2,
    /// A request signed with OAuth 1.0a.
    OAuth1,
    /// A credential of an application or a browser session. It authenticates no API request.
    Internal,
}

impl From<TokenKind> for CredentialKind {
    fn from(kind: TokenKind) -> Self {
        match kind {
            TokenKind::ApiKey | TokenKind::PreviousApiKey => Self::ApiKey,
            TokenKind::LoginToken => Self::LoginToken,
            TokenKind::AccessToken => Self::AccessToken,
            TokenKind::OdooKey => Self::OdooApiKey,
            TokenKind::OAuthAccess => Self::OAuth2,
            TokenKind::OAuth1Access => Self::OAuth1,
            TokenKind::ClientSecret
            | TokenKind::ConsumerKey
            | TokenKind::ConsumerSecret
            | TokenKind::OAuthCode
            | TokenKind::OAuthRefresh
            | TokenKind::Session
            | TokenKind::ConsoleSession
            | TokenKind::OAuth1Request => Self::Internal,
        }
    }
}

impl CredentialKind {
    /// The name in logs and metrics.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Basic => "basic",
            Self::UserId => "uid",
            Self::OdooApiKey => "odoo_key",
            Self::ApiKey => "api_key",
            Self::LoginToken => "login_token",
            Self::AccessToken => "access_token",
            Self::OAuth2 => "oauth2",
            Self::OAuth1 => "oauth1",
            Self::Internal => "inner",
        }
    }
}

/// A caller, and the Odoo user whose rights apply.
#[derive(Debug, Clone)]
pub struct Principal {
    /// The database.
    pub database: Arc<Database>,
    /// The Odoo user, and the secret that Odoo accepts for them.
    pub odoo_user: OdooUser,
    /// The user's login, for the log; `uid 7` if the login is not known.
    pub login: Arc<str>,
    /// The kind of credential that was sent.
    pub credential_kind: CredentialKind,
    /// The rest of the credential's rate limit, if it has one.
    pub rate_limit: Option<RateLimit>,
    /// The request's share of the credential's concurrency limit, if it has one.
    pub permit: Option<ConcurrencyPermit>,
    /// The part of the user's rights that the credential grants.
    pub scope: Arc<Scope>,
    /// The gateway's token that was sent, as stored at that time; `None` for a password or an Odoo API key.
    pub token: Option<Arc<StoredToken>>,
    /// Counts the requests of the API key or application that the token is or belongs to.
    pub usage: Option<Arc<UsageCounter>>,
}

impl Principal {
    /// Whose credential it is.
    #[must_use]
    pub fn credential_owner(&self) -> CredentialOwner {
        let application = self.token.as_ref().and_then(|token| token.application.as_ref());
        application.map_or(CredentialOwner::Other, |terms| CredentialOwner::Application(terms.client_id.clone()))
    }
}
