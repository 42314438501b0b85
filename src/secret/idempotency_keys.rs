//! The keys of one request that is done once, out of what its sender calls it.
//!
//! ```text
//! root     = HMAC-SHA256(repeat key, credential, name)
//! index    = HKDF(root, "index")      under which the request is found
//! request  = HKDF(root, "request")    keys the hash of what was asked
//! seal     = HKDF(root, "seal")       seals the answer
//! ```
//!
//! The name is nowhere in the store. So a dump tells neither what was asked nor what was answered, and with the master
//! key it tells that only to who knows the name.
//!
//! The repeat key is the installation's own, kept as its other keys are but never exchanged: under another one a request
//! would not be found, and be done twice.
//!
//! In: the repeat key, a credential, a name. Out: hashes and blobs. Must not know: requests, answers, tables.

use std::fmt;

use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::Zeroizing;

use super::SealedPair;
use super::SecretError;
use super::keys::{KeptPair, Keyring, expand, hash, mac};
use super::seal::{Aad, SealKey, Sealed};

/// The repeat key of the installation.
#[derive(Debug, Clone)]
pub struct RepeatRoot(KeptPair);

impl RepeatRoot {
    const PURPOSE: &'static str = "repeat";

    /// A new one, in the form in which it is kept.
    ///
    /// # Errors
    /// When the operating system gives no randomness.
    pub fn generate(keyring: &Keyring) -> Result<Sealed, SecretError> {
        KeptPair::generate(keyring, Self::PURPOSE).map(|(_, sealed)| sealed)
    }

    /// The one that is kept.
    ///
    /// # Errors
    /// As [`Keyring::open`].
    pub fn open(keyring: &Keyring, sealed: SealedPair<'_>) -> Result<Self, SecretError> {
        KeptPair::open(keyring, Self::PURPOSE, sealed).map(Self)
    }
}

/// The keys of one request.
#[derive(Clone)]
pub struct RepeatKey {
    index: [u8; 32],
    request: Zeroizing<[u8; 32]>,
    seal: SealKey,
}

impl RepeatKey {
    /// The keys of what `credential` calls `name`.
    #[must_use]
    pub fn derive(root: &RepeatRoot, credential: &Aad, name: &str) -> Self {
        let parts = Zeroizing::new(Aad::of("repeat").with(credential.bytes()).with(name.as_bytes()).bytes().to_vec());
        let root = Hkdf::<Sha256>::new(None, &hash(&root.0.newest, &parts));
        let [index, request, seal] = [&b"index"[..], b"request", b"seal"].map(|purpose| expand(&root, &[purpose]));
        Self { index: *index, request, seal: SealKey::new(seal) }
    }

    /// Under which the request is found.
    #[must_use]
    pub fn index(&self) -> [u8; 32] {
        self.index
    }

    /// A hash of what is asked, which only requests of this name share.
    #[must_use]
    pub fn hash(&self, request: &[&[u8]]) -> [u8; 32] {
        mac(self.request.as_slice(), request)
    }

    /// Seals the answer.
    ///
    /// # Errors
    /// When the operating system gives no randomness.
    pub fn seal(&self, answer: &[u8]) -> Result<Sealed, SecretError> {
        self.seal.seal(answer, &self.aad())
    }

    /// Opens it again.
    ///
    /// # Errors
    /// When it was altered or belongs to another request.
    pub fn open(&self, sealed: &Sealed) -> Result<Zeroizing<Vec<u8>>, SecretError> {
        self.seal.open(sealed, &self.aad()).map_err(|_| SecretError::Altered)
    }

    fn aad(&self) -> Aad {
        Aad::of("repeat").with(&self.index)
    }
}

impl fmt::Debug for RepeatKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("RepeatKey([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::keys::MasterKey;

    fn root() -> RepeatRoot {
        let keyring = Keyring::new(&[MasterKey::generate().unwrap()], "i").unwrap();
        let sealed = RepeatRoot::generate(&keyring).unwrap();
        RepeatRoot::open(&keyring, SealedPair { newest: &sealed, before: None }).unwrap()
    }

    #[test]
    fn the_same_sender_and_name_find_and_open_and_no_others_do() {
        let (root, me, other) = (root(), Aad::of("me"), Aad::of("other"));
        let key = RepeatKey::derive(&root, &me, "a");
        let sealed = key.seal(b"answer").unwrap();
        let again = RepeatKey::derive(&root, &me, "a");
        assert_eq!(again.index(), key.index());
        assert_eq!(again.open(&sealed).unwrap().as_slice(), b"answer");
        for stranger in [RepeatKey::derive(&root, &other, "a"), RepeatKey::derive(&root, &me, "b")] {
            assert_ne!(stranger.index(), key.index());
            assert_eq!(stranger.open(&sealed), Err(SecretError::Altered));
            assert_ne!(stranger.hash(&[b"x"]), key.hash(&[b"x"]));
        }
    }

    #[test]
    fn parts_of_a_request_do_not_run_together() {
        let key = RepeatKey::derive(&root(), &Aad::of("me"), "a");
        assert_eq!(key.hash(&[b"a", b"bc"]), key.hash(&[b"a", b"bc"]));
        assert_ne!(key.hash(&[b"a", b"bc"]), key.hash(&[b"ab", b"c"]));
        assert_ne!(key.hash(&[b"a"]), key.hash(&[b"a", b""]));
        assert!(!format!("{key:?}").contains(&format!("{:?}", key.index())));
    }
}
