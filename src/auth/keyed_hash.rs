//! Keyed hashes of what was shown, under a key that lives in this process only.
//!
//! In: texts. Out: 32 bytes that nobody can compute or guess from a copy of the memory's cache alone. Must not know: what
//! the texts are.

use hmac::digest::Key;
use hmac::{Hmac, KeyInit as _, Mac as _};
use rand::TryRng as _;
use sha2::Sha256;

use crate::error::Problem;

/// What a text is remembered by.
pub(super) type Fingerprint = [u8; 32];

/// A random key.
#[derive(Debug)]
pub(super) struct KeyedHash(Key<Hmac<Sha256>>);

impl KeyedHash {
    /// A new key.
    ///
    /// # Errors
    /// When the operating system gives no randomness.
    pub(super) fn generate() -> Result<Self, Problem> {
        let mut key = Key::<Hmac<Sha256>>::default();
        rand::rngs::SysRng.try_fill_bytes(&mut key).map_err(Problem::internal)?;
        Ok(Self(key))
    }

    /// The hash of these texts. Each is written with its length, so no two lists of texts are hashed alike.
    pub(super) fn of(&self, parts: &[&str]) -> Fingerprint {
        let mut mac = Hmac::<Sha256>::new(&self.0);
        for part in parts {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part.as_bytes());
        }
        mac.finalize().into_bytes().into()
    }
}
