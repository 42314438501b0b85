//! Who signed: an application that may, and its key.
//!
//! In: the rows of an application and of a token, a signed request. Out: whether it is theirs. Must not know: where rows
//! come from, what the request is for.

use std::net::IpAddr;

use secrecy::{ExposeSecret as _, SecretString};

use super::encoding;
use super::provider::{OAuth1, OAuth1Settings};
use super::request::{Moment, Signed};
use super::signature::{RsaKey, Secrets, SignatureMethod, verify_shared};
use crate::auth::key_set::Vault;
use crate::auth::oauth2::Application;
use crate::auth::tokens::Refusal;
use crate::error::Problem;
use crate::error_code::Code;
use crate::secret::{Aad, TokenIndex};

/// An application, ready to verify what it signs.
#[derive(Debug)]
pub(super) struct Consumer {
    pub(super) application: Application,
    secret: Option<SecretString>,
    key: Option<RsaKey>,
}

impl Consumer {
    /// Whether it signed this, with the token's secret (O1-13: with a key or with secrets, as it is registered), from
    /// where it may.
    ///
    /// # Errors
    /// [`Refusal::Wrong`] when it did not. Only who knows the secrets is told that the method is not one of its own.
    pub(super) fn verify(
        &self,
        signed: &Signed,
        token_secret: &str,
        settings: &OAuth1Settings,
        address: IpAddr,
    ) -> Result<(), Refusal> {
        let shown = [Some(signed.signature.clone()), settings.double_encoded_signature.then(|| once_more(signed))];
        let is_good = shown.into_iter().flatten().any(|shown| self.is_good(signed, token_secret, &shown));
        if !(is_good && self.application.admits(address)) {
            return Err(Refusal::Wrong);
        }
        if self.application.settings.oauth1.contains(&signed.method) {
            return Ok(());
        }
        let detail = format!("This application is not registered for the signature method {}.", signed.method.as_str());
        let problem = Problem::new(Code::CredentialInvalid, detail).parameter("oauth_signature_method");
        let methods: Vec<&str> = self.application.settings.oauth1.iter().map(|method| method.as_str()).collect();
        Err(problem.hint(format!("It signs with {}.", methods.join(", "))).into())
    }

    fn is_good(&self, signed: &Signed, token_secret: &str, shown: &str) -> bool {
        match (&self.key, &self.secret) {
            (Some(key), _) if signed.method.is_rsa() => key.verify(signed.method, &signed.base, shown),
            (_, Some(secret)) => {
                let secrets = Secrets::new(secret.expose_secret(), token_secret);
                verify_shared(signed.method, &signed.base, &secrets, shown)
            }
            _ => false,
        }
    }
}

/// The signature as a client sends it that encoded it twice.
fn once_more(signed: &Signed) -> String {
    String::from_utf8(encoding::decode(signed.signature.as_bytes())).unwrap_or_default()
}

/// As much work as for a client that exists (O1-31).
pub(super) fn pretend_to_verify(signed: &Signed) {
    let nobody = Secrets::new(&signed.consumer_key, "");
    let method = if signed.method.is_rsa() { SignatureMethod::HmacSha256 } else { signed.method };
    std::hint::black_box(verify_shared(method, &signed.base, &nobody, &signed.signature));
}

impl OAuth1 {
    /// The application behind a row that was verified.
    pub(super) async fn consumer(&self, application: Application) -> Result<Consumer, Refusal> {
        let secret = self.tokens.consumer_secret(&application).await?;
        let key = application.settings.rsa_public_key.as_deref().and_then(RsaKey::from_pem);
        Ok(Consumer { application, secret: secret.map(|secret| secret.expose().into()), key })
    }

    /// Writes down that this request was seen; refuses the second (O1-17, O1-18). Only what was verified is written down.
    pub(super) async fn note(&self, vault: &Vault, signed: &Signed, token: Option<TokenIndex>) -> Result<(), Refusal> {
        let Some(moment) = &signed.moment else { return Ok(()) };
        let window = i64::try_from(self.settings.timestamp_window.as_secs()).unwrap_or(i64::MAX);
        let until = moment.timestamp.saturating_add(window).saturating_add(1);
        let seen = vault.index.digest(&moment_of(signed, moment, token));
        if self.tokens.store.first_seen(seen, until).await? {
            return Ok(());
        }
        // Who signed it knows the secrets: there is nothing to guess.
        let detail = "This request was seen before: its nonce was used.";
        let problem = Problem::new(Code::CredentialInvalid, detail).parameter("oauth_nonce");
        Err(problem.hint("Sign each request with a nonce of its own, also when it is sent again.").into())
    }
}

fn moment_of(signed: &Signed, moment: &Moment, token: Option<TokenIndex>) -> Aad {
    Aad::of("oauth1 nonce")
        .with(signed.consumer_key.as_bytes())
        .with(token.map(|token| token.hash).unwrap_or_default().as_slice())
        .with_number(Some(moment.timestamp))
        .with(&moment.nonce)
}
