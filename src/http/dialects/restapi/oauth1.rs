//! `/restapi/1.0/common/oauth1`: tokens for applications that sign (contract section 6).
//!
//! In: signed requests. Out: a token and its secret, as a form, or as JSON where that is named (O1-24: the vendor's
//! clients read nothing but JSON, ordinary libraries nothing but forms). Must not know: how signatures are verified.
//! `authorize` is a page.

use axum::Json;
use axum::response::{IntoResponse as _, Response};
use http::HeaderValue;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, PRAGMA};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::schemas::TAG;
use crate::auth::oauth1::{Occasion, Signed, TokenPair, encode};
use crate::error::Problem;
use crate::error_code::Code;
use crate::http::request::Arrival;
use crate::http::request::oauth1_form;
use crate::http::response::negotiate::prefers;
use crate::http::state::Gateway;

pub(super) fn routes() -> OpenApiRouter<Gateway> {
    OpenApiRouter::new().routes(routes!(request_token)).routes(routes!(access_token))
}

/// Temporary credentials.
#[derive(ToSchema)]
#[schema(as = OAuth1RequestToken)]
#[expect(dead_code, reason = "it is only described")]
struct RequestTokenSchema {
    /// The request token.
    oauth_token: String,
    /// Its secret.
    oauth_token_secret: String,
    /// `true`: the callback was kept with the token.
    oauth_callback_confirmed: String,
}

/// Token credentials.
#[derive(ToSchema)]
#[schema(as = OAuth1AccessToken)]
#[expect(dead_code, reason = "it is only described")]
struct AccessTokenSchema {
    /// The access token.
    oauth_token: String,
    /// Its secret.
    oauth_token_secret: String,
}

/// Ask for a request token (OAuth 1.0a)
///
/// Signed with the application's secret alone. `oauth_callback` is one of the application's callbacks, or `oob`.
#[utoipa::path(
    post, path = "/common/oauth1/request_token", operation_id = "restapi_oauth1_request_token", tag = TAG,
    security(("oauth1" = [])),
    responses(
        (status = 200, description = "The token, this once", content(
            (RequestTokenSchema = "application/x-www-form-urlencoded"), (RequestTokenSchema = "application/json")
        )),
        (status = 400, description = "A parameter is missing, malformed or given twice"),
        (status = 401, description = "The signature is not good, or was seen before")
    )
)]
async fn request_token(mut arrival: Arrival) -> Result<Response, Problem> {
    let (signed, occasion) = signed_request(&arrival)?;
    oauth1_form::check_open_body(&mut arrival, &signed).await?;
    let given = arrival.gateway.oauth1.give_request_token(&signed, occasion).await?;
    Ok(answer(&arrival, &given, &[("oauth_callback_confirmed", "true")]))
}

/// Exchange a request token for an access token (OAuth 1.0a)
///
/// Signed with the application's secret and that of the request token, which a user has approved.
#[utoipa::path(
    post, path = "/common/oauth1/access_token", operation_id = "restapi_oauth1_access_token", tag = TAG,
    security(("oauth1" = [])),
    responses(
        (status = 200, description = "The token, this once", content(
            (AccessTokenSchema = "application/x-www-form-urlencoded"), (AccessTokenSchema = "application/json")
        )),
        (status = 400, description = "A parameter is missing, malformed or given twice"),
        (status = 401, description = "The signature, the token or the verifier is not good")
    )
)]
async fn access_token(mut arrival: Arrival) -> Result<Response, Problem> {
    let (signed, occasion) = signed_request(&arrival)?;
    oauth1_form::check_open_body(&mut arrival, &signed).await?;
    let given = arrival.gateway.oauth1.give_access_token(&signed, occasion).await?;
    Ok(answer(&arrival, &given, &[]))
}

fn signed_request(arrival: &Arrival) -> Result<(Signed, Occasion), Problem> {
    let none = || {
        let problem = Problem::new(Code::CredentialMissing, "This address answers only to signed requests.");
        problem.hint("Sign the request as OAuth 1.0a (RFC 5849) says.")
    };
    let signed = oauth1_form::signed(arrival)?.ok_or_else(none)?;
    arrival.log.credential("oauth1");
    Ok((signed, Occasion { address: arrival.client(), is_private: oauth1_form::origin(arrival)?.is_private }))
}

fn answer(arrival: &Arrival, given: &TokenPair, more: &[(&str, &str)]) -> Response {
    arrival.log.user(&given.application);
    let pair = [("oauth_token", given.token.expose()), ("oauth_token_secret", given.expose_secret())];
    let members = pair.iter().chain(more);
    let mut answer = if prefers(&arrival.head.headers, "application/json", FORM) {
        let members: Map<String, Value> = members.map(|(name, value)| ((*name).into(), (*value).into())).collect();
        Json(members).into_response()
    } else {
        let parts: Vec<String> = members.map(|(name, value)| format!("{name}={}", encode(value.as_bytes()))).collect();
        ([(CONTENT_TYPE, HeaderValue::from_static(FORM))], parts.join("&")).into_response()
    };
    answer.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer.headers_mut().insert(PRAGMA, HeaderValue::from_static("no-cache"));
    answer
}

const FORM: &str = "application/x-www-form-urlencoded";
