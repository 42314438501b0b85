//! Authenticates a signed request: its signature, its token, and the Odoo user of the token (RFC 5849 section 3.2).
//!
//! As for every token, the rows and what they open come from memory while the store confirms that no credential has
//! changed. The nonce is stored at each request.
//!
//! In: a signed request. Out: a [`Principal`]. Must not know: HTTP.

use std::sync::Arc;

use secrecy::ExposeSecret as _;
use tokio::time::Instant;

use super::consumer_signature::dummy_verify;
use super::malformed::MalformedSignature;
use super::request::SignedRequest;
use super::request_checks::{OAuth1, SigningIdentity, invalid_signature};
use super::settings::ConnectionInfo;
use crate::auth::clients::application::Application;
use crate::auth::credentials::credential_cache::{CachedToken, ReadToken};
use crate::auth::error::AuthError;
use crate::auth::key_provider::KeySet;
use crate::auth::principal::Principal;
use crate::error::Problem;
use crate::error_code::ErrorCode;
use crate::odoo::{Databases, OdooUser, Uid};
use crate::secret::{Token, TokenIndex, TokenKind};
use crate::store::StoredToken;

impl OAuth1 {
    /// The user whose token the request was signed with. `database` is the name that the request names, if any.
    ///
    /// # Errors
    /// 400 for a request that cannot be verified, 401 if the signature, the application or the token is rejected, 429
    /// if too many attempts failed, 503 without the store.
    pub async fn authenticate(
        &self,
        request: &SignedRequest,
        database: Option<&str>,
        databases: &Databases,
        connection: ConnectionInfo,
    ) -> Result<Principal, Problem> {
        let Some(token) = &request.token else { return Err(MalformedSignature::missing("oauth_token").into()) };
        self.check_method_and_timestamp(request, connection)?;
        let started = Instant::now();
        let result = self.try_authenticate(request, token, database, databases, connection).await;
        self.failures.finish_with(result, started, connection.address, invalid_signature).await
    }

    async fn try_authenticate(
        &self,
        request: &SignedRequest,
        token: &str,
        requested: Option<&str>,
        databases: &Databases,
        connection: ConnectionInfo,
    ) -> Result<Principal, AuthError> {
        let keys = self.credentials.key_set().await?;
        // A request token is of another kind and not accepted as an access token (O1-30).
        let Some(token) = Token::parse(TokenKind::OAuth1Access, token) else {
            dummy_verify(request);
            return Err(AuthError::Rejected);
        };
        let index = token.index(&keys.index);
        let (identity, entry) = self.signing_identity(request, &keys, &token, index).await?;
        let row = &entry.row;
        let token_secret = identity.token_secret.expose_secret();
        let verified = identity.consumer.verify(request, token_secret, &self.settings, connection.address);
        verified.inspect_err(|_| entry.count_failure(&self.credentials))?;
        let database = databases.pick(Some(&row.grant.database)).map_err(|_| AuthError::Rejected)?.clone();
        if let Some(requested) = requested
            && databases.pick(Some(requested))?.name != database.name
        {
            // The client has the right secrets, so it may learn which database its token is for.
            let detail = format!("This token is for the database {}, not for {requested}.", database.name.as_str());
            let problem = Problem::new(ErrorCode::CredentialInvalid, detail).parameter("X-Odoo-Database");
            return Err(problem.hint("Omit the database, or use a token for it.").into());
        }
        self.check_nonce(&keys, request, Some(index)).await?;
        let (permit, rate_limit) = entry.check_limits(&self.limits, &self.credentials).await?;
        entry.record_use(&self.credentials, connection.address);
        self.credentials.record_odoo_key_use(&identity.opened, row, &database);
        let uid = Uid::new(row.grant.uid).ok_or(AuthError::Rejected)?;
        Ok(Principal {
            database,
            odoo_user: OdooUser { uid, secret: identity.opened.secret.clone() },
            login: identity.opened.login.clone(),
            credential_kind: row.kind.into(),
            rate_limit,
            permit,
            scope: identity.opened.scope.clone(),
            token: Some(row.clone()),
            usage: entry.usage(&self.credentials).cloned(),
        })
    }

    /// The application and the token, and what they open.
    async fn signing_identity(
        &self,
        request: &SignedRequest,
        keys: &KeySet,
        token: &Token,
        index: TokenIndex,
    ) -> Result<(Arc<SigningIdentity>, Arc<CachedToken<SigningIdentity>>), AuthError> {
        let now = self.credentials.clock.now();
        let found = match self.cache.get(&index.hash, now) {
            Some(entry) => Ok(entry),
            None if self.cache.is_unknown(index) => Err(AuthError::Rejected),
            None => self.cache.load(index, now, self.read_identity(keys, token, index)).await,
        };
        // The token must have been issued to this application (O1-30).
        let of_client =
            |identity: &&Arc<SigningIdentity>| identity.consumer.application.client_id() == request.client_id();
        let found = found.and_then(|entry| {
            let identity = entry.opened().filter(of_client).cloned().ok_or(AuthError::Rejected)?;
            Ok((identity, entry))
        });
        if let Err(AuthError::Rejected) = found {
            self.cache.confirm_unknown(index);
            dummy_verify(request);
        }
        found
    }

    /// The row of a token with what it opens together with its application; `None` if there is no such token.
    async fn read_identity(
        &self,
        keys: &KeySet,
        token: &Token,
        index: TokenIndex,
    ) -> Result<Option<ReadToken<SigningIdentity>>, AuthError> {
        let now = self.credentials.clock.now();
        let rows = self.credentials.store.find_with_application(index, now).await?;
        let find = |kind| rows.iter().find(|row| row.kind == kind).cloned();
        let Some(row) = find(TokenKind::OAuth1Access) else { return Ok(None) };
        let application = find(TokenKind::ClientSecret).filter(|application| application.is_active(now));
        let application = application.ok_or(AuthError::Rejected)?;
        let identity = self.open_identity(keys, token, application, &row).await?;
        Ok(Some((row, Some(Arc::new(identity)))))
    }

    async fn open_identity(
        &self,
        keys: &KeySet,
        token: &Token,
        application: StoredToken,
        row: &StoredToken,
    ) -> Result<SigningIdentity, AuthError> {
        self.credentials.verify(&application).await?;
        let application = Application::from_row(application).ok_or(AuthError::Rejected)?;
        let consumer = self.consumer(application).await?;
        let key = self.credentials.data_key(keys, token, row).await?;
        let token_secret = self.token_secret(&key, row)?;
        let opened = self.credentials.open_credential(&key, row, &row.scope)?;
        Ok(SigningIdentity { consumer, token_secret, opened })
    }
}
