//! Calls of model methods in a session of Odoo's web client, for what no RPC call may do.
//!
//! In: a session, a model, a method, its arguments. Out: the result, or why there is none. Must not know: what the
//! methods mean. Arguments and results can contain secrets: they are wiped, and never shown.

use bytes::Bytes;
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::report_response::{UNREACHABLE_HINT, safe_name, unexpected};
use super::sessions::WebSession;
use crate::error::Problem;
use crate::error_code::ErrorCode;
use crate::odoo::client::OdooClient;
use crate::odoo::faults::user_text;
use crate::odoo::transport::{WebRequest, WebResponse};

const PATH: &str = "web/dataset/call_kw";
const MAX_RESPONSE_BYTES: usize = 1 << 20;
/// Odoo's code for a session that has ended.
const SESSION_ENDED: i64 = 100;

/// A method, its positional arguments and its context.
#[derive(Debug)]
pub(super) struct ModelCall<'c, A> {
    pub(super) model: &'c str,
    pub(super) method: &'c str,
    pub(super) args: A,
    /// A password, for the check of a user's identity.
    pub(super) password: Option<&'c SecretString>,
}

/// Why a call has no result.
#[derive(Debug)]
pub(super) enum ModelCallError {
    /// The session has ended.
    SessionEnded,
    /// Odoo refuses to do this.
    Problem(Problem),
}

impl From<Problem> for ModelCallError {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

#[derive(Serialize)]
struct CallRequest<'c, A> {
    jsonrpc: &'static str,
    method: &'static str,
    params: CallParams<'c, A>,
}

#[derive(Serialize)]
struct CallParams<'c, A> {
    model: &'c str,
    method: &'c str,
    args: &'c A,
    kwargs: CallKwargs<'c>,
}

#[derive(Serialize)]
struct CallKwargs<'c> {
    context: CallContext<'c>,
}

#[derive(Serialize)]
struct CallContext<'c> {
    #[serde(skip_serializing_if = "Option::is_none")]
    password: Option<&'c str>,
}

#[derive(Deserialize)]
struct CallReply<R> {
    result: Option<R>,
    error: Option<CallError>,
}

#[derive(Deserialize)]
struct CallError {
    #[serde(default)]
    code: i64,
    #[serde(default)]
    data: CallErrorData,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct CallErrorData {
    name: String,
    message: String,
}

/// Calls a method in this session. `None`: the method returned nothing.
pub(super) async fn call_model<A: Serialize, R: DeserializeOwned>(
    client: &OdooClient,
    session: &WebSession,
    call: &ModelCall<'_, A>,
) -> Result<Option<R>, ModelCallError> {
    let response = client.send_web_request(request(client, session, call)?).await?;
    let WebResponse { body, session: renewed, .. } = &response;
    if let Some(id) = renewed {
        session.set_id(id.clone());
    }
    let is_json = response.status.as_u16() == 200 && response.media_type == "application/json";
    let result = if is_json { parse(body) } else { Err(unexpected(&response, UNEXPECTED).into()) };
    drop(Zeroizing::new(response.body));
    result
}

fn request<A: Serialize>(
    client: &OdooClient,
    session: &WebSession,
    call: &ModelCall<'_, A>,
) -> Result<WebRequest, Problem> {
    let context = CallContext { password: call.password.map(ExposeSecret::expose_secret) };
    let ModelCall { model, method, args, .. } = call;
    let params = CallParams { model, method, args, kwargs: CallKwargs { context } };
    // Wiped after it is sent. The capacity is sufficient, so no copy of a password is left in freed memory.
    let mut json = Zeroizing::new(Vec::with_capacity(32 << 10));
    serde_json::to_writer(&mut *json, &CallRequest { jsonrpc: "2.0", method: "call", params })
        .map_err(Problem::internal)?;
    let url = client.base().join(PATH).map_err(Problem::internal)?;
    let json = Some(Bytes::from_owner(json));
    Ok(WebRequest { json, session: Some(session.id()), ..WebRequest::get(url, MAX_RESPONSE_BYTES) })
}

fn parse<R: DeserializeOwned>(body: &[u8]) -> Result<Option<R>, ModelCallError> {
    let reply: CallReply<R> = serde_json::from_slice(body).map_err(|_| unreadable())?;
    match reply.error {
        None => Ok(reply.result),
        Some(error) if error.code == SESSION_ENDED => Err(ModelCallError::SessionEnded),
        Some(CallError { data, .. }) => {
            let class = data.name.rsplit('.').next().unwrap_or_default();
            // Only these exceptions have a message for the user.
            let is_for_user = matches!(class, "UserError" | "ValidationError" | "AccessError" | "RedirectWarning");
            let message = if is_for_user { storable_text(&data.message) } else { String::new() };
            let detail = format!("Odoo's web client refuses this: {}: {message}", safe_name(class));
            Err(Problem::new(ErrorCode::OdooRefused, detail.trim_end_matches([':', ' '])).into())
        }
    }
}

/// A message for users, without control characters except line breaks: it is logged, stored, and shown in terminals.
fn storable_text(message: &str) -> String {
    user_text(message).chars().filter(|character| *character == '\n' || !character.is_control()).collect()
}

const UNEXPECTED: &str = "Odoo's web client returned an unexpected response";

pub(super) fn unreadable() -> Problem {
    Problem::new(ErrorCode::OdooUnreadable, format!("{UNEXPECTED}.")).hint(UNREACHABLE_HINT)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(body: &str) -> String {
        match parse::<i64>(body.as_bytes()) {
            Ok(result) => format!("{result:?}"),
            Err(ModelCallError::SessionEnded) => "ended".to_owned(),
            Err(ModelCallError::Problem(problem)) => format!("{}: {}", problem.code.as_str(), problem.detail),
        }
    }

    #[test]
    fn result_refusal_and_ended_session_are_distinguished() {
        assert_eq!(parsed(r#"{"result": 7}"#), "Some(7)");
        assert_eq!(parsed(r#"{"result": null}"#), "None");
        assert_eq!(parsed(r#"{"error": {"code": 100, "data": {"name": "SessionExpiredException"}}}"#), "ended");
        let error = |name: &str| {
            parsed(&format!(r#"{{"error": {{"code": 200, "data": {{"name": "{name}", "message": "No.\nSecret"}}}}}}"#))
        };
        assert!(error("odoo.exceptions.UserError").contains("UserError: No."));
        assert!(!error("psycopg2.Error").contains("No."), "a message for developers is not shown");
        assert!(parsed("<html>").starts_with("odoo_unreadable"));
    }

    #[test]
    fn refusal_is_short_and_can_be_stored() {
        let refused = |name: &str, message: &str| {
            parsed(&format!(r#"{{"error": {{"data": {{"name": "{name}", "message": "{message}"}}}}}}"#))
        };
        let detail = refused("odoo.exceptions.UserError", r"No\u0000 \u001b[31m.\r\nBecause\nDETAIL: secret");
        assert!(detail.ends_with(": UserError: No [31m.\nBecause"), "{detail:?}");
        let detail = refused("odoo.exceptions.UserError", &"é".repeat(5000));
        assert!(detail.ends_with("é…") && detail.chars().count() < 2100, "{detail:?}");
        for name in [r"a.Odd\u0000<b>", r"a.Odd\nclass"] {
            let detail = refused(name, "secret");
            assert!(detail.ends_with(": Odd"), "{detail:?}");
        }
        assert!(refused(&"x".repeat(5000), "").len() < 200);
    }
}
