//! Enables and disables keys and applications. The state is sealed like their other limits, so that writing to the
//! store enables nothing.
//!
//! In: the rows of a key. Out: its wraps, sealed for the new state. Must not know: plaintext tokens; the outer layer
//! of a wrap is replaced without them.

use super::{AdminError, Administration};
use crate::auth::KeySet;
use crate::secret::{DataKey, TokenKind};
use crate::store::{AuditEvent, Rewrap, StoredToken};

/// How often a change is tried again if another one comes in between.
const MAX_ATTEMPTS: usize = 3;

impl Administration {
    /// Enables or disables an account. Returns `false` if it already was in this state.
    pub(super) async fn set_enabled(
        &self,
        account: &StoredToken,
        enabled: bool,
        event: &AuditEvent,
    ) -> Result<bool, AdminError> {
        for _ in 0..MAX_ATTEMPTS {
            let (wraps, grants) = self.rewraps_for(account, (!enabled).then_some(event.at)).await?;
            let stored = self.store.set_token_enabled(&account.id, enabled, (&wraps, grants), event).await?;
            if let Some(is_changed) = stored {
                return Ok(is_changed);
            }
        }
        Err(AdminError::Invalid("it was changed at the same time; try again".to_owned()))
    }

    /// The wraps of all enabled keys and applications, sealed for the disabled state.
    pub(super) async fn wraps_for_disabling(&self, at: i64) -> Result<Vec<Rewrap>, AdminError> {
        let mut wraps = Vec::new();
        for account in self.accounts().await?.iter().filter(|account| account.disabled_at.is_none()) {
            wraps.extend(self.rewraps_for(account, Some(at)).await?.0);
        }
        Ok(wraps)
    }

    /// Seals the state of keys and applications that were disabled by a version that did not seal it.
    ///
    /// # Errors
    /// Fails if the store or its keys cannot be used.
    pub async fn seal_disabled_state(&self) -> Result<(), AdminError> {
        let Some(keys) = self.key_provider.load_existing().await? else { return Ok(()) };
        for account in self.accounts().await?.iter().filter(|account| account.disabled_at.is_some()) {
            for row in self.store.links(&account.id, self.clock.now()).await? {
                let terms = row.terms();
                let sealed = DataKey::verify(&keys.keyring, row.facts(&terms), row.grant.facts(), &row.wrap);
                let rewrap = sealed.is_err().then(|| rewrap(&keys, &row, row.disabled_at)).flatten();
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

    /// The wraps of an account and of its linked users, sealed for this state, and how many grants it can use.
    async fn rewraps_for(
        &self,
        account: &StoredToken,
        disabled_at: Option<i64>,
    ) -> Result<(Vec<Rewrap>, usize), AdminError> {
        let rows = self.store.links(&account.id, self.clock.now()).await?;
        let Some(keys) = self.key_provider.reload().await? else { return Ok((Vec::new(), rows.len())) };
        Ok((rows.iter().filter_map(|row| rewrap(&keys, row, disabled_at)).collect(), rows.len()))
    }
}

/// Returns `None` for a row that was altered: it opens nothing, before and after.
fn rewrap(keys: &KeySet, row: &StoredToken, disabled_at: Option<i64>) -> Option<Rewrap> {
    let in_state = |disabled_at| StoredToken { disabled_at, ..row.clone() };
    let after = in_state(disabled_at);
    let after_terms = after.terms();
    // Another gateway may have changed the state without sealing it, or after the row was read.
    let sealed = [row.disabled_at, None, Some(0)].into_iter().find_map(|before| {
        let before = in_state(before);
        let terms = before.terms();
        let (before, after) = (before.facts(&terms), after.facts(&after_terms));
        DataKey::rewrap(&keys.keyring, before, after, row.grant.facts(), &row.wrap).ok()
    })?;
    Some(Rewrap { token: row.id.clone(), grant: row.grant.id.clone(), before: row.wrap.clone(), after: sealed })
}
