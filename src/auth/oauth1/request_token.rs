//! Temporary credentials (RFC 5849 sections 2.1 and 2.2): asked for by an application, approved or denied by a user.
//!
//! A request token is a row like any token's. Until somebody approves, its grant is the application's own and the key in
//! its wrap opens nothing but the token's secret; then it gets the user's grant and key, and the verifier's keyed hash.
//!
//! In: a signed request; later the token as the user's browser brings it, and the user. Out: the token with its secret, the
//! verifier. Must not know: pages, redirections, answers.

use secrecy::{ExposeSecret as _, SecretString};
use tokio::time::Instant;
use zeroize::Zeroizing;

use super::callback::{Callback, Verifier};
use super::consumer::pretend_to_verify;
use super::malformed::Malformed;
use super::provider::{OAuth1, Occasion, not_verified};
use super::request::Signed;
use crate::auth::key_set::Vault;
use crate::auth::oauth2::{Application, Approver, Given};
use crate::auth::tokens::{Refusal, refuse_altered};
use crate::error::Problem;
use crate::error_code::Code;
use crate::secret::{Aad, DataKey, Token, TokenKind, random_text};
use crate::store::{Act, StoredToken};

/// A token and its secret, to be shown once.
#[derive(Debug)]
pub struct TokenPair {
    /// `oauth_token`
    pub token: Token,
    /// `oauth_token_secret`
    pub secret: SecretString,
    /// The application it is for.
    pub application: String,
}

/// A request token that waits for a user.
#[derive(Debug)]
pub struct RequestToken {
    /// The application that asks.
    pub application: Application,
    /// Where the user goes.
    pub callback: Callback,
    pub(super) token: Token,
    pub(super) row: StoredToken,
}

/// A request token that a user has decided about.
#[derive(Debug)]
pub struct Decided {
    /// `oauth_token`, as the user's browser brought it.
    pub token: Token,
    /// Where the user goes.
    pub callback: Callback,
    /// What he takes along; `None`: he denied.
    pub verifier: Option<Verifier>,
}

impl Decided {
    /// The callback with what belongs to it; `None`: the code is to be shown, or that he denied.
    #[must_use]
    pub fn redirection(&self) -> Option<String> {
        let token = ("oauth_token", self.token.expose());
        match &self.verifier {
            Some(verifier) => self.callback.with(&[token, ("oauth_verifier", verifier.expose())]),
            None => self.callback.with(&[token, ("oauth_problem", "permission_denied")]),
        }
    }
}

impl OAuth1 {
    /// Gives an application a request token.
    ///
    /// # Errors
    /// 400 without a callback or with one that is not the application's, 401 when the signature is not good, 429 when too
    /// many were not, 503 without the store.
    pub async fn give_request_token(&self, signed: &Signed, occasion: Occasion) -> Result<TokenPair, Problem> {
        self.admit_giving(occasion)?;
        let callback = signed.callback.as_deref().ok_or_else(|| Malformed::missing("oauth_callback"))?;
        if signed.token.is_some() {
            let detail = "A request for a request token is signed without a token.";
            return Err(Problem::new(Code::InvalidParameter, detail).parameter("oauth_token"));
        }
        self.admit(signed, occasion)?;
        let began = Instant::now();
        let verdict = self.try_give_request_token(signed, callback, occasion).await;
        self.tokens.tell_as(verdict, began, occasion.address, not_verified).await
    }

    async fn try_give_request_token(
        &self,
        signed: &Signed,
        callback: &str,
        occasion: Occasion,
    ) -> Result<TokenPair, Refusal> {
        let vault = self.tokens.vaults.existing().await?.ok_or(Refusal::Wrong)?;
        let application = self.signing_application(signed).await?;
        let consumer = self.consumer(application).await?;
        consumer.verify(signed, "", &self.settings, occasion.address)?;
        let application = consumer.application;
        let callback = Callback::of(&application, callback)?;
        self.note(&vault, signed, None).await?;
        self.tokens.charge(&application.row)?;
        let approver = self.approver_to_be(&application, signed.opening_part()).await?;
        self.keep_request_token(&application, &approver, &callback).await
    }

