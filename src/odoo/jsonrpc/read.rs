//! The reader of JSON as Python writes it.
//!
//! In: a text. Out: a [`Value`] whose texts borrow from it wherever nothing was escaped. Must not know: JSON-RPC.
//!
//! ```text
//! value   ::= object | array | string | number | 'true' | 'false' | 'null'
//!           | 'NaN' | 'Infinity' | '-Infinity'       Python's own, no JSON (RFC 8259, 6): floats that are no numbers
//! number  ::= an integer of up to 64 bits, or a float
//! ```
//!
//! serde_json refuses `NaN`, so it cannot read what Odoo sends for a division by zero in a float field. A lone
//! surrogate becomes U+FFFD: no text can hold it.

use std::borrow::Cow;
use std::collections::HashSet;

use memchr::memchr2;

use crate::odoo::xmlrpc::MAX_DEPTH;
use crate::value::{Member, Value};

/// Why a text cannot be read. Says where and what was expected, never what stands there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected} at byte {at}")]
pub struct Misread {
    /// Bytes from the beginning of the text.
    pub at: usize,
    /// What should stand there.
    pub expected: &'static str,
}

const NARROW: &str = "an integer of at most 64 bits";
const FLAT: &str = "at most 64 nested values";
const UNIQUE: &str = "an object that names no member twice";

impl Misread {
    /// Whether it is JSON, but holds what no [`Value`] can.
    #[must_use]
    pub fn cannot_be_carried(&self) -> bool {
        [NARROW, FLAT, UNIQUE].contains(&self.expected)
    }
}

