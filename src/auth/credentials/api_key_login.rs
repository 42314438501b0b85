//! Login tokens: issued with an API key, for its own user or for a user who has linked a credential with the key.
//!
//! A login token has the scope and the limits of its API key, and stops working with it.
//!
//! In: an API key, the user and the lifetime. Out: the token. Must not know: HTTP.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use time::OffsetDateTime;
use tokio::time::Instant;
use zeroize::Zeroizing;

use super::token_authenticator::GatewayTokens;
use crate::auth::error::AuthError;
use crate::auth::key_provider::KeySet;
use crate::auth::limits::key_concurrency::ConcurrencyPermit;
use crate::auth::usage_counts::UsageCounter;
use crate::error::Problem;
use crate::error_code::ErrorCode;
use crate::odoo::{Databases, OdooUser, Uid};
use crate::secret::{DataKey, LoginClaims, Sealed, SecretError, Token, TokenKind};
use crate::store::{AuditEvent, StoredToken, random_id};

/// The user and the lifetime of a login token.
#[derive(Debug, Clone, Copy)]
pub struct LoginTokenRequest {
    /// The id of the user in Odoo; `None`: the user of the API key.
    pub user: Option<i64>,
    /// The lifetime in days; `None`: as usual, but not longer than the API key allows.
    pub days: Option<u32>,
}

/// The limits of login tokens that every API key has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LoginTokenLimits {
    /// The longest lifetime in days, of keys without one of their own.
    pub max_days: u32,
    /// The most active login tokens that a user creates for themselves with one key.
    pub per_user: u32,
}

impl LoginTokenLimits {
    /// The longest lifetime in days of the login tokens of an API key.
    #[must_use]
    pub fn max_days_of(self, key: &StoredToken) -> u32 {
        key.key.as_ref().and_then(|terms| terms.login_token_days).unwrap_or(self.max_days)
    }
}

/// An API key that was verified.
#[derive(Debug)]
pub struct VerifiedApiKey {
    token: Token,
    row: StoredToken,
    keys: Arc<KeySet>,
    /// Counts the request as one of the key.
    pub usage: Option<Arc<UsageCounter>>,
    _permit: Option<ConcurrencyPermit>,
}

/// A new login token.
#[derive(Debug)]
pub struct IssuedLoginToken {
    /// The JSON Web Token. It is shown once and not stored.
    pub token: Zeroizing<String>,
    /// When it expires.
    pub expires_at: OffsetDateTime,
    /// The lifetime in days.
    pub days: u32,
    /// The user's id in Odoo.
    pub uid: Uid,
    /// The user's login.
    pub login: String,
    /// The user's name in Odoo.
    pub name: String,
}

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// The lifetime in days if the request contains none.
const DEFAULT_DAYS: u32 = 30;

/// Issues login tokens.
#[derive(Debug)]
pub struct LoginTokens {
    tokens: GatewayTokens,
    limits: LoginTokenLimits,
}

impl LoginTokens {
    pub(in crate::auth) fn new(tokens: GatewayTokens, limits: LoginTokenLimits) -> Self {
        Self { tokens, limits }
    }

    /// Verifies the API key that a login token is requested with. It may be a key that is not sufficient alone.
    ///
    /// # Errors
    /// As [`GatewayTokens::authenticate`].
    pub async fn verify_api_key(&self, key: Token, address: IpAddr) -> Result<VerifiedApiKey, Problem> {
        let started = Instant::now();
        let result = self.try_verify_api_key(&key, address).await;
        let (row, keys, permit) = self.tokens.failures.finish(result, started, address).await?;
        let usage = self.tokens.credentials.usage_counts.counter(&row);
        Ok(VerifiedApiKey { token: key, row, keys, usage, _permit: permit })
    }

    async fn try_verify_api_key(
        &self,
        key: &Token,
        address: IpAddr,
    ) -> Result<(StoredToken, Arc<KeySet>, Option<ConcurrencyPermit>), AuthError> {
        let credentials = &self.tokens.credentials;
        let mut keys = credentials.key_set().await?;
        let mut found = self.tokens.read_usable_row(key, &keys, address).await;
        if let Err(AuthError::Rejected) = found
            && let Some(changed) = credentials.keys.reload_if_changed(&keys).await?
        {
            keys = changed;
            found = self.tokens.read_usable_row(key, &keys, address).await;
        }
        let row = found?;
        let permit = self.tokens.limits.acquire(&row).await?;
        self.tokens.limits.check_rate(&row).await?;
        Ok((row, keys, permit))
    }

    /// Issues a login token.
    ///
    /// # Errors
    /// 400 if the lifetime is longer than the key allows, 403 if the key must not issue tokens for other users, 409 if
    /// the user has not linked a credential, 401 if Odoo rejects the stored credential.
    pub async fn issue(
        &self,
        api_key: VerifiedApiKey,
        request: LoginTokenRequest,
        databases: &Databases,
    ) -> Result<IssuedLoginToken, Problem> {
        self.try_issue(api_key, request, databases).await.map_err(AuthError::into_problem)
    }

    async fn try_issue(
        &self,
        api_key: VerifiedApiKey,
        request: LoginTokenRequest,
        databases: &Databases,
    ) -> Result<IssuedLoginToken, AuthError> {
        let VerifiedApiKey { token: key, row, keys, _permit, .. } = api_key;
        let days = self.lifetime(&row, request.days)?;
        let link = self.find_link(row, request.user).await?;
        let data_key = self.tokens.credentials.data_key(&keys, &key, &link).await?;
        let secret = data_key.open_credential(link.grant.facts(), &link.grant.credential);
        let secret = secret.map_err(|_| AuthError::Rejected)?;
        let uid = Uid::new(link.grant.uid).ok_or(AuthError::Rejected)?;
        let database = databases.pick(Some(&link.grant.database)).map_err(|_| AuthError::Rejected)?;
        let name =
            database.metadata.user_name(&OdooUser { uid, secret: secret.into() }).await.map_err(stale_credential)?;
        let (token, expires_at) = self.sign_and_store(&link, &data_key, days).await?;
        Ok(IssuedLoginToken { token, expires_at, days, uid, login: link.grant.login, name })
    }

