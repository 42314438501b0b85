//! Users who let an API key make login tokens for them.
//!
//! In: an API key in clear, a user's credential. Out: links. Must not know: how tokens are made. The key is needed because
//! the user's data key is sealed under it: nobody else can use the link, an administrator neither.

use secrecy::SecretString;

use super::{AdminError, Administration};
use crate::secret::{DataKey, Sealed, Token, TokenKind};
use crate::store::{Grant, StoredToken, random_id};

impl Administration {
    /// Links a user to an API key, once Odoo has confirmed him.
    ///
    /// # Errors
    /// When the key is none, or may not mint for others, or Odoo does not know the user so.
    pub async fn link_user(&self, key: &str, login: String, secret: SecretString) -> Result<StoredToken, AdminError> {
        let not_a_key = || AdminError::NotFound("such API key".to_owned());
        let key = Token::parse(TokenKind::ApiKey, key).ok_or_else(not_a_key)?;
        let vault = self.vaults.for_sealing().await?;
        let index = key.index(&vault.index);
        let found = self.store.tokens_by_index([index, index], self.clock.now()).await?.pop();
        let mut link = found.ok_or_else(not_a_key)?;
        if !link.key.as_ref().is_some_and(|terms| terms.may_mint_for_others) {
            return Err(AdminError::Wrong("this key may not make login tokens for others".to_owned()));
        }
        let database = self.databases.pick(Some(&link.grant.database)).map_err(AdminError::Odoo)?;
        let confirmed = database.client.authenticate(&login, &secret).await;
        let uid = confirmed.map_err(|failure| AdminError::Odoo(failure.into_problem()))?.ok_or(AdminError::NotTaken)?;
        let (id, now, data_key) = (random_id()?, self.clock.now().unix_timestamp(), DataKey::generate()?);
        let database = link.grant.database.clone();
        let unsealed = Sealed(Vec::new());
        link.grant = Grant { id, database, uid: uid.get(), login, credential: unsealed, created_at: now };
        link.grant.credential = data_key.seal_credential(link.grant.facts(), &secret)?;
        link.wrap = data_key.wrap(&vault.keyring, &key, link.facts(&link.terms()), link.grant.facts())?;
        let act = self.act("user.link", &link.id, format!("{} of {}", link.grant.login, link.grant.database));
        self.store.add_link(&link, &act).await?;
        Ok(link)
    }

    /// The users linked to an API key, its own first.
    ///
    /// # Errors
    /// When there is no such key.
    pub async fn linked_users(&self, named: &str) -> Result<Vec<StoredToken>, AdminError> {
        let key = self.key(named).await?;
        Ok(self.store.links(&key.id, self.clock.now()).await?)
    }

    /// Takes a user's links with an API key away; his login tokens made with it are dead at once.
    ///
    /// # Errors
    /// When he is not linked.
    pub async fn unlink_user(&self, named: &str, login: &str) -> Result<(), AdminError> {
        let key = self.key(named).await?;
        let mut unlinked = false;
        for link in self.store.links(&key.id, self.clock.now()).await? {
            if link.grant.login == login {
                let act = self.act("user.unlink", &key.id, login);
                unlinked |= self.store.remove_link(&key.id, &link.grant.id, &act).await?;
            }
        }
        if unlinked { Ok(()) } else { Err(AdminError::NotFound(format!("user {login:?} linked to {named:?}"))) }
    }
}
