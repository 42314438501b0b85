//! Queries for the usage of API keys and applications: requests and errors of each hour.
//!
//! In: counts of one gateway. Out: sums of all gateways. Must not know: what a request is, how it is counted.

use sqlx::Row;

use super::transaction::retry;
use super::{Store, StoreError};

/// The requests of an API key or application in one hour.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct HourlyUsage {
    /// The id of the API key or application.
    pub token: String,
    /// When the hour began, in seconds since 1970.
    pub hour: i64,
    /// The number of requests.
    pub requests: u64,
    /// The number of requests that failed.
    pub errors: u64,
}

impl Store {
    /// Adds sorted counts to the stored ones, all or none. What belongs to a deleted key is ignored. Several gateways
    /// can add to the same rows without a deadlock, because their counts are sorted.
    ///
    /// # Errors
    /// If the store is not available. If it does not answer, the counts may have been added.
    pub async fn add_usage(&self, counts: &[HourlyUsage]) -> Result<(), StoreError> {
        let add = self.add_usage_together(counts);
        tokio::time::timeout(self.response_timeout(), add).await.map_err(|_| StoreError::TimedOut)?
    }

    async fn add_usage_together(&self, counts: &[HourlyUsage]) -> Result<(), StoreError> {
        let add = "INSERT INTO usage_counts (token_id, hour, requests, errors) \
                   SELECT id, CAST($2 AS BIGINT), CAST($3 AS BIGINT), CAST($4 AS BIGINT) FROM tokens WHERE id = $1 \
                   ON CONFLICT (token_id, hour) DO UPDATE SET requests = usage_counts.requests + excluded.requests, \
                   errors = usage_counts.errors + excluded.errors";
        let _lock = self.write_lock().await;
        let mut transaction = self.begin().await?;
        for count in counts {
            sqlx::query(add)
                .bind(count.token.clone())
                .bind(count.hour)
                .bind(i64::try_from(count.requests).unwrap_or(i64::MAX))
                .bind(i64::try_from(count.errors).unwrap_or(i64::MAX))
                .execute(&mut *transaction)
                .await?;
        }
        transaction.commit().await
    }

    /// The hours since `since` in which this API key or application was used, the earliest first.
    ///
    /// # Errors
    /// If the store is not available.
    pub async fn usage(&self, token: &str, since: i64) -> Result<Vec<HourlyUsage>, StoreError> {
        let select = "SELECT token_id, hour, requests, errors FROM usage_counts WHERE token_id = $1 AND hour >= $2 \
                      ORDER BY hour";
        let query = || sqlx::query(select).bind(token.to_owned()).bind(since);
        let rows = retry!(self.connection_lost, query().fetch_all(&self.pool))?;
        let count = |row: &sqlx::any::AnyRow, column| -> Result<u64, sqlx::Error> {
            Ok(u64::try_from(row.try_get::<i64, _>(column)?).unwrap_or_default())
        };
        let from_row = |row: &sqlx::any::AnyRow| {
            Ok(HourlyUsage {
                token: row.try_get("token_id")?,
                hour: row.try_get("hour")?,
                requests: count(row, "requests")?,
                errors: count(row, "errors")?,
            })
        };
        rows.iter().map(from_row).collect()
    }

    /// Deletes at most `batch` rows of hours that began before `before`. Returns how many.
    ///
    /// # Errors
    /// If the store is not available.
    pub async fn purge_usage(&self, before: i64, batch: u32) -> Result<u64, StoreError> {
        let purge = "DELETE FROM usage_counts WHERE (token_id, hour) IN \
                     (SELECT token_id, hour FROM usage_counts WHERE hour < $1 ORDER BY hour LIMIT $2)";
        let purged = sqlx::query(purge).bind(before).bind(i64::from(batch)).execute(&self.pool).await?;
        Ok(purged.rows_affected())
    }
}
