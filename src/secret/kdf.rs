//! Key derivation: HKDF-SHA256 (RFC 5869).
//!
//! In: a secret, a salt, what the derived key is for. Out: keys. Must not know: what the keys are used for.

use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Prk, Salt};
use zeroize::Zeroizing;

/// The state after HKDF-Extract. Erased on drop.
pub(super) struct Kdf(Prk);

/// The number of bytes to derive.
struct Length(usize);

impl KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

impl Kdf {
    /// Extracts from a secret. Without a salt, RFC 5869 uses zeros, and so does an empty one.
    pub(super) fn new(salt: &[u8], secret: &[u8]) -> Self {
        Self(Salt::new(HKDF_SHA256, salt).extract(secret))
    }

    /// A key of 256 bits. The parts of `info` are concatenated.
    pub(super) fn derive_key(&self, info: &[&[u8]]) -> Zeroizing<[u8; 32]> {
        let mut key = Zeroizing::new([0; 32]);
        self.fill(info, key.as_mut_slice());
        key
    }

    /// Fills `output`, which is shorter than 8 KiB: longer outputs are the only failure.
    pub(super) fn fill(&self, info: &[&[u8]], output: &mut [u8]) {
        let _ = self.0.expand(info, Length(output.len())).and_then(|okm| okm.fill(output));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::hex;

    /// RFC 5869, test cases 1 and 3, the first 32 octets.
    #[test]
    fn derivation_matches_the_test_vectors_of_rfc_5869() {
        let salt: Vec<u8> = (0..=0x0c).collect();
        let info: Vec<u8> = (0xf0..=0xf9).collect();
        for (salt, info, expected) in [
            (&salt[..], &info[..], "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf"),
            (&[], &[], "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d"),
        ] {
            let (start, end) = info.split_at(info.len() / 2);
            let key = Kdf::new(salt, &[0x0b; 22]).derive_key(&[start, end]);
            assert_eq!(*hex(key.as_slice()), expected);
        }
    }
}
