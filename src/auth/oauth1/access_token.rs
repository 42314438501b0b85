//! Token credentials (RFC 5849 section 2.3): an approved request token is exchanged for an access token, once.
//!
//! In: a request signed with a request token. Out: an access token with its secret. Must not know: responses.

use std::sync::Arc;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use secrecy::ExposeSecret as _;
use tokio::time::Instant;

use super::callback::Verifier;
use super::consumer_signature::dummy_verify;
use super::malformed::MalformedSignature;
use super::request::SignedRequest;
use super::request_checks::{OAuth1, count_failure, invalid_signature};
use super::request_token::{RequestToken, TokenCredentials, generate_secret, verifier_hash};
use super::settings::ConnectionInfo;
use crate::auth::clients::application::Application;
use crate::auth::clients::approval::{Approval, ResourceOwner};
use crate::auth::error::AuthError;
use crate::auth::key_provider::KeySet;
use crate::error::Problem;
use crate::error_code::ErrorCode;
use crate::secret::{DataKey, TokenKind};
use crate::store::{AuditEvent, SpentWrap};

/// One error for every reason, so that a client that guesses verifiers learns nothing.
fn invalid_verifier() -> Problem {
    let detail = "The parameter `oauth_verifier` is not valid for this request token. Possible reasons: the verifier \
                  is wrong or was used before, too many verifiers were sent for this token, or the user has not \
                  approved the request.";
    let hint = "Send the verifier that the user received, or start again with a new request token.";
    Problem::new(ErrorCode::CredentialInvalid, detail).parameter("oauth_verifier").hint(hint)
}

/// How many verifiers may be tried for a request token (O1-27).
const MAX_ATTEMPTS: u32 = 5;

impl OAuth1 {
    /// Exchanges an approved request token for an access token.
    ///
    /// # Errors
    /// 400 without token or verifier, 401 if the signature, the token or the verifier is rejected, 429 if too many
    /// attempts failed, 503 without the store.
    pub async fn issue_access_token(
        &self,
        request: &SignedRequest,
        connection: ConnectionInfo,
    ) -> Result<TokenCredentials, Problem> {
        self.check_confidential(connection)?;
        let token = request.token.as_deref().ok_or_else(|| MalformedSignature::missing("oauth_token"))?;
        let missing = || MalformedSignature::missing("oauth_verifier");
        let verifier = request.verifier.as_deref().filter(|verifier| !verifier.is_empty()).ok_or_else(missing)?;
        self.check_method_and_timestamp(request, connection)?;
        let started = Instant::now();
        let result = self.verify_request_token(request, token, connection).await;
        let result = self.failures.finish_with(result, started, connection.address, invalid_signature).await;
        let (keys, request_token, key) = result?;
        let usage = self.usage(&request_token.application);
        let result = self.exchange(&keys, request_token, key, verifier).await;
        let result = result.inspect_err(|_| count_failure(usage.as_deref()));
        let result = result.map(|issued| TokenCredentials { usage, ..issued });
        self.failures.finish_with(result, started, connection.address, invalid_verifier).await
    }

    async fn exchange(
        &self,
        keys: &KeySet,
        request_token: RequestToken,
        key: DataKey,
        verifier: &str,
    ) -> Result<TokenCredentials, AuthError> {
        self.check_verifier(keys, &request_token, verifier).await?;
        let RequestToken { application, row, .. } = request_token;
        let (now, secret) = (self.credentials.clock.now(), generate_secret()?);
        let approval = Approval {
            kind: TokenKind::OAuth1Access,
            approval_id: row.oauth.as_ref().map(|terms| terms.approval_id.clone()),
            redirect_uri: None,
            challenge: None,
            secret: Some(secret.clone()),
            scope: row.scope.clone(),
            not_after: None,
            idle_seconds: i64::try_from(self.settings.access_token_idle.as_secs()).ok(),
        };
        let owner = ResourceOwner { grant: row.grant.clone(), key: Some(key) };
        let (access_row, token) = self.applications.new_token(&application, &owner, approval).await?;
        let client_id = application.client_id().to_owned();
        let detail = format!("to {client_id}");
        let event = AuditEvent::new(now, owner.login(), "oauth1.exchange", &access_row.id, detail);
        let store = &self.credentials.store;
        if !store.exchange(&row, &[&access_row], row.not_after, SpentWrap::Deleted, &event).await? {
            return Err(AuthError::Rejected);
        }
        Ok(TokenCredentials { token, secret, client_id, usage: None })
    }

    /// Verifies that the request was signed by the application that the request token was issued to (O1-29). Returns
    /// the request token and its data key.
    async fn verify_request_token(
        &self,
        request: &SignedRequest,
        token: &str,
        connection: ConnectionInfo,
    ) -> Result<(Arc<KeySet>, RequestToken, DataKey), AuthError> {
        let keys = self.credentials.key_set().await?;
        let application = self.find_application(request).await?;
        let usage = self.usage(&application);
        let verified = self.verify_token_of(application, &keys, request, token, connection).await;
        let (request_token, key) = verified.inspect_err(|_| count_failure(usage.as_deref()))?;
        Ok((keys, request_token, key))
    }

    async fn verify_token_of(
        &self,
        application: Application,
        keys: &KeySet,
        request: &SignedRequest,
        token: &str,
        connection: ConnectionInfo,
    ) -> Result<(RequestToken, DataKey), AuthError> {
        let found = self.find_in_any_state(token).await;
        if found.is_err() {
            dummy_verify(request);
        }
        let request_token = found?;
        if request_token.application.row.id != application.row.id {
            return Err(AuthError::Rejected);
        }
        let key = self.credentials.data_key(keys, &request_token.token, &request_token.row).await?;
        let token_secret = self.token_secret(&key, &request_token.row)?;
        let consumer = self.consumer(application).await?;
        consumer.verify(request, token_secret.expose_secret(), &self.settings, connection.address)?;
        self.check_nonce(keys, request, Some(request_token.row.index)).await?;
        Ok((request_token, key))
    }

    /// Checks the verifier that the user who approved got. The attempt is counted before the comparison.
    async fn check_verifier(
        &self,
        keys: &KeySet,
        request_token: &RequestToken,
        verifier: &str,
    ) -> Result<(), AuthError> {
        let row = &request_token.row;
        let Some(expected) = row.oauth.as_ref().and_then(|terms| terms.challenge.as_deref()) else {
            return Err(AuthError::Rejected);
        };
        if !self.credentials.store.count_attempt(&row.id, MAX_ATTEMPTS).await? {
            return Err(AuthError::Rejected);
        }
        let sent = verifier_hash(keys, &row.id, &Verifier::parse(&request_token.callback, verifier));
        verify_slices_are_equal(expected.as_bytes(), sent.as_bytes()).map_err(|_| AuthError::Rejected)
    }
}
