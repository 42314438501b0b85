//! Numbers of both dialects.
//!
//! In: a token that begins like a number. Out: an integer of 64 bits or a finite double. The token is taken as far as
//! letters, digits, `_` and `.` go, and then judged as a whole: so `12abc` is one mistake, told at its beginning.
//!
//! ```text
//! integer  = digits | "0x" hex | "0o" octal | "0b" binary
//! float    = digits "." [ digits ] [ exponent ] | "." digits [ exponent ] | digits exponent
//! exponent = ( "e" | "E" ) [ "+" | "-" ] digits
//! digits   = digit { [ "_" ] digit }                 no leading zeros before the point
//! ```
//!
//! JSON has the decimal integer and the first float, both with all their digits and without `_`.

use std::borrow::Cow;

use super::parse_error::{Mistake, Reading};
use super::reader::Reader;
use crate::value::Value;

/// Why a token is no number: what was expected instead, and a hint.
type Refusal = (&'static str, Option<&'static str>);

const MALFORMED: Refusal = ("a number", None);
const COMPLEX: Refusal = ("a number", Some("complex numbers are not accepted"));
const LEADING_ZEROS: Refusal =
    ("a number without leading zeros", Some("leave them out, or quote the digits as a text; octal is 0o17"));
const TOO_BIG: Refusal = ("an integer of at most 64 bits", None);
const NOT_FINITE: Refusal = ("a number that fits a double", None);

impl<'a> Reader<'a> {
    /// A number with its sign, and the space behind it.
    pub(super) fn number(&mut self) -> Reading<Value<'a>> {
        let negative = self.sign();
        let token = self.number_token();
        let refuse = |(expected, hint): Refusal| Mistake::new(self.at, expected).hint(hint);
        let value = self.judge(token, negative).map_err(refuse)?;
        self.at += token.len();
        self.skip_space();
        Ok(value)
    }

    /// Takes a sign; Python knows `+` and allows space behind the sign.
    fn sign(&mut self) -> bool {
        let negative = self.peek() == Some(b'-');
        if negative || self.peek() == Some(b'+') {
            self.at += 1;
            if self.is_python() {
                self.skip_space();
            }
        }
        negative
    }

    fn number_token(&self) -> &'a str {
        let rest = self.rest().as_bytes();
        let hexadecimal = matches!(rest, [b'0', b'x' | b'X', ..]);
        let mut previous = 0;
        let goes_on = |byte: &&u8| {
            let signs_exponent = matches!(**byte, b'+' | b'-') && matches!(previous, b'e' | b'E') && !hexadecimal;
            previous = **byte;
            signs_exponent || byte.is_ascii_alphanumeric() || matches!(**byte, b'_' | b'.')
        };
        let length = rest.iter().take_while(goes_on).count();
        self.slice(self.at, self.at + length)
    }

    fn judge(&self, token: &str, negative: bool) -> Result<Value<'a>, Refusal> {
        let underscores = self.is_python();
        if token.ends_with(['j', 'J']) && underscores {
            return Err(COMPLEX);
        }
        match token.as_bytes() {
            [b'0', b'x' | b'X', ..] if underscores => prefixed(token, 16, negative),
            [b'0', b'o' | b'O', ..] if underscores => prefixed(token, 8, negative),
            [b'0', b'b' | b'B', ..] if underscores => prefixed(token, 2, negative),
            _ => decimal(token, negative, underscores),
        }
    }
}

fn prefixed<'a>(token: &str, radix: u32, negative: bool) -> Result<Value<'a>, Refusal> {
    let digits = token.get(2..).unwrap_or_default();
    let digits = digits.strip_prefix('_').unwrap_or(digits);
    if are_digits(digits, radix, true) { integer(digits, radix, negative) } else { Err(MALFORMED) }
}

fn decimal<'a>(token: &str, negative: bool, python: bool) -> Result<Value<'a>, Refusal> {
    let (mantissa, exponent) = split(token, &['e', 'E']);
    let (whole, fraction) = split(mantissa, &['.']);
    let plain = |digits: &str| are_digits(digits, 10, python);
    let may_be_empty = |digits: &str, other: &str| python && digits.is_empty() && !other.is_empty();
    let well_formed = (plain(whole) || may_be_empty(whole, fraction.unwrap_or_default()))
        && fraction.is_none_or(|fraction| plain(fraction) || may_be_empty(fraction, whole))
        && exponent.is_none_or(|exponent| plain(exponent.strip_prefix(['+', '-']).unwrap_or(exponent)));
    if !well_formed {
        return Err(MALFORMED);
    }
    if whole.len() > 1 && whole.starts_with('0') {
        return Err(LEADING_ZEROS);
    }
    if fraction.is_none() && exponent.is_none() { integer(whole, 10, negative) } else { float(token, negative) }
}

fn split<'t>(token: &'t str, separators: &[char]) -> (&'t str, Option<&'t str>) {
    token.split_once(separators).map_or((token, None), |(head, tail)| (head, Some(tail)))
}

/// Digits of `radix`; single underscores between them where the dialect has them.
fn are_digits(digits: &str, radix: u32, underscores: bool) -> bool {
    let mut previous = b'_';
    for byte in digits.bytes() {
        let fits = char::from(byte).is_digit(radix) || (byte == b'_' && underscores && previous != b'_');
        if !fits {
            return false;
        }
        previous = byte;
    }
    previous != b'_'
}

fn integer<'a>(digits: &str, radix: u32, negative: bool) -> Result<Value<'a>, Refusal> {
    let magnitude = u64::from_str_radix(&without_underscores(digits), radix).map_err(|_| TOO_BIG)?;
    let signed = if negative { 0_i64.checked_sub_unsigned(magnitude) } else { 0_i64.checked_add_unsigned(magnitude) };
    signed.map(Value::Int).ok_or(TOO_BIG)
}

fn float<'a>(token: &str, negative: bool) -> Result<Value<'a>, Refusal> {
    let magnitude: f64 = without_underscores(token).parse().map_err(|_| MALFORMED)?;
    let signed = if negative { -magnitude } else { magnitude };
    if signed.is_finite() { Ok(Value::Float(signed)) } else { Err(NOT_FINITE) }
}

fn without_underscores(digits: &str) -> Cow<'_, str> {
    if digits.contains('_') { Cow::Owned(digits.replace('_', "")) } else { Cow::Borrowed(digits) }
}
