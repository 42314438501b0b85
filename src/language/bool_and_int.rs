//! Booleans and integers of parameters.
//!
//! ```text
//! boolean = "True" | "true" | "1" | "False" | "false" | "0"
//! integer = [ "-" ] digits                                   within bounds
//! ```
//!
//! In: text or a tree. Out: a boolean, an integer within bounds. Must not know: the parameter.

use std::ops::RangeInclusive;

use crate::language::split::Part;
use crate::language::syntax_error::SyntaxError;
use crate::language::tree_error::TreeError;
use crate::value::Value;

const A_BOOLEAN: &str = "True or False";

/// Parses `True`, `true`, `1` and `False`, `false`, `0`.
///
/// # Errors
/// `text` is something else.
pub fn parse_boolean(text: &str) -> Result<bool, SyntaxError> {
    let word = Part::from_text(text);
    boolean_from_word(word.text).ok_or_else(|| word.unexpected(A_BOOLEAN))
}

/// Converts a boolean, 1 or 0, or the text of a parameter.
///
/// # Errors
/// `value` is something else.
pub fn boolean_from_value(value: &Value<'_>) -> Result<bool, TreeError> {
    let parsed = match value {
        Value::Bool(boolean) => Some(*boolean),
        Value::Int(integer) => boolean_from_word(&integer.to_string()),
        Value::Text(text) => boolean_from_word(text.trim()),
        _ => None,
    };
    parsed.ok_or_else(|| TreeError::mismatch(A_BOOLEAN, value))
}

fn boolean_from_word(word: &str) -> Option<bool> {
    match word {
        "True" | "true" | "1" => Some(true),
        "False" | "false" | "0" => Some(false),
        _ => None,
    }
}

/// Parses a decimal integer within `bounds`, such as `1..=i64::MAX` for a limit.
///
/// # Errors
/// `text` is not an integer, or not within `bounds`.
pub fn parse_integer(text: &str, bounds: RangeInclusive<i64>) -> Result<i64, SyntaxError> {
    let word = Part::from_text(text);
    integer_from_word(word.text, &bounds).ok_or_else(|| word.unexpected(an_integer(&bounds)))
}

/// Converts an integer, or the text of a parameter.
///
/// # Errors
/// `value` is not an integer, or not within `bounds`.
pub fn integer_from_value(value: &Value<'_>, bounds: RangeInclusive<i64>) -> Result<i64, TreeError> {
    let parsed = match value {
        Value::Int(integer) => Some(*integer).filter(|integer| bounds.contains(integer)),
        Value::Text(text) => integer_from_word(text.trim(), &bounds),
        _ => None,
    };
    parsed.ok_or_else(|| TreeError::mismatch(an_integer(&bounds), value))
}

fn integer_from_word(word: &str, bounds: &RangeInclusive<i64>) -> Option<i64> {
    // `parse` accepts a `+`, which in a query is an unescaped space.
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
    fn six_words_are_booleans() {
        for (text, boolean_of_it) in
            [("True", true), ("true", true), ("1", true), ("False", false), ("false", false), (" 0 ", false)]
        {
            assert_eq!(parse_boolean(text), Ok(boolean_of_it));
            assert_eq!(boolean_from_value(&Value::from(text)), Ok(boolean_of_it));
        }
        for text in ["", "TRUE", "yes", "2", "None", "1.0"] {
            assert!(parse_boolean(text).is_err(), "{text}");
        }
        assert_eq!(
            parse_boolean("yes").unwrap_err().to_string(),
            "expected True or False, found \"yes\" at position 1"
        );
        assert_eq!(boolean_from_value(&Value::Int(1)), Ok(true));
        assert_eq!(boolean_from_value(&Value::Null).unwrap_err().to_string(), "expected True or False, found null");
    }

    #[test]
    fn integers_outside_their_bounds_are_rejected() {
        assert_eq!(parse_integer("25", 1..=i64::MAX), Ok(25));
        assert_eq!(parse_integer(" 0 ", 0..=i64::MAX), Ok(0));
        assert_eq!(integer_from_value(&Value::from("7"), 0..=9), Ok(7));
        assert_eq!(integer_from_value(&Value::Int(7), 0..=9), Ok(7));
        for (text, error) in [
            ("0", "expected an integer of at least 1, found \"0\" at position 1"),
            ("-5", "expected an integer of at least 1, found \"-5\" at position 1"),
            ("+5", "expected an integer of at least 1, found \"+5\" at position 1"),
            ("1.0", "expected an integer of at least 1, found \"1.0\" at position 1"),
            ("", "expected an integer of at least 1, found the end of the text at position 1"),
            ("99999999999999999999", "expected an integer of at least 1, found \"99999999999999999999\" at position 1"),
        ] {
            assert_eq!(parse_integer(text, 1..=i64::MAX).unwrap_err().to_string(), error);
        }
        assert!(integer_from_value(&Value::Bool(true), 0..=1).is_err());
    }
}
