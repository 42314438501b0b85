//! Users of Odoo and their sealed credentials.
//!
//! In: rows. Out: [`Grant`]. Must not know: tokens, how anything is opened. A grant lives as long as a token may use it.

use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use super::{Store, StoreError};
use crate::secret::{GrantFacts, Sealed};

/// A user of Odoo, as whom somebody may call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// 128 random bits in hexadecimal.
    pub id: String,
    /// The database, by the name it has at the gateway.
    pub database: String,
    /// The user at Odoo.
    pub uid: i64,
    /// His login.
    pub login: String,
    /// What Odoo knows him by.
    pub credential: Sealed,
    /// Unix time.
    pub created_at: i64,
}

impl Grant {
    /// What its sealed values are bound to.
    #[must_use]
    pub fn facts(&self) -> GrantFacts<'_> {
        GrantFacts { id: &self.id, database: &self.database, uid: self.uid, created_at: self.created_at }
    }

    /// From the columns `grant_id`, `database_name`, `uid`, `login`, `credential`, `grant_created_at`.
    pub(super) fn read(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: row.try_get("grant_id")?,
            database: row.try_get("database_name")?,
            uid: row.try_get("uid")?,
            login: row.try_get("login")?,
            credential: Sealed(row.try_get("credential")?),
            created_at: row.try_get("grant_created_at")?,
        })
    }

    pub(super) async fn insert(&self, connection: &mut AnyConnection) -> Result<(), StoreError> {
        let insert = "INSERT INTO grants (id, database_name, uid, login, credential, created_at) \
                      VALUES ($1, $2, $3, $4, $5, $6)";
        sqlx::query(insert)
            .bind(self.id.clone())
            .bind(self.database.clone())
            .bind(self.uid)
            .bind(self.login.clone())
            .bind(self.credential.0.clone())
            .bind(self.created_at)
            .execute(connection)
            .await?;
        Ok(())
    }
}

/// Whoever ends a token that may use grants does it alone for each of them: of two that end the last two tokens of one
/// at the same moment, one sees what the other did, and shreds the credential.
pub(super) async fn lock_grants_of(token: &str, connection: &mut AnyConnection) -> Result<(), StoreError> {
    let lock = "UPDATE grants SET uid = uid WHERE id IN (SELECT grant_id FROM wraps WHERE token_id = $1)";
    sqlx::query(lock).bind(token.to_owned()).execute(connection).await?;
    Ok(())
}

/// The grants of wraps that were deleted.
pub(super) fn grants_of(wraps: &[AnyRow]) -> Result<Vec<String>, StoreError> {
    wraps.iter().map(|row| Ok(row.try_get("grant_id")?)).collect()
}

/// Deletes those of these grants that no token may use any more.
pub(super) async fn shred(grants: &[String], connection: &mut AnyConnection) -> Result<(), StoreError> {
    let shred = "DELETE FROM grants WHERE id = $1 AND NOT EXISTS (SELECT 1 FROM wraps WHERE wraps.grant_id = $1)";
    for grant in grants {
        sqlx::query(shred).bind(grant.clone()).execute(&mut *connection).await?;
    }
    Ok(())
}

impl Store {
    /// Deletes grants that no token may use any more, at most `batch` of them; how many.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn purge_grants(&self, batch: u32) -> Result<u64, StoreError> {
        let purge = "DELETE FROM grants WHERE id IN (SELECT id FROM grants WHERE NOT EXISTS \
                     (SELECT 1 FROM wraps WHERE wraps.grant_id = grants.id) ORDER BY id LIMIT $1)";
        Ok(sqlx::query(purge).bind(i64::from(batch)).execute(&self.pool).await?.rows_affected())
    }
}
