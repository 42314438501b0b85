//! API keys and tokens that the gateway issued.
//!
//! The row and the opened credential come from memory while the store confirms that no credential has changed: a
//! revoked token stops working at once on this gateway, and within a second on the others. Odoo is not asked: it
//! verifies the credential with the call itself.
//!
//! In: a token, the client's address. Out: a [`Principal`]. Must not know: HTTP.

use std::net::IpAddr;
use std::sync::Arc;

use secrecy::{ExposeSecret as _, SecretString};
use tokio::time::Instant;

use super::PresentedToken;
use super::credential_cache::{CachedToken, CredentialCache, ReadToken};
use super::parsed_token::ParsedToken;
use crate::auth::error::AuthError;
use crate::auth::key_provider::KeySet;
use crate::auth::limits::token_rejection::FailurePolicy;
use crate::auth::limits::usage_limits::TokenLimits;
use crate::auth::principal::Principal;
use crate::auth::token_row_checks::{
    has_same_limits, has_same_seals, has_same_secret, is_address_allowed, is_previous_secret,
};
use crate::auth::token_verifier::{CredentialStore, OpenedCredential};
use crate::error::Problem;
use crate::error_code::ErrorCode;
use crate::odoo::{Databases, OdooUser, Uid};
use crate::secret::{Token, TokenIndex, TokenKind};
use crate::store::StoredToken;

/// A token that was sent, with the hash that finds its row.
type IndexedToken<'t> = (ParsedToken<'t>, TokenIndex);

/// Verifies API keys and tokens of the gateway. Clones share the cache and the limits.
#[derive(Debug, Clone)]
pub struct GatewayTokens {
    pub(super) credentials: CredentialStore,
    pub(super) limits: TokenLimits,
    pub(super) failures: FailurePolicy,
    issuer: String,
    cache: CredentialCache<OpenedCredential>,
}

impl GatewayTokens {
    /// `issuer`: the `iss` and `aud` of JSON Web Tokens that OAuth 2 clients got.
    pub(in crate::auth) fn new(
        credentials: CredentialStore,
        limits: TokenLimits,
        failures: FailurePolicy,
        issuer: String,
    ) -> Self {
        let store = &credentials.store;
        let cache = CredentialCache::new(store.credential_changes(), store.response_timeout());
        Self { credentials, limits, failures, issuer, cache }
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
        let token = self.parse(presented, &keys);
        let index = token.as_ref().map(|(_, index)| *index);
        // The owner of an Odoo API key can have sent it before it was linked.
        if let Some((parsed, index)) = &token
            && parsed.token.kind() != TokenKind::OdooKey
            && self.cache.is_unknown(*index)
        {
            return Err(AuthError::Rejected);
        }
        match self.authenticate_with(&keys, token, database, databases, address).await {
            // The keys may have been rotated a moment ago.
            Err(AuthError::Rejected) => match self.credentials.keys.reload_if_changed(&keys).await? {
                Some(keys) => {
                    let token = self.parse(presented, &keys);
                    self.authenticate_with(&keys, token, database, databases, address).await
                }
                None => {
                    if let Some(index) = index {
                        self.cache.confirm_unknown(index);
                    }
                    Err(AuthError::Rejected)
                }
            },
            result => result,
        }
    }