    /// Who stands behind a request token before anybody has approved: nobody; where a trusted application has shown what
    /// opens its bound user's credential, that user. Nothing else is at hand when it approves by itself.
    async fn approver_to_be(&self, application: &Application, shown: Option<&str>) -> Result<Approver, Refusal> {
        match shown {
            None => Ok(Approver::nobody(application)),
            Some(shown) => {
                let key = Token::parse(TokenKind::ConsumerKey, shown).ok_or(Refusal::Wrong)?;
                self.tokens.user_of_consumer_key(application, &key).await
            }
        }
    }

    /// The living application that says to have signed.
    pub(super) async fn signing_application(&self, signed: &Signed) -> Result<Application, Refusal> {
        let found = self.tokens.application(signed.client_id()).await?;
        if found.is_none() {
            pretend_to_verify(signed);
        }
        found.ok_or(Refusal::Wrong)
    }

    async fn keep_request_token(
        &self,
        application: &Application,
        approver: &Approver,
        callback: &Callback,
    ) -> Result<TokenPair, Refusal> {
        let (now, secret) = (self.tokens.clock.now(), new_secret()?);
        let wanted = Given {
            kind: TokenKind::OAuth1Request,
            family: None,
            redirect_uri: Some(callback.as_str().to_owned()),
            challenge: None,
            secret: Some(secret.clone()),
            scope: application.scope.to_json(),
            not_after: Some((now + self.settings.request_token_lifetime).unix_timestamp()),
            idle_seconds: None,
        };
        let (row, token) = self.tokens.give(application, approver, wanted).await?;
        let act = Act::new(now, application.client_id(), "oauth1.ask", &row.id, "");
        self.tokens.store.add_token_of_grant(&row, &act).await?;
        Ok(TokenPair { token, secret, application: application.client_id().to_owned() })
    }

    /// The request token of this text, as long as it waits for a user; `None` when it has ended, was decided about, or
    /// never was.
    ///
    /// # Errors
    /// 503 without the store.
    pub async fn find_request_token(&self, text: &str) -> Result<Option<RequestToken>, Problem> {
        match self.try_find(text).await {
            Ok(found) => {
                Ok(Some(found).filter(|found| found.row.oauth.as_ref().is_some_and(|it| it.challenge.is_none())))
            }
            Err(Refusal::Wrong) => Ok(None),
            Err(Refusal::Other(problem)) => Err(problem),
        }
    }

    /// The same, decided about or not.
    pub(super) async fn try_find(&self, text: &str) -> Result<RequestToken, Refusal> {
        let token = Token::parse(TokenKind::OAuth1Request, text).ok_or(Refusal::Wrong)?;
        let row = self.tokens.living(&token).await?;
        let client_id = row.application.as_ref().map(|terms| terms.client_id.clone()).ok_or(Refusal::Wrong)?;
        let application = self.tokens.application(&client_id).await?.ok_or(Refusal::Wrong)?;
        let callback = row.oauth.as_ref().and_then(|terms| terms.redirect_uri.as_deref()).ok_or(Refusal::Wrong)?;
        Ok(RequestToken { application, callback: Callback::read(callback), token, row })
    }

    /// The user approves: from now on the application can fetch a token, with the verifier.
    ///
    /// # Errors
    /// 401 when it has ended or somebody was faster, 400 for a user of another database, 503 without the store.
    pub async fn approve(&self, request: RequestToken, approver: &Approver) -> Result<Decided, Problem> {
        self.try_approve(request, approver).await.map_err(Refusal::into_problem)
    }

    async fn try_approve(&self, request: RequestToken, approver: &Approver) -> Result<Decided, Refusal> {
        let RequestToken { application, callback, token, row } = request;
        if approver.grant.database != application.row.grant.database {
            let detail = format!("This application is for users of {}.", application.row.grant.database);
            return Err(Problem::new(Code::UnauthorizedClient, detail).into());
        }
        let vault = self.tokens.vaults.for_sealing().await?;
        let verifier = Verifier::generate(&callback).map_err(Problem::internal)?;
        let approved = self.approved(&vault, &token, &row, approver, &verifier).await?;
        let detail = format!("to {} for {}", application.client_id(), approved.grant.database);
        let act = Act::new(self.tokens.clock.now(), approver.login(), "oauth1.approve", &row.id, detail);
        if !self.tokens.store.approve_request(&approved, &act).await? {
            return Err(Refusal::Wrong);
        }
        Ok(Decided { token, callback, verifier: Some(verifier) })
    }

