//! What must not be known to whoever steals the store: tokens, sealed credentials, the keys above them.
//!
//! ```text
//! token        plain tokens: made, recognised, looked up by a keyed hash
//! access_jwt   access tokens of OAuth 2 as JSON Web Tokens, and the keys that sign them
//! login_token  JSON Web Tokens with such a token inside
//! rsa_key      the public key of an application that signs with RSA
//! seal         one blob: XChaCha20-Poly1305, its key named inside, its surroundings bound
//! keys         master keys and what is derived from them
//! form         the mark of a form of ours
//! repeat       a request that is done once: under what it is found, how its answer is sealed
//! wrap         a grant's data key, for its credential; the data key again for each token
//! key_file     where master keys lie: systemd credential, file or command, environment
//! folder       whether a file could be made, without making it
//! key_command  the command that prints them
//! ```
//!
//! A credential for Odoo is sealed under a data key of its own. The data key is kept once for each token that may use
//! it, sealed under the *token* and again under the master key. So a dump opens nothing, a dump with the master key
//! opens no credential without a living token, and who writes into the store can move nothing to another row.
//!
//! One secret is also kept under the master key alone: what an application signs with by OAuth 1, because signatures can only
//! be verified with the secret in clear. No credential lies behind it: an application that is bound to a user signs with
//! another secret than those that open (see `auth/oauth/consumer_secret.rs`).
//!
//! In: randomness of the operating system, files. Out: blobs and hashes that may be stored. Must not know: tables,
//! Odoo, HTTP.

mod access_jwt;
mod csrf;
mod folder;
mod idempotency_keys;
mod key_command;
mod key_file;
mod keys;
mod login_token;
mod rsa_key;
mod seal;
mod token;
mod wrap;

pub use access_jwt::{AccessClaims, AccessKeys, PublicKey};
pub use folder::can_make;
pub use idempotency_keys::{RepeatKey, RepeatRoot};
pub use key_command::run_key_command;
pub use key_file::{KeySource, KeySources};
pub use keys::{IndexKey, Keyring, MasterKey, SealedPair, reseal_kept};
pub use login_token::{LoginClaims, SigningKey};
pub use rsa_key::{check_rsa_public_key, rsa_public_key_der};
pub use seal::{Aad, KeyId, Sealed};
pub use token::{Token, TokenIndex, TokenKind};
pub use wrap::{DataKey, GrantFacts, TokenFacts};

use std::path::PathBuf;

use rand::TryRng as _;
use zeroize::Zeroizing;

/// Why a secret cannot be made, kept or opened. No message holds one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// The operating system gives no randomness.
    #[error("the operating system gives no randomness: {0}")]
    NoRandomness(String),
    /// The blob is no blob, was altered, or belongs to another row.
    #[error("a sealed value was altered, or belongs elsewhere")]
    Altered,
    /// The key that sealed it is not at hand.
    #[error("sealed under master key {0}, which is not among those at hand; bring its file back")]
    UnknownKey(KeyId),
    /// The key file cannot be trusted or used.
    #[error("the master key in {} cannot be used: {wrong}", file.display())]
    KeyFile {
        /// The file.
        file: PathBuf,
        /// What is wrong, and how to mend it.
        wrong: String,
    },
    /// The command that prints the keys does not work.
    #[error("secrets.master_key_command: {program:?} cannot be used: {wrong}")]
    KeyCommand {
        /// The program, without its arguments.
        program: String,
        /// What is wrong.
        wrong: String,
    },
    /// The text is no master key.
    #[error("{place} holds no master key: {wrong}")]
    NotAKey {
        /// Where it stands.
        place: String,
        /// What is wrong.
        wrong: &'static str,
    },
    /// There is none, and none may be made.
    #[error("there is no master key: {0}")]
    NoKey(String),
}

impl SecretError {
    /// Whether the master key is at fault, and not what it seals.
    #[must_use]
    pub fn is_of_master_key(&self) -> bool {
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

/// A text that nobody guesses: 256 random bits in hexadecimal.
///
/// # Errors
/// When the operating system gives no randomness.
pub fn random_text() -> Result<Zeroizing<String>, SecretError> {
    random_key().map(|bits| hex(bits.as_slice()))
}

/// Random bytes, for what is shown in a form of its own.
///
/// # Errors
/// When the operating system gives no randomness.
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

/// Bytes as lower-case hexadecimal, in memory that is wiped.
fn hex(bytes: &[u8]) -> Zeroizing<String> {
    let digit = |nibble: u8| HEX.get(usize::from(nibble)).copied().map_or('0', char::from);
    Zeroizing::new(bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect())
}

/// 32 bytes from 64 lower-case hexadecimal digits.
fn unhex(text: &str) -> Option<Zeroizing<[u8; 32]>> {
    let digit = |byte: u8| HEX.iter().position(|digit| *digit == byte).and_then(|place| u8::try_from(place).ok());
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
