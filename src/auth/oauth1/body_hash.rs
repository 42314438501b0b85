//! The hash of a body that is not a form, signed as a parameter (OAuth Request Body Hash 1.0, Draft 4).
//!
//! ```text
//! oauth_body_hash = base64(digest)    of all bytes of the body; of none when there is no body
//! digest          = SHA-1 | the hash of the signature method
//! ```
//!
//! The draft names SHA-1 for the methods of its time and the method's own hash for later ones; libraries send SHA-1 with
//! every method. Both are accepted.
//!
//! In: a signature method, the parameter, the body. Out: whether they belong together. Must not know: requests.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{Algorithm, SHA1_FOR_LEGACY_USE_ONLY, SHA256, SHA512, digest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::signature::SignatureMethod;

/// Whether `shown` is the hash of `body`.
pub(super) fn is_hash_of(body: &[u8], shown: &str, method: SignatureMethod) -> bool {
    let Ok(shown) = STANDARD.decode(shown) else { return false };
    let is = |algorithm| verify_slices_are_equal(digest(algorithm, body).as_ref(), &shown).is_ok();
    is(&SHA1_FOR_LEGACY_USE_ONLY) || own_hash(method).is_some_and(is)
}

fn own_hash(method: SignatureMethod) -> Option<&'static Algorithm> {
    match method {
        SignatureMethod::HmacSha256 | SignatureMethod::RsaSha256 => Some(&SHA256),
        SignatureMethod::HmacSha512 => Some(&SHA512),
        SignatureMethod::HmacSha1 | SignatureMethod::RsaSha1 | SignatureMethod::Plaintext => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_draft_is_the_hash_of_its_body() {
        let (body, hash) = (b"Hello World!", "Lve95gjOVATpfV8EL5X4nxwjKHE=");
        for method in SignatureMethod::ALL {
            assert!(is_hash_of(body, hash, method), "{method:?}");
            assert!(!is_hash_of(b"Hello World", hash, method) && !is_hash_of(body, "", method));
        }
        // Of no body at all.
        assert!(is_hash_of(b"", "2jmj7l5rSw0yVb/vlWAYkK/YBwk=", SignatureMethod::HmacSha1));
    }

    #[test]
    fn a_later_method_may_use_its_own_hash() {
        let hash = STANDARD.encode(digest(&SHA256, b"x"));
        for (method, fits) in [
            (SignatureMethod::HmacSha256, true),
            (SignatureMethod::RsaSha256, true),
            (SignatureMethod::HmacSha1, false),
        ] {
            assert_eq!(is_hash_of(b"x", &hash, method), fits, "{method:?}");
        }
    }
}
