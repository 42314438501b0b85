//! Applications that act for users, and what they are given: OAuth 2, and what OAuth 1 shares with it.
//!
//! ```text
//! application      what an application is and may
//! clients          client id and secret → the application, its own user
//! consumer_secret  the secret in clear, for OAuth 1
//! sessions         a browser in which somebody has logged in
//! give             a code or token for an application, with an approver's key behind it
//! codes            authorization codes
//! exchange         what is given for codes, refresh tokens and client secrets
//! jwt              access tokens that others can read
//! inspect          the end of tokens, and what they are
//! ```
//!
//! An application is the token that its client secret is: a row like an API key's, with a name, an end, networks, a rate
//! and a scope, and behind it the credential of the user it is bound to, sealed under the secret. Everything given to it is
//! a token of its own whose account it is, with a wrap of the approver's data key. So an application that is switched off
//! takes all of that with it, and nobody reads a credential without a living token.
//!
//! # Headless approval
//!
//! A trusted application may approve for its bound user without showing its secret, as the vendor's manual does. Nothing
//! is at hand then that opens the user's credential, so the code has a wrap of a key that opens nothing (which still binds
//! the row), and is marked headless: at the token endpoint the client secret's own wrap opens the credential. With OAuth 1
//! nothing is shown later that opens, so the consumer key of such an application has a second part that does: a request
//! token that was asked for with it has the right key at once.
//!
//! In: client ids, secrets, users whom Odoo has confirmed. Out: applications, sessions, tokens. Must not know: HTTP.

mod clients;
mod codes;
mod exchange;
mod inspect;
mod jwt;
mod sessions;

use std::time::Duration;

pub use super::clients::application::{Application, ApplicationSettings, GrantType, is_localhost, new_client_id};
pub use super::clients::approval::{Approver, Given};
pub use super::clients::consumer_secret::{open_consumer_secret, seal_consumer_secret};
pub use clients::Client;
pub use codes::CodeWish;
pub use exchange::{Issued, Redemption, TokenForm};
pub use inspect::Inspected;
pub use sessions::Session;

/// How long what applications get lives.
#[derive(Debug, Clone)]
pub struct OAuthSettings {
    /// Whom tokens are from and for: the address of the gateway, without a slash at its end.
    pub issuer: String,
    /// An authorization code.
    pub code_ttl: Duration,
    /// An access token of OAuth 2.
    pub access_ttl: Duration,
    /// A refresh token that is not used.
    pub refresh_idle: Duration,
    /// Everything that came of one approval.
    pub refresh_ttl: Duration,
    /// How long a refresh token that was exchanged may be exchanged again; zero: not at all.
    pub refresh_grace: Duration,
    /// A session that is not used.
    pub session_idle: Duration,
    /// A session.
    pub session_ttl: Duration,
}

impl Default for OAuthSettings {
    fn default() -> Self {
        let minutes = |minutes: u64| Duration::from_secs(60 * minutes);
        Self {
            issuer: "http://127.0.0.1".to_owned(),
            code_ttl: minutes(1),
            access_ttl: minutes(60),
            refresh_idle: minutes(30 * 24 * 60),
            refresh_ttl: minutes(90 * 24 * 60),
            refresh_grace: Duration::ZERO,
            session_idle: minutes(15),
            session_ttl: minutes(8 * 60),
        }
    }
}
