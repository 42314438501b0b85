//! Rows of tokens, their verification, and the keys that open the credentials sealed under them.
//!
//! The rows are read from the store. The credential cache decides when a row may be used again without that.
//!
//! In: tokens, rows. Out: rows, data keys. Must not know: which dialect or protocol the token came with.

use std::sync::Arc;

use time::OffsetDateTime;

use super::error::AuthError;
use super::key_provider::{KeyProvider, KeySet, KeySetError};
use super::recent_uses::RecentUses;
use super::token_row_checks::is_written_at_once;
use crate::clock::Clock;
use crate::secret::{DataKey, SecretError, Token, TokenIndex};
use crate::store::{Store, StoredToken};

/// The store, the keys of this installation, and the time. Clones share the store and the keys.
#[derive(Debug, Clone)]
pub(super) struct CredentialStore {
    pub(super) store: Store,
    pub(super) keys: KeyProvider,
    pub(super) clock: Clock,
    pub(super) recent_uses: RecentUses,
}

impl CredentialStore {
    /// The keys of this installation.
    ///
    /// # Errors
    /// [`AuthError::Rejected`] if the installation has no keys: no token can exist then.
    pub(super) async fn key_set(&self) -> Result<Arc<KeySet>, AuthError> {
        self.keys.load_existing().await?.ok_or(AuthError::Rejected)
    }

    /// The row of a token that is neither revoked nor expired, and whose account is not either.
    pub(super) async fn find_active(&self, token: &Token) -> Result<StoredToken, AuthError> {
        let (keys, now) = (self.key_set().await?, self.clock.now());
        let index = token.index(&keys.index);
        let rows = self.store.find_tokens([index, index], now).await?;
        let is_active = |row: &StoredToken| row.kind == token.kind() && row.is_active(now);
        rows.into_iter().find(is_active).ok_or(AuthError::Rejected)
    }

    /// Moves a row that was found by the previous index key to the newest one, in the background. Both hashes find
    /// the row until then.
    pub(super) fn move_to_newest_index(&self, index: TokenIndex, row: &StoredToken) {
        if row.index.hash == index.hash {
            return;
        }
        let store = self.store.clone();
        tokio::spawn(async move {
            if let Err(cause) = store.reindex_token(index).await {
                tracing::warn!(%cause, "a token was not moved to the newest index key");
            }
        });
    }

    /// Checks that neither the row nor the row of its account was altered. Both may have been sealed again since.
    pub(super) async fn verify_with_account(&self, row: &StoredToken) -> Result<(), AuthError> {
        self.verify(row).await?;
        self.verify_account(row).await
    }

    /// Checks the account alone. That the token is active does not prove it: an attacker with write access to the store
    /// could have enabled a disabled account.
    pub(super) async fn verify_account(&self, row: &StoredToken) -> Result<(), AuthError> {
        let Some(account) = &row.account else { return Ok(()) };
        let account = self.store.token(account, self.clock.now()).await?.ok_or(AuthError::Rejected)?;
        if !account.is_active(self.clock.now()) {
            return Err(AuthError::Rejected);
        }
        self.verify(&account).await
    }

    /// Checks that the row was not altered.
    pub(super) async fn verify(&self, row: &StoredToken) -> Result<(), AuthError> {
        let terms = row.terms();
        let keys = self.key_set().await?;
        let verify = |keys: &KeySet| DataKey::verify(&keys.keyring, row.facts(&terms), row.grant.facts(), &row.wrap);
        let verified = self.retry_with_reloaded_keys(&keys, verify).await?;
        verified.map_err(|cause| altered_row(row, &cause))
    }

    /// The key of the credential that is sealed under the row's token.
    pub(super) async fn data_key(&self, keys: &KeySet, token: &Token, row: &StoredToken) -> Result<DataKey, AuthError> {
        let terms = row.terms();
        let unwrap =
            |keys: &KeySet| DataKey::unwrap(&keys.keyring, token, row.facts(&terms), row.grant.facts(), &row.wrap);
        let key = self.retry_with_reloaded_keys(keys, unwrap).await?;
        key.map_err(|cause| altered_row(row, &cause))
    }

    /// Opens something with these keys, and again with reloaded ones if the master key was rotated a moment ago.
    pub(super) async fn retry_with_reloaded_keys<T>(
        &self,
        keys: &KeySet,
        open: impl Fn(&KeySet) -> Result<T, SecretError>,
    ) -> Result<Result<T, SecretError>, AuthError> {
        match open(keys) {
            Err(SecretError::UnknownKey(_)) => {
                let reloaded = self.keys.reload().await?.ok_or(AuthError::Rejected)?;
                Ok(open(&reloaded))
            }
            other => Ok(other),
        }
    }

    /// Records that the token was used: at once if that is urgent, otherwise with the next batch.
    pub(super) fn touch(&self, row: &StoredToken) {
        let now = self.clock.now();
        if row.is_touch_due(now) {
            self.record_use(row, row.last_used_at, now);
        }
    }

    /// Records a use. `recorded`: the last one that was recorded.
    pub(super) fn record_use(&self, row: &StoredToken, recorded: Option<i64>, now: OffsetDateTime) {
        if is_written_at_once(row, recorded, now) {
            self.touch_at_once(row, now);
        } else {
            self.recent_uses.record(&row.id, now.unix_timestamp());
        }
    }

    /// Writes in the background that the token was used. If that fails, the next batch contains the use.
    fn touch_at_once(&self, row: &StoredToken, now: OffsetDateTime) {
        let (store, recent_uses, token) = (self.store.clone(), self.recent_uses.clone(), row.id.clone());
        tokio::spawn(async move {
            if let Err(cause) = store.touch_token(&token, now).await {
                tracing::warn!(%cause, "the use of a token is recorded later");
                recent_uses.record(&token, now.unix_timestamp());
            }
        });
    }
}

/// The right token found a row that it does not open: the row was altered in the store.
pub(super) fn altered_row(row: &StoredToken, cause: &SecretError) -> AuthError {
    tracing::error!(target: "odoo_gateway::audit", act = "token.altered", subject = row.id, %cause, "audit");
    match cause {
        SecretError::Altered => AuthError::Rejected,
        other => AuthError::from(KeySetError::from(other.clone())),
    }
}
