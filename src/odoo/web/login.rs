//! The only request with a password: `POST /web/session/authenticate`.
//!
//! In: a login, and a secret that XML-RPC accepts. Out: a session id, or a rejection. Must not know: who waits. A login
//! runs to completion once it has started, so that `web.base.url` is restored.

use std::sync::Arc;

use bytes::Bytes;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;
use zeroize::Zeroizing;

use super::preserve_base_url::BaseUrl;
use super::report_response::{UNREACHABLE_HINT, unexpected};
use crate::error::Problem;
use crate::error_code::ErrorCode;
use crate::odoo::client::OdooClient;
use crate::odoo::detach::run_to_completion;
use crate::odoo::transport::{WebRequest, WebResponse};
use crate::odoo::user::OdooUser;
use std::time::Duration;

const PATH: &str = "web/session/authenticate";
/// Maximum size of the response, in bytes: some kilobytes about the user, more with many companies.
const MAX_RESPONSE_BYTES: usize = 8 << 20;
/// How long Odoo rejects all logins from an address after too many failed ones.
const COOL_DOWN: Duration = Duration::from_secs(60);

/// The outcome of a login.
#[derive(Debug)]
pub(super) enum Login {
    /// The session id.
    Opened(SecretString),
    /// Odoo opens no session for this user with this secret.
    Rejected,
}

/// Logs in, one user at a time.
///
/// # Errors
/// If Odoo does not respond; 429 while it rejects all logins.
pub(super) async fn log_in(
    client: OdooClient,
    lock: Arc<Mutex<()>>,
    user: OdooUser,
    login: String,
) -> Result<Login, Problem> {
    let attempt = async move {
        let _guard = lock.lock().await;
        let base_url = BaseUrl::fetch(&client, &user).await?;
        let response = client.send_web_request(login_request(&client, &user, &login, base_url.as_ref())?).await?;
        let outcome = parse_outcome(response, &user);
        if let (Some(base_url), Ok(Login::Opened(_))) = (base_url, &outcome) {
            base_url.restore(&client, &user).await;
        }
        outcome
    };
    run_to_completion(attempt).await
}

#[derive(Serialize)]
struct LoginRequest<'q> {
    jsonrpc: &'static str,
    params: Params<'q>,
}

#[derive(Serialize)]
struct Params<'q> {
    db: &'q str,
    login: &'q str,
    password: &'q str,
}

fn login_request(
    client: &OdooClient,
    user: &OdooUser,
    login: &str,
    public_address: Option<&BaseUrl>,
) -> Result<WebRequest, Problem> {
    let database = client.settings().database.as_str();
    let params = Params { db: database, login, password: user.secret.expose_secret() };
    // Wiped after it is sent. The capacity is sufficient, so no copy of the password is left in freed memory.
    let mut json = Zeroizing::new(Vec::with_capacity(32 << 10));
    serde_json::to_writer(&mut *json, &LoginRequest { jsonrpc: "2.0", params }).map_err(Problem::internal)?;
    let url = client.base().join(PATH).map_err(Problem::internal)?;
    let public_address = public_address.and_then(BaseUrl::public_address);
    Ok(WebRequest { json: Some(Bytes::from_owner(json)), public_address, ..WebRequest::get(url, MAX_RESPONSE_BYTES) })
}

#[derive(Deserialize)]
struct LoginReply {
    result: Option<SessionInfo>,
    error: Option<LoginError>,
}

#[derive(Deserialize)]
struct SessionInfo {
    uid: Option<serde_json::Value>,
}

