//! The errors and the ids in JSON-2 responses.
//!
//! In: the text of a response. Out: its error, or the one id in it. Must not know: HTTP, what an error means.
//!
//! ```text
//! result  any JSON value; `null` if the method returned None
//! error   {"name", "message", "arguments", "context", "debug"}; since Odoo 20 also "timestamp"
//! ```

use crate::odoo::jsonrpc::python_json;
use crate::odoo::jsonrpc::response::JsonRpcFault;
use crate::value::Value;

/// Parses the error of a response whose status is not 200; `None` if Odoo has not written it.
pub(in crate::odoo) fn parse_error(text: &str) -> Option<JsonRpcFault<'_>> {
    let error = python_json::parse(text).ok()?;
    let is_complete = ["name", "message", "debug"].iter().all(|name| error.get(name).is_some());
    is_complete.then(|| JsonRpcFault::from_members(error)).flatten()
}

/// Whether the method returned `None`.
pub(in crate::odoo) fn is_null(text: &str) -> bool {
    text.trim_ascii() == "null"
}

/// The id in a list of one id, as JSON; `None` for any other result.
pub(in crate::odoo) fn one_id(text: &str) -> Option<String> {
    match python_json::parse(text).ok()? {
        Value::List(ids) => match ids.as_slice() {
            [Value::Int(id)] => Some(id.to_string()),
            _ => None,
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn error_of_odoo_differs_from_that_of_a_proxy() {
        let of_odoo = r#"{"name": "odoo.exceptions.UserError", "message": "No.", "arguments": ["No."], "context": {},
            "timestamp": "2026-01-01 00:00:00", "debug": "Traceback"}"#;
        let error = parse_error(of_odoo).unwrap();
        assert_eq!((&*error.name, &*error.message, &*error.debug), ("odoo.exceptions.UserError", "No.", "Traceback"));
        for other in [r#"{"message": "no route", "name": "proxy"}"#, "{}", "[]", "null", "<html>", ""] {
            assert_eq!(parse_error(other), None, "{other}");
        }
    }

    #[test]
    fn null_and_the_only_id_are_recognized() {
        assert!(is_null("null\n") && !is_null("[]") && !is_null("\"null\""));
        assert_eq!(one_id("[7]").as_deref(), Some("7"));
        for other in ["[7, 8]", "[]", "7", "[true]", "[\"7\"]"] {
            assert_eq!(one_id(other), None, "{other}");
        }
    }
}
