//! Applications: their settings, redirect URIs and scope.
//!
//! In: a row of the store, settings from an administrator. Out: [`Application`], and whether a redirect URI or scope is
//! allowed. Must not know: how its secret is verified.

use std::collections::BTreeSet;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use url::{Host, Url};

use super::signature_method::SignatureMethod;
use crate::auth::token_row_checks::is_address_allowed;
use crate::error::Problem;
use crate::error_code::ErrorCode;
use crate::plan::{OAuthScope, Scope};
use crate::store::{StoreError, StoredToken, random_id};

/// The grant types of OAuth 2 (RFC 6749 section 1.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GrantType {
    /// A user approves (section 4.1).
    AuthorizationCode,
    /// An approval is continued (section 6).
    RefreshToken,
    /// The application acts as its bound user (section 4.4).
    ClientCredentials,
}

/// The settings of an application, in addition to its name, expiry, networks, rate and scope.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApplicationSettings {
    /// It runs where it cannot protect a secret, and has none (RFC 6749 section 2.1).
    pub public: bool,
    /// The grant types that it may use.
    pub grants: BTreeSet<GrantType>,
    /// The redirect URIs, compared exactly; also the callbacks of OAuth 1.0a.
    pub redirect_uris: Vec<String>,
    /// It may approve for its bound user without interaction.
    pub trusted: bool,
    /// It must use PKCE. An application without a secret always must.
    pub pkce_required: bool,
    /// The signature methods that it may use; empty: it may not use OAuth 1.0a.
    pub oauth1: BTreeSet<SignatureMethod>,
    /// The public key of its RSA signatures, as PEM.
    pub rsa_public_key: Option<String>,
    /// It signs with its client secret although it is bound to a user. The store and the master key together then
    /// open the credential of that user.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub one_secret: bool,
}

/// An application whose row was verified to be unaltered.
#[derive(Debug, Clone)]
pub struct Application {
    /// Its row: the token that its client secret is. The grant is that of its bound user.
    pub row: StoredToken,
    /// Its settings.
    pub settings: ApplicationSettings,
    /// The most that its tokens may do.
    pub scope: Scope,
}

impl Application {
    /// Parses a row that was verified; `None` if it is not the row of an application, or if a newer gateway wrote it.
    #[must_use]
    pub fn from_row(row: StoredToken) -> Option<Self> {
        let settings = serde_json::from_str(&row.application.as_ref()?.settings).ok()?;
        let scope = Scope::from_json(&row.scope).ok()?;
        Some(Self { row, settings, scope })
    }

    /// The client id.
    #[must_use]
    pub fn client_id(&self) -> &str {
        self.row.application.as_ref().map_or("", |terms| &terms.client_id)
    }

    /// The name that people see.
    #[must_use]
    pub fn name(&self) -> &str {
        self.row.account_name()
    }

    /// Whether it is bound to a user.
    #[must_use]
    pub fn is_bound(&self) -> bool {
        self.row.grant.uid > 0
    }

    /// Whether it may be used from this address. If not, the log names it.
    #[must_use]
    pub fn allows_address(&self, address: IpAddr) -> bool {
        is_address_allowed(&self.row, address)
    }

    /// Whether it must use PKCE.
    #[must_use]
    pub fn requires_pkce(&self) -> bool {
        self.settings.public || self.settings.pkce_required
    }

    /// The redirect URI of a request: the one that was sent, if it is registered exactly; the only registered one if
    /// none was sent. The port of a loopback address may differ (RFC 8252 section 7.3). `None`: not allowed.
    #[must_use]
    pub fn resolve_redirect_uri(&self, sent: Option<&str>) -> Option<String> {
        let registered = &self.settings.redirect_uris;
        match (sent, registered.as_slice()) {
            (Some(sent), _) => {
                registered.iter().any(|uri| uri == sent || is_same_loopback(uri, sent)).then(|| sent.into())
            }
            (None, [only]) => Some(only.clone()),
            (None, _) => None,
        }
    }

