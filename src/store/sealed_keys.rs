//! Keys of the installation itself, sealed under the master key, each with the one it was exchanged for.
//!
//! In: sealed keys. Out: the same. Must not know: what they open.

use sqlx::Row;
use time::OffsetDateTime;

use super::audit::Act;
use super::transaction::rerun;
use super::{Store, StoreError};
use crate::secret::{KeyId, Sealed, SealedPair, TokenKind};

/// The purpose of the key under whose hashes tokens are found.
pub const INDEX: &str = "index";
/// The purpose of the key that signs login tokens.
pub const SIGNING: &str = "login_token";

/// The purpose of the key that signs access tokens of OAuth 2, when they are JSON Web Tokens.
pub const ACCESS: &str = "access_jwt";
/// The purpose of the key above those of requests that are done once.
pub const REPEAT: &str = "repeat";

/// What follows the purpose of a key that was exchanged.
const BEFORE: &str = ".before";

/// Gateways with clocks of their own may have used a key for so many seconds after it was exchanged.
const SECONDS_TO_SETTLE: i64 = 60;

/// All keys of the installation, as they are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedKeys(Vec<(String, Sealed)>);

impl SealedKeys {
    /// The key of this purpose, with the one before; `None` when none was ever kept.
    #[must_use]
    pub fn pair(&self, purpose: &str) -> Option<SealedPair<'_>> {
        let find = |wanted: &str| self.0.iter().find(|(known, _)| known == wanted).map(|(_, sealed)| sealed);
        Some(SealedPair { newest: find(purpose)?, before: find(&format!("{purpose}{BEFORE}")) })
    }

    /// Every key with what it is kept as and with its purpose.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str, &Sealed)> {
        self.0
            .iter()
            .map(|(kept_as, sealed)| (kept_as.as_str(), kept_as.strip_suffix(BEFORE).unwrap_or(kept_as), sealed))
    }
}

impl Store {
    /// All keys of the installation.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn sealed_keys(&self) -> Result<SealedKeys, StoreError> {
        let rows = rerun!(
            self.was_cut,
            sqlx::query("SELECT purpose, blob FROM sealed_keys ORDER BY purpose").fetch_all(&self.pool)
        )?;
        let read = |row: &sqlx::any::AnyRow| Ok((row.try_get("purpose")?, Sealed(row.try_get("blob")?)));
        rows.iter().map(read).collect::<Result<_, StoreError>>().map(SealedKeys)
    }

    /// Puts a new key in the place of `newest`, which stays as the one before; `false` when another one is in that place,
    /// or the one before that is still needed.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn exchange_sealed_key(
        &self,
        purpose: &str,
        newest: &Sealed,
        new: &Sealed,
        act: &Act,
    ) -> Result<bool, StoreError> {
        let before = format!("{purpose}{BEFORE}");
        let keep_before = "INSERT INTO sealed_keys (purpose, blob, kid, created_at) \
                           SELECT $1, blob, kid, created_at FROM sealed_keys WHERE purpose = $2 AND blob = $3 \
                           ON CONFLICT DO NOTHING";
        let mut transaction = self.begin().await?;
        let kept = sqlx::query(keep_before).bind(before).bind(purpose.to_owned()).bind(newest.0.clone());
        if kept.execute(&mut *transaction).await?.rows_affected() == 0 {
            transaction.rollback().await?;
            return Ok(false);
        }
        sqlx::query("UPDATE sealed_keys SET blob = $1, kid = $2, created_at = $3 WHERE purpose = $4")
            .bind(new.0.clone())
            .bind(new.key_id().map_err(StoreError::internal)?.to_string())
            .bind(act.at)
            .bind(purpose.to_owned())
            .execute(&mut *transaction)
            .await?;
        act.insert(&mut transaction).await?;
        transaction.commit().await?;
        act.say();
        Ok(true)
    }

    /// How many tokens only the index key before `newest` finds.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn tokens_indexed_before(&self, newest: KeyId) -> Result<u64, StoreError> {
        let count = "SELECT CAST(count(*) AS BIGINT) AS tokens FROM tokens WHERE index_kid IS NULL OR index_kid <> $1";
        let row = rerun!(self.was_cut, sqlx::query(count).bind(newest.to_string()).fetch_one(&self.pool))?;
        Ok(u64::try_from(row.try_get::<i64, _>("tokens")?).unwrap_or_default())
    }

    /// Deletes the index key before `newest` once it finds no token any more; `false` when it does, or there is none.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn drop_index_before(&self, newest: KeyId, act: &Act) -> Result<bool, StoreError> {
        let unneeded = "DELETE FROM sealed_keys WHERE purpose = 'index.before' \
                        AND (SELECT created_at FROM sealed_keys WHERE purpose = 'index') <= $1 \
                        AND NOT EXISTS (SELECT 1 FROM tokens WHERE index_kid IS NULL OR index_kid <> $2)";
        self.change(sqlx::query(unneeded).bind(act.at - SECONDS_TO_SETTLE).bind(newest.to_string()), act).await
    }

    /// Deletes the key before the newest of this purpose once no token of this kind lives that it may have signed; `false`
    /// when one does, or there is no such key.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn drop_signing_before(&self, purpose: &str, kind: TokenKind, act: &Act) -> Result<bool, StoreError> {
        let unneeded = "DELETE FROM sealed_keys WHERE purpose = $1 \
                        AND (SELECT created_at FROM sealed_keys WHERE purpose = $2) <= $3 \
                        AND NOT EXISTS (SELECT 1 FROM tokens t JOIN sealed_keys s ON s.purpose = $2 \
                        WHERE t.kind = $4 AND t.created_at <= s.created_at + $5 \
                        AND (t.not_after IS NULL OR t.not_after > $6))";
        let query = sqlx::query(unneeded)
            .bind(format!("{purpose}{BEFORE}"))
            .bind(purpose.to_owned())
            .bind(act.at - SECONDS_TO_SETTLE)
            .bind(kind.as_str())
            .bind(SECONDS_TO_SETTLE)
            .bind(act.at);
        self.change(query, act).await
    }

    /// The key of this purpose, when one was ever kept.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn sealed_key(&self, purpose: &str) -> Result<Option<Sealed>, StoreError> {
        let find = "SELECT blob FROM sealed_keys WHERE purpose = $1";
        let row = rerun!(self.was_cut, sqlx::query(find).bind(purpose.to_owned()).fetch_optional(&self.pool))?;
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
        rerun!(
            self.was_cut,
            sqlx::query(keep)
                .bind(purpose.to_owned())
                .bind(sealed.0.clone())
                .bind(sealed.key_id().map_err(StoreError::internal)?.to_string())
                .bind(now.unix_timestamp())
                .execute(&self.pool)
        )?;
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
        let rows = rerun!(self.was_cut, sqlx::query(count).fetch_all(&self.pool))?;
        let read = |row: &sqlx::any::AnyRow| {
            let blobs: i64 = row.try_get("blobs")?;
            Ok((row.try_get("kid")?, u64::try_from(blobs).unwrap_or_default()))
        };
        rows.iter().map(read).collect()
    }
}
