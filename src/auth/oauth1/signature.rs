//! Signatures over a base string (RFC 5849 section 3.4), verified in constant time.
//!
//! HMAC, RSA and the comparison are those of aws-lc.
//!
//! In: a base string, secrets or a key, the signature as sent. Out: yes or no. Must not know: requests, clients.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::{hmac, signature};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::encoding::push_encoded;
use crate::auth::clients::signature_method::SignatureMethod;
use crate::secret::rsa_public_key_der;

/// The two secrets of HMAC and PLAINTEXT, combined to a key (O1-11): `encode(client) "&" encode(token)`.
pub struct SigningSecrets(Zeroizing<String>);

impl SigningSecrets {
    /// The secrets of a client and of a token. Without a token, its secret is empty.
    #[must_use]
    pub fn new(client: &str, token: &str) -> Self {
        let mut text = Zeroizing::new(String::with_capacity(3 * (client.len() + token.len()) + 1));
        push_encoded(&mut text, client.as_bytes());
        text.push('&');
        push_encoded(&mut text, token.as_bytes());
        Self(text)
    }
}

impl std::fmt::Debug for SigningSecrets {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("SigningSecrets([redacted])")
    }
}

/// Whether the signature was made with these secrets. Never true for an RSA method: a public key is not a secret
/// (O1-13).
#[must_use]
pub fn verify_with_secrets(method: SignatureMethod, base: &str, secrets: &SigningSecrets, signature: &str) -> bool {
    let algorithm = match method {
        SignatureMethod::HmacSha1 => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
        SignatureMethod::HmacSha256 => hmac::HMAC_SHA256,
        SignatureMethod::HmacSha512 => hmac::HMAC_SHA512,
        SignatureMethod::Plaintext => {
            return verify_slices_are_equal(secrets.0.as_bytes(), signature.as_bytes()).is_ok();
        }
        SignatureMethod::RsaSha1 | SignatureMethod::RsaSha256 => return false,
    };
    let Ok(tag) = STANDARD.decode(signature) else { return false };
    hmac::verify(&hmac::Key::new(algorithm, secrets.0.as_bytes()), base.as_bytes(), &tag).is_ok()
}

/// The public RSA key of an application: 2048 bits or more.
#[derive(Clone, PartialEq, Eq)]
pub struct RsaKey(Vec<u8>);

impl RsaKey {
    /// Parses PEM. The key itself is checked when a signature is verified with it.
    #[must_use]
    pub fn from_pem(text: &str) -> Option<Self> {
        rsa_public_key_der(text).map(Self)
    }

    /// Whether the signature was made with this key: PKCS #1 v1.5, a complete signature and nothing else.
    #[must_use]
    pub fn verify(&self, method: SignatureMethod, base: &str, signature: &str) -> bool {
        match method {
            SignatureMethod::RsaSha1 => {
                self.verify_with(&signature::RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY, base, signature)
            }
            SignatureMethod::RsaSha256 => self.verify_with(&signature::RSA_PKCS1_2048_8192_SHA256, base, signature),
            _ => false,
        }
    }

    fn verify_with(&self, parameters: &'static signature::RsaParameters, base: &str, signature: &str) -> bool {
        let Ok(signature) = STANDARD.decode(signature) else { return false };
        signature::UnparsedPublicKey::new(parameters, &self.0).verify(base.as_bytes(), &signature).is_ok()
    }
}

impl std::fmt::Debug for RsaKey {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "RsaKey({} bytes)", self.0.len())
    }
}

#[cfg(test)]
impl RsaKey {
    /// As [`verify`](Self::verify), for the short keys of published examples.
    pub(super) fn verify_with_short_key(&self, method: SignatureMethod, base: &str, signature: &str) -> bool {
        let parameters = match method {
            SignatureMethod::RsaSha1 => &signature::RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY,
            _ => &signature::RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY,
        };
        method.is_rsa() && self.verify_with(parameters, base, signature)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sign(method: SignatureMethod, base: &str) -> String {
        let algorithm = match method {
            SignatureMethod::HmacSha1 => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
            SignatureMethod::HmacSha256 => hmac::HMAC_SHA256,
            SignatureMethod::HmacSha512 => hmac::HMAC_SHA512,
            _ => return "client&token".to_owned(),
        };
        STANDARD.encode(hmac::sign(&hmac::Key::new(algorithm, b"client&token"), base.as_bytes()))
    }

    #[test]
    fn only_the_complete_signature_is_valid() {
        for method in SignatureMethod::ALL.into_iter().filter(|method| !method.is_rsa()) {
            let good = sign(method, "base");
            let secrets = SigningSecrets::new("client", "token");
            assert!(verify_with_secrets(method, "base", &secrets, &good));
            for bad in ["", "%%%", "=", &good[..good.len() - 1], &format!("{good}A"), &format!(" {good}")] {
                assert!(!verify_with_secrets(method, "base", &secrets, bad), "{} {bad}", method.as_str());
            }
            assert!(!verify_with_secrets(method, "base", &SigningSecrets::new("client", ""), &good));
            assert_eq!(verify_with_secrets(method, "other", &secrets, &good), method == SignatureMethod::Plaintext);
        }
    }

    #[test]
    fn o1_13_a_public_key_is_not_a_secret_and_a_secret_is_not_a_key() {
        for method in [SignatureMethod::RsaSha1, SignatureMethod::RsaSha256] {
            assert!(!verify_with_secrets(method, "base", &SigningSecrets::new("", ""), ""));
        }
        let key = RsaKey::from_pem("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----").unwrap();
        for method in SignatureMethod::ALL {
            assert!(!key.verify(method, "base", "AAAA"));
        }
        for text in ["", "AAAA", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"] {
            assert!(RsaKey::from_pem(text).is_none());
        }
    }

    #[test]
    fn secrets_are_not_printed() {
        assert_eq!(format!("{:?}", SigningSecrets::new("hunter2", "x")), "SigningSecrets([redacted])");
    }
}
