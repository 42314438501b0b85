//! Keyed hashes of credentials, under a random key that exists only in this process.
//!
//! In: texts. Out: 32 bytes that reveal nothing about the texts without the key. Must not know: what the texts are.

use aws_lc_rs::hmac;
use rand::TryRng as _;
use zeroize::Zeroizing;

use crate::error::Problem;

/// The hash under which something is cached.
pub(super) type Fingerprint = [u8; 32];

/// A random HMAC key.
#[derive(Debug)]
pub(super) struct KeyedHash(hmac::Key);

impl KeyedHash {
    /// A new key.
    ///
    /// # Errors
    /// If the operating system provides no randomness.
    pub(super) fn generate() -> Result<Self, Problem> {
        let mut key = Zeroizing::new([0; 32]);
        rand::rngs::SysRng.try_fill_bytes(key.as_mut_slice()).map_err(Problem::internal)?;
        Ok(Self(hmac::Key::new(hmac::HMAC_SHA256, key.as_slice())))
    }

    /// The hash of these texts. Each text is hashed with its length, so two different lists never have the same input.
    pub(super) fn digest(&self, parts: &[&str]) -> Fingerprint {
        let mut mac = hmac::Context::with_key(&self.0);
        for part in parts {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part.as_bytes());
        }
        let mut bytes = [0; 32];
        // HMAC-SHA256 has 32 bytes. A fallback would give all inputs the same hash.
        bytes.copy_from_slice(mac.sign().as_ref());
        bytes
    }
}
