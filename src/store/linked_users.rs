//! Linked users: an API key can issue login tokens for them. Their grants are wrapped for the key, in addition to its
//! own.
//!
//! In: an API key's row with the grant and wrap of a linked user. Out: the same. Must not know: how wraps are sealed.

use sqlx::{AnyConnection, AssertSqlSafe};
use time::OffsetDateTime;

use super::audit::AuditEvent;
use super::credential_grants::{grant_ids, lock_grants, shred};
use super::key_changes::lock_unchanged;
use super::stored_token::{SELECT, StoredToken};
use super::transaction::retry;
use super::{Store, StoreError};

impl Store {
    /// Inserts a new grant and links it to an API key. `key`: the key's own row, for whose secret and terms the link is
    /// sealed. Returns `false` if the key was changed or deleted in the meantime.
    ///
    /// # Errors
    /// If the store is not available.
    pub async fn add_link(
        &self,
        key: &StoredToken,
        link: &StoredToken,
        event: &AuditEvent,
    ) -> Result<bool, StoreError> {
        let mut transaction = self.begin().await?;
        if !lock_unchanged(key, &mut transaction).await? {
            transaction.rollback().await?;
            return Ok(false);
        }
        link.grant.insert(&mut transaction).await?;
        link.insert_wrap(&mut transaction).await?;
        event.insert(&mut transaction).await?;
        transaction.commit().await?;
        event.log();
        Ok(true)
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

    /// Removes a linked grant from an API key, with the user's login tokens that it issued and those that the link
    /// entitled the user to create, and shreds the credentials. Returns `false` if the grant is not linked or is the
    /// key's own.
    ///
    /// # Errors
    /// If the store is not available.
    pub async fn remove_link(&self, key: &str, grant: &str, event: &AuditEvent) -> Result<bool, StoreError> {
        let remove = "DELETE FROM wraps WHERE token_id IN (SELECT id FROM tokens WHERE id = $1 \
                      OR (account_id = $1 AND kind = 'previous_api_key')) AND grant_id = $2 \
                      AND NOT EXISTS (SELECT 1 FROM tokens WHERE id = $1 AND grant_id = $2)";
        let mut transaction = self.begin().await?;
        lock_grants(key, &mut transaction).await?;
        let removed = sqlx::query(remove).bind(key.to_owned()).bind(grant.to_owned());
        if removed.execute(&mut *transaction).await?.rows_affected() == 0 {
            transaction.rollback().await?;
            return Ok(false);
        }
        let mut grants = lock_grants_without_entitlement(key, grant, &mut transaction).await?;
        grants.push(grant.to_owned());
        for grant in &grants {
            let delete = sqlx::query("DELETE FROM tokens WHERE account_id = $1 AND grant_id = $2");
            delete.bind(key.to_owned()).bind(grant.clone()).execute(&mut *transaction).await?;
        }
        shred(&grants, &mut transaction).await?;
        event.insert(&mut transaction).await?;
        transaction.commit().await?;
        event.log();
        Ok(true)
    }
}

/// Locks the grants of login tokens that the user of `grant` created with an API key and may not create any more: the
/// key is not open to all users, and the user has no other link with it.
async fn lock_grants_without_entitlement(
    key: &str,
    grant: &str,
    connection: &mut AnyConnection,
) -> Result<Vec<String>, StoreError> {
    let lock = "UPDATE grants SET uid = uid WHERE id IN ( \
                SELECT l.id FROM tokens t JOIN grants l ON l.id = t.grant_id \
                JOIN grants g ON g.database_name = l.database_name AND g.uid = l.uid \
                WHERE t.account_id = $1 AND t.kind = 'login_token' AND g.id = $2) \
                AND NOT EXISTS (SELECT 1 FROM api_keys WHERE token_id = $1 AND open_to_all_users = 1) \
                AND NOT EXISTS (SELECT 1 FROM wraps w JOIN grants o ON o.id = w.grant_id \
                JOIN grants g ON g.database_name = o.database_name AND g.uid = o.uid \
                WHERE w.token_id = $1 AND g.id = $2) RETURNING id AS grant_id";
    let lock = sqlx::query(lock).bind(key.to_owned()).bind(grant.to_owned());
    grant_ids(&lock.fetch_all(connection).await?)
}
