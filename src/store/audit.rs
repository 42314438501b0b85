//! The audit log: who did what to credentials. Rows are only added; triggers in the database reject changes.
//!
//! In: [`AuditEvent`]s. Out: a row and a log line for each. Must not know: how the action was performed. An event
//! must not contain a secret.

use sqlx::{AnyConnection, Row};
use time::OffsetDateTime;

use super::{Store, StoreError};

/// An action that was performed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEvent {
    /// Seconds since 1970.
    pub at: i64,
    /// Who performed it: `cli:USER`, a login, the name of a key.
    pub actor: String,
    /// The action, for example `key.create`.
    pub action: String,
    /// The id of the object that it was performed on.
    pub subject: String,
    /// A description for people.
    pub detail: String,
}

impl AuditEvent {
    /// An event that happens at `now`.
    #[must_use]
    pub fn new(now: OffsetDateTime, actor: &str, action: &str, subject: &str, detail: impl Into<String>) -> Self {
        let owned = str::to_owned;
        let at = now.unix_timestamp();
        Self { at, actor: owned(actor), action: owned(action), subject: owned(subject), detail: detail.into() }
    }

    /// Inserts the row, in the transaction of the action itself.
    pub(super) async fn insert(&self, connection: &mut AnyConnection) -> Result<(), StoreError> {
        sqlx::query("INSERT INTO audit_log (at, actor, act, subject, detail) VALUES ($1, $2, $3, $4, $5)")
            .bind(self.at)
            .bind(self.actor.clone())
            .bind(self.action.clone())
            .bind(self.subject.clone())
            .bind(self.detail.clone())
            .execute(connection)
            .await?;
        Ok(())
    }

    /// Writes the log line. Call it after the commit.
    pub(super) fn log(&self) {
        let Self { actor, action: act, subject, detail, .. } = self;
        tracing::info!(target: "odoo_gateway::audit", actor, act, subject, detail, "audit");
    }
}

impl Store {
    /// Records an action that changed nothing in the store.
    ///
    /// # Errors
    /// If the store is not available.
    pub async fn audit(&self, event: &AuditEvent) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        event.insert(&mut transaction).await?;
        transaction.commit().await?;
        event.log();
        Ok(())
    }

    /// The newest `limit` events, the newest first.
    ///
    /// # Errors
    /// If the store is not available.
    pub async fn audit_events(&self, limit: u32) -> Result<Vec<AuditEvent>, StoreError> {
        let rows = sqlx::query("SELECT at, actor, act, subject, detail FROM audit_log ORDER BY id DESC LIMIT $1")
            .bind(i64::from(limit))
            .fetch_all(&self.pool)
            .await?;
        let from_row = |row: &sqlx::any::AnyRow| {
            Ok(AuditEvent {
                at: row.try_get("at")?,
                actor: row.try_get("actor")?,
                action: row.try_get("act")?,
                subject: row.try_get("subject")?,
                detail: row.try_get("detail")?,
            })
        };
        rows.iter().map(from_row).collect()
    }

    /// Executes a statement and records the event in one transaction. Returns `false`, and records nothing, if no row
    /// changed.
    pub(super) async fn execute_audited(
        &self,
        query: sqlx::query::Query<'_, sqlx::Any, sqlx::any::AnyArguments>,
        event: &AuditEvent,
    ) -> Result<bool, StoreError> {
        let mut transaction = self.begin().await?;
        let changed = query.execute(&mut *transaction).await?.rows_affected() > 0;
        if !changed {
            transaction.rollback().await?;
            return Ok(false);
        }
        event.insert(&mut transaction).await?;
        transaction.commit().await?;
        event.log();
        Ok(true)
    }
}
