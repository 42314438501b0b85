//! What is given for codes, refresh tokens and client secrets (RFC 6749 sections 4.1.3, 4.4, 6; RFC 7636; RFC 9700).
//!
//! ```text
//! code          ─► access token, and a refresh token where the application may refresh
//! refresh token ─► access token, and the next refresh token; the old one is spent
//! client secret ─► access token for the bound user
//! ```
//!
//! A code or refresh token that is shown a second time by the same application was stolen, or somebody stole the answer:
//! everything that came of the same approval ends. Two exchanges at the same moment are no exception. When a gateway dies
//! between its commit and its answer, the new tokens are lost with the answer and the user logs in anew: unless
//! `oauth.refresh_grace` lets a refresh token be sent again for a moment. Then it gets another pair in place of the one that
//! came of it, if nobody has used that; there is never more than one.
//!
//! In: a client that was verified, what it shows. Out: [`Issued`]. Must not know: how parameters stood in the request.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use oauth2::{PkceCodeChallenge, PkceCodeVerifier};
use time::OffsetDateTime;
use zeroize::Zeroizing;

use super::clients::Client;
use crate::auth::clients::application::GrantType;
use crate::auth::clients::approval::{Approver, Given};
use crate::auth::tokens::{Refusal, Tokens};
use crate::error::Problem;
use crate::error_code::Code;
use crate::plan::{Scope, ScopeWords};
use crate::secret::{Token, TokenKind};
use crate::store::{Act, OAuthTerms, SpentWrap, StoredToken};

/// What a client shows for a code.
#[derive(Debug, Clone, Copy)]
pub struct Redemption<'r> {
    /// The code.
    pub code: &'r str,
    /// As it was sent when the code was asked for.
    pub redirect_uri: Option<&'r str>,
    /// What the challenge was made of.
    pub verifier: Option<&'r str>,
}

/// How an access token is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenForm {
    /// A random text.
    Opaque,
    /// A JSON Web Token (RFC 9068).
    Jwt,
}

/// What is given.
#[derive(Debug)]
pub struct Issued {
    /// The access token.
    pub access: Zeroizing<String>,
    /// Its end.
    pub ends: OffsetDateTime,
    /// Its life in seconds.
    pub expires_in: i64,
    /// The refresh token, where there is one.
    pub refresh: Option<Token>,
    /// What the access token may, in words.
    pub scope: ScopeWords,
}

/// RFC 7636 section 4.1.
const VERIFIER_LENGTH: std::ops::RangeInclusive<usize> = 43..=128;

impl Tokens {
    /// Exchanges an authorization code, once.
    ///
    /// # Errors
    /// `unauthorized_client`, `invalid_grant`; 503 without the store.
    pub async fn redeem(&self, client: &Client, shown: Redemption<'_>, form: TokenForm) -> Result<Issued, Problem> {
        let redeemed = async {
            may(client, GrantType::AuthorizationCode)?;
            let code = Token::parse(TokenKind::OAuthCode, shown.code).ok_or_else(invalid_grant)?;
            let (row, terms) = self.shown_by(client, &code).await?;
            fits(client, &terms, shown)?;
            let approver = self.approver_of(client, &code, &row, &terms).await?;
            let scope = Scope::from_json(&row.scope).map_err(Problem::internal)?;
            let end = self.later(self.oauth.refresh_ttl);
            let next = Next { spent: &code, row: &row, terms: &terms, approver, scope, end };
            self.exchange(client, next, None, form).await
        };
        redeemed.await.map_err(Refusal::into_problem)
    }

    /// Exchanges a refresh token, once; `words` may ask for less than was approved.
    ///
    /// # Errors
    /// `unauthorized_client`, `invalid_grant`, `invalid_scope`; 503 without the store.
    pub async fn refresh(
        &self,
        client: &Client,
        shown: &str,
        words: Option<&str>,
        form: TokenForm,
    ) -> Result<Issued, Problem> {
        let refreshed = async {
            may(client, GrantType::RefreshToken)?;
            let token = Token::parse(TokenKind::OAuthRefresh, shown).ok_or_else(invalid_grant)?;
            let (row, terms) = self.shown_by(client, &token).await?;
            let scope = Scope::from_json(&row.scope).map_err(Problem::internal)?;
            let narrower = narrower(&scope, words)?;
            let approver = self.approver_of(client, &token, &row, &terms).await?;
            let end = row.not_after.unwrap_or_default();
            let next = Next { spent: &token, row: &row, terms: &terms, approver, scope, end };
            self.exchange(client, next, narrower, form).await
        };
        refreshed.await.map_err(Refusal::into_problem)
    }

