//! Actions after a backup of the store was restored. The backup contains keys and tokens that were revoked since it
//! was made.
//!
//! In: the decision of an administrator. Out: all keys and tokens revoked, or the store accepted. Must not know: how
//! a restored backup is detected.

use super::{AdminError, Administration};
use crate::store::{RESTORE, RevokedCounts};

impl Administration {
    /// Deletes all tokens and disables all API keys and applications, which can be enabled one by one.
    ///
    /// # Errors
    /// Fails if the store cannot be used.
    pub async fn revoke_all(&self) -> Result<RevokedCounts, AdminError> {
        let event = self.audit_event(RESTORE, "everything", "all keys disabled, all tokens revoked");
        // Without the master key the state cannot be sealed, but everything must be revoked anyway.
        let wraps = self.wraps_for_disabling(event.at).await.unwrap_or_default();
        Ok(self.store.revoke_all(&wraps, &event).await?)
    }

    /// Accepts the store as it is.
    ///
    /// # Errors
    /// Fails if the store cannot be used.
    pub async fn accept_store(&self) -> Result<(), AdminError> {
        Ok(self.store.accept_restored(&self.audit_event(RESTORE, "nothing", "keys and tokens unchanged")).await?)
    }
}
