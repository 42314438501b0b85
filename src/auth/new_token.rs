//! New tokens, with the Odoo credential of their user sealed under them.
//!
//! In: a user whom Odoo has just verified, the terms of the token. Out: the row to store, and the token to show once.
//! Must not know: why it is issued.

use secrecy::SecretString;

use super::key_provider::{KeyProvider, KeySet, KeySetError};
use crate::clock::Clock;
use crate::names::DatabaseName;
use crate::odoo::Uid;
use crate::secret::{DataKey, Sealed, Token, TokenKind};
use crate::store::{Grant, KeyTerms, StoredToken, random_id};

/// The user and the terms of a new token.
#[derive(Debug)]
pub struct NewToken {
    /// The kind.
    pub kind: TokenKind,
    /// The database.
    pub database: DatabaseName,
    /// The user's id in Odoo.
    pub uid: Uid,
    /// The user's login.
    pub login: String,
    /// The user's password or API key, which Odoo has accepted.
    pub secret: SecretString,
    /// The scope, as JSON.
    pub scope: String,
    /// The Unix time at which it expires.
    pub not_after: Option<i64>,
    /// Idle timeout in seconds.
    pub idle_seconds: Option<i64>,
    /// The name and the limits of an API key.
    pub key: Option<KeyTerms>,
}

/// Generates a token, and seals the credential with a new data key.
///
/// # Errors
/// If there is no master key.
pub async fn issue(
    keys: &KeyProvider,
    clock: &Clock,
    new_token: NewToken,
) -> Result<(StoredToken, Token), KeySetError> {
    let token = Token::generate(new_token.kind)?;
    let row = issue_with_token(keys, clock, &token, new_token).await?;
    Ok((row, token))
}

/// As [`issue`], for a token that exists already.
///
/// # Errors
/// If there is no master key.
pub async fn issue_with_token(
    keys: &KeyProvider,
    clock: &Clock,
    token: &Token,
    new_token: NewToken,
) -> Result<StoredToken, KeySetError> {
    let key_set = keys.for_sealing().await?;
    let user = TokenOwner { database: new_token.database, uid: new_token.uid.get(), login: new_token.login };
    let mut row = unsealed_row(&key_set, token, user, new_token.scope, clock.now().unix_timestamp())?;
    row.not_after = new_token.not_after;
    row.idle_seconds = new_token.idle_seconds;
    row.key = new_token.key;
    seal_credential(&key_set, token, &mut row, &new_token.secret)?;
    Ok(row)
}

/// The user whose rights apply.
#[derive(Debug)]
pub struct TokenOwner {
    /// The database.
    pub database: DatabaseName,
    /// The user's id in Odoo; 0: no user.
    pub uid: i64,
    /// The user's login.
    pub login: String,
}

/// The row of a new token, without a sealed credential.
///
/// # Errors
/// If the operating system provides no randomness.
pub fn unsealed_row(
    key_set: &KeySet,
    token: &Token,
    user: TokenOwner,
    scope: String,
    now: i64,
) -> Result<StoredToken, KeySetError> {
    let unsealed = || Sealed(Vec::new());
    Ok(StoredToken {
        id: random_id()?,
        kind: token.kind(),
        index: token.index(&key_set.index),
        display_prefix: token.display_prefix(),
        account: None,
        scope,
        account_scope: None,
        created_at: now,
        not_after: None,
        idle_seconds: None,
        last_used_at: None,
        last_address: None,
        disabled_at: None,
        is_account_inactive: false,
        account_not_after: None,
        account_wrap: None,
        key: None,
        application: None,
        oauth: None,
        grant: Grant {
            id: random_id()?,
            database: user.database.to_string(),
            uid: user.uid,
            login: user.login,
            credential: unsealed(),
            created_at: now,
        },
        wrap: unsealed(),
    })
}

/// Seals a credential under the row's token, with a new data key.
///
/// # Errors
/// If the operating system provides no randomness.
pub fn seal_credential(
    key_set: &KeySet,
    token: &Token,
    row: &mut StoredToken,
    secret: &SecretString,
) -> Result<(), KeySetError> {
    let data_key = DataKey::generate()?;
    row.grant.credential = data_key.seal_credential(row.grant.facts(), secret)?;
    row.wrap = data_key.wrap(&key_set.keyring, token, row.facts(&row.terms()), row.grant.facts())?;
    Ok(())
}
