//! Checks signed requests: TLS, signature method, timestamp, nonce. Finds the application that signed.
//!
//! In: settings, applications, limits. Out: [`OAuth1`]. Must not know: routes.

use std::sync::Arc;

use secrecy::SecretString;

use super::consumer_signature::{Consumer, dummy_verify};
use super::request::{SignedRequest, TimestampNonce};
use super::settings::{ConnectionInfo, OAuth1Settings};
use super::signature::RsaKey;
use super::timestamp;
use crate::auth::clients::application::Application;
use crate::auth::clients::registry::Applications;
use crate::auth::clients::signature_method::SignatureMethod;
use crate::auth::credentials::credential_cache::CredentialCache;
use crate::auth::error::AuthError;
use crate::auth::key_provider::KeySet;
use crate::auth::limits::token_rejection::FailurePolicy;
use crate::auth::limits::usage_limits::TokenLimits;
use crate::auth::token_verifier::{CredentialStore, OpenedCredential};
use crate::auth::usage_counts::UsageCounter;
use crate::error::Problem;
use crate::error_code::ErrorCode;
use crate::secret::{Aad, TokenIndex};

/// An application and a user's token, with all that they open.
#[derive(Debug)]
pub(super) struct SigningIdentity {
    pub(super) consumer: Consumer,
    pub(super) token_secret: SecretString,
    pub(super) opened: OpenedCredential,
}

/// The error for every signature that is not valid: an unknown application, an unknown token, a wrong secret, or
/// another text than the one that was signed. It reveals nothing to a client that guesses (O1-31).
pub(super) fn invalid_signature() -> Problem {
    let detail = "The signature is not valid: the consumer key, the token, a secret, or the signed text is wrong.";
    Problem::new(ErrorCode::CredentialInvalid, detail).hint(
        "Check both secrets. Check that the signed URL is the URL by which clients reach the gateway \
         (server.public_url), and that a space in the query is signed as %20.",
    )
}

/// Counts a rejected request as an error of the application that it claims to be signed by: the client id is no
/// secret, but the attempts of others are limited, and administrators see them here.
pub(super) fn count_failure(usage: Option<&UsageCounter>) {
    if let Some(usage) = usage {
        usage.record(true);
    }
}

/// Verifies signed requests and issues tokens to the applications that sign.
#[derive(Debug)]
pub struct OAuth1 {
    pub(super) credentials: CredentialStore,
    pub(super) applications: Applications,
    pub(super) limits: TokenLimits,
    pub(super) failures: FailurePolicy,
    pub(super) settings: OAuth1Settings,
    pub(super) cache: CredentialCache<SigningIdentity>,
}

impl OAuth1 {
    pub(in crate::auth) fn new(
        credentials: CredentialStore,
        applications: Applications,
        limits: TokenLimits,
        failures: FailurePolicy,
        settings: OAuth1Settings,
    ) -> Self {
        let store = &credentials.store;
        let cache = CredentialCache::new(store.credential_changes(), store.response_timeout());
        Self { credentials, applications, limits, failures, settings, cache }
    }

    /// Whether an application with this consumer key exists, enabled or not.
    pub async fn client_exists(&self, consumer_key: &str) -> bool {
        let client_id = consumer_key.split('.').next().unwrap_or_default();
        let found = self.credentials.store.application(client_id, self.credentials.clock.now()).await;
        found.is_ok_and(|found| found.is_some())
    }

    /// Checks the signature method and the timestamp. The result does not depend on applications or tokens, so it
    /// reveals nothing about them.
    ///
    /// # Errors
    /// 400 for a method that is not allowed, 401 for a timestamp outside the window.
    pub(super) fn check_method_and_timestamp(
        &self,
        request: &SignedRequest,
        connection: ConnectionInfo,
    ) -> Result<(), Problem> {
        let not_allowed =
            |detail: &str| Err(Problem::new(ErrorCode::InvalidParameter, detail).parameter("oauth_signature_method"));
        match request.method {
            SignatureMethod::RsaSha1 if !self.settings.rsa_sha1 => {
                not_allowed("RSA-SHA1 is not allowed by this gateway. Sign with RSA-SHA256.")
            }
            SignatureMethod::Plaintext if !self.settings.plaintext => {
                not_allowed("PLAINTEXT is not allowed by this gateway. Sign with HMAC-SHA256.")
            }
            // O1-14
            SignatureMethod::Plaintext if !connection.is_confidential => {
                not_allowed("PLAINTEXT is allowed over TLS only. Sign with HMAC-SHA256.")
            }
            _ => self.check_timestamp(request),
        }
    }

