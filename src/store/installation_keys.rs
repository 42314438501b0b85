//! The keys of the installation, sealed under the master key, each with its predecessor.
//!
//! In: sealed keys. Out: the same. Must not know: what the keys are used for.

use sqlx::Row;
use time::OffsetDateTime;

use super::audit::AuditEvent;
use super::transaction::retry;
use super::{Store, StoreError};
use crate::secret::{KeyId, Sealed, SealedPair, TokenKind};

/// The purpose of the key that hashes tokens, so that they can be found.
pub const INDEX: &str = "index";
/// The purpose of the key that signs login tokens.
pub const LOGIN_TOKEN: &str = "login_token";

/// The purpose of the key that signs OAuth 2 access tokens in JWT form.
pub const ACCESS_TOKEN: &str = "access_jwt";
/// The purpose of the root key of `Idempotency-Key`.
pub const IDEMPOTENCY: &str = "repeat";

/// The suffix of the purpose of a rotated key.
const PREVIOUS: &str = ".before";

/// For this many seconds after a rotation, another gateway may still use the previous key.
const GRACE_SECONDS: i64 = 60;

/// All keys of the installation, as they are stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedKeys(Vec<(String, Sealed)>);

impl SealedKeys {
    /// The key with this purpose and its predecessor. `None` if no key was ever stored.
    #[must_use]
    pub fn pair(&self, purpose: &str) -> Option<SealedPair<'_>> {
        let find = |name: &str| self.0.iter().find(|(stored, _)| stored == name).map(|(_, sealed)| sealed);
        Some(SealedPair { newest: find(purpose)?, previous: find(&format!("{purpose}{PREVIOUS}")) })
    }

    /// Every key: the purpose as stored, the purpose without the suffix, and the sealed key.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str, &Sealed)> {
        self.0.iter().map(|(stored_as, sealed)| {
            (stored_as.as_str(), stored_as.strip_suffix(PREVIOUS).unwrap_or(stored_as), sealed)
        })
    }
}

impl Store {
    /// All keys of the installation.
    ///
    /// # Errors
    /// If the store is not available.
    pub async fn sealed_keys(&self) -> Result<SealedKeys, StoreError> {
        let rows = retry!(
            self.connection_lost,
            sqlx::query("SELECT purpose, blob FROM sealed_keys ORDER BY purpose").fetch_all(&self.pool)
        )?;
        let from_row = |row: &sqlx::any::AnyRow| Ok((row.try_get("purpose")?, Sealed(row.try_get("blob")?)));
        rows.iter().map(from_row).collect::<Result<_, StoreError>>().map(SealedKeys)
    }

    /// Replaces `newest` by a new key and keeps it as the previous one. Returns `false` if the stored key is not
    /// `newest`, or if an older key is still needed.
    ///
    /// # Errors
    /// If the store is not available.
    pub async fn rotate_sealed_key(
        &self,
        purpose: &str,
        newest: &Sealed,
        new: &Sealed,
        event: &AuditEvent,
    ) -> Result<bool, StoreError> {
        let previous = format!("{purpose}{PREVIOUS}");
        let keep_previous = "INSERT INTO sealed_keys (purpose, blob, kid, created_at) \
                           SELECT $1, blob, kid, created_at FROM sealed_keys WHERE purpose = $2 AND blob = $3 \
                           ON CONFLICT DO NOTHING";
        let mut transaction = self.begin().await?;
        let keep = sqlx::query(keep_previous).bind(previous).bind(purpose.to_owned()).bind(newest.0.clone());
        if keep.execute(&mut *transaction).await?.rows_affected() == 0 {
            transaction.rollback().await?;
            return Ok(false);
        }
        sqlx::query("UPDATE sealed_keys SET blob = $1, kid = $2, created_at = $3 WHERE purpose = $4")
            .bind(new.0.clone())
            .bind(new.key_id().map_err(StoreError::internal)?.to_string())
            .bind(event.at)
            .bind(purpose.to_owned())
            .execute(&mut *transaction)
            .await?;
        event.insert(&mut transaction).await?;
        transaction.commit().await?;
        event.log();
        Ok(true)
    }

    /// Counts the tokens that only the index key before `newest` finds.
    ///
    /// # Errors
    /// If the store is not available.
    pub async fn count_tokens_with_previous_index(&self, newest: KeyId) -> Result<u64, StoreError> {
        let count = "SELECT CAST(count(*) AS BIGINT) AS tokens FROM tokens WHERE index_kid IS NULL OR index_kid <> $1";
        let row = retry!(self.connection_lost, sqlx::query(count).bind(newest.to_string()).fetch_one(&self.pool))?;
        Ok(u64::try_from(row.try_get::<i64, _>("tokens")?).unwrap_or_default())
    }

