//! What an application signs with by OAuth 1: kept readable for the gateway, because HMAC needs it in clear.
//!
//! A dump and the master key open it. So no user's credential may lie behind it: an application that is bound to a user
//! signs with a secret of its own, and the credential lies behind its client secret and behind the second part of its
//! consumer key, of which the store has hashes only. An application that is bound to nobody signs with its client secret.
//!
//! ```text
//! consumer key = client id ["." token of kind consumer_key]     the second part only where the application is trusted
//! ```
//!
//! In: the master key, an application's row. Out: what it signs with. Must not know: signatures.

use crate::secret::{Aad, Keyring, Sealed, SecretError, Token, TokenKind};
use crate::store::StoredToken;

/// Seals what an application signs with.
///
/// # Errors
/// When the operating system gives no randomness.
pub fn seal_consumer_secret(keyring: &Keyring, row: &StoredToken, secret: &Token) -> Result<Sealed, SecretError> {
    keyring.seal(secret.expose().as_bytes(), &aad(row))
}

/// Opens it again; `None` where none is kept.
///
/// # Errors
/// When it was altered or belongs to another application, or its master key is not at hand.
pub fn open_consumer_secret(keyring: &Keyring, row: &StoredToken) -> Result<Option<Token>, SecretError> {
    let Some(sealed) = row.application.as_ref().and_then(|terms| terms.consumer_secret.as_ref()) else {
        return Ok(None);
    };
    let opened = keyring.open(sealed, &aad(row))?;
    let text = std::str::from_utf8(&opened).map_err(|_| SecretError::Altered)?;
    let of_kind = |kind| Token::parse(kind, text);
    let token = of_kind(TokenKind::ConsumerSecret).or_else(|| of_kind(TokenKind::ClientSecret));
    token.map(Some).ok_or(SecretError::Altered)
}

fn aad(row: &StoredToken) -> Aad {
    let client_id = row.application.as_ref().map_or("", |terms| &terms.client_id);
    Aad::of("consumer secret").with(row.id.as_bytes()).with(client_id.as_bytes())
}