#[derive(Deserialize)]
struct LoginError {
    data: LoginErrorData,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct LoginErrorData {
    name: String,
    message: String,
}

/// The outcome that the response means. A user with a second factor gets neither a session nor an error. Early releases
/// of Odoo 14 reject a login with status 500.
fn parse_outcome(response: WebResponse, user: &OdooUser) -> Result<Login, Problem> {
    if response.status.as_u16() == 500 {
        return Ok(Login::Rejected);
    }
    if response.status.as_u16() != 200 || response.media_type != "application/json" {
        return Err(unexpected(&response, UNEXPECTED));
    }
    let reply: LoginReply = serde_json::from_slice(&response.body).map_err(|_| unreadable())?;
    match (reply.result, reply.error) {
        (Some(info), None) if info.uid.as_ref().and_then(serde_json::Value::as_i64) == Some(user.uid.get()) => {
            response.session.map(Login::Opened).ok_or_else(unreadable)
        }
        (Some(_), None) => Ok(Login::Rejected),
        (_, Some(error)) => parse_error(&error.data),
        (None, None) => Err(unreadable()),
    }
}

fn parse_error(data: &LoginErrorData) -> Result<Login, Problem> {
    match data.name.rsplit('.').next() {
        Some("AccessDenied") if data.message.starts_with("Too many login failures") => {
            let detail = "Odoo rejects logins for a while after too many failed attempts. Retry later.";
            Err(Problem::new(ErrorCode::TooManyAttempts, detail).retry_after(COOL_DOWN))
        }
        Some("AccessDenied") => Ok(Login::Rejected),
        _ => Err(unreadable()),
    }
}

const UNEXPECTED: &str = "Odoo's web login returned an unexpected response";

fn unreadable() -> Problem {
    Problem::new(ErrorCode::OdooUnreadable, format!("{UNEXPECTED}.")).hint(UNREACHABLE_HINT)
}

#[cfg(test)]
mod tests {
    use reqwest::StatusCode;

    use super::*;
    use crate::odoo::Uid;

    fn outcome_of(status: u16, body: &str, session: Option<&str>) -> String {
        let user = OdooUser { uid: Uid::new(2).unwrap(), secret: secrecy::SecretString::from("x").into() };
        let response = WebResponse {
            status: StatusCode::from_u16(status).unwrap(),
            media_type: "application/json".to_owned(),
            session: session.map(SecretString::from),
            retry_after: None,
            body: body.as_bytes().to_vec(),
        };
        match parse_outcome(response, &user) {
            Ok(Login::Opened(id)) => id.expose_secret().to_owned(),
            Ok(Login::Rejected) => "rejected".to_owned(),
            Err(problem) => problem.code.as_str().to_owned(),
        }
    }

    #[test]
    fn session_is_opened_only_for_the_expected_user() {
        assert_eq!(outcome_of(200, r#"{"result": {"uid": 2, "is_admin": true}}"#, Some("abc")), "abc");
        assert_eq!(outcome_of(200, r#"{"result": {"uid": 3}}"#, Some("abc")), "rejected");
        assert_eq!(outcome_of(200, r#"{"result": {"uid": null}}"#, Some("abc")), "rejected");
        assert_eq!(outcome_of(200, r#"{"result": {"uid": 2}}"#, None), "odoo_unreadable");
    }

    #[test]
    fn rejection_differs_from_the_lockout() {
        let error = |name: &str, message: &str| {
            format!(r#"{{"error": {{"data": {{"name": "{name}", "message": "{message}", "debug": "secret"}}}}}}"#)
        };
        assert_eq!(outcome_of(200, &error("odoo.exceptions.AccessDenied", "Access Denied"), None), "rejected");
        let pause = error("odoo.exceptions.AccessDenied", "Too many login failures, please wait a bit.");
        assert_eq!(outcome_of(200, &pause, None), "too_many_attempts");
        assert_eq!(outcome_of(200, &error("psycopg2.OperationalError", "no"), None), "odoo_unreadable");
        assert_eq!(outcome_of(500, "<html>", None), "rejected");
        for nonsense in ["", "[]", "{}", "<html>", r#"{"result": 7}"#] {
            assert_eq!(outcome_of(200, nonsense, None), "odoo_unreadable", "{nonsense}");
        }
        assert_eq!(outcome_of(502, "", None), "odoo_unreachable");
    }

    #[test]
    fn debug_output_does_not_contain_the_session() {
        let debugged = format!("{:?}", Login::Opened("very-secret".into()));
        assert!(!debugged.contains("very-secret"));
    }
}
