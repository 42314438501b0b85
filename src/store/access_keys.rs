//! The keys that sign access tokens: the newest, and the one before it as long as tokens of it may live.
//!
//! In: sealed keys. Out: the same. Must not know: what they sign.

use time::OffsetDateTime;

use super::audit::Act;
use super::{Store, StoreError};
use crate::secret::Sealed;

/// The purpose of the key that signs access tokens.
pub const ACCESS: &str = "access_jwt";
/// That of the key before it.
pub const ACCESS_BEFORE: &str = "access_jwt.before";

impl Store {
    /// Puts a new key in the place of `newest`, which stays as the one before; `false` when another one is in that place,
    /// or the one before it was put away after `settled` and may still be needed.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn exchange_access_key(
        &self,
        newest: &Sealed,
        new: &Sealed,
        settled: OffsetDateTime,
        act: &Act,
    ) -> Result<bool, StoreError> {
        let mut transaction = self.pool.begin().await?;
        // What is kept here of the one before is when it was put away.
        let forget = "DELETE FROM sealed_keys WHERE purpose = $1 AND created_at <= $2";
        let forget = sqlx::query(forget).bind(ACCESS_BEFORE).bind(settled.unix_timestamp());
        forget.execute(&mut *transaction).await?;
        let keep = "INSERT INTO sealed_keys (purpose, blob, kid, created_at) \
                    SELECT $1, blob, kid, CAST($2 AS BIGINT) FROM sealed_keys WHERE purpose = $3 AND blob = $4 \
                    ON CONFLICT DO NOTHING";
        let kept = sqlx::query(keep).bind(ACCESS_BEFORE).bind(act.at).bind(ACCESS).bind(newest.0.clone());
        if kept.execute(&mut *transaction).await?.rows_affected() == 0 {
            return Ok(false);
        }
        sqlx::query("UPDATE sealed_keys SET blob = $1, kid = $2, created_at = $3 WHERE purpose = $4")
            .bind(new.0.clone())
            .bind(new.key_id().map_err(StoreError::internal)?.to_string())
            .bind(act.at)
            .bind(ACCESS)
            .execute(&mut *transaction)
            .await?;
        act.insert(&mut transaction).await?;
        transaction.commit().await?;
        act.say();
        Ok(true)
    }
}
