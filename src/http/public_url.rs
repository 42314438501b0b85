//! How browsers reach this gateway.
//!
//! In: the configured public URL and the issuer of tokens. Out: [`SiteConfig`]. Must not know: pages, cookies,
//! requests.

use url::Url;

/// The base path, origin and issuer of this gateway, as browsers and OAuth clients see them.
#[derive(Debug, Clone)]
pub struct SiteConfig {
    base: String,
    origin: Option<String>,
    is_secure: bool,
    issuer: String,
}

impl SiteConfig {
    /// From `server.public_url` and the issuer of OAuth tokens.
    #[must_use]
    pub fn new(public_url: Option<&Url>, issuer: &str) -> Self {
        Self {
            base: public_url.map(|url| url.path().trim_end_matches('/').to_owned()).unwrap_or_default(),
            origin: public_url.map(|url| url.origin().ascii_serialization()),
            is_secure: public_url.is_some_and(|url| url.scheme() == "https"),
            issuer: issuer.to_owned(),
        }
    }

    /// The path before every path of the gateway, without a slash at its end; empty if no proxy adds one.
    #[must_use]
    pub fn base(&self) -> &str {
        &self.base
    }

    /// The origin, as `https://gw.example`; `None` if no public URL is configured.
    pub(super) fn origin(&self) -> Option<&str> {
        self.origin.as_deref()
    }

    /// Whether browsers reach the gateway over TLS.
    pub(super) fn is_secure(&self) -> bool {
        self.is_secure
    }

    /// The issuer identifier (RFC 8414 section 2).
    #[must_use]
    pub(super) fn issuer(&self) -> &str {
        &self.issuer
    }
}
