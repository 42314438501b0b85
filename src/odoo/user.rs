//! The Odoo user on whose behalf the gateway calls Odoo.
//!
//! In: nothing. Out: [`OdooUser`], the form of API keys. Must not know: where the secret comes from.

use std::sync::Arc;

use secrecy::{ExposeSecret as _, SecretString};

use crate::names::RecordId;

/// The id of a user: a record of `res.users`.
pub type Uid = RecordId;

/// A user of Odoo, as `execute_kw` expects it.
#[derive(Debug, Clone)]
pub struct OdooUser {
    /// The user's id.
    pub uid: Uid,
    /// The user's password or API key. Clones share it.
    pub secret: Arc<SecretString>,
}

/// Precedes the digits of an API key that may only read.
const READ_ONLY_PREFIX: &str = "ro-";

/// Whether a secret has the form of an API key of Odoo: 40 lower-case hexadecimal digits; after Odoo 20, a key that may
/// only read has `ro-` before them.
#[must_use]
pub fn is_api_key(secret: &SecretString) -> bool {
    let secret = secret.expose_secret();
    let digits = secret.strip_prefix(READ_ONLY_PREFIX).unwrap_or(secret);
    digits.len() == 40 && digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// Whether a secret has the form of an API key that may only read.
pub(super) fn may_only_read(secret: &SecretString) -> bool {
    is_api_key(secret) && secret.expose_secret().starts_with(READ_ONLY_PREFIX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn form_of_api_keys_is_exact() {
        let is_key = |text: &str| is_api_key(&text.into());
        let key = "0123456789abcdef0123456789abcdef01234567";
        assert!(is_key(key) && is_key(&format!("ro-{key}")));
        assert!(may_only_read(&format!("ro-{key}").into()) && !may_only_read(&key.into()));
        assert!(!may_only_read(&"ro-password".into()));
        let doubled = format!("ro-ro-{key}");
        for other in ["admin", &key.to_uppercase(), &format!("{key}8"), &key.replace('a', "g"), &doubled, "ro-"] {
            assert!(!is_key(other), "{other}");
        }
    }
}
