//! Parses JSON-RPC responses: a result or a fault.
//!
//! In: the text of a response. Out: its result or its fault. Must not know: HTTP, what a fault means.
//!
//! ```text
//! {"jsonrpc": "2.0", "id": 1, "result": value}          without "result": the method returned None
//! {"jsonrpc": "2.0", "id": 1, "error": {"code", "message", "data": {"name", "message", "debug", …}}}
//! ```

use std::borrow::Cow;

use super::python_json;
use crate::odoo::rpc_codec::{MalformedResponse, RpcResponse};
use crate::value::Value;

/// A fault as it was received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JsonRpcFault<'a> {
    /// The class of the exception with its module, for example `builtins.ValueError`.
    pub name: Cow<'a, str>,
    /// The message.
    pub message: Cow<'a, str>,
    /// The traceback; never shown.
    pub debug: Cow<'a, str>,
}

impl<'a> JsonRpcFault<'a> {
    /// The fault in an object with the members `name`, `message` and `debug`; `None` without a name.
    #[must_use]
    pub fn from_members(object: Value<'a>) -> Option<Self> {
        let Value::Map(members) = object else { return None };
        let (mut name, mut message, mut debug) = (None, None, None);
        for (key, value) in members {
            match (key.as_ref(), value) {
                ("name", Value::Text(text)) => name = Some(text),
                ("message", Value::Text(text)) => message = Some(text),
                ("debug", Value::Text(text)) => debug = Some(text),
                _ => {}
            }
        }
        Some(Self { name: name?, message: message.unwrap_or_default(), debug: debug.unwrap_or_default() })
    }

    /// Whether Odoo does not serve the URL. A method can raise the same exception; then the traceback contains the
    /// frames that dispatch the method.
    #[must_use]
    pub fn is_unserved(&self) -> bool {
        self.name == "werkzeug.exceptions.NotFound" && !self.debug.contains("service/model.py")
    }
}

/// Parses a complete response.
///
/// # Errors
/// If it is not a JSON-RPC response, or contains something that a [`Value`] cannot represent.
pub fn parse(text: &str) -> Result<RpcResponse<'_, JsonRpcFault<'_>>, MalformedResponse> {
    let expected = |expected| MalformedResponse { at: 0, expected };
    let Value::Map(members) = python_json::parse(text)? else { return Err(expected("an object")) };
    let (mut is_json_rpc, mut result, mut error) = (false, Value::Null, Value::Null);
    for (name, value) in members {
        match name.as_ref() {
            "jsonrpc" => is_json_rpc = true,
            "result" => result = value,
            "error" => error = value,
            _ => {}
        }
    }
    match error {
        _ if !is_json_rpc => Err(expected("a JSON-RPC response")),
        Value::Null => Ok(RpcResponse::Result(result)),
        error => parse_fault(error).map(RpcResponse::Fault).ok_or_else(|| expected("an error with its class")),
    }
}

fn parse_fault(error: Value<'_>) -> Option<JsonRpcFault<'_>> {
    JsonRpcFault::from_members(member(error, "data")?)
}

fn member<'a>(map: Value<'a>, name: &str) -> Option<Value<'a>> {
    let Value::Map(members) = map else { return None };
    members.into_iter().find(|(key, _)| key == name).map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::odoo::jsonrpc::response_invariants::json_rpc_response;

    #[test]
    fn result_none_and_fault_are_distinguished() {
        assert_eq!(
            parse(r#"{"jsonrpc": "2.0", "id": 1, "result": [7]}"#),
            Ok(RpcResponse::Result(vec![Value::Int(7)].into()))
        );
        assert_eq!(parse(r#"{"jsonrpc": "2.0", "id": 1}"#), Ok(RpcResponse::Result(Value::Null)));
        let fault = r#"{"jsonrpc": "2.0", "id": 1, "error": {"code": 200, "message": "Odoo Server Error", "data":
            {"name": "builtins.KeyError", "debug": "Traceback", "message": "'x'", "arguments": ["x"], "context": {}}}}"#;
        let Ok(RpcResponse::Fault(fault)) = parse(fault) else { panic!("a fault") };
        assert_eq!((&*fault.name, &*fault.message, &*fault.debug), ("builtins.KeyError", "'x'", "Traceback"));
    }

    #[test]
    fn unserved_url_differs_from_a_method_that_raises_not_found() {
        let fault = |debug: &'static str| JsonRpcFault {
            name: "werkzeug.exceptions.NotFound".into(),
            message: "".into(),
            debug: debug.into(),
        };
        assert!(fault("File \"/o/http.py\", line 1, in _dispatch_nodb").is_unserved());
        assert!(!fault("File \"/o/service/model.py\", line 1, in dispatch").is_unserved());
    }

    #[test]
    fn the_fuzz_corpus_holds_the_invariants() {
        let corpus = concat!(env!("CARGO_MANIFEST_DIR"), "/fuzz/corpus/json_rpc_response");
        let files: Vec<_> = std::fs::read_dir(corpus).unwrap().collect();
        assert!(files.len() >= 10, "{} files", files.len());
        for file in files {
            json_rpc_response(&std::fs::read_to_string(file.unwrap().path()).unwrap());
        }
    }

    #[test]
    fn other_json_is_rejected() {
        for text in ["{}", "[]", "null", r#"{"detail": "no"}"#, r#"{"jsonrpc": "2.0", "error": "no"}"#] {
            assert!(!parse(text).unwrap_err().is_unrepresentable(), "{text}");
        }
    }
}