    /// The application's scope, narrowed to a requested OAuth scope; not narrowed if none is requested.
    ///
    /// # Errors
    /// `invalid_scope` for a malformed scope token, and for one that allows nothing of the application's scope.
    pub fn narrow_scope(&self, requested: Option<&str>) -> Result<Scope, Problem> {
        let invalid = |detail: String| Problem::new(ErrorCode::InvalidScope, detail).parameter("scope");
        let requested = OAuthScope::parse(requested.unwrap_or_default()).map_err(invalid)?;
        let not_granted = |token| invalid(format!("The scope of this application contains nothing of `{token}`."));
        self.scope.clone().narrowed(requested).map_err(not_granted)
    }
}

/// Whether both are the same loopback URI, apart from the port. Host names are never treated as addresses.
fn is_same_loopback(registered: &str, sent: &str) -> bool {
    matches!((split_around_port(registered), split_around_port(sent)), (Some(one), Some(other)) if one == other)
}

/// Whether a URI has the host name `localhost`, for which the port is compared, too.
#[must_use]
pub fn is_localhost(uri: &str) -> bool {
    Url::parse(uri).is_ok_and(|url| url.scheme() == "http" && url.host_str() == Some("localhost"))
}

/// The parts before and after the port of `http://127.0.0.1:PORT/…` or `http://[::1]:PORT/…`.
fn split_around_port(uri: &str) -> Option<(&str, &str)> {
    let host = ["http://127.0.0.1", "http://[::1]"].into_iter().find(|host| uri.starts_with(host))?;
    let rest = uri.strip_prefix(host)?;
    let Some(port) = rest.strip_prefix(':') else {
        return (rest.is_empty() || rest.starts_with('/')).then_some((host, rest));
    };
    let digits = port.bytes().take_while(u8::is_ascii_digit).count();
    let (port, after) = port.split_at_checked(digits)?;
    let is_valid = port.parse::<u16>().is_ok_and(|port| port > 0) && (after.is_empty() || after.starts_with('/'));
    is_valid.then_some((host, after))
}

impl ApplicationSettings {
    /// Checks that the settings fit together, for an application that is bound to a user or not.
    ///
    /// # Errors
    /// What is wrong, for the administrator.
    pub fn validate(&self, bound: bool) -> Result<(), String> {
        for uri in &self.redirect_uris {
            validate_redirect_uri(uri)?;
        }
        let is = |grant| self.grants.contains(&grant);
        let signs_with_rsa = self.oauth1.iter().any(|method| method.is_rsa());
        let wrong = [
            (self.public && bound, "a public application has no secret that can seal a credential: omit the login"),
            (self.public && self.trusted, "a public application cannot be trusted to approve without interaction"),
            (self.public && is(GrantType::ClientCredentials), "client_credentials requires a secret"),
            (self.public && !self.oauth1.is_empty(), "OAuth 1.0a requires a secret"),
            (self.trusted && !bound, "a trusted application approves for its bound user: add a login"),
            (is(GrantType::ClientCredentials) && !bound, "client_credentials acts as the bound user: add a login"),
            (
                is(GrantType::AuthorizationCode) && self.redirect_uris.is_empty() && !self.trusted,
                "authorization_code requires a redirect URI",
            ),
            (
                self.grants.is_empty() && self.oauth1.is_empty(),
                "it could never get a token: add a grant, or OAuth 1.0a signature methods",
            ),
            (signs_with_rsa != self.rsa_public_key.is_some(), "RSA methods and an RSA public key require each other"),
        ];
        match wrong.iter().find(|(wrong, _)| *wrong) {
            Some((_, why)) => Err((*why).to_owned()),
            None => Ok(()),
        }
    }
}