    /// The lifetime in days.
    fn lifetime(&self, key: &StoredToken, requested: Option<u32>) -> Result<u32, AuthError> {
        let longest = self.limits.max_days_of(key);
        let days = requested.unwrap_or(DEFAULT_DAYS.min(longest));
        if days <= longest {
            return Ok(days);
        }
        let detail = format!("expiration_days: login tokens of this API key live for at most {longest} days.");
        let hint = "Ask the administrator for a longer lifetime of the key's login tokens if you need it.";
        Err(Problem::new(ErrorCode::InvalidParameter, detail).hint(hint).parameter("expiration_days").into())
    }

    /// The row of the API key, with the grant of the requested user.
    async fn find_link(&self, api_key: StoredToken, user: Option<i64>) -> Result<StoredToken, AuthError> {
        let Some(user) = user.filter(|user| *user != api_key.grant.uid) else { return Ok(api_key) };
        if !api_key.key.as_ref().is_some_and(|key| key.may_mint_for_others) {
            let detail = "This API key may issue login tokens for its own user only.";
            let hint = "Omit `user_id`, or use an API key that may issue login tokens for other users.";
            return Err(Problem::new(ErrorCode::MintForbidden, detail).parameter("user_id").hint(hint).into());
        }
        let credentials = &self.tokens.credentials;
        let links = credentials.store.links(&api_key.id, credentials.clock.now()).await?;
        let is_of_user = |link: &StoredToken| link.grant.uid == user && link.grant.database == api_key.grant.database;
        links.into_iter().rfind(is_of_user).ok_or_else(|| {
            let detail = "This user has not linked an Odoo credential with this API key.";
            let hint = "Ask an administrator to link the user with `odoo-gateway user link`.";
            Problem::new(ErrorCode::NotLinked, detail).hint(hint).parameter("user_id").into()
        })
    }

    async fn sign_and_store(
        &self,
        link: &StoredToken,
        data_key: &DataKey,
        days: u32,
    ) -> Result<(Zeroizing<String>, OffsetDateTime), AuthError> {
        let credentials = &self.tokens.credentials;
        let keys = credentials.keys.for_sealing().await?;
        let now = credentials.clock.now();
        let expires_at = now.saturating_add(time::Duration::try_from(DAY * days).unwrap_or_default());
        let (row, text) = seal_login_token(&keys, link, data_key, now, expires_at).map_err(Problem::internal)?;
        let detail = format!("for {} of {}", row.grant.login, row.grant.database);
        let event = AuditEvent::new(now, &format!("key:{}", row.account_name()), "login_token.create", &row.id, detail);
        credentials.store.add_token_for_grant(&row, &event).await?;
        Ok((text, expires_at))
    }
}

/// A new login token for the grant of `link`, the row of its API key, and the row of the token.
///
/// # Errors
/// If the operating system provides no randomness.
pub fn seal_login_token(
    keys: &KeySet,
    link: &StoredToken,
    data_key: &DataKey,
    now: OffsetDateTime,
    expires_at: OffsetDateTime,
) -> Result<(StoredToken, Zeroizing<String>), SecretError> {
    let (row, token) = seal(keys, link, data_key, now, expires_at)?;
    let claims = LoginClaims {
        iss: keys.issuer.clone(),
        aud: keys.issuer.clone(),
        user_id: row.grant.uid,
        username: row.grant.login.clone(),
        webservice_account_id: link.account_id().to_owned(),
        webservice_name: row.account_name().to_owned(),
        iat: row.created_at,
        exp: expires_at.unix_timestamp(),
        jti: token.expose().to_owned(),
    };
    let text = keys.login_token_key.sign(&claims)?;
    Ok((row, text))
}

/// The row of a new token for the grant of `link`, and the secret in the token.
fn seal(
    keys: &KeySet,
    link: &StoredToken,
    data_key: &DataKey,
    now: OffsetDateTime,
    expires_at: OffsetDateTime,
) -> Result<(StoredToken, Token), SecretError> {
    let token = Token::generate(TokenKind::LoginToken)?;
    let mut row = StoredToken {
        id: random_id().map_err(|cause| SecretError::NoRandomness(cause.to_string()))?,
        kind: TokenKind::LoginToken,
        index: token.index(&keys.index),
        // Users never see this secret itself; lists show the id of the row.
        display_prefix: String::new(),
        account: Some(link.account_id().to_owned()),
        scope: link.current_scope().to_owned(),
        account_scope: Some(link.current_scope().to_owned()),
        created_at: now.unix_timestamp(),
        not_after: Some(expires_at.unix_timestamp()),
        idle_seconds: None,
        last_used_at: None,
        last_address: None,
        wrap: Sealed(Vec::new()),
        ..link.clone()
    };
    row.wrap = data_key.wrap(&keys.keyring, &token, row.facts(&row.terms()), row.grant.facts())?;
    Ok((row, token))
}

fn stale_credential(problem: Problem) -> Problem {
    if problem.code != ErrorCode::CredentialInvalid {
        return problem;
    }
    let detail = "Odoo no longer accepts the password or API key that is stored for this user.";
    Problem::new(ErrorCode::OdooCredentialStale, detail).hint("Link the user again, or create a new API key.")
}
