//! Master keys: add, rewrap, prune, while gateways run.
//!
//! ```text
//! add: the new key seals new data ─► rewrap: it also seals existing data ─► prune: removes keys that seal nothing
//! ```
//!
//! Gateways reload the file when they seal, and when they encounter an unknown key. Each step may be interrupted at
//! any point and repeated.
//!
//! In: the key file, the store. Out: which key seals what. Must not know: plaintext tokens.

use super::{AdminError, Administration};
use crate::auth::{KeySet, open_consumer_secret, seal_consumer_secret};
use crate::secret::{DataKey, SecretError, TokenKind, reseal_stored_key};
use crate::store::{Rewrap, StoredToken};

/// A master key, and how much data it seals.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MasterKeyStatus {
    /// The id of the key.
    pub id: String,
    /// The number of sealed values in the store.
    pub seals: u64,
    /// Whether it seals new data.
    pub newest: bool,
    /// Whether a source of master keys contains it.
    pub present: bool,
}

/// The result of a rewrap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RewrapResult {
    /// The number of values that were sealed under the newest key.
    pub rewrapped: u64,
    /// The number of rows that were altered and cannot be opened. They are not changed.
    pub altered: u64,
}

/// The number of rows per query.
const BATCH: u32 = 200;

impl Administration {
    /// Returns all available keys, and missing keys that still seal data.
    ///
    /// # Errors
    /// Fails if a source of master keys or the store cannot be used.
    pub async fn master_keys(&self) -> Result<Vec<MasterKeyStatus>, AdminError> {
        let sealed = self.store.count_sealed_by_master_key().await?;
        let present: Vec<String> = self
            .sources
            .load()?
            .map_or_else(Vec::new, |(keys, _)| keys.iter().rev().map(|key| key.id().to_string()).collect());
        let seals = |id: &str| sealed.iter().find(|(sealing, _)| sealing == id).map_or(0, |(_, seals)| *seals);
        let mut keys: Vec<MasterKeyStatus> = present
            .iter()
            .enumerate()
            .map(|(at, id)| MasterKeyStatus { id: id.clone(), seals: seals(id), newest: at == 0, present: true })
            .collect();
        let missing = sealed.iter().filter(|(id, _)| !present.contains(id));
        keys.extend(missing.map(|(id, seals)| MasterKeyStatus {
            id: id.clone(),
            seals: *seals,
            newest: false,
            present: false,
        }));
        Ok(keys)
    }

    /// Adds a key to the file, and creates the file if necessary. The key seals new data from now on. Returns its id.
    ///
    /// # Errors
    /// Fails if the store needs keys that are missing, or the keys do not come from a file.
    pub async fn add_master_key(&self) -> Result<String, AdminError> {
        let existing = self.key_provider.reload().await?;
        let id = if existing.is_none() && self.sources.load()?.is_none() {
            self.sources.create()?.last().map(|key| key.id().to_string()).unwrap_or_default()
        } else {
            self.sources.add()?.id().to_string()
        };
        self.store.audit(&self.audit_event("keys.add", &id, "")).await?;
        Ok(id)
    }

    /// Seals all data under the newest key. Reports after each batch how many values are done, and of how many.
    ///
    /// # Errors
    /// Fails if a key is missing or the store cannot be used.
    pub async fn rewrap(&self, report: impl Fn(u64, u64)) -> Result<RewrapResult, AdminError> {
        let keys = self.key_provider.for_sealing().await?;
        let newest = keys.keyring.newest().to_string();
        let sealed = self.store.count_sealed_by_master_key().await?;
        let total = sealed.iter().filter(|(id, _)| *id != newest).map(|(_, count)| count).sum();
        let mut result = RewrapResult::default();
        let mut after = (String::new(), String::new());
        loop {
            let batch = self.store.tokens_to_rewrap(&newest, (&after.0, &after.1), self.clock.now(), BATCH).await?;
            let Some(last) = batch.last() else { break };
            after = (last.id.clone(), last.grant.id.clone());
            for token in &batch {
                match rewrap_token(&keys, token) {
                    Ok(wrap) => result.rewrapped += u64::from(self.store.replace_wrap(&wrap).await?),
                    Err(_) => result.altered += 1,
                }
            }
            report(result.rewrapped + result.altered, total);
        }
        result.rewrapped += self.reseal_installation_keys(&keys, &newest).await?;
        result.rewrapped += self.reseal_consumer_secrets(&keys, &newest).await?;
        let detail = format!("{} rewrapped, {} altered", result.rewrapped, result.altered);
        self.store.audit(&self.audit_event("keys.rewrap", &newest, detail)).await?;
        Ok(result)
    }

    /// Seals the keys of the installation under the newest master key.
    async fn reseal_installation_keys(&self, keys: &KeySet, newest: &str) -> Result<u64, AdminError> {
        let mut done = 0;
        for (name, purpose, before) in self.store.sealed_keys().await?.iter() {
            if before.key_id()?.to_string() != newest {
                let after = reseal_stored_key(&keys.keyring, purpose, before)?;
                self.store.update_sealed_key(name, before, &after).await?;
                done += 1;
            }
        }
        Ok(done)
    }

    /// Seals the consumer secrets of applications under the newest master key. Skips altered rows.
    async fn reseal_consumer_secrets(&self, keys: &KeySet, newest: &str) -> Result<u64, AdminError> {
        let mut done = 0;
        for row in self.store.tokens(TokenKind::ClientSecret, self.clock.now()).await? {
            let sealed = row.application.as_ref().and_then(|terms| terms.consumer_secret.as_ref());
            let Some(before) = sealed.filter(|sealed| sealed.key_id().is_ok_and(|id| id.to_string() != newest)) else {
                continue;
            };
            let Ok(Some(secret)) = open_consumer_secret(&keys.keyring, &row) else { continue };
            let after = seal_consumer_secret(&keys.keyring, &row, &secret)?;
            done += u64::from(self.store.reseal_consumer_secret(&row.id, before, &after).await?);
        }
        Ok(done)
    }

    /// Removes the keys that seal nothing from the file, except the newest one. Returns their ids.
    ///
    /// # Errors
    /// Fails if the keys do not come from a file.
    pub async fn prune_master_keys(&self) -> Result<Vec<String>, AdminError> {
        let keys = self.master_keys().await?;
        let is_needed = |id: &str| keys.iter().any(|key| key.id == id && (key.newest || key.seals > 0));
        let pruned = self.sources.retain(|id| is_needed(&id.to_string()))?;
        let pruned: Vec<String> = pruned.iter().map(ToString::to_string).collect();
        for id in &pruned {
            self.store.audit(&self.audit_event("keys.prune", id, "")).await?;
        }
        Ok(pruned)
    }
}

fn rewrap_token(keys: &KeySet, token: &StoredToken) -> Result<Rewrap, SecretError> {
    let terms = token.terms();
    let facts = token.facts(&terms);
    let after = DataKey::rewrap(&keys.keyring, facts, facts, token.grant.facts(), &token.wrap)?;
    let (before, grant) = (token.wrap.clone(), token.grant.id.clone());
    Ok(Rewrap { token: token.id.clone(), grant, before, after })
}
