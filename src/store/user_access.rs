//! What acts for one user: tokens, links to API keys, consents; and what applications may do for all users.
//!
//! In: a database and the id of a user. Out: rows. Must not know: who asks.

use sqlx::any::AnyRow;
use sqlx::{AssertSqlSafe, Row};
use time::OffsetDateTime;

use super::audit::AuditEvent;
use super::stored_token::{OWN, SELECT, StoredToken};
use super::transaction::retry;
use super::{Store, StoreError};

/// A user's consent to an application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserConsent {
    /// The id of the application's row.
    pub application: String,
    /// The user's id in Odoo.
    pub uid: i64,
    /// The user's login, if a credential of the user is stored.
    pub login: Option<String>,
    /// When the user approved for the first time, in seconds since 1970.
    pub at: i64,
}

/// Selects the columns of [`UserConsent`] up to `WHERE`, and what follows it.
const CONSENTS: (&str, &str) = (
    "SELECT c.token_id, c.uid, min(c.at) AS at, (SELECT max(u.login) FROM grants u \
     WHERE u.database_name = g.database_name AND u.uid = c.uid) AS login \
     FROM consents c JOIN tokens t ON t.id = c.token_id JOIN grants g ON g.id = t.grant_id",
    "GROUP BY c.token_id, c.uid, g.database_name ORDER BY min(c.at), c.token_id, c.uid",
);

fn user_consent(row: &AnyRow) -> Result<UserConsent, StoreError> {
    Ok(UserConsent {
        application: row.try_get("token_id")?,
        uid: row.try_get("uid")?,
        login: row.try_get("login")?,
        at: row.try_get("at")?,
    })
}

impl Store {
    /// The tokens that act for a user, active or not, the oldest first.
    ///
    /// # Errors
    /// If the store is not available.
    pub async fn tokens_of_user(
        &self,
        database: &str,
        uid: i64,
        now: OffsetDateTime,
    ) -> Result<Vec<StoredToken>, StoreError> {
        self.rows_of_user(OWN, database, uid, now).await
    }

    /// The rows of the API keys that a user is linked with, each with the user's grant, the oldest link first.
    ///
    /// # Errors
    /// If the store is not available.
    pub async fn links_of_user(
        &self,
        database: &str,
        uid: i64,
        now: OffsetDateTime,
    ) -> Result<Vec<StoredToken>, StoreError> {
        self.rows_of_user("w.grant_id <> t.grant_id AND t.kind = 'api_key'", database, uid, now).await
    }

    async fn rows_of_user(
        &self,
        condition: &str,
        database: &str,
        uid: i64,
        now: OffsetDateTime,
    ) -> Result<Vec<StoredToken>, StoreError> {
        let select = format!(
            "{SELECT} WHERE {condition} AND g.database_name = $2 AND g.uid = $3 AND o.spent_at IS NULL \
             ORDER BY g.created_at, t.created_at, t.id"
        );
        let rows = retry!(
            self.connection_lost,
            sqlx::query(AssertSqlSafe(select.clone()))
                .bind(now.unix_timestamp())
                .bind(database.to_owned())
                .bind(uid)
                .fetch_all(&self.pool)
        )?;
        rows.iter().map(StoredToken::from_row).collect()
    }

    /// The codes and tokens that applications have for users, active or not, without those that were exchanged; the
    /// oldest first.
    ///
    /// # Errors
    /// If the store is not available.
    pub async fn tokens_of_applications(&self, now: OffsetDateTime) -> Result<Vec<StoredToken>, StoreError> {
        let select = format!(
            "{SELECT} WHERE {OWN} AND o.token_id IS NOT NULL AND o.spent_at IS NULL ORDER BY t.created_at, t.id"
        );
        let rows = retry!(
            self.connection_lost,
            sqlx::query(AssertSqlSafe(select.clone())).bind(now.unix_timestamp()).fetch_all(&self.pool)
        )?;
        rows.iter().map(StoredToken::from_row).collect()
    }

    /// The consents of all users, one for each application and user, the oldest first.
    ///
    /// # Errors
    /// If the store is not available.
    pub async fn consents(&self) -> Result<Vec<UserConsent>, StoreError> {
        let (select, rest) = CONSENTS;
        let select = format!("{select} {rest}");
        let rows = retry!(self.connection_lost, sqlx::query(AssertSqlSafe(select.clone())).fetch_all(&self.pool))?;
        rows.iter().map(user_consent).collect()
    }

    /// The applications that a user has consented to.
    ///
    /// # Errors
    /// If the store is not available.
    pub async fn consents_of_user(&self, database: &str, uid: i64) -> Result<Vec<UserConsent>, StoreError> {
        let (select, rest) = CONSENTS;
        let select = format!("{select} WHERE g.database_name = $1 AND c.uid = $2 {rest}");
        let rows = retry!(
            self.connection_lost,
            sqlx::query(AssertSqlSafe(select.clone())).bind(database.to_owned()).bind(uid).fetch_all(&self.pool)
        )?;
        rows.iter().map(user_consent).collect()
    }

    /// Deletes a user's consents to an application. Returns `false` if there are none.
    ///
    /// # Errors
    /// If the store is not available.
    pub async fn delete_consents(&self, application: &str, uid: i64, event: &AuditEvent) -> Result<bool, StoreError> {
        let delete = sqlx::query("DELETE FROM consents WHERE token_id = $1 AND uid = $2");
        self.execute_audited(delete.bind(application.to_owned()).bind(uid), event).await
    }
}
