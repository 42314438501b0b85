//! The keyed hash that finds a token in the store.
//!
//! In: the index key, sealed; tokens. Out: [`TokenIndex`]. Must not know: what the tokens are for, tables.

use super::SecretError;
use super::keys::{Keyring, RotatingKey, SealedPair, hash};
use super::seal::{Aad, KeyId, Sealed};

/// The keyed hash of a token: `HMAC-SHA256(index key, token)`. Useless without the token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TokenIndex {
    /// The hash under the newest index key.
    pub hash: [u8; 32],
    /// The id of that key.
    pub key: KeyId,
    /// The hash under the previous index key, until no token needs that key any more.
    pub previous: Option<[u8; 32]>,
}

impl TokenIndex {
    /// Whether a row with the index `row` belongs to the same token.
    #[must_use]
    pub fn matches(&self, row: &Self) -> bool {
        row.hash == self.hash || Some(row.hash) == self.previous
    }
}

/// The key that hashes tokens.
#[derive(Debug, Clone)]
pub struct IndexKey(RotatingKey);

impl IndexKey {
    const PURPOSE: &'static str = "index";

    /// Generates a key. Returns it with its sealed form for the store.
    ///
    /// # Errors
    /// If the operating system provides no random numbers.
    pub fn generate(keyring: &Keyring) -> Result<(Self, Sealed), SecretError> {
        let (key, sealed) = RotatingKey::generate(keyring, Self::PURPOSE)?;
        Ok((Self(key), sealed))
    }

    /// Opens the stored key and its predecessor.
    ///
    /// # Errors
    /// As [`Keyring::open`].
    pub fn open(keyring: &Keyring, sealed: SealedPair<'_>) -> Result<Self, SecretError> {
        RotatingKey::open(keyring, Self::PURPOSE, sealed).map(Self)
    }

    /// The id of the newest key.
    #[must_use]
    pub fn id(&self) -> KeyId {
        self.0.newest.id()
    }

    pub(super) fn index(&self, token: &[u8]) -> TokenIndex {
        let RotatingKey { newest, previous } = &self.0;
        let previous = previous.as_ref().map(|key| hash(key, token));
        TokenIndex { hash: hash(newest, token), key: newest.id(), previous }
    }

    /// The keyed hash of something other than a token. No token begins as an [`Aad`] does.
    #[must_use]
    pub fn digest(&self, data: &Aad) -> [u8; 32] {
        hash(&self.0.newest, data.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::keys::{MasterKey, reseal_stored_key};

    fn keyring(keys: &[&MasterKey]) -> Keyring {
        Keyring::new(&keys.iter().map(|key| (*key).clone()).collect::<Vec<_>>(), "i").unwrap()
    }

    #[test]
    fn index_key_survives_a_change_of_the_master_key() {
        let [old, new] = [MasterKey::generate().unwrap(), MasterKey::generate().unwrap()];
        let (key, sealed) = IndexKey::generate(&keyring(&[&old])).unwrap();
        let resealed = reseal_stored_key(&keyring(&[&old, &new]), "index", &sealed).unwrap();
        let pair = |newest| SealedPair { newest, previous: None };
        assert_eq!(IndexKey::open(&keyring(&[&new]), pair(&resealed)).unwrap().index(b"t"), key.index(b"t"));
        assert!(IndexKey::open(&keyring(&[&new]), pair(&sealed)).is_err());
    }

    #[test]
    fn tokens_of_the_previous_index_key_are_found_until_that_key_is_deleted() {
        let keyring = keyring(&[&MasterKey::generate().unwrap()]);
        let ((old_key, old), (_, new)) = (IndexKey::generate(&keyring).unwrap(), IndexKey::generate(&keyring).unwrap());
        let row = old_key.index(b"t");
        let open = |previous| IndexKey::open(&keyring, SealedPair { newest: &new, previous }).unwrap();
        assert!(open(Some(&old)).index(b"t").matches(&row) && !open(Some(&old)).index(b"u").matches(&row));
        assert!(!open(None).index(b"t").matches(&row));
        assert_eq!(open(Some(&old)).index(b"t").hash, open(None).index(b"t").hash, "hashed under the newest key");
    }
}
