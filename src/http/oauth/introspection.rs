//! `POST …/introspect`: token introspection (RFC 7662) by the application that the token was issued to.
//!
//! In: a token, an authenticated client. Out: the state of the token. Must not know: how tokens are found.

use axum::Json;
use axum::response::Response;
use chrono::DateTime;
use oauth2::basic::BasicTokenType;
use oauth2::{ClientId, ExtraTokenFields, StandardTokenIntrospectionResponse};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::client_authentication::authenticate_client;
use super::parameters::OAuth2Params;
use super::revocation::TokenParam;
use super::token::{ErrorResponse, scope_list};
use super::{TAG, no_store};
use crate::auth::TokenDetails;
use crate::error::Problem;
use crate::error_code::ErrorCode;
use crate::http::request::ApiRequest;
use crate::secret::TokenKind;

/// The state of a token (RFC 7662 section 2.2).
#[derive(ToSchema)]
#[schema(as = OAuth2Introspection, example = json!({
    "active": true, "scope": "all", "client_id": "ogw_app_…", "username": "admin", "token_type": "bearer",
    "exp": 1_500_552_005, "iat": 1_500_548_405, "sub": "odoo19/2", "aud": "https://gateway.example",
    "iss": "https://gateway.example"
}))]
#[expect(dead_code, reason = "it is only described")]
pub(super) struct Introspection {
    /// Whether the token is valid and was issued to this application.
    active: bool,
    /// The scope of the token.
    scope: Option<String>,
    /// The client id of the application.
    client_id: Option<String>,
    /// The login of the user.
    username: Option<String>,
    /// `bearer` for an access token; omitted for a refresh token.
    token_type: Option<String>,
    /// When the token expires, in seconds since 1970.
    exp: Option<i64>,
    /// When the token was issued, in seconds since 1970.
    iat: Option<i64>,
    /// The user: the name of the database and the user's id in it.
    sub: Option<String>,
    /// The URL of this gateway.
    aud: Option<String>,
    /// The URL of this gateway.
    iss: Option<String>,
}

/// Inspect a token
///
/// For a token that is unknown, expired, revoked, or issued to another application, the response contains only
/// `"active": false`.
#[utoipa::path(
    post, path = "/restapi/1.0/common/oauth2/introspect", operation_id = "oauth2_introspect", tag = TAG, security(),
    request_body(content = TokenParam, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "The state of the token", body = Introspection),
        (
            status = 401, description = "The client credentials are missing or wrong, or the application has no secret",
            body = ErrorResponse
        ),
        (status = 429, description = "Too many failed attempts", body = ErrorResponse)
    )
)]
pub(super) async fn introspect(mut request: ApiRequest) -> Result<Response, Problem> {
    let parameters = OAuth2Params::from_request(&mut request).await?;
    let client = authenticate_client(&request, &parameters).await?;
    // Anyone can send the client id of a public application, also someone who found a token.
    if client.application.settings.public {
        return Err(Problem::new(ErrorCode::InvalidClient, "A public application cannot introspect tokens."));
    }
    let oauth2 = &request.state.tokens.oauth2;
    let response = match oauth2.introspect(&client, parameters.require("token")?).await? {
        Some(inspected) => active(&inspected, client.application.client_id(), oauth2.issuer()),
        None => TokenIntrospection::new(false, Audience { aud: None }),
    };
    Ok(no_store(Json(response)))
}

/// `aud` as one string. The response type of the oauth2 crate would write a list.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Audience {
    #[serde(skip_serializing_if = "Option::is_none")]
    aud: Option<String>,
}

impl ExtraTokenFields for Audience {}

type TokenIntrospection = StandardTokenIntrospectionResponse<Audience, BasicTokenType>;

fn active(inspected: &TokenDetails, client_id: &str, issuer: &str) -> TokenIntrospection {
    let time = |seconds| DateTime::from_timestamp(seconds, 0);
    let mut response = TokenIntrospection::new(true, Audience { aud: Some(issuer.to_owned()) });
    response.set_scopes(Some(scope_list(&inspected.scope)));
    response.set_client_id(Some(ClientId::new(client_id.to_owned())));
    response.set_username(Some(inspected.login.clone()));
    response.set_token_type((inspected.kind == TokenKind::OAuthAccess).then_some(BasicTokenType::Bearer));
    response.set_exp(inspected.expires_at.and_then(time));
    response.set_iat(time(inspected.issued_at));
    response.set_sub(Some(inspected.subject.clone()));
    response.set_iss(Some(issuer.to_owned()));
    response
}
