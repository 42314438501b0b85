//! Token revocation (RFC 7009) and introspection (RFC 7662), for the client that a token was issued to.
//!
//! In: an authenticated client, a token. Out: nothing, or [`TokenDetails`]. Must not know: requests, responses. A
//! client learns nothing about tokens of other clients.

use super::clients::AuthenticatedClient;
use super::server::OAuth2Server;
use crate::auth::error::{AuthError, accepted};
use crate::error::Problem;
use crate::plan::Scope;
use crate::secret::{Token, TokenKind};
use crate::store::{AuditEvent, StoredToken};

/// An active token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenDetails {
    /// Access or refresh token.
    pub kind: TokenKind,
    /// The OAuth scope.
    pub scope: String,
    /// The user's login.
    pub login: String,
    /// The user: the name of the database in the gateway and the user's id in Odoo.
    pub subject: String,
    /// The Unix time at which it was issued.
    pub issued_at: i64,
    /// The Unix time at which it expires.
    pub expires_at: Option<i64>,
}

impl OAuth2Server {
    /// Revokes a token of this client. A refresh token revokes all tokens of the same approval. An unknown token is
    /// not an error (RFC 7009 section 2.2).
    ///
    /// # Errors
    /// 503 without the store.
    pub async fn revoke(&self, client: &AuthenticatedClient, text: &str) -> Result<(), Problem> {
        let Some(row) = accepted(self.find_token_of(client, text).await)? else { return Ok(()) };
        let detail = format!("{} of {} of {}", row.kind.as_str(), row.grant.login, row.grant.database);
        let now = self.credentials.clock.now();
        let event = AuditEvent::new(now, client.application.client_id(), "oauth2.revoke", &row.id, detail);
        let store = &self.credentials.store;
        let revoked = match (row.kind, &row.oauth) {
            (TokenKind::OAuthRefresh, Some(terms)) => store.revoke_approval(&terms.approval_id, &event).await,
            _ => store.delete_token(&row.id, &event).await,
        };
        revoked.map(drop).map_err(AuthError::from).map_err(AuthError::into_problem)
    }

    /// The details of a token of this client; `None` if it is not active or belongs to another client.
    ///
    /// # Errors
    /// 503 without the store.
    pub async fn introspect(&self, client: &AuthenticatedClient, text: &str) -> Result<Option<TokenDetails>, Problem> {
        Ok(accepted(self.find_token_of(client, text).await)?.map(details))
    }

    async fn find_token_of(&self, client: &AuthenticatedClient, text: &str) -> Result<StoredToken, AuthError> {
        let parse = |kind| Token::parse(kind, text);
        let token = match parse(TokenKind::OAuthAccess).or_else(|| parse(TokenKind::OAuthRefresh)) {
            Some(token) => token,
            None => self.parse_jwt(text).await?,
        };
        let row = self.credentials.find_active(&token).await?;
        if row.account.as_ref() == Some(&client.application.row.id) { Ok(row) } else { Err(AuthError::Rejected) }
    }
}

fn details(row: StoredToken) -> TokenDetails {
    TokenDetails {
        kind: row.kind,
        scope: Scope::from_json(&row.scope).map_or_else(|_| String::new(), |scope| scope.oauth_scope().to_string()),
        subject: subject(&row),
        login: row.grant.login,
        issued_at: row.created_at,
        expires_at: row.not_after,
    }
}

/// The `sub` of a user. It contains a slash, so it is never equal to a client id.
pub(super) fn subject(row: &StoredToken) -> String {
    format!("{}/{}", row.grant.database, row.grant.uid)
}
