//! Parses `methodCall`s: the requests of XML-RPC clients.
//!
//! In: the text of a request. Out: the name of the method and its parameters, which borrow from the text. Must not
//! know: HTTP, services, who calls.
//!
//! ```text
//! call  ::= prolog '<methodCall>' '<methodName>' text '</methodName>'
//!           [ '<params>' ( '<param>' value '</param>' )* '</params>' ] '</methodCall>'
//! ```
//!
//! A `<dateTime.iso8601>` becomes the text that Odoo uses for a date and time, as in Odoo 17 and later. There are no
//! document types, so there are no entities to expand.

use std::borrow::Cow;
use std::fmt;

use memchr::memmem;

use super::cursor::{Content, Cursor, Tag, tag};
use super::parser::ValueParser;
use crate::odoo::rpc_codec::MalformedResponse;
use crate::value::Value;

const CALL: Tag = tag!("methodCall");
const METHOD_NAME: Tag = tag!("methodName");
const PARAMS: Tag = tag!("params");
const PARAM: Tag = tag!("param");

const TOO_MANY: &str = "fewer values";

/// A call that a client made.
#[derive(Clone, PartialEq)]
pub struct MethodCall<'a> {
    /// The name of the method.
    pub method: Cow<'a, str>,
    /// Its parameters.
    pub params: Vec<Value<'a>>,
}

/// The parameters contain a password, so only their number is printed.
impl fmt::Debug for MethodCall<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MethodCall").field("method", &self.method).field("params", &self.params.len()).finish()
    }
}

/// Parses a complete request with at most `max_values` values.
///
/// # Errors
/// If it is not XML-RPC, contains something that a [`Value`] cannot represent, or too many values.
pub fn parse(text: &str, max_values: usize) -> Result<MethodCall<'_>, MalformedResponse> {
    let mut cursor = Cursor::new(text);
    // Each value has a tag of its own, so the number of values is known before any of them needs memory.
    if memmem::find_iter(text.as_bytes(), "<value").nth(max_values).is_some() {
        return Err(cursor.error(TOO_MANY));
    }
    cursor.require_open(&CALL, "a methodCall")?;
    cursor.require_open(&METHOD_NAME, "a methodName")?;
    let method = cursor.text()?;
    cursor.require_close(&METHOD_NAME, "the end of the methodName")?;
    let params = match cursor.open(&PARAMS)? {
        Some(Content::Full) => parse_params(&mut cursor)?,
        Some(Content::Empty) | None => Vec::new(),
    };
    cursor.require_close(&CALL, "the end of the methodCall")?;
    cursor.skip_between()?;
    if !cursor.is_at_end() {
        return Err(cursor.error("nothing after the methodCall"));
    }
    Ok(MethodCall { method, params })
}

/// Whether a request was rejected for the number of its values.
#[must_use]
pub fn has_too_many_values(error: MalformedResponse) -> bool {
    error.expected == TOO_MANY
}

fn parse_params<'a>(cursor: &mut Cursor<'a>) -> Result<Vec<Value<'a>>, MalformedResponse> {
    let mut params = Vec::new();
    while !cursor.close(&PARAMS)? {
        cursor.require_open(&PARAM, "a param")?;
        params.push(ValueParser::of_call(cursor).value(0)?);
        cursor.require_close(&PARAM, "the end of the param")?;
    }
    Ok(params)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::odoo::xmlrpc::writer::CallWriter;

    fn params(values: &str) -> Result<Vec<Value<'static>>, &'static str> {
        let head = "<?xml version='1.0'?>\n<methodCall>\n<methodName>m</methodName>\n";
        let text = format!("{head}<params>\n{values}</params>\n</methodCall>\n");
        let parsed = parse(&text, 100).map_err(|error| error.expected)?;
        Ok(parsed.params.into_iter().map(Value::into_owned).collect())
    }

    #[test]
    fn call_of_the_writer_is_parsed() {
        let args: Value<'_> = vec![Value::Int(1), "a < b & \u{1f600}\r\n".into(), Value::Null].into();
        let kwargs = [("limit".into(), Value::Int(1 << 40)), ("é".into(), Value::Bool(true))];
        let call = CallWriter::new("execute_kw").param("args", &args).unwrap().map("kwargs", &kwargs).unwrap().finish();
        let text = std::str::from_utf8(&call).unwrap();
        let expected = MethodCall { method: "execute_kw".into(), params: vec![args, Value::Map(kwargs.to_vec())] };
        assert_eq!(parse(text, 100), Ok(expected));
    }

    #[test]
    fn parameters_are_optional() {
        for text in [
            "<methodCall><methodName>version</methodName></methodCall>",
            "<?xml version=\"1.0\" encoding=\"utf-8\" standalone=\"yes\"?><methodCall><methodName>version</methodName>\
             <params/></methodCall>",
            "<methodCall><!-- c --><methodName>version</methodName><params></params></methodCall>\n<!-- end -->",
        ] {
            assert_eq!(parse(text, 0), Ok(MethodCall { method: "version".into(), params: Vec::new() }), "{text}");
        }
    }

    #[test]
    fn debug_output_does_not_contain_the_parameters() {
        let debugged = format!("{:?}", MethodCall { method: "login".into(), params: vec!["very-secret".into()] });
        assert_eq!(debugged, r#"MethodCall { method: "login", params: 1 }"#);
    }

    #[test]
    fn date_and_time_have_the_form_that_odoo_expects() {
        for (sent, expected) in [
            ("20240102T03:04:05", "2024-01-02 03:04:05"),
            ("2024-01-02T03:04:05", "2024-01-02 03:04:05"),
            ("2024-01-02T03:04:05Z", "2024-01-02 03:04:05"),
            ("yesterday", "yesterday"),
            ("2024é102T03:04:05", "2024é102T03:04:05"),
        ] {
            let value = format!("<param><value><dateTime.iso8601>{sent}</dateTime.iso8601></value></param>");
            assert_eq!(params(&value), Ok(vec![expected.into()]), "{sent}");
        }
    }

    #[test]
    fn malformed_calls_are_rejected() {
        for (text, expected) in [
            ("", "a methodCall"),
            ("<methodResponse/>", "a methodCall"),
            ("<methodCall/>", "a methodCall"),
            ("<methodCall></methodCall>", "a methodName"),
            ("<methodCall><methodName/></methodCall>", "a methodName"),
            ("<methodCall><methodName>a</methodName><params><value/></params></methodCall>", "a param"),
            ("<methodCall><methodName>a</methodName></methodCall>x", "nothing after the methodCall"),
            ("<methodCall><methodName>a</methodName>", "the end of the methodCall"),
            ("<!DOCTYPE a [<!ENTITY b 'c'>]><methodCall/>", "no document type"),
            ("<methodCall><methodName>&b;</methodName></methodCall>", "a known entity or character reference"),
        ] {
            assert_eq!(parse(text, 100).map_err(|error| error.expected), Err(expected), "{text}");
        }
        assert_eq!(params("<param><value/></param>").map(|params| params.len()), Ok(1));
        assert_eq!(params("<param></param>"), Err("a value"));
    }

    #[test]
    fn number_of_values_is_limited_before_they_are_parsed() {
        let call = |count: usize| {
            let values = "<value><int>1</int></value>".repeat(count);
            format!(
                "<methodCall><methodName>a</methodName><params><param><value><array><data>{values}</data></array>\
                 </value></param></params></methodCall>"
            )
        };
        assert!(parse(&call(9), 10).is_ok());
        let error = parse(&call(10), 10).unwrap_err();
        assert!(has_too_many_values(error) && error.at == 0, "{error}");
    }
}
