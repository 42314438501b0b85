//! The keys of the installation itself, under which tokens are found and by which they are signed: exchanged while gateways run.
//!
//! ```text
//! rotate ─► the new key finds and signs; the one before finds and reads what it did ─► prune: once nothing needs it
//! ```
//!
//! A token moves to the new index when it is used. Gateways see the new keys when they seal, and when something is shown to
//! them that the keys they know do not find or read. Each step may be done again.
//!
//! In: wishes of an administrator. Out: what was done. Must not know: tokens in clear.

use super::{AdminError, Administration};
use crate::secret::{AccessKeys, IndexKey, SigningKey, TokenKind};
use crate::store::sealed_keys::{ACCESS, INDEX, SIGNING};

/// A key of the installation that can be exchanged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeptKeyKind {
    /// Under whose hashes tokens are found.
    Index,
    /// What signs login tokens.
    Signing,
    /// What signs access tokens of OAuth 2.
    Access,
}

impl KeptKeyKind {
    /// The word for it.
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
            Self::Signing => SIGNING,
            Self::Access => ACCESS,
        }
    }
}

/// What became of keys that were exchanged.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PrunedKeptKeys {
    /// Those that are gone.
    pub gone: Vec<&'static str>,
    /// How many tokens only the index key before finds; it stays for them.
    pub tokens_left: u64,
    /// Whether tokens live that only a signing key before reads; it stays for them.
    pub signed_left: bool,
}

impl Administration {
    /// Puts a new key in the place of one of the installation's. The one before stays until [pruned](Self::prune_kept_keys).
    ///
    /// # Errors
    /// When the one before that is still needed, or there is no master key.
    pub async fn rotate_kept_key(&self, kind: KeptKeyKind) -> Result<(), AdminError> {
        let vault = self.vaults.for_sealing().await?;
        let new = match kind {
            KeptKeyKind::Index => IndexKey::generate(&vault.keyring)?.1,
            KeptKeyKind::Signing => SigningKey::generate(&vault.keyring)?.1,
            KeptKeyKind::Access => AccessKeys::generate(&vault.keyring)?,
        };
        let kept = self.store.sealed_keys().await?;
        let pair = kept.pair(kind.purpose()).ok_or_else(|| AdminError::NotFound(format!("{} key", kind.as_str())))?;
        let act = self.act("keys.rotate", kind.as_str(), "");
        if self.store.exchange_sealed_key(kind.purpose(), pair.newest, &new, &act).await? {
            return Ok(());
        }
        let still = format!(
            "the {} key was exchanged and the one before is still there; `odoo-gateway keys prune` takes \
                             it away when nothing needs it any more",
            kind.as_str()
        );
        Err(AdminError::Wrong(still))
    }

    /// Deletes the keys before that nothing needs any more.
    ///
    /// # Errors
    /// When the keys cannot be opened or the store does not answer.
    pub async fn prune_kept_keys(&self) -> Result<PrunedKeptKeys, AdminError> {
        let Some(vault) = self.vaults.reread().await? else { return Ok(PrunedKeptKeys::default()) };
        let mut pruned = PrunedKeptKeys::default();
        let newest = vault.index.id();
        let act = |kind: KeptKeyKind| self.act("keys.prune", kind.as_str(), "");
        if self.store.drop_index_before(newest, &act(KeptKeyKind::Index)).await? {
            pruned.gone.push(KeptKeyKind::Index.as_str());
        }
        for (kind, signed) in
            [(KeptKeyKind::Signing, TokenKind::LoginToken), (KeptKeyKind::Access, TokenKind::OAuthAccess)]
        {
            if self.store.drop_signing_before(kind.purpose(), signed, &act(kind)).await? {
                pruned.gone.push(kind.as_str());
            }
        }
        let kept = self.store.sealed_keys().await?;
        let stays = |purpose| kept.pair(purpose).is_some_and(|pair| pair.before.is_some());
        if stays(INDEX) {
            pruned.tokens_left = self.store.tokens_indexed_before(newest).await?;
        }
        pruned.signed_left = stays(SIGNING) || stays(ACCESS);
        Ok(pruned)
    }
}
