//! The token endpoint (RFC 6749 sections 4.1.3, 4.4, 6; RFC 7636; RFC 9700).
//!
//! ```text
//! code               ─► access token, and a refresh token if the application may refresh
//! refresh token      ─► access token, and the next refresh token; the old one is spent
//! client credentials ─► access token for the bound user
//! ```
//!
//! A code or refresh token that the same application sends a second time was stolen, or its response was. Therefore
//! all tokens of the same approval are revoked, even if two exchanges arrive at the same moment. If a gateway fails
//! between its commit and its response, the new tokens are lost and the user has to log in again, unless
//! `oauth.refresh_grace` allows to send a refresh token again for a short time. It then gets another pair, which
//! replaces the one issued before if that was not used yet; there is never more than one pair.
//!
//! In: an authenticated client, its code, token or request. Out: [`IssuedTokens`]. Must not know: where parameters
//! were in the request.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use oauth2::{PkceCodeChallenge, PkceCodeVerifier};
use time::OffsetDateTime;
use zeroize::Zeroizing;

use super::clients::AuthenticatedClient;
use super::server::OAuth2Server;
use crate::auth::clients::application::GrantType;
use crate::auth::clients::approval::{Approval, ResourceOwner};
use crate::auth::error::AuthError;
use crate::error::Problem;
use crate::error_code::ErrorCode;
use crate::plan::{OAuthScope, Scope};
use crate::secret::{Token, TokenKind};
use crate::store::{AuditEvent, OAuthTerms, SpentWrap, StoredToken};

/// The parameters of an authorization code grant.
#[derive(Debug, Clone, Copy)]
pub struct CodeExchange<'r> {
    /// `code`
    pub code: &'r str,
    /// `redirect_uri`, as sent with the authorization request.
    pub redirect_uri: Option<&'r str>,
    /// `code_verifier`
    pub verifier: Option<&'r str>,
}

/// The format of an access token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccessTokenFormat {
    /// A random text.
    Opaque,
    /// A JSON Web Token (RFC 9068).
    Jwt,
}

/// The tokens of a successful token response.
#[derive(Debug)]
pub struct IssuedTokens {
    /// The access token.
    pub access_token: Zeroizing<String>,
    /// When it expires.
    pub expires_at: OffsetDateTime,
    /// Its lifetime in seconds.
    pub expires_in: i64,
    /// The refresh token, if there is one.
    pub refresh_token: Option<Token>,
    /// The scope of the access token.
    pub scope: OAuthScope,
}

/// The length of a code verifier (RFC 7636 section 4.1).
const VERIFIER_LENGTH: std::ops::RangeInclusive<usize> = 43..=128;

impl OAuth2Server {
    /// Exchanges an authorization code, once.
    ///
    /// # Errors
    /// `unauthorized_client`, `invalid_grant`; 503 without the store.
    pub async fn exchange_code(
        &self,
        client: &AuthenticatedClient,
        request: CodeExchange<'_>,
        format: AccessTokenFormat,
    ) -> Result<IssuedTokens, Problem> {
        let exchanged = async {
            check_grant_type(client, GrantType::AuthorizationCode)?;
            let code = Token::parse(TokenKind::OAuthCode, request.code).ok_or_else(invalid_grant)?;
            let (row, terms) = self.find_exchangeable(client, &code).await?;
            check_code_exchange(client, &terms, request)?;
            let owner = self.resource_owner(client, &code, &row, &terms).await?;
            let scope = Scope::from_json(&row.scope).map_err(Problem::internal)?;
            let approval_expires_at = self.expiry(self.settings.refresh_ttl);
            let issue = TokenIssue { spent: &code, row: &row, terms: &terms, owner, scope, approval_expires_at };
            self.issue_tokens(client, issue, None, format).await
        };
        exchanged.await.map_err(AuthError::into_problem)
    }

    /// Exchanges a refresh token, once. `requested_scope` may ask for less than was approved.
    ///
    /// # Errors
    /// `unauthorized_client`, `invalid_grant`, `invalid_scope`; 503 without the store.
    pub async fn refresh(
        &self,
        client: &AuthenticatedClient,
        refresh_token: &str,
        requested_scope: Option<&str>,
        format: AccessTokenFormat,
    ) -> Result<IssuedTokens, Problem> {
        let refreshed = async {
            check_grant_type(client, GrantType::RefreshToken)?;
            let token = Token::parse(TokenKind::OAuthRefresh, refresh_token).ok_or_else(invalid_grant)?;
            let (row, terms) = self.find_exchangeable(client, &token).await?;
            let scope = Scope::from_json(&row.scope).map_err(Problem::internal)?;
            let narrowed = narrow_approved(&scope, requested_scope)?;
            let owner = self.resource_owner(client, &token, &row, &terms).await?;
            let approval_expires_at = row.not_after.unwrap_or_default();
            let issue = TokenIssue { spent: &token, row: &row, terms: &terms, owner, scope, approval_expires_at };
            self.issue_tokens(client, issue, narrowed, format).await
        };
        refreshed.await.map_err(AuthError::into_problem)
    }

