//! API keys that users create for themselves.
//!
//! In: a user's credential, a name, a scope, an expiry. Out: the key. Must not know: forms. The name of the key in the
//! gateway begins with its user, because names are unique: a user can neither take nor discover another key's name.

use secrecy::SecretString;
use time::OffsetDateTime;

use super::{AdminError, Administration, KeyTerms, NewApiKey, OdooAccount, StoredToken};
use crate::secret::Token;

/// The most API keys that act for one user and that users may create themselves.
const MAX_KEYS: usize = 50;

/// An API key that a user creates.
#[derive(Debug)]
pub struct PersonalKey<'a> {
    /// The user.
    pub user: OdooAccount<'a>,
    /// The user's login.
    pub login: &'a str,
    /// The user's password or Odoo API key.
    pub secret: SecretString,
    /// The name that the user chose.
    pub name: &'a str,
    /// The scope, as JSON.
    pub scope: String,
    /// The expiry.
    pub not_after: OffsetDateTime,
}

impl Administration {
    /// Creates an API key for the user who asks for it, after Odoo has verified them.
    ///
    /// # Errors
    /// Fails as [`create_key`](Self::create_key) does, and if the user has too many keys.
    pub async fn create_personal_key(&self, key: PersonalKey<'_>) -> Result<(StoredToken, Token), AdminError> {
        if key.name.is_empty() {
            return Err(AdminError::Invalid("enter a name".to_owned()));
        }
        let name = format!("{}{}", key.user.key_prefix(key.login), key.name);
        let known = self.user_access(key.user).await?.api_keys;
        if known.iter().any(|known| known.account_name() == name) {
            return Err(AdminError::Invalid("you have an API key with this name already".to_owned()));
        }
        if known.len() >= MAX_KEYS {
            let reason = format!("you have {MAX_KEYS} API keys already; end one that you no longer use");
            return Err(AdminError::Invalid(reason));
        }
        self.create_key(NewApiKey {
            database: Some(key.user.database.to_owned()),
            login: key.login.to_owned(),
            secret: key.secret,
            scope: key.scope,
            not_after: Some(key.not_after),
            terms: KeyTerms::unlimited(name),
        })
        .await
    }
}
