//! JSON-2, as far as it is needed: whose key is this?
//!
//! XML-RPC wants a user's id beside his key, and nothing there tells whose a key is. Odoo 19 has a second interface
//! where the key stands alone, and any call made with it can say in whose name it ran: `res.users.context_get` costs
//! least and everybody may call it (odoo-facts 3, 10). Nothing else is asked this way.
//!
//! In: a key; the status and text of an answer that says it is JSON. Out: a header; a user, nobody, or a [`Problem`].
//! Must not know: XML-RPC, HTTP clients.

use bytes::Bytes;
use reqwest::StatusCode;
use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::error::Broken;
use super::user::Uid;
use crate::error::Problem;
use crate::error_code::Code;
use crate::plan::Effect;

/// The first of Odoo's versions that has it.
pub const FIRST_MAJOR: u8 = 19;

/// Where it is asked, below Odoo's own address.
pub(super) const PATH: &str = "json/2/res.users/context_get";

/// The question has no arguments.
pub(super) const QUESTION: Bytes = Bytes::from_static(b"{}");

/// Much more than an answer or a refusal with its traceback has.
pub(super) const ANSWER_CAP: usize = 64 << 10;

/// The header with the key; `None` for what no header can hold.
pub(super) fn authorization(key: &SecretString) -> Option<HeaderValue> {
    let text = Zeroizing::new(format!("bearer {}", key.expose_secret()));
    let mut header = HeaderValue::from_str(&text).ok()?;
    header.set_sensitive(true);
    Some(header)
}

/// Reads the answer: `{"lang": …, "tz": …, "uid": 7}`, or a 401 for a key that is nobody's.
pub(super) fn read(status: StatusCode, text: &str) -> Result<Option<Uid>, Problem> {
    match status {
        StatusCode::UNAUTHORIZED => return Ok(None),
        StatusCode::NOT_FOUND => return Err(unreadable("HTTP 404")),
        _ => {}
    }
    let context: Map<String, Value> = serde_json::from_str(text).map_err(|_| unreadable("no user's context"))?;
    let uid = context.get("uid").and_then(Value::as_i64).and_then(Uid::new);
    uid.map(Some).ok_or_else(|| unreadable("no user's id"))
}

/// The problem that a broken exchange means for the question.
pub(super) fn problem(broken: Broken) -> Problem {
    let problem = broken.problem(Effect::Read);
    match broken {
        Broken::Status { status, .. } if problem.code == Code::OdooUnreadable => unreadable(&format!("HTTP {status}")),
        Broken::Unreadable(what) => unreadable(what),
        Broken::TooLarge(_) => unreadable("it is too large"),
        _ => problem,
    }
}

fn unreadable(what: &str) -> Problem {
    Problem::new(Code::OdooUnreadable, format!("What came from Odoo is not a JSON-2 answer: {what}."))
        .hint("Odoo's /json/2 must be reachable for the gateway as /xmlrpc is. HTTP Basic with login:key needs it not.")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(result: Result<Option<Uid>, Problem>) -> Code {
        result.unwrap_err().code
    }

    #[test]
    fn the_answer_names_the_user_or_nobody() {
        let user = read(StatusCode::OK, r#"{"lang": "en_US", "tz": false, "uid": 7}"#);
        assert_eq!(user, Ok(Uid::new(7)));
        assert_eq!(read(StatusCode::UNAUTHORIZED, r#"{"name": "werkzeug.exceptions.Unauthorized"}"#), Ok(None));
    }

    #[test]
    fn what_names_no_user_is_unreadable_and_never_shown() {
        let deep = "[".repeat(10_000);
        for text in ["", "{}", "[7]", "null", r#"{"uid": false}"#, r#"{"uid": "7"}"#, r#"{"uid": 0}"#, &deep] {
            assert_eq!(code(read(StatusCode::OK, text)), Code::OdooUnreadable, "{text:.20}");
        }
        let secret = read(StatusCode::OK, r#"{"uid": "secret"}"#).unwrap_err();
        assert!(!format!("{secret:?}").contains("secret"));
    }

    #[test]
    fn a_broken_exchange_is_told_as_elsewhere_but_for_the_words() {
        let status = |status| Broken::Status { status, retry_after: None };
        for (broken, expected) in [
            (Broken::NotConnected, Code::OdooUnreachable),
            (Broken::TimedOut, Code::OutcomeUnknown),
            (status(503), Code::OdooUnreachable),
            (status(429), Code::OdooBusy),
            (status(404), Code::OdooUnreadable),
            (status(302), Code::OdooUnreadable),
            (Broken::Unreadable("HTML"), Code::OdooUnreadable),
            (Broken::TooLarge(1), Code::OdooUnreadable),
        ] {
            let problem = problem(broken);
            assert_eq!(problem.code, expected, "{broken:?}");
            assert!(!problem.detail.contains("XML-RPC"), "{broken:?}");
        }
    }

    #[test]
    fn the_key_is_not_shown_in_the_log() {
        let header = authorization(&"secret".into()).unwrap();
        assert_eq!(header.as_bytes(), b"bearer secret");
        assert_eq!(format!("{header:?}"), "Sensitive");
        assert_eq!(authorization(&"a\nb".into()), None);
    }
}
