//! The keys of the installation, which index and sign tokens: rotate and prune, while gateways run.
//!
//! ```text
//! rotate: the new key indexes and signs; the previous one still finds and verifies ─► prune: deletes unused keys
//! ```
//!
//! A token moves to the new index when it is used. Gateways reload the keys when they seal, and when they receive a
//! token that their keys do not find or verify. Each step may be repeated.
//!
//! In: requests of an administrator. Out: results. Must not know: plaintext tokens.

use super::{AdminError, Administration};
use crate::secret::{AccessTokenKeys, IndexKey, LoginTokenKey, TokenKind};
use crate::store::installation_keys::{ACCESS_TOKEN, INDEX, LOGIN_TOKEN};

/// A key of the installation that can be rotated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InstallationKeyKind {
    /// The key of the hashes that identify tokens.
    Index,
    /// The key that signs login tokens.
    Signing,
    /// The key that signs OAuth 2 access tokens.
    Access,
}

impl InstallationKeyKind {
    /// The name of the key.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Index => "index",
            Self::Signing => "signing",
            Self::Access => "access",
        }
    }

    fn purpose(self) -> &'static str {
        match self {
            Self::Index => INDEX,
            Self::Signing => LOGIN_TOKEN,
            Self::Access => ACCESS_TOKEN,
        }
    }
}

/// The result of pruning.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PrunedInstallationKeys {
    /// The kinds whose previous key was deleted.
    pub deleted: Vec<&'static str>,
    /// The number of tokens that only the previous index key finds; it is sealed_keys for them.
    pub index_key_tokens: u64,
    /// Whether valid tokens exist that only a previous signing key verifies; it is sealed_keys for them.
    pub signing_key_in_use: bool,
}

impl Administration {
    /// Replaces a key of the installation. The previous key is sealed_keys until it is
    /// [pruned](Self::prune_installation_keys).
    ///
    /// # Errors
    /// Fails if an earlier previous key still exists, or there is no master key.
    pub async fn rotate_installation_key(&self, kind: InstallationKeyKind) -> Result<(), AdminError> {
        let keys = self.key_provider.for_sealing().await?;
        let new = match kind {
            InstallationKeyKind::Index => IndexKey::generate(&keys.keyring)?.1,
            InstallationKeyKind::Signing => LoginTokenKey::generate(&keys.keyring)?.1,
            InstallationKeyKind::Access => AccessTokenKeys::generate(&keys.keyring)?,
        };
        let sealed_keys = self.store.sealed_keys().await?;
        let pair =
            sealed_keys.pair(kind.purpose()).ok_or_else(|| AdminError::NotFound(format!("{} key", kind.as_str())))?;
        let event = self.audit_event("keys.rotate", kind.as_str(), "");
        if self.store.rotate_sealed_key(kind.purpose(), pair.newest, &new, &event).await? {
            return Ok(());
        }
        let message = format!(
            "the {} key was rotated before, and its previous key still exists: run `odoo-gateway keys prune`, which \
             deletes it when no token needs it",
            kind.as_str()
        );
        Err(AdminError::Invalid(message))
    }

    /// Deletes the previous keys that no token needs.
    ///
    /// # Errors
    /// Fails if the keys or the store cannot be used.
    pub async fn prune_installation_keys(&self) -> Result<PrunedInstallationKeys, AdminError> {
        let Some(keys) = self.key_provider.reload().await? else { return Ok(PrunedInstallationKeys::default()) };
        let mut pruned = PrunedInstallationKeys::default();
        let newest = keys.index.id();
        let event = |kind: InstallationKeyKind| self.audit_event("keys.prune", kind.as_str(), "");
        if self.store.delete_previous_index_key(newest, &event(InstallationKeyKind::Index)).await? {
            pruned.deleted.push(InstallationKeyKind::Index.as_str());
        }
        for (kind, signed) in [
            (InstallationKeyKind::Signing, TokenKind::LoginToken),
            (InstallationKeyKind::Access, TokenKind::OAuthAccess),
        ] {
            if self.store.delete_previous_signing_key(kind.purpose(), signed, &event(kind)).await? {
                pruned.deleted.push(kind.as_str());
            }
        }
        let sealed_keys = self.store.sealed_keys().await?;
        let is_kept = |purpose| sealed_keys.pair(purpose).is_some_and(|pair| pair.previous.is_some());
        if is_kept(INDEX) {
            pruned.index_key_tokens = self.store.count_tokens_with_previous_index(newest).await?;
        }
        pruned.signing_key_in_use = is_kept(LOGIN_TOKEN) || is_kept(ACCESS_TOKEN);
        Ok(pruned)
    }
}
