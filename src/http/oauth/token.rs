//! `POST …/access_token`, alias `…/token`: a token for a code, a refresh token or a client secret.
//!
//! In: parameters, a client. Out: `{access_token, token_type, access_token_validity, refresh_token, expires_in, scope}`. Must
//! not know: how it is verified.

use std::time::Duration;

use axum::Json;
use axum::response::Response;
use oauth2::basic::BasicTokenType;
use oauth2::{AccessToken, ExtraTokenFields, RefreshToken, Scope, StandardTokenResponse};
use serde::{Deserialize, Serialize};
use time::macros::format_description;
use utoipa::ToSchema;

use super::parameters::Parameters;
use super::{TAG, client_authentication, uncached};
use crate::auth::{Client, Issued, Redemption, TokenForm, Tokens};
use crate::error::Problem;
use crate::error_code::Code;
use crate::http::request::Arrival;

/// What is shown for a token.
#[derive(ToSchema)]
#[schema(as = OAuth2TokenRequest)]
#[expect(dead_code, reason = "it is only described")]
pub(super) struct TokenRequest {
    /// `authorization_code`, `refresh_token` or `client_credentials`.
    #[schema(example = "client_credentials")]
    grant_type: String,
    /// The application, unless it stands in HTTP Basic.
    client_id: Option<String>,
    /// Its secret, unless it stands in HTTP Basic. A public application has none.
    client_secret: Option<String>,
    /// `authorization_code`: the code.
    code: Option<String>,
    /// `authorization_code`: as it was sent when the code was asked for.
    redirect_uri: Option<String>,
    /// `authorization_code` with PKCE: what the challenge was made of.
    code_verifier: Option<String>,
    /// `refresh_token`: the token. It is spent; the answer has the next one.
    refresh_token: Option<String>,
    /// Less than could be had: words as `read` or `create:sale.order`.
    scope: Option<String>,
    /// `jwt`: the access token as a JSON Web Token; else it is a random text.
    token_format: Option<String>,
}

/// A token.
#[derive(ToSchema)]
#[schema(as = OAuth2Token, example = json!({
    "access_token": "ogw_at_…", "token_type": "bearer", "access_token_validity": "7/20/2017 12:00:05",
    "refresh_token": "ogw_rt_…", "expires_in": 3600, "scope": "all"
}))]
#[expect(dead_code, reason = "it is only described")]
pub(super) struct TokenAnswer {
    /// To be sent as `Authorization: Bearer …`.
    access_token: String,
    /// `bearer`.
    token_type: String,
    /// When it ends: UTC, month/day/year.
    access_token_validity: String,
    /// For the next one; not with `client_credentials`.
    refresh_token: Option<String>,
    /// Seconds until it ends.
    expires_in: i64,
    /// What it may.
    scope: String,
}

/// A problem, as RFC 6749 writes it.
#[derive(ToSchema)]
#[schema(as = OAuth2Error, example = json!({"error": "invalid_grant", "error_description": "…", "request_id": "…"}))]
#[expect(dead_code, reason = "it is only described")]
pub(super) struct ErrorAnswer {
    /// A word of RFC 6749 section 5.2.
    error: String,
    /// For people.
    error_description: String,
    /// The id under which the log knows the request.
    request_id: String,
}

/// Get a token
///
/// The application shows itself by HTTP Basic, in the form, or by the header
/// `Authorization: OAuth client_id='…', client_secret='…' …`, whose other values count as parameters. Codes and refresh
/// tokens are taken once: shown again, they end everything that came of the same approval.
#[utoipa::path(
    post, path = "/restapi/1.0/common/oauth2/access_token", operation_id = "oauth2_access_token", tag = TAG,
    security(), request_body(content = TokenRequest, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "The token, this once", body = TokenAnswer),
        (status = 400, description = "What is shown is not taken", body = ErrorAnswer),
        (status = 401, description = "The application is not known so", body = ErrorAnswer),
        (status = 429, description = "Too many failed attempts", body = ErrorAnswer)
    )
)]
pub(super) async fn access_token(arrival: Arrival) -> Result<Response, Problem> {
    answer(arrival).await
}