/// Reads a text that is one value.
///
/// # Errors
/// When it is not JSON, or holds what no [`Value`] can.
pub fn read(text: &str) -> Result<Value<'_>, Misread> {
    let mut reader = Reader { text, at: 0 };
    reader.skip_white();
    let value = reader.value(0)?;
    reader.skip_white();
    if reader.peek().is_some() { Err(reader.misread("nothing after the value")) } else { Ok(value) }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    #[cold]
    fn misread(&self, expected: &'static str) -> Misread {
        Misread { at: self.at, expected }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn skip_white(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    /// Passes `byte` if it stands here.
    fn pass(&mut self, byte: u8) -> bool {
        let stands = self.peek() == Some(byte);
        self.at += usize::from(stands);
        stands
    }

    fn value(&mut self, depth: usize) -> Result<Value<'a>, Misread> {
        match self.peek() {
            Some(b'"') => self.string().map(Value::Text),
            Some(b'{') => self.object(self.deeper(depth)?),
            Some(b'[') => self.array(self.deeper(depth)?),
            _ => self.scalar(),
        }
    }

    fn deeper(&self, depth: usize) -> Result<usize, Misread> {
        if depth < MAX_DEPTH { Ok(depth + 1) } else { Err(self.misread(FLAT)) }
    }

    fn array(&mut self, depth: usize) -> Result<Value<'a>, Misread> {
        let mut items = Vec::new();
        self.at += 1;
        self.skip_white();
        if self.pass(b']') {
            return Ok(Value::List(items));
        }
        loop {
            self.skip_white();
            items.push(self.value(depth)?);
            self.skip_white();
            if self.pass(b']') {
                return Ok(Value::List(items));
            }
            if !self.pass(b',') {
                return Err(self.misread("the end of an array"));
            }
        }
    }

    fn object(&mut self, depth: usize) -> Result<Value<'a>, Misread> {
        let start = self.at;
        let mut members = Vec::new();
        self.at += 1;
        self.skip_white();
        if self.pass(b'}') {
            return Ok(Value::Map(members));
        }
        loop {
            self.skip_white();
            members.push(self.member(depth)?);
            self.skip_white();
            if self.pass(b'}') {
                break;
            }
            if !self.pass(b',') {
                return Err(self.misread("the end of an object"));
            }
        }
        // Odoo's `{1: …, "1": …}`: which of the two was meant, nobody knows.
        if names_repeat(&members) { Err(Misread { at: start, expected: UNIQUE }) } else { Ok(Value::Map(members)) }
    }

    fn member(&mut self, depth: usize) -> Result<Member<'a>, Misread> {
        if self.peek() != Some(b'"') {
            return Err(self.misread("the name of a member"));
        }
        let name = self.string()?;
        self.skip_white();
        if !self.pass(b':') {
            return Err(self.misread("the value of a member"));
        }
        self.skip_white();
        Ok((name, self.value(depth)?))
    }

    fn scalar(&mut self) -> Result<Value<'a>, Misread> {
        const WORDS: [(&str, Value<'static>); 6] = [
            ("null", Value::Null),
            ("true", Value::Bool(true)),
            ("false", Value::Bool(false)),
            ("NaN", Value::Float(f64::NAN)),
            ("Infinity", Value::Float(f64::INFINITY)),
            ("-Infinity", Value::Float(f64::NEG_INFINITY)),
        ];
        let rest = self.rest();
        if let Some((word, value)) = WORDS.into_iter().find(|(word, _)| rest.starts_with(word)) {
            self.at += word.len();
            return Ok(value);
        }
        self.number()
    }

    fn number(&mut self) -> Result<Value<'a>, Misread> {
        let rest = self.rest();
        let end = rest.bytes().position(|byte| !matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E'));
        let number = end.and_then(|end| rest.get(..end)).unwrap_or(rest);
        let digits = number.strip_prefix('-').unwrap_or(number);
        if digits.is_empty() || !digits.starts_with(|first: char| first.is_ascii_digit()) {
            return Err(self.misread("a value"));
        }
        let value = if digits.bytes().all(|byte| byte.is_ascii_digit()) {
            Value::Int(number.parse().map_err(|_| self.misread(NARROW))?)
        } else {
            Value::Float(number.parse().map_err(|_| self.misread("a number"))?)
        };
        self.at += number.len();
        Ok(value)
    }

    /// The string that opens here.
    fn string(&mut self) -> Result<Cow<'a, str>, Misread> {
        self.at += 1;
        let plain = self.until_special()?;
        if self.pass(b'"') {
            return Ok(Cow::Borrowed(plain));
        }
        let mut text = plain.to_owned();
        loop {
            self.at += 1;
            text.push(self.escaped()?);
            text.push_str(self.until_special()?);
            if self.pass(b'"') {
                return Ok(Cow::Owned(text));
            }
        }
    }

    /// Passes everything up to the next quote or backslash.
    fn until_special(&mut self) -> Result<&'a str, Misread> {
        let rest = self.rest();
        let end = memchr2(b'"', b'\\', rest.as_bytes()).ok_or_else(|| self.misread("the end of a string"))?;
        self.at += end;
        Ok(rest.get(..end).unwrap_or_default())
    }

    /// The character that is written behind a backslash.
    fn escaped(&mut self) -> Result<char, Misread> {
        let kind = self.peek().ok_or_else(|| self.misread("an escape"))?;
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
            _ => return Err(self.misread("an escape")),
        };
        self.at += 1;
        Ok(character)
    }

    /// Four hexadecimal digits, and four more where two of them make one character.
    fn unicode(&mut self) -> Result<char, Misread> {
        let high = self.hexadecimal()?;
        if !(0xd800..0xdc00).contains(&high) {
            return Ok(char::from_u32(high).unwrap_or(char::REPLACEMENT_CHARACTER));
        }
        let before = self.at;
        if self.pass(b'\\') && self.pass(b'u') {
            let low = self.hexadecimal()?;
            if (0xdc00..0xe000).contains(&low) {
                let code = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
                return Ok(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
            }
        }
        self.at = before;
        Ok(char::REPLACEMENT_CHARACTER)
    }

    fn hexadecimal(&mut self) -> Result<u32, Misread> {
        let digits = self.rest().get(..4).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let code = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
        let code = code.ok_or_else(|| self.misread("four hexadecimal digits"))?;
        self.at += 4;
        Ok(code)
    }
}

/// Linear, however many there are.
fn names_repeat(members: &[Member<'_>]) -> bool {
    let mut seen = HashSet::with_capacity(members.len());
    members.len() > 1 && !members.iter().all(|(name, _)| seen.insert(name.as_ref()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_of_json_is_read_and_pythons_own_floats_too() {
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
            assert_eq!(read(text).map(|value| format!("{value:?}")).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn texts_are_borrowed_until_something_is_escaped() {
        let Ok(Value::List(items)) = read(r#"["plain", "not\tplain"]"#) else { panic!("a list") };
        assert!(matches!(items.first(), Some(Value::Text(Cow::Borrowed("plain")))));
        assert!(matches!(items.get(1), Some(Value::Text(Cow::Owned(_)))));
    }

    #[test]
    fn what_no_value_can_hold_is_told_from_what_is_no_json() {
        let deep = |depth| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(read(&deep(MAX_DEPTH)).is_ok());
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
            let misread = read(text).unwrap_err();
            assert_eq!(misread.cannot_be_carried(), carried, "{text:.40}: {misread}");
        }
    }
}
