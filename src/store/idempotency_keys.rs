//! Requests that are done once: who was first, and what came of it.
//!
//! In: hashes and sealed answers. Out: the same. Must not know: what was asked, how answers are sealed. That two
//! requests of one name are not both first is what the primary key sees to, on every gateway over this store.

use sqlx::Row;
use time::OffsetDateTime;

use super::transaction::rerun;
use super::{Store, StoreError};
use crate::secret::Sealed;

/// A request that somebody was first with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredRepeat {
    /// The hash of what was asked.
    pub request: Vec<u8>,
    /// Unix time.
    pub claimed_at: i64,
    /// What came of it; `None` while nobody has said.
    pub answer: Option<Sealed>,
}

/// A request, to be done by who claims it.
#[derive(Debug, Clone, Copy)]
pub struct RepeatClaim<'c> {
    /// Under which it is found.
    pub index: [u8; 32],
    /// Random: who claimed it.
    pub claim: &'c str,
    /// The hash of what is asked.
    pub request: [u8; 32],
    /// Until when it is remembered.
    pub ends_at: OffsetDateTime,
}

/// A claim is released or ends at the same moment as another one is looked at: rarely once, never often.
const TRIES: usize = 8;

impl Store {
    /// Claims a request; `None` when the claim is the first, else what stands there.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn claim_repeat(
        &self,
        claim: RepeatClaim<'_>,
        now: OffsetDateTime,
    ) -> Result<Option<StoredRepeat>, StoreError> {
        for _ in 0..TRIES {
            if self.insert_repeat(claim, now).await? {
                return Ok(None);
            }
            if let Some(stored) = self.repeat(claim.index, now).await? {
                return Ok(Some(stored));
            }
            self.end_repeat(claim.index, now).await?;
        }
        Err(StoreError::Locked)
    }

    async fn insert_repeat(&self, claim: RepeatClaim<'_>, now: OffsetDateTime) -> Result<bool, StoreError> {
        let insert = "INSERT INTO repeats (repeat_index, claim, request, claimed_at, ends_at) \
                      VALUES ($1, $2, $3, $4, $5) ON CONFLICT (repeat_index) DO NOTHING";
        let inserted = rerun!(
            self.cannot_have_run,
            sqlx::query(insert)
                .bind(claim.index.to_vec())
                .bind(claim.claim.to_owned())
                .bind(claim.request.to_vec())
                .bind(now.unix_timestamp())
                .bind(claim.ends_at.unix_timestamp())
                .execute(&self.pool)
        )?;
        Ok(inserted.rows_affected() > 0)
    }

    async fn repeat(&self, index: [u8; 32], now: OffsetDateTime) -> Result<Option<StoredRepeat>, StoreError> {
        let select = "SELECT request, claimed_at, answer FROM repeats WHERE repeat_index = $1 AND ends_at > $2";
        let row = rerun!(
            self.was_cut,
            sqlx::query(select).bind(index.to_vec()).bind(now.unix_timestamp()).fetch_optional(&self.pool)
        )?;
        let Some(row) = row else { return Ok(None) };
        Ok(Some(StoredRepeat {
            request: row.try_get("request")?,
            claimed_at: row.try_get("claimed_at")?,
            answer: row.try_get::<Option<Vec<u8>>, _>("answer")?.map(Sealed),
        }))
    }

    async fn end_repeat(&self, index: [u8; 32], now: OffsetDateTime) -> Result<(), StoreError> {
        rerun!(
            self.was_cut,
            sqlx::query("DELETE FROM repeats WHERE repeat_index = $1 AND ends_at <= $2")
                .bind(index.to_vec())
                .bind(now.unix_timestamp())
                .execute(&self.pool)
        )?;
        Ok(())
    }

    /// Says what came of a request; `false` when the claim is no longer there.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn keep_answer(&self, index: [u8; 32], claim: &str, answer: &Sealed) -> Result<bool, StoreError> {
        let kept = rerun!(
            self.was_cut,
            sqlx::query("UPDATE repeats SET answer = $1 WHERE repeat_index = $2 AND claim = $3")
                .bind(answer.0.clone())
                .bind(index.to_vec())
                .bind(claim.to_owned())
                .execute(&self.pool)
        )?;
        Ok(kept.rows_affected() > 0)
    }

    /// Nothing was done: the next request of this name is the first again.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn release_repeat(&self, index: [u8; 32], claim: &str) -> Result<(), StoreError> {
        rerun!(
            self.was_cut,
            sqlx::query("DELETE FROM repeats WHERE repeat_index = $1 AND claim = $2 AND answer IS NULL")
                .bind(index.to_vec())
                .bind(claim.to_owned())
                .execute(&self.pool)
        )?;
        Ok(())
    }

    /// Deletes what has ended, at most `batch` rows; how many.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn purge_repeats(&self, now: OffsetDateTime, batch: u32) -> Result<u64, StoreError> {
        let purge = "DELETE FROM repeats WHERE repeat_index IN \
                     (SELECT repeat_index FROM repeats WHERE ends_at <= $1 LIMIT $2)";
        let purged = sqlx::query(purge).bind(now.unix_timestamp()).bind(i64::from(batch)).execute(&self.pool).await?;
        Ok(purged.rows_affected())
    }
}
