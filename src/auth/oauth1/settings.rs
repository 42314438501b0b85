//! Settings of the OAuth 1.0a provider, and what it must know about a connection.
//!
//! In: settings, the connection. Out: plain data. Must not know: how it is used.

use std::net::IpAddr;
use std::time::Duration;

/// How requests are verified and tokens issued.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OAuth1Settings {
    /// How far a timestamp may differ from the gateway's clock.
    pub timestamp_window: Duration,
    /// The lifetime of a request token.
    pub request_token_lifetime: Duration,
    /// An access token expires after this time without use.
    pub access_token_idle: Duration,
    /// Whether tokens are issued over connections without TLS.
    pub insecure_http: bool,
    /// Whether RSA-SHA1 is allowed.
    pub rsa_sha1: bool,
    /// Whether PLAINTEXT is allowed.
    pub plaintext: bool,
    /// Whether signatures may be percent-encoded twice (O1-35).
    pub double_encoded_signature: bool,
}

/// The connection that a request arrived on.
#[derive(Debug, Clone, Copy)]
pub struct ConnectionInfo {
    /// The client's address.
    pub address: IpAddr,
    /// Whether the connection is encrypted or local.
    pub is_confidential: bool,
}
