//! `/rest/api`: exchanges a login and password for an access token, and revokes access tokens.
//!
//! In: a login, a password and a database as parameters; or a token. Out: a token, or a message. Must not know: how
//! tokens are stored. odooapi_restful accepts the password in the query of a GET request. The gateway never logs the
//! query, but other servers may, so clients should send a POST request with a body.

use axum::Json;
use axum::response::{IntoResponse as _, Response};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;
use utoipa::{IntoParams, IntoResponses, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::auth::{Credential, PresentedToken};
use crate::error::Problem;
use crate::error_code::ErrorCode;
use crate::http::request::ApiRequest;
use crate::http::request::content_type::ContentType;
use crate::http::request::credential::parse_credential;
use crate::http::request::params::RequestParams;
use crate::http::request::unauthenticated_body;
use crate::http::state::AppState;
use crate::secret::{Token, TokenKind};

/// The routes that issue and revoke access tokens.
pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(log_in_by_get, log_in_by_post))
        .routes(routes!(revoke_token, revoke_token_by_post))
        .routes(routes!(log_out, log_out_by_post))
}

/// The path of logins.
pub(in crate::http) const LOGIN_PATH: &str = "/rest/api/login/token";

/// The tag of the operations.
const TAG: &str = "rest";

/// A login.
#[derive(IntoParams, ToSchema)]
#[into_params(parameter_in = Query)]
#[schema(as = RestLogin, example = json!({"login": "admin", "password": "admin", "db": "odoo19"}))]
#[expect(dead_code, reason = "the type only describes the document")]
struct LoginSchema {
    /// The login of the Odoo user.
    #[param(example = "admin")]
    login: String,
    /// The password or an API key of the Odoo user.
    #[param(example = "admin")]
    password: String,
    /// The name of a configured database.
    #[param(example = "odoo19")]
    db: String,
}

/// A new access token.
#[derive(ToSchema)]
#[schema(as = RestToken, example = json!({
    "uid": 2, "access_token": "access_token_2fd4e1c67a2d28fced849ee1bb76e7391b93eb12"
}))]
#[expect(dead_code, reason = "the type only describes the document")]
struct TokenSchema {
    /// The id of the Odoo user.
    uid: i32,
    /// The token, to send in the header `access-token`.
    access_token: String,
}

/// A confirmation.
#[derive(ToSchema)]
#[schema(as = RestMessage, example = json!({"message": "The access token is revoked."}))]
#[expect(dead_code, reason = "the type only describes the document")]
struct MessageSchema {
    /// A message for people.
    message: String,
}

/// The errors of a login.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "the type only describes the document")]
enum LoginErrors {
    /// Odoo rejects the login and password, or the database is unknown
    #[response(status = 401)]
    Unauthorized,
    /// The request body is too large
    #[response(status = 413)]
    TooLarge,
    /// The media type of the request body is not supported
    #[response(status = 415)]
    UnsupportedMediaType,
    /// Too many failed attempts
    #[response(status = 429)]
    TooManyRequests,
}

/// The errors of a logout.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "the type only describes the document")]
enum LogoutErrors {
    /// The credential is not an access token, or the token is already revoked
    #[response(status = 401)]
    Unauthorized,
}

/// Log in (by GET)
///
/// The URL contains the password, and proxies may log URLs. Use POST instead.
#[utoipa::path(
    get, path = "/rest/api/login/token", operation_id = "rest_login_by_get", tag = TAG, params(LoginSchema), security(),
    responses(
        (status = 200, description = "The token. It expires after a day without use", body = TokenSchema),
        LoginErrors
    )
)]
async fn log_in_by_get(request: ApiRequest) -> Result<Response, Problem> {
    log_in(request).await
}

/// Log in
///
/// Exchanges a login and password for an access token.
#[utoipa::path(
    post, path = "/rest/api/login/token", operation_id = "rest_login", tag = TAG, security(),
    request_body(content = LoginSchema),
    responses(
        (status = 200, description = "The token. It expires after a day without use", body = TokenSchema),
        LoginErrors
    )
)]
async fn log_in_by_post(request: ApiRequest) -> Result<Response, Problem> {
    log_in(request).await
}

/// Revoke an access token
///
/// The token is invalid immediately, on every instance of the gateway.
#[utoipa::path(
    delete, path = "/rest/api/logout/token", operation_id = "rest_end_token", tag = TAG,
    security(("access_token" = [])),
    responses((status = 200, description = "The token is revoked", body = MessageSchema), LogoutErrors)
)]
async fn revoke_token(request: ApiRequest) -> Result<Response, Problem> {
    revoke(request).await
}

