//! Queries for the origins of applications.
//!
//! In: ids of applications, origins. Out: origins with the application that they belong to. Must not know: CORS, which
//! origins are valid.

use sqlx::{AnyConnection, Row};

use super::audit::AuditEvent;
use super::transaction::retry;
use super::{Store, StoreError};

/// An origin of an application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApplicationOrigin {
    /// The client id of the application.
    pub client_id: String,
    /// As browsers send it: `https://app.example`.
    pub origin: String,
    /// Whether the application is disabled.
    pub is_disabled: bool,
    /// When the application expires, in seconds since 1970. `None`: never.
    pub not_after: Option<i64>,
}

impl Store {
    /// The origins of all applications, also of disabled and expired ones, sorted.
    ///
    /// # Errors
    /// If the store is not available.
    pub async fn application_origins(&self) -> Result<Vec<ApplicationOrigin>, StoreError> {
        let select = "SELECT p.client_id, o.origin, t.disabled_at, t.not_after FROM application_origins o \
                      JOIN applications p ON p.token_id = o.application_id JOIN tokens t ON t.id = o.application_id";
        let rows = retry!(self.connection_lost, sqlx::query(select).fetch_all(&self.pool))?;
        let from_row = |row: &sqlx::any::AnyRow| {
            Ok(ApplicationOrigin {
                client_id: row.try_get("client_id")?,
                origin: row.try_get("origin")?,
                is_disabled: row.try_get::<Option<i64>, _>("disabled_at")?.is_some(),
                not_after: row.try_get("not_after")?,
            })
        };
        let mut origins = rows.iter().map(from_row).collect::<Result<Vec<_>, StoreError>>()?;
        // The databases sort texts in different ways.
        origins.sort_unstable_by(|one, other| (&one.client_id, &one.origin).cmp(&(&other.client_id, &other.origin)));
        Ok(origins)
    }

    /// Replaces the origins of an application. Returns `false` if the application does not exist any more.
    ///
    /// # Errors
    /// If the store is not available.
    pub async fn replace_application_origins(
        &self,
        application: &str,
        origins: &[String],
        event: &AuditEvent,
    ) -> Result<bool, StoreError> {
        let mut transaction = self.begin().await?;
        // Locks the application, so that two replacements do not mix.
        let lock = "UPDATE applications SET client_id = client_id WHERE token_id = $1";
        let locked = sqlx::query(lock).bind(application.to_owned()).execute(&mut *transaction).await?;
        if locked.rows_affected() == 0 {
            transaction.rollback().await?;
            return Ok(false);
        }
        let delete = sqlx::query("DELETE FROM application_origins WHERE application_id = $1");
        delete.bind(application.to_owned()).execute(&mut *transaction).await?;
        insert(application, origins, &mut transaction).await?;
        event.insert(&mut transaction).await?;
        transaction.commit().await?;
        event.log();
        Ok(true)
    }
}

/// Inserts the origins of an application that has none of them.
pub(super) async fn insert(
    application: &str,
    origins: &[String],
    connection: &mut AnyConnection,
) -> Result<(), StoreError> {
    for origin in origins {
        sqlx::query("INSERT INTO application_origins (application_id, origin) VALUES ($1, $2)")
            .bind(application.to_owned())
            .bind(origin.clone())
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}
