//! Temporary credentials (RFC 5849 sections 2.1 and 2.2): requested by an application, approved or denied by a user.
//!
//! A request token is stored as a row like every token. Until a user approves, its grant is that of the application,
//! and the key in its wrap opens only the token's secret. The approval replaces them with the user's grant and key,
//! and adds the keyed hash of the verifier.
//!
//! In: a signed request; later the token from the user's browser, and the user. Out: the token with its secret, the
//! verifier. Must not know: pages, redirects, responses.

use std::sync::Arc;

use secrecy::{ExposeSecret as _, SecretString};
use tokio::time::Instant;
use zeroize::Zeroizing;

use super::callback::{Callback, Verifier};
use super::malformed::MalformedSignature;
use super::request::SignedRequest;
use super::request_checks::{OAuth1, count_failure, invalid_signature};
use super::settings::ConnectionInfo;
use crate::auth::clients::application::Application;
use crate::auth::clients::approval::{Approval, ResourceOwner};
use crate::auth::clients::registry::check_database;
use crate::auth::error::{AuthError, accepted};
use crate::auth::key_provider::KeySet;
use crate::auth::token_verifier::altered_row;
use crate::auth::usage_counts::UsageCounter;
use crate::error::Problem;
use crate::error_code::ErrorCode;
use crate::secret::{Aad, DataKey, Token, TokenKind, random_hex};
use crate::store::{AuditEvent, StoredToken};

/// A request or access token and its secret, to be sent once.
#[derive(Debug)]
pub struct TokenCredentials {
    /// `oauth_token`
    pub token: Token,
    /// `oauth_token_secret`
    pub secret: SecretString,
    /// The client id of the application.
    pub client_id: String,
    /// Counts the request as one of the application.
    pub usage: Option<Arc<UsageCounter>>,
}

impl TokenCredentials {
    /// The secret in clear.
    #[must_use]
    pub fn expose_secret(&self) -> &str {
        self.secret.expose_secret()
    }
}

/// A request token that waits for a user's decision.
#[derive(Debug)]
pub struct RequestToken {
    /// The application that requested it.
    pub application: Application,
    /// Where the user is sent afterwards.
    pub callback: Callback,
    pub(super) token: Token,
    pub(super) row: StoredToken,
}

/// A request token that a user approved or denied.
#[derive(Debug)]
pub struct DecidedRequestToken {
    /// `oauth_token`, as the user's browser sent it.
    pub token: Token,
    /// Where the user is sent.
    pub callback: Callback,
    /// The verifier for the application; `None`: the user denied.
    pub verifier: Option<Verifier>,
}

impl DecidedRequestToken {
    /// The callback with its parameters; `None` if a page must show the code or the denial instead.
    #[must_use]
    pub fn redirect_uri(&self) -> Option<String> {
        let token = ("oauth_token", self.token.expose());
        match &self.verifier {
            Some(verifier) => self.callback.with_parameters(&[token, ("oauth_verifier", verifier.expose())]),
            None => self.callback.with_parameters(&[token, ("oauth_problem", "permission_denied")]),
        }
    }
}

impl OAuth1 {
    /// Issues a request token.
    ///
    /// # Errors
    /// 400 without a registered callback, 401 if the signature is rejected, 429 if too many attempts failed, 503
    /// without the store.
    pub async fn issue_request_token(
        &self,
        request: &SignedRequest,
        connection: ConnectionInfo,
    ) -> Result<TokenCredentials, Problem> {
        self.check_confidential(connection)?;
        let callback = request.callback.as_deref().ok_or_else(|| MalformedSignature::missing("oauth_callback"))?;
        if request.token.is_some() {
            let detail = "A request for a request token must be signed without a token. Omit `oauth_token`.";
            return Err(Problem::new(ErrorCode::InvalidParameter, detail).parameter("oauth_token"));
        }
        self.check_method_and_timestamp(request, connection)?;
        let started = Instant::now();
        let result = self.try_issue_request_token(request, callback, connection).await;
        self.failures.finish_with(result, started, connection.address, invalid_signature).await
    }

    async fn try_issue_request_token(
        &self,
        request: &SignedRequest,
        callback: &str,
        connection: ConnectionInfo,
    ) -> Result<TokenCredentials, AuthError> {
        let keys = self.credentials.key_set().await?;
        let application = self.find_application(request).await?;
        let usage = self.usage(&application);
        let issued = self.request_token_for(application, &keys, request, callback, connection).await;
        let issued = issued.inspect_err(|_| count_failure(usage.as_deref()))?;
        Ok(TokenCredentials { usage, ..issued })
    }

