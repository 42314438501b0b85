//! Login sessions of browsers: on the authorization pages, so that a user does not log in again for each application,
//! and in the console.
//!
//! Each login creates a new session, so no attacker can plant a session before the login (session fixation).
//!
//! In: a user whom Odoo has just verified, or a cookie. Out: [`BrowserSession`]. Must not know: attributes of
//! cookies, pages.

use std::net::IpAddr;
use std::time::Duration;

use secrecy::SecretString;

use crate::auth::clients::approval::ResourceOwner;
use crate::auth::error::{AuthError, accepted};
use crate::auth::new_token::{NewToken, issue};
use crate::auth::principal::Principal;
use crate::auth::token_verifier::CredentialStore;
use crate::error::Problem;
use crate::odoo::{OdooUser, Uid};
use crate::secret::{DataKey, Token, TokenKind};
use crate::store::{AuditEvent, StoredToken};

/// The session of a user who has logged in.
#[derive(Debug)]
pub struct BrowserSession {
    row: StoredToken,
    key: DataKey,
}

impl BrowserSession {
    /// The id of the session. It is not a secret.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.row.id
    }

    /// The name of the database in the gateway.
    #[must_use]
    pub fn database(&self) -> &str {
        &self.row.grant.database
    }

    /// The user's id in Odoo.
    #[must_use]
    pub fn uid(&self) -> i64 {
        self.row.grant.uid
    }

    /// The user's login.
    #[must_use]
    pub fn login(&self) -> &str {
        &self.row.grant.login
    }

    /// The user, with the secret that Odoo accepts for them.
    ///
    /// # Errors
    /// If the row of the session was altered in the store.
    pub fn odoo_user(&self) -> Result<OdooUser, Problem> {
        let facts = self.row.grant.facts();
        let secret = self.key.open_credential(facts, &self.row.grant.credential).map_err(Problem::internal)?;
        let uid = Uid::new(self.row.grant.uid).ok_or_else(|| Problem::internal("a session has no user"))?;
        Ok(OdooUser { uid, secret: secret.into() })
    }

    /// The user, as the one who approves applications.
    #[must_use]
    pub fn resource_owner(&self) -> ResourceOwner {
        ResourceOwner { grant: self.row.grant.clone(), key: Some(self.key.clone()) }
    }
}

/// How long sessions last.
#[derive(Debug, Clone, Copy)]
pub struct SessionLifetime {
    /// A session expires after this time without use.
    pub idle: Duration,
    /// A session expires after this time.
    pub total: Duration,
}

/// Creates, finds and ends sessions of one kind.
#[derive(Debug)]
pub struct BrowserSessions {
    credentials: CredentialStore,
    kind: TokenKind,
    lifetime: SessionLifetime,
}

impl BrowserSessions {
    /// `kind`: which kind of session token is in the browser's cookie.
    pub(in crate::auth) fn new(credentials: CredentialStore, kind: TokenKind, lifetime: SessionLifetime) -> Self {
        Self { credentials, kind, lifetime }
    }

    /// Creates a session; the token is for the browser's cookie.
    ///
    /// # Errors
    /// 503 if it cannot be stored.
    pub async fn create(&self, user: Principal) -> Result<Token, Problem> {
        self.try_create(user).await.map_err(AuthError::into_problem)
    }

    async fn try_create(&self, user: Principal) -> Result<Token, AuthError> {
        let now = self.credentials.clock.now();
        let new_token = NewToken {
            kind: self.kind,
            database: user.database.name.clone(),
            uid: user.odoo_user.uid,
            login: user.login.to_string(),
            secret: SecretString::clone(&user.odoo_user.secret),
            scope: user.scope.to_json(),
            not_after: Some((now + self.lifetime.total).unix_timestamp()),
            idle_seconds: i64::try_from(self.lifetime.idle.as_secs()).ok(),
            key: None,
        };
        let (row, token) = issue(&self.credentials.keys, &self.credentials.clock, new_token).await?;
        let detail = format!("of {}", row.grant.database);
        let event = AuditEvent::new(now, &row.grant.login, "session.begin", &row.id, detail);
        self.credentials.store.add_token(&row, &event).await?;
        Ok(token)
    }

    /// The session of a cookie; `None` if it has ended or never existed.
    ///
    /// # Errors
    /// 503 without the store.
    pub async fn find(&self, cookie: &str, address: IpAddr) -> Result<Option<BrowserSession>, Problem> {
        accepted(self.try_find(cookie, address).await)
    }

    async fn try_find(&self, cookie: &str, address: IpAddr) -> Result<BrowserSession, AuthError> {
        let (token, row) = self.find_row(cookie).await?;
        let keys = self.credentials.key_set().await?;
        let key = self.credentials.data_key(&keys, &token, &row).await?;
        self.credentials.touch(&row, address);
        Ok(BrowserSession { row, key })
    }

    async fn find_row(&self, cookie: &str) -> Result<(Token, StoredToken), AuthError> {
        let token = Token::parse(self.kind, cookie).ok_or(AuthError::Rejected)?;
        let row = self.credentials.find_active(&token).await?;
        Ok((token, row))
    }

    /// Ends a session. A session that has ended already is not an error.
    ///
    /// # Errors
    /// 503 without the store.
    pub async fn end(&self, cookie: &str) -> Result<(), Problem> {
        let Some((_, row)) = accepted(self.find_row(cookie).await)? else { return Ok(()) };
        let now = self.credentials.clock.now();
        let event = AuditEvent::new(now, &row.grant.login, "session.end", &row.id, "");
        let ended = self.credentials.store.delete_token(&row.id, &event).await;
        ended.map(drop).map_err(AuthError::from).map_err(AuthError::into_problem)
    }
}
