//! A tree as JSON, with the bytes that `serde_json` would write.
//!
//! In: a [`Value`]. Out: bytes. Must not know: the meaning of the tree. `serde_json` checks a text byte by byte; most
//! texts need no escapes and are copied at once here.

use crate::plain_bytes::SpecialBytes;
use crate::value::Value;

/// The bytes that are not written as they are in a text.
const ESCAPED: SpecialBytes<2> = SpecialBytes { below: b' ', bytes: *b"\"\\" };

/// Maximum number of bytes that are reserved for a list in advance.
const MAX_RESERVED: usize = 1 << 20;

/// A tree as JSON.
///
/// # Errors
/// None for the values that [`Value`] can hold.
pub fn to_json(value: &Value<'_>) -> Result<Vec<u8>, serde_json::Error> {
    let mut out = Vec::with_capacity(256);
    write_json(&mut out, value)?;
    Ok(out)
}

/// Writes a tree as JSON.
pub(super) fn write_json(out: &mut Vec<u8>, value: &Value<'_>) -> Result<(), serde_json::Error> {
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Bool(true) => out.extend_from_slice(b"true"),
        Value::Bool(false) => out.extend_from_slice(b"false"),
        Value::Int(int) => write_int(out, *int),
        Value::Float(float) => write_float(out, *float)?,
        Value::Text(text) => write_text(out, text),
        Value::List(items) => {
            out.push(b'[');
            let start = out.len();
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    out.push(b',');
                }
                write_json(out, item)?;
                if at == 0 {
                    reserve_for_rest(out, start, items.len());
                }
            }
            out.push(b']');
        }
        Value::Map(members) => {
            out.push(b'{');
            for (at, (name, member)) in members.iter().enumerate() {
                if at > 0 {
                    out.push(b',');
                }
                write_text(out, name);
                out.push(b':');
                write_json(out, member)?;
            }
            out.push(b'}');
        }
    }
    Ok(())
}

/// Reserves space for the rest of `count` items, of which the first was written at `start`. Most have about its size.
pub(super) fn reserve_for_rest(out: &mut Vec<u8>, start: usize, count: usize) {
    let rest = (out.len() - start + 1).saturating_mul(count.saturating_sub(1));
    out.reserve(rest.min(MAX_RESERVED));
}

/// Writes an integer.
pub(super) fn write_int(out: &mut Vec<u8>, int: i64) {
    out.extend_from_slice(itoa::Buffer::new().format(int).as_bytes());
}

/// Writes a number; `null` if JSON cannot represent it.
pub(super) fn write_float(out: &mut Vec<u8>, float: f64) -> Result<(), serde_json::Error> {
    if float.is_finite() {
        return serde_json::to_writer(out, &float);
    }
    out.extend_from_slice(b"null");
    Ok(())
}

fn write_text(out: &mut Vec<u8>, text: &str) {
    let mut rest = text.as_bytes();
    out.reserve(rest.len() + 2);
    out.push(b'"');
    loop {
        let (plain, escaped) = rest.split_at(ESCAPED.plain_length(rest));
        out.extend_from_slice(plain);
        let Some((byte, after)) = escaped.split_first() else { break };
        write_escape(out, *byte);
        rest = after;
    }
    out.push(b'"');
}

fn write_escape(out: &mut Vec<u8>, byte: u8) {
    let letter = match byte {
        b'"' | b'\\' => byte,
        b'\n' => b'n',
        b'\r' => b'r',
        b'\t' => b't',
        0x08 => b'b',
        0x0c => b'f',
        control => {
            let digit = |half: u8| if half < 10 { b'0' + half } else { b'a' + half - 10 };
            out.extend_from_slice(&[b'\\', b'u', b'0', b'0', digit(control >> 4), digit(control & 15)]);
            return;
        }
    };
    out.extend_from_slice(&[b'\\', letter]);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn assert_as_serde_json(value: &Value<'_>) {
        let (written, expected) = (to_json(value).unwrap(), serde_json::to_string(value).unwrap());
        assert_eq!(String::from_utf8(written).unwrap(), expected);
    }

    #[test]
    fn every_character_that_needs_an_escape_has_the_usual_one() {
        for code in (0..0x100).chain([0x2028, 0x2029, 0xfffe, 0xffff, 0x1f600]) {
            let character = char::from_u32(code).unwrap();
            for before in [0, 1, 15, 16, 17] {
                let text = format!("{}{character}after{character}{character}", "b".repeat(before));
                assert_as_serde_json(&Value::from(text.as_str()));
                assert_as_serde_json(&Value::Map(vec![(text.into(), Value::Null)]));
            }
        }
    }

    #[test]
    fn numbers_are_written_as_by_serde_json() {
        for int in [0, 1, -1, 42, i64::MIN, i64::MAX] {
            assert_as_serde_json(&Value::Int(int));
        }
        for float in [0.0, -0.0, 1.0, 0.1, -2.5, 1e21, 1e-7, f64::MIN_POSITIVE, f64::MAX, f64::NAN, f64::INFINITY] {
            assert_as_serde_json(&Value::Float(float));
        }
    }

    #[test]
    fn lists_and_maps_are_nested() {
        let map = |name: &'static str, value| Value::Map(vec![("id".into(), Value::Int(7)), (name.into(), value)]);
        let item = || map("a\"b", Value::List(vec![Value::Bool(true), Value::Bool(false), Value::Null]));
        assert_as_serde_json(&Value::List(Vec::new()));
        assert_as_serde_json(&Value::Map(Vec::new()));
        assert_as_serde_json(&map("items", Value::List(vec![item(), Value::List(Vec::new()), item()])));
    }

    proptest! {
        #[test]
        fn any_text_is_written_as_by_serde_json(text in ".*") {
            assert_as_serde_json(&Value::from(text));
        }
    }
}
