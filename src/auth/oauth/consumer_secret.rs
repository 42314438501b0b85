//! The secret of an application that signs as OAuth 1 says: kept readable for the gateway, because HMAC needs it in clear.
//!
//! Who has a dump *and* the master key can read it, and with it the credential of the user whom the application is bound
//! to. That is so for applications with OAuth 1 and for no others.
//!
//! In: the master key, an application's row. Out: its secret. Must not know: signatures.

use crate::secret::{Aad, Keyring, Sealed, SecretError, Token, TokenKind};
use crate::store::StoredToken;

/// Seals the secret of an application.
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
    let token = Token::parse(TokenKind::ClientSecret, text);
    token.map(Some).ok_or(SecretError::Altered)
}

fn aad(row: &StoredToken) -> Aad {
    let client_id = row.application.as_ref().map_or("", |terms| &terms.client_id);
    Aad::of("consumer secret").with(row.id.as_bytes()).with(client_id.as_bytes())
}
