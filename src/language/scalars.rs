//! Single words of parameters: booleans and integers.
//!
//! In: text or a tree. Out: a boolean, an integer within bounds. Must not know: which parameter it is.

use std::ops::RangeInclusive;

use crate::language::error::{SyntaxError, TreeError};
use crate::language::split::Part;
use crate::value::Value;

const A_BOOLEAN: &str = "True or False";

/// `True`, `true`, `1` and `False`, `false`, `0`.
///
/// # Errors
/// When `text` is something else.
pub fn boolean(text: &str) -> Result<bool, SyntaxError> {
    let word = Part::of(text);
    parse_boolean(word.text).ok_or_else(|| word.refuse(A_BOOLEAN))
}

/// The same from a tree: a boolean, 1 or 0, or the text of a parameter.
///
/// # Errors
/// When `value` is something else.
pub fn boolean_in(value: &Value<'_>) -> Result<bool, TreeError> {
    let parsed = match value {
        Value::Bool(boolean) => Some(*boolean),
        Value::Int(integer) => parse_boolean(&integer.to_string()),
        Value::Text(text) => parse_boolean(text.trim()),
        _ => None,
    };
    parsed.ok_or_else(|| TreeError::unfit(A_BOOLEAN, value))
}

fn parse_boolean(word: &str) -> Option<bool> {
    match word {
        "True" | "true" | "1" => Some(true),
        "False" | "false" | "0" => Some(false),
        _ => None,
    }
}

/// A decimal integer within `bounds`, as `1..=i64::MAX` for a limit.
///
/// # Errors
/// When `text` is no integer, or not within `bounds`.
pub fn integer(text: &str, bounds: RangeInclusive<i64>) -> Result<i64, SyntaxError> {
    let word = Part::of(text);
    parse_integer(word.text, &bounds).ok_or_else(|| word.refuse(an_integer(&bounds)))
}

/// The same from a tree: an integer, or the text of a parameter.
///
/// # Errors
/// When `value` is no integer, or not within `bounds`.
pub fn integer_in(value: &Value<'_>, bounds: RangeInclusive<i64>) -> Result<i64, TreeError> {
    let parsed = match value {
        Value::Int(integer) => Some(*integer).filter(|integer| bounds.contains(integer)),
        Value::Text(text) => parse_integer(text.trim(), &bounds),
        _ => None,
    };
    parsed.ok_or_else(|| TreeError::unfit(an_integer(&bounds), value))
}

fn parse_integer(word: &str, bounds: &RangeInclusive<i64>) -> Option<i64> {
    // `parse` would take a `+`, which in a query is what an unescaped space becomes.
    word.parse().ok().filter(|integer| bounds.contains(integer) && !word.starts_with('+'))
}

fn an_integer(bounds: &RangeInclusive<i64>) -> String {
    match (*bounds.start(), *bounds.end()) {
        (i64::MIN, i64::MAX) => "an integer".to_owned(),
        (least, i64::MAX) => format!("an integer of at least {least}"),
        (least, most) => format!("an integer from {least} to {most}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn booleans_are_six_words() {
        for (text, boolean_of_it) in
            [("True", true), ("true", true), ("1", true), ("False", false), ("false", false), (" 0 ", false)]
        {
            assert_eq!(boolean(text), Ok(boolean_of_it));
            assert_eq!(boolean_in(&Value::from(text)), Ok(boolean_of_it));
        }
        for text in ["", "TRUE", "yes", "2", "None", "1.0"] {
            assert!(boolean(text).is_err(), "{text}");
        }
        assert_eq!(boolean("yes").unwrap_err().to_string(), "expected True or False, found \"yes\" at position 1");
        assert_eq!(boolean_in(&Value::Int(1)), Ok(true));
        assert_eq!(boolean_in(&Value::Null).unwrap_err().to_string(), "expected True or False, found null");
    }

    #[test]
    fn integers_keep_to_their_bounds() {
        assert_eq!(integer("25", 1..=i64::MAX), Ok(25));
        assert_eq!(integer(" 0 ", 0..=i64::MAX), Ok(0));
        assert_eq!(integer_in(&Value::from("7"), 0..=9), Ok(7));
        assert_eq!(integer_in(&Value::Int(7), 0..=9), Ok(7));
        for (text, error) in [
            ("0", "expected an integer of at least 1, found \"0\" at position 1"),
            ("-5", "expected an integer of at least 1, found \"-5\" at position 1"),
            ("+5", "expected an integer of at least 1, found \"+5\" at position 1"),
            ("1.0", "expected an integer of at least 1, found \"1.0\" at position 1"),
            ("", "expected an integer of at least 1, found the end of the text at position 1"),
            ("99999999999999999999", "expected an integer of at least 1, found \"99999999999999999999\" at position 1"),
        ] {
            assert_eq!(integer(text, 1..=i64::MAX).unwrap_err().to_string(), error);
        }
        assert!(integer_in(&Value::Bool(true), 0..=1).is_err());
    }
}
