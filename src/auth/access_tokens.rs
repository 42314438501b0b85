//! Access tokens of family C: made at a login, ended at a logout.
//!
//! In: a user whom Odoo has just confirmed, or a token. Out: a token, or nothing. Must not know: HTTP.

use std::net::IpAddr;

use tokio::time::Instant;

use super::new_token::{Issue, issue};
use super::principal::Principal;
use super::tokens::{Refusal, Tokens};
use crate::error::Problem;
use crate::secret::{Token, TokenKind};
use crate::store::Act;

impl Tokens {
    /// Makes an access token for a user; it ends when it is not used for long.
    ///
    /// # Errors
    /// 503 when it cannot be kept.
    pub async fn log_in(&self, user: Principal) -> Result<Token, Problem> {
        self.try_log_in(user).await.map_err(Refusal::into_problem)
    }

    async fn try_log_in(&self, user: Principal) -> Result<Token, Refusal> {
        let wanted = Issue {
            kind: TokenKind::AccessToken,
            database: user.database.name.clone(),
            uid: user.caller.uid,
            login: user.login,
            secret: user.caller.secret,
            scope: user.scope.to_json(),
            not_after: None,
            idle_seconds: i64::try_from(self.access_token_idle.as_secs()).ok(),
            key: None,
        };
        let (row, token) = issue(&self.vaults, &self.clock, wanted).await?;
        let detail = format!("of {}", row.grant.database);
        let act = Act::new(self.clock.now(), &row.grant.login, "access_token.create", &row.id, detail);
        self.store.add_token(&row, &act).await?;
        Ok(token)
    }

    /// Ends an access token; `None` is a text that can be none.
    ///
    /// # Errors
    /// 401 for one that is unknown or had ended already, 429 when too many wrong ones came, 503 without the store.
    pub async fn log_out(&self, token: Option<&Token>, address: IpAddr) -> Result<(), Problem> {
        let began = Instant::now();
        let verdict = self.try_log_out(token).await;
        self.tell(verdict, began, address).await
    }

    async fn try_log_out(&self, token: Option<&Token>) -> Result<(), Refusal> {
        let token = token.filter(|token| token.kind() == TokenKind::AccessToken).ok_or(Refusal::Wrong)?;
        let vault = self.vaults.existing().await?.ok_or(Refusal::Wrong)?;
        let now = self.clock.now();
        let mut index = token.index(&vault.index);
        let mut rows = self.store.tokens_by_index([index, index], now).await?;
        if rows.is_empty()
            && let Some(changed) = self.vaults.changed_since(&vault).await?
        {
            index = token.index(&changed.index);
            rows = self.store.tokens_by_index([index, index], now).await?;
        }
        self.forget(index);
        let alive = rows.iter().find(|row| row.kind == TokenKind::AccessToken && row.is_alive(now));
        let row = alive.ok_or(Refusal::Wrong)?;
        let act = Act::new(now, &row.grant.login, "access_token.end", &row.id, "logout");
        // Of several logouts at the same moment one ended it.
        if self.store.delete_token(&row.id, &act).await? { Ok(()) } else { Err(Refusal::Wrong) }
    }
}
