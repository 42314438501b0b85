//! A token's row, with the grant that it uses and everything that limits it.
//!
//! In: rows. Out: [`StoredToken`]. Must not know: tokens in clear, which queries find rows.

use std::net::IpAddr;

use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};
use time::OffsetDateTime;

use super::StoreError;
use super::application_row::ApplicationTerms;
use super::credential_grants::Grant;
use super::oauth_columns::OAuthTerms;
use super::usage_limits::KeyTerms;
use crate::secret::{Aad, KeyId, Sealed, TokenFacts, TokenIndex, TokenKind};

/// A token's row, with the grant that it uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredToken {
    /// 128 random bits in hexadecimal.
    pub id: String,
    /// What the token is for.
    pub kind: TokenKind,
    /// The keyed hash that finds the row.
    pub index: TokenIndex,
    /// The first characters of the token, for lists.
    pub display_prefix: String,
    /// The API key that the token was made with, or the application that it was issued to.
    pub account: Option<String>,
    /// The scope, as JSON.
    pub scope: String,
    /// The scope of the account, if the row has one. It can change after the token was issued.
    pub account_scope: Option<String>,
    /// Seconds since 1970.
    pub created_at: i64,
    /// When the token expires, in seconds since 1970. `None`: never.
    pub not_after: Option<i64>,
    /// The token expires if it is not used for this many seconds.
    pub idle_seconds: Option<i64>,
    /// Seconds since 1970, with a precision of one minute.
    pub last_used_at: Option<i64>,
    /// The address of the client at that time.
    pub last_address: Option<String>,
    /// When the token was disabled, in seconds since 1970.
    pub disabled_at: Option<i64>,
    /// Whether the account is disabled or expired.
    pub is_account_inactive: bool,
    /// When the account expires, in seconds since 1970. `None`: never.
    pub account_not_after: Option<i64>,
    /// The wrap of the account itself. It changes when the account's terms are sealed again.
    pub account_wrap: Option<Sealed>,
    /// The limits of an API key or application. For a token, those of its account.
    pub key: Option<KeyTerms>,
    /// The application that a client secret belongs to. For a token, the one that it was issued to.
    pub application: Option<ApplicationTerms>,
    /// The OAuth columns of a code or token of an application.
    pub oauth: Option<OAuthTerms>,
    /// The Odoo user that the token acts for.
    pub grant: Grant,
    /// The grant's data key, wrapped for this token.
    pub wrap: Sealed,
}

/// Selects every column of [`StoredToken`]. `$1` is the current time.
pub(super) const SELECT: &str = "SELECT t.id, t.kind, t.token_index, t.index_kid, t.shown, t.account_id, t.scope, \
    t.created_at, t.not_after, t.idle_seconds, t.last_used_at, t.last_address, t.disabled_at, \
    CASE WHEN a.disabled_at IS NOT NULL OR a.not_after <= $1 THEN 1 ELSE 0 END AS account_ended, \
    a.not_after AS account_not_after, \
    k.name, k.needs_login_token, k.may_mint_for_others, k.networks, k.rate_requests, k.rate_seconds, k.rate_burst, \
    k.concurrent, k.open_to_all_users, k.login_token_days, a.scope AS account_scope, aw.blob AS account_wrap, \
    p.client_id, p.settings, p.consumer_secret, o.family_id, o.redirect_uri, o.challenge, o.headless, \
    o.secret, g.id AS grant_id, g.database_name, g.uid, g.login, g.credential, g.created_at AS grant_created_at, \
    w.blob \
    FROM tokens t JOIN wraps w ON w.token_id = t.id JOIN grants g ON g.id = w.grant_id \
    LEFT JOIN api_keys k ON k.token_id = coalesce(t.account_id, t.id) LEFT JOIN tokens a ON a.id = t.account_id \
    LEFT JOIN wraps aw ON aw.token_id = a.id AND aw.grant_id = a.grant_id \
    LEFT JOIN applications p ON p.token_id = coalesce(t.account_id, t.id) \
    LEFT JOIN oauth_tokens o ON o.token_id = t.id";

