//! Parses `methodResponse`s: a result or a fault.
//!
//! In: the text of a response. Out: its result, or its fault with the code in either of Odoo's two forms. Must not
//! know: HTTP, what a fault means.
//!
//! ```text
//! response  ::= prolog '<methodResponse>' ( '<params>' '<param>' value '</param>' '</params>'
//!                                         | '<fault>' value '</fault>' ) '</methodResponse>'
//! ```

use std::borrow::Cow;

use super::cursor::{Cursor, Tag, tag};
use super::parser::ValueParser;
use crate::odoo::rpc_codec::{MalformedResponse, RpcResponse};
use crate::value::Value;

const RESPONSE: Tag = tag!("methodResponse");
const PARAMS: Tag = tag!("params");
const PARAM: Tag = tag!("param");
const FAULT: Tag = tag!("fault");

/// A fault as it was received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct XmlRpcFault<'a> {
    /// `faultCode`.
    pub code: FaultCode<'a>,
    /// `faultString`; often a complete traceback, never shown.
    pub string: Cow<'a, str>,
}

/// `faultCode`: an integer in XML-RPC, but a string from Odoo's older path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FaultCode<'a> {
    /// From `/xmlrpc/2`.
    Int(i64),
    /// From `/xmlrpc`.
    Text(Cow<'a, str>),
}

/// Parses a complete response.
///
/// # Errors
/// If it is not XML-RPC, or contains something that a [`Value`] cannot represent.
pub fn parse(text: &str) -> Result<RpcResponse<'_, XmlRpcFault<'_>>, MalformedResponse> {
    let mut cursor = Cursor::new(text);
    cursor.require_open(&RESPONSE, "a methodResponse")?;
    let response = match cursor.open(&FAULT)? {
        Some(_) => RpcResponse::Fault(parse_fault(&mut cursor)?),
        None => RpcResponse::Result(parse_result(&mut cursor)?),
    };
    cursor.require_close(&RESPONSE, "the end of the methodResponse")?;
    cursor.skip_between()?;
    if cursor.is_at_end() { Ok(response) } else { Err(cursor.error("nothing after the methodResponse")) }
}

/// Whether the response is a fault; parses only as far as needed.
///
/// # Errors
/// If it does not begin like a `methodResponse`.
pub fn is_fault(text: &str) -> Result<bool, MalformedResponse> {
    let mut cursor = Cursor::new(text);
    cursor.require_open(&RESPONSE, "a methodResponse")?;
    Ok(cursor.open(&FAULT)?.is_some())
}

fn parse_result<'a>(cursor: &mut Cursor<'a>) -> Result<Value<'a>, MalformedResponse> {
    cursor.require_open(&PARAMS, "a result or a fault")?;
    cursor.require_open(&PARAM, "a result")?;
    let value = ValueParser::new(cursor).value(0)?;
    cursor.require_close(&PARAM, "the end of the result")?;
    cursor.require_close(&PARAMS, "the end of the results")?;
    Ok(value)
}