    /// An access token for the user whom the application is bound to.
    ///
    /// # Errors
    /// `unauthorized_client`, `invalid_scope`; 503 without the store.
    pub async fn client_credentials(
        &self,
        client: &Client,
        words: Option<&str>,
        form: TokenForm,
    ) -> Result<Issued, Problem> {
        let issued = async {
            may(client, GrantType::ClientCredentials)?;
            let approver = self.bound_user(client).await?;
            let scope = client.application.narrowed(words)?;
            let end = self.later(self.oauth.access_ttl);
            let (row, token) = self.try_give(&client.application, &approver, access(&scope, None, end)).await?;
            let act = self.act_of(client, "oauth2.client_credentials", &row);
            self.store.add_token_of_grant(&row, &act).await?;
            self.issued(client, &row, &token, &scope, None, form).await
        };
        issued.await.map_err(Refusal::into_problem)
    }

    /// The row of a code or refresh token that this client may exchange. One that was exchanged before ends its family.
    async fn shown_by(&self, client: &Client, token: &Token) -> Result<(StoredToken, OAuthTerms), Refusal> {
        let row = match self.living(token).await {
            Ok(row) => row,
            Err(Refusal::Wrong) => match self.spent_a_moment_ago(token).await? {
                Some(row) => row,
                None => return Err(self.replayed(client, token).await?),
            },
            Err(other) => return Err(other),
        };
        let terms = row.oauth.clone().filter(|_| row.account.as_ref() == Some(&client.application.row.id));
        terms.map(|terms| (row, terms)).ok_or_else(|| invalid_grant().into())
    }

    /// A refresh token that may be exchanged again, if nothing that came of it was used.
    async fn spent_a_moment_ago(&self, token: &Token) -> Result<Option<StoredToken>, Refusal> {
        let (TokenKind::OAuthRefresh, Some(since)) = (token.kind(), self.grace_began()) else { return Ok(None) };
        let (vault, now) = (self.vaults.existing().await?.ok_or(Refusal::Wrong)?, self.clock.now());
        let row = self.store.spent_since(token.index(&vault.index), since, now).await?;
        Ok(row.filter(|row| row.kind == TokenKind::OAuthRefresh && row.is_alive(now)))
    }

    /// Unix time since which spent refresh tokens may be exchanged again; `None`: never.
    fn grace_began(&self) -> Option<i64> {
        let grace = i64::try_from(self.oauth.refresh_grace.as_secs()).ok().filter(|grace| *grace > 0)?;
        Some(self.clock.now().unix_timestamp().saturating_sub(grace))
    }

    /// Only the client that it was given to can have been robbed: a stranger's guess ends nothing.
    async fn replayed(&self, client: &Client, token: &Token) -> Result<Refusal, Refusal> {
        let vault = self.vaults.existing().await?.ok_or(Refusal::Wrong)?;
        let spent = self.store.spent_token(token.index(&vault.index)).await?;
        let id = &client.application.row.id;
        if let Some(spent) = spent.filter(|spent| spent.application.as_ref() == Some(id)) {
            let detail = format!("{} was shown twice by {}", token.kind().as_str(), client.application.client_id());
            let act =
                Act::new(self.clock.now(), client.application.client_id(), "oauth2.replay", &spent.family, detail);
            self.store.end_family(&spent.family, &act).await?;
        }
        Ok(invalid_grant().into())
    }

