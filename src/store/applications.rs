//! Queries for applications.
//!
//! In: client ids. Out: the row of an application's client secret. Must not know: what the settings mean, secrets in
//! clear.

use sqlx::AssertSqlSafe;
use time::OffsetDateTime;

use super::audit::AuditEvent;
use super::credential_grants::{grant_ids, lock_grants, shred};
use super::stored_token::{OWN, SELECT, StoredToken};
use super::transaction::retry;
use super::{Store, StoreError, application_origins};
use crate::secret::{Sealed, TokenKind};

impl Store {
    /// Inserts an application with its grant, its origins, and its consumer key if it has one.
    ///
    /// # Errors
    /// [`StoreError::NameTaken`] if another API key or application has the name; if the store is not available.
    pub async fn add_application(
        &self,
        application: &StoredToken,
        consumer_key: Option<&StoredToken>,
        origins: &[String],
        event: &AuditEvent,
    ) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        application.grant.insert(&mut transaction).await?;
        application.insert(&mut transaction).await?;
        if let Some(consumer_key) = consumer_key {
            consumer_key.insert(&mut transaction).await?;
        }
        application_origins::insert(&application.id, origins, &mut transaction).await?;
        event.insert(&mut transaction).await?;
        transaction.commit().await?;
        event.log();
        Ok(())
    }

    /// Finds the application with this client id, active or not.
    ///
    /// # Errors
    /// If the store is not available.
    pub async fn application(&self, client_id: &str, now: OffsetDateTime) -> Result<Option<StoredToken>, StoreError> {
        let by_client_id = "t.id = (SELECT token_id FROM applications WHERE client_id = $2)";
        let found = retry!(
            self.connection_lost,
            sqlx::query(AssertSqlSafe(format!("{SELECT} WHERE {OWN} AND {by_client_id}")))
                .bind(now.unix_timestamp())
                .bind(client_id.to_owned())
                .fetch_optional(&self.pool)
        )?;
        found.as_ref().map(StoredToken::from_row).transpose()
    }

    /// Replaces an application's client secret, consumer key and grant. Tokens that it already has stay valid.
    /// Returns `false` if the application does not exist any more.
    ///
    /// # Errors
    /// If the store is not available.
    pub async fn replace_client_secret(
        &self,
        application: &StoredToken,
        consumer_key: Option<&StoredToken>,
        event: &AuditEvent,
    ) -> Result<bool, StoreError> {
        let mut transaction = self.begin().await?;
        lock_grants(&application.id, &mut transaction).await?;
        application.grant.insert(&mut transaction).await?;
        let replace = "UPDATE tokens SET token_index = $1, shown = $2, grant_id = $3, index_kid = $4 WHERE id = $5";
        let replaced = sqlx::query(replace)
            .bind(application.index.hash.to_vec())
            .bind(application.display_prefix.clone())
            .bind(application.grant.id.clone())
            .bind(application.index.key.to_string())
            .bind(application.id.clone())
            .execute(&mut *transaction)
            .await?;
        if replaced.rows_affected() == 0 {
            transaction.rollback().await?;
            return Ok(false);
        }
        let unwrap = "DELETE FROM wraps WHERE token_id = $1 RETURNING grant_id";
        let unwrap = sqlx::query(unwrap).bind(application.id.clone());
        let grants = grant_ids(&unwrap.fetch_all(&mut *transaction).await?)?;
        application.insert_wrap(&mut transaction).await?;
        if let Some(terms) = &application.application {
            terms.update_consumer_secret(&application.id, &mut transaction).await?;
        }
        let delete = sqlx::query("DELETE FROM tokens WHERE account_id = $1 AND kind = $2");
        let delete = delete.bind(application.id.clone()).bind(TokenKind::ConsumerKey.as_str());
        delete.execute(&mut *transaction).await?;
        if let Some(consumer_key) = consumer_key {
            consumer_key.insert(&mut transaction).await?;
        }
        shred(&grants, &mut transaction).await?;
        event.insert(&mut transaction).await?;
        transaction.commit().await?;
        event.log();
        Ok(true)
    }

    /// Replaces a consumer secret by the same secret under another master key. Returns `false` if it has changed in
    /// the meantime.
    ///
    /// # Errors
    /// If the store is not available.
    pub async fn reseal_consumer_secret(
        &self,
        application: &str,
        before: &Sealed,
        after: &Sealed,
    ) -> Result<bool, StoreError> {
        let update =
            "UPDATE applications SET consumer_secret = $1, kid = $2 WHERE token_id = $3 AND consumer_secret = $4";
        let updated = sqlx::query(update)
            .bind(after.0.clone())
            .bind(after.key_id().map_err(StoreError::internal)?.to_string())
            .bind(application.to_owned())
            .bind(before.0.clone())
            .execute(&self.pool)
            .await?;
        Ok(updated.rows_affected() > 0)
    }
}
