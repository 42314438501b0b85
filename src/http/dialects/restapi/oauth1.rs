//! `/restapi/1.0/common/oauth1`: OAuth 1.0a request tokens and access tokens (RFC 5849).
//!
//! In: signed requests. Out: a token and its secret, as a form, or as JSON if `Accept` prefers it: clients of the
//! Synconics restapi parse only JSON, other OAuth libraries only forms (O1-24). Must not know: how signatures are
//! verified. The `authorize` endpoint is a page, so it is in `http::oauth`.

use axum::Json;
use axum::response::{IntoResponse as _, Response};
use http::HeaderValue;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, PRAGMA};
use serde_json::{Map, Value};
use utoipa::{IntoResponses, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::openapi_schemas::TAG;
use crate::auth::CredentialOwner;
use crate::auth::oauth1::{ConnectionInfo, SignedRequest, TokenCredentials, encode};
use crate::error::Problem;
use crate::error_code::ErrorCode;
use crate::http::request::ApiRequest;
use crate::http::request::content_type::FORM;
use crate::http::request::unauthenticated_body;
use crate::http::response::negotiate::prefers;
use crate::http::state::AppState;

pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(request_token)).routes(routes!(access_token))
}

/// Temporary credentials (RFC 5849 section 2.1).
#[derive(ToSchema)]
#[schema(as = OAuth1RequestToken, example = json!({
    "oauth_token": "ogw_o1r_…", "oauth_token_secret": "…", "oauth_callback_confirmed": "true"
}))]
#[expect(dead_code, reason = "the type only describes the document")]
struct RequestTokenSchema {
    /// The request token.
    oauth_token: String,
    /// The secret of the token.
    oauth_token_secret: String,
    /// Always `true`.
    oauth_callback_confirmed: String,
}

/// Token credentials (RFC 5849 section 2.3).
#[derive(ToSchema)]
#[schema(as = OAuth1AccessToken, example = json!({"oauth_token": "ogw_o1a_…", "oauth_token_secret": "…"}))]
#[expect(dead_code, reason = "the type only describes the document")]
struct AccessTokenSchema {
    /// The access token.
    oauth_token: String,
    /// The secret of the token.
    oauth_token_secret: String,
}

/// The errors of the token endpoints.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "the type only describes the document")]
enum TokenErrors {
    /// A parameter is missing, malformed or repeated
    #[response(status = 400)]
    BadRequest,
    /// The signature, the token or the verifier is not valid, or the nonce was used before
    #[response(status = 401)]
    Unauthorized,
}

/// Request a request token (OAuth 1.0a)
///
/// The request is signed with the secret of the application only. `oauth_callback` is a callback URL of the
/// application, or `oob`.
#[utoipa::path(
    post, path = "/common/oauth1/request_token", operation_id = "restapi_oauth1_request_token", tag = TAG,
    security(("oauth1" = [])),
    responses(
        (status = 200, description = "The token. The gateway cannot show it again", content(
            (RequestTokenSchema = "application/x-www-form-urlencoded"), (RequestTokenSchema = "application/json")
        )),
        TokenErrors
    )
)]
async fn request_token(mut request: ApiRequest) -> Result<Response, Problem> {
    let (signed, connection) = signed_request(&request)?;
    check_body_hash(&mut request, &signed).await?;
    let issued = request.state.tokens.oauth1.issue_request_token(&signed, connection).await?;
    Ok(token_response(&request, &issued, &[("oauth_callback_confirmed", "true")]))
}

/// Exchange a request token for an access token (OAuth 1.0a)
///
/// The request is signed with the secrets of the application and of a request token that a user has approved.
#[utoipa::path(
    post, path = "/common/oauth1/access_token", operation_id = "restapi_oauth1_access_token", tag = TAG,
    security(("oauth1" = [])),
    responses(
        (status = 200, description = "The token. The gateway cannot show it again", content(
            (AccessTokenSchema = "application/x-www-form-urlencoded"), (AccessTokenSchema = "application/json")
        )),
        TokenErrors
    )
)]
async fn access_token(mut request: ApiRequest) -> Result<Response, Problem> {
    let (signed, connection) = signed_request(&request)?;
    check_body_hash(&mut request, &signed).await?;
    let issued = request.state.tokens.oauth1.issue_access_token(&signed, connection).await?;
    Ok(token_response(&request, &issued, &[]))
}

fn signed_request(request: &ApiRequest) -> Result<(SignedRequest, ConnectionInfo), Problem> {
    let unsigned = || {
        let problem = Problem::new(ErrorCode::CredentialMissing, "This endpoint requires a signed request.");
        problem.hint("Sign the request with OAuth 1.0a (RFC 5849).")
    };
    let signed = request.signature()?.ok_or_else(unsigned)?;
    request.log.credential("oauth1");
    Ok((
        signed,
        ConnectionInfo { address: request.client_ip(), is_confidential: request.external_url()?.is_confidential },
    ))
}

/// Checks `oauth_body_hash`, if the signature has one, before the signature is verified. Reads only small bodies.
async fn check_body_hash(request: &mut ApiRequest, signed: &SignedRequest) -> Result<(), Problem> {
    if signed.body_hash.is_none() {
        return Ok(());
    }
    let body = match request.signed_form.form() {
        Some(form) => form.clone(),
        None => unauthenticated_body::body(request).await?,
    };
    signed.verify_body_hash(&body)
}

fn token_response(request: &ApiRequest, issued: &TokenCredentials, more: &[(&str, &str)]) -> Response {
    request.log.user(&issued.client_id);
    request.log.usage(issued.usage.clone());
    request.log.credential_owner(CredentialOwner::Application(issued.client_id.clone()));
    let pair = [("oauth_token", issued.token.expose()), ("oauth_token_secret", issued.expose_secret())];
    let members = pair.iter().chain(more);
    let mut response = if prefers(&request.head.headers, "application/json", FORM) {
        let members: Map<String, Value> = members.map(|(name, value)| ((*name).into(), (*value).into())).collect();
        Json(members).into_response()
    } else {
        let parts: Vec<String> = members.map(|(name, value)| format!("{name}={}", encode(value.as_bytes()))).collect();
        ([(CONTENT_TYPE, HeaderValue::from_static(FORM))], parts.join("&")).into_response()
    };
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response.headers_mut().insert(PRAGMA, HeaderValue::from_static("no-cache"));
    response
}
