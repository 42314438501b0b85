//! The keys of this installation: opened when they are needed, and reloaded when they changed.
//!
//! A gateway that never stored a secret needs no master key and creates none. Once the store contains a sealed
//! secret, a missing master key is never replaced: a new one would open nothing.
//!
//! In: the store, the sources of master keys. Out: [`KeySet`]. Must not know: credentials, HTTP.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use crate::clock::Clock;
use crate::error::Problem;
use crate::error_code::ErrorCode;
use crate::secret::{
    AccessTokenKeys, IdempotencyRootKey, IndexKey, KeySource, KeySources, Keyring, LoginTokenKey, MasterKey,
    SealedPair, SecretError,
};
use crate::store::installation_keys::{ACCESS_TOKEN, IDEMPOTENCY, INDEX, LOGIN_TOKEN, SealedKeys};
use crate::store::{Store, StoreError};

/// The suggested wait. An administrator has to fix the cause first.
const RETRY_AFTER: Duration = Duration::from_secs(5);

/// The opened keys.
#[derive(Debug)]
pub struct KeySet {
    /// Seals and opens secrets.
    pub keyring: Keyring,
    /// Computes the indexes by which tokens are found.
    pub index: IndexKey,
    /// Signs login tokens.
    pub login_token_key: LoginTokenKey,
    /// Signs OAuth 2 access tokens; `None` before the first one was signed.
    pub access_token_keys: Option<AccessTokenKeys>,
    /// The issuer and audience of login tokens: this installation.
    pub issuer: String,
    /// The sealed keys that were opened.
    sealed: SealedKeys,
}

/// Why the keys cannot be opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeySetError {
    /// The store is not available.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A key cannot be loaded or opened.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// The master key that seals the store is missing.
    #[error(
        "the store contains sealed credentials, but the master key is missing; restore {0} (a new key opens nothing)"
    )]
    MasterKeyMissing(String),
    /// The sealed index key was deleted.
    #[error("the store contains sealed credentials, but not the key they are found by; restore a backup of the store")]
    IndexKeyMissing,
}

impl KeySetError {
    /// Whether the master key is the cause, and not the store.
    #[must_use]
    pub fn is_master_key_error(&self) -> bool {
        match self {
            Self::Secret(cause) => cause.is_master_key_error(),
            Self::MasterKeyMissing(_) => true,
            Self::Store(_) | Self::IndexKeyMissing => false,
        }
    }
}

/// The cause contains paths, so only the log gets it. The client learns whether the store or the master key is the
/// cause, and where an administrator finds the reason.
impl From<KeySetError> for Problem {
    fn from(cause: KeySetError) -> Self {
        tracing::error!(%cause, "sealed credentials cannot be stored or opened");
        let (code, what) = match cause.is_master_key_error() {
            true => (ErrorCode::MasterKeyUnavailable, "its master key is missing or unusable"),
            false => (ErrorCode::StoreUnavailable, "its store is not available"),
        };
        let detail = format!("The gateway cannot store or verify credentials at the moment: {what}. Nothing was done.");
        Self::new(code, detail)
            .hint("Ask the administrator, who finds the reason in the log, at /readyz and with `odoo-gateway check`.")
            .retry_after(RETRY_AFTER)
    }
}

/// The source of the master key, and whether it is needed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MasterKeyState {
    /// It opens the sealed secrets of the store.
    OpensStore(KeySource),
    /// It exists, and the store contains no sealed secrets yet.
    Unused(KeySource),
    /// It does not exist; it is created in this file with the first secret.
    CreatedWhenNeeded(String),
    /// It does not exist, and an administrator must create it in this file.
    Missing(String),
}

impl MasterKeyState {
    /// Whether an administrator must create the key before a credential can be stored.
    #[must_use]
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::Missing(_))
    }
}

impl fmt::Display for MasterKeyState {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OpensStore(source) => write!(out, "{source}; it opens the sealed secrets of the store"),
            Self::Unused(source) => write!(out, "{source}; the store contains no sealed secrets yet"),
            Self::CreatedWhenNeeded(file) => {
                write!(out, "not needed yet; it is created in {file} when the first secret is stored")
            }
            Self::Missing(file) => write!(
                out,
                "not needed yet; create it in {file} with `odoo-gateway keys add` before the first secret is stored"
            ),
        }
    }
}