/// RFC 6749 section 3.1.2, RFC 9700 section 2.1, RFC 8252 section 7.
fn validate_redirect_uri(uri: &str) -> Result<(), String> {
    let invalid = |why: &str| Err(format!("{uri:?} is not a valid redirect URI: {why}"));
    let Ok(url) = Url::parse(uri) else { return invalid("it is not an absolute URI") };
    let is_loopback = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    if url.fragment().is_some() {
        invalid("it has a fragment")
    } else if !url.username().is_empty() || url.password().is_some() {
        invalid("it contains a user name or password")
    } else if uri.len() > 2000 || uri.bytes().any(|byte| byte <= b' ' || byte >= 0x7f) {
        invalid("it must be at most 2000 printable ASCII characters without spaces")
    } else {
        match url.scheme() {
            "https" => Ok(()),
            "http" if is_loopback => Ok(()),
            "http" => invalid("http is allowed for loopback addresses only; use https"),
            private if private.contains('.') => Ok(()),
            _ => invalid("its scheme is neither https nor a reversed domain name, such as com.example.app"),
        }
    }
}

/// A new client id.
///
/// # Errors
/// If the operating system provides no randomness.
pub fn new_client_id() -> Result<String, StoreError> {
    Ok(format!("ogw_app_{}", random_id()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_may_differ_for_loopback_addresses_only() {
        for (registered, sent, same) in [
            ("http://127.0.0.1/cb", "http://127.0.0.1:4711/cb", true),
            ("http://127.0.0.1:1/cb", "http://127.0.0.1:2/cb", true),
            ("http://[::1]:1", "http://[::1]", true),
            ("http://127.0.0.1/cb", "http://127.0.0.1:4711/cb/", false),
            ("http://127.0.0.1/cb", "http://127.0.0.1:4711@evil/cb", false),
            ("http://127.0.0.1/cb", "http://127.0.0.1.evil/cb", false),
            ("http://127.0.0.1/cb", "http://127.0.0.1:99999/cb", false),
            ("http://127.0.0.1/cb", "http://127.0.0.1:/cb", false),
            ("http://127.0.0.1/cb", "http://127.0.0.2:80/cb", false),
            ("http://localhost/cb", "http://localhost:80/cb", false),
            ("https://127.0.0.1/cb", "https://127.0.0.1:80/cb", false),
        ] {
            assert_eq!(is_same_loopback(registered, sent), same, "{registered} {sent}");
        }
    }

    #[test]
    fn unsafe_redirect_uris_are_rejected() {
        for good in ["https://a.example/cb?x=1", "http://127.0.0.1:80/cb", "http://localhost/cb", "com.example.app:/cb"]
        {
            assert_eq!(validate_redirect_uri(good), Ok(()));
        }
        for bad in [
            "",
            "/cb",
            "//a/cb",
            "http://a.example/cb",
            "https://a/cb#x",
            "https://u@a/cb",
            "javascript:alert(1)",
            "data:text/html,x",
            "https://a/ b",
            "https://ä.example/",
            "https://a/\u{9}",
        ] {
            assert!(validate_redirect_uri(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn contradictory_settings_are_rejected() {
        let code = ApplicationSettings {
            grants: [GrantType::AuthorizationCode].into(),
            redirect_uris: vec!["https://a.example/cb".to_owned()],
            ..ApplicationSettings::default()
        };
        assert_eq!(code.validate(false), Ok(()));
        let signed = ApplicationSettings { oauth1: [SignatureMethod::RsaSha1].into(), ..code.clone() };
        for (wrong, bound) in [
            (ApplicationSettings { public: true, ..code.clone() }, true),
            (ApplicationSettings { trusted: true, ..code.clone() }, false),
            (ApplicationSettings { grants: [GrantType::ClientCredentials].into(), ..code.clone() }, false),
            (ApplicationSettings { redirect_uris: Vec::new(), ..code.clone() }, true),
            (ApplicationSettings::default(), true),
            (signed, true),
        ] {
            assert!(wrong.validate(bound).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn settings_survive_serialization() {
        let settings =
            ApplicationSettings { oauth1: [SignatureMethod::HmacSha1].into(), ..ApplicationSettings::default() };
        let text = serde_json::to_string(&settings).unwrap();
        assert!(text.contains(r#""oauth1":["HMAC-SHA1"]"#), "{text}");
        assert_eq!(serde_json::from_str::<ApplicationSettings>(&text).unwrap(), settings);
    }
}
