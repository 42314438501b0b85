//! A new token, with its user's credential for Odoo sealed behind it.
//!
//! In: a user whom Odoo has just confirmed, what the token may. Out: the row to keep and the token to show once. Must
//! not know: who asked for it.

use secrecy::SecretString;

use super::key_set::{Vault, VaultError, Vaults};
use crate::clock::Clock;
use crate::names::DatabaseName;
use crate::odoo::Uid;
use crate::secret::{DataKey, Sealed, Token, TokenKind};
use crate::store::{Grant, KeyTerms, StoredToken, random_id};

/// What a new token is to be.
#[derive(Debug)]
pub struct Issue {
    /// What for.
    pub kind: TokenKind,
    /// The database.
    pub database: DatabaseName,
    /// The user.
    pub uid: Uid,
    /// His login.
    pub login: String,
    /// His password or API key, which Odoo has taken.
    pub secret: SecretString,
    /// What it may do, as JSON.
    pub scope: String,
    /// Unix time of its end.
    pub not_after: Option<i64>,
    /// It ends when it is not used for so many seconds.
    pub idle_seconds: Option<i64>,
    /// The limits of an API key.
    pub key: Option<KeyTerms>,
}

/// Makes the token, with a data key of its own.
///
/// # Errors
/// When there is no master key to seal with.
pub async fn issue(vaults: &Vaults, clock: &Clock, wanted: Issue) -> Result<(StoredToken, Token), VaultError> {
    let token = Token::generate(wanted.kind)?;
    let row = keep(vaults, clock, &token, wanted).await?;
    Ok((row, token))
}

/// The row of a token that is there already, with a data key of its own.
///
/// # Errors
/// When there is no master key to seal with.
pub async fn keep(vaults: &Vaults, clock: &Clock, token: &Token, wanted: Issue) -> Result<StoredToken, VaultError> {
    let vault = vaults.for_sealing().await?;
    let user = User { database: wanted.database, uid: wanted.uid.get(), login: wanted.login };
    let mut row = blank(&vault, token, user, wanted.scope, clock.now().unix_timestamp())?;
    row.not_after = wanted.not_after;
    row.idle_seconds = wanted.idle_seconds;
    row.key = wanted.key;
    seal(&vault, token, &mut row, &wanted.secret)?;
    Ok(row)
}

/// Whose rights apply.
#[derive(Debug)]
pub struct User {
    /// The database.
    pub database: DatabaseName,
    /// The user at Odoo; 0: nobody.
    pub uid: i64,
    /// His login.
    pub login: String,
}

/// A row for a new token, not yet sealed.
///
/// # Errors
/// When the operating system gives no randomness.
pub fn blank(vault: &Vault, token: &Token, user: User, scope: String, now: i64) -> Result<StoredToken, VaultError> {
    let unsealed = || Sealed(Vec::new());
    Ok(StoredToken {
        id: random_id()?,
        kind: token.kind(),
        index: token.index(&vault.index),
        shown: token.shown(),
        account: None,
        scope,
        created_at: now,
        not_after: None,
        idle_seconds: None,
        last_used_at: None,
        disabled_at: None,
        account_ended: false,
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

/// Seals a credential behind the row's token, with a data key of its own.
///
/// # Errors
/// When the operating system gives no randomness.
pub fn seal(vault: &Vault, token: &Token, row: &mut StoredToken, secret: &SecretString) -> Result<(), VaultError> {
    let data_key = DataKey::generate()?;
    row.grant.credential = data_key.seal_credential(row.grant.facts(), secret)?;
    row.wrap = data_key.wrap(&vault.keyring, token, row.facts(&row.terms()), row.grant.facts())?;
    Ok(())
}
