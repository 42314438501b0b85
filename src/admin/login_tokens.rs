//! Login tokens that a user creates for themselves, with the limits of a shared API key.
//!
//! ```text
//! shared API key        an API key that may issue login tokens for other users than its own
//! who may use it        users who are linked with it; every user of its database if it is open to all users
//! ```
//!
//! In: the id of an API key, a user's credential, a lifetime. Out: the token in plaintext, once. Must not know: how the
//! token is sent. The plaintext of the API key is not needed: the user's credential is sealed under the new token only.

use secrecy::SecretString;
use time::Duration;
use zeroize::Zeroizing;

use super::{AdminError, Administration, OdooAccount, verify_credential};
use crate::auth::seal_login_token;
use crate::secret::DataKey;
use crate::store::{Grant, StoredToken, random_id};

/// The most shared API keys that a user sees.
const LISTED_KEYS: u32 = 200;

impl Administration {
    /// Returns the shared API keys that a user may use, by name.
    ///
    /// # Errors
    /// Fails if the store cannot be used.
    pub async fn shared_keys(&self, user: OdooAccount<'_>) -> Result<Vec<StoredToken>, AdminError> {
        let now = self.clock.now();
        Ok(self.store.shared_keys_of_user((user.database, user.uid), now, LISTED_KEYS).await?)
    }

    /// Returns the shared API key with this id. A key that the user may not use is answered like one that does not
    /// exist.
    ///
    /// # Errors
    /// Fails if the user may not use such a key.
    pub async fn shared_key(&self, user: OdooAccount<'_>, id: &str) -> Result<StoredToken, AdminError> {
        let found = self.store.shared_key_of_user((user.database, user.uid), id, self.clock.now()).await?;
        let reason = || AdminError::NotFound(format!("a shared API key {id:?} that this user may use"));
        found.ok_or_else(reason)
    }

    /// Creates a login token for a user, after Odoo has verified them. It has the scope and the limits of the API key.
    ///
    /// # Errors
    /// Fails if the user may not use the key or has too many login tokens, if the lifetime is out of bounds, or if Odoo
    /// rejects the credential.
    pub async fn create_login_token(
        &self,
        key: &str,
        (database, login, secret): (&str, &str, SecretString),
        days: i64,
    ) -> Result<(StoredToken, Zeroizing<String>), AdminError> {
        let database = self.databases.pick(Some(database)).map_err(AdminError::Odoo)?;
        let uid = verify_credential(database, login, &secret).await?.get();
        let account = self.shared_key(OdooAccount { database: database.name.as_str(), uid }, key).await?;
        let longest = self.login_tokens.max_days_of(&account);
        if !(1..=i64::from(longest)).contains(&days) {
            return Err(AdminError::Invalid(format!("the lifetime must be 1 to {longest} days")));
        }
        let (keys, now) = (self.key_provider.for_sealing().await?, self.clock.now());
        let data_key = DataKey::generate()?;
        let mut grant = Grant {
            id: random_id()?,
            login: login.to_owned(),
            uid,
            created_at: now.unix_timestamp(),
            ..account.grant.clone()
        };
        grant.credential = data_key.seal_credential(grant.facts(), &secret)?;
        let (row, token) =
            seal_login_token(&keys, &StoredToken { grant, ..account }, &data_key, now, now + Duration::days(days))?;
        let detail = format!("{} for {} of {}", row.account_name(), row.grant.login, row.grant.database);
        let event = self.audit_event("login_token.create", &row.id, detail);
        let limit = self.login_tokens.per_user;
        if !self.store.add_login_token(&row, limit, &event).await? {
            let reason = format!("you have {limit} login tokens for this API key already; revoke one that is not used");
            return Err(AdminError::Invalid(reason));
        }
        Ok((row, token))
    }
}
