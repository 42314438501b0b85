//! The keys of this installation, opened when they are needed and read anew when they changed.
//!
//! A gateway that was never asked to keep a secret needs no master key and makes none. Once the store holds something
//! sealed, the key is never made again: another one would open nothing.
//!
//! In: the store, where master keys may lie. Out: [`Vault`]. Must not know: credentials, HTTP.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use crate::clock::Clock;
use crate::error::Problem;
use crate::error_code::Code;
use crate::secret::{
    AccessKeys, IndexKey, KeySource, KeySources, Keyring, MasterKey, RepeatRoot, SealedPair, SecretError, SigningKey,
};
use crate::store::sealed_keys::{ACCESS, INDEX, REPEAT, SIGNING, SealedKeys};
use crate::store::{Store, StoreError};

/// When it is worth trying again: an administrator has to do something first.
const AGAIN: Duration = Duration::from_secs(5);

/// The opened keys.
#[derive(Debug)]
pub struct Vault {
    /// What seals and opens.
    pub keyring: Keyring,
    /// Under which tokens are found.
    pub index: IndexKey,
    /// What signs login tokens.
    pub signing: SigningKey,
    /// What signs access tokens of OAuth 2, once one was signed.
    pub access: Option<AccessKeys>,
    /// Whom login tokens are from and for: this installation.
    pub issuer: String,
    /// As the store kept them when they were opened.
    sealed: SealedKeys,
}

/// Why the keys cannot be opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VaultError {
    /// See there.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// See there.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// What is sealed cannot be opened.
    #[error(
        "the store holds sealed credentials, but there is no master key; bring {0} back: a new key would open nothing"
    )]
    KeyGone(String),
    /// Somebody deleted the sealed index key.
    #[error("the store holds sealed credentials, but not the key they are found by; restore a copy of the store")]
    IndexGone,
}

impl VaultError {
    /// Whether the master key is at fault, and not the store.
    #[must_use]
    pub fn is_of_master_key(&self) -> bool {
        match self {
            Self::Secret(cause) => cause.is_of_master_key(),
            Self::KeyGone(_) => true,
            Self::Store(_) | Self::IndexGone => false,
        }
    }
}

/// The cause holds paths: it goes to the log. The client learns which of the two failed, and where the reason is.
impl From<VaultError> for Problem {
    fn from(cause: VaultError) -> Self {
        tracing::error!(%cause, "sealed credentials cannot be stored or opened");
        let (code, what) = match cause.is_of_master_key() {
            true => (Code::MasterKeyUnavailable, "its master key is missing or unusable"),
            false => (Code::StoreUnavailable, "its store does not answer"),
        };
        Self::new(code, format!("The gateway cannot store or verify credentials now: {what}. Nothing was done."))
            .hint("Its administrator finds the reason in its log, at /readyz and with `odoo-gateway check`.")
            .retry_after(AGAIN)
    }
}

/// Where the master key is, where it can be used or is not needed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MasterKeyState {
    /// It opens what is sealed in the store.
    OpensStore(KeySource),
    /// It is there, and nothing is sealed in the store yet.
    Unused(KeySource),
    /// There is none yet; the first secret makes it in this file.
    MadeWhenNeeded(String),
    /// There is none, and an administrator has to make it in this file.
    Missing(String),
}

impl MasterKeyState {
    /// Whether a credential could not be stored now, which an administrator should know.
    #[must_use]
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::Missing(_))
    }
}

impl fmt::Display for MasterKeyState {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OpensStore(source) => write!(out, "{source}; it opens what is sealed in the store"),
            Self::Unused(source) => write!(out, "{source}; nothing is sealed in the store yet"),
            Self::MadeWhenNeeded(file) => {
                write!(out, "not needed yet; the first secret that is kept makes it in {file}")
            }
            Self::Missing(file) => write!(
                out,
                "not needed yet; make it in {file} with `odoo-gateway keys add` before the first secret is kept"
            ),
        }
    }
}

/// The way to the [`Vault`]. Clones share it.
#[derive(Debug, Clone)]
pub struct Vaults(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    store: Store,
    instance: String,
    sources: KeySources,
    may_create: bool,
    clock: Clock,
    opened: RwLock<Option<Arc<Vault>>>,
}