    /// Issues an access token for the user that the application is bound to.
    ///
    /// # Errors
    /// `unauthorized_client`, `invalid_scope`; 503 without the store.
    pub async fn client_credentials(
        &self,
        client: &AuthenticatedClient,
        requested_scope: Option<&str>,
        format: AccessTokenFormat,
    ) -> Result<IssuedTokens, Problem> {
        let issued = async {
            check_grant_type(client, GrantType::ClientCredentials)?;
            let owner = self.bound_user(client).await?;
            let scope = client.application.narrow_scope(requested_scope)?;
            let approval = access_token(&scope, None, self.expiry(self.settings.access_ttl));
            let (row, token) = self.applications.new_token(&client.application, &owner, approval).await?;
            let event = self.audit_event(client, "oauth2.client_credentials", &row);
            self.credentials.store.add_token_for_grant(&row, &event).await?;
            self.token_response(client, &row, &token, &scope, None, format).await
        };
        issued.await.map_err(AuthError::into_problem)
    }

    /// The row of a code or refresh token that this client may exchange. One that was exchanged before revokes
    /// all tokens of its approval.
    async fn find_exchangeable(
        &self,
        client: &AuthenticatedClient,
        token: &Token,
    ) -> Result<(StoredToken, OAuthTerms), AuthError> {
        let row = match self.credentials.find_active(token).await {
            Ok(row) => row,
            Err(AuthError::Rejected) => match self.find_spent_in_grace(token).await? {
                Some(row) => row,
                None => return Err(self.revoke_replayed(client, token).await?),
            },
            Err(other) => return Err(other),
        };
        let terms = row.oauth.clone().filter(|_| row.account.as_ref() == Some(&client.application.row.id));
        terms.map(|terms| (row, terms)).ok_or_else(|| invalid_grant().into())
    }

    /// A refresh token that was spent a moment ago and may be exchanged again, if none of the tokens issued for it
    /// was used.
    async fn find_spent_in_grace(&self, token: &Token) -> Result<Option<StoredToken>, AuthError> {
        let (TokenKind::OAuthRefresh, Some(since)) = (token.kind(), self.grace_start()) else { return Ok(None) };
        let (keys, now) = (self.credentials.key_set().await?, self.credentials.clock.now());
        let row = self.credentials.store.find_recently_spent(token.index(&keys.index), since, now).await?;
        Ok(row.filter(|row| row.kind == TokenKind::OAuthRefresh && row.is_active(now)))
    }

    /// The Unix time since which spent refresh tokens may be exchanged again; `None`: never.
    fn grace_start(&self) -> Option<i64> {
        let grace = i64::try_from(self.settings.refresh_grace.as_secs()).ok().filter(|grace| *grace > 0)?;
        Some(self.credentials.clock.now().unix_timestamp().saturating_sub(grace))
    }

    /// Revokes all tokens of the approval of a token that was spent before, if it was issued to this client. A token
    /// of another client revokes nothing, so that a guess cannot do harm.
    async fn revoke_replayed(&self, client: &AuthenticatedClient, token: &Token) -> Result<AuthError, AuthError> {
        let (keys, store) = (self.credentials.key_set().await?, &self.credentials.store);
        let spent = store.find_spent_token(token.index(&keys.index)).await?;
        let id = &client.application.row.id;
        if let Some(spent) = spent.filter(|spent| spent.application.as_ref() == Some(id)) {
            let client_id = client.application.client_id();
            let detail = format!("{} was sent twice by {client_id}", token.kind().as_str());
            let now = self.credentials.clock.now();
            let event = AuditEvent::new(now, client_id, "oauth2.replay", &spent.approval_id, detail);
            store.revoke_approval(&spent.approval_id, &event).await?;
        }
        Ok(invalid_grant().into())
    }

    /// The user who approved, with the key that opens their credential: from the token's own wrap or the client
    /// secret's.
    async fn resource_owner(
        &self,
        client: &AuthenticatedClient,
        token: &Token,
        row: &StoredToken,
        terms: &OAuthTerms,
    ) -> Result<ResourceOwner, AuthError> {
        let keys = self.credentials.key_set().await?;
        // Unwrapped even if the key opens nothing: this proves that the row is unaltered.
        let key = self.credentials.data_key(&keys, token, row).await.map_err(|error| match error {
            AuthError::Rejected => invalid_grant().into(),
            other => other,
        })?;
        if !terms.non_interactive {
            return Ok(ResourceOwner { grant: row.grant.clone(), key: Some(key) });
        }
        // The application may have got another secret and credential since.
        let bound = self.bound_user(client).await?;
        if bound.grant.id == row.grant.id { Ok(bound) } else { Err(invalid_grant().into()) }
    }

