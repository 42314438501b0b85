//! `POST /api/generate_token`: issues a login token for an API key.
//!
//! In: an API key in a header; the user and the lifetime in the body. Out: the token, which the gateway cannot show
//! again. Must not know: how tokens are stored. The path may contain a model, which has no effect.

use axum::Json;
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;
use serde_json::{Value, json};
use time::macros::format_description;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::openapi_schemas::TAG;
use crate::auth::{Credential, CredentialOwner, IssuedLoginToken, LoginTokenRequest, PresentedToken};
use crate::error::Problem;
use crate::error_code::ErrorCode;
use crate::http::openapi::ModelPath;
use crate::http::request::ApiRequest;
use crate::http::request::credential::parse_credential;
use crate::http::request::unauthenticated_body;
use crate::http::state::AppState;
use crate::secret::{Token, TokenKind};

pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(generate)).routes(routes!(generate_for_model))
}

/// The user and the lifetime of the token.
#[derive(ToSchema)]
#[schema(as = ApiTokenRequest, example = json!({"user_id": 2, "expiration_days": 30}))]
#[expect(dead_code, reason = "the type only describes the document")]
struct TokenRequestSchema {
    /// The id of the Odoo user. By default the user of the key.
    user_id: Option<i32>,
    /// The lifetime in days, from 1 to 3650 and not longer than the API key allows. The default is 30.
    expiration_days: Option<i32>,
}

/// A new login token.
#[derive(ToSchema)]
#[schema(as = ApiToken, example = json!({
    "login_token": "eyJ…", "message": "JWT Token generated successfully.", "token_type": "JWT",
    "expires_in_days": 30, "expiration_date": "2026-12-20T12:00:00",
    "user_info": {"user_id": 2, "user_name": "Mitchell Admin", "user_login": "admin"}
}))]
#[expect(dead_code, reason = "the type only describes the document")]
struct TokenSchema {
    /// The token, to send in the header `token`.
    login_token: String,
    /// A message for people.
    message: String,
    /// Always `JWT`.
    token_type: String,
    /// The lifetime in days.
    expires_in_days: i32,
    /// The time of expiry in UTC, without a time zone.
    expiration_date: String,
    /// The user of the token.
    user_info: TokenUserSchema,
}

/// An Odoo user.
#[derive(ToSchema)]
#[schema(as = ApiTokenUser)]
#[expect(dead_code, reason = "the type only describes the document")]
struct TokenUserSchema {
    /// The id of the user.
    user_id: i32,
    /// The name of the user.
    user_name: String,
    /// The login of the user.
    user_login: String,
}

const DAYS: std::ops::RangeInclusive<i64> = 1..=3650;

/// Issue a login token (with a model in the path)
///
/// Equivalent to `POST /api/generate_token`. The model in the path has no effect.
#[utoipa::path(
    post, path = "/api/{model}/generate_token", operation_id = "api_generate_token_for_model", tag = TAG,
    params(ModelPath), security(("api_key" = [])), request_body(content = Option<TokenRequestSchema>),
    responses((status = 200, description = "The token. The gateway cannot show it again", body = TokenSchema))
)]
async fn generate_for_model(request: ApiRequest) -> Result<Response, Problem> {
    request.model()?;
    issue(request).await
}

/// Issue a login token
///
/// Issues a token for the user of the API key; or for another user, if the key is allowed to do so and the user is
/// linked with the key.
#[utoipa::path(
    post, path = "/api/generate_token", operation_id = "api_generate_token", tag = TAG,
    security(("api_key" = [])), request_body(content = Option<TokenRequestSchema>),
    responses((status = 200, description = "The token. The gateway cannot show it again", body = TokenSchema))
)]
async fn generate(request: ApiRequest) -> Result<Response, Problem> {
    issue(request).await
}

async fn issue(mut request: ApiRequest) -> Result<Response, Problem> {
    let (key, address) = (api_key(&request)?, request.client_ip());
    request.log.credential(TokenKind::ApiKey.as_str());
    let account = request.state.tokens.login_tokens.verify_api_key(key, address).await?;
    request.log.credential_owner(CredentialOwner::Other);
    request.log.usage(account.usage.clone());
    let body = unauthenticated_body::body(&mut request).await?;
    let token_request = parse_body(&body)?;
    let state = &request.state;
    let issued = state.tokens.login_tokens.issue(account, token_request, &state.databases).await?;
    request.log.user(&issued.login);
    Ok(Json(response_body(&issued)).into_response())
}

