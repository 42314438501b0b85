//! Queries for tokens.
//!
//! In: ids and keyed hashes of tokens. Out: [`StoredToken`]. Must not know: tokens in clear, how wraps are opened.

use std::sync::LazyLock;

use sqlx::any::AnyArguments;
use sqlx::query::Query;
use sqlx::{Any, AssertSqlSafe, Row as _};
use time::OffsetDateTime;
use tokio::time::timeout;

use super::audit::AuditEvent;
use super::connect::Backend;
use super::credential_grants::{grant_ids, lock_grants, shred};
use super::key_changes::has_grants;
use super::like_pattern::{containing, is_containing};
use super::rewrap::Rewrap;
use super::stored_token::{OWN, SECONDS_BETWEEN_TOUCHES, SELECT, StoredToken, TokenUse};
use super::transaction::retry;
use super::{Store, StoreError};
use crate::secret::{TokenIndex, TokenKind};

/// The query for the hashes of a token under the newest index key and the previous one.
static BY_INDEX: LazyLock<String> =
    LazyLock::new(|| format!("{SELECT} WHERE {OWN} AND o.spent_at IS NULL AND t.token_index IN ($2, $3)"));

/// The rows of one page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RowRange {
    /// How many rows come before.
    pub offset: i64,
    /// The most rows.
    pub limit: i64,
}

/// Restricts rows to API keys or applications that contain a text: `$3` as a pattern, `$4` as it is.
fn is_found(backend: &Backend) -> String {
    let columns = ["k.name", "g.login", "t.shown", "p.client_id"];
    let contains = columns.map(|column| is_containing(backend, column, "$3")).join(" OR ");
    format!("t.kind = $2 AND ({contains} OR t.id = $4)")
}

/// Updates the last use, unless it is recent. An unknown address does not replace a known one.
fn touch(used: &TokenUse) -> Query<'static, Any, AnyArguments> {
    let touch = "UPDATE tokens SET last_used_at = $1, last_address = coalesce($4, last_address) \
                 WHERE id = $2 AND (last_used_at IS NULL OR last_used_at <= $3)";
    let query = sqlx::query(touch).bind(used.at).bind(used.token.clone()).bind(used.at - SECONDS_BETWEEN_TOUCHES);
    query.bind(used.address.map(|address| address.to_string()))
}