    async fn issue_tokens(
        &self,
        client: &AuthenticatedClient,
        issue: TokenIssue<'_>,
        narrowed: Option<Scope>,
        format: AccessTokenFormat,
    ) -> Result<IssuedTokens, AuthError> {
        let (application, approval_id) = (&client.application, Some(issue.terms.approval_id.clone()));
        let may_refresh = application.settings.grants.contains(&GrantType::RefreshToken);
        let access_expires_at = self.expiry(self.settings.access_ttl).min(issue.approval_expires_at);
        let scope = narrowed.as_ref().unwrap_or(&issue.scope);
        let approval = access_token(scope, approval_id.clone(), access_expires_at);
        let (row, token) = self.applications.new_token(application, &issue.owner, approval).await?;
        let refresh = if may_refresh {
            let idle = i64::try_from(self.settings.refresh_idle.as_secs()).ok();
            let approval = refresh_token(&issue.scope, approval_id, issue.approval_expires_at, idle);
            Some(self.applications.new_token(application, &issue.owner, approval).await?)
        } else {
            None
        };
        let rows: Vec<&StoredToken> = std::iter::once(&row).chain(refresh.iter().map(|(row, _)| row)).collect();
        let event = self.audit_event(client, "oauth2.exchange", issue.row);
        let until = if may_refresh { issue.approval_expires_at } else { access_expires_at };
        if !self.store_exchange(&issue, &rows, until, &event).await? {
            return Err(self.revoke_replayed(client, issue.spent).await?);
        }
        self.token_response(client, &row, &token, scope, refresh.map(|(_, token)| token), format).await
    }

    /// Stores the exchange if it is the first of its code or token, or a repeated one within the grace period. `false`
    /// otherwise.
    async fn store_exchange(
        &self,
        issue: &TokenIssue<'_>,
        rows: &[&StoredToken],
        until: i64,
        event: &AuditEvent,
    ) -> Result<bool, AuthError> {
        let store = &self.credentials.store;
        let grace = self.grace_start().filter(|_| issue.spent.kind() == TokenKind::OAuthRefresh);
        let wrap = if grace.is_some() { SpentWrap::Kept } else { SpentWrap::Deleted };
        if store.exchange(issue.row, rows, Some(until), wrap, event).await? {
            return Ok(true);
        }
        match grace {
            Some(since) => Ok(store.repeat_exchange(issue.row, rows, since, event).await?),
            None => Ok(false),
        }
    }

    async fn token_response(
        &self,
        client: &AuthenticatedClient,
        row: &StoredToken,
        token: &Token,
        scope: &Scope,
        refresh_token: Option<Token>,
        format: AccessTokenFormat,
    ) -> Result<IssuedTokens, AuthError> {
        let expires_at = row.not_after.unwrap_or_default();
        let access_token = match format {
            AccessTokenFormat::Opaque => Zeroizing::new(token.expose().to_owned()),
            AccessTokenFormat::Jwt => self.sign_jwt(client, row, token, scope).await?,
        };
        Ok(IssuedTokens {
            access_token,
            expires_at: OffsetDateTime::from_unix_timestamp(expires_at).map_err(Problem::internal)?,
            expires_in: expires_at - row.created_at,
            refresh_token,
            scope: scope.oauth_scope(),
        })
    }

    fn audit_event(&self, client: &AuthenticatedClient, act: &str, row: &StoredToken) -> AuditEvent {
        let detail = format!("{} for {} of {}", row.kind.as_str(), row.grant.login, row.grant.database);
        AuditEvent::new(self.credentials.clock.now(), client.application.client_id(), act, &row.id, detail)
    }

    /// The Unix time after this lifetime.
    fn expiry(&self, lifetime: std::time::Duration) -> i64 {
        let lifetime = time::Duration::try_from(lifetime).unwrap_or(time::Duration::MAX);
        self.credentials.clock.now().saturating_add(lifetime).unix_timestamp()
    }
}

/// The code or refresh token that is exchanged, and the terms of the new tokens.
struct TokenIssue<'n> {
    spent: &'n Token,
    row: &'n StoredToken,
    terms: &'n OAuthTerms,
    owner: ResourceOwner,
    /// The approved scope.
    scope: Scope,
    /// The Unix time at which all tokens of the approval expire.
    approval_expires_at: i64,
}

