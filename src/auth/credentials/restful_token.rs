//! Access tokens of the `restful` dialect: issued at a login, revoked at a logout.
//!
//! In: a user whom Odoo has just verified, or a token. Out: a token, or nothing. Must not know: HTTP.

use std::net::IpAddr;
use std::time::Duration;

use secrecy::SecretString;
use tokio::time::Instant;

use super::token_authenticator::GatewayTokens;
use crate::auth::error::AuthError;
use crate::auth::new_token::{NewToken, issue};
use crate::auth::principal::Principal;
use crate::error::Problem;
use crate::secret::{Token, TokenKind};
use crate::store::AuditEvent;

/// Issues and revokes access tokens.
#[derive(Debug)]
pub struct AccessTokens {
    tokens: GatewayTokens,
    idle_timeout: Duration,
}

impl AccessTokens {
    /// `idle_timeout`: a token expires after this time without use.
    pub(in crate::auth) fn new(tokens: GatewayTokens, idle_timeout: Duration) -> Self {
        Self { tokens, idle_timeout }
    }

    /// Issues an access token for a user who has just logged in.
    ///
    /// # Errors
    /// 503 if it cannot be stored.
    pub async fn log_in(&self, user: Principal) -> Result<Token, Problem> {
        self.try_log_in(user).await.map_err(AuthError::into_problem)
    }

    async fn try_log_in(&self, user: Principal) -> Result<Token, AuthError> {
        let credentials = &self.tokens.credentials;
        let new_token = NewToken {
            kind: TokenKind::AccessToken,
            database: user.database.name.clone(),
            uid: user.odoo_user.uid,
            login: user.login.to_string(),
            secret: SecretString::clone(&user.odoo_user.secret),
            scope: user.scope.to_json(),
            not_after: None,
            idle_seconds: i64::try_from(self.idle_timeout.as_secs()).ok(),
            key: None,
        };
        let (row, token) = issue(&credentials.keys, &credentials.clock, new_token).await?;
        let detail = format!("of {}", row.grant.database);
        let now = credentials.clock.now();
        let event = AuditEvent::new(now, &row.grant.login, "access_token.create", &row.id, detail);
        credentials.store.add_token(&row, &event).await?;
        Ok(token)
    }

    /// Revokes an access token; `None` for a text that is not one.
    ///
    /// # Errors
    /// 401 if it is unknown or was revoked or expired before, 429 if too many attempts failed, 503 without the store.
    pub async fn log_out(&self, token: Option<&Token>, address: IpAddr) -> Result<(), Problem> {
        let started = Instant::now();
        let result = self.try_log_out(token).await;
        self.tokens.failures.finish(result, started, address).await
    }

    async fn try_log_out(&self, token: Option<&Token>) -> Result<(), AuthError> {
        let token = token.filter(|token| token.kind() == TokenKind::AccessToken).ok_or(AuthError::Rejected)?;
        let credentials = &self.tokens.credentials;
        let keys = credentials.key_set().await?;
        let now = credentials.clock.now();
        let mut row = credentials.store.find_token(token.index(&keys.index), now).await?;
        if row.is_none()
            && let Some(changed) = credentials.keys.reload_if_changed(&keys).await?
        {
            row = credentials.store.find_token(token.index(&changed.index), now).await?;
        }
        let active = row.filter(|row| row.kind == TokenKind::AccessToken && row.is_active(now));
        let row = active.ok_or(AuthError::Rejected)?;
        let event = AuditEvent::new(now, &row.grant.login, "access_token.end", &row.id, "logout");
        // Of several simultaneous logouts, one revokes it.
        if credentials.store.delete_token(&row.id, &event).await? { Ok(()) } else { Err(AuthError::Rejected) }
    }
}
