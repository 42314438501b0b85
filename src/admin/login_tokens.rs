//! Login tokens that a user creates for themselves, with the limits of an API key.
//!
//! In: the id of an API key, a user's credential, a lifetime. Out: the token in plaintext, once. Must not know: how the
//! token is sent. The plaintext of the API key is not needed: the user's credential is sealed under the new token only.

use secrecy::SecretString;
use time::Duration;
use zeroize::Zeroizing;

use super::{AdminError, Administration, verify_credential};
use crate::auth::seal_login_token;
use crate::secret::DataKey;
use crate::store::{Grant, StoredToken, random_id};

/// The longest lifetime, in days.
const MAX_DAYS: i64 = 3650;

impl Administration {
    /// Returns the API keys for which users of a database may create login tokens: those that are made for several
    /// users, and enabled. By name.
    ///
    /// # Errors
    /// Fails if the store cannot be used.
    pub async fn shared_keys(&self, database: &str) -> Result<Vec<StoredToken>, AdminError> {
        let now = self.clock.now();
        let mut keys = self.list_keys().await?;
        keys.retain(|key| {
            let is_shared = key.key.as_ref().is_some_and(|terms| terms.may_mint_for_others);
            is_shared && key.grant.database == database && key.is_active(now)
        });
        keys.sort_by(|one, other| one.account_name().cmp(other.account_name()));
        Ok(keys)
    }

    /// Creates a login token for a user, after Odoo has verified them. It has the scope and the limits of the API key.
    ///
    /// # Errors
    /// Fails if the user may not use the key, the lifetime is out of bounds, or Odoo rejects the credential.
    pub async fn create_login_token(
        &self,
        key: &str,
        (database, login, secret): (&str, &str, SecretString),
        days: i64,
    ) -> Result<(StoredToken, Zeroizing<String>), AdminError> {
        if !(1..=MAX_DAYS).contains(&days) {
            return Err(AdminError::Invalid(format!("the lifetime must be 1 to {MAX_DAYS} days")));
        }
        let found = self.shared_keys(database).await?.into_iter().find(|shared| shared.id == key);
        let account = found.ok_or_else(|| AdminError::NotFound(format!("API key {key:?}")))?;
        let database = self.databases.pick(Some(database)).map_err(AdminError::Odoo)?;
        let uid = verify_credential(database, login, &secret).await?;
        let (keys, now) = (self.key_provider.for_sealing().await?, self.clock.now());
        let data_key = DataKey::generate()?;
        let mut grant = Grant {
            id: random_id()?,
            login: login.to_owned(),
            uid: uid.get(),
            created_at: now.unix_timestamp(),
            ..account.grant.clone()
        };
        grant.credential = data_key.seal_credential(grant.facts(), &secret)?;
        let (row, token) =
            seal_login_token(&keys, &StoredToken { grant, ..account }, &data_key, now, now + Duration::days(days))?;
        let detail = format!("for {} of {}", row.grant.login, row.grant.database);
        self.store.add_token(&row, &self.audit_event("login_token.create", &row.id, detail)).await?;
        Ok((row, token))
    }
}