/// Get a token (the usual name)
///
/// The same as `access_token`, at the path that most client libraries expect.
#[utoipa::path(
    post, path = "/restapi/1.0/common/oauth2/token", operation_id = "oauth2_token", tag = TAG,
    security(), request_body(content = TokenRequest, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "The token, this once", body = TokenAnswer),
        (status = 400, description = "What is shown is not taken", body = ErrorAnswer),
        (status = 401, description = "The application is not known so", body = ErrorAnswer),
        (status = 429, description = "Too many failed attempts", body = ErrorAnswer)
    )
)]
pub(super) async fn token(arrival: Arrival) -> Result<Response, Problem> {
    answer(arrival).await
}

async fn answer(mut arrival: Arrival) -> Result<Response, Problem> {
    let parameters = Parameters::read(&mut arrival).await?;
    let client = arrival.stages.time("auth", client_authentication::identify(&arrival, &parameters)).await?;
    let issued = arrival.stages.time("issue", issue(&arrival.gateway.tokens, &client, &parameters)).await?;
    Ok(uncached(Json(written(&issued))))
}

async fn issue(tokens: &Tokens, client: &Client, parameters: &Parameters) -> Result<Issued, Problem> {
    let (form, scope) = (form_of(parameters)?, parameters.get("scope"));
    match parameters.needed("grant_type")? {
        "authorization_code" => {
            let shown = Redemption {
                code: parameters.needed("code")?,
                redirect_uri: parameters.get("redirect_uri"),
                verifier: parameters.get("code_verifier"),
            };
            tokens.redeem(client, shown, form).await
        }
        "refresh_token" => tokens.refresh(client, parameters.needed("refresh_token")?, scope, form).await,
        "client_credentials" => tokens.client_credentials(client, scope, form).await,
        _ => {
            let detail = "Known are authorization_code, refresh_token and client_credentials.";
            Err(Problem::new(Code::UnsupportedGrantType, detail).parameter("grant_type"))
        }
    }
}

fn form_of(parameters: &Parameters) -> Result<TokenForm, Problem> {
    match parameters.get("token_format") {
        None | Some("opaque") => Ok(TokenForm::Opaque),
        Some("jwt") => Ok(TokenForm::Jwt),
        Some(_) => Err(Problem::new(Code::InvalidParameter, "expected opaque or jwt").parameter("token_format")),
    }
}

/// What the vendor's manual prints beside RFC 6749.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct VendorFields {
    access_token_validity: String,
}

impl ExtraTokenFields for VendorFields {}

fn written(issued: &Issued) -> StandardTokenResponse<VendorFields, BasicTokenType> {
    let form = format_description!("[month padding:none]/[day padding:none]/[year] [hour]:[minute]:[second]");
    let more = VendorFields { access_token_validity: issued.ends.format(form).unwrap_or_default() };
    let access = AccessToken::new(issued.access.as_str().to_owned());
    let mut answer = StandardTokenResponse::new(access, BasicTokenType::Bearer, more);
    answer.set_refresh_token(issued.refresh.as_ref().map(|token| RefreshToken::new(token.expose().to_owned())));
    answer.set_expires_in(u64::try_from(issued.expires_in).ok().map(Duration::from_secs).as_ref());
    answer.set_scopes(Some(scopes(&issued.scope.to_string())));
    answer
}

/// The words of a scope (RFC 6749 section 3.3).
pub(super) fn scopes(words: &str) -> Vec<Scope> {
    words.split(' ').filter(|word| !word.is_empty()).map(|word| Scope::new(word.to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use time::OffsetDateTime;
    use zeroize::Zeroizing;

    use super::*;
    use crate::plan::ScopeWords;

    #[test]
    fn the_answer_is_that_of_the_manual_and_of_the_rfc() {
        let issued = Issued {
            access: Zeroizing::new("a".to_owned()),
            ends: OffsetDateTime::from_unix_timestamp(1_500_552_005).unwrap(),
            expires_in: 3600,
            refresh: None,
            scope: ScopeWords::All,
        };
        let expected = r#"{"access_token":"a","token_type":"bearer","expires_in":3600,"scope":"all","access_token_validity":"7/20/2017 12:00:05"}"#;
        assert_eq!(serde_json::to_string(&written(&issued)).unwrap(), expected);
    }
}