fn parse_fault<'a>(cursor: &mut Cursor<'a>) -> Result<XmlRpcFault<'a>, MalformedResponse> {
    let error = cursor.error("a fault with its code and string");
    let value = ValueParser::new(cursor).value(0)?;
    cursor.require_close(&FAULT, "the end of the fault")?;
    let Value::Map(members) = value else { return Err(error) };
    let (mut code, mut string) = (None, None);
    for (name, value) in members {
        match (name.as_ref(), value) {
            ("faultCode", Value::Int(number)) => code = Some(FaultCode::Int(number)),
            ("faultCode", Value::Text(text)) => code = Some(FaultCode::Text(text)),
            ("faultString", Value::Text(text)) => string = Some(text),
            _ => {}
        }
    }
    Ok(XmlRpcFault { code: code.ok_or(error)?, string: string.ok_or(error)? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::odoo::rpc_codec::MAX_DEPTH;

    fn result_of(value: &str) -> Result<String, MalformedResponse> {
        let text =
            format!("<?xml version='1.0'?>\n<methodResponse><params><param>{value}</param></params></methodResponse>");
        parse(&text).map(|response| match response {
            RpcResponse::Result(value) => format!("{value:?}"),
            RpcResponse::Fault(fault) => format!("{fault:?}"),
        })
    }

    #[test]
    fn every_type_is_parsed_in_every_form() {
        for (xml, expected) in [
            ("<value><int>-1</int></value>", "Int(-1)"),
            ("<value><i4> 7 </i4></value>", "Int(7)"),
            ("<value><i8>9223372036854775807</i8></value>", "Int(9223372036854775807)"),
            ("<value><boolean>1</boolean></value>", "Bool(true)"),
            ("<value><boolean> 0\n</boolean></value>", "Bool(false)"),
            ("<value><double>0.30000000000000004</double></value>", "Float(0.30000000000000004)"),
            ("<value><double>1e+16</double></value>", "Float(1e16)"),
            ("<value><double>-inf</double></value>", "Float(-inf)"),
            ("<value><double>nan</double></value>", "Float(NaN)"),
            ("<value><string>a</string></value>", r#"Text("a")"#),
            ("<value><string> a\n</string></value>", r#"Text(" a\n")"#),
            ("<value><string></string></value>", r#"Text("")"#),
            ("<value><string/></value>", r#"Text("")"#),
            ("<value> a </value>", r#"Text(" a ")"#),
            ("<value></value>", r#"Text("")"#),
            ("<value/>", r#"Text("")"#),
            ("<value />", r#"Text("")"#),
            ("<value><base64>\nQUJD\nREVG\n</base64></value>", r#"Text("QUJDREVG")"#),
            ("<value><dateTime.iso8601>20240102T03:04:05</dateTime.iso8601></value>", r#"Text("20240102T03:04:05")"#),
            ("<value><nil/></value>", "Null"),
            ("<value><nil></nil></value>", "Null"),
            ("<value><ex:nil xmlns:ex='a>b'/></value>", "Null"),
            ("<value><array><data></data></array></value>", "List([])"),
            ("<value><array><data/></array></value>", "List([])"),
            ("<value><array>\n <data>\n<value>a</value>\n</data>\n</array>\n</value>", r#"List([Text("a")])"#),
            ("<value><struct></struct></value>", "Map([])"),
            ("<value><struct/></value>", "Map([])"),
            (
                "<value>\n<struct>\n<member>\n<name>a</name>\n<value/></member>\n</struct></value>",
                r#"Map([("a", Text(""))])"#,
            ),
            ("<value><struct><member><name/><value/></member></struct></value>", r#"Map([("", Text(""))])"#),
            ("<value><!-- c --><int>1</int><!-- c --></value >", "Int(1)"),
            ("<value><string a=\"/>\">x</string ></value>", r#"Text("x")"#),
        ] {
            assert_eq!(result_of(xml).as_deref(), Ok(expected), "{xml}");
        }
    }

    #[test]
    fn strings_are_borrowed_unless_they_contain_references() {
        let text = "<methodResponse><params><param><value><array><data><value><string>a\r\nb</string></value>\
                    <value><string>a &amp; b</string></value></data></array></value></param></params></methodResponse>";
        let Ok(RpcResponse::Result(Value::List(items))) = parse(text) else { panic!("a list") };
        assert!(matches!(items.first(), Some(Value::Text(Cow::Borrowed("a\r\nb")))));
        assert!(matches!(items.get(1), Some(Value::Text(Cow::Owned(_)))));
    }

    #[test]
    fn references_and_cdata_are_resolved_and_control_characters_removed() {
        for (text, expected) in [
            ("&lt;&gt;&amp;&quot;&apos;", "<>&\"'"),
            ("&#65;&#x1F600;&#13;&#10;", "A\u{1f600}\r\n"),
            ("a<![CDATA[<b>&amp;]]>c<!-- d -->e<?f?>g", "a<b>&amp;ceg"),
            ("a\u{1}b\u{0}c\u{1f}\td", "abc\td"),
            ("<![CDATA[a\u{1}b]]>", "ab"),
        ] {
            let parsed = result_of(&format!("<value><string>{text}</string></value>"));
            assert_eq!(parsed, Ok(format!("Text({expected:?})")), "{text}");
        }
    }

    #[test]
    fn malformed_responses_are_rejected_with_what_was_expected() {
        for (xml, expected) in [
            ("<value><int>9223372036854775808</int></value>", "an integer of at most 64 bits"),
            ("<value><int>1_0</int></value>", "an integer of at most 64 bits"),
            ("<value><int/></value>", "a type of XML-RPC"),
            ("<value><boolean>true</boolean></value>", "a boolean, 0 or 1"),
            ("<value><double>1,5</double></value>", "a double"),
            ("<value><i5>1</i5></value>", "a type of XML-RPC"),
            ("<value>a<int>1</int></value>", "the end of a value"),
            ("<value><int>1</int>a</value>", "the end of a value"),
            ("<value><int>1</i4></value>", "the end of an integer"),
            ("<value><string>&nbsp;</string></value>", "a known entity or character reference"),
            ("<value><string>&#1;</string></value>", "a known entity or character reference"),
            ("<value><string>&#xD800;</string></value>", "a known entity or character reference"),
            ("<value><string>&#+65;</string></value>", "a known entity or character reference"),
            ("<value><string>&amp</string></value>", "a known entity or character reference"),
            ("<value><string><!DOCTYPE a></string></value>", "no document type"),
            ("<!DOCTYPE a><value/>", "no document type"),
            ("<value><!-- ", "an end of the comment or instruction"),
            ("<value><string>a", "the end of a string"),
            ("<value><array><value/></array></value>", "the data of an array"),
            ("<value><struct><member><value/></member></struct></value>", "a name of a member"),
            (
                "<value><struct><member><name>a</name><value/></member><member><name>a</name><value/></member></struct></value>",
                "members with unique names",
            ),
        ] {
            assert_eq!(result_of(xml).map_err(|error| error.expected), Err(expected), "{xml}");
        }
        assert_eq!(parse("").unwrap_err().to_string(), "expected a methodResponse at byte 0");
        assert_eq!(parse("<html>").unwrap_err().to_string(), "expected a methodResponse at byte 0");
        let entity = "<!DOCTYPE a [<!ENTITY b 'c'>]><methodResponse/>";
        assert_eq!(parse(entity).unwrap_err().expected, "no document type");
    }

    #[test]
    fn struct_after_one_with_the_same_names_may_differ_but_not_repeat_a_name() {
        let parsed = |structs: &[&[&str]]| {
            let member =
                |name: &&str| format!("<member>\n<name>{name}</name>\n<value><int>1</int></value>\n</member>\n");
            let one = |names: &&[&str]| {
                format!("<value><struct>\n{}</struct></value>\n", names.iter().map(member).collect::<String>())
            };
            let values: String = structs.iter().map(one).collect();
            result_of(&format!("<value><array><data>\n{values}</data></array></value>"))
        };
        let member = |name: &&str| (name.replace("&amp;", "&").into(), Value::Int(1));
        for structs in [
            [["a", "b"].as_slice(), &["a", "b"], &["a"], &["a", "b"]],
            [&["a", "b"], &["a", "c"], &["b", "a", "c"], &[]],
            [&["a&amp;", "b"], &["a", "b"], &["a&amp;", "b"], &["ab", "a"]],
        ] {
            let expected: Value<'_> =
                structs.iter().map(|names| Value::Map(names.iter().map(member).collect())).collect();
            assert_eq!(parsed(&structs), Ok(format!("{expected:?}")));
        }
        for repeated in [["a", "b", "a"].as_slice(), &["a", "a"], &["b", "b"]] {
            let result = parsed(&[&["a", "b"], repeated]);
            assert_eq!(result.map_err(|error| error.expected), Err("members with unique names"), "{repeated:?}");
        }
    }

    #[test]
    fn duplicate_names_are_rejected_in_large_structs_too() {
        let members: String = (0..40).map(|n| format!("<member><name>{}</name><value/></member>", n % 39)).collect();
        let result = result_of(&format!("<value><struct>{members}</struct></value>"));
        assert_eq!(result.map_err(|error| error.expected), Err("members with unique names"));
    }

    #[test]
    fn depth_is_limited() {
        let nested = |depth: usize| {
            let (open, close) = ("<value><array><data>", "</data></array></value>");
            format!("{}<value/>{}", open.repeat(depth), close.repeat(depth))
        };
        assert!(result_of(&nested(MAX_DEPTH)).is_ok());
        assert!(result_of(&nested(MAX_DEPTH + 1)).is_err());
        assert!(result_of(&"<value><array><data>".repeat(100_000)).is_err());
    }

    #[test]
    fn both_forms_of_fault_codes_are_parsed() {
        let fault = |code: &str| {
            format!(
                "<?xml version='1.0'?>\n<methodResponse>\n<fault>\n<value><struct>\n<member>\n<name>faultCode</name>\n\
                 <value>{code}</value>\n</member>\n<member>\n<name>faultString</name>\n<value><string>a &lt; b</string>\
                 </value>\n</member>\n</struct></value>\n</fault>\n\n</methodResponse>\n"
            )
        };
        for (code, expected) in [
            ("<int>2</int>", FaultCode::Int(2)),
            ("<string>AccessDenied</string>", FaultCode::Text("AccessDenied".into())),
        ] {
            let text = fault(code);
            assert_eq!(is_fault(&text), Ok(true));
            assert_eq!(parse(&text), Ok(RpcResponse::Fault(XmlRpcFault { code: expected, string: "a < b".into() })));
        }
        assert!(parse(&fault("<nil/>")).is_err());
        assert_eq!(is_fault("<methodResponse><params/>"), Ok(false));
    }
}
