//! The signature methods of OAuth 1.0a (RFC 5849 section 3.4).
//!
//! In: names. Out: [`SignatureMethod`]. Must not know: how a signature is verified.

use serde::{Deserialize, Serialize};

/// The signature methods, by their names in `oauth_signature_method`: exact, in upper case (O1-12).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum SignatureMethod {
    /// RFC 5849 section 3.4.2.
    #[serde(rename = "HMAC-SHA1")]
    HmacSha1,
    /// The same with SHA-256, as in oauthlib and many servers.
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
    /// All methods.
    pub const ALL: [Self; 6] =
        [Self::HmacSha1, Self::HmacSha256, Self::HmacSha512, Self::RsaSha1, Self::RsaSha256, Self::Plaintext];

    /// The name.
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
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.as_str() == name)
    }

    /// Whether a signature is verified with a public key instead of secrets.
    #[must_use]
    pub fn is_rsa(self) -> bool {
        matches!(self, Self::RsaSha1 | Self::RsaSha256)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn o1_12_names_are_exact() {
        for method in SignatureMethod::ALL {
            assert_eq!(SignatureMethod::from_name(method.as_str()), Some(method));
            assert_eq!(SignatureMethod::from_name(&method.as_str().to_lowercase()), None);
        }
        assert_eq!(SignatureMethod::from_name("HMAC-SHA1 "), None);
    }
}