    /// The user who approved, with what opens his credential: the token's own wrap, or the client secret's.
    async fn approver_of(
        &self,
        client: &Client,
        token: &Token,
        row: &StoredToken,
        terms: &OAuthTerms,
    ) -> Result<Approver, Refusal> {
        let vault = self.vaults.existing().await?.ok_or(Refusal::Wrong)?;
        // Also where it opens nothing: that it fits proves the row to be as it was written.
        let key = self.data_key(&vault, token, row).await.map_err(|refusal| match refusal {
            Refusal::Wrong => invalid_grant().into(),
            other => other,
        })?;
        if !terms.headless {
            return Ok(Approver { grant: row.grant.clone(), key: Some(key) });
        }
        // Another secret may lie between, and another credential behind it.
        let bound = self.bound_user(client).await?;
        if bound.grant.id == row.grant.id { Ok(bound) } else { Err(invalid_grant().into()) }
    }

    async fn exchange(
        &self,
        client: &Client,
        next: Next<'_>,
        narrower: Option<Scope>,
        form: TokenForm,
    ) -> Result<Issued, Refusal> {
        let (application, family) = (&client.application, Some(next.terms.family.clone()));
        let may_refresh = application.settings.grants.contains(&GrantType::RefreshToken);
        let access_end = self.later(self.oauth.access_ttl).min(next.end);
        let scope = narrower.as_ref().unwrap_or(&next.scope);
        let wanted = access(scope, family.clone(), access_end);
        let (row, token) = self.try_give(application, &next.approver, wanted).await?;
        let refresh = if may_refresh {
            let idle = i64::try_from(self.oauth.refresh_idle.as_secs()).ok();
            let wanted = refresh(&next.scope, family, next.end, idle);
            Some(self.try_give(application, &next.approver, wanted).await?)
        } else {
            None
        };
        let given: Vec<&StoredToken> = std::iter::once(&row).chain(refresh.iter().map(|(row, _)| row)).collect();
        let act = self.act_of(client, "oauth2.exchange", next.row);
        let until = if may_refresh { next.end } else { access_end };
        if !self.keep_exchange(&next, &given, until, &act).await? {
            return Err(self.replayed(client, next.spent).await?);
        }
        self.issued(client, &row, &token, scope, refresh.map(|(_, token)| token), form).await
    }

    /// Once; a refresh token again in its grace. `false`: neither.
    async fn keep_exchange(
        &self,
        next: &Next<'_>,
        given: &[&StoredToken],
        until: i64,
        act: &Act,
    ) -> Result<bool, Refusal> {
        let grace = self.grace_began().filter(|_| next.spent.kind() == TokenKind::OAuthRefresh);
        let wrap = if grace.is_some() { SpentWrap::Kept } else { SpentWrap::Deleted };
        if self.store.exchange(next.row, given, Some(until), wrap, act).await? {
            return Ok(true);
        }
        match grace {
            Some(since) => Ok(self.store.exchange_again(next.row, given, since, act).await?),
            None => Ok(false),
        }
    }

    async fn issued(
        &self,
        client: &Client,
        row: &StoredToken,
        token: &Token,
        scope: &Scope,
        refresh: Option<Token>,
        form: TokenForm,
    ) -> Result<Issued, Refusal> {
        let end = row.not_after.unwrap_or_default();
        let access = match form {
            TokenForm::Opaque => Zeroizing::new(token.expose().to_owned()),
            TokenForm::Jwt => self.jwt(client, row, token, scope).await?,
        };
        Ok(Issued {
            access,
            ends: OffsetDateTime::from_unix_timestamp(end).map_err(Problem::internal)?,
            expires_in: end - row.created_at,
            refresh,
            scope: scope.words(),
        })
    }

    fn act_of(&self, client: &Client, act: &str, row: &StoredToken) -> Act {
        let detail = format!("{} for {} of {}", row.kind.as_str(), row.grant.login, row.grant.database);
        Act::new(self.clock.now(), client.application.client_id(), act, &row.id, detail)
    }

    /// Unix time from now on.
    fn later(&self, by: std::time::Duration) -> i64 {
        self.clock.now().saturating_add(time::Duration::try_from(by).unwrap_or(time::Duration::MAX)).unix_timestamp()
    }
}

/// What is exchanged, and for whom.
struct Next<'n> {
    spent: &'n Token,
    row: &'n StoredToken,
    terms: &'n OAuthTerms,
    approver: Approver,
    /// What was approved.
    scope: Scope,
    /// When the family ends.
    end: i64,
}

