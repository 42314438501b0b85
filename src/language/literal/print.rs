//! Prints a value as a Python literal. `parse(print(value))` is the value again, for every value that a parser can
//! return.
//!
//! In: a tree. Out: text, with lists in `[]` and strings in `'`. Must not know: the meaning of the tree. For JSON use
//! `serde_json::to_string`.

use std::fmt::Write as _;

use crate::value::Value;

/// Prints a value as a Python literal. Doubles that are not finite become `None`, as they become `null` in JSON.
#[must_use]
pub fn print(value: &Value<'_>) -> String {
    let mut out = String::new();
    push_value(&mut out, value);
    out
}

fn push_value(out: &mut String, value: &Value<'_>) {
    match value {
        Value::Null => out.push_str("None"),
        Value::Bool(true) => out.push_str("True"),
        Value::Bool(false) => out.push_str("False"),
        Value::Int(integer) => {
            let _ = write!(out, "{integer}");
        }
        Value::Float(float) if !float.is_finite() => out.push_str("None"),
        // `{:?}` always prints a point or an exponent, so that the value is parsed as a float again.
        Value::Float(float) => {
            let _ = write!(out, "{float:?}");
        }
        Value::Text(text) => push_text(out, text),
        Value::List(items) => enclosed(out, "[]", items, push_value),
        Value::Map(members) => enclosed(out, "{}", members, |out, (key, value)| {
            push_text(out, key);
            out.push_str(": ");
            push_value(out, value);
        }),
    }
}

fn enclosed<T>(out: &mut String, brackets: &str, items: &[T], push: impl Fn(&mut String, &T)) {
    let mut brackets = brackets.chars();
    out.extend(brackets.next());
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            out.push_str(", ");
        }
        push(out, item);
    }
    out.extend(brackets.next());
}

fn push_text(out: &mut String, text: &str) {
    out.push('\'');
    for character in text.chars() {
        match character {
            '\\' => out.push_str("\\\\"),
            '\'' => out.push_str("\\'"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            control if control.is_control() => {
                let _ = write!(out, "\\x{:02x}", u32::from(control));
            }
            plain => out.push(plain),
        }
    }
    out.push('\'');
}