impl Store {
    /// Inserts a token for a grant that already exists.
    ///
    /// # Errors
    /// If the store is not available or the grant does not exist any more.
    pub async fn add_token_for_grant(&self, token: &StoredToken, event: &AuditEvent) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        token.insert(&mut transaction).await?;
        event.insert(&mut transaction).await?;
        transaction.commit().await?;
        event.log();
        Ok(())
    }

    /// Inserts a token with a new grant.
    ///
    /// # Errors
    /// [`StoreError::NameTaken`] if another API key has the name; if the store is not available.
    pub async fn add_token(&self, token: &StoredToken, event: &AuditEvent) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        token.grant.insert(&mut transaction).await?;
        token.insert(&mut transaction).await?;
        event.insert(&mut transaction).await?;
        transaction.commit().await?;
        event.log();
        Ok(())
    }

    /// Finds the token with this index, active or not.
    ///
    /// # Errors
    /// If the store is not available.
    pub async fn find_token(&self, index: TokenIndex, now: OffsetDateTime) -> Result<Option<StoredToken>, StoreError> {
        let hashes = [index.hash, index.previous.unwrap_or(index.hash)];
        let query = || {
            let query = sqlx::query(AssertSqlSafe(BY_INDEX.as_str())).bind(now.unix_timestamp());
            hashes.iter().fold(query, |query, hash| query.bind(hash.to_vec()))
        };
        // A token has one row. Not asking for a second one saves a round trip to the SQLite thread.
        let row = retry!(self.connection_lost, query().fetch_optional(&self.pool))?;
        row.as_ref().map(StoredToken::from_row).transpose()
    }

    /// Finds the token with this id, active or not.
    ///
    /// # Errors
    /// If the store is not available.
    pub async fn token(&self, id: &str, now: OffsetDateTime) -> Result<Option<StoredToken>, StoreError> {
        let select = || AssertSqlSafe(format!("{SELECT} WHERE {OWN} AND t.id = $2"));
        let query = || sqlx::query(select()).bind(now.unix_timestamp()).bind(id.to_owned());
        let row = retry!(self.connection_lost, query().fetch_optional(&self.pool))?;
        row.as_ref().map(StoredToken::from_row).transpose()
    }

    /// Finds the API key or application with this id or name, active or not.
    ///
    /// # Errors
    /// If the store is not available.
    pub async fn account(
        &self,
        kind: TokenKind,
        name_or_id: &str,
        now: OffsetDateTime,
    ) -> Result<Option<StoredToken>, StoreError> {
        let ids = "SELECT CAST($3 AS TEXT) UNION SELECT token_id FROM api_keys WHERE name = $3";
        let select = || AssertSqlSafe(format!("{SELECT} WHERE {OWN} AND t.kind = $2 AND t.id IN ({ids})"));
        let query = || sqlx::query(select()).bind(now.unix_timestamp()).bind(kind.as_str()).bind(name_or_id.to_owned());
        let rows = retry!(self.connection_lost, query().fetch_all(&self.pool))?;
        let rows: Vec<StoredToken> = rows.iter().map(StoredToken::from_row).collect::<Result<_, _>>()?;
        // A name may look like an id.
        let by_id = rows.iter().position(|row| row.id == name_or_id).unwrap_or_default();
        Ok(rows.into_iter().nth(by_id))
    }

    /// Moves a token from the previous index key to the newest one.
    ///
    /// # Errors
    /// If the store is not available.
    pub async fn reindex_token(&self, index: TokenIndex) -> Result<(), StoreError> {
        let Some(previous) = index.previous else { return Ok(()) };
        retry!(
            self.connection_lost,
            sqlx::query("UPDATE tokens SET token_index = $1, index_kid = $2 WHERE token_index = $3")
                .bind(index.hash.to_vec())
                .bind(index.key.to_string())
                .bind(previous.to_vec())
                .execute(&self.pool)
        )?;
        Ok(())
    }

    /// Lists all tokens of a kind, the oldest first.
    ///
    /// # Errors
    /// If the store is not available.
    pub async fn tokens(&self, kind: TokenKind, now: OffsetDateTime) -> Result<Vec<StoredToken>, StoreError> {
        let rows = retry!(
            self.connection_lost,
            sqlx::query(AssertSqlSafe(format!("{SELECT} WHERE {OWN} AND t.kind = $2 ORDER BY t.created_at, t.id")))
                .bind(now.unix_timestamp())
                .bind(kind.as_str())
                .fetch_all(&self.pool)
        )?;
        rows.iter().map(StoredToken::from_row).collect()
    }

    /// One page of the API keys or applications whose name, login, first characters or client id contain `text` in any
    /// case, or whose id it is; by name. Also returns how many there are on all pages.
    ///
    /// # Errors
    /// If the store is not available.
    pub async fn search_accounts(
        &self,
        kind: TokenKind,
        text: &str,
        page: RowRange,
        now: OffsetDateTime,
    ) -> Result<(Vec<StoredToken>, u64), StoreError> {
        let bind = |sql: String| {
            let query = sqlx::query(AssertSqlSafe(sql)).bind(now.unix_timestamp()).bind(kind.as_str().to_owned());
            query.bind(containing(&self.backend, text)).bind(text.to_owned())
        };
        let is_found = is_found(&self.backend);
        let rows = || {
            let order = "ORDER BY lower(k.name), t.id LIMIT $5 OFFSET $6";
            bind(format!("{SELECT} WHERE {OWN} AND {is_found} {order}")).bind(page.limit).bind(page.offset)
        };
        let total = || bind(format!("SELECT count(*) FROM ({SELECT} WHERE {OWN} AND {is_found}) found"));
        let found = retry!(self.connection_lost, rows().fetch_all(&self.pool))?;
        let total: i64 = retry!(self.connection_lost, total().fetch_one(&self.pool))?.try_get(0)?;
        let found: Result<Vec<_>, _> = found.iter().map(StoredToken::from_row).collect();
        Ok((found?, u64::try_from(total).unwrap_or_default()))
    }

    /// Updates the last use, at most once a minute across all gateways. Returns whether it was updated.
    ///
    /// # Errors
    /// If the store is not available.
    pub async fn touch_token(&self, used: &TokenUse) -> Result<bool, StoreError> {
        let touched = async { retry!(self.connection_lost, touch(used).execute(&self.pool)) };
        let touched = timeout(self.response_timeout(), touched).await.map_err(|_| StoreError::TimedOut)?;
        Ok(touched?.rows_affected() > 0)
    }

    /// As [`touch_token`](Self::touch_token), for many tokens. SQLite writes them in
    /// one transaction; on PostgreSQL, where transactions that lock many rows can wait for each other, each is one.
    ///
    /// # Errors
    /// If the store is not available, or does not answer. Some of the uses may have been written then.
    pub async fn touch_tokens(&self, uses: &[TokenUse]) -> Result<(), StoreError> {
        if self.backend.has_server() {
            for used in uses {
                self.touch_token(used).await?;
            }
            return Ok(());
        }
        timeout(self.response_timeout(), self.touch_together(uses)).await.map_err(|_| StoreError::TimedOut)?
    }

    async fn touch_together(&self, uses: &[TokenUse]) -> Result<(), StoreError> {
        let _lock = self.write_lock().await;
        let mut transaction = self.begin().await?;
        for used in uses {
            touch(used).execute(&mut *transaction).await?;
        }
        transaction.commit().await
    }

    /// Enables or disables a token, with wraps that are sealed for the new state, and the number of grants that the
    /// token could use when they were sealed. Returns `false` if the token does not exist or already has that state,
    /// and `None` if what is to be enabled was linked or sealed again in the meantime. Disabling never fails for that:
    /// no wrap that is sealed for another state opens anything.
    ///
    /// # Errors
    /// If the store is not available.
    pub async fn set_token_enabled(
        &self,
        token: &str,
        enabled: bool,
        (wraps, grants): (&[Rewrap], usize),
        event: &AuditEvent,
    ) -> Result<Option<bool>, StoreError> {
        let update = if enabled {
            "UPDATE tokens SET disabled_at = NULL WHERE id = $1 AND disabled_at IS NOT NULL"
        } else {
            "UPDATE tokens SET disabled_at = $2 WHERE id = $1 AND disabled_at IS NULL"
        };
        let query = sqlx::query(update).bind(token.to_owned());
        let query = if enabled { query } else { query.bind(event.at) };
        let mut transaction = self.begin().await?;
        if query.execute(&mut *transaction).await?.rows_affected() == 0 {
            transaction.rollback().await?;
            return Ok(Some(false));
        }
        let mut is_unchanged = has_grants(token, grants, &mut transaction).await?;
        for wrap in wraps {
            is_unchanged &= wrap.replace(&mut transaction).await?;
        }
        if enabled && !is_unchanged {
            transaction.rollback().await?;
            return Ok(None);
        }
        event.insert(&mut transaction).await?;
        transaction.commit().await?;
        event.log();
        Ok(Some(true))
    }

    /// Deletes a token, the tokens made with it, and every grant that no other token can use: the credential is
    /// shredded in the same transaction. Returns `false` if the token does not exist.
    ///
    /// # Errors
    /// If the store is not available.
    pub async fn delete_token(&self, token: &str, event: &AuditEvent) -> Result<bool, StoreError> {
        let mut transaction = self.begin().await?;
        lock_grants(token, &mut transaction).await?;
        let unwrap = sqlx::query("DELETE FROM wraps WHERE token_id = $1 RETURNING grant_id").bind(token.to_owned());
        let grants = grant_ids(&unwrap.fetch_all(&mut *transaction).await?)?;
        let delete = sqlx::query("DELETE FROM tokens WHERE id = $1").bind(token.to_owned());
        if delete.execute(&mut *transaction).await?.rows_affected() == 0 {
            transaction.rollback().await?;
            return Ok(false);
        }
        shred(&grants, &mut transaction).await?;
        event.insert(&mut transaction).await?;
        transaction.commit().await?;
        event.log();
        Ok(true)
    }

    /// Deletes at most `batch` tokens of a kind that expired before `before`. Returns how many.
    ///
    /// # Errors
    /// If the store is not available.
    pub async fn purge_tokens(&self, kind: TokenKind, before: OffsetDateTime, batch: u32) -> Result<u64, StoreError> {
        let purge = "DELETE FROM tokens WHERE id IN (SELECT id FROM tokens WHERE kind = $1 AND (not_after <= $2 \
                     OR coalesce(last_used_at, created_at) + idle_seconds <= $2) ORDER BY not_after, id LIMIT $3)";
        let purged = sqlx::query(purge)
            .bind(kind.as_str())
            .bind(before.unix_timestamp())
            .bind(i64::from(batch))
            .execute(&self.pool)
            .await?;
        Ok(purged.rows_affected())
    }
}
