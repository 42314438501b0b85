//! The reader of `methodResponse`s: a value or a fault.
//!
//! In: the text of an answer. Out: its value, or its fault with the code in either of Odoo's two forms. Must not know:
//! HTTP, what a fault means.
//!
//! ```text
//! answer  ::= prolog '<methodResponse>' ( '<params>' '<param>' value '</param>' '</params>'
//!                                       | '<fault>' value '</fault>' ) '</methodResponse>'
//! ```

use std::borrow::Cow;

use super::cursor::{Content, Cursor, Tag, tag};
use super::read::{Reader, Unreadable};
use crate::value::Value;

const RESPONSE: Tag = tag!("methodResponse");
const PARAMS: Tag = tag!("params");
const PARAM: Tag = tag!("param");
const FAULT: Tag = tag!("fault");

/// What an answer holds.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer<'a> {
    /// The result of the call.
    Value(Value<'a>),
    /// The call failed.
    Fault(WireFault<'a>),
}

/// A fault as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WireFault<'a> {
    /// `faultCode`.
    pub code: FaultCode<'a>,
    /// `faultString`; often a whole traceback, never to be shown.
    pub string: Cow<'a, str>,
}

/// `faultCode`: XML-RPC knows integers only, Odoo's older path sends texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FaultCode<'a> {
    /// From `/xmlrpc/2`.
    Int(i64),
    /// From `/xmlrpc`.
    Text(Cow<'a, str>),
}

/// Reads an answer whole.
///
/// # Errors
/// When it is not XML-RPC.
pub fn read(text: &str) -> Result<Answer<'_>, Unreadable> {
    let mut cursor = Cursor::new(text);
    open(&mut cursor, &RESPONSE, "a methodResponse")?;
    let answer = match cursor.open(&FAULT)? {
        Some(_) => Answer::Fault(read_fault(&mut cursor)?),
        None => Answer::Value(read_result(&mut cursor)?),
    };
    close(&mut cursor, &RESPONSE, "the end of the methodResponse")?;
    cursor.skip_between()?;
    if cursor.is_at_end() { Ok(answer) } else { Err(cursor.unreadable("nothing after the methodResponse")) }
}

/// Whether the answer is a fault; reads no further than it takes to know that.
///
/// # Errors
/// When it does not begin like a `methodResponse`.
pub fn is_fault(text: &str) -> Result<bool, Unreadable> {
    let mut cursor = Cursor::new(text);
    open(&mut cursor, &RESPONSE, "a methodResponse")?;
    Ok(cursor.open(&FAULT)?.is_some())
}

fn read_result<'a>(cursor: &mut Cursor<'a>) -> Result<Value<'a>, Unreadable> {
    open(cursor, &PARAMS, "a result or a fault")?;
    open(cursor, &PARAM, "a result")?;
    let value = Reader::new(cursor).value(0)?;
    close(cursor, &PARAM, "the end of the result")?;
    close(cursor, &PARAMS, "the end of the results")?;
    Ok(value)
}

fn read_fault<'a>(cursor: &mut Cursor<'a>) -> Result<WireFault<'a>, Unreadable> {
    let refused = cursor.unreadable("a fault with its code and text");
    let value = Reader::new(cursor).value(0)?;
    close(cursor, &FAULT, "the end of the fault")?;
    let Value::Map(members) = value else { return Err(refused) };
    let (mut code, mut string) = (None, None);
    for (name, value) in members {
        match (name.as_ref(), value) {
            ("faultCode", Value::Int(number)) => code = Some(FaultCode::Int(number)),
            ("faultCode", Value::Text(text)) => code = Some(FaultCode::Text(text)),
            ("faultString", Value::Text(text)) => string = Some(text),
            _ => {}
        }
    }
    Ok(WireFault { code: code.ok_or(refused)?, string: string.ok_or(refused)? })
}

fn open(cursor: &mut Cursor<'_>, tag: &Tag, expected: &'static str) -> Result<(), Unreadable> {
    match cursor.open(tag)? {
        Some(Content::Full) => Ok(()),
        _ => Err(cursor.unreadable(expected)),
    }
}

