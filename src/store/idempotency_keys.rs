//! `Idempotency-Key`: claims of requests, and their responses.
//!
//! The primary key makes sure that only one of several simultaneous requests with the same key gets the claim, across
//! all gateways with this store.
//!
//! In: hashes and sealed responses. Out: the same. Must not know: requests, how responses are sealed.

use sqlx::Row;
use time::OffsetDateTime;

use super::transaction::retry;
use super::{Store, StoreError};
use crate::secret::Sealed;

/// A request that was claimed before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredResponseRow {
    /// The keyed hash of the request's content.
    pub request: Vec<u8>,
    /// When it was claimed, in seconds since 1970.
    pub claimed_at: i64,
    /// The response. `None` while the request is in progress, or if its outcome is unknown.
    pub response: Option<Sealed>,
}

/// A claim of a request.
#[derive(Debug, Clone, Copy)]
pub struct ClaimRow<'c> {
    /// The hash that finds the request.
    pub index: [u8; 32],
    /// A random id of this claim.
    pub claim: &'c str,
    /// The keyed hash of the request's content.
    pub request: [u8; 32],
    /// When the claim expires.
    pub expires_at: OffsetDateTime,
}

/// A claim may be released or expire between two statements. Several times in a row is practically impossible.
const MAX_ATTEMPTS: usize = 8;

impl Store {
    /// Claims a request. Returns `None` if this claim is the first, otherwise the existing row.
    ///
    /// # Errors
    /// If the store is not available.
    pub async fn claim_idempotency_key(
        &self,
        claim: ClaimRow<'_>,
        now: OffsetDateTime,
    ) -> Result<Option<StoredResponseRow>, StoreError> {
        for _ in 0..MAX_ATTEMPTS {
            if self.insert_claim(claim, now).await? {
                return Ok(None);
            }
            if let Some(stored) = self.find_claim(claim.index, now).await? {
                return Ok(Some(stored));
            }
            self.delete_expired_claim(claim.index, now).await?;
        }
        Err(StoreError::Locked)
    }

    async fn insert_claim(&self, claim: ClaimRow<'_>, now: OffsetDateTime) -> Result<bool, StoreError> {
        let insert = "INSERT INTO repeats (repeat_index, claim, request, claimed_at, ends_at) \
                      VALUES ($1, $2, $3, $4, $5) ON CONFLICT (repeat_index) DO NOTHING";
        let inserted = retry!(
            self.has_not_run,
            sqlx::query(insert)
                .bind(claim.index.to_vec())
                .bind(claim.claim.to_owned())
                .bind(claim.request.to_vec())
                .bind(now.unix_timestamp())
                .bind(claim.expires_at.unix_timestamp())
                .execute(&self.pool)
        )?;
        Ok(inserted.rows_affected() > 0)
    }

    async fn find_claim(&self, index: [u8; 32], now: OffsetDateTime) -> Result<Option<StoredResponseRow>, StoreError> {
        let select = "SELECT request, claimed_at, answer FROM repeats WHERE repeat_index = $1 AND ends_at > $2";
        let row = retry!(
            self.connection_lost,
            sqlx::query(select).bind(index.to_vec()).bind(now.unix_timestamp()).fetch_optional(&self.pool)
        )?;
        let Some(row) = row else { return Ok(None) };
        Ok(Some(StoredResponseRow {
            request: row.try_get("request")?,
            claimed_at: row.try_get("claimed_at")?,
            response: row.try_get::<Option<Vec<u8>>, _>("answer")?.map(Sealed),
        }))
    }

    async fn delete_expired_claim(&self, index: [u8; 32], now: OffsetDateTime) -> Result<(), StoreError> {
        retry!(
            self.connection_lost,
            sqlx::query("DELETE FROM repeats WHERE repeat_index = $1 AND ends_at <= $2")
                .bind(index.to_vec())
                .bind(now.unix_timestamp())
                .execute(&self.pool)
        )?;
        Ok(())
    }

    /// Stores the response of a request. Returns `false` if the claim does not exist any more.
    ///
    /// # Errors
    /// If the store is not available.
    pub async fn store_response(&self, index: [u8; 32], claim: &str, response: &Sealed) -> Result<bool, StoreError> {
        let stored = retry!(
            self.connection_lost,
            sqlx::query("UPDATE repeats SET answer = $1 WHERE repeat_index = $2 AND claim = $3")
                .bind(response.0.clone())
                .bind(index.to_vec())
                .bind(claim.to_owned())
                .execute(&self.pool)
        )?;
        Ok(stored.rows_affected() > 0)
    }

    /// Releases a claim because nothing was executed. The next request with this key is the first one again.
    ///
    /// # Errors
    /// If the store is not available.
    pub async fn release_claim(&self, index: [u8; 32], claim: &str) -> Result<(), StoreError> {
        retry!(
            self.connection_lost,
            sqlx::query("DELETE FROM repeats WHERE repeat_index = $1 AND claim = $2 AND answer IS NULL")
                .bind(index.to_vec())
                .bind(claim.to_owned())
                .execute(&self.pool)
        )?;
        Ok(())
    }

    /// Deletes at most `batch` expired rows. Returns how many.
    ///
    /// # Errors
    /// If the store is not available.
    pub async fn purge_idempotency_keys(&self, now: OffsetDateTime, batch: u32) -> Result<u64, StoreError> {
        let purge = "DELETE FROM repeats WHERE repeat_index IN \
                     (SELECT repeat_index FROM repeats WHERE ends_at <= $1 LIMIT $2)";
        let purged = sqlx::query(purge).bind(now.unix_timestamp()).bind(i64::from(batch)).execute(&self.pool).await?;
        Ok(purged.rows_affected())
    }
}
