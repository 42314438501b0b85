//! The public key by which an application's RSA signatures are verified.
//!
//! In: PEM. Out: whether it is such a key. Must not know: what is signed.

use aws_lc_rs::signature::{ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Whether this is `-----BEGIN PUBLIC KEY-----` (X.509) or `-----BEGIN RSA PUBLIC KEY-----` (PKCS #1) of at least 2048
/// bits.
///
/// # Errors
/// What it is instead.
pub fn check_rsa_public_key(pem: &str) -> Result<(), &'static str> {
    let der = rsa_public_key_der(pem)
        .ok_or("expected an RSA public key as PEM, that begins with -----BEGIN PUBLIC KEY-----")?;
    let parsed = ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, der);
    parsed.map(drop).map_err(|_| "the PEM holds no RSA public key of at least 2048 bits")
}

/// What stands between the lines, which may be no key at all.
pub fn rsa_public_key_der(pem: &str) -> Option<Vec<u8>> {
    let (_, rest) = pem.split_once("-----BEGIN ")?;
    let (label, rest) = rest.split_once("-----")?;
    let (body, _) = rest.split_once(&format!("-----END {label}-----"))?;
    let body: String = body.split_ascii_whitespace().collect();
    STANDARD.decode(body).ok().filter(|_| matches!(label, "PUBLIC KEY" | "RSA PUBLIC KEY"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_public_key_is_told() {
        for text in ["", "ssh-rsa AAAA", "-----BEGIN PRIVATE KEY-----\nMC4=\n-----END PRIVATE KEY-----"] {
            assert!(check_rsa_public_key(text).unwrap_err().starts_with("expected"), "{text}");
        }
        let broken = "-----BEGIN PUBLIC KEY-----\nMC4=\n-----END PUBLIC KEY-----";
        assert!(check_rsa_public_key(broken).unwrap_err().starts_with("the PEM holds no"));
    }
}
