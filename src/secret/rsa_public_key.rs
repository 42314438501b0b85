//! The public key that verifies an application's RSA signatures.
//!
//! In: PEM. Out: whether it is a valid key, its DER. Must not know: what is signed.

use aws_lc_rs::signature::{ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Checks for `-----BEGIN PUBLIC KEY-----` (X.509) or `-----BEGIN RSA PUBLIC KEY-----` (PKCS #1) with at least 2048
/// bits.
///
/// # Errors
/// What is wrong with it.
pub fn check_rsa_public_key(pem: &str) -> Result<(), &'static str> {
    let der = rsa_public_key_der(pem)
        .ok_or("expected an RSA public key in PEM format, which begins with -----BEGIN PUBLIC KEY-----")?;
    let parsed = ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, der);
    parsed.map(drop).map_err(|_| "the PEM contains no RSA public key with at least 2048 bits")
}

/// The decoded content between the lines. It is not checked to be a key.
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
    fn text_that_is_not_a_public_key_is_rejected() {
        for text in ["", "ssh-rsa AAAA", "-----BEGIN PRIVATE KEY-----\nMC4=\n-----END PRIVATE KEY-----"] {
            assert!(check_rsa_public_key(text).unwrap_err().starts_with("expected"), "{text}");
        }
        let broken = "-----BEGIN PUBLIC KEY-----\nMC4=\n-----END PUBLIC KEY-----";
        assert!(check_rsa_public_key(broken).unwrap_err().starts_with("the PEM contains no"));
    }
}
