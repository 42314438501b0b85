//! What a form of ours carries to show that it came from us: `HMAC-SHA256(K_csrf, what it belongs to)`.
//!
//! ```text
//! K_csrf = HKDF-SHA256(master key, salt = instance, info = "ogw/1/csrf")
//! ```
//!
//! In: what a form belongs to. Out: a mark, and whether a mark is right. Must not know: forms, cookies, HTTP.

use hmac::digest::Key;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::seal::Aad;
use super::{hex, unhex};

/// The key of the marks.
#[derive(Clone)]
pub(super) struct FormKey(pub(super) Zeroizing<[u8; 32]>);

impl FormKey {
    /// What it is derived for.
    pub(super) const PURPOSE: &'static [u8] = b"ogw/1/csrf";

    /// The mark, in hexadecimal.
    pub(super) fn mark(&self, of: &Aad) -> String {
        let mark: [u8; 32] = self.mac(of).finalize().into_bytes().into();
        hex(&mark).to_string()
    }

    /// What stands in `text`, when that is the mark; in the same time for every wrong one.
    pub(super) fn fitting(&self, of: &Aad, text: &str) -> Option<[u8; 32]> {
        let mark = unhex(text)?;
        self.mac(of).verify_slice(mark.as_slice()).is_ok().then_some(*mark)
    }

    fn mac(&self, of: &Aad) -> Hmac<Sha256> {
        // HMAC itself fills a short key with zeros up to its block.
        let mut block = Key::<Hmac<Sha256>>::default();
        block.iter_mut().zip(self.0.as_slice()).for_each(|(slot, byte)| *slot = *byte);
        let mut mac = Hmac::<Sha256>::new(&block);
        mac.update(of.bytes());
        mac
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_fits_only_what_it_was_made_for() {
        let [key, other] = [1, 2].map(|byte| FormKey(Zeroizing::new([byte; 32])));
        let of = |parts: &[&str]| parts.iter().fold(Aad::of("form"), |aad, part| aad.with(part.as_bytes()));
        let mark = key.mark(&of(&["session", "request"]));
        assert!(key.fitting(&of(&["session", "request"]), &mark).is_some());
        for parts in
            [&["session", "other"][..], &["sessionrequest"], &["session", "request", ""], &["sessio", "nrequest"]]
        {
            assert!(key.fitting(&of(parts), &mark).is_none(), "{parts:?}");
        }
        assert!(other.fitting(&of(&["session", "request"]), &mark).is_none());
        for wrong in ["", "00", &mark.to_uppercase(), mark.get(..62).unwrap(), &format!("{mark}00"), "é"] {
            assert!(key.fitting(&of(&["session", "request"]), wrong).is_none(), "{wrong}");
        }
    }
}
