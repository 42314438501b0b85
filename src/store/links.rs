//! Users who let an API key make login tokens for them: their grants, wrapped for the key beside its own.
//!
//! In: an API key's row with another grant and wrap in the places of its own. Out: the same. Must not know: how a wrap
//! is made.

use sqlx::AssertSqlSafe;
use time::OffsetDateTime;

use super::audit::Act;
use super::grants::{lock_grants_of, shred};
use super::tokens::{SELECT, StoredToken};
use super::transaction::rerun;
use super::{Store, StoreError};

impl Store {
    /// Links a new grant to an API key.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn add_link(&self, link: &StoredToken, act: &Act) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        link.grant.insert(&mut transaction).await?;
        link.insert_wrap(&mut transaction).await?;
        act.insert(&mut transaction).await?;
        transaction.commit().await?;
        act.say();
        Ok(())
    }

    /// An API key's row with each grant it may use, its own too, the oldest first.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn links(&self, key: &str, now: OffsetDateTime) -> Result<Vec<StoredToken>, StoreError> {
        let rows = rerun!(
            self.was_cut,
            sqlx::query(AssertSqlSafe(format!("{SELECT} WHERE t.id = $2 ORDER BY g.created_at, g.id")))
                .bind(now.unix_timestamp())
                .bind(key.to_owned())
                .fetch_all(&self.pool)
        )?;
        rows.iter().map(StoredToken::read).collect()
    }

    /// Takes a grant away from an API key, with the login tokens of that user made with it, and shreds its credential;
    /// `false` when it was not there or is the key's own.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn remove_link(&self, key: &str, grant: &str, act: &Act) -> Result<bool, StoreError> {
        let remove = "DELETE FROM wraps WHERE token_id = $1 AND grant_id = $2 \
                      AND NOT EXISTS (SELECT 1 FROM tokens WHERE id = $1 AND grant_id = $2)";
        let mut transaction = self.begin().await?;
        lock_grants_of(key, &mut transaction).await?;
        for statement in [remove, "DELETE FROM tokens WHERE account_id = $1 AND grant_id = $2"] {
            let done = sqlx::query(statement).bind(key.to_owned()).bind(grant.to_owned());
            let done = done.execute(&mut *transaction).await?;
            if statement == remove && done.rows_affected() == 0 {
                transaction.rollback().await?;
                return Ok(false);
            }
        }
        shred(&[grant.to_owned()], &mut transaction).await?;
        act.insert(&mut transaction).await?;
        transaction.commit().await?;
        act.say();
        Ok(true)
    }
}