/// Loads the [`KeySet`]. Clones share the loaded keys.
#[derive(Debug, Clone)]
pub struct KeyProvider(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    store: Store,
    instance: String,
    sources: KeySources,
    may_create: bool,
    clock: Clock,
    opened: RwLock<Option<Arc<KeySet>>>,
}

impl KeyProvider {
    /// A provider that has loaded no keys. `may_create`: a missing key file is created when the first secret is stored.
    #[must_use]
    pub fn new(store: Store, instance: String, sources: KeySources, may_create: bool, clock: Clock) -> Self {
        Self(Arc::new(Inner { store, instance, sources, may_create, clock, opened: RwLock::new(None) }))
    }

    /// The keys; `None` if the store never needed them.
    ///
    /// # Errors
    /// If they are needed, but cannot be loaded.
    pub async fn load_existing(&self) -> Result<Option<Arc<KeySet>>, KeySetError> {
        let opened = self.0.opened.read().unwrap_or_else(PoisonError::into_inner).clone();
        if opened.is_some() { Ok(opened) } else { self.reload().await }
    }

    /// As [`load_existing`](Self::load_existing), but reads the master keys again.
    ///
    /// # Errors
    /// As [`load_existing`](Self::load_existing).
    pub async fn reload(&self) -> Result<Option<Arc<KeySet>>, KeySetError> {
        if !self.is_needed().await? {
            return Ok(None);
        }
        let (masters, _) = self.0.sources.load()?.ok_or_else(|| KeySetError::MasterKeyMissing(self.key_file()))?;
        self.open_keys(self.keyring(&masters)?).await.map(Some)
    }

    /// Checks whether secrets can be sealed and opened, without creating a key.
    ///
    /// # Errors
    /// If a key cannot be used, if the key that opens the store is missing, or if a first key could not be created in
    /// its file.
    pub async fn inspect(&self) -> Result<MasterKeyState, KeySetError> {
        let Inner { sources, may_create, .. } = &*self.0;
        if !self.is_needed().await? {
            return Ok(Self::inspect_unused(sources, *may_create)?);
        }
        let (masters, source) = sources.load()?.ok_or_else(|| KeySetError::MasterKeyMissing(self.key_file()))?;
        self.open_keys(self.keyring(&masters)?).await?;
        Ok(MasterKeyState::OpensStore(source))
    }

    /// As [`inspect`](Self::inspect), for a store without sealed secrets.
    ///
    /// # Errors
    /// As [`inspect`](Self::inspect).
    pub fn inspect_unused(sources: &KeySources, may_create: bool) -> Result<MasterKeyState, SecretError> {
        let file = || sources.file.display().to_string();
        match sources.load()? {
            Some((_, source)) => Ok(MasterKeyState::Unused(source)),
            None if may_create => sources.check_can_create().map(|()| MasterKeyState::CreatedWhenNeeded(file())),
            None => Ok(MasterKeyState::Missing(file())),
        }
    }

    /// Reloads the keys if the store contains other keys than `known`: the new keys may find and open what `known`
    /// does not. `None` if they are the same.
    ///
    /// # Errors
    /// As [`load_existing`](Self::load_existing).
    pub async fn reload_if_changed(&self, known: &KeySet) -> Result<Option<Arc<KeySet>>, KeySetError> {
        if self.0.store.sealed_keys().await? == known.sealed { Ok(None) } else { self.reload().await }
    }

    /// Whether the store contains sealed secrets.
    async fn is_needed(&self) -> Result<bool, KeySetError> {
        let store = &self.0.store;
        if store.sealed_key(INDEX).await?.is_some() {
            return Ok(true);
        }
        if store.count_sealed_by_master_key().await?.is_empty() {
            return Ok(false);
        }
        // The index key is stored before every other sealed secret. Another process may have stored it a moment ago.
        store.sealed_key(INDEX).await?.map(|_| true).ok_or(KeySetError::IndexKeyMissing)
    }

    /// The keys to seal with: read again, and created if the installation has none.
    ///
    /// # Errors
    /// If there are none and none may be created, and as [`load_existing`](Self::load_existing).
    pub async fn for_sealing(&self) -> Result<Arc<KeySet>, KeySetError> {
        if let Some(key_set) = self.reload().await? {
            return Ok(key_set);
        }
        let keyring = self.keyring(&self.load_or_create_masters()?)?;
        let (_, sealed) = IndexKey::generate(&keyring)?;
        // Another process may have been faster; its key is used then.
        self.0.store.insert_sealed_key(INDEX, &sealed, self.0.clock.now()).await?;
        self.open_keys(keyring).await
    }

