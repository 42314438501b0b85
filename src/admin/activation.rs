//! Keys and applications, switched off and on: the state is sealed as their other limits are, so that writing it into the
//! store switches nothing on.
//!
//! In: a key's rows. Out: its wraps, sealed for the other state. Must not know: tokens in clear; the outer layer of a wrap
//! is renewed without them.

use super::{AdminError, Administration};
use crate::auth::Vault;
use crate::secret::{DataKey, TokenKind};
use crate::store::{Act, Rewrap, StoredToken};

impl Administration {
    /// Switches off what stands for an account, or on again; `false` when it was so before.
    pub(super) async fn switch(&self, account: &StoredToken, on: bool, act: &Act) -> Result<bool, AdminError> {
        let wraps = self.sealed_for(account, (!on).then_some(act.at)).await?;
        Ok(self.store.switch_token(&account.id, on, &wraps, act).await?)
    }

    /// The wraps of every key and application that is on, sealed for being off.
    pub(super) async fn sealed_for_the_end(&self, at: i64) -> Result<Vec<Rewrap>, AdminError> {
        let mut wraps = Vec::new();
        for account in self.accounts().await?.iter().filter(|account| account.disabled_at.is_none()) {
            wraps.extend(self.sealed_for(account, Some(at)).await?);
        }
        Ok(wraps)
    }

    /// Seals what was switched off before that was sealed.
    ///
    /// # Errors
    /// When the store does not answer or its keys cannot be opened.
    pub async fn seal_what_is_off(&self) -> Result<(), AdminError> {
        let Some(vault) = self.vaults.existing().await? else { return Ok(()) };
        for account in self.accounts().await?.iter().filter(|account| account.disabled_at.is_some()) {
            for row in self.store.links(&account.id, self.clock.now()).await? {
                let terms = row.terms();
                let sealed = DataKey::verify(&vault.keyring, row.facts(&terms), row.grant.facts(), &row.wrap);
                let rewrap = sealed.is_err().then(|| rewrap(&vault, &row, row.disabled_at)).flatten();
                if let Some(rewrap) = rewrap {
                    self.store.replace_wrap(&rewrap).await?;
                }
            }
        }
        Ok(())
    }

    async fn accounts(&self) -> Result<Vec<StoredToken>, AdminError> {
        let now = self.clock.now();
        let mut accounts = self.store.tokens(TokenKind::ApiKey, now).await?;
        accounts.extend(self.store.tokens(TokenKind::ClientSecret, now).await?);
        Ok(accounts)
    }

    /// The wraps of an account, those of linked users too, as they are when it is off since `disabled_at`.
    async fn sealed_for(&self, account: &StoredToken, disabled_at: Option<i64>) -> Result<Vec<Rewrap>, AdminError> {
        let Some(vault) = self.vaults.reread().await? else { return Ok(Vec::new()) };
        let rows = self.store.links(&account.id, self.clock.now()).await?;
        Ok(rows.iter().filter_map(|row| rewrap(&vault, row, disabled_at)).collect())
    }
}

/// `None` for a row that somebody has changed: it opens nothing, and goes on opening nothing.
fn rewrap(vault: &Vault, row: &StoredToken, disabled_at: Option<i64>) -> Option<Rewrap> {
    let in_state = |disabled_at| StoredToken { disabled_at, ..row.clone() };
    let after = in_state(disabled_at);
    let after_terms = after.terms();
    // It may have been switched by a gateway that did not seal the state, or between two looks.
    let sealed = [row.disabled_at, None, Some(0)].into_iter().find_map(|before| {
        let before = in_state(before);
        let terms = before.terms();
        let (before, after) = (before.facts(&terms), after.facts(&after_terms));
        DataKey::rewrap(&vault.keyring, before, after, row.grant.facts(), &row.wrap).ok()
    })?;
    Some(Rewrap { token: row.id.clone(), grant: row.grant.id.clone(), before: row.wrap.clone(), after: sealed })
}
