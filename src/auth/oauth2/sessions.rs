//! A browser in which somebody has logged in, so that he need not for each application.
//!
//! In: a user whom Odoo has just confirmed, or a cookie. Out: [`Session`]. Must not know: cookies' attributes, pages. Each
//! login makes a new session: nobody can be given one before.

use crate::auth::clients::approval::Approver;
use crate::auth::new_token::{Issue, issue};
use crate::auth::principal::Principal;
use crate::auth::tokens::{Refusal, Tokens};
use crate::error::Problem;
use crate::secret::{DataKey, Token, TokenKind};
use crate::store::{Act, StoredToken};

/// Somebody who has logged in.
#[derive(Debug)]
pub struct Session {
    row: StoredToken,
    key: DataKey,
}

impl Session {
    /// What tells sessions apart; no secret.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.row.id
    }

    /// The database, by the name it has at the gateway.
    #[must_use]
    pub fn database(&self) -> &str {
        &self.row.grant.database
    }

    /// The user at Odoo.
    #[must_use]
    pub fn uid(&self) -> i64 {
        self.row.grant.uid
    }

    /// His login.
    #[must_use]
    pub fn login(&self) -> &str {
        &self.row.grant.login
    }

    /// The user, approving.
    #[must_use]
    pub fn approver(&self) -> Approver {
        Approver { grant: self.row.grant.clone(), key: Some(self.key.clone()) }
    }
}

impl Tokens {
    /// Begins a session; the token is for the browser's cookie.
    ///
    /// # Errors
    /// 503 when it cannot be kept.
    pub async fn begin_session(&self, user: Principal) -> Result<Token, Problem> {
        self.try_begin(user).await.map_err(Refusal::into_problem)
    }

    async fn try_begin(&self, user: Principal) -> Result<Token, Refusal> {
        let now = self.clock.now();
        let wanted = Issue {
            kind: TokenKind::Session,
            database: user.database.name.clone(),
            uid: user.caller.uid,
            login: user.login,
            secret: user.caller.secret,
            scope: user.scope.to_json(),
            not_after: Some((now + self.oauth.session_ttl).unix_timestamp()),
            idle_seconds: i64::try_from(self.oauth.session_idle.as_secs()).ok(),
            key: None,
        };
        let (row, token) = issue(&self.vaults, &self.clock, wanted).await?;
        let act = Act::new(now, &row.grant.login, "session.begin", &row.id, format!("of {}", row.grant.database));
        self.store.add_token(&row, &act).await?;
        Ok(token)
    }

    /// The session of a cookie; `None` when it has ended or never was.
    ///
    /// # Errors
    /// 503 without the store.
    pub async fn session(&self, cookie: &str) -> Result<Option<Session>, Problem> {
        match self.try_session(cookie).await {
            Ok(session) => Ok(Some(session)),
            Err(Refusal::Wrong) => Ok(None),
            Err(Refusal::Other(problem)) => Err(problem),
        }
    }

    async fn try_session(&self, cookie: &str) -> Result<Session, Refusal> {
        let (token, row) = self.session_row(cookie).await?;
        let vault = self.vaults.existing().await?.ok_or(Refusal::Wrong)?;
        let key = self.data_key(&vault, &token, &row).await?;
        self.note_use(&row);
        Ok(Session { row, key })
    }

    async fn session_row(&self, cookie: &str) -> Result<(Token, StoredToken), Refusal> {
        let token = Token::parse(TokenKind::Session, cookie).ok_or(Refusal::Wrong)?;
        let row = self.living(&token).await?;
        Ok((token, row))
    }

    /// Ends a session. That it has ended already is no mistake.
    ///
    /// # Errors
    /// 503 without the store.
    pub async fn end_session(&self, cookie: &str) -> Result<(), Problem> {
        match self.session_row(cookie).await {
            Ok((_, row)) => {
                let act = Act::new(self.clock.now(), &row.grant.login, "session.end", &row.id, "");
                self.store.delete_token(&row.id, &act).await.map_err(Refusal::from).map_err(Refusal::into_problem)?;
                Ok(())
            }
            Err(Refusal::Wrong) => Ok(()),
            Err(Refusal::Other(problem)) => Err(problem),
        }
    }

    /// The row of a token of its kind that is neither switched off nor at its end, nor its application.
    pub(in crate::auth) async fn living(&self, token: &Token) -> Result<StoredToken, Refusal> {
        let (vault, now) = (self.vaults.existing().await?.ok_or(Refusal::Wrong)?, self.clock.now());
        let index = token.index(&vault.index);
        let rows = self.store.tokens_by_index([index, index], now).await?;
        let living = |row: &StoredToken| row.kind == token.kind() && row.is_alive(now);
        rows.into_iter().find(living).ok_or(Refusal::Wrong)
    }
}
