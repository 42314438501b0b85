//! The audit log: who did what to credentials. Rows are added and never changed; the database itself refuses that.
//!
//! In: [`Act`]s. Out: a row and a log line for each. Must not know: how the act was done. No secret may stand in one.

use sqlx::{AnyConnection, Row};
use time::OffsetDateTime;

use super::{Store, StoreError};

/// Something that was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Act {
    /// Unix time.
    pub at: i64,
    /// Who did it: `cli:USER`, a login, a key's name.
    pub actor: String,
    /// What, as `key.create`.
    pub act: String,
    /// The id of what it was done to.
    pub subject: String,
    /// For people.
    pub detail: String,
}

impl Act {
    /// Done now.
    #[must_use]
    pub fn new(now: OffsetDateTime, actor: &str, act: &str, subject: &str, detail: impl Into<String>) -> Self {
        let owned = str::to_owned;
        let at = now.unix_timestamp();
        Self { at, actor: owned(actor), act: owned(act), subject: owned(subject), detail: detail.into() }
    }

    /// Adds the row, within the transaction of what was done.
    pub(super) async fn insert(&self, connection: &mut AnyConnection) -> Result<(), StoreError> {
        sqlx::query("INSERT INTO audit_log (at, actor, act, subject, detail) VALUES ($1, $2, $3, $4, $5)")
            .bind(self.at)
            .bind(self.actor.clone())
            .bind(self.act.clone())
            .bind(self.subject.clone())
            .bind(self.detail.clone())
            .execute(connection)
            .await?;
        Ok(())
    }

    /// The log line; once the row is there to stay.
    pub(super) fn say(&self) {
        let Self { actor, act, subject, detail, .. } = self;
        tracing::info!(target: "odoo_gateway::audit", actor, act, subject, detail, "audit");
    }
}

impl Store {
    /// Adds an act that changed nothing in the store.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn audit(&self, act: &Act) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        act.insert(&mut transaction).await?;
        transaction.commit().await?;
        act.say();
        Ok(())
    }

    /// The newest acts, the newest first.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn acts(&self, most: u32) -> Result<Vec<Act>, StoreError> {
        let rows = sqlx::query("SELECT at, actor, act, subject, detail FROM audit_log ORDER BY id DESC LIMIT $1")
            .bind(i64::from(most))
            .fetch_all(&self.pool)
            .await?;
        let read = |row: &sqlx::any::AnyRow| {
            Ok(Act {
                at: row.try_get("at")?,
                actor: row.try_get("actor")?,
                act: row.try_get("act")?,
                subject: row.try_get("subject")?,
                detail: row.try_get("detail")?,
            })
        };
        rows.iter().map(read).collect()
    }
}
