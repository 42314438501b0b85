//! Users who let an API key create login tokens for them.
//!
//! In: an API key in plaintext, a user's credential. Out: links. Must not know: how tokens are created. The key is
//! required because the user's data key is sealed under it: without the key, the link cannot be used, not even by an
//! administrator.

use secrecy::SecretString;

use super::{AdminError, Administration, OdooAccount, verify_credential};
use crate::secret::{DataKey, Sealed, Token, TokenKind};
use crate::store::{Grant, StoredToken, random_id};

impl Administration {
    /// Links a user to an API key after Odoo has verified the user.
    ///
    /// # Errors
    /// Fails if the key does not exist, may not create tokens for other users, or is changed at the same time, or if
    /// Odoo rejects the user.
    pub async fn link_user(&self, key: &str, login: String, secret: SecretString) -> Result<StoredToken, AdminError> {
        let not_found = || AdminError::NotFound("this API key".to_owned());
        let key = Token::parse(TokenKind::ApiKey, key).ok_or_else(not_found)?;
        let keys = self.key_provider.for_sealing().await?;
        let index = key.index(&keys.index);
        let found = self.store.find_token(index, self.clock.now()).await?;
        let own = found.filter(|row| row.kind == TokenKind::ApiKey).ok_or_else(not_found)?;
        if !own.key.as_ref().is_some_and(|terms| terms.may_mint_for_others) {
            let message =
                "this key may not create login tokens for other users; create a key with --may-mint-for-others";
            return Err(AdminError::Invalid(message.to_owned()));
        }
        let database = self.databases.pick(Some(&own.grant.database)).map_err(AdminError::Odoo)?;
        let uid = verify_credential(database, &login, &secret).await?;
        let mut link = own.clone();
        let (id, now, data_key) = (random_id()?, self.clock.now().unix_timestamp(), DataKey::generate()?);
        let database = link.grant.database.clone();
        let unsealed = Sealed(Vec::new());
        link.grant = Grant { id, database, uid: uid.get(), login, credential: unsealed, created_at: now };
        link.grant.credential = data_key.seal_credential(link.grant.facts(), &secret)?;
        link.wrap = data_key.wrap(&keys.keyring, &key, link.facts(&link.terms()), link.grant.facts())?;
        let event = self.audit_event("user.link", &link.id, format!("{} of {}", link.grant.login, link.grant.database));
        if !self.store.add_link(&own, &link, &event).await? {
            return Err(AdminError::Invalid("the API key was changed at the same time; try again".to_owned()));
        }
        Ok(link)
    }

    /// Links a user to the shared API key whose plaintext they enter. An earlier link of the user to this key is
    /// replaced. The key of another database, and one that is not shared, are answered like any wrong text.
    ///
    /// # Errors
    /// Fails if the text is no such key, and as [`link_user`](Self::link_user) does.
    pub async fn link_own(
        &self,
        user: OdooAccount<'_>,
        key: &str,
        credential: (&str, SecretString),
    ) -> Result<StoredToken, AdminError> {
        let unusable = || AdminError::Invalid("this is no shared API key of your database".to_owned());
        let token = Token::parse(TokenKind::ApiKey, key).ok_or_else(unusable)?;
        let keys = self.key_provider.for_sealing().await?;
        let account = self.store.find_token(token.index(&keys.index), self.clock.now()).await?;
        let is_shared = |row: &StoredToken| row.key.as_ref().is_some_and(|terms| terms.may_mint_for_others);
        let account = account.filter(|row| {
            let is_current = row.kind == TokenKind::ApiKey && row.is_active(self.clock.now());
            is_current && row.grant.database == user.database && is_shared(row)
        });
        let id = account.ok_or_else(unusable)?.id;
        let earlier = self.store.links_of_user(user.database, user.uid, self.clock.now()).await?;
        let (login, secret) = credential;
        let linked = self.link_user(key, login.to_owned(), secret).await?;
        for link in earlier.iter().filter(|link| link.id == id) {
            let event = self.audit_event("user.unlink", &id, login);
            self.store.remove_link(&id, &link.grant.id, &event).await?;
        }
        Ok(linked)
    }

    /// Returns the users linked to an API key, the key's own user first.
    ///
    /// # Errors
    /// Fails if the key does not exist.
    pub async fn linked_users(&self, name_or_id: &str) -> Result<Vec<StoredToken>, AdminError> {
        let key = self.find_key(name_or_id).await?;
        Ok(self.store.links(&key.id, self.clock.now()).await?)
    }

    /// Removes the links of a user to an API key. The login tokens created with it are revoked at once, also those that
    /// the user created, unless the key is open to all users.
    ///
    /// # Errors
    /// Fails if the user is not linked.
    pub async fn unlink_user(&self, name_or_id: &str, login: &str) -> Result<(), AdminError> {
        let key = self.find_key(name_or_id).await?;
        let mut unlinked = false;
        for link in self.store.links(&key.id, self.clock.now()).await? {
            if link.grant.login == login {
                let event = self.audit_event("user.unlink", &key.id, login);
                unlinked |= self.store.remove_link(&key.id, &link.grant.id, &event).await?;
            }
        }
        if unlinked { Ok(()) } else { Err(AdminError::NotFound(format!("a link of user {login:?} to {name_or_id:?}"))) }
    }
}
