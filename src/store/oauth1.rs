//! Queries for signed requests of OAuth 1.0a: who signs, verifier attempts, used nonces.
//!
//! In: keyed hashes of tokens and nonces. Out: rows. Must not know: signatures, verifiers.

use sqlx::AssertSqlSafe;
use time::OffsetDateTime;

use super::stored_token::{OWN, SELECT, StoredToken};
use super::transaction::retry;
use super::{Store, StoreError};
use crate::secret::TokenIndex;

impl Store {
    /// Finds the token with this index and the application that it was issued to, active or not, in one round trip.
    ///
    /// # Errors
    /// If the store is not available.
    pub async fn find_with_application(
        &self,
        index: TokenIndex,
        now: OffsetDateTime,
    ) -> Result<Vec<StoredToken>, StoreError> {
        let both = format!(
            "{SELECT} WHERE {OWN} AND t.token_index IN ($2, $3) UNION ALL {SELECT} WHERE {OWN} AND t.id IN \
             (SELECT account_id FROM tokens WHERE token_index IN ($2, $3))"
        );
        let rows = retry!(
            self.connection_lost,
            sqlx::query(AssertSqlSafe(both.as_str()))
                .bind(now.unix_timestamp())
                .bind(index.hash.to_vec())
                .bind(index.previous.unwrap_or(index.hash).to_vec())
                .fetch_all(&self.pool)
        )?;
        rows.iter().map(StoredToken::from_row).collect()
    }

    /// Counts an attempt to send the verifier of a request token. Returns `false` if `limit` attempts were made
    /// before.
    ///
    /// # Errors
    /// If the store is not available.
    pub async fn count_attempt(&self, request_token: &str, limit: u32) -> Result<bool, StoreError> {
        let count = "UPDATE oauth_tokens SET tries = tries + 1 WHERE token_id = $1 AND tries < $2";
        let counted = retry!(
            self.has_not_run,
            sqlx::query(count).bind(request_token.to_owned()).bind(i64::from(limit)).execute(&self.pool)
        )?;
        Ok(counted.rows_affected() > 0)
    }

    /// Stores the hash of a signed request until `until` (seconds since 1970). Returns `false` if it was stored
    /// before.
    ///
    /// # Errors
    /// If the store is not available.
    pub async fn insert_nonce(&self, hash: [u8; 32], until: i64) -> Result<bool, StoreError> {
        let insert = "INSERT INTO oauth1_nonces (seen, not_after) VALUES ($1, $2) ON CONFLICT DO NOTHING";
        let _lock = self.write_lock().await;
        let inserted =
            retry!(self.has_not_run, sqlx::query(insert).bind(hash.to_vec()).bind(until).execute(&self.pool))?;
        Ok(inserted.rows_affected() > 0)
    }

    /// Deletes at most `batch` expired hashes. Returns how many.
    ///
    /// # Errors
    /// If the store is not available.
    pub async fn purge_nonces(&self, now: i64, batch: u32) -> Result<u64, StoreError> {
        let purge = "DELETE FROM oauth1_nonces WHERE seen IN \
                     (SELECT seen FROM oauth1_nonces WHERE not_after <= $1 ORDER BY not_after LIMIT $2)";
        Ok(sqlx::query(purge).bind(now).bind(i64::from(batch)).execute(&self.pool).await?.rows_affected())
    }
}
