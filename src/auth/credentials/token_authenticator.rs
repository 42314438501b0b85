//! API keys and tokens that the gateway issued.
//!
//! One query reads the row at each request, so a revoked token stops working at once on every gateway. The opened
//! credential is cached while the row is unchanged. Odoo is not asked: it verifies the credential with the call itself.
//!
//! In: a token, the client's address. Out: a [`Principal`]. Must not know: HTTP.

use std::net::IpAddr;
use std::sync::Arc;

use secrecy::{ExposeSecret as _, SecretString};
use tokio::time::Instant;

use super::PresentedToken;
use super::opened_credential_cache::CredentialCache;
use super::parsed_token::ParsedToken;
use crate::auth::error::AuthError;
use crate::auth::key_provider::KeySet;
use crate::auth::limits::token_rejection::FailurePolicy;
use crate::auth::limits::usage_limits::TokenLimits;
use crate::auth::principal::Principal;
use crate::auth::token_row_checks::{has_same_limits, has_same_seals, is_address_allowed, is_unchanged};
use crate::auth::token_verifier::{CredentialStore, altered_row};
use crate::error::Problem;
use crate::error_code::ErrorCode;
use crate::odoo::{Databases, OdooUser, Uid};
use crate::plan::Scope;
use crate::secret::{Token, TokenIndex, TokenKind};
use crate::store::StoredToken;

/// A credential, with the row that it was opened with.
#[derive(Debug)]
struct CachedCredential {
    row: Arc<StoredToken>,
    secret: SecretString,
    scope: Scope,
}

/// Verifies API keys and tokens of the gateway. Clones share the cache and the limits.
#[derive(Debug, Clone)]
pub struct GatewayTokens {
    pub(super) credentials: CredentialStore,
    pub(super) limits: TokenLimits,
    pub(super) failures: FailurePolicy,
    issuer: String,
    cache: CredentialCache<CachedCredential>,
}

impl GatewayTokens {
    /// `issuer`: the `iss` and `aud` of JSON Web Tokens that OAuth 2 clients got.
    pub(in crate::auth) fn new(
        credentials: CredentialStore,
        limits: TokenLimits,
        failures: FailurePolicy,
        issuer: String,
    ) -> Self {
        Self { credentials, limits, failures, issuer, cache: CredentialCache::new() }
    }

    /// The user of a token. `database` is the name that the request names, if any.
    ///
    /// # Errors
    /// 401 if the token is rejected, 429 if its rate is exceeded or too many attempts failed, 503 without the store.
    pub async fn authenticate(
        &self,
        presented: &PresentedToken,
        database: Option<&str>,
        databases: &Databases,
        address: IpAddr,
    ) -> Result<Principal, Problem> {
        let started = Instant::now();
        let result = self.try_authenticate(presented, database, databases, address).await;
        self.failures.finish(result, started, address).await
    }

    /// The user with whom an administrator linked this Odoo API key.
    ///
    /// # Errors
    /// 401 if it is not linked, with what to do about it; 429 if too many attempts failed.
    pub async fn authenticate_linked_odoo_key(
        &self,
        key: &SecretString,
        database: Option<&str>,
        databases: &Databases,
        address: IpAddr,
    ) -> Result<Principal, Problem> {
        let token = Token::parse(TokenKind::OdooKey, key.expose_secret());
        let result = self.authenticate(&PresentedToken::from(token), database, databases, address).await;
        result.map_err(
            |problem| {
                if problem.code == ErrorCode::CredentialInvalid { odoo_key_not_linked() } else { problem }
            },
        )
    }

    async fn try_authenticate(
        &self,
        presented: &PresentedToken,
        database: Option<&str>,
        databases: &Databases,
        address: IpAddr,
    ) -> Result<Principal, AuthError> {
        if matches!(presented, PresentedToken::Malformed) {
            return Err(AuthError::Rejected);
        }
        let keys = self.credentials.key_set().await?;
        match self.authenticate_with(&keys, presented, database, databases, address).await {
            // The keys may have been rotated a moment ago.
            Err(AuthError::Rejected) => match self.credentials.keys.reload_if_changed(&keys).await? {
                Some(keys) => self.authenticate_with(&keys, presented, database, databases, address).await,
                None => Err(AuthError::Rejected),
            },
            result => result,
        }
    }

    async fn authenticate_with(
        &self,
        keys: &KeySet,
        presented: &PresentedToken,
        requested: Option<&str>,
        databases: &Databases,
        address: IpAddr,
    ) -> Result<Principal, AuthError> {
        let now = self.credentials.clock.now();
        let parsed = ParsedToken::parse(presented, keys, &self.issuer, now).ok_or(AuthError::Rejected)?;
        let (row, index) = self.find_row(&parsed, keys, address).await?;
        let database = databases.pick(Some(&row.grant.database)).map_err(|_| AuthError::Rejected)?.clone();
        if let Some(requested) = requested
            && databases.pick(Some(requested))?.name != database.name
        {
            return Err(AuthError::Rejected);
        }
        check_needs_no_login_token(&row)?;
        let permit = self.limits.acquire(&row)?;
        let rate_limit = self.limits.check_rate(&row)?;
        let opened = self.open(keys, &parsed.token, index, &row).await?;
        self.credentials.touch(&row);
        let uid = Uid::new(row.grant.uid).ok_or(AuthError::Rejected)?;
        let odoo_user = OdooUser { uid, secret: opened.secret.clone() };
        Ok(Principal {
            scope: opened.scope.clone(),
            database,
            odoo_user,
            login: row.grant.login,
            credential_kind: row.kind.into(),
            rate_limit,
            permit,
            token: Some(opened.row.clone()),
        })
    }

