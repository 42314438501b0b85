//! `POST …/revoke`: token revocation (RFC 7009) by the application that the token was issued to.
//!
//! In: a token, an authenticated client. Out: 200, also for an unknown token. Must not know: how tokens are found.

use axum::response::Response;
use http::StatusCode;
use utoipa::ToSchema;

use super::client_authentication::authenticate_client;
use super::parameters::OAuth2Params;
use super::token::ErrorResponse;
use super::{TAG, no_store};
use crate::error::Problem;
use crate::http::request::ApiRequest;

/// The token that a request is about: RFC 7009 section 2.1, RFC 7662 section 2.1.
#[derive(ToSchema)]
#[schema(as = OAuth2TokenParam, example = json!({
    "token": "ogw_at_…", "client_id": "ogw_app_5f2b7c0d9a41e836", "client_secret": "ogw_cs_…"
}))]
#[expect(dead_code, reason = "it is only described")]
pub(super) struct TokenParam {
    /// An access token or refresh token.
    token: String,
    /// `access_token` or `refresh_token`. Optional: the gateway finds the token without it.
    token_type_hint: Option<String>,
    /// The client id of the application, unless the request uses HTTP Basic.
    client_id: Option<String>,
    /// The client secret, unless the request uses HTTP Basic.
    client_secret: Option<String>,
}

/// Revoke a token
///
/// Revoking a refresh token also revokes every token that was issued for the same approval. The response for an
/// unknown token is 200, too (RFC 7009 section 2.2).
#[utoipa::path(
    post, path = "/restapi/1.0/common/oauth2/revoke", operation_id = "oauth2_revoke", tag = TAG, security(),
    request_body(content = TokenParam, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "The token is not valid any more"),
        (status = 401, description = "The client credentials are missing or wrong", body = ErrorResponse),
        (status = 429, description = "Too many failed attempts", body = ErrorResponse)
    )
)]
pub(super) async fn revoke(mut request: ApiRequest) -> Result<Response, Problem> {
    let parameters = OAuth2Params::from_request(&mut request).await?;
    let client = authenticate_client(&request, &parameters).await?;
    request.state.tokens.oauth2.revoke(&client, parameters.require("token")?).await?;
    Ok(no_store(StatusCode::OK))
}
