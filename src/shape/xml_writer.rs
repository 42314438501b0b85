//! A tree as XML, for clients that do not parse JSON (docs/dialects/restapi.md).
//!
//! ```text
//! response = <response type=T> content </response>
//! content  = text | { <member name=K type=T> content </member> } | { <item type=T> content </item> }
//! T        = object | array | string | number | boolean | null
//! ```
//!
//! In: a [`Value`]. Out: well-formed XML 1.0. Must not know: the meaning of the tree. Characters that XML cannot
//! contain are written as U+FFFD: a response with a replaced character is better than none.

use std::borrow::Cow;

use crate::plain_bytes::SpecialBytes;
use crate::value::Value;

/// The bytes with which a character can begin that is escaped or replaced; U+FFFE and U+FFFF begin with 0xEF.
const ESCAPED: SpecialBytes<5> = SpecialBytes { below: b' ', bytes: *b"&<>\"\xef" };

/// The XML document of a tree.
#[must_use]
pub fn to_xml(tree: &Value<'_>) -> String {
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    write_element(&mut xml, "response", None, tree);
    xml
}

fn write_element(xml: &mut String, element: &str, name: Option<&str>, value: &Value<'_>) {
    push_all(xml, &["<", element]);
    if let Some(name) = name {
        push_all(xml, &[" name=\"", &escape(name), "\""]);
    }
    push_all(xml, &[" type=\"", type_of(value), "\">"]);
    write_content(xml, value);
    push_all(xml, &["</", element, ">"]);
}

fn push_all(xml: &mut String, texts: &[&str]) {
    texts.iter().for_each(|text| xml.push_str(text));
}

fn type_of(value: &Value<'_>) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Float(float) if !float.is_finite() => "null",
        Value::Int(_) | Value::Float(_) => "number",
        Value::Text(_) => "string",
        Value::List(_) => "array",
        Value::Map(_) => "object",
    }
}

fn write_content(xml: &mut String, value: &Value<'_>) {
    match value {
        Value::Bool(boolean) => xml.push_str(if *boolean { "true" } else { "false" }),
        Value::Int(int) => xml.push_str(itoa::Buffer::new().format(*int)),
        Value::Float(float) if float.is_finite() => {
            xml.push_str(&serde_json::to_string(float).unwrap_or_default());
        }
        Value::Null | Value::Float(_) => {}
        Value::Text(text) => xml.push_str(&escape(text)),
        Value::List(items) => items.iter().for_each(|item| write_element(xml, "item", None, item)),
        Value::Map(members) => {
            members.iter().for_each(|(name, member)| write_element(xml, "member", Some(name), member));
        }
    }
}

fn escape(text: &str) -> Cow<'_, str> {
    if ESCAPED.plain_length(text.as_bytes()) == text.len() {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\t' => escaped.push_str("&#9;"),
            '\n' => escaped.push_str("&#10;"),
            '\r' => escaped.push_str("&#13;"),
            '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            c => escaped.push(c),
        }
    }
    Cow::Owned(escaped)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_special_characters_are_escaped_or_replaced() {
        for (text, escaped) in [
            ("plain é 😀", "plain é 😀"),
            ("<\"&>\t\n\r", "&lt;&quot;&amp;&gt;&#9;&#10;&#13;"),
            ("a long text with a bell\u{7}", "a long text with a bell\u{fffd}"),
            ("\u{fffe}\u{ffff}\0", "\u{fffd}\u{fffd}\u{fffd}"),
            ("\u{ff21}\u{fffd}\u{7f}", "\u{ff21}\u{fffd}\u{7f}"),
        ] {
            assert_eq!(escape(text), escaped);
        }
    }

    #[test]
    fn a_tree_is_written_as_the_documented_elements() {
        let tree = Value::Map(vec![(
            "Contact".into(),
            Value::List(vec![Value::Map(vec![
                ("id".into(), Value::Int(7)),
                ("name".into(), Value::from("A & <B>\r\n\u{1}")),
                ("active".into(), Value::Bool(true)),
                ("credit".into(), Value::Float(1.5)),
                ("odd".into(), Value::Float(f64::NAN)),
                ("x".into(), Value::Null),
            ])]),
        )]);
        assert_eq!(
            to_xml(&tree).lines().nth(1).unwrap(),
            "<response type=\"object\"><member name=\"Contact\" type=\"array\"><item type=\"object\">\
             <member name=\"id\" type=\"number\">7</member>\
             <member name=\"name\" type=\"string\">A &amp; &lt;B&gt;&#13;&#10;\u{fffd}</member>\
             <member name=\"active\" type=\"boolean\">true</member>\
             <member name=\"credit\" type=\"number\">1.5</member>\
             <member name=\"odd\" type=\"null\"></member>\
             <member name=\"x\" type=\"null\"></member></item></member></response>"
        );
    }
}