fn access_token(scope: &Scope, approval_id: Option<String>, expires_at: i64) -> Approval {
    Approval {
        kind: TokenKind::OAuthAccess,
        approval_id,
        redirect_uri: None,
        challenge: None,
        secret: None,
        scope: scope.to_json(),
        not_after: Some(expires_at),
        idle_seconds: None,
    }
}

fn refresh_token(scope: &Scope, approval_id: Option<String>, expires_at: i64, idle_seconds: Option<i64>) -> Approval {
    Approval { kind: TokenKind::OAuthRefresh, idle_seconds, ..access_token(scope, approval_id, expires_at) }
}

fn check_grant_type(client: &AuthenticatedClient, grant: GrantType) -> Result<(), Problem> {
    if client.application.settings.grants.contains(&grant) {
        return Ok(());
    }
    let detail = "This application is not registered for the requested grant type.";
    Err(Problem::new(ErrorCode::UnauthorizedClient, detail))
}

/// The approved scope, narrowed to the request; `None` if the request contains no scope.
fn narrow_approved(approved: &Scope, requested: Option<&str>) -> Result<Option<Scope>, Problem> {
    let invalid = |detail: String| Problem::new(ErrorCode::InvalidScope, detail).parameter("scope");
    let Some(requested) = requested else { return Ok(None) };
    let requested = OAuthScope::parse(requested).map_err(invalid)?;
    if !approved.oauth_scope().covers(&requested) {
        return Err(invalid("The requested scope is larger than the approved scope.".to_owned()));
    }
    let not_granted = |token| invalid(format!("The scope of this application contains nothing of `{token}`."));
    approved.clone().narrowed(requested).map(Some).map_err(not_granted)
}

/// Checks that the redirect URI and the code verifier match the authorization request.
fn check_code_exchange(
    client: &AuthenticatedClient,
    terms: &OAuthTerms,
    request: CodeExchange<'_>,
) -> Result<(), Problem> {
    let same_redirect_uri = match (&terms.redirect_uri, request.redirect_uri) {
        (Some(authorized), sent) => sent == Some(authorized.as_str()),
        (None, None) => true,
        // The only registered URI may be sent although the authorization request omitted it.
        (None, Some(sent)) => client.application.resolve_redirect_uri(None).as_deref() == Some(sent),
    };
    let is_verified = match (&terms.challenge, request.verifier) {
        (Some(challenge), Some(verifier)) => matches_challenge(verifier, challenge),
        (None, None) => true,
        // A verifier without a challenge: an attacker removed the challenge (RFC 9700 section 4.8.2).
        (Some(_), None) | (None, Some(_)) => false,
    };
    if same_redirect_uri && is_verified { Ok(()) } else { Err(invalid_grant()) }
}

/// RFC 7636 section 4.6.
fn matches_challenge(verifier: &str, challenge: &str) -> bool {
    let is_well_formed = VERIFIER_LENGTH.contains(&verifier.len())
        && verifier.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte));
    if !is_well_formed {
        return false;
    }
    let expected = PkceCodeChallenge::from_code_verifier_sha256(&PkceCodeVerifier::new(verifier.to_owned()));
    verify_slices_are_equal(expected.as_str().as_bytes(), challenge.as_bytes()).is_ok()
}

/// One error for every reason.
fn invalid_grant() -> Problem {
    let detail = "The code or token is not valid: it is unknown, expired or used before, was issued to another \
                  application, or was requested with another redirect_uri or code_challenge.";
    Problem::new(ErrorCode::InvalidGrant, detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_verifier_of_the_challenge_matches() {
        let (challenge, verifier) =
            ("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
        assert!(matches_challenge(verifier, challenge));
        for wrong in
            ["", &verifier[1..], &format!("{verifier}x"), &verifier.to_lowercase(), &"a".repeat(129), challenge]
        {
            assert!(!matches_challenge(wrong, challenge), "{wrong}");
        }
        // The challenge is the SHA-256 of "short", in base64url.
        let challenge = "-bAHi131ltLqGQEMABu9AJ5lHeLFfo-341XzHrnT9zk";
        assert!(!matches_challenge("short", challenge), "too short for a verifier");
    }

    #[test]
    fn a_refreshed_scope_never_grows() {
        let approved = Scope::All.narrowed(OAuthScope::parse("read update").unwrap()).unwrap();
        let narrow = |requested| {
            narrow_approved(&approved, requested).map(|scope| scope.map(|scope| scope.oauth_scope().to_string()))
        };
        assert_eq!(narrow(None).unwrap(), None);
        assert_eq!(narrow(Some("read:sale.order")).unwrap().unwrap(), "read:sale.order");
        for more in ["all", "delete", "read delete", "openid"] {
            assert_eq!(narrow(Some(more)).unwrap_err().code, ErrorCode::InvalidScope, "{more}");
        }
    }
}
