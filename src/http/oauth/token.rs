//! `POST …/access_token` and its alias `…/token`: issues tokens for a code, a refresh token, or client credentials.
//!
//! In: parameters, an authenticated client. Out: `{access_token, token_type, access_token_validity, refresh_token,
//! expires_in, scope}`. Must not know: how codes and tokens are verified.

use std::time::Duration;

use axum::Json;
use axum::response::Response;
use oauth2::basic::BasicTokenType;
use oauth2::{AccessToken, ExtraTokenFields, RefreshToken, Scope, StandardTokenResponse};
use serde::{Deserialize, Serialize};
use time::macros::format_description;
use utoipa::ToSchema;

use super::client_authentication::authenticate_client;
use super::parameters::OAuth2Params;
use super::{TAG, no_store};
use crate::auth::{AccessTokenFormat, AuthenticatedClient, CodeExchange, IssuedTokens, OAuth2Server};
use crate::error::Problem;
use crate::error_code::ErrorCode;
use crate::http::request::ApiRequest;

/// The parameters of a token request (RFC 6749 sections 4.1.3, 4.4.2, and 6).
#[derive(ToSchema)]
#[schema(as = OAuth2TokenRequest, example = json!({
    "grant_type": "client_credentials", "client_id": "ogw_app_5f2b7c0d9a41e836", "client_secret": "ogw_cs_…"
}))]
#[expect(dead_code, reason = "it is only described")]
pub(super) struct TokenRequest {
    /// `authorization_code`, `refresh_token` or `client_credentials`.
    grant_type: String,
    /// The client id of the application, unless the request uses HTTP Basic.
    client_id: Option<String>,
    /// The client secret, unless the request uses HTTP Basic. A public application has none.
    client_secret: Option<String>,
    /// `authorization_code`: the code.
    code: Option<String>,
    /// `authorization_code`: the same value as in the authorization request.
    redirect_uri: Option<String>,
    /// `authorization_code` with PKCE: the code verifier.
    code_verifier: Option<String>,
    /// `refresh_token`: the refresh token. It is used up; the response contains the next one.
    refresh_token: Option<String>,
    /// A narrower scope than the client could get, for example `read` or `create:sale.order`.
    scope: Option<String>,
    /// `jwt`: the access token is a JSON Web Token. `opaque`, the default: it is a random string.
    token_format: Option<String>,
}

/// An access token, and a refresh token if the grant type issues one (RFC 6749 section 5.1).
#[derive(ToSchema)]
#[schema(as = OAuth2Token, example = json!({
    "access_token": "ogw_at_…", "token_type": "bearer", "access_token_validity": "7/20/2017 12:00:05",
    "refresh_token": "ogw_rt_…", "expires_in": 3600, "scope": "all"
}))]
#[expect(dead_code, reason = "it is only described")]
pub(super) struct TokenResponse {
    /// The access token, to be sent as `Authorization: Bearer …`.
    access_token: String,
    /// `bearer`.
    token_type: String,
    /// When the access token expires: month/day/year and time in UTC.
    access_token_validity: String,
    /// The refresh token. Omitted with `client_credentials`.
    refresh_token: Option<String>,
    /// Seconds until the access token expires.
    expires_in: i64,
    /// The scope of the access token.
    scope: String,
}

/// An error (RFC 6749 section 5.2).
#[derive(ToSchema)]
#[schema(as = OAuth2Error, example = json!({"error": "invalid_grant", "error_description": "…", "request_id": "…"}))]
#[expect(dead_code, reason = "it is only described")]
pub(super) struct ErrorResponse {
    /// An error code of RFC 6749 section 5.2.
    error: String,
    /// What is wrong, for developers.
    error_description: String,
    /// The id of the request in the gateway's log.
    request_id: String,
}

/// Get a token
///
/// The application authenticates with HTTP Basic, with parameters in the form, or with the header
/// `Authorization: OAuth client_id='…', client_secret='…' …`, whose other values count as parameters. Codes and
/// refresh tokens can be used once. A second use revokes every token that was issued for the same approval.
#[utoipa::path(
    post, path = "/restapi/1.0/common/oauth2/access_token", operation_id = "oauth2_access_token", tag = TAG,
    security(), request_body(content = TokenRequest, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "The tokens. They are shown only once", body = TokenResponse),
        (status = 400, description = "The request is invalid, or the grant is rejected", body = ErrorResponse),
        (status = 401, description = "The client credentials are missing or wrong", body = ErrorResponse),
        (status = 429, description = "Too many failed attempts", body = ErrorResponse)
    )
)]
pub(super) async fn access_token(request: ApiRequest) -> Result<Response, Problem> {
    handle(request).await
}

