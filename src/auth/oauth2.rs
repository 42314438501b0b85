//! The OAuth 2 authorization server: clients, authorization codes, tokens, browser sessions.
//!
//! ```text
//! server             settings, and the object that the other files implement
//! clients            client id and secret → the application, its bound user
//! codes              authorization codes, consents
//! exchange           tokens for codes, refresh tokens and client credentials
//! jwt                access tokens that resource servers can verify
//! revoke_introspect  revocation and introspection
//! browser_sessions   login sessions of browsers
//! ```
//!
//! # Approval without interaction
//!
//! A trusted application may approve for its bound user without sending its secret, as the vendor's manual does it.
//! No key is available then that opens the user's credential. So the code gets a wrap of a new key, which opens
//! nothing but binds the row, and is marked `non_interactive`: at the token endpoint the wrap of the client secret
//! opens the credential. In OAuth 1.0a no later request contains such a secret, so the consumer key of such an
//! application has a second part that opens the credential: a request token that was requested with it has the right
//! key at once.
//!
//! In: client ids, secrets, users whom Odoo has verified. Out: applications, sessions, tokens. Must not know: HTTP.

mod browser_sessions;
mod clients;
mod codes;
mod exchange;
mod jwt;
mod revoke_introspect;
mod server;

pub use browser_sessions::{BrowserSession, BrowserSessions, SessionLifetime};
pub use clients::AuthenticatedClient;
pub use codes::CodeRequest;
pub use exchange::{AccessTokenFormat, CodeExchange, IssuedTokens};
pub use revoke_introspect::TokenDetails;
pub use server::{OAuth2Server, OAuth2Settings};