/// Restricts the wraps of a token to that of its own grant.
pub(super) const OWN: &str = "w.grant_id = t.grant_id";

/// `last_used_at` is only written if it is older than this.
pub const SECONDS_BETWEEN_TOUCHES: i64 = 60;

/// A use of a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenUse {
    /// The id of the token.
    pub token: String,
    /// Seconds since 1970.
    pub at: i64,
    /// The address of the client.
    pub address: Option<IpAddr>,
}

/// The kind of a token, in the column `kind`.
pub(super) fn kind_from_row(row: &AnyRow) -> Result<TokenKind, StoreError> {
    TokenKind::parse(row.try_get("kind")?).ok_or_else(malformed)
}

fn malformed() -> StoreError {
    StoreError::Internal("a row of the table tokens is malformed".to_owned())
}

impl StoredToken {
    /// The name of the API key or application that the token is, or with which it was created. Empty for other tokens.
    #[must_use]
    pub fn account_name(&self) -> &str {
        self.key.as_ref().map_or("", |terms| &terms.name)
    }

    /// The id of the API key or application that the token is or belongs to; its own for other tokens.
    #[must_use]
    pub fn account_id(&self) -> &str {
        self.account.as_ref().unwrap_or(&self.id)
    }

    /// The scope that applies now. A login token, and the previous secret of an API key, always have that of the key.
    #[must_use]
    pub fn current_scope(&self) -> &str {
        let follows_account = matches!(self.kind, TokenKind::LoginToken | TokenKind::PreviousApiKey);
        self.account_scope.as_deref().filter(|_| follows_account).unwrap_or(&self.scope)
    }

    /// Whether the token and its account are enabled and not expired.
    #[must_use]
    pub fn is_active(&self, now: OffsetDateTime) -> bool {
        self.is_active_after_use(now, self.last_used_at)
    }

    /// As [`is_active`](Self::is_active), with a later use than the stored one.
    #[must_use]
    pub fn is_active_after_use(&self, now: OffsetDateTime, last_used_at: Option<i64>) -> bool {
        let now = now.unix_timestamp();
        let used = last_used_at.unwrap_or(self.created_at);
        let is_idle = self.idle_seconds.is_some_and(|seconds| now >= used.saturating_add(seconds));
        let has_passed = |end: Option<i64>| end.is_some_and(|end| now >= end);
        let is_expired = has_passed(self.not_after) || has_passed(self.account_not_after);
        !(is_idle || is_expired || self.disabled_at.is_some() || self.is_account_inactive)
    }

    /// Whether `last_used_at` is old enough to be written again.
    #[must_use]
    pub fn is_touch_due(&self, now: OffsetDateTime) -> bool {
        self.last_used_at.is_none_or(|used| now.unix_timestamp() >= used + SECONDS_BETWEEN_TOUCHES)
    }

    /// Everything that limits the token, in the form that its wrap is bound to.
    #[must_use]
    pub fn terms(&self) -> Vec<u8> {
        let aad = Aad::new("terms").with(self.scope.as_bytes()).with_number(self.idle_seconds);
        // Only the disabled state is added, so that wraps sealed before this part existed still open.
        let aad = if self.disabled_at.is_some() { aad.with(b"disabled") } else { aad };
        let aad = self.key.iter().fold(aad, |aad, key| key.add_to_aad(aad));
        let own_key = self.key.iter().filter(|_| self.kind == TokenKind::ApiKey);
        let aad = own_key.fold(aad, |aad, key| key.add_issuing_to_aad(aad));
        let aad = self.own_application().iter().fold(aad, |aad, application| application.add_to_aad(aad));
        self.oauth.iter().fold(aad, |aad, oauth| oauth.add_to_aad(aad)).as_bytes().to_vec()
    }