/// Get a token (the usual path)
///
/// The same as `access_token`, at the path that most client libraries expect.
#[utoipa::path(
    post, path = "/restapi/1.0/common/oauth2/token", operation_id = "oauth2_token", tag = TAG,
    security(), request_body(content = TokenRequest, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "The tokens. They are shown only once", body = TokenResponse),
        (status = 400, description = "The request is invalid, or the grant is rejected", body = ErrorResponse),
        (status = 401, description = "The client credentials are missing or wrong", body = ErrorResponse),
        (status = 429, description = "Too many failed attempts", body = ErrorResponse)
    )
)]
pub(super) async fn token(request: ApiRequest) -> Result<Response, Problem> {
    handle(request).await
}

async fn handle(mut request: ApiRequest) -> Result<Response, Problem> {
    let parameters = OAuth2Params::from_request(&mut request).await?;
    let client = request.timing.time("auth", authenticate_client(&request, &parameters)).await?;
    let issued = request.timing.time("issue", issue(&request.state.tokens.oauth2, &client, &parameters)).await?;
    Ok(no_store(Json(token_response(&issued))))
}

async fn issue(
    oauth2: &OAuth2Server,
    client: &AuthenticatedClient,
    parameters: &OAuth2Params,
) -> Result<IssuedTokens, Problem> {
    let (format, scope) = (parse_token_format(parameters)?, parameters.get("scope"));
    match parameters.require("grant_type")? {
        "authorization_code" => {
            let exchange = CodeExchange {
                code: parameters.require("code")?,
                redirect_uri: parameters.get("redirect_uri"),
                verifier: parameters.get("code_verifier"),
            };
            oauth2.exchange_code(client, exchange, format).await
        }
        "refresh_token" => oauth2.refresh(client, parameters.require("refresh_token")?, scope, format).await,
        "client_credentials" => oauth2.client_credentials(client, scope, format).await,
        _ => {
            let detail = "The grant_type must be authorization_code, refresh_token or client_credentials.";
            Err(Problem::new(ErrorCode::UnsupportedGrantType, detail).parameter("grant_type"))
        }
    }
}

fn parse_token_format(parameters: &OAuth2Params) -> Result<AccessTokenFormat, Problem> {
    match parameters.get("token_format") {
        None | Some("opaque") => Ok(AccessTokenFormat::Opaque),
        Some("jwt") => Ok(AccessTokenFormat::Jwt),
        Some(_) => {
            let detail = "The token_format must be opaque or jwt.";
            Err(Problem::new(ErrorCode::InvalidParameter, detail).parameter("token_format"))
        }
    }
}

/// The member that the vendor's manual adds to those of RFC 6749.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct VendorFields {
    access_token_validity: String,
}

impl ExtraTokenFields for VendorFields {}

fn token_response(issued: &IssuedTokens) -> StandardTokenResponse<VendorFields, BasicTokenType> {
    let format = format_description!("[month padding:none]/[day padding:none]/[year] [hour]:[minute]:[second]");
    let vendor = VendorFields { access_token_validity: issued.expires_at.format(format).unwrap_or_default() };
    let access = AccessToken::new(issued.access_token.as_str().to_owned());
    let mut response = StandardTokenResponse::new(access, BasicTokenType::Bearer, vendor);
    response.set_refresh_token(issued.refresh_token.as_ref().map(|token| RefreshToken::new(token.expose().to_owned())));
    response.set_expires_in(u64::try_from(issued.expires_in).ok().map(Duration::from_secs).as_ref());
    response.set_scopes(Some(scope_list(&issued.scope.to_string())));
    response
}

/// The space-separated values of a scope (RFC 6749 section 3.3).
pub(super) fn scope_list(scope: &str) -> Vec<Scope> {
    scope.split(' ').filter(|value| !value.is_empty()).map(|value| Scope::new(value.to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use time::OffsetDateTime;
    use zeroize::Zeroizing;

    use super::*;
    use crate::plan::OAuthScope;

    #[test]
    fn response_has_the_members_of_the_rfc_and_of_the_vendors_manual() {
        let issued = IssuedTokens {
            access_token: Zeroizing::new("a".to_owned()),
            expires_at: OffsetDateTime::from_unix_timestamp(1_500_552_005).unwrap(),
            expires_in: 3600,
            refresh_token: None,
            scope: OAuthScope::All,
        };
        let expected = r#"{"access_token":"a","token_type":"bearer","expires_in":3600,"scope":"all","access_token_validity":"7/20/2017 12:00:05"}"#;
        assert_eq!(serde_json::to_string(&token_response(&issued)).unwrap(), expected);
    }
}