impl Vaults {
    /// Nothing is opened yet. `may_create`: a missing key file is made when the first secret is kept.
    #[must_use]
    pub fn new(store: Store, instance: String, sources: KeySources, may_create: bool, clock: Clock) -> Self {
        Self(Arc::new(Inner { store, instance, sources, may_create, clock, opened: RwLock::new(None) }))
    }

    /// The keys, when the store ever needed them.
    ///
    /// # Errors
    /// When it did, and they are not at hand.
    pub async fn existing(&self) -> Result<Option<Arc<Vault>>, VaultError> {
        let opened = self.0.opened.read().unwrap_or_else(PoisonError::into_inner).clone();
        if opened.is_some() { Ok(opened) } else { self.reread().await }
    }

    /// As [`existing`](Self::existing), with the master keys as they lie there now.
    ///
    /// # Errors
    /// As there.
    pub async fn reread(&self) -> Result<Option<Arc<Vault>>, VaultError> {
        if !self.is_needed().await? {
            return Ok(None);
        }
        let (masters, _) = self.0.sources.load()?.ok_or_else(|| VaultError::KeyGone(self.place()))?;
        self.complete(self.keyring(&masters)?).await.map(Some)
    }

    /// Whether secrets can be sealed and opened, without making anything: where the master key is, and what of it.
    ///
    /// # Errors
    /// When there is a key that cannot be used, when the one is missing that opens the store, and when a first one could
    /// not be made where it would be made.
    pub async fn inspect(&self) -> Result<MasterKeyState, VaultError> {
        let Inner { sources, may_create, .. } = &*self.0;
        if !self.is_needed().await? {
            return Ok(Self::inspect_unneeded(sources, *may_create)?);
        }
        let (masters, source) = sources.load()?.ok_or_else(|| VaultError::KeyGone(self.place()))?;
        self.complete(self.keyring(&masters)?).await?;
        Ok(MasterKeyState::OpensStore(source))
    }

    /// As [`inspect`](Self::inspect), where nothing is sealed yet.
    ///
    /// # Errors
    /// As there.
    pub fn inspect_unneeded(sources: &KeySources, may_create: bool) -> Result<MasterKeyState, SecretError> {
        let file = || sources.file.display().to_string();
        match sources.load()? {
            Some((_, source)) => Ok(MasterKeyState::Unused(source)),
            None if may_create => sources.can_create().map(|()| MasterKeyState::MadeWhenNeeded(file())),
            None => Ok(MasterKeyState::Missing(file())),
        }
    }

    /// As [`reread`](Self::reread) when the keys that the store keeps are others than those that `known` has: what they
    /// do not find or read may be found and read with the new ones. `None` when they are the same.
    ///
    /// # Errors
    /// As there.
    pub async fn changed_since(&self, known: &Vault) -> Result<Option<Arc<Vault>>, VaultError> {
        if self.0.store.sealed_keys().await? == known.sealed { Ok(None) } else { self.reread().await }
    }

    /// Whether the store ever needed the keys.
    async fn is_needed(&self) -> Result<bool, VaultError> {
        let store = &self.0.store;
        if store.sealed_key(INDEX).await?.is_some() {
            return Ok(true);
        }
        if store.sealed_by().await?.is_empty() {
            return Ok(false);
        }
        // The index key comes before all else that is sealed; another process may have made it a moment ago.
        store.sealed_key(INDEX).await?.map(|_| true).ok_or(VaultError::IndexGone)
    }

    /// The keys to seal with: as they lie there now, made when there were never any.
    ///
    /// # Errors
    /// When there are none and none may be made, and as [`existing`](Self::existing).
    pub async fn for_sealing(&self) -> Result<Arc<Vault>, VaultError> {
        if let Some(vault) = self.reread().await? {
            return Ok(vault);
        }
        let keyring = self.keyring(&self.first_keys()?)?;
        let (_, sealed) = IndexKey::generate(&keyring)?;
        // Another process may have been faster; then that one's holds.
        self.0.store.keep_sealed_key(INDEX, &sealed, self.0.clock.now()).await?;
        self.complete(keyring).await
    }

