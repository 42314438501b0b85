//! Master keys and what is derived from them.
//!
//! ```text
//! master key ─HKDF-SHA256(salt = instance, info = "ogw/1/seal")─► seals the outer layers and the index key
//!                                          info = "ogw/1/csrf" ─► marks the forms of pages
//! index key   random, kept sealed: master keys can be exchanged and every token is found as before
//! ```
//!
//! A kept key can be exchanged too. Then the one before is kept beside the newest until nothing needs it.
//!
//! In: master keys, the newest last; the installation's id. Out: [`Keyring`], [`IndexKey`]. Must not know: files.

use std::fmt;

use hkdf::Hkdf;
use hmac::digest::Key;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::csrf::FormKey;
use super::seal::{Aad, KeyId, SealKey, Sealed};
use super::token::TokenIndex;
use super::{SecretError, hex, random_key, unhex};

/// 256 random bits above everything.
#[derive(Clone)]
pub struct MasterKey(Zeroizing<[u8; 32]>);

impl MasterKey {
    /// A new one.
    ///
    /// # Errors
    /// When the operating system gives no randomness.
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

    /// Its name.
    #[must_use]
    pub fn id(&self) -> KeyId {
        KeyId::of(&self.0)
    }

    /// The key of one purpose in one installation.
    fn derive(&self, instance: &str, purpose: &[u8]) -> Zeroizing<[u8; 32]> {
        expand(&Hkdf::new(Some(instance.as_bytes()), self.0.as_slice()), &[purpose])
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "MasterKey({}, [redacted])", self.id())
    }
}

/// One key out of `from`.
pub(super) fn expand(from: &Hkdf<Sha256>, info: &[&[u8]]) -> Zeroizing<[u8; 32]> {
    let mut key = Zeroizing::new([0; 32]);
    // Only outputs of 8 KiB and more are refused.
    let _ = from.expand_multi_info(info, key.as_mut_slice());
    key
}

/// The keys of an installation that seal: the newest seals, all of them open.
#[derive(Clone)]
pub struct Keyring {
    newest: SealKey,
    older: Vec<SealKey>,
    /// As many, the newest last.
    forms: Vec<FormKey>,
}

impl Keyring {
    /// From master keys, the newest last; `None` without any.
    #[must_use]
    pub fn new(masters: &[MasterKey], instance: &str) -> Option<Self> {
        let (newest, older) = masters.split_last()?;
        let seal = |master: &MasterKey| SealKey::named(master.id(), master.derive(instance, b"ogw/1/seal"));
        let form = |master: &MasterKey| FormKey(master.derive(instance, FormKey::PURPOSE));
        Some(Self {
            newest: seal(newest),
            older: older.iter().map(seal).collect(),
            forms: masters.iter().map(form).collect(),
        })
    }

    /// The mark of a form of ours; empty when there is no key, which fits nothing.
    #[must_use]
    pub fn mark_form(&self, of: &Aad) -> String {
        self.forms.last().map(|key| key.mark(of)).unwrap_or_default()
    }

    /// The mark in `text`, when a form of ours was marked so under any of the keys: pages outlive an exchange of keys.
    #[must_use]
    pub fn form_mark(&self, of: &Aad, text: &str) -> Option<[u8; 32]> {
        self.forms.iter().find_map(|key| key.fitting(of, text))
    }

    /// The key that seals.
    #[must_use]
    pub fn newest(&self) -> KeyId {
        self.newest.id()
    }

    /// All keys, the newest first.
    pub fn ids(&self) -> impl Iterator<Item = KeyId> {
        std::iter::once(&self.newest).chain(&self.older).map(SealKey::id)
    }

    /// Seals under the newest key.
    ///
    /// # Errors
    /// When the operating system gives no randomness.
    pub fn seal(&self, value: &[u8], aad: &Aad) -> Result<Sealed, SecretError> {
        self.newest.seal(value, aad)
    }

