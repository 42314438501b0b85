//! `/rest/api`: a login and password against an access token, and the token's end.
//!
//! In: a login, a password and a database as parameters; or a token. Out: a token, or a message. Must not know: how
//! tokens are made. The vendor's interface has the password in the query of a GET: it is never logged, and POST with a
//! body is the better way.

use axum::Json;
use axum::response::{IntoResponse as _, Response};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::auth::{Credential, Shown, credential};
use crate::error::Problem;
use crate::error_code::Code;
use crate::http::request::Arrival;
use crate::http::request::oauth1_form::is_form;
use crate::http::request::params::Input;
use crate::http::request::unauthenticated;
use crate::http::state::Gateway;
use crate::secret::{Token, TokenKind};

/// The routes of logins.
pub(super) fn routes() -> OpenApiRouter<Gateway> {
    OpenApiRouter::new()
        .routes(routes!(log_in_by_get, log_in_by_post))
        .routes(routes!(end_token, end_token_by_post))
        .routes(routes!(log_out, log_out_by_post))
}

/// Where one logs in.
pub(in crate::http) const LOGIN_PATH: &str = "/rest/api/login/token";

/// The group in the document.
const TAG: &str = "rest";

/// Who logs in.
#[derive(IntoParams, ToSchema)]
#[into_params(parameter_in = Query)]
#[schema(as = RestLogin, example = json!({"login": "admin", "password": "admin", "db": "odoo19"}))]
#[expect(dead_code, reason = "it is only described")]
struct LogIn {
    /// The login at Odoo.
    #[param(example = "admin")]
    login: String,
    /// The password or an Odoo API key.
    #[param(example = "admin")]
    password: String,
    /// One of the configured databases.
    #[param(example = "odoo19")]
    db: String,
}

/// A new access token.
#[derive(ToSchema)]
#[schema(as = RestToken, example = json!({"uid": 2, "access_token": "access_token_2fd4e1c67a2d28fced849ee1bb76e7391b93eb12"}))]
#[expect(dead_code, reason = "it is only described")]
struct NewToken {
    /// The user at Odoo.
    uid: i32,
    /// The token, to be sent as `access-token`.
    access_token: String,
}

/// That it is done.
#[derive(ToSchema)]
#[schema(as = RestMessage, example = json!({"message": "The access token has ended."}))]
#[expect(dead_code, reason = "it is only described")]
struct Message {
    /// For people.
    message: String,
}

/// Log in (the vendor's way)
///
/// The password stands in the URL, where others may log it: POST is the better way.
#[utoipa::path(
    get, path = "/rest/api/login/token", operation_id = "rest_login_by_get", tag = TAG, params(LogIn), security(),
    responses(
        (status = 200, description = "A token that ends after a day without use", body = NewToken),
        (status = 401, description = "Odoo does not take them, or there is no such database"),
        (status = 429, description = "Too many failed attempts")
    )
)]
async fn log_in_by_get(arrival: Arrival) -> Result<Response, Problem> {
    log_in(arrival).await
}

/// Log in
///
/// Trades a login and password for an access token.
#[utoipa::path(
    post, path = "/rest/api/login/token", operation_id = "rest_login", tag = TAG, security(),
    request_body(content = LogIn),
    responses(
        (status = 200, description = "A token that ends after a day without use", body = NewToken),
        (status = 401, description = "Odoo does not take them, or there is no such database"),
        (status = 429, description = "Too many failed attempts")
    )
)]
async fn log_in_by_post(arrival: Arrival) -> Result<Response, Problem> {
    log_in(arrival).await
}

/// End an access token
///
/// It is dead at once, on every gateway.
#[utoipa::path(
    delete, path = "/rest/api/logout/token", operation_id = "rest_end_token", tag = TAG,
    security(("access_token" = [])),
    responses(
        (status = 200, description = "It has ended", body = Message),
        (status = 401, description = "This is not an access token, or it had ended already")
    )
)]
async fn end_token(arrival: Arrival) -> Result<Response, Problem> {
    end(arrival).await
}