    /// As [`for_sealing`](Self::for_sealing), with the keys that sign OAuth 2 access tokens, created if there are none.
    ///
    /// # Errors
    /// As [`for_sealing`](Self::for_sealing).
    pub async fn load_access_token_keys(&self) -> Result<(Arc<KeySet>, AccessTokenKeys), KeySetError> {
        let mut key_set = self.for_sealing().await?;
        if key_set.access_token_keys.is_none() {
            let sealed = AccessTokenKeys::generate(&key_set.keyring)?;
            self.0.store.insert_sealed_key(ACCESS_TOKEN, &sealed, self.0.clock.now()).await?;
            key_set = self.for_sealing().await?;
        }
        let access = key_set.access_token_keys.clone().ok_or(KeySetError::IndexKeyMissing)?;
        Ok((key_set, access))
    }

    /// The root of the keys for idempotent requests, created at the first such request.
    ///
    /// # Errors
    /// As [`for_sealing`](Self::for_sealing).
    pub async fn idempotency_root_key(&self) -> Result<IdempotencyRootKey, KeySetError> {
        let known = self.load_existing().await?;
        if let Some(key_set) = &known
            && let Some(sealed) = key_set.sealed.pair(IDEMPOTENCY)
        {
            return Ok(IdempotencyRootKey::open(&key_set.keyring, sealed)?);
        }
        let key_set = self.for_sealing().await?;
        let sealed = IdempotencyRootKey::generate(&key_set.keyring)?;
        // Another process may have been faster; its key is used then.
        let stored = self.0.store.insert_sealed_key(IDEMPOTENCY, &sealed, self.0.clock.now()).await?;
        let key_set = self.reload().await?.unwrap_or(key_set);
        Ok(IdempotencyRootKey::open(&key_set.keyring, SealedPair { newest: &stored, previous: None })?)
    }

    /// Opens the keys of the store. Creates the key that signs login tokens if there is none.
    async fn open_keys(&self, keyring: Keyring) -> Result<Arc<KeySet>, KeySetError> {
        let store = &self.0.store;
        let mut sealed = store.sealed_keys().await?;
        if sealed.pair(LOGIN_TOKEN).is_none() {
            store.insert_sealed_key(LOGIN_TOKEN, &LoginTokenKey::generate(&keyring)?.1, self.0.clock.now()).await?;
            sealed = store.sealed_keys().await?;
        }
        let pair = |purpose| sealed.pair(purpose).ok_or(KeySetError::IndexKeyMissing);
        let index = IndexKey::open(&keyring, pair(INDEX)?)?;
        let signing = LoginTokenKey::open(&keyring, pair(LOGIN_TOKEN)?)?;
        let access = sealed.pair(ACCESS_TOKEN).map(|pair| AccessTokenKeys::open(&keyring, pair)).transpose()?;
        let issuer = format!("odoo-gateway/{}", self.0.instance);
        Ok(self.cache(KeySet { keyring, index, login_token_key: signing, access_token_keys: access, issuer, sealed }))
    }

    fn load_or_create_masters(&self) -> Result<Vec<MasterKey>, KeySetError> {
        let Inner { sources, may_create, .. } = &*self.0;
        match sources.load()? {
            Some((keys, KeySource::Environment)) => {
                tracing::warn!("the master key comes from an environment variable, which other processes may read");
                Ok(keys)
            }
            Some((keys, _)) => Ok(keys),
            None if *may_create => {
                let keys = sources.create()?;
                let file = sources.file.display();
                tracing::warn!(%file, "created a master key; back it up separately from the store");
                Ok(keys)
            }
            None => Err(SecretError::NoKey(format!(
                "{} does not exist, and gateways that share a store must share the key: create it once with \
                 `odoo-gateway keys add` and copy it, or set secrets.create_master_key = \"always\"",
                sources.file.display()
            ))
            .into()),
        }
    }

    fn keyring(&self, masters: &[MasterKey]) -> Result<Keyring, KeySetError> {
        Keyring::new(masters, &self.0.instance).ok_or_else(|| KeySetError::MasterKeyMissing(self.key_file()))
    }

    fn cache(&self, key_set: KeySet) -> Arc<KeySet> {
        let key_set = Arc::new(key_set);
        *self.0.opened.write().unwrap_or_else(PoisonError::into_inner) = Some(key_set.clone());
        key_set
    }

    fn key_file(&self) -> String {
        self.0.sources.file.display().to_string()
    }
}