fn close(cursor: &mut Cursor<'_>, tag: &Tag, expected: &'static str) -> Result<(), Unreadable> {
    if cursor.close(tag)? { Ok(()) } else { Err(cursor.unreadable(expected)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::odoo::xmlrpc::MAX_DEPTH;

    fn result_of(value: &str) -> Result<String, Unreadable> {
        let text =
            format!("<?xml version='1.0'?>\n<methodResponse><params><param>{value}</param></params></methodResponse>");
        read(&text).map(|answer| match answer {
            Answer::Value(value) => format!("{value:?}"),
            Answer::Fault(fault) => format!("{fault:?}"),
        })
    }

    #[test]
    fn every_type_is_read_in_every_form() {
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
    fn texts_are_borrowed_until_something_must_be_resolved() {
        let text = "<methodResponse><params><param><value><array><data><value><string>a\r\nb</string></value>\
                    <value><string>a &amp; b</string></value></data></array></value></param></params></methodResponse>";
        let Ok(Answer::Value(Value::List(items))) = read(text) else { panic!("a list") };
        assert!(matches!(items.first(), Some(Value::Text(Cow::Borrowed("a\r\nb")))));
        assert!(matches!(items.get(1), Some(Value::Text(Cow::Owned(_)))));
    }

    #[test]
    fn references_and_cdata_are_resolved_and_stray_control_characters_left_out() {
        for (text, expected) in [
            ("&lt;&gt;&amp;&quot;&apos;", "<>&\"'"),
            ("&#65;&#x1F600;&#13;&#10;", "A\u{1f600}\r\n"),
            ("a<![CDATA[<b>&amp;]]>c<!-- d -->e<?f?>g", "a<b>&amp;ceg"),
            ("a\u{1}b\u{0}c\u{1f}\td", "abc\td"),
            ("<![CDATA[a\u{1}b]]>", "ab"),
        ] {
            let read = result_of(&format!("<value><string>{text}</string></value>"));
            assert_eq!(read, Ok(format!("Text({expected:?})")), "{text}");
        }
    }

    #[test]
    fn what_is_no_xml_rpc_is_refused_with_what_was_expected() {
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
            ("<value><string>&nbsp;</string></value>", "a text with XML's references"),
            ("<value><string>&#1;</string></value>", "a text with XML's references"),
            ("<value><string>&#xD800;</string></value>", "a text with XML's references"),
            ("<value><string>&#+65;</string></value>", "a text with XML's references"),
            ("<value><string>&amp</string></value>", "a text with XML's references"),
            ("<value><string><!DOCTYPE a></string></value>", "no document type"),
            ("<!DOCTYPE a><value/>", "no document type"),
            ("<value><!-- ", "an end of the comment or instruction"),
            ("<value><string>a", "the end of a text"),
            ("<value><array><value/></array></value>", "the data of an array"),
            ("<value><struct><member><value/></member></struct></value>", "a name of a member"),
            (
                "<value><struct><member><name>a</name><value/></member><member><name>a</name><value/></member></struct></value>",
                "a struct that names no member twice",
            ),
        ] {
            assert_eq!(result_of(xml).map_err(|error| error.expected), Err(expected), "{xml}");
        }
        assert_eq!(read("").unwrap_err().to_string(), "expected a methodResponse at byte 0");
        assert_eq!(read("<html>").unwrap_err().to_string(), "expected a methodResponse at byte 0");
        let entity = "<!DOCTYPE a [<!ENTITY b 'c'>]><methodResponse/>";
        assert_eq!(read(entity).unwrap_err().expected, "no document type");
    }

    #[test]
    fn many_members_may_not_repeat_either() {
        let members: String = (0..40).map(|n| format!("<member><name>{}</name><value/></member>", n % 39)).collect();
        let refused = result_of(&format!("<value><struct>{members}</struct></value>"));
        assert_eq!(refused.map_err(|error| error.expected), Err("a struct that names no member twice"));
    }

    #[test]
    fn depth_has_an_end_long_before_the_stack_has() {
        let nested = |depth: usize| {
            let (open, close) = ("<value><array><data>", "</data></array></value>");
            format!("{}<value/>{}", open.repeat(depth), close.repeat(depth))
        };
        assert!(result_of(&nested(MAX_DEPTH)).is_ok());
        assert!(result_of(&nested(MAX_DEPTH + 1)).is_err());
        assert!(result_of(&"<value><array><data>".repeat(100_000)).is_err());
    }

    #[test]
    fn both_kinds_of_fault_codes_are_read() {
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
            assert_eq!(read(&text), Ok(Answer::Fault(WireFault { code: expected, string: "a < b".into() })));
        }
        assert!(read(&fault("<nil/>")).is_err());
        assert_eq!(is_fault("<methodResponse><params/>"), Ok(false));
    }
}
