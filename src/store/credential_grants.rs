//! Grants: Odoo users with their sealed credentials.
//!
//! A grant exists as long as a token can use it.
//!
//! In: rows. Out: [`Grant`]. Must not know: tokens, how credentials are opened.

use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use super::{Store, StoreError};
use crate::secret::{GrantFacts, Sealed};

/// An Odoo user that tokens can act for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// 128 random bits in hexadecimal.
    pub id: String,
    /// The gateway's name of the database.
    pub database: String,
    /// The user's id in Odoo.
    pub uid: i64,
    /// The user's login.
    pub login: String,
    /// The user's Odoo password or API key, sealed.
    pub credential: Sealed,
    /// Seconds since 1970.
    pub created_at: i64,
}

impl Grant {
    /// What the sealed credential is bound to.
    #[must_use]
    pub fn facts(&self) -> GrantFacts<'_> {
        GrantFacts { id: &self.id, database: &self.database, uid: self.uid, created_at: self.created_at }
    }

    /// From the columns `grant_id`, `database_name`, `uid`, `login`, `credential`, `grant_created_at`.
    pub(super) fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
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

/// Locks the grants of a token that will be deleted. If two transactions delete the last two tokens of a grant, the
/// second one sees the first one's changes and shreds the credential.
pub(super) async fn lock_grants(token: &str, connection: &mut AnyConnection) -> Result<(), StoreError> {
    let lock = "UPDATE grants SET uid = uid WHERE id IN (SELECT grant_id FROM wraps WHERE token_id = $1)";
    sqlx::query(lock).bind(token.to_owned()).execute(connection).await?;
    Ok(())
}

/// The grants of deleted wraps.
pub(super) fn grant_ids(wraps: &[AnyRow]) -> Result<Vec<String>, StoreError> {
    wraps.iter().map(|row| Ok(row.try_get("grant_id")?)).collect()
}

/// Deletes those of the grants that no token can use any more.
pub(super) async fn shred(grants: &[String], connection: &mut AnyConnection) -> Result<(), StoreError> {
    let shred = "DELETE FROM grants WHERE id = $1 AND NOT EXISTS (SELECT 1 FROM wraps WHERE wraps.grant_id = $1)";
    for grant in grants {
        sqlx::query(shred).bind(grant.clone()).execute(&mut *connection).await?;
    }
    Ok(())
}

impl Store {
    /// Deletes at most `batch` grants that no token can use any more. Returns how many.
    ///
    /// # Errors
    /// If the store is not available.
    pub async fn purge_grants(&self, batch: u32) -> Result<u64, StoreError> {
        let purge = "DELETE FROM grants WHERE id IN (SELECT id FROM grants WHERE NOT EXISTS \
                     (SELECT 1 FROM wraps WHERE wraps.grant_id = grants.id) ORDER BY id LIMIT $1)";
        Ok(sqlx::query(purge).bind(i64::from(batch)).execute(&self.pool).await?.rows_affected())
    }
}