    /// Checks that a token that was accepted before would be accepted now with the same limits: it is active, its
    /// account is active, and it may be used from this address.
    ///
    /// # Errors
    /// 401 if it would be rejected, 503 without the store.
    pub async fn recheck(&self, token: &StoredToken, address: IpAddr) -> Result<(), Problem> {
        self.try_recheck(token, address).await.map_err(AuthError::into_problem)
    }

    async fn try_recheck(&self, token: &StoredToken, address: IpAddr) -> Result<(), AuthError> {
        let now = self.credentials.clock.now();
        let row = self.credentials.store.token(&token.id, now).await?.ok_or(AuthError::Rejected)?;
        if !(self.is_usable(&row, token.kind, address) && has_same_limits(token, &row)) {
            return Err(AuthError::Rejected);
        }
        if !has_same_seals(token, &row) {
            self.credentials.verify_with_account(&row).await?;
        }
        self.credentials.touch(&row);
        Ok(())
    }

    /// The row of a token, if it is usable and matches the claims and the API key that were sent along.
    pub(super) async fn find_row(
        &self,
        parsed: &ParsedToken<'_>,
        keys: &KeySet,
        address: IpAddr,
    ) -> Result<(StoredToken, TokenIndex), AuthError> {
        let index = parsed.token.index(&keys.index);
        let key_index = parsed.api_key.map(|key| key.index(&keys.index));
        let (store, now) = (&self.credentials.store, self.credentials.clock.now());
        let mut rows = store.find_tokens([index, key_index.unwrap_or(index)], now).await?;
        let mut take_usable = |index: TokenIndex, kind| {
            let found = rows.iter().position(|row| index.matches(&row.index) && self.is_usable(row, kind, address))?;
            Some(rows.swap_remove(found))
        };
        let row = take_usable(index, parsed.token.kind()).filter(|row| parsed.matches(row));
        let mut is_of_api_key = |row: &StoredToken| match key_index {
            Some(index) => take_usable(index, TokenKind::ApiKey).is_some_and(|key| row.account == Some(key.id)),
            None => true,
        };
        let Some(row) = row.filter(&mut is_of_api_key) else {
            self.cache.invalidate(index);
            return Err(AuthError::Rejected);
        };
        self.credentials.move_to_newest_index(index, &row);
        Ok((row, index))
    }

    /// Removes the opened credential of a token that was revoked.
    pub(super) fn evict(&self, index: TokenIndex) {
        self.cache.invalidate(index);
    }

    fn is_usable(&self, row: &StoredToken, kind: TokenKind, address: IpAddr) -> bool {
        row.kind == kind && row.is_active(self.credentials.clock.now()) && is_address_allowed(row, address)
    }

    async fn open(
        &self,
        keys: &KeySet,
        token: &Token,
        index: TokenIndex,
        row: &StoredToken,
    ) -> Result<Arc<CachedCredential>, AuthError> {
        if let Some(opened) = self.cache.get(index)
            && is_unchanged(&opened.row, row)
        {
            return Ok(opened);
        }
        let data_key = self.credentials.data_key(keys, token, row).await?;
        let secret = data_key.open_credential(row.grant.facts(), &row.grant.credential);
        let secret = secret.map_err(|cause| altered_row(row, &cause))?;
        // A scope that this gateway cannot parse, for example one that a newer version wrote, grants nothing.
        let scope = Scope::from_json(&row.scope).map_err(Problem::internal)?;
        self.credentials.verify_account(row).await?;
        let opened = Arc::new(CachedCredential { row: Arc::new(row.clone()), secret, scope });
        self.cache.insert(index, opened.clone());
        Ok(opened)
    }
}

/// Rejects an API key that may be used only together with a login token.
fn check_needs_no_login_token(row: &StoredToken) -> Result<(), Problem> {
    if row.kind == TokenKind::ApiKey && row.key.as_ref().is_some_and(|key| key.needs_login_token) {
        let detail = "This API key is not sufficient alone: it requires a login token.";
        let hint = "Send the login token of a user in the header `token`, together with the API key.";
        return Err(Problem::new(ErrorCode::CredentialMissing, detail).hint(hint));
    }
    Ok(())
}

/// The same for every key, so it reveals nothing.
fn odoo_key_not_linked() -> Problem {
    let detail = "This Odoo version cannot look up the user of an API key, and the key is not linked with a user.";
    let hint = "Send HTTP Basic with the user's login and the API key, or ask an administrator to link the key with \
                `odoo-gateway user link-odoo-key`.";
    Problem::new(ErrorCode::CredentialInvalid, detail).hint(hint).parameter("Authorization")
}
