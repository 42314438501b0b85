//! Tokens that users got by logging in: listed, revoked.
//!
//! In: ids. Out: rows. Must not know: how they were made.

use super::{AdminError, Administration};
use crate::secret::TokenKind;
use crate::store::StoredToken;

impl Administration {
    /// All login and access tokens, and linked API keys of Odoo's.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn tokens(&self) -> Result<Vec<StoredToken>, AdminError> {
        let now = self.clock.now();
        let mut tokens = self.store.tokens(TokenKind::LoginToken, now).await?;
        tokens.extend(self.store.tokens(TokenKind::AccessToken, now).await?);
        tokens.extend(self.store.tokens(TokenKind::OdooKey, now).await?);
        Ok(tokens)
    }

    /// Deletes a token: it is dead at once, and its credential is shredded when no other token may use it.
    ///
    /// # Errors
    /// When there is none of this id.
    pub async fn revoke_token(&self, id: &str) -> Result<(), AdminError> {
        let found = self.tokens().await?.into_iter().find(|token| token.id == id);
        let token = found.ok_or_else(|| AdminError::NotFound(format!("login or access token {id:?}")))?;
        let detail = format!("{} of {} of {}", token.kind.as_str(), token.grant.login, token.grant.database);
        self.store.delete_token(&token.id, &self.act("token.revoke", &token.id, detail)).await?;
        Ok(())
    }
}
