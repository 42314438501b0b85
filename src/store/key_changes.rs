//! Changes of API keys: another scope, another secret, and until when the previous one works.
//!
//! In: rows before and after, sealed again. Out: whether they were stored. Must not know: secrets, how wraps are
//! sealed.

use sqlx::{AnyConnection, Row as _};
use time::OffsetDateTime;

use super::audit::AuditEvent;
use super::credential_grants::{grant_ids, lock_grants, shred};
use super::rewrap::Rewrap;
use super::stored_token::StoredToken;
use super::transaction::retry;
use super::{Store, StoreError};

/// An API key with another secret.
#[derive(Debug)]
pub struct KeyRotation<'a> {
    /// The row before, and the number of grants that it could use.
    pub before: (&'a StoredToken, usize),
    /// The row with the new secret, for the grant of the key's own user, which may be new.
    pub after: &'a StoredToken,
    /// The same row for the grant of each linked user.
    pub links: &'a [StoredToken],
    /// The row of the previous secret, for each grant that it can use, the key's own first. Empty: it stops working.
    pub previous: &'a [StoredToken],
}

/// Locks an API key. Returns `false` if it was sealed again since it was read, so that what was sealed since then would
/// not fit.
pub(super) async fn lock_unchanged(key: &StoredToken, connection: &mut AnyConnection) -> Result<bool, StoreError> {
    lock_grants(&key.id, connection).await?;
    let lock = sqlx::query("UPDATE tokens SET last_used_at = last_used_at WHERE id = $1").bind(key.id.clone());
    lock.execute(&mut *connection).await?;
    let count = "SELECT count(*) FROM wraps WHERE token_id = $1 AND grant_id = $2 AND blob = $3";
    let count = sqlx::query(count).bind(key.id.clone()).bind(key.grant.id.clone()).bind(key.wrap.0.clone());
    Ok(count.fetch_one(connection).await?.try_get::<i64, _>(0)? > 0)
}

/// Whether a locked API key or application can use this number of grants: a link that was made since they were read is
/// not sealed for the change.
pub(super) async fn has_grants(key: &str, grants: usize, connection: &mut AnyConnection) -> Result<bool, StoreError> {
    let count = sqlx::query("SELECT count(*) FROM wraps WHERE token_id = $1").bind(key.to_owned());
    let count: i64 = count.fetch_one(connection).await?.try_get(0)?;
    Ok(usize::try_from(count) == Ok(grants))
}

impl Store {
    /// Stores the scope and the terms of login tokens of an API key, with wraps that are sealed for them. `before`:
    /// the row, and the number of grants that it could use. Returns `false` if the key was changed, linked, or deleted
    /// in the meantime.
    ///
    /// # Errors
    /// If the store is not available.
    pub async fn update_key(
        &self,
        (before, grants): (&StoredToken, usize),
        after: &StoredToken,
        wraps: &[Rewrap],
        event: &AuditEvent,
    ) -> Result<bool, StoreError> {
        let mut transaction = self.begin().await?;
        let mut is_unchanged =
            lock_unchanged(before, &mut transaction).await? && has_grants(&before.id, grants, &mut transaction).await?;
        for wrap in wraps {
            is_unchanged = is_unchanged && wrap.replace(&mut transaction).await?;
        }
        if !is_unchanged {
            transaction.rollback().await?;
            return Ok(false);
        }
        let scope = sqlx::query("UPDATE tokens SET scope = $1 WHERE id = $2");
        scope.bind(after.scope.clone()).bind(after.id.clone()).execute(&mut *transaction).await?;
        if let Some(terms) = &after.key {
            let update = "UPDATE api_keys SET open_to_all_users = $1, login_token_days = $2 WHERE token_id = $3";
            let update = sqlx::query(update)
                .bind(i64::from(terms.open_to_all_users))
                .bind(terms.login_token_days.map(i64::from))
                .bind(after.id.clone());
            update.execute(&mut *transaction).await?;
        }
        event.insert(&mut transaction).await?;
        transaction.commit().await?;
        event.log();
        Ok(true)
    }

    /// Replaces the secret of an API key. Secrets before the previous one stop working. Returns `false` if the key was
    /// changed, linked, or deleted in the meantime.
    ///
    /// # Errors
    /// If the store is not available.
    pub async fn rotate_key(&self, rotation: &KeyRotation<'_>, event: &AuditEvent) -> Result<bool, StoreError> {
        let KeyRotation { before: (before, grants), after, links, previous } = rotation;
        let mut transaction = self.begin().await?;
        let is_unchanged = lock_unchanged(before, &mut transaction).await?
            && has_grants(&before.id, *grants, &mut transaction).await?;
        if !is_unchanged {
            transaction.rollback().await?;
            return Ok(false);
        }
        if after.grant.id != before.grant.id {
            after.grant.insert(&mut transaction).await?;
        }
        let replace = "UPDATE tokens SET token_index = $1, index_kid = $2, shown = $3, grant_id = $4 WHERE id = $5";
        let replace = sqlx::query(replace)
            .bind(after.index.hash.to_vec())
            .bind(after.index.key.to_string())
            .bind(after.display_prefix.clone())
            .bind(after.grant.id.clone())
            .bind(after.id.clone());
        replace.execute(&mut *transaction).await?;
        let delete = sqlx::query("DELETE FROM tokens WHERE account_id = $1 AND kind = 'previous_api_key'");
        delete.bind(after.id.clone()).execute(&mut *transaction).await?;
        let unwrap = sqlx::query("DELETE FROM wraps WHERE token_id = $1 RETURNING grant_id").bind(after.id.clone());
        let grants = grant_ids(&unwrap.fetch_all(&mut *transaction).await?)?;
        for row in std::iter::once(*after).chain(*links) {
            row.insert_wrap(&mut transaction).await?;
        }
        if let Some((own, others)) = previous.split_first() {
            own.insert(&mut transaction).await?;
            for row in others {
                row.insert_wrap(&mut transaction).await?;
            }
        }
        shred(&grants, &mut transaction).await?;
        event.insert(&mut transaction).await?;
        transaction.commit().await?;
        event.log();
        Ok(true)
    }

    /// When the previous secret of an API key ends, in seconds since 1970; `None` if it has none that works.
    ///
    /// # Errors
    /// If the store is not available.
    pub async fn previous_secret_end(&self, key: &str, now: OffsetDateTime) -> Result<Option<i64>, StoreError> {
        let select =
            "SELECT not_after FROM tokens WHERE account_id = $1 AND kind = 'previous_api_key' AND not_after > $2";
        let found = retry!(
            self.connection_lost,
            sqlx::query(select).bind(key.to_owned()).bind(now.unix_timestamp()).fetch_optional(&self.pool)
        )?;
        Ok(found.map(|row| row.try_get("not_after")).transpose()?)
    }
}
