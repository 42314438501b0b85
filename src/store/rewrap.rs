//! Replacement of wraps: under a newer master key, or for changed terms.
//!
//! In: wraps before and after. Out: whether the wrap was replaced. Must not know: how wraps are sealed.

use sqlx::{AnyConnection, AssertSqlSafe};
use time::OffsetDateTime;

use super::stored_token::{SELECT, StoredToken};
use super::{Store, StoreError};
use crate::secret::Sealed;

/// A wrap and its replacement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rewrap {
    /// The token that the wrap is for.
    pub token: String,
    /// The grant whose data key it contains.
    pub grant: String,
    /// The wrap as it is stored.
    pub before: Sealed,
    /// The wrap that replaces it.
    pub after: Sealed,
}

impl Rewrap {
    /// Replaces the wrap. Returns `false` if it is not stored as `before` any more.
    pub(super) async fn replace(&self, connection: &mut AnyConnection) -> Result<bool, StoreError> {
        let replace = "UPDATE wraps SET blob = $1, kid = $2 WHERE token_id = $3 AND grant_id = $4 AND blob = $5";
        let replaced = sqlx::query(replace)
            .bind(self.after.0.clone())
            .bind(self.after.key_id().map_err(StoreError::internal)?.to_string())
            .bind(self.token.clone())
            .bind(self.grant.clone())
            .bind(self.before.0.clone())
            .execute(connection)
            .await?;
        Ok(replaced.rows_affected() > 0)
    }
}

impl Store {
    /// Finds wraps that were sealed under another master key than `newest`: at most `batch` rows after the given
    /// token and grant, ordered by both ids.
    ///
    /// # Errors
    /// If the store is not available.
    pub async fn tokens_to_rewrap(
        &self,
        newest: &str,
        (token, grant): (&str, &str),
        now: OffsetDateTime,
        batch: u32,
    ) -> Result<Vec<StoredToken>, StoreError> {
        let after = "(t.id > $3 OR (t.id = $3 AND g.id > $4))";
        let select = format!("{SELECT} WHERE w.kid <> $2 AND {after} ORDER BY t.id, g.id LIMIT $5");
        let rows = sqlx::query(AssertSqlSafe(select))
            .bind(now.unix_timestamp())
            .bind(newest.to_owned())
            .bind(token.to_owned())
            .bind(grant.to_owned())
            .bind(i64::from(batch))
            .fetch_all(&self.pool)
            .await?;
        rows.iter().map(StoredToken::from_row).collect()
    }

    /// Replaces a wrap. Returns `false` if it has changed in the meantime.
    ///
    /// # Errors
    /// If the store is not available.
    pub async fn replace_wrap(&self, wrap: &Rewrap) -> Result<bool, StoreError> {
        wrap.replace(&mut *self.pool.acquire().await?).await
    }
}
