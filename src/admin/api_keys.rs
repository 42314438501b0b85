//! API keys: made for a user of Odoo, listed, switched off and on, deleted.
//!
//! In: what a key is to be and may do. Out: the key, in clear this once. Must not know: how it is verified.

use secrecy::SecretString;
use time::OffsetDateTime;

use super::{AdminError, Administration};
use crate::auth::{Issue, issue};
use crate::plan::Scope;
use crate::secret::{Token, TokenKind};
use crate::store::{KeyTerms, StoredToken};

/// What an API key is to be.
#[derive(Debug)]
pub struct WantedKey {
    /// The database, by the name it has at the gateway; `None`: the default one.
    pub database: Option<String>,
    /// The user's login.
    pub login: String,
    /// His password or an Odoo API key of his.
    pub secret: SecretString,
    /// What it may do, as JSON.
    pub scope: String,
    /// Its end; `None`: without end.
    pub not_after: Option<OffsetDateTime>,
    /// Its name and further limits.
    pub terms: KeyTerms,
}

impl Administration {
    /// Makes an API key, once Odoo has confirmed the user. The key is nowhere in clear but in the answer.
    ///
    /// # Errors
    /// When Odoo does not know the user so, the name is taken, the end is past, or nothing can be sealed.
    pub async fn create_key(&self, wanted: WantedKey) -> Result<(StoredToken, Token), AdminError> {
        self.check_terms(&wanted.terms, wanted.not_after)?;
        let scope = Scope::from_json(&wanted.scope).map_err(|wrong| AdminError::Wrong(wrong.to_string()))?;
        let database = self.databases.pick(wanted.database.as_deref()).map_err(AdminError::Odoo)?;
        let confirmed = database.client.authenticate(&wanted.login, &wanted.secret).await;
        let uid = confirmed.map_err(|failure| AdminError::Odoo(failure.into_problem()))?.ok_or(AdminError::NotTaken)?;
        let issued = Issue {
            kind: TokenKind::ApiKey,
            database: database.name.clone(),
            uid,
            login: wanted.login,
            secret: wanted.secret,
            scope: scope.to_json(),
            not_after: wanted.not_after.map(OffsetDateTime::unix_timestamp),
            idle_seconds: None,
            key: Some(wanted.terms),
        };
        let (row, token) = issue(&self.vaults, &self.clock, issued).await?;
        let detail = format!("{} for {} of {}", name(&row), row.grant.login, row.grant.database);
        self.store.add_token(&row, &self.act("key.create", &row.id, detail)).await?;
        Ok((row, token))
    }

    pub(super) fn check_terms(&self, terms: &KeyTerms, not_after: Option<OffsetDateTime>) -> Result<(), AdminError> {
        let wrong = |text: &str| Err(AdminError::Wrong(text.to_owned()));
        let name = &terms.name;
        if name.is_empty() || name.len() > 100 || name.chars().any(char::is_control) {
            return wrong("a name has 1 to 100 bytes and no control characters");
        }
        if not_after.is_some_and(|end| end <= self.clock.now()) {
            return wrong("that end is past already");
        }
        if terms.rate.is_some_and(|rate| rate.requests == 0 || rate.seconds == 0 || rate.burst == 0) {
            return wrong("a rate has at least one request, one second and a burst of one");
        }
        if terms.concurrent == Some(0) {
            return wrong("a key has at least one request under way at one time");
        }
        Ok(())
    }

    /// All API keys, the oldest first.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn keys(&self) -> Result<Vec<StoredToken>, AdminError> {
        Ok(self.store.tokens(TokenKind::ApiKey, self.clock.now()).await?)
    }

    /// The API key of this name or id.
    ///
    /// # Errors
    /// When there is none.
    pub async fn key(&self, named: &str) -> Result<StoredToken, AdminError> {
        let keys = self.keys().await?;
        let found = keys.into_iter().find(|key| key.id == named || name(key) == named);
        found.ok_or_else(|| AdminError::NotFound(format!("API key {named:?}")))
    }

    /// Switches a key off, or on again; `false` when it was so before.
    ///
    /// # Errors
    /// When there is none.
    pub async fn switch_key(&self, named: &str, on: bool) -> Result<bool, AdminError> {
        let key = self.key(named).await?;
        let act = self.act(if on { "key.enable" } else { "key.disable" }, &key.id, name(&key));
        self.switch(&key, on, &act).await
    }

    /// Deletes a key, all login tokens made with it, and with the last of them the sealed credential.
    ///
    /// # Errors
    /// When there is none.
    pub async fn delete_key(&self, named: &str) -> Result<StoredToken, AdminError> {
        let key = self.key(named).await?;
        self.store.delete_token(&key.id, &self.act("key.delete", &key.id, name(&key))).await?;
        Ok(key)
    }
}

fn name(key: &StoredToken) -> &str {
    key.key.as_ref().map_or("", |terms| &terms.name)
}