    fn check_timestamp(&self, request: &SignedRequest) -> Result<(), Problem> {
        let (now, window) = (self.credentials.clock.now(), self.settings.timestamp_window);
        match &request.timestamp_nonce {
            Some(sent) if !timestamp::is_near(sent.timestamp, now, window) => {
                let seconds = window.as_secs();
                let detail = format!("The timestamp differs from the gateway's clock by more than {seconds} s.");
                let problem = Problem::new(ErrorCode::CredentialInvalid, detail).parameter("oauth_timestamp");
                Err(problem.hint("The `Date` header of this response contains the gateway's time."))
            }
            _ => Ok(()),
        }
    }

    /// Tokens are issued over confidential connections only (O1-15).
    pub(super) fn check_confidential(&self, connection: ConnectionInfo) -> Result<(), Problem> {
        if connection.is_confidential || self.settings.insecure_http {
            return Ok(());
        }
        let detail = "Tokens are issued over TLS only.";
        let hint = "Use https, or set server.public_url to the https URL of the gateway.";
        Err(Problem::new(ErrorCode::MalformedRequest, detail).hint(hint))
    }

    /// The active application that the request claims to be signed by.
    pub(super) async fn find_application(&self, request: &SignedRequest) -> Result<Application, AuthError> {
        let found = self.applications.find(request.client_id()).await?;
        if found.is_none() {
            dummy_verify(request);
        }
        found.ok_or(AuthError::Rejected)
    }

    /// The counter of an application.
    pub(super) fn usage(&self, application: &Application) -> Option<Arc<UsageCounter>> {
        self.credentials.usage_counts.counter(&application.row)
    }

    /// A verified application, with its secret or key.
    pub(super) async fn consumer(&self, application: Application) -> Result<Consumer, AuthError> {
        let secret = self.applications.consumer_secret(&application).await?;
        let key = application.settings.rsa_public_key.as_deref().and_then(RsaKey::from_pem);
        Ok(Consumer { application, secret: secret.map(|secret| secret.expose().into()), key })
    }

    /// Stores the nonce of a request whose signature was verified, and rejects a request that was sent before (O1-17,
    /// O1-18).
    pub(super) async fn check_nonce(
        &self,
        keys: &KeySet,
        request: &SignedRequest,
        token: Option<TokenIndex>,
    ) -> Result<(), AuthError> {
        let Some(sent) = &request.timestamp_nonce else { return Ok(()) };
        let window = i64::try_from(self.settings.timestamp_window.as_secs()).unwrap_or(i64::MAX);
        let until = sent.timestamp.saturating_add(window).saturating_add(1);
        let nonce = keys.index.digest(&nonce_data(request, sent, token));
        if self.credentials.store.insert_nonce(nonce, until).await? {
            return Ok(());
        }
        // The client has the right secrets, so there is nothing to guess.
        let detail = "The nonce was used before: this request is a replay.";
        let problem = Problem::new(ErrorCode::CredentialInvalid, detail).parameter("oauth_nonce");
        Err(problem.hint("Sign each request with a new nonce, also when it is sent again.").into())
    }
}

fn nonce_data(request: &SignedRequest, sent: &TimestampNonce, token: Option<TokenIndex>) -> Aad {
    Aad::new("oauth1 nonce")
        .with(request.consumer_key.as_bytes())
        .with(token.map(|token| token.hash).unwrap_or_default().as_slice())
        .with_number(Some(sent.timestamp))
        .with(&sent.nonce)
}
