//! After a backup of the store was put back: what was revoked since is alive in it again, and nobody knows what that was.
//!
//! In: an administrator's word. Out: nothing that was issued before works, unless he keeps it. Must not know: how an older
//! store is noticed.

use super::{AdminError, Administration};
use crate::store::{Ended, RESTORE};

impl Administration {
    /// Ends everything that was issued: API keys are off and can be switched on one by one, tokens are gone.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn end_everything(&self) -> Result<Ended, AdminError> {
        let act = self.act(RESTORE, "everything", "every key off, every token ended");
        // Without the master key nothing can be sealed, and everything has to end all the same.
        let wraps = self.sealed_for_the_end(act.at).await.unwrap_or_default();
        Ok(self.store.end_everything(&wraps, &act).await?)
    }

    /// Takes the store as it is.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn keep_everything(&self) -> Result<(), AdminError> {
        Ok(self.store.audit(&self.act(RESTORE, "nothing", "keys and tokens kept as they are")).await?)
    }
}
