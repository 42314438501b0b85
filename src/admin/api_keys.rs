//! API keys: create for an Odoo user, list, enable, disable, delete.
//!
//! In: the properties of a key. Out: the key in plaintext, only when it is created. Must not know: how keys are
//! verified.

use secrecy::SecretString;
use time::OffsetDateTime;

use super::{AdminError, Administration, verify_credential};
use crate::auth::{NewToken, issue};
use crate::odoo::{Database, Uid};
use crate::plan::Scope;
use crate::secret::{Token, TokenKind};
use crate::store::{KeyTerms, StoredToken};

/// The longest lifetime of login tokens in days.
const MAX_LOGIN_TOKEN_DAYS: u32 = 3650;

/// The properties of a new API key.
#[derive(Debug)]
pub struct NewApiKey {
    /// The configured name of the database; `None`: the default database.
    pub database: Option<String>,
    /// The Odoo login of the user.
    pub login: String,
    /// The user's password or Odoo API key.
    pub secret: SecretString,
    /// The scope, as JSON.
    pub scope: String,
    /// The expiry; `None`: never.
    pub not_after: Option<OffsetDateTime>,
    /// The name and further limits.
    pub terms: KeyTerms,
}

impl NewApiKey {
    /// The token to issue for this user of this database.
    pub(super) fn into_token(self, database: &Database, uid: Uid, scope: &Scope) -> NewToken {
        NewToken {
            kind: TokenKind::ApiKey,
            database: database.name.clone(),
            uid,
            login: self.login,
            secret: self.secret,
            scope: scope.to_json(),
            not_after: self.not_after.map(OffsetDateTime::unix_timestamp),
            idle_seconds: None,
            key: Some(self.terms),
        }
    }
}

impl Administration {
    /// Creates an API key after Odoo has verified the user. Only the return value contains the key in plaintext.
    ///
    /// # Errors
    /// Fails if Odoo rejects the user, the name is in use, the expiry is in the past, or the keys cannot be used.
    pub async fn create_key(&self, new: NewApiKey) -> Result<(StoredToken, Token), AdminError> {
        self.check_terms(&new.terms, new.not_after)?;
        let scope = Scope::from_json(&new.scope).map_err(|error| AdminError::Invalid(error.to_string()))?;
        let database = self.databases.pick(new.database.as_deref()).map_err(AdminError::Odoo)?;
        let uid = verify_credential(database, &new.login, &new.secret).await?;
        let (row, token) = issue(&self.key_provider, &self.clock, new.into_token(database, uid, &scope)).await?;
        let detail = format!("{} for {} of {}", row.account_name(), row.grant.login, row.grant.database);
        self.store.add_token(&row, &self.audit_event("key.create", &row.id, detail)).await?;
        Ok((row, token))
    }

    pub(super) fn check_terms(&self, terms: &KeyTerms, not_after: Option<OffsetDateTime>) -> Result<(), AdminError> {
        let invalid = |text: &str| Err(AdminError::Invalid(text.to_owned()));
        let name = &terms.name;
        if name.is_empty() || name.len() > 100 || name.chars().any(char::is_control) {
            return invalid("the name must have 1 to 100 bytes and no control characters");
        }
        if not_after.is_some_and(|end| end <= self.clock.now()) {
            return invalid("the expiry is in the past");
        }
        if terms.rate.is_some_and(|rate| rate.requests == 0 || rate.seconds == 0 || rate.burst == 0) {
            return invalid("the rate must have at least one request, one second and a burst of one");
        }
        self.check_login_token_terms(terms)?;
        if terms.concurrent == Some(0) {
            return invalid("the limit of concurrent requests must be at least 1");
        }
        Ok(())
    }

    pub(super) fn check_login_token_terms(&self, terms: &KeyTerms) -> Result<(), AdminError> {
        let days = terms.login_token_days;
        if days.is_some_and(|days| !(1..=MAX_LOGIN_TOKEN_DAYS).contains(&days)) {
            let reason = format!("the longest lifetime of login tokens must be 1 to {MAX_LOGIN_TOKEN_DAYS} days");
            return Err(AdminError::Invalid(reason));
        }
        if terms.open_to_all_users && !terms.may_mint_for_others {
            let reason = "only a key that can create login tokens for other users can be open to all users";
            return Err(AdminError::Invalid(reason.to_owned()));
        }
        Ok(())
    }

    /// Returns all API keys, the oldest first.
    ///
    /// # Errors
    /// Fails if the store cannot be used.
    pub async fn list_keys(&self) -> Result<Vec<StoredToken>, AdminError> {
        Ok(self.store.tokens(TokenKind::ApiKey, self.clock.now()).await?)
    }

    /// Returns the API key with this name or id.
    ///
    /// # Errors
    /// Fails if it does not exist.
    pub async fn find_key(&self, name_or_id: &str) -> Result<StoredToken, AdminError> {
        let found = self.store.account(TokenKind::ApiKey, name_or_id, self.clock.now()).await?;
        found.ok_or_else(|| AdminError::NotFound(format!("API key {name_or_id:?}")))
    }

    /// Enables or disables a key. Returns `false` if it already was in this state.
    ///
    /// # Errors
    /// Fails if it does not exist.
    pub async fn set_key_enabled(&self, name_or_id: &str, enabled: bool) -> Result<bool, AdminError> {
        let key = self.find_key(name_or_id).await?;
        let event = self.audit_event(if enabled { "key.enable" } else { "key.disable" }, &key.id, key.account_name());
        self.set_enabled(&key, enabled, &event).await
    }

    /// Deletes a key, all login tokens created with it, and the sealed credential if nothing else uses it.
    ///
    /// # Errors
    /// Fails if it does not exist.
    pub async fn delete_key(&self, name_or_id: &str) -> Result<StoredToken, AdminError> {
        let key = self.find_key(name_or_id).await?;
        self.delete_found_key(&key).await?;
        Ok(key)
    }

    pub(super) async fn delete_found_key(&self, key: &StoredToken) -> Result<(), AdminError> {
        let event = self.audit_event("key.delete", &key.id, key.account_name());
        Ok(self.store.delete_token(&key.id, &event).await.map(drop)?)
    }
}
