//! What an application is and may.
//!
//! In: a row of the store, a wish of an administrator. Out: [`Application`], and whether a redirection or scope is within
//! it. Must not know: how its secret is verified.

use std::collections::BTreeSet;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use url::{Host, Url};

use crate::auth::oauth1::SignatureMethod;
use crate::auth::tokens::is_admitted;
use crate::error::Problem;
use crate::error_code::Code;
use crate::plan::{Scope, ScopeWords};
use crate::store::{StoreError, StoredToken, random_id};

/// The ways to a token (RFC 6749 section 1.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GrantType {
    /// A user approves: section 4.1.
    AuthorizationCode,
    /// What was approved goes on: section 6.
    RefreshToken,
    /// The application acts as its bound user: section 4.4.
    ClientCredentials,
}

/// What an administrator decided about an application, beside its name, end, networks, rate and scope.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApplicationSettings {
    /// It runs where it cannot keep a secret, and has none.
    pub public: bool,
    /// Its ways to a token.
    pub grants: BTreeSet<GrantType>,
    /// Where answers may go, exactly; callbacks of OAuth 1 too.
    pub redirect_uris: Vec<String>,
    /// It approves for its bound user by itself.
    pub trusted: bool,
    /// It has to prove with PKCE that it asked; who has no secret always has to.
    pub pkce_required: bool,
    /// How it may sign; nothing: no OAuth 1.
    pub oauth1: BTreeSet<SignatureMethod>,
    /// The key of RSA signatures, as PEM.
    pub rsa_public_key: Option<String>,
    /// It signs with its client secret although it is bound to a user, so that the store and the master key open the
    /// credential of that user.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub one_secret: bool,
}

/// An application, verified to be as it was made.
#[derive(Debug, Clone)]
pub struct Application {
    /// Its row: the token that its secret is. The grant is that of its bound user.
    pub row: StoredToken,
    /// What it is and may.
    pub settings: ApplicationSettings,
    /// What it reaches.
    pub scope: Scope,
}

impl Application {
    /// Reads a row that was verified; `None` when it is no application's, or one that a newer gateway made.
    #[must_use]
    pub fn of(row: StoredToken) -> Option<Self> {
        let settings = serde_json::from_str(&row.application.as_ref()?.settings).ok()?;
        let scope = Scope::from_json(&row.scope).ok()?;
        Some(Self { row, settings, scope })
    }

    /// What it calls itself by.
    #[must_use]
    pub fn client_id(&self) -> &str {
        self.row.application.as_ref().map_or("", |terms| &terms.client_id)
    }

    /// What people call it.
    #[must_use]
    pub fn name(&self) -> &str {
        self.row.key.as_ref().map_or("", |terms| &terms.name)
    }

    /// Whether it is bound to a user.
    #[must_use]
    pub fn is_bound(&self) -> bool {
        self.row.grant.uid > 0
    }

    /// Whether it may be used from this address. If not, the log names it.
    #[must_use]
    pub fn admits(&self, address: IpAddr) -> bool {
        is_admitted(&self.row, address)
    }

    /// Whether PKCE is asked of it.
    #[must_use]
    pub fn needs_pkce(&self) -> bool {
        self.settings.public || self.settings.pkce_required
    }

    /// Where an answer goes: what was sent, when it is registered exactly; without it the only one that is registered.
    /// Of a loopback address the port may differ (RFC 8252 section 7.3). `None`: nowhere.
    #[must_use]
    pub fn redirect_to(&self, sent: Option<&str>) -> Option<String> {
        let registered = &self.settings.redirect_uris;
        match (sent, registered.as_slice()) {
            (Some(sent), _) => {
                registered.iter().any(|uri| uri == sent || is_same_loopback(uri, sent)).then(|| sent.into())
            }
            (None, [only]) => Some(only.clone()),
            (None, _) => None,
        }
    }

    /// What it reaches by these words of its.
    ///
    /// # Errors
    /// `invalid_scope` for a word that is none, or names nothing that it reaches.
    pub fn narrowed(&self, words: Option<&str>) -> Result<Scope, Problem> {
        let refuse = |detail: String| Problem::new(Code::InvalidScope, detail).parameter("scope");
        let words = ScopeWords::parse(words.unwrap_or_default()).map_err(refuse)?;
        let nothing = |word| refuse(format!("this application has nothing of {word}"));
        self.scope.clone().narrowed(words).map_err(nothing)
    }
}

/// Whether both are the same address of this machine but for the port. Names are never taken for addresses.
fn is_same_loopback(registered: &str, sent: &str) -> bool {
    let (Some((before, after)), Some((their_before, their_after))) = (around_port(registered), around_port(sent))
    else {
        return false;
    };
    (before, after) == (their_before, their_after)
}

/// Whether an address names this machine by the word `localhost`, whose port is compared, too.
#[must_use]
pub fn is_localhost(uri: &str) -> bool {
    Url::parse(uri).is_ok_and(|url| url.scheme() == "http" && url.host_str() == Some("localhost"))
}

