//! The credentials of a caller, except signatures and those of applications.
//!
//! ```text
//! odoo_authenticator       login and password, or an Odoo API key: Odoo verifies them, the gateway caches the user
//! odoo_credential_check    what Odoo is asked to verify
//! token_authenticator      API keys and tokens that the gateway issued
//! parsed_token             a token or JSON Web Token as sent, parsed
//! api_key_login            login tokens: issued with an API key
//! restful_token            access tokens of the `restful` dialect: issued at a login, revoked at a logout
//! credential_cache         rows of tokens and what they open, in memory
//! ```
//!
//! In: a [`Credential`]. Out: a [`Principal`](super::Principal). Must not know: HTTP headers.

pub(super) mod api_key_login;
pub(super) mod credential_cache;
pub(super) mod odoo_authenticator;
mod odoo_credential_check;
mod parsed_token;
pub(super) mod restful_token;
pub(super) mod token_authenticator;

use secrecy::SecretString;

use crate::secret::Token;

/// The credential of a request, parsed and not yet verified.
#[derive(Debug)]
pub enum Credential {
    /// HTTP Basic (RFC 7617): a login, and its password or an Odoo API key.
    Basic {
        /// As sent: no normalization that would map two users to one.
        login: String,
        /// The password or key.
        secret: SecretString,
    },
    /// An Odoo API key alone, as a bearer token.
    OdooApiKey(SecretString),
    /// An API key or token that the gateway issued.
    GatewayToken(PresentedToken),
    /// An OAuth 1.0a signature. It is verified with the complete request.
    OAuth1Signature,
}

/// An API key or token of the gateway, as sent.
#[derive(Debug)]
pub enum PresentedToken {
    /// Not the format of any token that the gateway issues.
    Malformed,
    /// An API key or opaque token.
    Opaque(Token),
    /// A JSON Web Token sent as a bearer token. Its header tells which kind it is.
    Jwt(SecretString),
    /// A text sent in the header of login tokens.
    Login {
        /// A JSON Web Token if the client is right.
        token: SecretString,
        /// The API key that was sent along.
        api_key: Option<Token>,
    },
}

impl From<Option<Token>> for PresentedToken {
    fn from(parsed: Option<Token>) -> Self {
        parsed.map_or(Self::Malformed, Self::Opaque)
    }
}
