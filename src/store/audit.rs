//! The audit log: who did what to credentials. Rows are only added; triggers in the database reject changes.
//!
//! In: [`AuditEvent`]s, an [`AuditFilter`]. Out: a row and a log line for each event, the events that match. Must not
//! know: how the action was performed. An event must not contain a secret.

use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AssertSqlSafe, Row};
use time::OffsetDateTime;

use super::like_pattern::{containing, escape_pattern, is_containing};
use super::transaction::retry;
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

/// A row of the audit log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    /// The number of the row; later rows have greater numbers.
    pub id: i64,
    /// The event.
    pub event: AuditEvent,
}

/// Which events to list. An empty text matches all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// A part of the actor, in any case.
    pub actor: String,
    /// The action, or its beginning: `key.`.
    pub action: String,
    /// A part of the subject or of the description, in any case.
    pub subject: String,
    /// The earliest time, in seconds since 1970.
    pub from: Option<i64>,
    /// The time before which the events happened.
    pub until: Option<i64>,
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

    fn from_row(row: &AnyRow) -> Result<Self, StoreError> {
        Ok(Self {
            at: row.try_get("at")?,
            actor: row.try_get("actor")?,
            action: row.try_get("act")?,
            subject: row.try_get("subject")?,
            detail: row.try_get("detail")?,
        })
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
        rows.iter().map(AuditEvent::from_row).collect()
    }

    /// The newest `limit` events that match, the newest first. `before`: only events with a smaller id.
    ///
    /// # Errors
    /// If the store is not available.
    pub async fn find_audit_events(
        &self,
        filter: &AuditFilter,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<AuditEntry>, StoreError> {
        let contains = |column, placeholder| is_containing(&self.backend, column, placeholder);
        let (actor, subject, detail) = (contains("actor", "$4"), contains("subject", "$6"), contains("detail", "$6"));
        let select = format!(
            "SELECT id, at, actor, act, subject, detail FROM audit_log WHERE id < $1 AND at >= $2 AND at < $3 \
             AND {actor} AND act LIKE $5 ESCAPE '!' AND ({subject} OR {detail}) ORDER BY id DESC LIMIT $7"
        );
        let query = || {
            sqlx::query(AssertSqlSafe(select.clone()))
                .bind(before.unwrap_or(i64::MAX))
                .bind(filter.from.unwrap_or(i64::MIN))
                .bind(filter.until.unwrap_or(i64::MAX))
                .bind(containing(&self.backend, &filter.actor))
                .bind(format!("{}%", escape_pattern(&filter.action)))
                .bind(containing(&self.backend, &filter.subject))
                .bind(i64::from(limit))
        };
        let rows = retry!(self.connection_lost, query().fetch_all(&self.pool))?;
        rows.iter().map(|row| Ok(AuditEntry { id: row.try_get("id")?, event: AuditEvent::from_row(row)? })).collect()
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
