//! Token credentials (RFC 5849 section 2.3): an approved request token is exchanged for an access token, once.
//!
//! In: a request signed with a request token. Out: an access token with its secret. Must not know: answers.

use std::sync::Arc;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use secrecy::ExposeSecret as _;
use tokio::time::Instant;

use super::callback::Verifier;
use super::consumer::pretend_to_verify;
use super::malformed::Malformed;
use super::provider::{OAuth1, Occasion, not_verified};
use super::request::Signed;
use super::request_token::{RequestToken, TokenPair, new_secret, proof};
use crate::auth::key_set::Vault;
use crate::auth::oauth2::{Approver, Given};
use crate::auth::tokens::Refusal;
use crate::error::Problem;
use crate::error_code::Code;
use crate::secret::{DataKey, TokenKind};
use crate::store::{Act, SpentWrap};

/// The same for all three: who guesses at verifiers learns nothing of the user.
fn not_approved() -> Problem {
    let detail = "oauth_verifier is not valid for this request token: it is wrong, was tried too often or used before, or \
                  the user has not approved.";
    Problem::new(Code::CredentialInvalid, detail).parameter("oauth_verifier")
}

/// How often a verifier may be said (O1-27).
const MOST_TRIES: u32 = 5;

impl OAuth1 {
    /// Gives an application an access token for the user who approved.
    ///
    /// # Errors
    /// 400 without token or verifier, 401 when anything is not good, 429 when too many were not, 503 without the store.
    pub async fn give_access_token(&self, signed: &Signed, occasion: Occasion) -> Result<TokenPair, Problem> {
        self.admit_giving(occasion)?;
        let shown = signed.token.as_deref().ok_or_else(|| Malformed::missing("oauth_token"))?;
        let missing = || Malformed::missing("oauth_verifier");
        let verifier = signed.verifier.as_deref().filter(|verifier| !verifier.is_empty()).ok_or_else(missing)?;
        self.admit(signed, occasion)?;
        let began = Instant::now();
        let verdict = self.signed_with(signed, shown, occasion).await;
        let (vault, request, key) = self.tokens.tell_as(verdict, began, occasion.address, not_verified).await?;
        let verdict = self.exchange(&vault, request, key, verifier).await;
        self.tokens.tell_as(verdict, began, occasion.address, not_approved).await
    }

    async fn exchange(
        &self,
        vault: &Vault,
        request: RequestToken,
        key: DataKey,
        verifier: &str,
    ) -> Result<TokenPair, Refusal> {
        self.prove(vault, &request, verifier).await?;
        let (now, secret) = (self.tokens.clock.now(), new_secret()?);
        let wanted = Given {
            kind: TokenKind::OAuth1Access,
            family: request.row.oauth.as_ref().map(|terms| terms.family.clone()),
            redirect_uri: None,
            challenge: None,
            secret: Some(secret.clone()),
            scope: request.row.scope.clone(),
            not_after: None,
            idle_seconds: i64::try_from(self.settings.access_token_idle.as_secs()).ok(),
        };
        let approver = Approver { grant: request.row.grant.clone(), key: Some(key) };
        let (row, token) = self.tokens.give(&request.application, &approver, wanted).await?;
        let client_id = request.application.client_id().to_owned();
        let act = Act::new(now, approver.login(), "oauth1.exchange", &row.id, format!("to {client_id}"));
        if !self.tokens.store.exchange(&request.row, &[&row], request.row.not_after, SpentWrap::Deleted, &act).await? {
            return Err(Refusal::Wrong);
        }
        Ok(TokenPair { token, secret, application: client_id })
    }

    /// The request token, signed with by its own application (O1-29), and the key behind it.
    async fn signed_with(
        &self,
        signed: &Signed,
        shown: &str,
        occasion: Occasion,
    ) -> Result<(Arc<Vault>, RequestToken, DataKey), Refusal> {
        let vault = self.tokens.vaults.existing().await?.ok_or(Refusal::Wrong)?;
        let application = self.signing_application(signed).await?;
        let found = self.try_find(shown).await;
        if found.is_err() {
            pretend_to_verify(signed);
        }
        let request = found?;
        if request.application.row.id != application.row.id {
            return Err(Refusal::Wrong);
        }
        let key = self.tokens.data_key(&vault, &request.token, &request.row).await?;
        let token_secret = self.token_secret(&key, &request.row)?;
        let consumer = self.consumer(application).await?;
        consumer.verify(signed, token_secret.expose_secret(), &self.settings, occasion.address)?;
        self.note(&vault, signed, Some(request.row.index)).await?;
        Ok((vault, request, key))
    }

    /// The verifier of the user who approved. Each guess costs a try, before it is looked at.
    async fn prove(&self, vault: &Vault, request: &RequestToken, verifier: &str) -> Result<(), Refusal> {
        let Some(wanted) = request.row.oauth.as_ref().and_then(|terms| terms.challenge.as_deref()) else {
            return Err(Refusal::Wrong);
        };
        if !self.tokens.store.take_try(&request.row.id, MOST_TRIES).await? {
            return Err(Refusal::Wrong);
        }
        let shown = proof(vault, &request.row.id, &Verifier::read(&request.callback, verifier));
        verify_slices_are_equal(wanted.as_bytes(), shown.as_bytes()).map_err(|_| Refusal::Wrong)
    }
}
