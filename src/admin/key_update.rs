//! Changes what an API key may do, without another secret.
//!
//! In: a key, what changes. Out: the changed key. Must not know: plaintext tokens; the outer layer of wraps is replaced
//! without them.

use super::{AdminError, Administration};
use crate::auth::KeySet;
use crate::plan::Scope;
use crate::secret::{DataKey, SecretError};
use crate::store::{Rewrap, StoredToken};

/// What changes of an API key.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KeyUpdate {
    /// The scope, as JSON.
    pub scope: Option<String>,
    /// Whether every user of the database may create login tokens with the key.
    pub open_to_all_users: Option<bool>,
    /// The longest lifetime of login tokens in days; `Some(None)`: that of the gateway.
    pub login_token_days: Option<Option<u32>>,
}

impl Administration {
    /// Changes an API key. Its login tokens have the new scope, too. Links and secrets stay.
    ///
    /// # Errors
    /// Fails if the key does not exist, nothing changes, or the scope or a limit is not valid.
    pub async fn update_key(&self, name_or_id: &str, update: KeyUpdate) -> Result<StoredToken, AdminError> {
        let key = self.find_key(name_or_id).await?;
        let (after, changes) = self.updated(&key, update)?;
        if changes.is_empty() {
            return Err(AdminError::Invalid("this changes nothing".to_owned()));
        }
        let keys = self.key_provider.for_sealing().await?;
        let rows = self.store.links(&key.id, self.clock.now()).await?;
        // A link that was altered in the store opens nothing, before and after.
        let wraps: Vec<Rewrap> = rows.iter().filter_map(|row| rewrap(&keys, row, &after).ok()).collect();
        if wraps.iter().all(|wrap| wrap.grant != key.grant.id) {
            return Err(AdminError::Invalid("the API key was altered in the store; delete it".to_owned()));
        }
        let detail = format!("{}: {}", key.account_name(), changes.join(", "));
        let event = self.audit_event("key.update", &key.id, detail);
        if !self.store.update_key((&key, rows.len()), &after, &wraps, &event).await? {
            return Err(AdminError::Invalid("the API key was changed at the same time; try again".to_owned()));
        }
        self.find_key(&key.id).await
    }

    /// The changed row, and each change for the audit log.
    fn updated(&self, key: &StoredToken, update: KeyUpdate) -> Result<(StoredToken, Vec<String>), AdminError> {
        let (mut after, mut changes) = (key.clone(), Vec::new());
        if let Some(scope) = update.scope {
            let scope = Scope::from_json(&scope).map_err(|error| AdminError::Invalid(error.to_string()))?;
            after.scope = scope.to_json();
            if after.scope != key.scope {
                changes.push(format!("scope {} instead of {}", after.scope, key.scope));
            }
        }
        if let Some(terms) = &mut after.key {
            if let Some(open) = update.open_to_all_users.filter(|open| *open != terms.open_to_all_users) {
                terms.open_to_all_users = open;
                changes.push(if open { "open to all users" } else { "for linked users only" }.to_owned());
            }
            if let Some(days) = update.login_token_days.filter(|days| *days != terms.login_token_days) {
                terms.login_token_days = days;
                let days = days.map_or_else(|| "as configured".to_owned(), |days| format!("at most {days} days"));
                changes.push(format!("login tokens {days}"));
            }
            self.check_login_token_terms(terms)?;
        }
        Ok((after, changes))
    }
}

/// The wrap of a row of the key, sealed for the new terms.
fn rewrap(keys: &KeySet, row: &StoredToken, after: &StoredToken) -> Result<Rewrap, SecretError> {
    let after = StoredToken { scope: after.scope.clone(), key: after.key.clone(), ..row.clone() };
    let (terms, terms_after) = (row.terms(), after.terms());
    let (facts, facts_after) = (row.facts(&terms), after.facts(&terms_after));
    let sealed = DataKey::rewrap(&keys.keyring, facts, facts_after, row.grant.facts(), &row.wrap)?;
    Ok(Rewrap { token: row.id.clone(), grant: row.grant.id.clone(), before: row.wrap.clone(), after: sealed })
}