fn access(scope: &Scope, family: Option<String>, end: i64) -> Given {
    Given {
        kind: TokenKind::OAuthAccess,
        family,
        redirect_uri: None,
        challenge: None,
        secret: None,
        scope: scope.to_json(),
        not_after: Some(end),
        idle_seconds: None,
    }
}

fn refresh(scope: &Scope, family: Option<String>, end: i64, idle: Option<i64>) -> Given {
    Given { kind: TokenKind::OAuthRefresh, idle_seconds: idle, ..access(scope, family, end) }
}

fn may(client: &Client, grant: GrantType) -> Result<(), Problem> {
    if client.application.settings.grants.contains(&grant) {
        return Ok(());
    }
    Err(Problem::new(Code::UnauthorizedClient, "This application may not get tokens in this way."))
}

/// `None`: as much as was approved.
fn narrower(scope: &Scope, words: Option<&str>) -> Result<Option<Scope>, Problem> {
    let refuse = |detail: String| Problem::new(Code::InvalidScope, detail).parameter("scope");
    let Some(words) = words else { return Ok(None) };
    let words = ScopeWords::parse(words).map_err(refuse)?;
    if !scope.words().cover(&words) {
        return Err(refuse("this is more than was approved".to_owned()));
    }
    let nothing = |word| refuse(format!("this application has nothing of {word}"));
    scope.clone().narrowed(words).map(Some).map_err(nothing)
}

/// Whether a code is redeemed as it was asked for.
fn fits(client: &Client, terms: &OAuthTerms, shown: Redemption<'_>) -> Result<(), Problem> {
    let same = match (&terms.redirect_uri, shown.redirect_uri) {
        (Some(before), now) => now == Some(before.as_str()),
        (None, None) => true,
        // The only one that is registered goes without saying.
        (None, Some(now)) => client.application.redirect_to(None).as_deref() == Some(now),
    };
    let proven = match (&terms.challenge, shown.verifier) {
        (Some(challenge), Some(verifier)) => is_of(challenge, verifier),
        (None, None) => true,
        // A verifier without a challenge: somebody took the challenge away (RFC 9700 section 4.8.2).
        (Some(_), None) | (None, Some(_)) => false,
    };
    if same && proven { Ok(()) } else { Err(invalid_grant()) }
}

/// RFC 7636 section 4.6.
fn is_of(challenge: &str, verifier: &str) -> bool {
    let right_form = VERIFIER_LENGTH.contains(&verifier.len())
        && verifier.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte));
    if !right_form {
        return false;
    }
    let made = PkceCodeChallenge::from_code_verifier_sha256(&PkceCodeVerifier::new(verifier.to_owned()));
    verify_slices_are_equal(made.as_str().as_bytes(), challenge.as_bytes()).is_ok()
}

/// The same for all that is wrong with it.
fn invalid_grant() -> Problem {
    let detail = "This code or token is not valid: unknown, at its end, used before, given to another application, or \
                  asked for with another redirect_uri or code_challenge.";
    Problem::new(Code::InvalidGrant, detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verifier_proves_as_rfc_7636_says() {
        let (challenge, verifier) =
            ("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
        assert!(is_of(challenge, verifier));
        for wrong in
            ["", &verifier[1..], &format!("{verifier}x"), &verifier.to_lowercase(), &"a".repeat(129), challenge]
        {
            assert!(!is_of(challenge, wrong), "{wrong}");
        }
        // SHA-256 of "short", in base64url.
        assert!(!is_of("-bAHi131ltLqGQEMABu9AJ5lHeLFfo-341XzHrnT9zk", "short"), "too short to be one");
    }

    #[test]
    fn what_is_asked_shrinks_and_never_grows() {
        let approved = Scope::All.narrowed(ScopeWords::parse("read update").unwrap()).unwrap();
        let words = |asked| narrower(&approved, asked).map(|scope| scope.map(|scope| scope.words().to_string()));
        assert_eq!(words(None).unwrap(), None);
        assert_eq!(words(Some("read:sale.order")).unwrap().unwrap(), "read:sale.order");
        for more in ["all", "delete", "read delete", "openid"] {
            assert_eq!(words(Some(more)).unwrap_err().code, Code::InvalidScope, "{more}");
        }
    }
}
