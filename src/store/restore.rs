//! The end of everything that was issued, after a backup was put back.
//!
//! In: nothing. Out: no token that works. Must not know: what was revoked since the backup; nobody does.

use super::audit::Act;
use super::tokens::Rewrap;
use super::{Store, StoreError};

/// What was ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ended {
    /// API keys and applications that were on and are off.
    pub keys: u64,
    /// Tokens that are gone, with the credentials that only they opened.
    pub tokens: u64,
}

impl Store {
    /// Switches every API key and application off, with wraps that are sealed for that, and deletes every other token.
    ///
    /// # Errors
    /// When the store does not answer; nothing was ended then.
    pub async fn end_everything(&self, wraps: &[Rewrap], act: &Act) -> Result<Ended, StoreError> {
        let mut transaction = self.begin().await?;
        let off =
            "UPDATE tokens SET disabled_at = $1 WHERE kind IN ('api_key', 'client_secret') AND disabled_at IS NULL";
        let keys = sqlx::query(off).bind(act.at).execute(&mut *transaction).await?.rows_affected();
        for wrap in wraps {
            wrap.replace(&mut transaction).await?;
        }
        let delete = "DELETE FROM tokens WHERE kind NOT IN ('api_key', 'client_secret', 'consumer_key')";
        let tokens = sqlx::query(delete).execute(&mut *transaction).await?.rows_affected();
        let shred = "DELETE FROM grants WHERE NOT EXISTS (SELECT 1 FROM wraps WHERE wraps.grant_id = grants.id)";
        sqlx::query(shred).execute(&mut *transaction).await?;
        act.insert(&mut transaction).await?;
        transaction.commit().await?;
        act.say();
        Ok(Ended { keys, tokens })
    }
}
