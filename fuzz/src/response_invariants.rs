//! Invariants of the parser of JSON-RPC responses: the fuzz target and the tests of `src/odoo/jsonrpc` use this.
//!
//! In: any text. Out: nothing, or a panic that names the violated invariant. Must not know: how the text is generated.

use serde_json::Value as Json;

use super::response::{self, JsonRpcFault};
use crate::odoo::rpc_codec::RpcResponse;
use crate::value::{Member, Value};

/// What `serde_json` parses, too, has the same content: a result or a fault. A response is rejected only if it contains
/// something that a value cannot represent, and each error has a position in the text.
pub fn json_rpc_response(text: &str) {
    let expected: Option<Json> = serde_json::from_str(text).ok();
    match (response::parse(text), expected) {
        (Ok(RpcResponse::Result(result)), Some(expected)) => {
            assert!(is_same(&result, &expected["result"]), "the result {result:?}");
            assert!(expected["error"].is_null(), "a fault is a result");
        }
        (Ok(RpcResponse::Fault(fault)), Some(expected)) => check_fault(&fault, &expected["error"]["data"]),
        (Ok(_), None) => {}
        (Err(error), expected) => {
            assert!(text.is_char_boundary(error.at), "the position {error}");
            let is_accepted = expected.as_ref().is_some_and(is_response);
            assert!(!is_accepted || error.is_unrepresentable(), "a response is rejected: {error}");
        }
    }
}

fn check_fault(fault: &JsonRpcFault<'_>, data: &Json) {
    assert_eq!(Some(&*fault.name), data["name"].as_str(), "the class");
    assert_eq!(&*fault.message, data["message"].as_str().unwrap_or_default(), "the message");
    assert_eq!(&*fault.debug, data["debug"].as_str().unwrap_or_default(), "the traceback");
}

/// Whether this is a result, or a fault that names its class.
fn is_response(json: &Json) -> bool {
    let error = &json["error"];
    json.get("jsonrpc").is_some() && (error.is_null() || error["data"]["name"].is_string())
}

fn is_same(ours: &Value<'_>, theirs: &Json) -> bool {
    match (ours, theirs) {
        (Value::Null, Json::Null) => true,
        (Value::Bool(ours), Json::Bool(theirs)) => ours == theirs,
        // serde_json parses `-0` as a float.
        (Value::Int(0), Json::Number(theirs)) => theirs.as_f64() == Some(0.0),
        (Value::Int(ours), Json::Number(theirs)) => theirs.as_i64() == Some(*ours),
        // serde_json does not round exactly.
        (Value::Float(ours), Json::Number(theirs)) => {
            let tolerance = ours.abs() * 1e-14 + f64::MIN_POSITIVE;
            theirs.as_f64().is_some_and(|theirs| (ours - theirs).abs() <= tolerance)
        }
        (Value::Text(ours), Json::String(theirs)) => ours == theirs,
        (Value::List(ours), Json::Array(theirs)) => {
            ours.len() == theirs.len() && ours.iter().zip(theirs).all(|(ours, theirs)| is_same(ours, theirs))
        }
        (Value::Map(ours), Json::Object(theirs)) => {
            let is_member = |(name, ours): &Member<'_>| theirs.get(&**name).is_some_and(|theirs| is_same(ours, theirs));
            ours.len() == theirs.len() && ours.iter().all(is_member)
        }
        _ => false,
    }
}
