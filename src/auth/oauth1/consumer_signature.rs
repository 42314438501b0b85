//! The application that signed a request, with its secret or key.
//!
//! In: an application, a token's secret, a signed request. Out: whether the signature is valid. Must not know: the
//! store, the purpose of the request.

use std::net::IpAddr;

use secrecy::{ExposeSecret as _, SecretString};

use super::encoding;
use super::request::SignedRequest;
use super::settings::OAuth1Settings;
use super::signature::{RsaKey, SigningSecrets, verify_with_secrets};
use crate::auth::clients::application::Application;
use crate::auth::clients::signature_method::SignatureMethod;
use crate::auth::error::AuthError;
use crate::error::Problem;
use crate::error_code::ErrorCode;

/// An application, ready to verify its signatures.
#[derive(Debug)]
pub(super) struct Consumer {
    pub(super) application: Application,
    pub(super) secret: Option<SecretString>,
    pub(super) key: Option<RsaKey>,
}

impl Consumer {
    /// Verifies the signature with the key or the secrets that the application is registered with (O1-13), and checks
    /// the client's address.
    ///
    /// # Errors
    /// [`AuthError::Rejected`] if the signature is wrong. Only a client with the right secrets learns that its
    /// signature method is not registered.
    pub(super) fn verify(
        &self,
        request: &SignedRequest,
        token_secret: &str,
        settings: &OAuth1Settings,
        address: IpAddr,
    ) -> Result<(), AuthError> {
        let decoded = settings.double_encoded_signature.then(|| decode_signature(request));
        let signatures = [Some(request.signature.clone()), decoded];
        let is_valid =
            signatures.into_iter().flatten().any(|signature| self.is_valid(request, token_secret, &signature));
        if !(is_valid && self.application.allows_address(address)) {
            return Err(AuthError::Rejected);
        }
        if self.application.settings.oauth1.contains(&request.method) {
            return Ok(());
        }
        let method = request.method.as_str();
        let detail = format!("This application is not registered for the signature method {method}.");
        let problem = Problem::new(ErrorCode::CredentialInvalid, detail).parameter("oauth_signature_method");
        let methods: Vec<&str> = self.application.settings.oauth1.iter().map(|method| method.as_str()).collect();
        Err(problem.hint(format!("Sign with {}.", methods.join(", "))).into())
    }

    fn is_valid(&self, request: &SignedRequest, token_secret: &str, signature: &str) -> bool {
        match (&self.key, &self.secret) {
            (Some(key), _) if request.method.is_rsa() => key.verify(request.method, &request.base_string, signature),
            (_, Some(secret)) => {
                let secrets = SigningSecrets::new(secret.expose_secret(), token_secret);
                verify_with_secrets(request.method, &request.base_string, &secrets, signature)
            }
            _ => false,
        }
    }
}

/// The signature of a client that percent-encodes it twice.
fn decode_signature(request: &SignedRequest) -> String {
    String::from_utf8(encoding::decode(request.signature.as_bytes())).unwrap_or_default()
}

/// Takes as long as the verification for an application that exists (O1-31).
pub(super) fn dummy_verify(request: &SignedRequest) {
    let secrets = SigningSecrets::new(&request.consumer_key, "");
    let method = if request.method.is_rsa() { SignatureMethod::HmacSha256 } else { request.method };
    std::hint::black_box(verify_with_secrets(method, &request.base_string, &secrets, &request.signature));
}
