//! A secret that is sealed under the one that it replaces: the replaced one opens it.
//!
//! In: two secrets, the index key. Out: blobs. Must not know: what the secrets open.

use secrecy::{ExposeSecret as _, SecretString};
use zeroize::Zeroizing;

use super::SecretError;
use super::seal::{Aad, SealKey, Sealed};
use super::token_index::IndexKey;

impl IndexKey {
    /// Seals a secret. Only `replaced`, which contains at least 128 random bits, opens it together with this key.
    ///
    /// # Errors
    /// If the operating system provides no random numbers.
    pub fn seal_successor(&self, replaced: &Aad, successor: &SecretString) -> Result<Sealed, SecretError> {
        self.successor_key(replaced).seal(successor.expose_secret().as_bytes(), &Aad::new("successor"))
    }

    /// Opens it.
    ///
    /// # Errors
    /// If it was changed, or sealed under another secret or another index key.
    pub fn open_successor(&self, replaced: &Aad, sealed: &Sealed) -> Result<SecretString, SecretError> {
        let opened = self.successor_key(replaced).open(sealed, &Aad::new("successor"));
        let opened = opened.map_err(|_| SecretError::Altered)?;
        std::str::from_utf8(&opened).map(SecretString::from).map_err(|_| SecretError::Altered)
    }

    fn successor_key(&self, replaced: &Aad) -> SealKey {
        SealKey::new(Zeroizing::new(self.digest(replaced)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::keys::{Keyring, MasterKey};

    #[test]
    fn only_the_replaced_secret_and_the_index_key_together_open_the_successor() {
        let keyring = Keyring::new(&[MasterKey::generate().unwrap()], "i").unwrap();
        let [key, other_key] = [(); 2].map(|()| IndexKey::generate(&keyring).unwrap().0);
        let [replaced, other] = ["old", "another"].map(|secret| Aad::new("key").with(secret.as_bytes()));
        let mut sealed = key.seal_successor(&replaced, &"new".into()).unwrap();
        assert_eq!(key.open_successor(&replaced, &sealed).unwrap().expose_secret(), "new");
        assert!(key.open_successor(&other, &sealed).is_err());
        assert!(other_key.open_successor(&replaced, &sealed).is_err());
        *sealed.0.last_mut().unwrap() ^= 1;
        assert!(key.open_successor(&replaced, &sealed).is_err());
    }
}
