//! The reader of answers: a result or a fault.
//!
//! In: the text of an answer. Out: its value, or its fault. Must not know: HTTP, what a fault means.
//!
//! ```text
//! {"jsonrpc": "2.0", "id": 1, "result": value}          without "result": the method returned None
//! {"jsonrpc": "2.0", "id": 1, "error": {"code", "message", "data": {"name", "message", "debug", …}}}
//! ```

use std::borrow::Cow;

use super::read::{self, Misread};
use crate::value::Value;

/// What an answer holds.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer<'a> {
    /// The result of the call; `null` for `None`.
    Value(Value<'a>),
    /// The call failed.
    Fault(WireFault<'a>),
}

/// A fault as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WireFault<'a> {
    /// The class of the exception with its module, as `builtins.ValueError`.
    pub name: Cow<'a, str>,
    /// What it says.
    pub message: Cow<'a, str>,
    /// The traceback, never to be shown.
    pub debug: Cow<'a, str>,
}

impl WireFault<'_> {
    /// Whether Odoo has nothing at the address that was asked. A method may raise the same exception: then the frames
    /// of its dispatch are in the traceback.
    #[must_use]
    pub fn is_of_no_route(&self) -> bool {
        self.name == "werkzeug.exceptions.NotFound" && !self.debug.contains("service/model.py")
    }
}

/// Reads an answer whole.
///
/// # Errors
/// When it is not a JSON-RPC answer, or holds what no [`Value`] can.
pub fn read(text: &str) -> Result<Answer<'_>, Misread> {
    let expected = |expected| Misread { at: 0, expected };
    let Value::Map(members) = read::read(text)? else { return Err(expected("an object")) };
    let (mut is_answer, mut result, mut error) = (false, Value::Null, Value::Null);
    for (name, value) in members {
        match name.as_ref() {
            "jsonrpc" => is_answer = true,
            "result" => result = value,
            "error" => error = value,
            _ => {}
        }
    }
    match error {
        _ if !is_answer => Err(expected("a JSON-RPC answer")),
        Value::Null => Ok(Answer::Value(result)),
        error => fault(error).map(Answer::Fault).ok_or_else(|| expected("an error with its class")),
    }
}

fn fault(error: Value<'_>) -> Option<WireFault<'_>> {
    let data = member(error, "data")?;
    let Value::Map(members) = data else { return None };
    let (mut name, mut message, mut debug) = (None, None, None);
    for (key, value) in members {
        match (key.as_ref(), value) {
            ("name", Value::Text(text)) => name = Some(text),
            ("message", Value::Text(text)) => message = Some(text),
            ("debug", Value::Text(text)) => debug = Some(text),
            _ => {}
        }
    }
    Some(WireFault { name: name?, message: message.unwrap_or_default(), debug: debug.unwrap_or_default() })
}

fn member<'a>(of: Value<'a>, name: &str) -> Option<Value<'a>> {
    let Value::Map(members) = of else { return None };
    members.into_iter().find(|(key, _)| key == name).map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_result_none_and_a_fault_are_told_apart() {
        assert_eq!(
            read(r#"{"jsonrpc": "2.0", "id": 1, "result": [7]}"#),
            Ok(Answer::Value(vec![Value::Int(7)].into()))
        );
        assert_eq!(read(r#"{"jsonrpc": "2.0", "id": 1}"#), Ok(Answer::Value(Value::Null)));
        let fault = r#"{"jsonrpc": "2.0", "id": 1, "error": {"code": 200, "message": "Odoo Server Error", "data":
            {"name": "builtins.KeyError", "debug": "Traceback", "message": "'x'", "arguments": ["x"], "context": {}}}}"#;
        let Ok(Answer::Fault(fault)) = read(fault) else { panic!("a fault") };
        assert_eq!((&*fault.name, &*fault.message, &*fault.debug), ("builtins.KeyError", "'x'", "Traceback"));
    }

    #[test]
    fn an_address_without_odoo_is_told_from_a_method_that_finds_nothing() {
        let fault = |debug: &'static str| WireFault {
            name: "werkzeug.exceptions.NotFound".into(),
            message: "".into(),
            debug: debug.into(),
        };
        assert!(fault("File \"/o/http.py\", line 1, in _dispatch_nodb").is_of_no_route());
        assert!(!fault("File \"/o/service/model.py\", line 1, in dispatch").is_of_no_route());
    }

    #[test]
    fn what_others_answer_is_refused() {
        for text in ["{}", "[]", "null", r#"{"detail": "no"}"#, r#"{"jsonrpc": "2.0", "error": "no"}"#] {
            assert!(!read(text).unwrap_err().cannot_be_carried(), "{text}");
        }
    }
}
