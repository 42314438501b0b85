//! Tokens that users got by logging in: listed, revoked.
//!
//! In: ids. Out: rows. Must not know: how they were made.

use super::{AdminError, Administration};
use crate::secret::TokenKind;
use crate::store::StoredToken;

/// What lives long enough to be looked at.
const LISTED: [TokenKind; 7] = [
    TokenKind::LoginToken,
    TokenKind::AccessToken,
    TokenKind::OdooKey,
    TokenKind::OAuthAccess,
    TokenKind::OAuthRefresh,
    TokenKind::OAuth1Access,
    TokenKind::Session,
];

impl Administration {
    /// All login and access tokens, linked API keys of Odoo's, tokens of applications, sessions of browsers.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn tokens(&self) -> Result<Vec<StoredToken>, AdminError> {
        let now = self.clock.now();
        let mut tokens = Vec::new();
        for kind in LISTED {
            tokens.extend(self.store.tokens(kind, now).await?);
        }
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
