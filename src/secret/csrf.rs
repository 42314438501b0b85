//! The MAC inside a CSRF token: `HMAC-SHA256(K_csrf, what the form belongs to)`.
//!
//! ```text
//! K_csrf = HKDF-SHA256(master key, salt = installation id, info = "ogw/1/csrf")
//! ```
//!
//! In: what a form belongs to. Out: a MAC, and whether a MAC is valid. Must not know: forms, cookies, HTTP.

use aws_lc_rs::hmac;
use zeroize::Zeroizing;

use super::seal::Aad;
use super::{hex, unhex};

/// The key of the MACs.
#[derive(Clone)]
pub(super) struct CsrfKey(pub(super) Zeroizing<[u8; 32]>);

impl CsrfKey {
    /// The HKDF info of this key.
    pub(super) const PURPOSE: &'static [u8] = b"ogw/1/csrf";

    /// The MAC, in hexadecimal.
    pub(super) fn mac(&self, binding: &Aad) -> String {
        hex(hmac::sign(&self.hmac_key(), binding.as_bytes()).as_ref()).to_string()
    }

    /// The MAC in `text`, if it is valid. Compares in constant time.
    pub(super) fn verify(&self, binding: &Aad, text: &str) -> Option<[u8; 32]> {
        let mac = unhex(text)?;
        hmac::verify(&self.hmac_key(), binding.as_bytes(), mac.as_slice()).is_ok().then_some(*mac)
    }

    fn hmac_key(&self) -> hmac::Key {
        hmac::Key::new(hmac::HMAC_SHA256, self.0.as_slice())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mac_is_valid_only_for_its_binding() {
        let [key, other] = [1, 2].map(|byte| CsrfKey(Zeroizing::new([byte; 32])));
        let binding = |parts: &[&str]| parts.iter().fold(Aad::new("form"), |aad, part| aad.with(part.as_bytes()));
        let mac = key.mac(&binding(&["session", "request"]));
        assert!(key.verify(&binding(&["session", "request"]), &mac).is_some());
        for parts in
            [&["session", "other"][..], &["sessionrequest"], &["session", "request", ""], &["sessio", "nrequest"]]
        {
            assert!(key.verify(&binding(parts), &mac).is_none(), "{parts:?}");
        }
        assert!(other.verify(&binding(&["session", "request"]), &mac).is_none());
        for wrong in ["", "00", &mac.to_uppercase(), mac.get(..62).unwrap(), &format!("{mac}00"), "é"] {
            assert!(key.verify(&binding(&["session", "request"]), wrong).is_none(), "{wrong}");
        }
    }
}