    /// The application if this row is its client secret.
    fn own_application(&self) -> Option<&ApplicationTerms> {
        self.application.as_ref().filter(|_| self.kind == TokenKind::ClientSecret)
    }

    /// What the wrap is bound to, with the [`terms`](Self::terms).
    #[must_use]
    pub fn facts<'a>(&'a self, terms: &'a [u8]) -> TokenFacts<'a> {
        let (id, kind, account) = (&self.id, self.kind.as_str(), self.account.as_deref());
        TokenFacts { id, kind, account, terms, not_after: self.not_after }
    }

    pub(super) fn from_row(row: &AnyRow) -> Result<Self, StoreError> {
        let hash: Vec<u8> = row.try_get("token_index")?;
        let key: Option<String> = row.try_get("index_kid")?;
        Ok(Self {
            id: row.try_get("id")?,
            kind: kind_from_row(row)?,
            index: TokenIndex {
                hash: hash.try_into().map_err(|_| malformed())?,
                key: key.as_deref().and_then(KeyId::parse).unwrap_or_default(),
                previous: None,
            },
            display_prefix: row.try_get("shown")?,
            account: row.try_get("account_id")?,
            scope: row.try_get("scope")?,
            account_scope: row.try_get("account_scope")?,
            created_at: row.try_get("created_at")?,
            not_after: row.try_get("not_after")?,
            idle_seconds: row.try_get("idle_seconds")?,
            last_used_at: row.try_get("last_used_at")?,
            last_address: row.try_get("last_address")?,
            disabled_at: row.try_get("disabled_at")?,
            is_account_inactive: row.try_get::<i64, _>("account_ended")? != 0,
            account_not_after: row.try_get("account_not_after")?,
            account_wrap: row.try_get::<Option<Vec<u8>>, _>("account_wrap")?.map(Sealed),
            key: KeyTerms::from_row(row)?,
            application: ApplicationTerms::from_row(row)?,
            oauth: OAuthTerms::from_row(row)?,
            grant: Grant::from_row(row)?,
            wrap: Sealed(row.try_get("blob")?),
        })
    }

    /// Inserts the token, its wrap and its terms. The grant must exist.
    pub(super) async fn insert(&self, connection: &mut AnyConnection) -> Result<(), StoreError> {
        let insert = "INSERT INTO tokens (id, kind, token_index, shown, grant_id, account_id, scope, created_at, \
                      not_after, idle_seconds, index_kid) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
        sqlx::query(insert)
            .bind(self.id.clone())
            .bind(self.kind.as_str())
            .bind(self.index.hash.to_vec())
            .bind(self.display_prefix.clone())
            .bind(self.grant.id.clone())
            .bind(self.account.clone())
            .bind(self.scope.clone())
            .bind(self.created_at)
            .bind(self.not_after)
            .bind(self.idle_seconds)
            .bind(self.index.key.to_string())
            .execute(&mut *connection)
            .await?;
        self.insert_wrap(&mut *connection).await?;
        if let (Some(key), TokenKind::ApiKey | TokenKind::ClientSecret) = (&self.key, self.kind) {
            key.insert(&self.id, &mut *connection).await?;
        }
        if let Some(application) = self.own_application() {
            application.insert(&self.id, &mut *connection).await?;
        }
        match &self.oauth {
            Some(oauth) => oauth.insert(&self.id, connection).await,
            None => Ok(()),
        }
    }

    /// Inserts the wrap for `grant`, which may be another grant than the token's own.
    pub(super) async fn insert_wrap(&self, connection: &mut AnyConnection) -> Result<(), StoreError> {
        sqlx::query("INSERT INTO wraps (token_id, grant_id, blob, kid) VALUES ($1, $2, $3, $4)")
            .bind(self.id.clone())
            .bind(self.grant.id.clone())
            .bind(self.wrap.0.clone())
            .bind(self.wrap.key_id().map_err(StoreError::internal)?.to_string())
            .execute(connection)
            .await?;
        Ok(())
    }
}
