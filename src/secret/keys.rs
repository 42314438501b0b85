//! Master keys, the keys derived from them, and stored keys of the installation.
//!
//! ```text
//! master key ─HKDF-SHA256(salt = installation id, info = "ogw/1/seal")─► seals wraps and stored keys
//!                                                 info = "ogw/1/csrf" ─► MACs of CSRF tokens
//! stored key   random, sealed in the store, so it does not change when the master key changes
//! ```
//!
//! A stored key can be rotated, too. Then its predecessor is kept until nothing needs it.
//!
//! In: master keys, the newest last; the installation id. Out: [`Keyring`], [`RotatingKey`]. Must not know: files.

use std::fmt;

use aws_lc_rs::hmac;
use zeroize::Zeroizing;

use super::csrf::CsrfKey;
use super::kdf::Kdf;
use super::seal::{Aad, KeyId, SealKey, Sealed};
use super::{SecretError, hex, random_key, unhex};

/// A master key: 256 random bits.
#[derive(Clone)]
pub struct MasterKey(Zeroizing<[u8; 32]>);

impl MasterKey {
    /// Generates a master key.
    ///
    /// # Errors
    /// If the operating system provides no random numbers.
    pub fn generate() -> Result<Self, SecretError> {
        random_key().map(Self)
    }

    /// From 64 lower-case hexadecimal digits.
    #[must_use]
    pub fn from_hex(text: &str) -> Option<Self> {
        unhex(text).map(Self)
    }

    /// As 64 lower-case hexadecimal digits.
    #[must_use]
    pub fn to_hex(&self) -> Zeroizing<String> {
        hex(self.0.as_slice())
    }

    /// The id of the key.
    #[must_use]
    pub fn id(&self) -> KeyId {
        KeyId::from_key(&self.0)
    }

    /// Derives the key for one purpose in one installation.
    fn derive(&self, instance: &str, purpose: &[u8]) -> Zeroizing<[u8; 32]> {
        Kdf::new(instance.as_bytes(), self.0.as_slice()).derive_key(&[purpose])
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "MasterKey({}, [redacted])", self.id())
    }
}

/// The keys that seal values. The newest one seals, all of them open.
#[derive(Clone)]
pub struct Keyring {
    newest: SealKey,
    older: Vec<SealKey>,
    /// The same number, the newest last.
    csrf_keys: Vec<CsrfKey>,
}

impl Keyring {
    /// From master keys, the newest last. `None` without any.
    #[must_use]
    pub fn new(masters: &[MasterKey], instance: &str) -> Option<Self> {
        let (newest, older) = masters.split_last()?;
        let seal = |master: &MasterKey| SealKey::named(master.id(), master.derive(instance, b"ogw/1/seal"));
        let csrf = |master: &MasterKey| CsrfKey(master.derive(instance, CsrfKey::PURPOSE));
        Some(Self {
            newest: seal(newest),
            older: older.iter().map(seal).collect(),
            csrf_keys: masters.iter().map(csrf).collect(),
        })
    }

    /// The MAC for a CSRF token. Empty if there is no key, which is never valid.
    #[must_use]
    pub fn csrf_mac(&self, binding: &Aad) -> String {
        self.csrf_keys.last().map(|key| key.mac(binding)).unwrap_or_default()
    }

    /// The MAC in `text`, if it is valid under any of the keys. A page may be older than the newest key.
    #[must_use]
    pub fn verify_csrf_mac(&self, binding: &Aad, text: &str) -> Option<[u8; 32]> {
        self.csrf_keys.iter().find_map(|key| key.verify(binding, text))
    }

    /// The id of the key that seals.
    #[must_use]
    pub fn newest(&self) -> KeyId {
        self.newest.id()
    }

    /// The ids of all keys, the newest first.
    pub fn ids(&self) -> impl Iterator<Item = KeyId> {
        std::iter::once(&self.newest).chain(&self.older).map(SealKey::id)
    }

    /// Seals under the newest key.
    ///
    /// # Errors
    /// If the operating system provides no random numbers.
    pub fn seal(&self, value: &[u8], aad: &Aad) -> Result<Sealed, SecretError> {
        self.newest.seal(value, aad)
    }

    /// Opens a value with the key whose id it contains.
    ///
    /// # Errors
    /// [`SecretError::UnknownKey`] without that key, [`SecretError::Altered`] if the value or `aad` differs.
    pub fn open(&self, sealed: &Sealed, aad: &Aad) -> Result<Zeroizing<Vec<u8>>, SecretError> {
        let id = sealed.key_id()?;
        let mut keys = std::iter::once(&self.newest).chain(&self.older);
        keys.find(|key| key.id() == id).ok_or(SecretError::UnknownKey(id))?.open(sealed, aad)
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_list().entries(self.ids()).finish()
    }
}

/// A random key that is sealed in the store, so that it does not depend on the current master key.
#[derive(Clone)]
pub(super) struct StoredKey {
    id: KeyId,
    bytes: Zeroizing<[u8; 32]>,
}

/// A stored key in sealed form, with its predecessor while that is still needed.
#[derive(Debug, Clone, Copy)]
pub struct SealedPair<'s> {
    /// The key that is used for new values.
    pub newest: &'s Sealed,
    /// Its predecessor.
    pub previous: Option<&'s Sealed>,
}

