//! Consents: what users approved, so that they are not asked again.
//!
//! In: consents. Out: whether a consent exists. Must not know: pages, authorization requests.

use super::audit::AuditEvent;
use super::transaction::retry;
use super::{Store, StoreError};

/// An approval of a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consent {
    /// The id of the application's row.
    pub application: String,
    /// The user who approved: their id in the application's database.
    pub uid: i64,
    /// The redirect URI that was approved.
    pub redirect_uri: String,
    /// The scope that was approved.
    pub scope: String,
}

impl Store {
    /// Whether this consent exists.
    ///
    /// # Errors
    /// If the store is not available.
    pub async fn has_consent(&self, consent: &Consent) -> Result<bool, StoreError> {
        let find = "SELECT 1 FROM consents WHERE token_id = $1 AND uid = $2 AND redirect_uri = $3 AND scope = $4";
        let found = retry!(
            self.connection_lost,
            sqlx::query(find)
                .bind(consent.application.clone())
                .bind(consent.uid)
                .bind(consent.redirect_uri.clone())
                .bind(consent.scope.clone())
                .fetch_optional(&self.pool)
        )?;
        Ok(found.is_some())
    }

    /// Stores a consent, if it does not exist yet.
    ///
    /// # Errors
    /// If the store is not available.
    pub async fn insert_consent(&self, consent: &Consent, event: &AuditEvent) -> Result<(), StoreError> {
        let insert = "INSERT INTO consents (token_id, uid, redirect_uri, scope, at) VALUES ($1, $2, $3, $4, $5) \
                      ON CONFLICT DO NOTHING";
        let query = sqlx::query(insert)
            .bind(consent.application.clone())
            .bind(consent.uid)
            .bind(consent.redirect_uri.clone())
            .bind(consent.scope.clone())
            .bind(event.at);
        self.execute_audited(query, event).await.map(drop)
    }
}
