//! JSON-2, to find the owner of an API key, whatever protocol other calls use.
//!
//! XML-RPC requires the id of the user in addition to the key, and has no call that returns the owner of a key. JSON-2,
//! new in Odoo 19, needs only the key, and `res.users.context_get` returns the user's id; it is the cheapest such call,
//! and every user may call it.
//!
//! In: a key; the status and text of a JSON response. Out: a header; a user, `None`, or a [`Problem`]. Must not know:
//! XML-RPC, HTTP clients.

use bytes::Bytes;
use reqwest::StatusCode;
use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::error::TransportError;
use super::user::Uid;
use crate::error::Problem;
use crate::error_code::ErrorCode;
use crate::plan::Effect;

/// The first version of Odoo with JSON-2.
pub const FIRST_MAJOR: u8 = 19;

/// The path, relative to Odoo's base URL.
pub(super) const PATH: &str = "json/2/res.users/context_get";

/// The call has no arguments.
pub(super) const BODY: Bytes = Bytes::from_static(b"{}");

/// Maximum size of a response, in bytes; far more than a result or a fault with its traceback needs.
pub(super) const MAX_RESPONSE_BYTES: usize = 64 << 10;

/// The header with the key; `None` if the key contains characters that a header cannot.
pub(super) fn authorization(key: &SecretString) -> Option<HeaderValue> {
    let text = Zeroizing::new(format!("bearer {}", key.expose_secret()).into_bytes());
    sensitive_header(Bytes::from_owner(text))
}

/// A header that shares these bytes: a copy of them would not be wiped.
fn sensitive_header(text: Bytes) -> Option<HeaderValue> {
    let mut header = HeaderValue::from_maybe_shared(text).ok()?;
    header.set_sensitive(true);
    Some(header)
}

/// Parses the response: `{"lang": …, "tz": …, "uid": 7}`, or a 401 for a key that is not valid.
pub(super) fn parse(status: StatusCode, text: &str) -> Result<Option<Uid>, Problem> {
    match status {
        StatusCode::UNAUTHORIZED => return Ok(None),
        StatusCode::NOT_FOUND => return Err(unreadable("HTTP 404")),
        _ => {}
    }
    let context: Map<String, Value> =
        serde_json::from_str(text).map_err(|_| unreadable("it is not a user's context"))?;
    let uid = context.get("uid").and_then(Value::as_i64).and_then(Uid::new);
    uid.map(Some).ok_or_else(|| unreadable("it contains no user's id"))
}

/// The problem that a transport error means for this call.
pub(super) fn problem(error: TransportError) -> Problem {
    let problem = error.into_problem(Effect::Read);
    match error {
        TransportError::Status { status, .. } if problem.code == ErrorCode::OdooUnreadable => {
            unreadable(&format!("HTTP {status}"))
        }
        TransportError::Unreadable(what) => unreadable(what),
        TransportError::TooLarge(_) => unreadable("it is too large"),
        _ => problem,
    }
}

fn unreadable(what: &str) -> Problem {
    Problem::new(ErrorCode::OdooUnreadable, format!("Odoo returned an unexpected response to a JSON-2 call: {what}."))
        .hint("Allow the gateway to reach /json/2 on the Odoo server. HTTP Basic with `login:key` does not need it.")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(result: Result<Option<Uid>, Problem>) -> ErrorCode {
        result.unwrap_err().code
    }

    #[test]
    fn response_names_the_user_or_rejects_the_key() {
        let user = parse(StatusCode::OK, r#"{"lang": "en_US", "tz": false, "uid": 7}"#);
        assert_eq!(user, Ok(Uid::new(7)));
        assert_eq!(parse(StatusCode::UNAUTHORIZED, r#"{"name": "werkzeug.exceptions.Unauthorized"}"#), Ok(None));
    }

    #[test]
    fn response_without_a_user_is_unreadable_and_never_shown() {
        let deep = "[".repeat(10_000);
        for text in ["", "{}", "[7]", "null", r#"{"uid": false}"#, r#"{"uid": "7"}"#, r#"{"uid": 0}"#, &deep] {
            assert_eq!(code(parse(StatusCode::OK, text)), ErrorCode::OdooUnreadable, "{text:.20}");
        }
        let secret = parse(StatusCode::OK, r#"{"uid": "secret"}"#).unwrap_err();
        assert!(!format!("{secret:?}").contains("secret"));
    }

    #[test]
    fn transport_errors_have_the_usual_codes_but_do_not_mention_xml_rpc() {
        let status = |status| TransportError::Status { status, retry_after: None };
        for (error, expected) in [
            (TransportError::NotConnected, ErrorCode::OdooUnreachable),
            (TransportError::TimedOut, ErrorCode::OutcomeUnknown),
            (status(503), ErrorCode::OdooUnreachable),
            (status(429), ErrorCode::OdooBusy),
            (status(404), ErrorCode::OdooUnreadable),
            (status(302), ErrorCode::OdooUnreadable),
            (TransportError::Unreadable("HTML"), ErrorCode::OdooUnreadable),
            (TransportError::TooLarge(1), ErrorCode::OdooUnreadable),
        ] {
            let problem = problem(error);
            assert_eq!(problem.code, expected, "{error:?}");
            assert!(!problem.detail.contains("XML-RPC"), "{error:?}");
        }
    }

    #[test]
    fn debug_output_does_not_contain_the_key() {
        let header = authorization(&"secret".into()).unwrap();
        assert_eq!(header.as_bytes(), b"bearer secret");
        assert_eq!(format!("{header:?}"), "Sensitive");
        assert_eq!(authorization(&"a\nb".into()), None);
    }

    #[test]
    fn header_does_not_copy_the_key() {
        let text = Bytes::from_static(b"bearer secret");
        assert_eq!(sensitive_header(text.clone()).unwrap().as_bytes().as_ptr(), text.as_ptr());
    }
}