/// What stands before and after the port of `http://127.0.0.1:PORT/…` or `http://[::1]:PORT/…`.
fn around_port(uri: &str) -> Option<(&str, &str)> {
    let host = ["http://127.0.0.1", "http://[::1]"].into_iter().find(|host| uri.starts_with(host))?;
    let rest = uri.strip_prefix(host)?;
    let Some(port) = rest.strip_prefix(':') else {
        return (rest.is_empty() || rest.starts_with('/')).then_some((host, rest));
    };
    let digits = port.bytes().take_while(u8::is_ascii_digit).count();
    let (port, after) = port.split_at_checked(digits)?;
    let right = port.parse::<u16>().is_ok_and(|port| port > 0) && (after.is_empty() || after.starts_with('/'));
    right.then_some((host, after))
}

impl ApplicationSettings {
    /// Whether it makes sense, for an application that is bound to a user or not.
    ///
    /// # Errors
    /// What does not, for the administrator.
    pub fn check(&self, bound: bool) -> Result<(), String> {
        for uri in &self.redirect_uris {
            check_redirect(uri)?;
        }
        let is = |grant| self.grants.contains(&grant);
        let signs_with_rsa = self.oauth1.iter().any(|method| method.is_rsa());
        let wrong = [
            (self.public && bound, "a public application has no secret to keep a user's credential behind: no login"),
            (self.public && self.trusted, "a public application is not trusted to approve by itself"),
            (self.public && is(GrantType::ClientCredentials), "client_credentials needs a secret"),
            (self.public && !self.oauth1.is_empty(), "OAuth 1 needs a secret"),
            (self.trusted && !bound, "a trusted application approves for the user it is bound to: name a login"),
            (is(GrantType::ClientCredentials) && !bound, "client_credentials acts as the bound user: name a login"),
            (
                is(GrantType::AuthorizationCode) && self.redirect_uris.is_empty() && !self.trusted,
                "authorization_code needs a redirect URI",
            ),
            (
                self.grants.is_empty() && self.oauth1.is_empty(),
                "it could get no token: name a grant, or OAuth 1 methods",
            ),
            (signs_with_rsa != self.rsa_public_key.is_some(), "RSA methods and an RSA public key belong together"),
        ];
        match wrong.iter().find(|(wrong, _)| *wrong) {
            Some((_, why)) => Err((*why).to_owned()),
            None => Ok(()),
        }
    }
}

/// RFC 6749 section 3.1.2, RFC 9700 section 2.1, RFC 8252 section 7.
fn check_redirect(uri: &str) -> Result<(), String> {
    let refuse = |why: &str| Err(format!("{uri:?} can be no redirect URI: {why}"));
    let Ok(url) = Url::parse(uri) else { return refuse("it is no absolute URI") };
    let loopback = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    if url.fragment().is_some() {
        refuse("it has a fragment")
    } else if !url.username().is_empty() || url.password().is_some() {
        refuse("it has a user")
    } else if uri.len() > 2000 || uri.bytes().any(|byte| byte <= b' ' || byte >= 0x7f) {
        refuse("it has to be at most 2000 printable ASCII characters")
    } else {
        match url.scheme() {
            "https" => Ok(()),
            "http" if loopback => Ok(()),
            "http" => refuse("over http answers go to this machine only"),
            private if private.contains('.') => Ok(()),
            _ => refuse("its scheme is neither https nor the reversed name of an app, as com.example.app"),
        }
    }
}

/// A new name for an application to call itself by.
///
/// # Errors
/// When the operating system gives no randomness.
pub fn new_client_id() -> Result<String, StoreError> {
    Ok(format!("ogw_app_{}", random_id()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_differ_on_loopback_addresses_only() {
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
    fn redirections_that_leak_are_not_registered() {
        for good in ["https://a.example/cb?x=1", "http://127.0.0.1:80/cb", "http://localhost/cb", "com.example.app:/cb"]
        {
            assert_eq!(check_redirect(good), Ok(()));
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
            assert!(check_redirect(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn settings_that_make_no_sense_are_told() {
        let code = ApplicationSettings {
            grants: [GrantType::AuthorizationCode].into(),
            redirect_uris: vec!["https://a.example/cb".to_owned()],
            ..ApplicationSettings::default()
        };
        assert_eq!(code.check(false), Ok(()));
        let signed = ApplicationSettings { oauth1: [SignatureMethod::RsaSha1].into(), ..code.clone() };
        for (wrong, bound) in [
            (ApplicationSettings { public: true, ..code.clone() }, true),
            (ApplicationSettings { trusted: true, ..code.clone() }, false),
            (ApplicationSettings { grants: [GrantType::ClientCredentials].into(), ..code.clone() }, false),
            (ApplicationSettings { redirect_uris: Vec::new(), ..code.clone() }, true),
            (ApplicationSettings::default(), true),
            (signed, true),
        ] {
            assert!(wrong.check(bound).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn settings_come_back_as_they_were_written() {
        let settings =
            ApplicationSettings { oauth1: [SignatureMethod::HmacSha1].into(), ..ApplicationSettings::default() };
        let text = serde_json::to_string(&settings).unwrap();
        assert!(text.contains(r#""oauth1":["HMAC-SHA1"]"#), "{text}");
        assert_eq!(serde_json::from_str::<ApplicationSettings>(&text).unwrap(), settings);
    }
}
