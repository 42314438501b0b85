//! Parses JSON as Python writes it.
//!
//! In: a text. Out: a [`Value`] whose strings borrow from the text unless they contain escapes. Must not know:
//! JSON-RPC.
//!
//! ```text
//! value   ::= object | array | string | number | 'true' | 'false' | 'null'
//!           | 'NaN' | 'Infinity' | '-Infinity'       written by Python, not valid in JSON (RFC 8259, section 6)
//! number  ::= an integer of up to 64 bits, or a float
//! ```
//!
//! serde_json rejects `NaN`, so it cannot parse what Odoo sends after a division by zero in a float field. A lone
//! surrogate becomes U+FFFD, because a Rust string cannot contain it.

use std::borrow::Cow;

use memchr::memchr2;

use crate::odoo::rpc_codec::{DEPTH, INTEGER, MAX_DEPTH, MalformedResponse, UNIQUE_NAMES, has_duplicate_names};
use crate::value::{Member, Value};

/// Parses a text that contains one value.
///
/// # Errors
/// If it is not JSON, or contains something that a [`Value`] cannot represent.
pub(in crate::odoo) fn parse(text: &str) -> Result<Value<'_>, MalformedResponse> {
    let mut parser = Parser { text, at: 0 };
    parser.skip_white_space();
    let value = parser.value(0)?;
    parser.skip_white_space();
    if parser.peek().is_some() { Err(parser.error("nothing after the value")) } else { Ok(value) }
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Parser<'a> {
    #[cold]
    fn error(&self, expected: &'static str) -> MalformedResponse {
        MalformedResponse { at: self.at, expected }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn skip_white_space(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    /// Consumes `byte` if it is the next one.
    fn consume(&mut self, byte: u8) -> bool {
        let is_next = self.peek() == Some(byte);
        self.at += usize::from(is_next);
        is_next
    }

    fn value(&mut self, depth: usize) -> Result<Value<'a>, MalformedResponse> {
        match self.peek() {
            Some(b'"') => self.string().map(Value::Text),
            Some(b'{') => self.object(self.nested(depth)?),
            Some(b'[') => self.array(self.nested(depth)?),
            _ => self.scalar(),
        }
    }

    fn nested(&self, depth: usize) -> Result<usize, MalformedResponse> {
        if depth < MAX_DEPTH { Ok(depth + 1) } else { Err(self.error(DEPTH)) }
    }

    fn array(&mut self, depth: usize) -> Result<Value<'a>, MalformedResponse> {
        let mut items = Vec::new();
        self.at += 1;
        self.skip_white_space();
        if self.consume(b']') {
            return Ok(Value::List(items));
        }
        loop {
            self.skip_white_space();
            items.push(self.value(depth)?);
            self.skip_white_space();
            if self.consume(b']') {
                return Ok(Value::List(items));
            }
            if !self.consume(b',') {
                return Err(self.error("the end of an array"));
            }
        }
    }

    fn object(&mut self, depth: usize) -> Result<Value<'a>, MalformedResponse> {
        let start = self.at;
        let mut members = Vec::new();
        self.at += 1;
        self.skip_white_space();
        if self.consume(b'}') {
            return Ok(Value::Map(members));
        }
        loop {
            self.skip_white_space();
            members.push(self.member(depth)?);
            self.skip_white_space();
            if self.consume(b'}') {
                break;
            }
            if !self.consume(b',') {
                return Err(self.error("the end of an object"));
            }
        }
        // Python writes the dict `{1: …, "1": …}` like this; which of the two is meant cannot be decided.
        if has_duplicate_names(&members) {
            Err(MalformedResponse { at: start, expected: UNIQUE_NAMES })
        } else {
            Ok(Value::Map(members))
        }
    }

    fn member(&mut self, depth: usize) -> Result<Member<'a>, MalformedResponse> {
        if self.peek() != Some(b'"') {
            return Err(self.error("the name of a member"));
        }
        let name = self.string()?;
        self.skip_white_space();
        if !self.consume(b':') {
            return Err(self.error("the value of a member"));
        }
        self.skip_white_space();
        Ok((name, self.value(depth)?))
    }

    fn scalar(&mut self) -> Result<Value<'a>, MalformedResponse> {
        const LITERALS: [(&str, Value<'static>); 6] = [
            ("null", Value::Null),
            ("true", Value::Bool(true)),
            ("false", Value::Bool(false)),
            ("NaN", Value::Float(f64::NAN)),
            ("Infinity", Value::Float(f64::INFINITY)),
            ("-Infinity", Value::Float(f64::NEG_INFINITY)),
        ];
        let rest = self.rest();
        if let Some((word, value)) = LITERALS.into_iter().find(|(word, _)| rest.starts_with(word)) {
            self.at += word.len();
            return Ok(value);
        }
        self.number()
    }

    fn number(&mut self) -> Result<Value<'a>, MalformedResponse> {
        let rest = self.rest();
        let end = rest.bytes().position(|byte| !matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E'));
        let number = end.and_then(|end| rest.get(..end)).unwrap_or(rest);
        let digits = number.strip_prefix('-').unwrap_or(number);
        if digits.is_empty() || !digits.starts_with(|first: char| first.is_ascii_digit()) {
            return Err(self.error("a value"));
        }
        let value = if digits.bytes().all(|byte| byte.is_ascii_digit()) {
            Value::Int(number.parse().map_err(|_| self.error(INTEGER))?)
        } else {
            Value::Float(number.parse().map_err(|_| self.error("a number"))?)
        };
        self.at += number.len();
        Ok(value)
    }

    /// Parses the string whose opening quote is the next byte.
    fn string(&mut self) -> Result<Cow<'a, str>, MalformedResponse> {
        self.at += 1;
        let plain = self.until_special()?;
        if self.consume(b'"') {
            return Ok(Cow::Borrowed(plain));
        }
        let mut text = plain.to_owned();
        loop {
            self.at += 1;
            text.push(self.escaped()?);
            text.push_str(self.until_special()?);
            if self.consume(b'"') {
                return Ok(Cow::Owned(text));
            }
        }
    }

    /// Consumes everything up to the next quote or backslash.
    fn until_special(&mut self) -> Result<&'a str, MalformedResponse> {
        let rest = self.rest();
        let end = memchr2(b'"', b'\\', rest.as_bytes()).ok_or_else(|| self.error("the end of a string"))?;
        self.at += end;
        Ok(rest.get(..end).unwrap_or_default())
    }

    /// Parses the escape sequence after a backslash.
    fn escaped(&mut self) -> Result<char, MalformedResponse> {
        let kind = self.peek().ok_or_else(|| self.error("an escape"))?;
        let character = match kind {
            b'"' | b'\\' | b'/' => char::from(kind),
            b'n' => '\n',
            b't' => '\t',
            b'r' => '\r',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'u' => {
                self.at += 1;
                return self.unicode();
            }
            _ => return Err(self.error("an escape")),
        };
        self.at += 1;
        Ok(character)
    }

    /// Parses four hexadecimal digits, and the second half of a surrogate pair after a first half.
    fn unicode(&mut self) -> Result<char, MalformedResponse> {
        let high = self.hexadecimal()?;
        if !(0xd800..0xdc00).contains(&high) {
            return Ok(char::from_u32(high).unwrap_or(char::REPLACEMENT_CHARACTER));
        }
        let before = self.at;
        if self.consume(b'\\') && self.consume(b'u') {
            let low = self.hexadecimal()?;
            if (0xdc00..0xe000).contains(&low) {
                let code = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
                return Ok(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
            }
        }
        self.at = before;
        Ok(char::REPLACEMENT_CHARACTER)
    }

    fn hexadecimal(&mut self) -> Result<u32, MalformedResponse> {
        let digits = self.rest().get(..4).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let code = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
        let code = code.ok_or_else(|| self.error("four hexadecimal digits"))?;
        self.at += 4;
        Ok(code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_values_and_pythons_special_floats_are_parsed() {
        for (text, expected) in [
            (" null ", "Null"),
            ("true", "Bool(true)"),
            ("false", "Bool(false)"),
            ("-7", "Int(-7)"),
            ("9223372036854775807", "Int(9223372036854775807)"),
            ("-9223372036854775808", "Int(-9223372036854775808)"),
            ("0.30000000000000004", "Float(0.30000000000000004)"),
            ("1e+16", "Float(1e16)"),
            ("NaN", "Float(NaN)"),
            ("-Infinity", "Float(-inf)"),
            ("[Infinity, 1]", "List([Float(inf), Int(1)])"),
            (r#""a\n\"\\\/\u00e9\ud83d\ude00""#, r#"Text("a\n\"\\/é😀")"#),
            (r#""\ud83dx\ude00""#, "Text(\"\u{fffd}x\u{fffd}\")"),
            (r#""\ud83d\u0041""#, "Text(\"\u{fffd}A\")"),
            (r#""é""#, r#"Text("é")"#),
            ("[]", "List([])"),
            ("{ }", "Map([])"),
            (r#"{"b": [1, {}], "a": null}"#, r#"Map([("b", List([Int(1), Map([])])), ("a", Null)])"#),
        ] {
            assert_eq!(parse(text).map(|value| format!("{value:?}")).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn strings_are_borrowed_unless_they_contain_escapes() {
        let Ok(Value::List(items)) = parse(r#"["plain", "not\tplain"]"#) else { panic!("a list") };
        assert!(matches!(items.first(), Some(Value::Text(Cow::Borrowed("plain")))));
        assert!(matches!(items.get(1), Some(Value::Text(Cow::Owned(_)))));
    }

    #[test]
    fn unrepresentable_json_differs_from_malformed_json() {
        let deep = |depth| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(parse(&deep(MAX_DEPTH)).is_ok());
        for (text, carried) in [
            ("9223372036854775808", true),
            ("-123456789012345678901234567890", true),
            (r#"{"1": 1, "1": 2}"#, true),
            (&deep(MAX_DEPTH + 1), true),
            (&deep(100_000), true),
            ("", false),
            ("[1,]", false),
            ("[1 2]", false),
            ("{1: 2}", false),
            (r#"{"a" 1}"#, false),
            (r#"{"a": 1"#, false),
            ("-", false),
            (".5", false),
            ("1.2.3", false),
            ("tru", false),
            ("\"a", false),
            (r#""\x""#, false),
            (r#""\u12é""#, false),
            (r#""\"#, false),
            ("1 2", false),
            ("<html>", false),
        ] {
            let error = parse(text).unwrap_err();
            assert_eq!(error.is_unrepresentable(), carried, "{text:.40}: {error}");
        }
    }
}
