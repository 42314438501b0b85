//! `POST /api/generate_token`: a login token, made with an API key.
//!
//! In: an API key as header, whose token and for how long in the body. Out: the token, this once. Must not know: how it
//! is made. The path may name a model, which means nothing.

use axum::Json;
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;
use serde_json::{Value, json};
use time::macros::format_description;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::schemas::{ModelPath, TAG};
use crate::auth::{Credential, MintWish, Minted, Shown, credential};
use crate::error::Problem;
use crate::error_code::Code;
use crate::http::request::Arrival;
use crate::http::request::unauthenticated;
use crate::http::state::Gateway;
use crate::secret::{Token, TokenKind};

pub(super) fn routes() -> OpenApiRouter<Gateway> {
    OpenApiRouter::new().routes(routes!(generate)).routes(routes!(generate_for_model))
}

/// Whose token, for how long.
#[derive(ToSchema)]
#[schema(as = ApiTokenWish, example = json!({"user_id": 2, "expiration_days": 30}))]
#[expect(dead_code, reason = "it is only described")]
struct WishSchema {
    /// The user at Odoo; the key's own without.
    user_id: Option<i32>,
    /// Days until it ends, 1 to 3650; 30 without.
    expiration_days: Option<i32>,
}

/// A new login token.
#[derive(ToSchema)]
#[schema(as = ApiToken, example = json!({
    "login_token": "eyJ…", "message": "JWT Token generated successfully.", "token_type": "JWT",
    "expires_in_days": 30, "expiration_date": "2026-12-20T12:00:00",
    "user_info": {"user_id": 2, "user_name": "Mitchell Admin", "user_login": "admin"}
}))]
#[expect(dead_code, reason = "it is only described")]
struct TokenSchema {
    /// The token, to be sent as `token`.
    login_token: String,
    /// For people.
    message: String,
    /// `JWT`.
    token_type: String,
    /// Days until it ends.
    expires_in_days: i32,
    /// When it ends: UTC, without a zone.
    expiration_date: String,
    /// Whose it is: `user_id`, `user_name`, `user_login`.
    user_info: serde_json::Map<String, Value>,
}

const DAYS: std::ops::RangeInclusive<i64> = 1..=3650;
const USUAL_DAYS: u32 = 30;

/// Make a login token (the path of a model)
///
/// The same as `POST /api/generate_token`; the model in the path has no effect.
#[utoipa::path(
    post, path = "/api/{model}/generate_token", operation_id = "api_generate_token_for_model", tag = TAG,
    params(ModelPath), security(("api_key" = [])), request_body(content = Option<WishSchema>),
    responses((status = 200, description = "The token, this once", body = TokenSchema))
)]
async fn generate_for_model(arrival: Arrival) -> Result<Response, Problem> {
    arrival.model()?;
    make(arrival).await
}

/// Make a login token
///
/// For the API key's own user; for others who have linked themselves, when the key may do that.
#[utoipa::path(
    post, path = "/api/generate_token", operation_id = "api_generate_token", tag = TAG,
    security(("api_key" = [])), request_body(content = Option<WishSchema>),
    responses((status = 200, description = "The token, this once", body = TokenSchema))
)]
async fn generate(arrival: Arrival) -> Result<Response, Problem> {
    make(arrival).await
}

async fn make(mut arrival: Arrival) -> Result<Response, Problem> {
    let (key, address) = (api_key(&arrival)?, arrival.client());
    arrival.log.credential(TokenKind::ApiKey.as_str());
    let account = arrival.gateway.tokens.account(key, address).await?;
    let body = unauthenticated::body(&mut arrival).await?;
    let (wish, days) = wish(&body)?;
    let gateway = &arrival.gateway;
    let minted = gateway.tokens.mint(account, wish, &gateway.databases).await?;
    arrival.log.user(&minted.login);
    Ok(Json(answer(&minted, days)).into_response())
}

/// Only an API key makes login tokens; one beside it changes nothing.
fn api_key(arrival: &Arrival) -> Result<Token, Problem> {
    match credential(&arrival.head.headers)? {
        Credential::Own(Shown::Token(key) | Shown::Login { key: Some(key), .. }) if key.kind() == TokenKind::ApiKey => {
            Ok(key)
        }
        _ => Err(Problem::new(Code::CredentialInvalid, "Login tokens are made with an API key: send it as `api-key`.")),
    }
}

#[derive(Deserialize, Default)]
struct Body {
    user_id: Option<Value>,
    expiration_days: Option<Value>,
}

fn wish(body: &[u8]) -> Result<(MintWish, u32), Problem> {
    let body: Body = if body.is_empty() {
        Body::default()
    } else {
        let wrong = |_| Problem::new(Code::InvalidParameter, "The body is no JSON object.").parameter("body");
        serde_json::from_slice(body).map_err(wrong)?
    };
    let user = integer("user_id", body.user_id, 1..=i64::from(i32::MAX))?;
    let days = integer("expiration_days", body.expiration_days, DAYS)?;
    let days = days.and_then(|days| u32::try_from(days).ok()).unwrap_or(USUAL_DAYS);
    Ok((MintWish { user, days }, days))
}

fn integer(
    name: &'static str,
    value: Option<Value>,
    bounds: std::ops::RangeInclusive<i64>,
) -> Result<Option<i64>, Problem> {
    let Some(value) = value.filter(|value| !value.is_null()) else { return Ok(None) };
    let number = value.as_i64().filter(|number| bounds.contains(number));
    number.map(Some).ok_or_else(|| {
        let expected = format!("{name}: expected an integer from {} to {}.", bounds.start(), bounds.end());
        Problem::new(Code::InvalidParameter, expected).parameter(name)
    })
}

fn answer(minted: &Minted, days: u32) -> Value {
    let form = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]");
    json!({
        "login_token": minted.token.as_str(),
        "message": "JWT Token generated successfully.",
        "token_type": "JWT",
        "expires_in_days": days,
        "expiration_date": minted.ends.format(form).unwrap_or_default(),
        "user_info": {"user_id": minted.uid.get(), "user_name": minted.name, "user_login": minted.login},
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_said_is_usual_and_nothing_but_integers_is_taken() {
        let of =
            |body: &str| wish(body.as_bytes()).map(|(wish, days)| (wish.user, days)).map_err(|wrong| wrong.parameter);
        assert_eq!(of(""), Ok((None, 30)));
        assert_eq!(of(r#"{"user_id": 7, "expiration_days": 3650, "more": 1}"#), Ok((Some(7), 3650)));
        for days in ["0", "3651", "\"30\"", "1.5", "true", "[1]"] {
            assert_eq!(of(&format!("{{\"expiration_days\": {days}}}")), Err(Some("expiration_days".into())), "{days}");
        }
        assert_eq!(of(r#"{"user_id": "7"}"#), Err(Some("user_id".into())));
        assert_eq!(of("[]x"), Err(Some("body".into())));
    }
}
