//! Revocation of everything after a backup was restored, because it may contain tokens that were revoked since.
//!
//! In: wraps for the disabled state. Out: a store without a usable token. Must not know: what was revoked since.

use super::audit::AuditEvent;
use super::odoo_keys::recheck_odoo_keys;
use super::rewrap::Rewrap;
use super::{Store, StoreError};

/// How much was revoked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RevokedCounts {
    /// API keys and applications that were enabled and are now disabled.
    pub keys: u64,
    /// Tokens that were deleted, with the credentials that only they opened.
    pub tokens: u64,
}

impl Store {
    /// Disables every API key and application, with wraps that are sealed for the disabled state, and deletes every
    /// other token.
    ///
    /// # Errors
    /// If the store is not available. Nothing is revoked then.
    pub async fn revoke_all(&self, wraps: &[Rewrap], event: &AuditEvent) -> Result<RevokedCounts, StoreError> {
        let mut transaction = self.begin().await?;
        let disable =
            "UPDATE tokens SET disabled_at = $1 WHERE kind IN ('api_key', 'client_secret') AND disabled_at IS NULL";
        let keys = sqlx::query(disable).bind(event.at).execute(&mut *transaction).await?.rows_affected();
        for wrap in wraps {
            wrap.replace(&mut transaction).await?;
        }
        let delete = "DELETE FROM tokens WHERE kind NOT IN ('api_key', 'client_secret', 'consumer_key')";
        let tokens = sqlx::query(delete).execute(&mut *transaction).await?.rows_affected();
        let shred = "DELETE FROM grants WHERE NOT EXISTS (SELECT 1 FROM wraps WHERE wraps.grant_id = grants.id)";
        sqlx::query(shred).execute(&mut *transaction).await?;
        recheck_odoo_keys(&mut transaction).await?;
        event.insert(&mut transaction).await?;
        transaction.commit().await?;
        event.log();
        Ok(RevokedCounts { keys, tokens })
    }

    /// Revokes nothing. Odoo API keys are looked at again at their next use: they may have been renewed since then.
    ///
    /// # Errors
    /// If the store is not available.
    pub async fn accept_restored(&self, event: &AuditEvent) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        recheck_odoo_keys(&mut transaction).await?;
        event.insert(&mut transaction).await?;
        transaction.commit().await?;
        event.log();
        Ok(())
    }
}
