//! Registered applications: found by client id, verified to be unaltered, and given codes and tokens.
//!
//! In: client ids, tokens of applications, approvals. Out: [`Application`], [`ResourceOwner`], rows. Must not know:
//! OAuth 1.0a or OAuth 2, HTTP.

use super::application::Application;
use super::approval::{Approval, ResourceOwner};
use super::consumer_secret::open_consumer_secret;
use crate::auth::error::{AuthError, accepted, unavailable};
use crate::auth::key_provider::KeySet;
use crate::auth::limits::usage_limits::TokenLimits;
use crate::auth::new_token::{TokenOwner, unsealed_row};
use crate::auth::token_verifier::CredentialStore;
use crate::error::Problem;
use crate::error_code::ErrorCode;
use crate::names::DatabaseName;
use crate::secret::{DataKey, Token, TokenKind};
use crate::store::{OAuthTerms, StoredToken, random_id};

/// Finds applications and issues codes and tokens for them. Clones share the store and the limits.
#[derive(Debug, Clone)]
pub struct Applications {
    pub(in crate::auth) credentials: CredentialStore,
    limits: TokenLimits,
}

impl Applications {
    pub(in crate::auth) fn new(credentials: CredentialStore, limits: TokenLimits) -> Self {
        Self { credentials, limits }
    }

    /// The application of this client id, if it is unaltered and neither disabled nor expired.
    ///
    /// # Errors
    /// 503 without the store.
    pub async fn find(&self, client_id: &str) -> Result<Option<Application>, Problem> {
        accepted(self.find_active(client_id).await)
    }

    /// As [`find`](Self::find).
    pub(in crate::auth) async fn find_active(&self, client_id: &str) -> Result<Application, AuthError> {
        let now = self.credentials.clock.now();
        let row = self.credentials.store.application(client_id, now).await?.filter(|row| row.is_active(now));
        let row = row.filter(|row| row.kind == TokenKind::ClientSecret).ok_or(AuthError::Rejected)?;
        self.credentials.verify(&row).await?;
        Application::from_row(row).ok_or(AuthError::Rejected)
    }

    /// Checks that the application may approve for its bound user without interaction.
    ///
    /// # Errors
    /// `unauthorized_client` if it is not trusted or not bound to a user, 429 if it asks too often.
    pub(in crate::auth) async fn check_trusted(&self, application: &Application) -> Result<(), Problem> {
        if !(application.settings.trusted && application.is_bound()) {
            let detail = "This application is not trusted to approve for its user. A user has to log in and approve.";
            let hint = "An administrator can bind the application to a user and mark it as trusted.";
            return Err(Problem::new(ErrorCode::UnauthorizedClient, detail).hint(hint));
        }
        // The client id is not a secret, so any client can send this request.
        self.limits.check_rate(&application.row).await?;
        Ok(())
    }

    /// The bound user of an application, with the key that the client secret opens.
    pub(in crate::auth) async fn bound_user(
        &self,
        row: &StoredToken,
        client_secret: &Token,
    ) -> Result<ResourceOwner, AuthError> {
        let keys = self.credentials.key_set().await?;
        let key = self.credentials.data_key(&keys, client_secret, row).await?;
        Ok(ResourceOwner { grant: row.grant.clone(), key: Some(key) })
    }

    /// The bound user of a trusted application, with the key that the second part of its consumer key opens.
    pub(in crate::auth) async fn bound_user_by_consumer_key(
        &self,
        application: &Application,
        consumer_key: &Token,
    ) -> Result<ResourceOwner, AuthError> {
        let keys = self.credentials.key_set().await?;
        let row = self.credentials.find_active(consumer_key).await?;
        let is_of_application =
            row.account.as_ref() == Some(&application.row.id) && row.grant.id == application.row.grant.id;
        if !(is_of_application && application.settings.trusted) {
            return Err(AuthError::Rejected);
        }
        let key = self.credentials.data_key(&keys, consumer_key, &row).await?;
        Ok(ResourceOwner { grant: row.grant, key: Some(key) })
    }

