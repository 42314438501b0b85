//! Authentication: from the credential of a request to the principal that it belongs to.
//!
//! In: an [`ApiRequest`], and for RPC the credential in its arguments. Out: a [`Principal`] at the database that the
//! request names. Must not know: what the request asks for.

use std::net::IpAddr;

use secrecy::SecretString;

use super::request::credential::parse_credential;
use super::request::{ApiRequest, headers};
use super::state::AppState;
use crate::auth::oauth1::{ConnectionInfo, SignedRequest};
use crate::auth::{Credential, PresentedToken, Principal, supports_key_lookup};
use crate::error::Problem;
use crate::error_code::ErrorCode;
use crate::odoo::Uid;
use crate::telemetry::metrics::count;

/// Authenticates the request and counts the outcome.
///
/// # Errors
/// 401 without a valid credential, 404 for a database that is not configured, 429 after too many failed attempts.
pub(super) async fn authenticate(request: &mut ApiRequest) -> Result<Principal, Problem> {
    let authenticated = authenticate_credential(request).await;
    record_outcome(request, &authenticated);
    authenticated
}

/// A credential in the arguments of an RPC call.
pub(super) enum ArgumentCredential {
    /// An API key or token of the gateway.
    GatewayToken(PresentedToken),
    /// A login with its password or Odoo API key.
    Login(String, SecretString),
    /// A user's id with their password or Odoo API key.
    UserId(Uid, SecretString),
}

/// Authenticates a credential in the arguments of a call to this database, and counts the outcome.
///
/// # Errors
/// As [`authenticate`].
pub(super) async fn authenticate_arguments(
    request: &ApiRequest,
    database_name: &str,
    credential: ArgumentCredential,
) -> Result<Principal, Problem> {
    let authenticated = authenticate_in_arguments(request, database_name, credential).await;
    record_outcome(request, &authenticated);
    authenticated
}

async fn authenticate_in_arguments(
    request: &ApiRequest,
    database_name: &str,
    credential: ArgumentCredential,
) -> Result<Principal, Problem> {
    let (state, address) = (&request.state, request.client_ip());
    let database = state.databases.pick(Some(database_name))?;
    request.log.database(database.name.as_str());
    match credential {
        ArgumentCredential::GatewayToken(token) => {
            state.tokens.gateway_tokens.authenticate(&token, Some(database_name), &state.databases, address).await
        }
        ArgumentCredential::Login(login, secret) => {
            request.log.user(&login);
            Box::pin(state.odoo_authenticator.authenticate(database, login, secret, address)).await
        }
        ArgumentCredential::UserId(uid, secret) => {
            request.log.user(&format!("uid {uid}"));
            Box::pin(state.odoo_authenticator.authenticate_user_id(database, uid, secret, address)).await
        }
    }
}

/// Records the caller in the log of the request, and counts the outcome.
fn record_outcome(request: &ApiRequest, authenticated: &Result<Principal, Problem>) {
    let outcome = match authenticated {
        Ok(principal) => {
            request.log.database(principal.database.name.as_str());
            request.log.user(&principal.login);
            request.log.credential(principal.credential_kind.as_str());
            request.log.usage(principal.usage.clone());
            request.log.credential_owner(principal.credential_owner());
            "ok"
        }
        Err(problem) => problem.code.as_str(),
    };
    count(&request.state.metrics.authentications, outcome);
}

async fn authenticate_credential(request: &mut ApiRequest) -> Result<Principal, Problem> {
    let presented = match parse_credential(&request.head.headers) {
        Err(missing)
            if missing.code == ErrorCode::CredentialMissing && request.signed_form.is_signed_in_parameters() =>
        {
            Credential::OAuth1Signature
        }
        presented => presented?,
    };
    let database_name = headers::database(&request.head.headers)?;
    let address = request.client_ip();
    match presented {
        Credential::Basic { login, secret } => {
            let database = request.state.databases.pick(database_name)?;
            request.log.database(database.name.as_str());
            request.log.user(&login);
            Box::pin(request.state.odoo_authenticator.authenticate(database, login, secret, address)).await
        }
        Credential::OdooApiKey(key) => {
            let state = &request.state;
            let database = state.databases.pick(database_name)?;
            if supports_key_lookup(database).await? {
                Box::pin(state.odoo_authenticator.authenticate_api_key(database, key, address)).await
            } else {
                let tokens = &state.tokens.gateway_tokens;
                Box::pin(tokens.authenticate_linked_odoo_key(&key, database_name, &state.databases, address)).await
            }
        }
        Credential::OAuth1Signature => {
            let database_name = database_name.map(str::to_owned);
            // Boxed, as everything below that is rare and large: a future has room for the largest of its branches, and
            // is moved several times before it runs.
            Box::pin(authenticate_signature(request, database_name.as_deref())).await
        }
        Credential::GatewayToken(token) => {
            let state = &request.state;
            state.tokens.gateway_tokens.authenticate(&token, database_name, &state.databases, address).await
        }
    }
}

async fn authenticate_signature(request: &mut ApiRequest, database_name: Option<&str>) -> Result<Principal, Problem> {
    let connection =
        ConnectionInfo { address: request.client_ip(), is_confidential: request.external_url()?.is_confidential };
    let unsigned =
        || Problem::new(ErrorCode::CredentialInvalid, "The request is not signed.").hint("Sign it with OAuth 1.0a.");
    let signed = request.signature()?.ok_or_else(unsigned)?;
    let state = request.state.clone();
    let principal = state.tokens.oauth1.authenticate(&signed, database_name, &state.databases, connection).await?;
    check_signed_body(request, &signed).await?;
    request.signed_form.release_form();
    Ok(principal)
}

/// Checks `oauth_body_hash`, if the signature has one. A large body is only read here, after the signature was
/// verified.
async fn check_signed_body(request: &mut ApiRequest, signed: &SignedRequest) -> Result<(), Problem> {
    if signed.body_hash.is_none() {
        return Ok(());
    }
    if let Some(form) = request.signed_form.form() {
        return signed.verify_body_hash(form);
    }
    let body = request.read_body().await?;
    request.body.replace(body.clone());
    signed.verify_body_hash(&body)
}

/// Checks the credential of a long response again while it is sent.
#[derive(Debug)]
pub(super) struct CredentialRecheck {
    state: AppState,
    caller: Principal,
    address: IpAddr,
}

impl CredentialRecheck {
    /// For a caller that this request was authenticated as.
    pub(super) fn new(request: &ApiRequest, caller: &Principal) -> Self {
        Self { state: request.state.clone(), caller: caller.clone(), address: request.client_ip() }
    }

    /// Checks that the credential is still valid.
    ///
    /// # Errors
    /// 401 if it is not; 503 without the store.
    pub(super) async fn check(&self) -> Result<(), Problem> {
        match &self.caller.token {
            Some(token) => self.state.tokens.gateway_tokens.recheck(token, self.address).await,
            None => self.state.odoo_authenticator.recheck(&self.caller, self.address).await,
        }
    }
}