    /// Opens with the key that the blob names.
    ///
    /// # Errors
    /// [`SecretError::UnknownKey`] without that key, [`SecretError::Altered`] in any other place than its own.
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

/// A random key that is kept sealed, so that master keys can be exchanged below it.
#[derive(Clone)]
pub(super) struct KeptKey {
    id: KeyId,
    bytes: Zeroizing<[u8; 32]>,
}

/// A kept key as it is stored, with the one it was exchanged for while that is still needed.
#[derive(Debug, Clone, Copy)]
pub struct SealedPair<'s> {
    /// What works from now on.
    pub newest: &'s Sealed,
    /// What was in its place before.
    pub before: Option<&'s Sealed>,
}

/// A kept key, with the one before.
#[derive(Debug, Clone)]
pub(super) struct KeptPair {
    pub(super) newest: KeptKey,
    pub(super) before: Option<KeptKey>,
}

impl KeptPair {
    /// A new key without one before, with the form in which it is kept.
    pub(super) fn generate(keyring: &Keyring, purpose: &str) -> Result<(Self, Sealed), SecretError> {
        let newest = KeptKey::new(random_key()?);
        let sealed = newest.seal(keyring, purpose)?;
        Ok((Self { newest, before: None }, sealed))
    }

    /// Those that are kept. That they open proves that the right master key is at hand.
    pub(super) fn open(keyring: &Keyring, purpose: &str, sealed: SealedPair<'_>) -> Result<Self, SecretError> {
        let open = |sealed| KeptKey::open(keyring, purpose, sealed);
        Ok(Self { newest: open(sealed.newest)?, before: sealed.before.map(open).transpose()? })
    }
}

/// The same kept key, sealed under the newest master key.
///
/// # Errors
/// As [`Keyring::open`].
pub fn reseal_kept(keyring: &Keyring, purpose: &str, sealed: &Sealed) -> Result<Sealed, SecretError> {
    KeptKey::open(keyring, purpose, sealed)?.seal(keyring, purpose)
}

impl KeptKey {
    fn new(bytes: Zeroizing<[u8; 32]>) -> Self {
        Self { id: KeyId::of(&bytes), bytes }
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
        Aad::of("sealed_keys").with(purpose.as_bytes())
    }
}

impl fmt::Debug for KeptKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "KeptKey({}, [redacted])", self.id())
    }
}

/// The key of the hashes under which tokens are found.
#[derive(Debug, Clone)]
pub struct IndexKey(KeptPair);

impl IndexKey {
    const PURPOSE: &'static str = "index";

    /// A new one, with the form in which it is kept.
    ///
    /// # Errors
    /// When the operating system gives no randomness.
    pub fn generate(keyring: &Keyring) -> Result<(Self, Sealed), SecretError> {
        let (key, sealed) = KeptPair::generate(keyring, Self::PURPOSE)?;
        Ok((Self(key), sealed))
    }

    /// The one that is kept, with the one before.
    ///
    /// # Errors
    /// As [`Keyring::open`].
    pub fn open(keyring: &Keyring, sealed: SealedPair<'_>) -> Result<Self, SecretError> {
        KeptPair::open(keyring, Self::PURPOSE, sealed).map(Self)
    }

    /// Its name.
    #[must_use]
    pub fn id(&self) -> KeyId {
        self.0.newest.id()
    }

    pub(super) fn index(&self, text: &[u8]) -> TokenIndex {
        let KeptPair { newest, before } = &self.0;
        TokenIndex { hash: hash(newest, text), key: newest.id(), before: before.as_ref().map(|key| hash(key, text)) }
    }

    /// A keyed hash of anything else; [`Aad`] begins as no token does.
    #[must_use]
    pub fn digest(&self, of: &Aad) -> [u8; 32] {
        hash(&self.0.newest, of.bytes())
    }
}

/// HMAC-SHA256 with a kept key.
pub(super) fn hash(key: &KeptKey, text: &[u8]) -> [u8; 32] {
    let mut mac = keyed(key.expose());
    mac.update(text);
    mac.finalize().into_bytes().into()
}

