//! Signatures over a base string (RFC 5849 section 3.4), verified in constant time.
//!
//! In: a base string, what the signature must have been made with, the signature as it was sent. Out: yes or no. Must
//! not know: requests, clients. HMAC, RSA and the comparison are aws-lc's.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::{hmac, signature};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::encoding::encode_onto;
use crate::secret::rsa_public_key_der;

/// The signature methods, by their names in `oauth_signature_method`: exact, in upper case (O1-12).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum SignatureMethod {
    /// RFC 5849 section 3.4.2.
    #[serde(rename = "HMAC-SHA1")]
    HmacSha1,
    /// The same with SHA-256, as oauthlib and many servers have it.
    #[serde(rename = "HMAC-SHA256")]
    HmacSha256,
    /// The same with SHA-512.
    #[serde(rename = "HMAC-SHA512")]
    HmacSha512,
    /// RFC 5849 section 3.4.3.
    #[serde(rename = "RSA-SHA1")]
    RsaSha1,
    /// The same with SHA-256.
    #[serde(rename = "RSA-SHA256")]
    RsaSha256,
    /// RFC 5849 section 3.4.4: the secrets themselves.
    #[serde(rename = "PLAINTEXT")]
    Plaintext,
}

impl SignatureMethod {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::HmacSha1, Self::HmacSha256, Self::HmacSha512, Self::RsaSha1, Self::RsaSha256, Self::Plaintext];

    /// Its name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::HmacSha1 => "HMAC-SHA1",
            Self::HmacSha256 => "HMAC-SHA256",
            Self::HmacSha512 => "HMAC-SHA512",
            Self::RsaSha1 => "RSA-SHA1",
            Self::RsaSha256 => "RSA-SHA256",
            Self::Plaintext => "PLAINTEXT",
        }
    }

    /// The method of this name.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.as_str() == name)
    }

    /// Whether it is verified with a public key instead of secrets.
    #[must_use]
    pub fn is_rsa(self) -> bool {
        matches!(self, Self::RsaSha1 | Self::RsaSha256)
    }
}

/// The two secrets of HMAC and PLAINTEXT, as they are keyed (O1-11): `encode(client) "&" encode(token)`.
pub struct Secrets(Zeroizing<String>);

impl Secrets {
    /// Of a client and of a token; without a token its secret is empty.
    #[must_use]
    pub fn new(client: &str, token: &str) -> Self {
        let mut text = Zeroizing::new(String::with_capacity(3 * (client.len() + token.len()) + 1));
        encode_onto(&mut text, client.as_bytes());
        text.push('&');
        encode_onto(&mut text, token.as_bytes());
        Self(text)
    }
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Secrets([redacted])")
    }
}

/// Whether the signature is that of these secrets. A method of RSA never is: a public key is no secret (O1-13).
#[must_use]
pub fn verify_shared(method: SignatureMethod, base: &str, secrets: &Secrets, shown: &str) -> bool {
    let algorithm = match method {
        SignatureMethod::HmacSha1 => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
        SignatureMethod::HmacSha256 => hmac::HMAC_SHA256,
        SignatureMethod::HmacSha512 => hmac::HMAC_SHA512,
        SignatureMethod::Plaintext => return verify_slices_are_equal(secrets.0.as_bytes(), shown.as_bytes()).is_ok(),
        SignatureMethod::RsaSha1 | SignatureMethod::RsaSha256 => return false,
    };
    let Ok(tag) = STANDARD.decode(shown) else { return false };
    hmac::verify(&hmac::Key::new(algorithm, secrets.0.as_bytes()), base.as_bytes(), &tag).is_ok()
}

/// The key that a client registered: an RSA key of 2048 bits or more.
#[derive(Clone, PartialEq, Eq)]
pub struct RsaKey(Vec<u8>);

impl RsaKey {
    /// Reads PEM. What stands in it is looked at when something is verified with it.
    #[must_use]
    pub fn from_pem(text: &str) -> Option<Self> {
        rsa_public_key_der(text).map(Self)
    }

    /// Whether the signature is this key's: PKCS #1 v1.5, nothing but a whole signature.
    #[must_use]
    pub fn verify(&self, method: SignatureMethod, base: &str, shown: &str) -> bool {
        match method {
            SignatureMethod::RsaSha1 => {
                self.verify_by(&signature::RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY, base, shown)
            }
            SignatureMethod::RsaSha256 => self.verify_by(&signature::RSA_PKCS1_2048_8192_SHA256, base, shown),
            _ => false,
        }
    }

    fn verify_by(&self, by: &'static signature::RsaParameters, base: &str, shown: &str) -> bool {
        let Ok(shown) = STANDARD.decode(shown) else { return false };
        signature::UnparsedPublicKey::new(by, &self.0).verify(base.as_bytes(), &shown).is_ok()
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
    pub(super) fn verify_with_a_short_key(&self, method: SignatureMethod, base: &str, shown: &str) -> bool {
        let by = match method {
            SignatureMethod::RsaSha1 => &signature::RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY,
            _ => &signature::RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY,
        };
        method.is_rsa() && self.verify_by(by, base, shown)
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
    fn o1_12_names_are_exact() {
        for method in SignatureMethod::ALL {
            assert_eq!(SignatureMethod::of_name(method.as_str()), Some(method));
            assert_eq!(SignatureMethod::of_name(&method.as_str().to_lowercase()), None);
        }
        assert_eq!(SignatureMethod::of_name("HMAC-SHA1 "), None);
    }

    #[test]
    fn a_signature_is_verified_whole_and_nothing_else_is() {
        for method in SignatureMethod::ALL.into_iter().filter(|method| !method.is_rsa()) {
            let good = sign(method, "base");
            let secrets = Secrets::new("client", "token");
            assert!(verify_shared(method, "base", &secrets, &good));
            for bad in ["", "%%%", "=", &good[..good.len() - 1], &format!("{good}A"), &format!(" {good}")] {
                assert!(!verify_shared(method, "base", &secrets, bad), "{} {bad}", method.as_str());
            }
            assert!(!verify_shared(method, "base", &Secrets::new("client", ""), &good));
            assert_eq!(verify_shared(method, "other", &secrets, &good), method == SignatureMethod::Plaintext);
        }
    }

    #[test]
    fn o1_13_a_public_key_is_no_secret_and_a_secret_no_key() {
        for method in [SignatureMethod::RsaSha1, SignatureMethod::RsaSha256] {
            assert!(!verify_shared(method, "base", &Secrets::new("", ""), ""));
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
    fn secrets_do_not_print_themselves() {
        assert_eq!(format!("{:?}", Secrets::new("hunter2", "x")), "Secrets([redacted])");
    }
}
