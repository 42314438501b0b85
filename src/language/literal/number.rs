//! Numbers of both notations.
//!
//! ```text
//! integer  = digits | "0x" hex | "0o" octal | "0b" binary
//! float    = digits "." [ digits ] [ exponent ] | "." digits [ exponent ] | digits exponent
//! exponent = ( "e" | "E" ) [ "+" | "-" ] digits
//! digits   = digit { [ "_" ] digit }                 no leading zeros before the point
//! ```
//!
//! JSON has the decimal integer and the first form of floats, with all their digits and without `_`.
//!
//! In: a token that starts like a number. Out: a 64-bit integer or a finite double. Must not know: other values. The
//! token extends as far as letters, digits, `_` and `.`, and is then parsed as a unit: so `12abc` is one error,
//! reported at its start.

use std::borrow::Cow;

use super::error::{LiteralError, ParseResult};
use super::parser::Parser;
use crate::value::Value;

/// Why a token is not a number: what was expected, and a hint.
type Rejection = (&'static str, Option<&'static str>);

const MALFORMED: Rejection = ("a number", None);
const COMPLEX: Rejection = ("a number", Some("complex numbers are not accepted"));
const LEADING_ZEROS: Rejection =
    ("a number without leading zeros", Some("leave them out, or quote the digits as a string; octal is 0o17"));
const TOO_BIG: Rejection = ("an integer of at most 64 bits", None);
const NOT_FINITE: Rejection = ("a number that fits a double", None);

impl<'a> Parser<'a> {
    /// Parses a number with its sign and the following space.
    pub(super) fn parse_number(&mut self) -> ParseResult<Value<'a>> {
        let negative = self.parse_sign();
        let token = self.number_token();
        let refuse = |(expected, hint): Rejection| LiteralError::new(self.offset, expected).hint(hint);
        let value = self.parse_number_token(token, negative).map_err(refuse)?;
        self.offset += token.len();
        self.skip_space();
        Ok(value)
    }

    /// Parses a sign; Python has `+` and allows space after the sign.
    fn parse_sign(&mut self) -> bool {
        let negative = self.peek() == Some(b'-');
        if negative || self.peek() == Some(b'+') {
            self.offset += 1;
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
        self.slice(self.offset, self.offset + length)
    }

    fn parse_number_token(&self, token: &str, negative: bool) -> Result<Value<'a>, Rejection> {
        if let Some(magnitude) = parse_short_integer(token) {
            return Ok(Value::Int(if negative { -magnitude } else { magnitude }));
        }
        let underscores = self.is_python();
        if token.ends_with(['j', 'J']) && underscores {
            return Err(COMPLEX);
        }
        match token.as_bytes() {
            [b'0', b'x' | b'X', ..] if underscores => parse_prefixed(token, 16, negative),
            [b'0', b'o' | b'O', ..] if underscores => parse_prefixed(token, 8, negative),
            [b'0', b'b' | b'B', ..] if underscores => parse_prefixed(token, 2, negative),
            _ => parse_decimal(token, negative, underscores),
        }
    }
}

/// A decimal integer of at most 18 digits, which always fit 64 bits, without a leading zero. Most numbers are one.
fn parse_short_integer(token: &str) -> Option<i64> {
    let has_leading_zero = token.len() > 1 && token.starts_with('0');
    let is_short = (1..=18).contains(&token.len()) && !has_leading_zero;
    let digit = |byte: u8| Some(i64::from(byte.wrapping_sub(b'0'))).filter(|digit| *digit < 10);
    is_short.then(|| token.bytes().try_fold(0, |magnitude, byte| Some(magnitude * 10 + digit(byte)?)))?
}

fn parse_prefixed<'a>(token: &str, radix: u32, negative: bool) -> Result<Value<'a>, Rejection> {
    let digits = token.get(2..).unwrap_or_default();
    let digits = digits.strip_prefix('_').unwrap_or(digits);
    if are_digits(digits, radix, true) { parse_integer(digits, radix, negative) } else { Err(MALFORMED) }
}

fn parse_decimal<'a>(token: &str, negative: bool, python: bool) -> Result<Value<'a>, Rejection> {
    let (mantissa, exponent) = split(token, &['e', 'E']);
    let (integral, fraction) = split(mantissa, &['.']);
    let are_valid = |digits: &str| are_digits(digits, 10, python);
    let may_be_empty = |digits: &str, other: &str| python && digits.is_empty() && !other.is_empty();
    let well_formed = (are_valid(integral) || may_be_empty(integral, fraction.unwrap_or_default()))
        && fraction.is_none_or(|fraction| are_valid(fraction) || may_be_empty(fraction, integral))
        && exponent.is_none_or(|exponent| are_valid(exponent.strip_prefix(['+', '-']).unwrap_or(exponent)));
    if !well_formed {
        return Err(MALFORMED);
    }
    if integral.len() > 1 && integral.starts_with('0') {
        return Err(LEADING_ZEROS);
    }
    if fraction.is_none() && exponent.is_none() {
        parse_integer(integral, 10, negative)
    } else {
        parse_float(token, negative)
    }
}

fn split<'t>(token: &'t str, separators: &[char]) -> (&'t str, Option<&'t str>) {
    token.split_once(separators).map_or((token, None), |(head, tail)| (head, Some(tail)))
}

/// Digits of `radix`, with single underscores between them where the notation allows it.
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

fn parse_integer<'a>(digits: &str, radix: u32, negative: bool) -> Result<Value<'a>, Rejection> {
    let magnitude = u64::from_str_radix(&without_underscores(digits), radix).map_err(|_| TOO_BIG)?;
    let signed = if negative { 0_i64.checked_sub_unsigned(magnitude) } else { 0_i64.checked_add_unsigned(magnitude) };
    signed.map(Value::Int).ok_or(TOO_BIG)
}

fn parse_float<'a>(token: &str, negative: bool) -> Result<Value<'a>, Rejection> {
    let magnitude: f64 = without_underscores(token).parse().map_err(|_| MALFORMED)?;
    let signed = if negative { -magnitude } else { magnitude };
    if signed.is_finite() { Ok(Value::Float(signed)) } else { Err(NOT_FINITE) }
}

fn without_underscores(digits: &str) -> Cow<'_, str> {
    if digits.contains('_') { Cow::Owned(digits.replace('_', "")) } else { Cow::Borrowed(digits) }
}