    /// As [`for_sealing`](Self::for_sealing), with a key that signs access tokens, made by whoever comes first.
    ///
    /// # Errors
    /// As there.
    pub async fn for_access(&self) -> Result<(Arc<Vault>, AccessKeys), VaultError> {
        let mut vault = self.for_sealing().await?;
        if vault.access.is_none() {
            let sealed = AccessKeys::generate(&vault.keyring)?;
            self.0.store.keep_sealed_key(ACCESS, &sealed, self.0.clock.now()).await?;
            vault = self.for_sealing().await?;
        }
        let access = vault.access.clone().ok_or(VaultError::IndexGone)?;
        Ok((vault, access))
    }

    /// The key above those of requests that are done once, made when the first of them comes.
    ///
    /// # Errors
    /// As [`for_sealing`](Self::for_sealing).
    pub async fn repeat_root(&self) -> Result<RepeatRoot, VaultError> {
        let known = self.existing().await?;
        if let Some(vault) = &known
            && let Some(sealed) = vault.sealed.pair(REPEAT)
        {
            return Ok(RepeatRoot::open(&vault.keyring, sealed)?);
        }
        let vault = self.for_sealing().await?;
        let sealed = RepeatRoot::generate(&vault.keyring)?;
        // Another process may have been faster; then that one's holds.
        let kept = self.0.store.keep_sealed_key(REPEAT, &sealed, self.0.clock.now()).await?;
        let vault = self.reread().await?.unwrap_or(vault);
        Ok(RepeatRoot::open(&vault.keyring, SealedPair { newest: &kept, before: None })?)
    }

    /// Opens what the store keeps. The key that signs is made by whoever comes first.
    async fn complete(&self, keyring: Keyring) -> Result<Arc<Vault>, VaultError> {
        let store = &self.0.store;
        let mut sealed = store.sealed_keys().await?;
        if sealed.pair(SIGNING).is_none() {
            store.keep_sealed_key(SIGNING, &SigningKey::generate(&keyring)?.1, self.0.clock.now()).await?;
            sealed = store.sealed_keys().await?;
        }
        let pair =
            |purpose| -> Result<SealedPair<'_>, VaultError> { sealed.pair(purpose).ok_or(VaultError::IndexGone) };
        let index = IndexKey::open(&keyring, pair(INDEX)?)?;
        let signing = SigningKey::open(&keyring, pair(SIGNING)?)?;
        let access = sealed.pair(ACCESS).map(|pair| AccessKeys::open(&keyring, pair)).transpose()?;
        let issuer = format!("odoo-gateway/{}", self.0.instance);
        Ok(self.keep(Vault { keyring, index, signing, access, issuer, sealed }))
    }

    fn first_keys(&self) -> Result<Vec<MasterKey>, VaultError> {
        let Inner { sources, may_create, .. } = &*self.0;
        match sources.load()? {
            Some((keys, KeySource::Environment)) => {
                tracing::warn!("the master key comes from the environment, where other processes may read it");
                Ok(keys)
            }
            Some((keys, _)) => Ok(keys),
            None if *may_create => {
                let keys = sources.create()?;
                tracing::warn!(file = %sources.file.display(), "made a master key: back it up, apart from the store");
                Ok(keys)
            }
            None => Err(SecretError::NoKey(format!(
                "{} is not there, and gateways that share a store must share the key: make it once with \
                 `odoo-gateway keys add` and copy it, or set secrets.create_master_key = \"always\"",
                sources.file.display()
            ))
            .into()),
        }
    }

    fn keyring(&self, masters: &[MasterKey]) -> Result<Keyring, VaultError> {
        Keyring::new(masters, &self.0.instance).ok_or_else(|| VaultError::KeyGone(self.place()))
    }

    fn keep(&self, vault: Vault) -> Arc<Vault> {
        let vault = Arc::new(vault);
        *self.0.opened.write().unwrap_or_else(PoisonError::into_inner) = Some(vault.clone());
        vault
    }

    fn place(&self) -> String {
        self.0.sources.file.display().to_string()
    }
}
