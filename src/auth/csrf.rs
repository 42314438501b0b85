//! CSRF tokens: single-use, short-lived, bound to one browser session and one authorization request.
//!
//! ```text
//! token = issued "." nonce "." mac           issued: Unix time; nonce: 32*hex; mac: 64*hex
//! mac   = HMAC(K_csrf, issued, nonce, cookie, request)
//! ```
//!
//! In: a browser's cookie, the request that the form belongs to. Out: a token for the form, and whether a token is
//! valid. Must not know: HTTP.

use time::Duration;

use super::error::AuthError;
use super::token_verifier::CredentialStore;
use crate::error::Problem;
use crate::secret::Aad;
use crate::store::random_id;

/// How long a form can be submitted after its page was rendered.
const LIFETIME: Duration = Duration::minutes(30);

/// What a CSRF token is bound to.
#[derive(Debug, Clone, Copy)]
pub struct CsrfBinding<'a> {
    /// The browser's cookie.
    pub cookie: &'a str,
    /// All parameters of the request, in the same order and encoding each time.
    pub request: &'a [u8],
}

/// A CSRF token that was verified and not yet consumed.
#[derive(Debug)]
pub struct CsrfToken {
    mac: [u8; 32],
    expires_at: i64,
}

/// Issues and verifies CSRF tokens.
#[derive(Debug)]
pub struct CsrfTokens {
    credentials: CredentialStore,
}

impl CsrfTokens {
    pub(super) fn new(credentials: CredentialStore) -> Self {
        Self { credentials }
    }

    /// A cookie for a browser without a login session: 32 hexadecimal digits.
    ///
    /// # Errors
    /// If the operating system provides no randomness.
    pub fn new_cookie(&self) -> Result<String, Problem> {
        random_id().map_err(Problem::internal)
    }

    /// The token for a form.
    ///
    /// # Errors
    /// 503 without the store or its keys.
    pub async fn issue(&self, binding: CsrfBinding<'_>) -> Result<String, Problem> {
        let keys = self.credentials.keys.for_sealing().await.map_err(|cause| AuthError::from(cause).into_problem())?;
        let nonce = random_id().map_err(Problem::internal)?;
        let issued = self.credentials.clock.now().unix_timestamp().to_string();
        let mac = keys.keyring.csrf_mac(&bound_data(&issued, &nonce, binding));
        Ok(format!("{issued}.{nonce}.{mac}"))
    }

    /// Verifies the token of a form; `None` if it was not issued for this binding or has expired.
    ///
    /// # Errors
    /// 503 without the store or its keys.
    pub async fn verify(&self, binding: CsrfBinding<'_>, text: &str) -> Result<Option<CsrfToken>, Problem> {
        let keys = self.credentials.keys.load_existing().await;
        let keys = keys.map_err(|cause| AuthError::from(cause).into_problem())?;
        let now = self.credentials.clock.now().unix_timestamp();
        Ok(keys.and_then(|keys| {
            let (issued, rest) = text.split_once('.')?;
            let (nonce, mac) = rest.split_once('.')?;
            let expires_at = issued.parse::<i64>().ok()?.checked_add(LIFETIME.whole_seconds())?;
            let mac = keys.keyring.verify_csrf_mac(&bound_data(issued, nonce, binding), mac)?;
            (now < expires_at).then_some(CsrfToken { mac, expires_at })
        }))
    }

    /// Consumes a token; `false` if it was consumed before.
    ///
    /// # Errors
    /// 503 without the store.
    pub async fn consume(&self, token: &CsrfToken) -> Result<bool, Problem> {
        let is_first = self.credentials.store.insert_nonce(token.mac, token.expires_at).await;
        is_first.map_err(|cause| AuthError::from(cause).into_problem())
    }
}

fn bound_data(issued: &str, nonce: &str, binding: CsrfBinding<'_>) -> Aad {
    let parts = [issued.as_bytes(), nonce.as_bytes(), binding.cookie.as_bytes(), binding.request];
    parts.iter().fold(Aad::new("form"), |aad, part| aad.with(part))
}
