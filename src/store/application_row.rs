//! The columns of `applications`: the client id, the settings, and the consumer secret.
//!
//! In: rows. Out: [`ApplicationTerms`]. Must not know: what the settings mean, secrets in clear.

use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use super::StoreError;
use crate::secret::{Aad, Sealed};

/// The columns of an application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApplicationTerms {
    /// The public client id.
    pub client_id: String,
    /// The settings, as JSON.
    pub settings: String,
    /// The OAuth 1.0a consumer secret, sealed under the master key. Only for applications that use OAuth 1.0a.
    pub consumer_secret: Option<Sealed>,
}

impl ApplicationTerms {
    /// Adds the columns that are protected against tampering.
    pub(super) fn add_to_aad(&self, aad: Aad) -> Aad {
        aad.with(b"application").with(self.client_id.as_bytes()).with(self.settings.as_bytes())
    }

    /// From the columns of `applications`. `None` if the row has none.
    pub(super) fn from_row(row: &AnyRow) -> Result<Option<Self>, sqlx::Error> {
        let Some(client_id) = row.try_get::<Option<String>, _>("client_id")? else { return Ok(None) };
        let consumer_secret = row.try_get::<Option<Vec<u8>>, _>("consumer_secret")?.map(Sealed);
        Ok(Some(Self { client_id, settings: row.try_get("settings")?, consumer_secret }))
    }

    pub(super) async fn insert(&self, token: &str, connection: &mut AnyConnection) -> Result<(), StoreError> {
        let insert = "INSERT INTO applications (token_id, client_id, settings, consumer_secret, kid) \
                      VALUES ($1, $2, $3, $4, $5)";
        sqlx::query(insert)
            .bind(token.to_owned())
            .bind(self.client_id.clone())
            .bind(self.settings.clone())
            .bind(self.consumer_secret.as_ref().map(|sealed| sealed.0.clone()))
            .bind(self.key_id()?)
            .execute(connection)
            .await?;
        Ok(())
    }

    /// Replaces the consumer secret.
    pub(super) async fn update_consumer_secret(
        &self,
        token: &str,
        connection: &mut AnyConnection,
    ) -> Result<(), StoreError> {
        sqlx::query("UPDATE applications SET consumer_secret = $1, kid = $2 WHERE token_id = $3")
            .bind(self.consumer_secret.as_ref().map(|sealed| sealed.0.clone()))
            .bind(self.key_id()?)
            .bind(token.to_owned())
            .execute(connection)
            .await?;
        Ok(())
    }

    /// The id of the master key that sealed the consumer secret.
    fn key_id(&self) -> Result<Option<String>, StoreError> {
        let id = self.consumer_secret.as_ref().map(Sealed::key_id).transpose();
        Ok(id.map_err(StoreError::internal)?.map(|id| id.to_string()))
    }
}
