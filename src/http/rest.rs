//! Family C, `/rest/api`: the dialect of odooapi_restful (contract section 3). So far its logins.
//!
//! In: a login, a password and a database as parameters; or a token. Out: a token, or a message. Must not know: how
//! tokens are made. The vendor's interface has the password in the query of a GET: it is never logged, and POST with a
//! body is the better way.

use axum::response::{IntoResponse as _, Response};
use axum::routing::{MethodFilter, delete, on};
use axum::{Json, Router};
use secrecy::SecretString;
use serde_json::json;

use super::arrival::Arrival;
use super::gateway::Gateway;
use super::input::Input;
use crate::auth::{Credential, Shown, credential};
use crate::error::Problem;
use crate::explain::Code;
use crate::secret::{Token, TokenKind};

/// The routes of the family.
pub(super) fn routes() -> Router<Gateway> {
    // A HEAD would make a token that nobody sees.
    let login = on(MethodFilter::GET, log_in).head(no_head).post(log_in);
    Router::new()
        .route("/rest/api/login/token", login)
        .route("/rest/api/logout/token", delete(log_out).post(log_out))
        .route("/rest/api/logout", delete(log_out).post(log_out))
}

async fn no_head() -> Problem {
    Problem::new(Code::MethodNotAllowed, "This address does not take this method.")
}

async fn log_in(mut arrival: Arrival) -> Result<Response, Problem> {
    let body = arrival.body().await?;
    let input = Input::read(arrival.head.uri.query(), &arrival.head.headers, body).await?;
    let [login, password, database] = ["login", "password", "db"].map(|name| needed(&input, name));
    let (login, password, database) = (login?, SecretString::from(password?), database?);
    arrival.log.user(&login);
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

fn needed(input: &Input, name: &'static str) -> Result<String, Problem> {
    let given =
        input.text(name)?.filter(|text| !text.is_empty() && text.len() < 4096 && !text.contains(char::is_control));
    given.map(str::to_owned).ok_or_else(|| {
        let detail = format!("{name} is missing, or no text of 1 to 4095 bytes without control characters.");
        Problem::new(Code::MissingParameter, detail).parameter(name)
    })
}

async fn log_out(mut arrival: Arrival) -> Result<Response, Problem> {
    let body = arrival.body().await?;
    let token = match credential(&arrival.head.headers) {
        Ok(Credential::Own(Shown::Token(token))) if token.kind() == TokenKind::AccessToken => Some(token),
        Err(missing) if missing.code == Code::CredentialMissing => {
            let input = Input::read(arrival.head.uri.query(), &arrival.head.headers, body).await?;
            let text = input.text("access_token")?.ok_or(missing)?;
            Token::parse(TokenKind::AccessToken, text)
        }
        Ok(_) => None,
        Err(problem) => return Err(problem),
    };
    let none = || Problem::new(Code::CredentialInvalid, "This is no access token.");
    arrival.gateway.tokens.log_out(&token.ok_or_else(none)?).await?;
    Ok(Json(json!({"message": "The access token has ended."})).into_response())
}