    /// Deletes the index key before `newest` if no token needs it any more. Returns `false` if one does, or if no
    /// such key exists.
    ///
    /// # Errors
    /// If the store is not available.
    pub async fn delete_previous_index_key(&self, newest: KeyId, event: &AuditEvent) -> Result<bool, StoreError> {
        let delete = "DELETE FROM sealed_keys WHERE purpose = 'index.before' \
                        AND (SELECT created_at FROM sealed_keys WHERE purpose = 'index') <= $1 \
                        AND NOT EXISTS (SELECT 1 FROM tokens WHERE index_kid IS NULL OR index_kid <> $2)";
        self.execute_audited(sqlx::query(delete).bind(event.at - GRACE_SECONDS).bind(newest.to_string()), event).await
    }

    /// Deletes the previous key with this purpose if it cannot have signed a valid token of this kind. Returns
    /// `false` if it can, or if no such key exists.
    ///
    /// # Errors
    /// If the store is not available.
    pub async fn delete_previous_signing_key(
        &self,
        purpose: &str,
        kind: TokenKind,
        event: &AuditEvent,
    ) -> Result<bool, StoreError> {
        let delete = "DELETE FROM sealed_keys WHERE purpose = $1 \
                        AND (SELECT created_at FROM sealed_keys WHERE purpose = $2) <= $3 \
                        AND NOT EXISTS (SELECT 1 FROM tokens t JOIN sealed_keys s ON s.purpose = $2 \
                        WHERE t.kind = $4 AND t.created_at <= s.created_at + $5 \
                        AND (t.not_after IS NULL OR t.not_after > $6))";
        let query = sqlx::query(delete)
            .bind(format!("{purpose}{PREVIOUS}"))
            .bind(purpose.to_owned())
            .bind(event.at - GRACE_SECONDS)
            .bind(kind.as_str())
            .bind(GRACE_SECONDS)
            .bind(event.at);
        self.execute_audited(query, event).await
    }

    /// The key with this purpose, if one was ever stored.
    ///
    /// # Errors
    /// If the store is not available.
    pub async fn sealed_key(&self, purpose: &str) -> Result<Option<Sealed>, StoreError> {
        let find = "SELECT blob FROM sealed_keys WHERE purpose = $1";
        let row = retry!(self.connection_lost, sqlx::query(find).bind(purpose.to_owned()).fetch_optional(&self.pool))?;
        row.map(|row| Ok(Sealed(row.try_get("blob")?))).transpose()
    }

    /// Stores a key with this purpose if none exists. Returns the stored key.
    ///
    /// # Errors
    /// If the store is not available.
    pub async fn insert_sealed_key(
        &self,
        purpose: &str,
        sealed: &Sealed,
        now: OffsetDateTime,
    ) -> Result<Sealed, StoreError> {
        let insert = "INSERT INTO sealed_keys (purpose, blob, kid, created_at) VALUES ($1, $2, $3, $4) \
                      ON CONFLICT DO NOTHING";
        retry!(
            self.connection_lost,
            sqlx::query(insert)
                .bind(purpose.to_owned())
                .bind(sealed.0.clone())
                .bind(sealed.key_id().map_err(StoreError::internal)?.to_string())
                .bind(now.unix_timestamp())
                .execute(&self.pool)
        )?;
        let stored = self.sealed_key(purpose).await?;
        stored.ok_or_else(|| StoreError::Internal("a sealed key was deleted right after it was created".to_owned()))
    }

    /// Replaces a sealed key by the same key under another master key.
    ///
    /// # Errors
    /// If the store is not available.
    pub async fn update_sealed_key(&self, purpose: &str, before: &Sealed, after: &Sealed) -> Result<(), StoreError> {
        sqlx::query("UPDATE sealed_keys SET blob = $1, kid = $2 WHERE purpose = $3 AND blob = $4")
            .bind(after.0.clone())
            .bind(after.key_id().map_err(StoreError::internal)?.to_string())
            .bind(purpose.to_owned())
            .bind(before.0.clone())
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// Counts the sealed values of each master key, by the id of the key.
    ///
    /// # Errors
    /// If the store is not available.
    pub async fn count_sealed_by_master_key(&self) -> Result<Vec<(String, u64)>, StoreError> {
        let count = "SELECT kid, CAST(count(*) AS BIGINT) AS blobs FROM \
                     (SELECT kid FROM wraps UNION ALL SELECT kid FROM sealed_keys \
                     UNION ALL SELECT kid FROM applications WHERE kid IS NOT NULL) AS every GROUP BY kid ORDER BY kid";
        let rows = retry!(self.connection_lost, sqlx::query(count).fetch_all(&self.pool))?;
        let from_row = |row: &sqlx::any::AnyRow| {
            let blobs: i64 = row.try_get("blobs")?;
            Ok((row.try_get("kid")?, u64::try_from(blobs).unwrap_or_default()))
        };
        rows.iter().map(from_row).collect()
    }
}
