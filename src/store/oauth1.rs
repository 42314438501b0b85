//! What is asked for signed requests of OAuth 1: who signs with what, and how often a verifier was guessed.
//!
//! In: client ids, indexes of tokens. Out: rows. Must not know: signatures, verifiers.

use sqlx::AssertSqlSafe;
use time::OffsetDateTime;

use super::tokens::{OWN, SELECT, StoredToken};
use super::transaction::rerun;
use super::{Store, StoreError};
use crate::secret::TokenIndex;

impl Store {
    /// The application of this client id and the token of this index, alive or not, each where there is one. One round
    /// trip.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn signers(
        &self,
        client_id: &str,
        index: TokenIndex,
        now: OffsetDateTime,
    ) -> Result<Vec<StoredToken>, StoreError> {
        let both = format!(
            "{SELECT} WHERE {OWN} AND t.token_index IN ($2, $4) \
             UNION ALL {SELECT} WHERE {OWN} AND p.client_id = $3 AND t.id = p.token_id"
        );
        let rows = rerun!(
            self.was_cut,
            sqlx::query(AssertSqlSafe(both.as_str()))
                .bind(now.unix_timestamp())
                .bind(index.hash.to_vec())
                .bind(client_id.to_owned())
                .bind(index.before.unwrap_or(index.hash).to_vec())
                .fetch_all(&self.pool)
        )?;
        rows.iter().map(StoredToken::read).collect()
    }

    /// Takes one of so many tries to say the verifier of a request token; `false` when none is left.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn take_try(&self, request_token: &str, most: u32) -> Result<bool, StoreError> {
        let take = "UPDATE oauth_tokens SET tries = tries + 1 WHERE token_id = $1 AND tries < $2";
        let taken = rerun!(
            self.cannot_have_run,
            sqlx::query(take).bind(request_token.to_owned()).bind(i64::from(most)).execute(&self.pool)
        )?;
        Ok(taken.rows_affected() > 0)
    }
}