/// HMAC-SHA256 over parts, each with its length before it.
pub(super) fn mac(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = keyed(key);
    for part in parts {
        mac.update(&(part.len() as u64).to_be_bytes());
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

/// HMAC itself fills a short key with zeros up to its block; ours are never longer.
fn keyed(key: &[u8]) -> Hmac<Sha256> {
    let mut block = Key::<Hmac<Sha256>>::default();
    block.iter_mut().zip(key).for_each(|(slot, byte)| *slot = *byte);
    Hmac::<Sha256>::new(&block)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn master(byte: u8) -> MasterKey {
        MasterKey(Zeroizing::new([byte; 32]))
    }

    /// RFC 4231, test case 2, whose key is shorter than ours.
    #[test]
    fn the_index_is_that_of_the_rfc() {
        let mut key = [0; 32];
        key[..4].copy_from_slice(b"Jefe");
        let index = hash(&KeptKey::new(Zeroizing::new(key)), b"what do ya want for nothing?");
        assert_eq!(*hex(&index), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    }

    /// RFC 5869, test case 1, its first 32 octets.
    #[test]
    fn derivation_is_that_of_the_rfc() {
        let salt: Vec<u8> = (0..=0x0c).collect();
        let info: Vec<u8> = (0xf0..=0xf9).collect();
        let key = expand(&Hkdf::new(Some(&salt), &[0x0b; 22]), &[&info]);
        assert_eq!(*hex(key.as_slice()), "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf");
    }

    #[test]
    fn the_newest_key_seals_and_every_key_opens() {
        let aad = Aad::of("test");
        let before = Keyring::new(&[master(1)], "i").unwrap();
        let after = Keyring::new(&[master(1), master(2)], "i").unwrap();
        let old = before.seal(b"x", &aad).unwrap();
        let new = after.seal(b"x", &aad).unwrap();
        assert_eq!(after.open(&old, &aad).unwrap().as_slice(), b"x");
        assert_eq!(before.open(&new, &aad), Err(SecretError::UnknownKey(master(2).id())));
        assert_eq!(after.newest(), master(2).id());
    }

    #[test]
    fn another_installation_with_the_same_key_opens_nothing() {
        let aad = Aad::of("test");
        let sealed = Keyring::new(&[master(1)], "here").unwrap().seal(b"x", &aad).unwrap();
        assert_eq!(Keyring::new(&[master(1)], "there").unwrap().open(&sealed, &aad), Err(SecretError::Altered));
    }

    #[test]
    fn the_index_key_survives_a_change_of_the_master_key() {
        let before = Keyring::new(&[master(1)], "i").unwrap();
        let both = Keyring::new(&[master(1), master(2)], "i").unwrap();
        let after = Keyring::new(&[master(2)], "i").unwrap();
        let (key, sealed) = IndexKey::generate(&before).unwrap();
        let again = reseal_kept(&both, "index", &sealed).unwrap();
        let alone = |newest| SealedPair { newest, before: None };
        assert_eq!(IndexKey::open(&after, alone(&again)).unwrap().index(b"t"), key.index(b"t"));
        assert!(IndexKey::open(&after, alone(&sealed)).is_err());
    }

    #[test]
    fn what_the_index_key_before_had_found_is_found_until_that_key_is_gone() {
        let keyring = Keyring::new(&[master(1)], "i").unwrap();
        let ((old_key, old), (_, new)) = (IndexKey::generate(&keyring).unwrap(), IndexKey::generate(&keyring).unwrap());
        let row = old_key.index(b"t");
        let open = |before| IndexKey::open(&keyring, SealedPair { newest: &new, before }).unwrap();
        assert!(open(Some(&old)).index(b"t").finds(&row) && !open(Some(&old)).index(b"u").finds(&row));
        assert!(!open(None).index(b"t").finds(&row));
        assert_eq!(open(Some(&old)).index(b"t").hash, open(None).index(b"t").hash, "kept under the newest");
    }

    #[test]
    fn keys_do_not_print_themselves() {
        let printed = format!("{:?} {:?}", master(0xab), Keyring::new(&[master(0xab)], "i").unwrap());
        assert!(printed.contains("[redacted]") && !printed.contains("abab"), "{printed}");
    }
}
