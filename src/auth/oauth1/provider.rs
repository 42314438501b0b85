//! The provider: what all its acts share, and what it lets pass at all.
//!
//! In: settings, the verifier of the gateway's own tokens. Out: [`OAuth1`]. Must not know: routes.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use moka::sync::Cache;

use super::authenticate::Signer;
use super::request::Signed;
use super::signature::SignatureMethod;
use super::timestamp;
use crate::auth::tokens::Tokens;
use crate::error::Problem;
use crate::error_code::Code;
use crate::secret::TokenIndex;

/// How requests and tokens are judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OAuth1Settings {
    /// How far a time stamp may lie from now.
    pub timestamp_window: Duration,
    /// How long a request token lives.
    pub request_token_lifetime: Duration,
    /// How long an access token lives when it is not used.
    pub access_token_idle: Duration,
    /// Whether tokens are given where others may listen.
    pub insecure_http: bool,
    /// Whether RSA-SHA1 is taken.
    pub rsa_sha1: bool,
    /// Whether PLAINTEXT is taken.
    pub plaintext: bool,
    /// Whether signatures may be percent-encoded once more than they should (O1-35).
    pub double_encoded_signature: bool,
}

impl Default for OAuth1Settings {
    fn default() -> Self {
        Self {
            timestamp_window: Duration::from_secs(5 * 60),
            request_token_lifetime: Duration::from_secs(10 * 60),
            access_token_idle: Duration::from_secs(90 * 24 * 60 * 60),
            insecure_http: false,
            rsa_sha1: false,
            plaintext: false,
            double_encoded_signature: false,
        }
    }
}

/// From where a request came, and how.
#[derive(Debug, Clone, Copy)]
pub struct Occasion {
    /// The client's address.
    pub address: IpAddr,
    /// Nobody on the way can listen.
    pub is_private: bool,
}

/// Why a signature was refused. The same for an unknown application, an unknown token, a wrong secret and another text than
/// the one that was signed: it tells a guesser nothing (O1-31).
pub(super) fn not_verified() -> Problem {
    let detail = "The signature could not be verified: the consumer key, the token, one of the secrets, or what was \
                  signed is wrong.";
    Problem::new(Code::CredentialInvalid, detail).hint(
        "Check both secrets and that the URL that is signed is the one by which clients reach the gateway \
         (server.public_url); a space in a query is signed as %20.",
    )
}

/// Who opened credentials are remembered for, as of any token: see `tokens`.
const OPENED_TTL: Duration = Duration::from_secs(5 * 60);
const OPENED_IDLE: Duration = Duration::from_secs(60);
const MOST_OPENED: u64 = 10_000;

/// Verifies signed requests and gives tokens to those who sign.
#[derive(Debug)]
pub struct OAuth1 {
    pub(super) tokens: Arc<Tokens>,
    pub(super) settings: OAuth1Settings,
    pub(super) signers: Cache<TokenIndex, Arc<Signer>>,
}

impl OAuth1 {
    /// Remembers nothing.
    #[must_use]
    pub fn new(tokens: Arc<Tokens>, settings: OAuth1Settings) -> Self {
        let signers = Cache::builder().max_capacity(MOST_OPENED).time_to_live(OPENED_TTL).time_to_idle(OPENED_IDLE);
        Self { tokens, settings, signers: signers.build() }
    }

    /// Whether there is an application of this name, switched off or not.
    pub async fn knows(&self, consumer_key: &str) -> bool {
        let client_id = consumer_key.split('.').next().unwrap_or_default();
        self.tokens.store.application(client_id, self.tokens.clock.now()).await.is_ok_and(|found| found.is_some())
    }

    /// What is refused before anybody looks who signed: nothing here tells of applications and tokens.
    ///
    /// # Errors
    /// 400 for a method that is not taken here, 401 for a time stamp far from now.
    pub(super) fn admit(&self, signed: &Signed, occasion: Occasion) -> Result<(), Problem> {
        let refuse =
            |detail: &str| Err(Problem::new(Code::InvalidParameter, detail).parameter("oauth_signature_method"));
        match signed.method {
            SignatureMethod::RsaSha1 if !self.settings.rsa_sha1 => {
                refuse("RSA-SHA1 is not taken here: sign with RSA-SHA256.")
            }
            SignatureMethod::Plaintext if !self.settings.plaintext => {
                refuse("PLAINTEXT is not taken here: sign with HMAC-SHA256.")
            }
            // O1-14
            SignatureMethod::Plaintext if !occasion.is_private => {
                refuse("PLAINTEXT is taken over TLS only: sign with HMAC-SHA256.")
            }
            _ => self.admit_moment(signed),
        }
    }

    fn admit_moment(&self, signed: &Signed) -> Result<(), Problem> {
        let (now, window) = (self.tokens.clock.now(), self.settings.timestamp_window);
        match &signed.moment {
            Some(moment) if !timestamp::is_near(moment.timestamp, now, window) => {
                let detail = format!("The time stamp is more than {} s away from now.", window.as_secs());
                let problem = Problem::new(Code::CredentialInvalid, detail).parameter("oauth_timestamp");
                Err(problem.hint("The header `Date` of this answer tells the gateway's time."))
            }
            _ => Ok(()),
        }
    }

    /// Tokens are given where nobody listens (O1-15).
    pub(super) fn admit_giving(&self, occasion: Occasion) -> Result<(), Problem> {
        if occasion.is_private || self.settings.insecure_http {
            return Ok(());
        }
        let detail = "Tokens are given over TLS only.";
        Err(Problem::new(Code::MalformedRequest, detail).hint("Behind a proxy that speaks TLS set server.public_url."))
    }
}
