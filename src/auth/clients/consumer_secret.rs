//! The secret that an application signs with in OAuth 1.0a. The gateway can open it, because HMAC requires it in clear.
//!
//! A database dump together with the master key therefore opens it, so no user's credential may depend on it. An
//! application that is bound to a user signs with a separate secret; the credential is sealed under its client secret
//! and under the second part of its consumer key, of which the store contains only hashes. An application that is not
//! bound to a user signs with its client secret.
//!
//! ```text
//! consumer key = client id ["." token of kind consumer_key]     the second part only for trusted applications
//! ```
//!
//! In: the master key, the row of an application. Out: the secret. Must not know: signatures.

use crate::secret::{Aad, Keyring, Sealed, SecretError, Token, TokenKind};
use crate::store::StoredToken;

/// Seals the secret that an application signs with.
///
/// # Errors
/// If the operating system provides no randomness.
pub fn seal_consumer_secret(keyring: &Keyring, row: &StoredToken, secret: &Token) -> Result<Sealed, SecretError> {
    keyring.seal(secret.expose().as_bytes(), &aad(row))
}

/// Opens the secret that an application signs with; `None` if it has none.
///
/// # Errors
/// If it was altered or belongs to another application, or if its master key is missing.
pub fn open_consumer_secret(keyring: &Keyring, row: &StoredToken) -> Result<Option<Token>, SecretError> {
    let Some(sealed) = row.application.as_ref().and_then(|terms| terms.consumer_secret.as_ref()) else {
        return Ok(None);
    };
    let opened = keyring.open(sealed, &aad(row))?;
    let text = std::str::from_utf8(&opened).map_err(|_| SecretError::Altered)?;
    let parse = |kind| Token::parse(kind, text);
    let token = parse(TokenKind::ConsumerSecret).or_else(|| parse(TokenKind::ClientSecret));
    token.map(Some).ok_or(SecretError::Altered)
}

fn aad(row: &StoredToken) -> Aad {
    let client_id = row.application.as_ref().map_or("", |terms| &terms.client_id);
    Aad::new("consumer secret").with(row.id.as_bytes()).with(client_id.as_bytes())
}
