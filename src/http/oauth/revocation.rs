//! `POST …/revoke` (RFC 7009) and `POST …/introspect` (RFC 7662), for the application that a token was given to.
//!
//! In: a token, a client. Out: nothing, or what it is. Must not know: how that is found.

use axum::Json;
use axum::response::Response;
use chrono::DateTime;
use http::StatusCode;
use oauth2::basic::BasicTokenType;
use oauth2::{ClientId, ExtraTokenFields, StandardTokenIntrospectionResponse};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::parameters::Parameters;
use super::token::{ErrorAnswer, scopes};
use super::{TAG, client_authentication, uncached};
use crate::auth::Inspected;
use crate::error::Problem;
use crate::error_code::Code;
use crate::http::request::Arrival;
use crate::secret::TokenKind;

/// Which token.
#[derive(ToSchema)]
#[schema(as = OAuth2Shown)]
#[expect(dead_code, reason = "it is only described")]
pub(super) struct Shown {
    /// An access or refresh token.
    token: String,
    /// `access_token` or `refresh_token`; it is found without.
    token_type_hint: Option<String>,
    /// The application, unless it stands in HTTP Basic.
    client_id: Option<String>,
    /// Its secret, unless it stands in HTTP Basic.
    client_secret: Option<String>,
}

/// What a token is.
#[derive(ToSchema)]
#[schema(as = OAuth2Introspection, example = json!({
    "active": true, "scope": "all", "client_id": "ogw_app_…", "username": "admin", "token_type": "bearer",
    "exp": 1_500_552_005, "iat": 1_500_548_405, "sub": "odoo19/2", "aud": "https://gateway.example",
    "iss": "https://gateway.example"
}))]
#[expect(dead_code, reason = "it is only described")]
pub(super) struct Introspection {
    /// Whether it is alive and this application's.
    active: bool,
    /// What it may.
    scope: Option<String>,
    /// The application.
    client_id: Option<String>,
    /// The user's login.
    username: Option<String>,
    /// `bearer`, of an access token.
    token_type: Option<String>,
    /// Unix time of its end.
    exp: Option<i64>,
    /// Unix time at which it was made.
    iat: Option<i64>,
    /// The user: the database and his id there.
    sub: Option<String>,
    /// The gateway.
    aud: Option<String>,
    /// The gateway.
    iss: Option<String>,
}

/// End a token
///
/// A refresh token takes with it everything that came of the same approval. Unknown tokens are no mistake.
#[utoipa::path(
    post, path = "/restapi/1.0/common/oauth2/revoke", operation_id = "oauth2_revoke", tag = TAG, security(),
    request_body(content = Shown, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "It is not alive any more"),
        (status = 401, description = "The application is not known so", body = ErrorAnswer),
        (status = 429, description = "Too many failed attempts", body = ErrorAnswer)
    )
)]
pub(super) async fn revoke(mut arrival: Arrival) -> Result<Response, Problem> {
    let parameters = Parameters::read(&mut arrival).await?;
    let client = client_authentication::identify(&arrival, &parameters).await?;
    arrival.gateway.tokens.revoke(&client, parameters.needed("token")?).await?;
    Ok(uncached(StatusCode::OK))
}

/// Ask what a token is
///
/// Of tokens that are not this application's own, or not alive, nothing is told but that.
#[utoipa::path(
    post, path = "/restapi/1.0/common/oauth2/introspect", operation_id = "oauth2_introspect", tag = TAG, security(),
    request_body(content = Shown, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "What it is", body = Introspection),
        (status = 401, description = "The application is not known so, or has no secret", body = ErrorAnswer),
        (status = 429, description = "Too many failed attempts", body = ErrorAnswer)
    )
)]
pub(super) async fn introspect(mut arrival: Arrival) -> Result<Response, Problem> {
    let parameters = Parameters::read(&mut arrival).await?;
    let client = client_authentication::identify(&arrival, &parameters).await?;
    // Whoever found a token could ask in the name of one that has no secret.
    if client.application.settings.public {
        return Err(Problem::new(Code::InvalidClient, "Only an application with a secret may ask."));
    }
    let tokens = &arrival.gateway.tokens;
    let inspected = tokens.inspect(&client, parameters.needed("token")?).await?;
    let answer = match inspected {
        Some(inspected) => described(&inspected, client.application.client_id(), tokens.issuer()),
        None => TokenIntrospection::new(false, Audience { aud: None }),
    };
    Ok(uncached(Json(answer)))
}

/// One audience is a plain text; the type that the answer is made of would write a list.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Audience {
    #[serde(skip_serializing_if = "Option::is_none")]
    aud: Option<String>,
}

impl ExtraTokenFields for Audience {}

type TokenIntrospection = StandardTokenIntrospectionResponse<Audience, BasicTokenType>;

fn described(inspected: &Inspected, client_id: &str, issuer: &str) -> TokenIntrospection {
    let time = |seconds| DateTime::from_timestamp(seconds, 0);
    let mut answer = TokenIntrospection::new(true, Audience { aud: Some(issuer.to_owned()) });
    answer.set_scopes(Some(scopes(&inspected.scope)));
    answer.set_client_id(Some(ClientId::new(client_id.to_owned())));
    answer.set_username(Some(inspected.login.clone()));
    answer.set_token_type((inspected.kind == TokenKind::OAuthAccess).then_some(BasicTokenType::Bearer));
    answer.set_exp(inspected.ends_at.and_then(time));
    answer.set_iat(time(inspected.issued_at));
    answer.set_sub(Some(inspected.subject.clone()));
    answer.set_iss(Some(issuer.to_owned()));
    answer
}