/// End an access token (by POST)
///
/// The same as DELETE.
#[utoipa::path(
    post, path = "/rest/api/logout/token", operation_id = "rest_end_token_by_post", tag = TAG,
    security(("access_token" = [])),
    responses(
        (status = 200, description = "It has ended", body = Message),
        (status = 401, description = "This is not an access token, or it had ended already")
    )
)]
async fn end_token_by_post(arrival: Arrival) -> Result<Response, Problem> {
    end(arrival).await
}

/// Log out
///
/// The same as ending the token.
#[utoipa::path(
    delete, path = "/rest/api/logout", operation_id = "rest_logout", tag = TAG,
    security(("access_token" = [])),
    responses(
        (status = 200, description = "It has ended", body = Message),
        (status = 401, description = "This is not an access token, or it had ended already")
    )
)]
async fn log_out(arrival: Arrival) -> Result<Response, Problem> {
    end(arrival).await
}

/// Log out (by POST)
///
/// The same as DELETE.
#[utoipa::path(
    post, path = "/rest/api/logout", operation_id = "rest_logout_by_post", tag = TAG,
    security(("access_token" = [])),
    responses(
        (status = 200, description = "It has ended", body = Message),
        (status = 401, description = "This is not an access token, or it had ended already")
    )
)]
async fn log_out_by_post(arrival: Arrival) -> Result<Response, Problem> {
    end(arrival).await
}

async fn log_in(mut arrival: Arrival) -> Result<Response, Problem> {
    let input = input(&mut arrival).await?;
    let [login, password, database] = ["login", "password", "db"].map(|name| needed(&input, name));
    let (login, password, database) = (login?, SecretString::from(password?), database?);
    arrival.log.user(&login);
    if login.is_empty() || password.expose_secret().is_empty() {
        return Err(Problem::new(Code::CredentialInvalid, "The login or the password is empty."));
    }
    let Ok(database) = arrival.gateway.databases.pick(Some(&database)) else {
        return Err(arrival.gateway.passwords.refuse(&login, arrival.client()).await);
    };
    arrival.log.database(database.name.as_str());
    let passwords = &arrival.gateway.passwords;
    let user = passwords.identify(database, login, password, arrival.client()).await?;
    let uid = user.caller.uid.get();
    let token = arrival.gateway.tokens.log_in(user).await?;
    Ok(Json(json!({"uid": uid, "access_token": token.expose()})).into_response())
}

/// The parameters of a request whose credential is among them.
async fn input(arrival: &mut Arrival) -> Result<Input, Problem> {
    let query = arrival.head.uri.query().unwrap_or_default();
    unauthenticated::check_parameters(query.as_bytes(), "The query string")?;
    let body = unauthenticated::body(arrival).await?;
    if is_form(&arrival.head.headers) {
        unauthenticated::check_parameters(&body, "The form")?;
    }
    Input::read(arrival.head.uri.query(), &arrival.head.headers, body).await
}

fn needed(input: &Input, name: &'static str) -> Result<String, Problem> {
    let given = input.text_as_sent(name)?.filter(|text| text.len() < 4096 && !text.contains(char::is_control));
    given.map(str::to_owned).ok_or_else(|| {
        let detail = format!("{name} is missing, or is not a text of at most 4095 bytes without control characters.");
        Problem::new(Code::MissingParameter, detail).parameter(name)
    })
}

async fn end(mut arrival: Arrival) -> Result<Response, Problem> {
    let token = match credential(&arrival.head.headers) {
        Ok(Credential::Own(Shown::Token(token))) if token.kind() == TokenKind::AccessToken => Some(token),
        Err(missing) if missing.code == Code::CredentialMissing => {
            let input = input(&mut arrival).await?;
            let text = input.text("access_token")?.ok_or(missing)?;
            Token::parse(TokenKind::AccessToken, text)
        }
        Ok(_) => None,
        Err(problem) => return Err(problem),
    };
    arrival.gateway.tokens.log_out(token.as_ref(), arrival.client()).await?;
    Ok(Json(json!({"message": "The access token has ended."})).into_response())
}
