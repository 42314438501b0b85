//! Tokens that were issued to users: list, revoke.
//!
//! In: ids. Out: rows. Must not know: how tokens are issued.

use super::{AdminError, Administration};
use crate::secret::TokenKind;
use crate::store::StoredToken;

/// The kinds that are listed: those with a long lifetime.
const LISTED_KINDS: [TokenKind; 8] = [
    TokenKind::LoginToken,
    TokenKind::AccessToken,
    TokenKind::OdooKey,
    TokenKind::OAuthAccess,
    TokenKind::OAuthRefresh,
    TokenKind::OAuth1Access,
    TokenKind::Session,
    TokenKind::ConsoleSession,
];

impl Administration {
    /// Returns all login tokens, access tokens, linked Odoo API keys, OAuth tokens, browser sessions and
    /// sessions of the console.
    ///
    /// # Errors
    /// Fails if the store cannot be used.
    pub async fn list_tokens(&self) -> Result<Vec<StoredToken>, AdminError> {
        let now = self.clock.now();
        let mut tokens = Vec::new();
        for kind in LISTED_KINDS {
            tokens.extend(self.store.tokens(kind, now).await?);
        }
        Ok(tokens)
    }

    /// Revokes a token at once, and deletes its credential if no other token uses it.
    ///
    /// # Errors
    /// Fails if no token has this id.
    pub async fn revoke_token(&self, id: &str) -> Result<(), AdminError> {
        let found = self.list_tokens().await?.into_iter().find(|token| token.id == id);
        self.revoke_found_token(&found.ok_or_else(|| AdminError::NotFound(format!("token {id:?}")))?).await
    }

    pub(super) async fn revoke_found_token(&self, token: &StoredToken) -> Result<(), AdminError> {
        let detail = format!("{} of {} of {}", token.kind.as_str(), token.grant.login, token.grant.database);
        let event = self.audit_event("token.revoke", &token.id, detail);
        Ok(self.store.delete_token(&token.id, &event).await.map(drop)?)
    }
}
