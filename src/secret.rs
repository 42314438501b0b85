//! Cryptography for secrets at rest: tokens, sealed credentials, and the keys that seal them. See docs/security.md.
//!
//! ```text
//! token               tokens in clear: generated, parsed
//! token_index         the keyed hash that finds a token
//! access_jwt          OAuth 2 access tokens as JSON Web Tokens, and the keys that sign them
//! login_jwt           login tokens: JSON Web Tokens with a secret inside
//! strict_jwt          strict decoding of JSON Web Tokens
//! rsa_public_key      the public key of an application that signs with RSA
//! seal                one sealed value: XChaCha20-Poly1305 with a key id and associated data
//! kdf                 key derivation: HKDF-SHA256
//! keys                master keys, derived keys, keys of the installation
//! csrf                the MAC inside a CSRF token
//! idempotency_keys    the keys of one request with `Idempotency-Key`
//! wrap                a grant's data key, wrapped for each token
//! successor           a secret that is sealed under the one that it replaces
//! master_key_sources  sources of master keys: systemd credential, command, file, environment
//! key_command         the command that prints master keys
//! writable_folder     whether a file could be created
//! ```
//!
//! An Odoo credential is sealed under its own data key. The data key is stored once for each token that may use it,
//! sealed under the *token* and again under the master key. So a copy of the store opens nothing, a copy with the
//! master key opens no credential without a valid token, and an attacker who can write to the store cannot move a
//! value to another row.
//!
//! Consumer secrets of OAuth 1.0a are sealed under the master key alone, because signatures can only be verified with
//! the secret in clear. They open no credential: an application that is bound to a user signs with another secret
//! than those that open its credential (see `auth/clients/consumer_secret.rs`).
//!
//! In: random numbers of the operating system, key files. Out: blobs and hashes for the store. Must not know: tables,
//! Odoo, HTTP.

mod access_jwt;
mod csrf;
mod idempotency_keys;
mod kdf;
mod key_command;
mod keys;
mod login_jwt;
mod master_key_sources;
mod rsa_public_key;
mod seal;
mod strict_jwt;
mod successor;
mod token;
mod token_index;
mod wrap;
mod writable_folder;

pub use access_jwt::{AccessClaims, AccessTokenKeys, PublicKey};
pub use idempotency_keys::{IdempotencyKey, IdempotencyRootKey};
pub use key_command::run_key_command;
pub use keys::{Keyring, MasterKey, SealedPair, reseal_stored_key};
pub use login_jwt::{LoginClaims, LoginTokenKey};
pub use master_key_sources::{KeySource, KeySources};
pub use rsa_public_key::{check_rsa_public_key, rsa_public_key_der};
pub use seal::{Aad, KeyId, Sealed};
pub use token::{Token, TokenKind};
pub use token_index::{IndexKey, TokenIndex};
pub use wrap::{DataKey, GrantFacts, TokenFacts};
pub use writable_folder::check_can_create;

use std::path::PathBuf;

use rand::TryRng as _;
use zeroize::Zeroizing;

/// Whether a text has the header of a JSON Web Token that the gateway issues. Nothing is verified: this distinguishes
/// tokens from passwords.
#[must_use]
pub fn has_gateway_jwt_header(text: &str) -> bool {
    access_jwt::has_header(text) || login_jwt::has_header(text)
}

/// Why a secret cannot be generated, sealed or opened. No message contains a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// The operating system provides no random numbers.
    #[error("the operating system provides no random numbers: {0}")]
    NoRandomness(String),
    /// The sealed value is malformed, was changed, or belongs to another row.
    #[error("a sealed value was changed, or belongs to another row")]
    Altered,
    /// The master key that sealed it is not loaded.
    #[error("a value is sealed under master key {0}, which is not loaded; restore the file that contains this key")]
    UnknownKey(KeyId),
    /// The key file cannot be used.
    #[error("the master key in {} cannot be used: {wrong}", file.display())]
    KeyFile {
        /// The file.
        file: PathBuf,
        /// What is wrong, with a remedy.
        wrong: String,
    },
    /// The command that prints the keys failed.
    #[error("secrets.master_key_command: {program:?} failed: {wrong}")]
    KeyCommand {
        /// The program, without its arguments.
        program: String,
        /// What is wrong.
        wrong: String,
    },
    /// The text is not a master key.
    #[error("{source_name} contains no master key: {wrong}")]
    NotAKey {
        /// Where the text is from.
        source_name: String,
        /// What is wrong.
        wrong: &'static str,
    },
    /// There is no master key, and none may be created.
    #[error("no master key: {0}")]
    NoKey(String),
}

impl SecretError {
    /// Whether the master key is the problem, and not the sealed value.
    #[must_use]
    pub fn is_master_key_error(&self) -> bool {
        match self {
            Self::UnknownKey(_)
            | Self::KeyFile { .. }
            | Self::KeyCommand { .. }
            | Self::NotAKey { .. }
            | Self::NoKey(_) => true,
            Self::NoRandomness(_) | Self::Altered => false,
        }
    }
}

/// 256 random bits in hexadecimal.
///
/// # Errors
/// If the operating system provides no random numbers.
pub fn random_hex() -> Result<Zeroizing<String>, SecretError> {
    random_key().map(|bits| hex(bits.as_slice()))
}

/// Random bytes, for a value in another format.
///
/// # Errors
/// If the operating system provides no random numbers.
pub fn random_bytes<const N: usize>() -> Result<Zeroizing<[u8; N]>, SecretError> {
    let mut bytes = Zeroizing::new([0; N]);
    fill(bytes.as_mut_slice())?;
    Ok(bytes)
}

/// 256 random bits.
fn random_key() -> Result<Zeroizing<[u8; 32]>, SecretError> {
    let mut key = Zeroizing::new([0; 32]);
    fill(key.as_mut_slice())?;
    Ok(key)
}

fn fill(bytes: &mut [u8]) -> Result<(), SecretError> {
    rand::rngs::SysRng.try_fill_bytes(bytes).map_err(|cause| SecretError::NoRandomness(cause.to_string()))
}

const HEX: &[u8; 16] = b"0123456789abcdef";

/// Bytes as lower-case hexadecimal, in memory that is wiped when dropped.
fn hex(bytes: &[u8]) -> Zeroizing<String> {
    let digit = |nibble: u8| HEX.get(usize::from(nibble)).copied().map_or('0', char::from);
    Zeroizing::new(bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect())
}

/// 32 bytes from 64 lower-case hexadecimal digits.
fn unhex(text: &str) -> Option<Zeroizing<[u8; 32]>> {
    let digit = |byte: u8| HEX.iter().position(|digit| *digit == byte).and_then(|value| u8::try_from(value).ok());
    let mut bytes = Zeroizing::new([0; 32]);
    if text.len() != 64 {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        let [high, low] = pair else { return None };
        *byte = digit(*high)? << 4 | digit(*low)?;
    }
    Some(bytes)
}