    /// The row with the user's grant and key.
    async fn approved(
        &self,
        vault: &Vault,
        token: &Token,
        row: &StoredToken,
        approver: &Approver,
        verifier: &Verifier,
    ) -> Result<StoredToken, Refusal> {
        let no_key = || Problem::internal("an approval of OAuth 1 without the user's key");
        let key = approver.key.as_ref().ok_or_else(no_key)?;
        let secret = self.token_secret(&self.tokens.data_key(vault, token, row).await?, row)?;
        let mut approved = StoredToken { grant: approver.grant.clone(), ..row.clone() };
        if let Some(terms) = &mut approved.oauth {
            terms.challenge = Some(proof(vault, &row.id, verifier).to_string());
            terms.headless = false;
            terms.secret = Some(key.seal_secret(&row.id, &secret).map_err(Problem::internal)?);
        }
        let terms = approved.terms();
        let wrap = key.wrap(&vault.keyring, token, approved.facts(&terms), approved.grant.facts());
        approved.wrap = wrap.map_err(Problem::internal)?;
        Ok(approved)
    }

    /// A trusted application approves for the user it is bound to, without a page (contract section 7).
    ///
    /// # Errors
    /// 400 when it is not trusted, 401 when the token was decided about or was asked for without what opens the user's
    /// credential, 503 without the store.
    pub async fn approve_headless(&self, request: RequestToken) -> Result<Decided, Problem> {
        self.tokens.may_approve_alone(&request.application)?;
        let approver = self.headless_approver(&request).await.map_err(Refusal::into_problem)?;
        self.approve(request, &approver).await
    }

    async fn headless_approver(&self, request: &RequestToken) -> Result<Approver, Refusal> {
        let RequestToken { application, token, row, .. } = request;
        let opens = row.oauth.as_ref().is_some_and(|terms| !terms.headless);
        if opens && row.grant.id == application.row.grant.id {
            let vault = self.tokens.vaults.existing().await?.ok_or(Refusal::Wrong)?;
            let key = self.tokens.data_key(&vault, token, row).await?;
            return Ok(Approver { grant: row.grant.clone(), key: Some(key) });
        }
        self.tokens.user_of_signing_secret(application).await?.ok_or_else(|| no_consumer_key().into())
    }

    /// The user denies: the token has ended.
    ///
    /// # Errors
    /// 503 without the store.
    pub async fn deny(&self, request: RequestToken, login: &str) -> Result<Decided, Problem> {
        let RequestToken { application, callback, token, row } = request;
        let detail = format!("to {}", application.client_id());
        let act = Act::new(self.tokens.clock.now(), login, "oauth1.deny", &row.id, detail);
        let ended = self.tokens.store.delete_token(&row.id, &act).await;
        ended.map_err(Refusal::from).map_err(Refusal::into_problem)?;
        Ok(Decided { token, callback, verifier: None })
    }

    /// The secret that goes with a token.
    pub(super) fn token_secret(&self, key: &DataKey, row: &StoredToken) -> Result<SecretString, Refusal> {
        let sealed = row.oauth.as_ref().and_then(|terms| terms.secret.as_ref()).ok_or(Refusal::Wrong)?;
        key.open_secret(&row.id, sealed).map_err(|cause| refuse_altered(row, &cause))
    }
}

fn no_consumer_key() -> Problem {
    let detail = "The request token was asked for with the client id alone, which opens nothing.";
    let hint = "Sign with the whole consumer key of the application: CLIENT_ID.ogw_ck_…, as it was printed when the \
                application was registered or its secret was exchanged.";
    Problem::new(Code::PersonNeeded, detail).parameter("oauth_consumer_key").hint(hint)
}

/// A secret for a token: 256 random bits.
pub(super) fn new_secret() -> Result<SecretString, Problem> {
    random_text().map(|text| SecretString::from(text.as_str())).map_err(Problem::internal)
}

/// Under which a verifier is kept: bound to the token, the application and the user through the row (O1-27).
pub(super) fn proof(vault: &Vault, row: &str, verifier: &Verifier) -> Zeroizing<String> {
    let about = Aad::of("oauth1 verifier").with(row.as_bytes()).with(verifier.bare().as_bytes());
    Zeroizing::new(vault.index.digest(&about).iter().map(|byte| format!("{byte:02x}")).collect())
}

impl TokenPair {
    /// The secret in clear.
    #[must_use]
    pub fn expose_secret(&self) -> &str {
        self.secret.expose_secret()
    }
}