    fn parse<'t>(&self, presented: &'t PresentedToken, keys: &KeySet) -> Option<IndexedToken<'t>> {
        let parsed = ParsedToken::parse(presented, keys, &self.issuer, self.credentials.clock.now())?;
        let index = parsed.token.index(&keys.index);
        Some((parsed, index))
    }

    async fn authenticate_with(
        &self,
        keys: &KeySet,
        token: Option<IndexedToken<'_>>,
        requested: Option<&str>,
        databases: &Databases,
        address: IpAddr,
    ) -> Result<Principal, AuthError> {
        let (parsed, index) = token.ok_or(AuthError::Rejected)?;
        let entry = self.find_entry(&parsed.token, index, address).await?;
        let row = &entry.row;
        if !(parsed.matches(row) && self.is_of_api_key(row, parsed.api_key, keys, address).await?) {
            return Err(AuthError::Rejected);
        }
        let database = databases.pick(Some(&row.grant.database)).map_err(|_| AuthError::Rejected)?.clone();
        if let Some(requested) = requested
            && databases.pick(Some(requested))?.name != database.name
        {
            return Err(AuthError::Rejected);
        }
        check_needs_no_login_token(row).inspect_err(|_| entry.count_failure(&self.credentials))?;
        let (permit, rate_limit) = entry.check_limits(&self.limits, &self.credentials).await?;
        let opened = match entry.opened() {
            Some(opened) => opened,
            // Boxed, because it is rare and large.
            None => Box::pin(self.cache.open(&entry, self.open(keys, &parsed.token, row))).await?,
        };
        entry.record_use(&self.credentials, address);
        self.credentials.record_odoo_key_use(opened, row, &database);
        let uid = Uid::new(row.grant.uid).ok_or(AuthError::Rejected)?;
        Ok(Principal {
            scope: opened.scope.clone(),
            database,
            odoo_user: OdooUser { uid, secret: opened.secret.clone() },
            login: opened.login.clone(),
            credential_kind: row.kind.into(),
            rate_limit,
            permit,
            token: Some(row.clone()),
            usage: entry.usage(&self.credentials).cloned(),
        })
    }

    /// The active row of a token that may be used from this address.
    async fn find_entry(
        &self,
        token: &Token,
        index: TokenIndex,
        address: IpAddr,
    ) -> Result<Arc<CachedToken<OpenedCredential>>, AuthError> {
        let now = self.credentials.clock.now();
        let entry = match self.cache.get(&index.hash, now) {
            Some(entry) => entry,
            // Boxed, because it is rare and large.
            None => Box::pin(self.cache.load(index, now, self.read_for_cache(token.kind(), index))).await?,
        };
        if is_address_allowed(&entry.row, address) {
            return Ok(entry);
        }
        entry.count_failure(&self.credentials);
        Err(AuthError::Rejected)
    }

    async fn read_for_cache(
        &self,
        kind: TokenKind,
        index: TokenIndex,
    ) -> Result<Option<ReadToken<OpenedCredential>>, AuthError> {
        Ok(self.read_row(kind, index).await?.map(|row| (row, None)))
    }

    /// Whether a login token was issued for the API key that was sent along, if one was.
    async fn is_of_api_key(
        &self,
        row: &StoredToken,
        api_key: Option<&Token>,
        keys: &KeySet,
        address: IpAddr,
    ) -> Result<bool, AuthError> {
        let Some(api_key) = api_key else { return Ok(true) };
        let api_key = self.find_entry(api_key, api_key.index(&keys.index), address).await?;
        Ok(row.account.as_deref() == Some(api_key.row.account_id()))
    }

    /// Checks that a token that was accepted before would be accepted now with the same limits: its secret was not
    /// replaced, it is active, its account is active, and it may be used from this address.
    ///
    /// # Errors
    /// 401 if it would be rejected, 503 without the store.
    pub async fn recheck(&self, token: &StoredToken, address: IpAddr) -> Result<(), Problem> {
        self.try_recheck(token, address).await.map_err(AuthError::into_problem)
    }

    async fn try_recheck(&self, token: &StoredToken, address: IpAddr) -> Result<(), AuthError> {
        let now = self.credentials.clock.now();
        if let Some(entry) = self.cache.get(&token.index.hash, now)
            && entry.row.id == token.id
            && has_same_seals(token, &entry.row)
        {
            if !(is_address_allowed(&entry.row, address) && has_same_limits(token, &entry.row)) {
                return Err(AuthError::Rejected);
            }
            entry.record_use(&self.credentials, address);
            return Ok(());
        }
        let row = self.credentials.store.token(&token.id, now).await?.ok_or(AuthError::Rejected)?;
        let (row, is_same) = if has_same_secret(token, &row) {
            let is_same = has_same_limits(token, &row);
            (row, is_same)
        } else {
            // The secret of an API key that was rotated stays valid for a while, with a row of its own.
            let row = self.credentials.store.find_token(token.index, now).await?.ok_or(AuthError::Rejected)?;
            let is_same = is_previous_secret(token, &row);
            (row, is_same)
        };
        if !(is_same && self.is_usable(&row, address)) {
            return Err(AuthError::Rejected);
        }
        if !has_same_seals(token, &row) {
            self.credentials.verify_with_account(&row).await?;
        }
        self.credentials.touch(&row, address);
        Ok(())
    }

    /// The row of a token as it is now, if it may be used from this address.
    pub(super) async fn read_usable_row(
        &self,
        token: &Token,
        keys: &KeySet,
        address: IpAddr,
    ) -> Result<StoredToken, AuthError> {
        let row = self.read_row(token.kind(), token.index(&keys.index)).await?;
        row.filter(|row| self.is_usable(row, address)).ok_or(AuthError::Rejected)
    }

    /// The row of a token, active or not.
    async fn read_row(&self, kind: TokenKind, index: TokenIndex) -> Result<Option<StoredToken>, AuthError> {
        let now = self.credentials.clock.now();
        let row = self.credentials.store.find_token(index, now).await?.filter(|row| is_of_kind(row, kind));
        if let Some(row) = row.as_ref().filter(|row| row.is_active(now)) {
            self.credentials.move_to_newest_index(index, row);
        }
        Ok(row)
    }

    fn is_usable(&self, row: &StoredToken, address: IpAddr) -> bool {
        row.is_active(self.credentials.clock.now()) && is_address_allowed(row, address)
    }

    async fn open(&self, keys: &KeySet, token: &Token, row: &StoredToken) -> Result<Arc<OpenedCredential>, AuthError> {
        let data_key = self.credentials.data_key(keys, token, row).await?;
        let scope = self.credentials.verify_account(row).await?;
        Ok(Arc::new(self.credentials.open_credential(&data_key, row, &scope)?))
    }
}

/// Whether a row was found by a token of this kind. An API key that was rotated has two secrets for a while.
fn is_of_kind(row: &StoredToken, kind: TokenKind) -> bool {
    row.kind == kind || (row.kind == TokenKind::PreviousApiKey && kind == TokenKind::ApiKey)
}

/// Rejects an API key that may be used only together with a login token.
fn check_needs_no_login_token(row: &StoredToken) -> Result<(), Problem> {
    if is_of_kind(row, TokenKind::ApiKey) && row.key.as_ref().is_some_and(|key| key.needs_login_token) {
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
