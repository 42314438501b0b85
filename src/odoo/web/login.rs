//! The one question that takes a password: `POST /web/session/authenticate`.
//!
//! In: a login and a secret that XML-RPC takes. Out: a session's id, or that Odoo opens none. Must not know: who waits.
//! Once begun it goes on to its end, so that what a login changes is put back.

use std::sync::Arc;

use bytes::Bytes;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;
use tracing::Instrument as _;
use zeroize::Zeroizing;

use super::base_url::BaseUrl;
use crate::error::Problem;
use crate::error_code::Code;
use crate::odoo::client::OdooClient;
use crate::odoo::detach::to_the_end;
use crate::odoo::transport::{Visit, Visited};
use crate::odoo::user::Caller;
use std::time::Duration;

const PATH: &str = "web/session/authenticate";
/// What Odoo tells a new session of its user: a few kilobytes, more with many companies.
const ANSWER_CAP: usize = 8 << 20;
/// How long Odoo refuses every login from an address after too many wrong ones.
const COOL_DOWN: Duration = Duration::from_secs(60);

/// How a login went.
#[derive(Debug)]
pub(super) enum Login {
    /// The session's id.
    Opened(SecretString),
    /// Odoo opens no session for this user with this secret.
    Refused,
}

/// Logs in, one user at a time.
///
/// # Errors
/// Why Odoo could not be asked; 429 while it refuses everybody.
pub(super) async fn log_in(
    client: OdooClient,
    turn: Arc<Mutex<()>>,
    caller: Caller,
    login: String,
) -> Result<Login, Problem> {
    let attempt = async move {
        let _turn = turn.lock().await;
        let before = BaseUrl::read(&client, &caller).await?;
        let visited = client.visit(visit(&client, &caller, &login, before.as_ref())?).await?;
        let outcome = judge(visited, &caller);
        if let (Some(before), Ok(Login::Opened(_))) = (before, &outcome) {
            before.put_back(&client, &caller).await;
        }
        outcome
    };
    to_the_end(attempt.in_current_span()).await
}

#[derive(Serialize)]
struct Question<'q> {
    jsonrpc: &'static str,
    params: Params<'q>,
}

#[derive(Serialize)]
struct Params<'q> {
    db: &'q str,
    login: &'q str,
    password: &'q str,
}

fn visit(client: &OdooClient, caller: &Caller, login: &str, known_as: Option<&BaseUrl>) -> Result<Visit, Problem> {
    let database = client.settings().database.as_str();
    let params = Params { db: database, login, password: caller.secret.expose_secret() };
    // Wiped when it is sent. With room ahead, so that no copy of the password is left behind where it grew.
    let mut json = Zeroizing::new(Vec::with_capacity(32 << 10));
    serde_json::to_writer(&mut *json, &Question { jsonrpc: "2.0", params }).map_err(Problem::internal)?;
    let url = client.base().join(PATH).map_err(Problem::internal)?;
    let known_as = known_as.and_then(BaseUrl::address);
    Ok(Visit { json: Some(Bytes::from_owner(json)), known_as, ..Visit::page(url, ANSWER_CAP) })
}

#[derive(Deserialize)]
struct Answer {
    result: Option<User>,
    error: Option<Refusal>,
}

#[derive(Deserialize)]
struct User {
    uid: Option<serde_json::Value>,
}

#[derive(Deserialize)]
struct Refusal {
    data: RefusalData,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct RefusalData {
    name: String,
    message: String,
}

/// What the answer means. A user with a second factor gets no session but no error either. An early Odoo 14 answers
/// what it refuses with a 500 page.
fn judge(visited: Visited, caller: &Caller) -> Result<Login, Problem> {
    if visited.status.as_u16() == 500 {
        return Ok(Login::Refused);
    }
    if visited.status.as_u16() != 200 || visited.media != "application/json" {
        return Err(super::page::unexpected(&visited, "Odoo's web client did not answer a login"));
    }
    let answer: Answer = serde_json::from_slice(&visited.body).map_err(|_| unreadable())?;
    match (answer.result, answer.error) {
        (Some(user), None) if user.uid.as_ref().and_then(serde_json::Value::as_i64) == Some(caller.uid.get()) => {
            visited.session.map(Login::Opened).ok_or_else(unreadable)
        }
        (Some(_), None) => Ok(Login::Refused),
        (_, Some(refusal)) => of_refusal(&refusal.data),
        (None, None) => Err(unreadable()),
    }
}

fn of_refusal(data: &RefusalData) -> Result<Login, Problem> {
    match data.name.rsplit('.').next() {
        Some("AccessDenied") if data.message.starts_with("Too many login failures") => {
            let detail = "Odoo refuses logins for a while after too many failures.";
            Err(Problem::new(Code::TooManyAttempts, detail).retry_after(COOL_DOWN))
        }
        Some("AccessDenied") => Ok(Login::Refused),
        _ => Err(unreadable()),
    }
}

fn unreadable() -> Problem {
    Problem::new(Code::OdooUnreadable, "What Odoo's web client answered to a login is not understood.")
}

#[cfg(test)]
mod tests {
    use reqwest::StatusCode;

    use super::*;
    use crate::odoo::Uid;

    fn judged(status: u16, body: &str, session: Option<&str>) -> String {
        let caller = Caller { uid: Uid::new(2).unwrap(), secret: "x".into() };
        let visited = Visited {
            status: StatusCode::from_u16(status).unwrap(),
            media: "application/json".to_owned(),
            session: session.map(SecretString::from),
            retry_after: None,
            body: body.as_bytes().to_vec(),
        };
        match judge(visited, &caller) {
            Ok(Login::Opened(id)) => id.expose_secret().to_owned(),
            Ok(Login::Refused) => "refused".to_owned(),
            Err(problem) => problem.code.as_str().to_owned(),
        }
    }

    #[test]
    fn a_session_is_opened_for_the_user_himself_and_nobody_else() {
        assert_eq!(judged(200, r#"{"result": {"uid": 2, "is_admin": true}}"#, Some("abc")), "abc");
        assert_eq!(judged(200, r#"{"result": {"uid": 3}}"#, Some("abc")), "refused");
        assert_eq!(judged(200, r#"{"result": {"uid": null}}"#, Some("abc")), "refused");
        assert_eq!(judged(200, r#"{"result": {"uid": 2}}"#, None), "odoo_unreadable");
    }

    #[test]
    fn refusals_are_told_from_the_pause_that_concerns_everybody() {
        let error = |name: &str, message: &str| {
            format!(r#"{{"error": {{"data": {{"name": "{name}", "message": "{message}", "debug": "secret"}}}}}}"#)
        };
        assert_eq!(judged(200, &error("odoo.exceptions.AccessDenied", "Access Denied"), None), "refused");
        let pause = error("odoo.exceptions.AccessDenied", "Too many login failures, please wait a bit.");
        assert_eq!(judged(200, &pause, None), "too_many_attempts");
        assert_eq!(judged(200, &error("psycopg2.OperationalError", "no"), None), "odoo_unreadable");
        assert_eq!(judged(500, "<html>", None), "refused");
        for nonsense in ["", "[]", "{}", "<html>", r#"{"result": 7}"#] {
            assert_eq!(judged(200, nonsense, None), "odoo_unreadable", "{nonsense}");
        }
        assert_eq!(judged(502, "", None), "odoo_unreachable");
    }

    #[test]
    fn the_password_stands_in_the_body_alone() {
        let debugged = format!("{:?}", Login::Opened("very-secret".into()));
        assert!(!debugged.contains("very-secret"));
    }
}
