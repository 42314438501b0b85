//! Authentication: verifies credentials, and issues those of the gateway itself.
//!
//! ```text
//! credentials         passwords, Odoo API keys, and the API keys and tokens of the gateway
//! clients             applications, and what both OAuth protocols share
//! oauth1              signed requests and their tokens (OAuth 1.0a)
//! oauth2              the OAuth 2 authorization server, browser sessions
//! limits              limits on failed attempts and on the use of tokens
//! csrf                CSRF tokens of forms
//! services            all services above that use the store
//! ─────
//! principal           the authenticated caller
//! token_verifier      rows of tokens, their verification and keys
//! token_row_checks    checks on one row
//! recent_uses         uses of tokens, written in batches
//! odoo_key_uses       uses of sealed Odoo credentials that may have to be renewed
//! usage_counts        requests of each API key and application, written in batches
//! new_token           new rows, with a sealed credential
//! key_provider        the keys of this installation
//! process_keyed_hash  keyed hashes, for caches
//! error               why a credential was not accepted
//! ```
//!
//! A rejected credential must not reveal why it was rejected: rejections look the same, take equally long and cost an
//! attempt (docs/security.md).
//!
//! In: a [`Credential`] or a signed request, the client's address. Out: a [`Principal`]. Must not know: routes, headers,
//! bodies, responses.

mod clients;
mod credentials;
mod csrf;
mod error;
mod key_provider;
mod limits;
mod new_token;
pub mod oauth1;
mod oauth2;
mod odoo_key_uses;
mod principal;
mod process_keyed_hash;
mod recent_uses;
mod services;
mod token_row_checks;
mod token_verifier;
mod usage_counts;

pub use clients::application::{Application, ApplicationSettings, GrantType, is_localhost, new_client_id};
pub use clients::approval::ResourceOwner;
pub use clients::consumer_secret::{open_consumer_secret, seal_consumer_secret};
pub use clients::origins::{ApplicationOrigins, CredentialOwner, validate_origins};
pub use clients::registry::Applications;
pub use credentials::api_key_login::{
    IssuedLoginToken, LoginTokenLimits, LoginTokenRequest, LoginTokens, VerifiedApiKey, seal_login_token,
};
pub use credentials::odoo_authenticator::{OdooAuthenticator, OdooAuthenticatorSettings, supports_key_lookup};
pub use credentials::restful_token::AccessTokens;
pub use credentials::token_authenticator::GatewayTokens;
pub use credentials::{Credential, PresentedToken};
pub use csrf::{CsrfBinding, CsrfToken, CsrfTokens};
pub use key_provider::{KeyProvider, KeySet, KeySetError, MasterKeyState};
pub use limits::key_concurrency::ConcurrencyPermit;
pub use limits::shared::SharedAuthLimits;
pub use limits::throttle::{Throttle, ThrottleRate, ThrottleSettings};
pub use new_token::{NewToken, TokenOwner, issue, issue_with_token, seal_credential, unsealed_row};
pub use oauth2::{
    AccessTokenFormat, AuthenticatedClient, BrowserSession, BrowserSessions, CodeExchange, CodeRequest, IssuedTokens,
    OAuth2Server, OAuth2Settings, SessionLifetime, TokenDetails,
};
pub use odoo_key_uses::{OdooKeyUse, OdooKeyUses};
pub use principal::{CredentialKind, Principal};
pub use recent_uses::RecentUses;
pub use services::{TokenServices, TokenSettings};
pub use usage_counts::{UsageCounter, UsageCounts};
