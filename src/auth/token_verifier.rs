//! Rows of tokens, their verification, and the keys that open the credentials sealed under them.
//!
//! The rows are read from the store. The credential cache decides when a row may be used again without that.
//!
//! In: tokens, rows. Out: rows, data keys. Must not know: which dialect or protocol the token came with.

use std::net::IpAddr;
use std::sync::Arc;

use secrecy::SecretString;
use time::OffsetDateTime;

use super::error::AuthError;
use super::key_provider::{KeyProvider, KeySet, KeySetError};
use super::odoo_key_uses::{OdooKeyUses, WatchedCredential};
use super::recent_uses::RecentUses;
use super::token_row_checks::is_written_at_once;
use super::usage_counts::UsageCounts;
use crate::clock::Clock;
use crate::error::Problem;
use crate::odoo::Database;
use crate::plan::Scope;
use crate::secret::{DataKey, SecretError, Token, TokenIndex};
use crate::store::{Store, StoredToken, TokenUse};

/// The store, the keys of this installation, and the time. Clones share the store and the keys.
#[derive(Debug, Clone)]
pub(super) struct CredentialStore {
    pub(super) store: Store,
    pub(super) keys: KeyProvider,
    pub(super) clock: Clock,
    pub(super) recent_uses: RecentUses,
    pub(super) usage_counts: UsageCounts,
    pub(super) odoo_key_uses: OdooKeyUses,
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
        let row = self.store.find_token(index, now).await?;
        row.filter(|row| row.kind == token.kind() && row.is_active(now)).ok_or(AuthError::Rejected)
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
        self.verify_account(row).await.map(drop)
    }

    /// Checks the account alone. That the token is active does not prove it: an attacker with write access to the store
    /// could have enabled a disabled account. Returns the scope that applies to the row: what was verified, and not
    /// what was read together with the row.
    pub(super) async fn verify_account(&self, row: &StoredToken) -> Result<String, AuthError> {
        let Some(account) = &row.account else { return Ok(row.scope.clone()) };
        let account = self.store.token(account, self.clock.now()).await?.ok_or(AuthError::Rejected)?;
        if !account.is_active(self.clock.now()) {
            return Err(AuthError::Rejected);
        }
        self.verify(&account).await?;
        let verified = StoredToken { account_scope: Some(account.scope), ..row.clone() };
        Ok(verified.current_scope().to_owned())
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

    /// Opens the credential in the row of a token with the token's data key. `scope`: the one that applies, as JSON.
    pub(super) fn open_credential(
        &self,
        data_key: &DataKey,
        row: &StoredToken,
        scope: &str,
    ) -> Result<OpenedCredential, AuthError> {
        let watched = self.odoo_key_uses.watch(row, data_key);
        Ok(OpenedCredential { watched, ..OpenedCredential::open(data_key, row, scope)? })
    }

    /// Records that a request uses an opened credential, which may have to be renewed.
    pub(super) fn record_odoo_key_use(
        &self,
        opened: &OpenedCredential,
        row: &Arc<StoredToken>,
        database: &Arc<Database>,
    ) {
        if let Some(watched) = &opened.watched {
            self.odoo_key_uses.record(watched, row, database, self.clock.now().unix_timestamp());
        }
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
    pub(super) fn touch(&self, row: &StoredToken, address: IpAddr) {
        let now = self.clock.now();
        if row.is_touch_due(now) {
            self.record_use(row, row.last_used_at, now, address);
        }
    }

    /// Records a use. `recorded`: the last one that was recorded.
    pub(super) fn record_use(&self, row: &StoredToken, recorded: Option<i64>, now: OffsetDateTime, address: IpAddr) {
        let used = TokenUse { token: row.id.clone(), at: now.unix_timestamp(), address: Some(address) };
        if is_written_at_once(row, recorded, now) {
            self.touch_at_once(used);
        } else {
            self.recent_uses.record(used);
        }
    }

    /// Writes in the background that the token was used. If that fails, the next batch contains the use.
    fn touch_at_once(&self, used: TokenUse) {
        let (store, recent_uses) = (self.store.clone(), self.recent_uses.clone());
        tokio::spawn(async move {
            if let Err(cause) = store.touch_token(&used).await {
                tracing::warn!(%cause, "the use of a token is recorded later");
                recent_uses.record(used);
            }
        });
    }
}

/// What a token opens.
#[derive(Debug)]
pub(super) struct OpenedCredential {
    pub(super) secret: Arc<SecretString>,
    pub(super) login: Arc<str>,
    pub(super) scope: Arc<Scope>,
    /// Set if the credential may have to be renewed.
    pub(super) watched: Option<Arc<WatchedCredential>>,
}

impl OpenedCredential {
    fn open(data_key: &DataKey, row: &StoredToken, scope: &str) -> Result<Self, AuthError> {
        let secret = data_key.open_credential(row.grant.facts(), &row.grant.credential);
        let secret = Arc::new(secret.map_err(|cause| altered_row(row, &cause))?);
        // A scope that this gateway cannot parse, for example one that a newer version wrote, grants nothing.
        let scope = Arc::new(Scope::from_json(scope).map_err(Problem::internal)?);
        Ok(Self { secret, login: row.grant.login.as_str().into(), scope, watched: None })
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
