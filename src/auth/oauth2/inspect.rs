//! The end of tokens (RFC 7009), and what they are (RFC 7662), for the application that they were given to.
//!
//! In: a client that was verified, a token. Out: nothing, or [`Inspected`]. Must not know: requests, answers. A client
//! learns nothing of tokens that are not its own.

use super::clients::Client;
use crate::auth::tokens::{Refusal, Tokens};
use crate::error::Problem;
use crate::plan::Scope;
use crate::secret::{Token, TokenKind};
use crate::store::{Act, StoredToken};

/// What a living token is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inspected {
    /// Access or refresh token.
    pub kind: TokenKind,
    /// What it may, in words.
    pub scope: String,
    /// The user's login.
    pub login: String,
    /// The user: the database's name at the gateway and his id there.
    pub subject: String,
    /// Unix time at which it was made.
    pub issued_at: i64,
    /// Unix time of its end.
    pub ends_at: Option<i64>,
}

impl Tokens {
    /// Ends a token of this client. A refresh token takes with it everything that came of the same approval. That there is
    /// no such token is no mistake.
    ///
    /// # Errors
    /// 503 without the store.
    pub async fn revoke(&self, client: &Client, shown: &str) -> Result<(), Problem> {
        let row = match self.own_token(client, shown).await {
            Ok(row) => row,
            Err(Refusal::Wrong) => return Ok(()),
            Err(Refusal::Other(problem)) => return Err(problem),
        };
        let detail = format!("{} of {} of {}", row.kind.as_str(), row.grant.login, row.grant.database);
        let act = Act::new(self.clock.now(), client.application.client_id(), "oauth2.revoke", &row.id, detail);
        let ended = match (row.kind, &row.oauth) {
            (TokenKind::OAuthRefresh, Some(terms)) => self.store.end_family(&terms.family, &act).await,
            _ => self.store.delete_token(&row.id, &act).await,
        };
        ended.map(drop).map_err(Refusal::from).map_err(Refusal::into_problem)
    }

    /// What a token of this client is; `None` when it is not alive, or not its own.
    ///
    /// # Errors
    /// 503 without the store.
    pub async fn inspect(&self, client: &Client, shown: &str) -> Result<Option<Inspected>, Problem> {
        match self.own_token(client, shown).await {
            Ok(row) => Ok(Some(inspected(row))),
            Err(Refusal::Wrong) => Ok(None),
            Err(Refusal::Other(problem)) => Err(problem),
        }
    }

    async fn own_token(&self, client: &Client, shown: &str) -> Result<StoredToken, Refusal> {
        let parse = |kind| Token::parse(kind, shown);
        let token = match parse(TokenKind::OAuthAccess).or_else(|| parse(TokenKind::OAuthRefresh)) {
            Some(token) => token,
            None => self.token_in_jwt(shown).await?,
        };
        let row = self.living(&token).await?;
        if row.account.as_ref() == Some(&client.application.row.id) { Ok(row) } else { Err(Refusal::Wrong) }
    }
}

fn inspected(row: StoredToken) -> Inspected {
    Inspected {
        kind: row.kind,
        scope: Scope::from_json(&row.scope).map_or_else(|_| String::new(), |scope| scope.words().to_string()),
        subject: subject(&row),
        login: row.grant.login,
        issued_at: row.created_at,
        ends_at: row.not_after,
    }
}

/// A user in words that no application can call itself by.
pub(super) fn subject(row: &StoredToken) -> String {
    format!("{}/{}", row.grant.database, row.grant.uid)
}