/// A stored key and its predecessor.
#[derive(Debug, Clone)]
pub(super) struct RotatingKey {
    pub(super) newest: StoredKey,
    pub(super) previous: Option<StoredKey>,
}

impl RotatingKey {
    /// Generates a key without a predecessor. Returns it with its sealed form for the store.
    pub(super) fn generate(keyring: &Keyring, purpose: &str) -> Result<(Self, Sealed), SecretError> {
        let newest = StoredKey::new(random_key()?);
        let sealed = newest.seal(keyring, purpose)?;
        Ok((Self { newest, previous: None }, sealed))
    }

    /// Opens the stored keys. Success proves that the right master key is loaded.
    pub(super) fn open(keyring: &Keyring, purpose: &str, sealed: SealedPair<'_>) -> Result<Self, SecretError> {
        let open = |sealed| StoredKey::open(keyring, purpose, sealed);
        Ok(Self { newest: open(sealed.newest)?, previous: sealed.previous.map(open).transpose()? })
    }
}

/// Seals a stored key under the newest master key.
///
/// # Errors
/// As [`Keyring::open`].
pub fn reseal_stored_key(keyring: &Keyring, purpose: &str, sealed: &Sealed) -> Result<Sealed, SecretError> {
    StoredKey::open(keyring, purpose, sealed)?.seal(keyring, purpose)
}

impl StoredKey {
    fn new(bytes: Zeroizing<[u8; 32]>) -> Self {
        Self { id: KeyId::from_key(&bytes), bytes }
    }

    pub(super) fn open(keyring: &Keyring, purpose: &str, sealed: &Sealed) -> Result<Self, SecretError> {
        let opened = keyring.open(sealed, &Self::aad(purpose))?;
        let mut key = Zeroizing::new([0; 32]);
        if opened.len() != key.len() {
            return Err(SecretError::Altered);
        }
        key.copy_from_slice(&opened);
        Ok(Self::new(key))
    }

    fn seal(&self, keyring: &Keyring, purpose: &str) -> Result<Sealed, SecretError> {
        keyring.seal(self.expose(), &Self::aad(purpose))
    }

    pub(super) fn expose(&self) -> &[u8] {
        self.bytes.as_slice()
    }

    pub(super) fn id(&self) -> KeyId {
        self.id
    }

    fn aad(purpose: &str) -> Aad {
        Aad::new("sealed_keys").with(purpose.as_bytes())
    }
}

impl fmt::Debug for StoredKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "StoredKey({}, [redacted])", self.id())
    }
}

/// HMAC-SHA256 with a stored key.
pub(super) fn hash(key: &StoredKey, text: &[u8]) -> [u8; 32] {
    let mut mac = start_mac(key.expose());
    mac.update(text);
    finish_mac(mac)
}

/// HMAC-SHA256 over parts, each prefixed with its length.
pub(super) fn mac(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = start_mac(key);
    for part in parts {
        mac.update(&(part.len() as u64).to_be_bytes());
        mac.update(part);
    }
    finish_mac(mac)
}

fn start_mac(key: &[u8]) -> hmac::Context {
    hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, key))
}

fn finish_mac(mac: hmac::Context) -> [u8; 32] {
    let mut bytes = [0; 32];
    // HMAC-SHA256 has 32 bytes. A fallback would give all inputs the same hash.
    bytes.copy_from_slice(mac.sign().as_ref());
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn master(byte: u8) -> MasterKey {
        MasterKey(Zeroizing::new([byte; 32]))
    }

    /// RFC 4231, test case 2, whose key is shorter.
    #[test]
    fn hash_matches_the_test_vector_of_rfc_4231() {
        let mut key = [0; 32];
        key[..4].copy_from_slice(b"Jefe");
        let digest = hash(&StoredKey::new(Zeroizing::new(key)), b"what do ya want for nothing?");
        assert_eq!(*hex(&digest), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    }

    #[test]
    fn newest_key_seals_and_every_key_opens() {
        let aad = Aad::new("test");
        let before = Keyring::new(&[master(1)], "i").unwrap();
        let after = Keyring::new(&[master(1), master(2)], "i").unwrap();
        let old = before.seal(b"x", &aad).unwrap();
        let new = after.seal(b"x", &aad).unwrap();
        assert_eq!(after.open(&old, &aad).unwrap().as_slice(), b"x");
        assert_eq!(before.open(&new, &aad), Err(SecretError::UnknownKey(master(2).id())));
        assert_eq!(after.newest(), master(2).id());
    }

    #[test]
    fn same_master_key_in_another_installation_opens_nothing() {
        let aad = Aad::new("test");
        let sealed = Keyring::new(&[master(1)], "here").unwrap().seal(b"x", &aad).unwrap();
        assert_eq!(Keyring::new(&[master(1)], "there").unwrap().open(&sealed, &aad), Err(SecretError::Altered));
    }

    #[test]
    fn debug_output_contains_no_key() {
        let printed = format!("{:?} {:?}", master(0xab), Keyring::new(&[master(0xab)], "i").unwrap());
        assert!(printed.contains("[redacted]") && !printed.contains("abab"), "{printed}");
    }
}