/// Requires an API key. A login token sent together with it has no effect.
fn api_key(request: &ApiRequest) -> Result<Token, Problem> {
    match parse_credential(&request.head.headers)? {
        Credential::GatewayToken(PresentedToken::Opaque(key) | PresentedToken::Login { api_key: Some(key), .. })
            if key.kind() == TokenKind::ApiKey =>
        {
            Ok(key)
        }
        _ => {
            let detail = "Login tokens are issued for an API key only. Send the key in the header `api-key`.";
            Err(Problem::new(ErrorCode::CredentialInvalid, detail))
        }
    }
}

#[derive(Deserialize, Default)]
struct Body {
    user_id: Option<Value>,
    expiration_days: Option<Value>,
}

fn parse_body(body: &[u8]) -> Result<LoginTokenRequest, Problem> {
    let body: Body = if body.is_empty() {
        Body::default()
    } else {
        parse_object(body).map_err(|reason| {
            let detail = format!("The request body is not a JSON object with these members: {reason}.");
            Problem::new(ErrorCode::InvalidParameter, detail).parameter("body")
        })?
    };
    let user = integer("user_id", body.user_id, 1..=i64::from(i32::MAX))?;
    let days = integer("expiration_days", body.expiration_days, DAYS)?;
    Ok(LoginTokenRequest { user, days: days.and_then(|days| u32::try_from(days).ok()) })
}

/// Serde also accepts an array of the members' values in place of the object. It rejects a repeated member.
fn parse_object(body: &[u8]) -> Result<Body, String> {
    if !body.trim_ascii_start().starts_with(b"{") {
        return Err("expected an object".to_owned());
    }
    serde_json::from_slice(body).map_err(|error| error.to_string())
}

fn integer(
    name: &'static str,
    value: Option<Value>,
    bounds: std::ops::RangeInclusive<i64>,
) -> Result<Option<i64>, Problem> {
    let Some(value) = value.filter(|value| !value.is_null()) else { return Ok(None) };
    let number = value.as_i64().filter(|number| bounds.contains(number));
    number.map(Some).ok_or_else(|| {
        let detail = format!("{name}: expected an integer from {} to {}.", bounds.start(), bounds.end());
        Problem::new(ErrorCode::InvalidParameter, detail).parameter(name)
    })
}

fn response_body(issued: &IssuedLoginToken) -> Value {
    let format = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]");
    json!({
        "login_token": issued.token.as_str(),
        "message": "JWT Token generated successfully.",
        "token_type": "JWT",
        "expires_in_days": issued.days,
        "expiration_date": issued.expires_at.format(format).unwrap_or_default(),
        "user_info": {"user_id": issued.uid.get(), "user_name": issued.name, "user_login": issued.login},
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn omitted_members_have_defaults_and_only_integers_are_accepted() {
        let parse = |body: &str| {
            let parsed = parse_body(body.as_bytes());
            parsed.map(|request| (request.user, request.days)).map_err(|problem| problem.parameter)
        };
        assert_eq!(parse(""), Ok((None, None)));
        assert_eq!(parse(r#"{"user_id": 7, "expiration_days": 3650, "more": 1}"#), Ok((Some(7), Some(3650))));
        for days in ["0", "3651", "\"30\"", "1.5", "true", "[1]"] {
            assert_eq!(
                parse(&format!("{{\"expiration_days\": {days}}}")),
                Err(Some("expiration_days".into())),
                "{days}"
            );
        }
        assert_eq!(parse(r#"{"user_id": "7"}"#), Err(Some("user_id".into())));
        assert_eq!(parse("[]x"), Err(Some("body".into())));
    }

    #[test]
    fn array_instead_of_an_object_is_rejected() {
        for body in ["[]", "[1,2]", " [1, 2]", "[null,null]", "null", "7"] {
            assert_eq!(parse_body(body.as_bytes()).unwrap_err().parameter, Some("body".into()), "{body}");
        }
        assert!(parse_body(b" \n{}").is_ok());
    }
}
