//! Keyed hashes of credentials, under a random key that exists only in this process.
//!
//! In: texts. Out: 32 bytes that reveal nothing about the texts without the key. Must not know: what the texts are.

use hmac::digest::Key;
use hmac::{Hmac, KeyInit as _, Mac as _};
use rand::TryRng as _;
use sha2::Sha256;

use crate::error::Problem;

/// The hash under which something is cached.
pub(super) type Fingerprint = [u8; 32];

/// A random HMAC key.
#[derive(Debug)]
pub(super) struct KeyedHash(Key<Hmac<Sha256>>);

impl KeyedHash {
    /// A new key.
    ///
    /// # Errors
    /// If the operating system provides no randomness.
    pub(super) fn generate() -> Result<Self, Problem> {
        let mut key = Key::<Hmac<Sha256>>::default();
        rand::rngs::SysRng.try_fill_bytes(&mut key).map_err(Problem::internal)?;
        Ok(Self(key))
    }

    /// The hash of these texts. Each text is hashed with its length, so two different lists never have the same input.
    pub(super) fn digest(&self, parts: &[&str]) -> Fingerprint {
        let mut mac = Hmac::<Sha256>::new(&self.0);
        for part in parts {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part.as_bytes());
        }
        mac.finalize().into_bytes().into()
    }
}