    /// The bound user of an application that signs with its client secret; `None` for every other application.
    pub(in crate::auth) async fn bound_user_by_signing_secret(
        &self,
        application: &Application,
    ) -> Result<Option<ResourceOwner>, AuthError> {
        let secret = self.consumer_secret(application).await?;
        match secret.filter(|secret| secret.kind() == TokenKind::ClientSecret) {
            Some(secret) => self.bound_user(&application.row, &secret).await.map(Some),
            None => Ok(None),
        }
    }

    /// The secret that the application signs with in OAuth 1.0a.
    ///
    /// # Errors
    /// 503 without the store or its keys.
    pub(in crate::auth) async fn consumer_secret(&self, application: &Application) -> Result<Option<Token>, Problem> {
        let open = |keys: &KeySet| open_consumer_secret(&keys.keyring, &application.row);
        let result = async {
            let keys = self.credentials.key_set().await?;
            let opened = self.credentials.retry_with_reloaded_keys(&keys, open).await?;
            opened.map_err(|cause| AuthError::Problem(unavailable(&cause)))
        };
        result.await.map_err(AuthError::into_problem)
    }

    /// The row of a new code or token for an application, not stored yet, and the code or token to send once.
    ///
    /// # Errors
    /// `unauthorized_client` for a user of another database, 503 if it cannot be sealed.
    pub(in crate::auth) async fn new_token(
        &self,
        application: &Application,
        owner: &ResourceOwner,
        approval: Approval,
    ) -> Result<(StoredToken, Token), AuthError> {
        check_database(application, owner)?;
        let keys = self.credentials.keys.for_sealing().await?;
        let token = Token::generate(approval.kind).map_err(Problem::internal)?;
        let key = owner.key.clone().map_or_else(DataKey::generate, Ok).map_err(Problem::internal)?;
        let secret = approval.secret.clone();
        let mut row = self.unwrapped_row(application, owner, (&keys, &token), approval)?;
        if let (Some(terms), Some(secret)) = (&mut row.oauth, secret) {
            terms.secret = Some(key.seal_secret(&row.id, &secret).map_err(Problem::internal)?);
        }
        let wrap = key.wrap(&keys.keyring, &token, row.facts(&row.terms()), row.grant.facts());
        row.wrap = wrap.map_err(Problem::internal)?;
        Ok((row, token))
    }

    fn unwrapped_row(
        &self,
        application: &Application,
        owner: &ResourceOwner,
        (keys, token): (&KeySet, &Token),
        approval: Approval,
    ) -> Result<StoredToken, AuthError> {
        let grant = owner.grant.clone();
        let database = DatabaseName::parse(&grant.database).map_err(Problem::internal)?;
        let user = TokenOwner { database, uid: grant.uid, login: grant.login.clone() };
        let now = self.credentials.clock.now().unix_timestamp();
        let row = unsealed_row(keys, token, user, approval.scope, now)?;
        let oauth = OAuthTerms {
            approval_id: approval.approval_id.map_or_else(random_id, Ok)?,
            redirect_uri: approval.redirect_uri,
            challenge: approval.challenge,
            non_interactive: owner.key.is_none(),
            secret: None,
        };
        Ok(StoredToken {
            account: Some(application.row.id.clone()),
            not_after: approval.not_after,
            idle_seconds: approval.idle_seconds,
            key: application.row.key.clone(),
            application: application.row.application.clone(),
            oauth: Some(oauth),
            grant,
            ..row
        })
    }
}

/// Checks that the user belongs to the database of the application.
///
/// # Errors
/// `unauthorized_client`.
pub(in crate::auth) fn check_database(application: &Application, owner: &ResourceOwner) -> Result<(), Problem> {
    if owner.grant.database == application.row.grant.database {
        return Ok(());
    }
    let detail = format!("This application is for users of the database {}.", application.row.grant.database);
    Err(Problem::new(ErrorCode::UnauthorizedClient, detail))
}
