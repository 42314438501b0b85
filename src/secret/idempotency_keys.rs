//! The keys of one request with the header `Idempotency-Key`, derived from the header's value.
//!
//! ```text
//! root     = HMAC-SHA256(root key, credential, header value)
//! index    = HKDF(root, "index")      finds the request
//! request  = HKDF(root, "request")    keys the hash of the request's content
//! seal     = HKDF(root, "seal")       seals the response
//! ```
//!
//! The header value is not stored. So a copy of the store reveals neither requests nor responses, and a copy with the
//! master key reveals them only to someone who knows the header value.
//!
//! The root key is stored like the other keys of the installation but is never rotated: under another key a repeated
//! request would not be recognized and would run twice.
//!
//! In: the root key, a credential, a header value. Out: hashes and blobs. Must not know: requests, responses, tables.

use std::fmt;

use zeroize::Zeroizing;

use super::SealedPair;
use super::SecretError;
use super::kdf::Kdf;
use super::keys::{Keyring, RotatingKey, hash, mac};
use super::seal::{Aad, SealKey, Sealed};

/// The root key of the installation.
#[derive(Debug, Clone)]
pub struct IdempotencyRootKey(RotatingKey);

impl IdempotencyRootKey {
    const PURPOSE: &'static str = "repeat";

    /// Generates a key. Returns its sealed form for the store.
    ///
    /// # Errors
    /// If the operating system provides no random numbers.
    pub fn generate(keyring: &Keyring) -> Result<Sealed, SecretError> {
        RotatingKey::generate(keyring, Self::PURPOSE).map(|(_, sealed)| sealed)
    }

    /// Opens the stored key.
    ///
    /// # Errors
    /// As [`Keyring::open`].
    pub fn open(keyring: &Keyring, sealed: SealedPair<'_>) -> Result<Self, SecretError> {
        RotatingKey::open(keyring, Self::PURPOSE, sealed).map(Self)
    }
}

/// The keys of one request.
#[derive(Clone)]
pub struct IdempotencyKey {
    index: [u8; 32],
    request: Zeroizing<[u8; 32]>,
    seal: SealKey,
}

impl IdempotencyKey {
    /// Derives the keys for the header value `name` of this credential.
    #[must_use]
    pub fn derive(root: &IdempotencyRootKey, credential: &Aad, name: &str) -> Self {
        let parts =
            Zeroizing::new(Aad::new("repeat").with(credential.as_bytes()).with(name.as_bytes()).as_bytes().to_vec());
        let root = Kdf::new(&[], &hash(&root.0.newest, &parts));
        let [index, request, seal] = [&b"index"[..], b"request", b"seal"].map(|purpose| root.derive_key(&[purpose]));
        Self { index: *index, request, seal: SealKey::new(seal) }
    }

    /// The hash that finds the request.
    #[must_use]
    pub fn index(&self) -> [u8; 32] {
        self.index
    }

    /// The keyed hash of the request's content.
    #[must_use]
    pub fn hash(&self, request: &[&[u8]]) -> [u8; 32] {
        mac(self.request.as_slice(), request)
    }

    /// Seals the response.
    ///
    /// # Errors
    /// If the operating system provides no random numbers.
    pub fn seal(&self, response: &[u8]) -> Result<Sealed, SecretError> {
        self.seal.seal(response, &self.aad())
    }

    /// Opens the response.
    ///
    /// # Errors
    /// If it was changed or belongs to another request.
    pub fn open(&self, sealed: &Sealed) -> Result<Zeroizing<Vec<u8>>, SecretError> {
        self.seal.open(sealed, &self.aad()).map_err(|_| SecretError::Altered)
    }

    fn aad(&self) -> Aad {
        Aad::new("repeat").with(&self.index)
    }
}

impl fmt::Debug for IdempotencyKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("IdempotencyKey([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::keys::MasterKey;

    fn root() -> IdempotencyRootKey {
        let keyring = Keyring::new(&[MasterKey::generate().unwrap()], "i").unwrap();
        let sealed = IdempotencyRootKey::generate(&keyring).unwrap();
        IdempotencyRootKey::open(&keyring, SealedPair { newest: &sealed, previous: None }).unwrap()
    }

    #[test]
    fn only_the_same_credential_and_name_find_and_open_the_response() {
        let (root, me, other) = (root(), Aad::new("me"), Aad::new("other"));
        let key = IdempotencyKey::derive(&root, &me, "a");
        let sealed = key.seal(b"answer").unwrap();
        let again = IdempotencyKey::derive(&root, &me, "a");
        assert_eq!(again.index(), key.index());
        assert_eq!(again.open(&sealed).unwrap().as_slice(), b"answer");
        for stranger in [IdempotencyKey::derive(&root, &other, "a"), IdempotencyKey::derive(&root, &me, "b")] {
            assert_ne!(stranger.index(), key.index());
            assert_eq!(stranger.open(&sealed), Err(SecretError::Altered));
            assert_ne!(stranger.hash(&[b"x"]), key.hash(&[b"x"]));
        }
    }

    #[test]
    fn parts_of_a_request_are_separated() {
        let key = IdempotencyKey::derive(&root(), &Aad::new("me"), "a");
        assert_eq!(key.hash(&[b"a", b"bc"]), key.hash(&[b"a", b"bc"]));
        assert_ne!(key.hash(&[b"a", b"bc"]), key.hash(&[b"ab", b"c"]));
        assert_ne!(key.hash(&[b"a"]), key.hash(&[b"a", b""]));
        assert!(!format!("{key:?}").contains(&format!("{:?}", key.index())));
    }
}
