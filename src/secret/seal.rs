//! One sealed value: authenticated encryption with a key id and associated data.
//!
//! ```text
//! blob = version:1 algorithm:1 key-id:8 nonce:24 ciphertext tag:16      (bytes)
//! ```
//!
//! Version and algorithm are 1 and 1, XChaCha20-Poly1305, whose nonces are long enough to be random. The key is
//! selected by its id and never by trial, because the tag does not commit to one key. The context of the value (row,
//! user, scope, …) is bound as associated data. Each part is prefixed with its length, so different lists of parts
//! are different data.
//!
//! In: a key, a value, its context. Out: a blob, and back. Must not know: what is sealed.

use std::fmt;

use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use zeroize::Zeroizing;

use super::kdf::Kdf;
use super::{SecretError, fill, hex};

const VERSION: u8 = 1;
const XCHACHA20_POLY1305: u8 = 1;
const NONCE: usize = 24;

/// The id of a key, which reveals nothing about the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct KeyId(pub(super) [u8; 8]);

impl KeyId {
    /// Derives the id from the key, so a key cannot have a wrong id.
    pub(super) fn from_key(key: &[u8; 32]) -> Self {
        let mut id = [0; 8];
        Kdf::new(&[], key).fill(&[b"ogw/1/id"], &mut id);
        Self(id)
    }
}

impl KeyId {
    /// Parses 16 hexadecimal digits.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        u64::from_str_radix(text, 16).ok().filter(|_| text.len() == 16).map(|bits| Self(bits.to_be_bytes()))
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&hex(&self.0))
    }
}

/// A sealed value, as it is stored.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed(pub Vec<u8>);

impl Sealed {
    /// The id of the key that sealed it.
    ///
    /// # Errors
    /// If it is not a sealed value.
    pub fn key_id(&self) -> Result<KeyId, SecretError> {
        Parts::parse(self).map(|parts| parts.id)
    }
}

impl fmt::Debug for Sealed {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Sealed({} bytes)", self.0.len())
    }
}

/// The associated data that a sealed value is bound to. A part may be a secret, because keyed hashes take it too.
#[derive(Debug, Clone)]
pub struct Aad(Zeroizing<Vec<u8>>);

impl Aad {
    /// Starts with the kind of the value.
    #[must_use]
    pub fn new(kind: &str) -> Self {
        Self(Zeroizing::default()).with(kind.as_bytes())
    }

    /// Adds a part.
    #[must_use]
    pub fn with(self, part: &[u8]) -> Self {
        let length = (part.len() as u64).to_be_bytes();
        // A new buffer of the right size: one that grows is freed without being wiped.
        Self(Zeroizing::new([self.as_bytes(), &length, part].concat()))
    }

    /// Adds an optional number.
    #[must_use]
    pub fn with_number(self, number: Option<i64>) -> Self {
        match number {
            Some(number) => self.with(&number.to_be_bytes()),
            None => self.with(b""),
        }
    }

    /// All parts, encoded.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// A key that seals.
#[derive(Clone)]
pub(super) struct SealKey {
    id: KeyId,
    bytes: Zeroizing<[u8; 32]>,
}

impl SealKey {
    /// A key with the id of another key, from which it is derived.
    pub(super) fn named(id: KeyId, bytes: Zeroizing<[u8; 32]>) -> Self {
        Self { id, bytes }
    }

    /// A key with its own id.
    pub(super) fn new(bytes: Zeroizing<[u8; 32]>) -> Self {
        Self { id: KeyId::from_key(&bytes), bytes }
    }

    pub(super) fn id(&self) -> KeyId {
        self.id
    }

    /// The key itself, to be sealed under another key.
    pub(super) fn expose(&self) -> &[u8] {
        self.bytes.as_slice()
    }

    /// Seals `value`.
    pub(super) fn seal(&self, value: &[u8], aad: &Aad) -> Result<Sealed, SecretError> {
        let mut nonce = [0; NONCE];
        fill(&mut nonce)?;
        self.seal_with(nonce, value, aad)
    }

    fn seal_with(&self, nonce: [u8; NONCE], value: &[u8], aad: &Aad) -> Result<Sealed, SecretError> {
        let mut blob = vec![VERSION, XCHACHA20_POLY1305];
        blob.extend(self.id.0);
        let bound = bound(&blob, aad);
        let sealed = self.cipher().encrypt(&XNonce::from(nonce), Payload { msg: value, aad: &bound });
        blob.extend(nonce);
        // Fails only for values of many gigabytes.
        blob.extend(sealed.map_err(|_| SecretError::Altered)?);
        Ok(Sealed(blob))
    }

