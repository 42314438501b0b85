//! Who calls, once that is certain.
//!
//! In: a verified credential. Out: [`Principal`]. Must not know: how it was verified.

use std::sync::Arc;

use super::limits::concurrency::Seat;
use crate::error::RateLimit;
use crate::odoo::{Caller, Database};
use crate::plan::Scope;
use crate::secret::TokenKind;
use crate::store::StoredToken;

/// The kinds of credential; the word in logs and metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CredentialKind {
    /// HTTP Basic with an Odoo login and its password or API key (RFC 7617).
    Basic,
    /// An Odoo API key alone, as bearer.
    OdooKey,
    /// An API key of the gateway.
    ApiKey,
    /// A login token of family B.
    LoginToken,
    /// An access token of family C.
    AccessToken,
    /// An access token of OAuth 2.
    OAuth2,
    /// A request signed as OAuth 1 says.
    OAuth1,
    /// What stands for an application or a browser, and opens nothing as it is.
    Inner,
}

impl From<TokenKind> for CredentialKind {
    fn from(kind: TokenKind) -> Self {
        match kind {
            TokenKind::ApiKey => Self::ApiKey,
            TokenKind::LoginToken => Self::LoginToken,
            TokenKind::AccessToken => Self::AccessToken,
            TokenKind::OdooKey => Self::OdooKey,
            TokenKind::OAuthAccess => Self::OAuth2,
            TokenKind::OAuth1Access => Self::OAuth1,
            TokenKind::ClientSecret
            | TokenKind::ConsumerKey
            | TokenKind::ConsumerSecret
            | TokenKind::OAuthCode
            | TokenKind::OAuthRefresh
            | TokenKind::Session
            | TokenKind::OAuth1Request => Self::Inner,
        }
    }
}

impl CredentialKind {
    /// The word for logs and metrics.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Basic => "basic",
            Self::OdooKey => "odoo_key",
            Self::ApiKey => "api_key",
            Self::LoginToken => "login_token",
            Self::AccessToken => "access_token",
            Self::OAuth2 => "oauth2",
            Self::OAuth1 => "oauth1",
            Self::Inner => "inner",
        }
    }
}

/// A caller and the Odoo user whose rights apply.
#[derive(Debug, Clone)]
pub struct Principal {
    /// The database.
    pub database: Arc<Database>,
    /// The Odoo user and the secret Odoo knows him by.
    pub caller: Caller,
    /// His login, for the log; `uid 7` where it is not known.
    pub login: String,
    /// What he showed.
    pub kind: CredentialKind,
    /// What is left of the credential's own rate, when it has one.
    pub allowance: Option<RateLimit>,
    /// Its place among the requests that the credential has under way, when those are limited.
    pub seat: Option<Seat>,
    /// What that reaches of what Odoo lets him do.
    pub scope: Scope,
    /// The token of the gateway's own that was shown, as it was then; `None`: a password or key of Odoo's.
    pub token: Option<Arc<StoredToken>>,
}