    /// Issues a request token to the application that the request claims to be signed by.
    async fn request_token_for(
        &self,
        application: Application,
        keys: &KeySet,
        request: &SignedRequest,
        callback: &str,
        connection: ConnectionInfo,
    ) -> Result<TokenCredentials, AuthError> {
        let consumer = self.consumer(application).await?;
        consumer.verify(request, "", &self.settings, connection.address)?;
        let application = consumer.application;
        let callback = Callback::parse_registered(&application, callback)?;
        self.check_nonce(keys, request, None).await?;
        self.limits.check_rate(&application.row).await?;
        let owner = self.initial_owner(&application, request.consumer_key_secret()).await?;
        self.store_request_token(&application, &owner, &callback).await
    }

    /// The owner of a request token before a user decides: a placeholder, or the bound user of a trusted application
    /// whose consumer key opens the user's credential. Nothing else opens it when the application approves without
    /// interaction.
    async fn initial_owner(
        &self,
        application: &Application,
        consumer_key_secret: Option<&str>,
    ) -> Result<ResourceOwner, AuthError> {
        match consumer_key_secret {
            None => Ok(ResourceOwner::undecided(application)),
            Some(text) => {
                let key = Token::parse(TokenKind::ConsumerKey, text).ok_or(AuthError::Rejected)?;
                self.applications.bound_user_by_consumer_key(application, &key).await
            }
        }
    }

    async fn store_request_token(
        &self,
        application: &Application,
        owner: &ResourceOwner,
        callback: &Callback,
    ) -> Result<TokenCredentials, AuthError> {
        let (now, secret) = (self.credentials.clock.now(), generate_secret()?);
        let approval = Approval {
            kind: TokenKind::OAuth1Request,
            approval_id: None,
            redirect_uri: Some(callback.as_str().to_owned()),
            challenge: None,
            secret: Some(secret.clone()),
            scope: application.scope.to_json(),
            not_after: Some((now + self.settings.request_token_lifetime).unix_timestamp()),
            idle_seconds: None,
        };
        let (row, token) = self.applications.new_token(application, owner, approval).await?;
        let event = AuditEvent::new(now, application.client_id(), "oauth1.ask", &row.id, "");
        self.credentials.store.add_token_for_grant(&row, &event).await?;
        Ok(TokenCredentials { token, secret, client_id: application.client_id().to_owned(), usage: None })
    }

    /// The request token of this text while it waits for a user's decision; `None` if it has expired, was decided, or
    /// never existed.
    ///
    /// # Errors
    /// 503 without the store.
    pub async fn find_request_token(&self, text: &str) -> Result<Option<RequestToken>, Problem> {
        let found = accepted(self.find_in_any_state(text).await)?;
        let is_undecided = |token: &RequestToken| token.row.oauth.as_ref().is_some_and(|it| it.challenge.is_none());
        Ok(found.filter(is_undecided))
    }

    /// Finds a request token, whether the user has decided about it or not.
    pub(super) async fn find_in_any_state(&self, text: &str) -> Result<RequestToken, AuthError> {
        let token = Token::parse(TokenKind::OAuth1Request, text).ok_or(AuthError::Rejected)?;
        let row = self.credentials.find_active(&token).await?;
        let client_id = row.application.as_ref().map(|terms| terms.client_id.clone()).ok_or(AuthError::Rejected)?;
        let application = self.applications.find(&client_id).await?.ok_or(AuthError::Rejected)?;
        let callback = row.oauth.as_ref().and_then(|terms| terms.redirect_uri.as_deref());
        let callback = Callback::parse(callback.ok_or(AuthError::Rejected)?);
        Ok(RequestToken { application, callback, token, row })
    }

    /// Records that the user approves. From now on the application can get an access token with the verifier.
    ///
    /// # Errors
    /// 401 if the token has expired or was decided meanwhile, 400 for a user of another database, 503 without the
    /// store.
    pub async fn approve(&self, request: RequestToken, owner: &ResourceOwner) -> Result<DecidedRequestToken, Problem> {
        self.try_approve(request, owner).await.map_err(AuthError::into_problem)
    }

    async fn try_approve(
        &self,
        request: RequestToken,
        owner: &ResourceOwner,
    ) -> Result<DecidedRequestToken, AuthError> {
        let RequestToken { application, callback, token, row } = request;
        check_database(&application, owner)?;
        let keys = self.credentials.keys.for_sealing().await?;
        let verifier = Verifier::generate(&callback).map_err(Problem::internal)?;
        let approved = self.approved_row(&keys, &token, &row, owner, &verifier).await?;
        let detail = format!("to {} for {}", application.client_id(), approved.grant.database);
        let now = self.credentials.clock.now();
        let event = AuditEvent::new(now, owner.login(), "oauth1.approve", &row.id, detail);
        if !self.credentials.store.approve_request_token(&approved, &event).await? {
            return Err(AuthError::Rejected);
        }
        Ok(DecidedRequestToken { token, callback, verifier: Some(verifier) })
    }

