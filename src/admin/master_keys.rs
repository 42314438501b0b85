//! Master keys: added, put into use, taken out of use; all while gateways run.
//!
//! ```text
//! add ─► the newest key seals what is new ─► rewrap: and all that was there ─► prune: keys that seal nothing are gone
//! ```
//!
//! Gateways read the file again when they seal, and when they meet a key they do not know. Each step may be cut off at
//! any point and done again.
//!
//! In: the key file, the store. Out: what is sealed by which key. Must not know: tokens in clear.

use super::{AdminError, Administration};
use crate::auth::{Vault, open_consumer_secret, seal_consumer_secret};
use crate::secret::{DataKey, SecretError, TokenKind, reseal_kept};
use crate::store::{Rewrap, StoredToken};

/// A master key, and how much it seals.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealingKey {
    /// Its id.
    pub id: String,
    /// How many blobs in the store it seals.
    pub seals: u64,
    /// Whether it seals what is new.
    pub newest: bool,
    /// Whether it is at hand.
    pub present: bool,
}

/// What came of a change of keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rewrapped {
    /// Blobs that the newest key seals now.
    pub done: u64,
    /// Rows that do not open: somebody changed them, and they are as dead as before.
    pub altered: u64,
}

/// Rows that are read at a time.
const BATCH: u32 = 200;

impl Administration {
    /// All keys at hand, and those that something is still sealed by.
    ///
    /// # Errors
    /// When a key file cannot be used or the store does not answer.
    pub async fn master_keys(&self) -> Result<Vec<SealingKey>, AdminError> {
        let sealed = self.store.sealed_by().await?;
        let present: Vec<String> = self
            .sources
            .load()?
            .map_or_else(Vec::new, |(keys, _)| keys.iter().rev().map(|key| key.id().to_string()).collect());
        let seals = |id: &str| sealed.iter().find(|(known, _)| known == id).map_or(0, |(_, seals)| *seals);
        let mut keys: Vec<SealingKey> = present
            .iter()
            .enumerate()
            .map(|(at, id)| SealingKey { id: id.clone(), seals: seals(id), newest: at == 0, present: true })
            .collect();
        let missing = sealed.iter().filter(|(id, _)| !present.contains(id));
        keys.extend(missing.map(|(id, seals)| SealingKey {
            id: id.clone(),
            seals: *seals,
            newest: false,
            present: false,
        }));
        Ok(keys)
    }

    /// Adds a key to the file, the first one too; its id. It seals from now on.
    ///
    /// # Errors
    /// When there are no keys any more that the store needs, or they do not come from a file.
    pub async fn add_master_key(&self) -> Result<String, AdminError> {
        let existing = self.vaults.reread().await?;
        let id = if existing.is_none() && self.sources.load()?.is_none() {
            self.sources.create()?.last().map(|key| key.id().to_string()).unwrap_or_default()
        } else {
            self.sources.add()?.id().to_string()
        };
        self.store.audit(&self.act("keys.add", &id, "")).await?;
        Ok(id)
    }

    /// Seals everything that another key sealed under the newest one.
    ///
    /// # Errors
    /// When a key is not at hand or the store does not answer.
    pub async fn rewrap(&self) -> Result<Rewrapped, AdminError> {
        let vault = self.vaults.for_sealing().await?;
        let newest = vault.keyring.newest().to_string();
        let mut outcome = Rewrapped::default();
        let mut after = (String::new(), String::new());
        loop {
            let batch = self.store.tokens_to_rewrap(&newest, (&after.0, &after.1), self.clock.now(), BATCH).await?;
            let Some(last) = batch.last() else { break };
            after = (last.id.clone(), last.grant.id.clone());
            for token in &batch {
                match again(&vault, token) {
                    Ok(wrap) => outcome.done += u64::from(self.store.replace_wrap(&wrap).await?),
                    Err(_) => outcome.altered += 1,
                }
            }
        }
        outcome.done += self.reseal_kept_keys(&vault, &newest).await?;
        outcome.done += self.reseal_consumer_secrets(&vault, &newest).await?;
        let detail = format!("{} sealed anew, {} altered", outcome.done, outcome.altered);
        self.store.audit(&self.act("keys.rewrap", &newest, detail)).await?;
        Ok(outcome)
    }

    /// The keys of the installation, each sealed anew in its place unless the newest master key seals it already.
    async fn reseal_kept_keys(&self, vault: &Vault, newest: &str) -> Result<u64, AdminError> {
        let mut done = 0;
        for (kept_as, purpose, before) in self.store.sealed_keys().await?.iter() {
            if before.key_id()?.to_string() != newest {
                let after = reseal_kept(&vault.keyring, purpose, before)?;
                self.store.reseal_key(kept_as, before, &after).await?;
                done += 1;
            }
        }
        Ok(done)
    }

    /// Those of applications with OAuth 1. One that does not open is left alone, as a row that was altered.
    async fn reseal_consumer_secrets(&self, vault: &Vault, newest: &str) -> Result<u64, AdminError> {
        let mut done = 0;
        for row in self.store.tokens(TokenKind::ClientSecret, self.clock.now()).await? {
            let sealed = row.application.as_ref().and_then(|terms| terms.consumer_secret.as_ref());
            let Some(before) = sealed.filter(|sealed| sealed.key_id().is_ok_and(|id| id.to_string() != newest)) else {
                continue;
            };
            let Ok(Some(secret)) = open_consumer_secret(&vault.keyring, &row) else { continue };
            let after = seal_consumer_secret(&vault.keyring, &row, &secret)?;
            done += u64::from(self.store.reseal_consumer_secret(&row.id, before, &after).await?);
        }
        Ok(done)
    }

    /// Takes the keys that seal nothing any more out of the file, never the newest; their ids.
    ///
    /// # Errors
    /// When the keys do not come from a file.
    pub async fn prune_master_keys(&self) -> Result<Vec<String>, AdminError> {
        let keys = self.master_keys().await?;
        let kept = |id: &str| keys.iter().any(|key| key.id == id && (key.newest || key.seals > 0));
        let pruned = self.sources.retain(|id| kept(&id.to_string()))?;
        let pruned: Vec<String> = pruned.iter().map(ToString::to_string).collect();
        for id in &pruned {
            self.store.audit(&self.act("keys.prune", id, "")).await?;
        }
        Ok(pruned)
    }
}

fn again(vault: &Vault, token: &StoredToken) -> Result<Rewrap, SecretError> {
    let terms = token.terms();
    let facts = token.facts(&terms);
    let after = DataKey::rewrap(&vault.keyring, facts, facts, token.grant.facts(), &token.wrap)?;
    let (before, grant) = (token.wrap.clone(), token.grant.id.clone());
    Ok(Rewrap { token: token.id.clone(), grant, before, after })
}