/// Revoke an access token (by POST)
///
/// Equivalent to DELETE.
#[utoipa::path(
    post, path = "/rest/api/logout/token", operation_id = "rest_end_token_by_post", tag = TAG,
    security(("access_token" = [])),
    responses((status = 200, description = "The token is revoked", body = MessageSchema), LogoutErrors)
)]
async fn revoke_token_by_post(request: ApiRequest) -> Result<Response, Problem> {
    revoke(request).await
}

/// Log out
///
/// Revokes the access token.
#[utoipa::path(
    delete, path = "/rest/api/logout", operation_id = "rest_logout", tag = TAG,
    security(("access_token" = [])),
    responses((status = 200, description = "The token is revoked", body = MessageSchema), LogoutErrors)
)]
async fn log_out(request: ApiRequest) -> Result<Response, Problem> {
    revoke(request).await
}

/// Log out (by POST)
///
/// Equivalent to DELETE.
#[utoipa::path(
    post, path = "/rest/api/logout", operation_id = "rest_logout_by_post", tag = TAG,
    security(("access_token" = [])),
    responses((status = 200, description = "The token is revoked", body = MessageSchema), LogoutErrors)
)]
async fn log_out_by_post(request: ApiRequest) -> Result<Response, Problem> {
    revoke(request).await
}

async fn log_in(mut request: ApiRequest) -> Result<Response, Problem> {
    let params = parse_params(&mut request).await?;
    let [login, password, database] = ["login", "password", "db"].map(|name| required(&params, name));
    let (login, password, database) = (login?, SecretString::from(password?), database?);
    request.log.user(&login);
    if login.is_empty() || password.expose_secret().is_empty() {
        return Err(Problem::new(ErrorCode::CredentialInvalid, "The `login` or the `password` is empty."));
    }
    let Ok(database) = request.state.databases.pick(Some(&database)) else {
        return Err(request.state.odoo_authenticator.reject_unknown_database(&login, request.client_ip()).await);
    };
    request.log.database(database.name.as_str());
    let authenticator = &request.state.odoo_authenticator;
    let user = authenticator.authenticate(database, login, password, request.client_ip()).await?;
    request.log.credential_owner(user.credential_owner());
    let uid = user.odoo_user.uid.get();
    let token = request.state.tokens.access_tokens.log_in(user).await?;
    Ok(Json(json!({"uid": uid, "access_token": token.expose()})).into_response())
}

/// Parses the parameters of a request that contains its credential among them.
async fn parse_params(request: &mut ApiRequest) -> Result<RequestParams, Problem> {
    let query = request.head.uri.query().unwrap_or_default();
    unauthenticated_body::check_parameters(query.as_bytes(), "The query string")?;
    let body = unauthenticated_body::body(request).await?;
    if ContentType::parse(&request.head.headers) == ContentType::Form {
        unauthenticated_body::check_parameters(&body, "The form")?;
    }
    RequestParams::parse(&request.head, body).await
}

fn required(params: &RequestParams, name: &'static str) -> Result<String, Problem> {
    let text = params.text_as_sent(name)?.filter(|text| text.len() < 4096 && !text.contains(char::is_control));
    text.map(str::to_owned).ok_or_else(|| {
        let detail = format!(
            "The parameter `{name}` is missing, or is not a text of at most 4095 bytes without control characters."
        );
        Problem::new(ErrorCode::MissingParameter, detail).parameter(name)
    })
}

async fn revoke(mut request: ApiRequest) -> Result<Response, Problem> {
    let token = match parse_credential(&request.head.headers) {
        Ok(Credential::GatewayToken(PresentedToken::Opaque(token))) if token.kind() == TokenKind::AccessToken => {
            Some(token)
        }
        Err(missing) if missing.code == ErrorCode::CredentialMissing => {
            let params = parse_params(&mut request).await?;
            let text = params.text("access_token")?.ok_or(missing)?;
            Token::parse(TokenKind::AccessToken, text)
        }
        Ok(_) => None,
        Err(problem) => return Err(problem),
    };
    request.state.tokens.access_tokens.log_out(token.as_ref(), request.client_ip()).await?;
    Ok(Json(json!({"message": "The access token is revoked."})).into_response())
}