    /// Opens a value that this key sealed.
    pub(super) fn open(&self, sealed: &Sealed, aad: &Aad) -> Result<Zeroizing<Vec<u8>>, SecretError> {
        let parts = Parts::parse(sealed)?;
        if parts.id != self.id {
            return Err(SecretError::UnknownKey(parts.id));
        }
        let payload = Payload { msg: parts.ciphertext, aad: &bound(parts.head, aad) };
        let opened = self.cipher().decrypt(&XNonce::from(parts.nonce), payload);
        opened.map(Zeroizing::new).map_err(|_| SecretError::Altered)
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new((&*self.bytes).into())
    }
}

/// The associated data: the parts before the nonce, then the context.
fn bound(head: &[u8], aad: &Aad) -> Vec<u8> {
    [head, aad.as_bytes()].concat()
}

struct Parts<'b> {
    head: &'b [u8],
    id: KeyId,
    nonce: [u8; NONCE],
    ciphertext: &'b [u8],
}

impl<'b> Parts<'b> {
    fn parse(sealed: &'b Sealed) -> Result<Self, SecretError> {
        let parts = || {
            let (head, rest) = sealed.0.split_at_checked(10)?;
            let (marks, id) = head.split_at_checked(2)?;
            let (nonce, ciphertext) = rest.split_at_checked(NONCE)?;
            let known = marks == [VERSION, XCHACHA20_POLY1305];
            let (id, nonce) = (KeyId(id.try_into().ok()?), nonce.try_into().ok()?);
            known.then_some(Parts { head, id, nonce, ciphertext })
        };
        parts().ok_or(SecretError::Altered)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(byte: u8) -> SealKey {
        SealKey::new(Zeroizing::new([byte; 32]))
    }

    fn bytes(hex: &str) -> Vec<u8> {
        (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
    }

    /// draft-irtf-cfrg-xchacha-03, appendix A.3.1.
    #[test]
    fn cipher_matches_the_test_vector_of_the_draft() {
        let key: [u8; 32] =
            bytes("808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f").try_into().unwrap();
        let nonce: [u8; 24] = bytes("404142434445464748494a4b4c4d4e4f5051525354555657").try_into().unwrap();
        let aad = bytes("50515253c0c1c2c3c4c5c6c7");
        let text = b"Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, \
                     sunscreen would be it.";
        let sealed = SealKey::new(Zeroizing::new(key))
            .cipher()
            .encrypt(&XNonce::from(nonce), Payload { msg: text, aad: &aad })
            .unwrap();
        assert_eq!(
            sealed,
            bytes(
                "bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb731c7f1b0b4aa6440bf3a82f4eda7e39\
                 ae64c6708c54c216cb96b72e1213b4522f8c9ba40db5d945b11b69b982c1bb9e3f3fac2bc369488f76b2383565d3fff9\
                 21f9664c97637da9768812f615c68b13b52ec0875924c1c7987947deafd8780acf49"
            )
        );
    }

    #[test]
    fn sealed_value_opens_only_with_its_key_and_context() {
        let aad = Aad::new("test").with(b"row 1");
        let sealed = key(1).seal(b"value", &aad).unwrap();
        assert_eq!(key(1).open(&sealed, &aad).unwrap().as_slice(), b"value");
        assert_eq!(key(1).open(&sealed, &Aad::new("test").with(b"row 2")), Err(SecretError::Altered));
        assert_eq!(key(1).open(&sealed, &Aad::new("testr").with(b"ow 1")), Err(SecretError::Altered));
        assert_eq!(key(2).open(&sealed, &aad), Err(SecretError::UnknownKey(key(1).id())));
    }

    #[test]
    fn changed_or_truncated_blob_does_not_open() {
        let aad = Aad::new("test");
        let sealed = key(1).seal(b"value", &aad).unwrap();
        for bit in 0..sealed.0.len() * 8 {
            let mut other = sealed.clone();
            other.0[bit / 8] ^= 1 << (bit % 8);
            assert!(key(1).open(&other, &aad).is_err(), "bit {bit}");
        }
        for length in 0..sealed.0.len() {
            assert!(key(1).open(&Sealed(sealed.0[..length].to_vec()), &aad).is_err(), "{length} bytes");
        }
    }

    #[test]
    fn sealing_twice_gives_different_blobs() {
        let aad = Aad::new("test");
        assert_ne!(key(1).seal(b"value", &aad).unwrap(), key(1).seal(b"value", &aad).unwrap());
    }

    #[test]
    fn context_is_wiped_and_its_buffer_does_not_grow() {
        fn bytes(wiped: &(impl AsRef<Vec<u8>> + zeroize::ZeroizeOnDrop)) -> &Vec<u8> {
            wiped.as_ref()
        }
        let aad = Aad::new("test").with(b"secret");
        assert_eq!(bytes(&aad.0).capacity(), 8 + 4 + 8 + 6);
    }

    #[test]
    fn parts_of_the_context_are_separated() {
        assert_ne!(Aad::new("a").with(b"bc").as_bytes(), Aad::new("a").with(b"b").with(b"c").as_bytes());
        assert_ne!(Aad::new("a").with_number(None).as_bytes(), Aad::new("a").with_number(Some(0)).as_bytes());
    }
}
