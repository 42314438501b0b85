//! The hash of a body that is not a form, signed as a parameter (OAuth Request Body Hash 1.0, Draft 4).
//!
//! ```text
//! oauth_body_hash = base64(digest)    of all bytes of the body; of no bytes if there is no body
//! digest          = SHA-1 | the hash of the signature method
//! ```
//!
//! The draft names SHA-1 for the methods of its time and the method's own hash for later ones; libraries send SHA-1
//! with every method. Both are accepted.
//!
//! In: a signature method, the parameter, the body. Out: whether they match. Must not know: requests.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{Algorithm, SHA1_FOR_LEGACY_USE_ONLY, SHA256, SHA512, digest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::auth::clients::signature_method::SignatureMethod;

/// Whether `body_hash` is the hash of `body`.
pub(super) fn matches_body(body_hash: &str, body: &[u8], method: SignatureMethod) -> bool {
    let Ok(sent) = STANDARD.decode(body_hash) else { return false };
    let matches = |algorithm| verify_slices_are_equal(digest(algorithm, body).as_ref(), &sent).is_ok();
    matches(&SHA1_FOR_LEGACY_USE_ONLY) || method_hash(method).is_some_and(matches)
}

fn method_hash(method: SignatureMethod) -> Option<&'static Algorithm> {
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
    fn the_example_of_the_draft_matches() {
        let (body, hash) = (b"Hello World!", "Lve95gjOVATpfV8EL5X4nxwjKHE=");
        for method in SignatureMethod::ALL {
            assert!(matches_body(hash, body, method), "{method:?}");
            assert!(!matches_body(hash, b"Hello World", method) && !matches_body("", body, method));
        }
        // The hash of an empty body.
        assert!(matches_body("2jmj7l5rSw0yVb/vlWAYkK/YBwk=", b"", SignatureMethod::HmacSha1));
    }

    #[test]
    fn a_later_method_may_use_its_own_hash() {
        let hash = STANDARD.encode(digest(&SHA256, b"x"));
        for (method, is_match) in [
            (SignatureMethod::HmacSha256, true),
            (SignatureMethod::RsaSha256, true),
            (SignatureMethod::HmacSha1, false),
        ] {
            assert_eq!(matches_body(&hash, b"x", method), is_match, "{method:?}");
        }
    }
}