    /// The row with the user's grant and key, and the hash of the verifier.
    async fn approved_row(
        &self,
        keys: &KeySet,
        token: &Token,
        row: &StoredToken,
        owner: &ResourceOwner,
        verifier: &Verifier,
    ) -> Result<StoredToken, AuthError> {
        let no_key = || Problem::internal("an OAuth 1.0a approval without the user's key");
        let key = owner.key.as_ref().ok_or_else(no_key)?;
        let secret = self.token_secret(&self.credentials.data_key(keys, token, row).await?, row)?;
        let mut approved = StoredToken { grant: owner.grant.clone(), ..row.clone() };
        if let Some(terms) = &mut approved.oauth {
            terms.challenge = Some(verifier_hash(keys, &row.id, verifier).to_string());
            terms.non_interactive = false;
            terms.secret = Some(key.seal_secret(&row.id, &secret).map_err(Problem::internal)?);
        }
        let terms = approved.terms();
        let wrap = key.wrap(&keys.keyring, token, approved.facts(&terms), approved.grant.facts());
        approved.wrap = wrap.map_err(Problem::internal)?;
        Ok(approved)
    }

    /// Approves for the bound user of a trusted application, without a page.
    ///
    /// # Errors
    /// 400 if the application is not trusted, 401 if the token was decided before or was requested with a consumer
    /// key that does not open the user's credential, 503 without the store.
    pub async fn approve_non_interactive(&self, request: RequestToken) -> Result<DecidedRequestToken, Problem> {
        self.applications.check_trusted(&request.application).await?;
        let owner = self.bound_user(&request).await.map_err(AuthError::into_problem)?;
        self.approve(request, &owner).await
    }

    async fn bound_user(&self, request: &RequestToken) -> Result<ResourceOwner, AuthError> {
        let RequestToken { application, token, row, .. } = request;
        let opens_credential = row.oauth.as_ref().is_some_and(|terms| !terms.non_interactive);
        if opens_credential && row.grant.id == application.row.grant.id {
            let keys = self.credentials.key_set().await?;
            let key = self.credentials.data_key(&keys, token, row).await?;
            return Ok(ResourceOwner { grant: row.grant.clone(), key: Some(key) });
        }
        let owner = self.applications.bound_user_by_signing_secret(application).await?;
        owner.ok_or_else(|| incomplete_consumer_key().into())
    }

    /// Records that the user denies: the token is deleted.
    ///
    /// # Errors
    /// 503 without the store.
    pub async fn deny(&self, request: RequestToken, login: &str) -> Result<DecidedRequestToken, Problem> {
        let RequestToken { application, callback, token, row } = request;
        let detail = format!("to {}", application.client_id());
        let event = AuditEvent::new(self.credentials.clock.now(), login, "oauth1.deny", &row.id, detail);
        let deleted = self.credentials.store.delete_token(&row.id, &event).await;
        deleted.map_err(AuthError::from).map_err(AuthError::into_problem)?;
        Ok(DecidedRequestToken { token, callback, verifier: None })
    }

    /// The secret of a token.
    pub(super) fn token_secret(&self, key: &DataKey, row: &StoredToken) -> Result<SecretString, AuthError> {
        let sealed = row.oauth.as_ref().and_then(|terms| terms.secret.as_ref()).ok_or(AuthError::Rejected)?;
        key.open_secret(&row.id, sealed).map_err(|cause| altered_row(row, &cause))
    }
}

fn incomplete_consumer_key() -> Problem {
    let detail = "The request token was requested with only the client id. This application must use its complete \
                  consumer key.";
    let hint = "Sign with the complete consumer key of the application: CLIENT_ID.ogw_ck_…, as printed when the \
                application was registered or its secret was rotated.";
    Problem::new(ErrorCode::PersonNeeded, detail).parameter("oauth_consumer_key").hint(hint)
}

/// A token secret: 256 random bits.
pub(super) fn generate_secret() -> Result<SecretString, Problem> {
    random_hex().map(|text| SecretString::from(text.as_str())).map_err(Problem::internal)
}

/// The keyed hash that is stored of a verifier. The row binds it to the token, the application and the user (O1-27).
pub(super) fn verifier_hash(keys: &KeySet, row: &str, verifier: &Verifier) -> Zeroizing<String> {
    let data = Aad::new("oauth1 verifier").with(row.as_bytes()).with(verifier.without_separator().as_bytes());
    Zeroizing::new(keys.index.digest(&data).iter().map(|byte| format!("{byte:02x}")).collect())
}
