//! Scalars and names in exactly the form in which Python writes them.
//!
//! In: a cursor. Out: a value and the cursor after it, or `None` and an unchanged cursor: then the grammar of the
//! parser decides. Must not know: arrays, structs.
//!
//! ```text
//! scalar ::= '<value><string>' plain '</string></value>'     plain has no reference, control character or line break
//!          | '<value><int>' [ '-' ] digits '</int></value>'  up to 18 digits, which fit 64 bits
//!          | '<value><double>' number '</double></value>'
//!          | '<value><boolean>' ( 0 | 1 ) '</boolean></value>'
//!          | '<value><nil/></value>'
//! name   ::= '<name>' known '</name>'                        the name at the same place in the struct before
//! ```
//!
//! A line feed may follow. A response contains thousands of them, so they are recognized with few comparisons, and the
//! special cases are left to the parser.

use std::borrow::Cow;

use super::cursor::Cursor;
use crate::plain_bytes::SpecialBytes;
use crate::value::Value;

/// What ends a plain text or makes it unusual.
const TAGS_REFERENCES_AND_CONTROLS: SpecialBytes<2> = SpecialBytes { below: b' ', bytes: *b"<&" };
/// Longer texts are left to the parser, whose search is faster for them.
const MAX_SHORT_TEXT: usize = 64;
/// All integers of as many digits fit 64 bits.
const MAX_DIGITS: usize = 18;

impl<'a> Cursor<'a> {
    /// Consumes the scalar at the cursor.
    #[inline]
    pub(super) fn usual_scalar(&mut self) -> Option<Value<'a>> {
        let element = self.rest().strip_prefix("<value><")?;
        let (value, rest) = match element.as_bytes().first()? {
            b's' => {
                let (text, rest) = split_text(element.strip_prefix("string>")?)?;
                (Value::Text(Cow::Borrowed(text)), rest.strip_prefix("</string></value>")?)
            }
            b'i' => {
                let (int, rest) = split_int(element.strip_prefix("int>")?)?;
                (Value::Int(int), rest.strip_prefix("</int></value>")?)
            }
            b'b' => {
                let digit = element.strip_prefix("boolean>")?;
                let one = digit.strip_prefix('1');
                let rest = one.or_else(|| digit.strip_prefix('0'))?;
                (Value::Bool(one.is_some()), rest.strip_prefix("</boolean></value>")?)
            }
            b'd' => {
                let (number, rest) = split_text(element.strip_prefix("double>")?)?;
                (Value::Float(number.parse().ok()?), rest.strip_prefix("</double></value>")?)
            }
            b'n' => (Value::Null, element.strip_prefix("nil/></value>")?),
            _ => return None,
        };
        self.continue_at(rest);
        self.skip_line_feed();
        Some(value)
    }

    /// Consumes the name of a member if it is this one.
    #[inline]
    pub(super) fn consume_name(&mut self, known: &str) -> bool {
        let after_name = self.rest().strip_prefix("<name>").and_then(|rest| rest.strip_prefix(known));
        let Some(rest) = after_name.and_then(|rest| rest.strip_prefix("</name>")) else { return false };
        self.continue_at(rest);
        self.skip_line_feed();
        true
    }
}

/// A short plain text and what follows, which begins with a tag.
#[inline]
fn split_text(text: &str) -> Option<(&str, &str)> {
    let bytes = text.as_bytes();
    let length = TAGS_REFERENCES_AND_CONTROLS.plain_length(bytes.get(..MAX_SHORT_TEXT).unwrap_or(bytes));
    text.split_at_checked(length)
}

/// An integer and what follows.
#[inline]
fn split_int(text: &str) -> Option<(i64, &str)> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (mut magnitude, mut count) = (0, 0);
    for digit in digits.bytes().take(MAX_DIGITS).map(|byte| byte.wrapping_sub(b'0')).take_while(|digit| *digit < 10) {
        magnitude = magnitude * 10 + i64::from(digit);
        count += 1;
    }
    let is_negative = digits.len() < text.len();
    let rest = digits.get(count..).filter(|_| count > 0)?;
    Some((if is_negative { -magnitude } else { magnitude }, rest))
}
