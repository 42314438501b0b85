//! API keys whose Odoo credential is an Odoo API key that the gateway has created in exchange for the user's password.
//!
//! In: the properties of a key, a password. Out: the key in plaintext, only when it is created. Must not know: how keys
//! are verified, how Odoo creates keys.

use std::sync::Arc;

use secrecy::SecretString;

use super::odoo_key_claim::{PASSWORD, discard, hash_odoo_key, odoo_key_name};
use super::{AdminError, Administration, NewApiKey, verify_credential};
use crate::auth::{NewToken, issue};
use crate::odoo::{ApiKeyOwner, CreatedApiKey, OdooUser, is_api_key};
use crate::plan::Scope;
use crate::secret::{DataKey, Token, TokenKind};
use crate::store::{OdooKeyRecord, StoredToken};

/// From this version of Odoo on, a key can be renewed with itself, so no password is sealed.
const FIRST_WITHOUT_PASSWORD: u8 = 20;

impl Administration {
    /// As [`create_key`](Self::create_key), but exchanges the user's password for an Odoo API key of its own, and seals
    /// that. The password itself is sealed only where it is needed to renew the key.
    ///
    /// # Errors
    /// As [`create_key`](Self::create_key), and if Odoo creates no key for this user.
    pub async fn create_key_by_exchange(&self, new: NewApiKey) -> Result<(StoredToken, Token), AdminError> {
        self.check_terms(&new.terms, new.not_after)?;
        let scope = Scope::from_json(&new.scope).map_err(|error| AdminError::Invalid(error.to_string()))?;
        if is_api_key(&new.secret) {
            return Err(AdminError::Invalid("only a password can be exchanged for an Odoo API key".to_owned()));
        }
        if self.store.account(TokenKind::ApiKey, &new.terms.name, self.clock.now()).await?.is_some() {
            return Err(AdminError::Invalid(format!("an API key with the name {:?} exists already", new.terms.name)));
        }
        let database = self.databases.pick(new.database.as_deref()).map_err(AdminError::Odoo)?;
        let uid = verify_credential(database, &new.login, &new.secret).await?;
        let major = database.metadata.cached_version().await.map_err(AdminError::Odoo)?.major;
        let user = OdooUser { uid, secret: Arc::new(new.secret.clone()) };
        let owner = ApiKeyOwner { user: &user, password: Some(&new.secret) };
        let name = odoo_key_name(&new.terms.name)?;
        let created = database.create_api_key(owner, &name, self.end_of_new_key()).await.map_err(AdminError::Odoo)?;
        let needs_password = self.odoo_keys.renew && created.ends_at.is_some() && major < FIRST_WITHOUT_PASSWORD;
        let exchanged = NewApiKey { secret: created.secret.clone(), ..new };
        let issued = exchanged.into_token(database, uid, &scope);
        let password = needs_password.then_some(&new.secret);
        let stored = self.store_exchanged_key(issued, &created, &name, password).await;
        if stored.is_err() {
            discard(database, owner, &created.secret, &name).await;
        }
        stored
    }

    async fn store_exchanged_key(
        &self,
        issued: NewToken,
        created: &CreatedApiKey,
        name: &str,
        password: Option<&SecretString>,
    ) -> Result<(StoredToken, Token), AdminError> {
        let (row, token) = issue(&self.key_provider, &self.clock, issued).await?;
        let keys = self.key_provider.for_sealing().await?;
        let grant = row.grant.facts();
        let data_key = DataKey::unwrap(&keys.keyring, &token, row.facts(&row.terms()), grant, &row.wrap)?;
        let password = password.map(|password| data_key.seal_for_grant(grant, PASSWORD, password)).transpose()?;
        let record = OdooKeyRecord {
            hash: Some(hash_odoo_key(&keys, &row, &created.secret)),
            name: Some(name.to_owned()),
            ends_at: created.ends_at,
            password,
            // It is looked at when it is used for the first time.
            next_check_at: self.clock.now().unix_timestamp(),
            ..OdooKeyRecord::default()
        };
        let detail = format!(
            "{} for {} of {}, with an Odoo API key of its own",
            row.account_name(),
            row.grant.login,
            row.grant.database
        );
        let event = self.audit_event("key.create", &row.id, detail);
        self.store.add_token_with_odoo_key(&row, &record, &event).await?;
        Ok((row, token))
    }
}
