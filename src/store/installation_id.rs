//! The installation id: created once, the same for every gateway that shares the store.
//!
//! In: the clock. Out: [`Instance`]. Must not know: what the id is used for.

use rand::TryRng;
use rand::rngs::SysRng;
use sqlx::Row;
use time::OffsetDateTime;

use super::transaction::retry;
use super::{Store, StoreError};
use crate::clock::Clock;

/// An installation of the gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instance {
    /// 128 random bits in hexadecimal.
    pub id: String,
    /// When the store was first used.
    pub created_at: OffsetDateTime,
}

impl Store {
    /// The installation id. The first call creates it; all other calls, also simultaneous ones, return the same id.
    ///
    /// # Errors
    /// If the store is not available or not [migrated](Self::migrate).
    pub async fn instance(&self, clock: &Clock) -> Result<Instance, StoreError> {
        retry!(
            self.connection_lost,
            sqlx::query("INSERT INTO instance (singleton, id, created_at) VALUES (1, $1, $2) ON CONFLICT DO NOTHING")
                .bind(random_id()?)
                .bind(clock.now().unix_timestamp())
                .execute(&self.pool)
        )?;
        let row = sqlx::query("SELECT id, created_at FROM instance").fetch_one(&self.pool).await?;
        let created_at = OffsetDateTime::from_unix_timestamp(row.try_get("created_at")?);
        Ok(Instance { id: row.try_get("id")?, created_at: created_at.unwrap_or(OffsetDateTime::UNIX_EPOCH) })
    }
}

/// 128 random bits in hexadecimal.
///
/// # Errors
/// If the operating system provides no random numbers.
pub fn random_id() -> Result<String, StoreError> {
    let bits = SysRng.try_next_u64().and_then(|high| Ok((high, SysRng.try_next_u64()?)));
    let (high, low) = bits.map_err(|cause| StoreError::Internal(cause.to_string()))?;
    Ok(format!("{high:016x}{low:016x}"))
}
