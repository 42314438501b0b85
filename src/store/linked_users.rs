//! Linked users: an API key can issue login tokens for them. Their grants are wrapped for the key, in addition to its
//! own.
//!
//! In: an API key's row with the grant and wrap of a linked user. Out: the same. Must not know: how wraps are sealed.

use sqlx::AssertSqlSafe;
use time::OffsetDateTime;

use super::audit::AuditEvent;
use super::credential_grants::{lock_grants, shred};
use super::stored_token::{SELECT, StoredToken};
use super::transaction::retry;
use super::{Store, StoreError};

impl Store {
    /// Inserts a new grant and links it to an API key.
    ///
    /// # Errors
    /// If the store is not available.
    pub async fn add_link(&self, link: &StoredToken, event: &AuditEvent) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        link.grant.insert(&mut transaction).await?;
        link.insert_wrap(&mut transaction).await?;
        event.insert(&mut transaction).await?;
        transaction.commit().await?;
        event.log();
        Ok(())
    }

    /// Lists an API key's row with each grant that it can use, including its own, the oldest first.
    ///
    /// # Errors
    /// If the store is not available.
    pub async fn links(&self, key: &str, now: OffsetDateTime) -> Result<Vec<StoredToken>, StoreError> {
        let rows = retry!(
            self.connection_lost,
            sqlx::query(AssertSqlSafe(format!("{SELECT} WHERE t.id = $2 ORDER BY g.created_at, g.id")))
                .bind(now.unix_timestamp())
                .bind(key.to_owned())
                .fetch_all(&self.pool)
        )?;
        rows.iter().map(StoredToken::from_row).collect()
    }

    /// Removes a linked grant from an API key, with the user's login tokens that it issued, and shreds the
    /// credential. Returns `false` if the grant is not linked or is the key's own.
    ///
    /// # Errors
    /// If the store is not available.
    pub async fn remove_link(&self, key: &str, grant: &str, event: &AuditEvent) -> Result<bool, StoreError> {
        let remove = "DELETE FROM wraps WHERE token_id IN (SELECT id FROM tokens WHERE id = $1 \
                      OR (account_id = $1 AND kind = 'previous_api_key')) AND grant_id = $2 \
                      AND NOT EXISTS (SELECT 1 FROM tokens WHERE id = $1 AND grant_id = $2)";
        let mut transaction = self.begin().await?;
        lock_grants(key, &mut transaction).await?;
        for statement in [remove, "DELETE FROM tokens WHERE account_id = $1 AND grant_id = $2"] {
            let deleted = sqlx::query(statement).bind(key.to_owned()).bind(grant.to_owned());
            let deleted = deleted.execute(&mut *transaction).await?;
            if statement == remove && deleted.rows_affected() == 0 {
                transaction.rollback().await?;
                return Ok(false);
            }
        }
        shred(&[grant.to_owned()], &mut transaction).await?;
        event.insert(&mut transaction).await?;
        transaction.commit().await?;
        event.log();
        Ok(true)
    }
}
