//! Keys of the installation itself, sealed under the master key.
//!
//! In: sealed keys. Out: the same. Must not know: what they open.

use sqlx::Row;
use time::OffsetDateTime;

use super::{Store, StoreError};
use crate::secret::Sealed;

/// The purpose of the key under whose hashes tokens are found.
pub const INDEX: &str = "index";
/// The purpose of the key that signs login tokens.
pub const SIGNING: &str = "login_token";

impl Store {
    /// The key of this purpose, when one was ever kept.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn sealed_key(&self, purpose: &str) -> Result<Option<Sealed>, StoreError> {
        let found = sqlx::query("SELECT blob FROM sealed_keys WHERE purpose = $1").bind(purpose.to_owned());
        let row = found.fetch_optional(&self.pool).await?;
        row.map(|row| Ok(Sealed(row.try_get("blob")?))).transpose()
    }

    /// Keeps a key of this purpose unless there is one; the one that is kept then.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn keep_sealed_key(
        &self,
        purpose: &str,
        sealed: &Sealed,
        now: OffsetDateTime,
    ) -> Result<Sealed, StoreError> {
        let keep = "INSERT INTO sealed_keys (purpose, blob, kid, created_at) VALUES ($1, $2, $3, $4) \
                    ON CONFLICT DO NOTHING";
        sqlx::query(keep)
            .bind(purpose.to_owned())
            .bind(sealed.0.clone())
            .bind(sealed.key_id().map_err(StoreError::internal)?.to_string())
            .bind(now.unix_timestamp())
            .execute(&self.pool)
            .await?;
        let kept = self.sealed_key(purpose).await?;
        kept.ok_or_else(|| StoreError::Internal("a sealed key was taken away in the moment it was made".to_owned()))
    }

    /// Puts the same key, sealed anew, in the place of `before`.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn reseal_key(&self, purpose: &str, before: &Sealed, after: &Sealed) -> Result<(), StoreError> {
        sqlx::query("UPDATE sealed_keys SET blob = $1, kid = $2 WHERE purpose = $3 AND blob = $4")
            .bind(after.0.clone())
            .bind(after.key_id().map_err(StoreError::internal)?.to_string())
            .bind(purpose.to_owned())
            .bind(before.0.clone())
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// How many blobs each master key seals, by the key's id.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn sealed_by(&self) -> Result<Vec<(String, u64)>, StoreError> {
        let count = "SELECT kid, CAST(count(*) AS BIGINT) AS blobs FROM \
                     (SELECT kid FROM wraps UNION ALL SELECT kid FROM sealed_keys \
                     UNION ALL SELECT kid FROM applications WHERE kid IS NOT NULL) AS every GROUP BY kid ORDER BY kid";
        let rows = sqlx::query(count).fetch_all(&self.pool).await?;
        let read = |row: &sqlx::any::AnyRow| {
            let blobs: i64 = row.try_get("blobs")?;
            Ok((row.try_get("kid")?, u64::try_from(blobs).unwrap_or_default()))
        };
        rows.iter().map(read).collect()
    }
}
