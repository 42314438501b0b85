//! Values of the plain types: a check each, in place.
//!
//! In: a value that is not empty, and where it stands. Out: the value as Odoo takes it. Must not know: other fields,
//! scopes, relations to many.

use super::value_path::Place;
use crate::names::RecordId;
use crate::plan::metadata::PlanError;
use crate::plan::schema::Field;
use crate::value::Value;

pub(super) fn boolean(place: Place<'_>, value: &mut Value<'static>) -> Result<(), PlanError> {
    match value {
        Value::Bool(_) => {}
        Value::Int(n @ (0 | 1)) => *value = Value::Bool(*n == 1),
        other => return Err(place.refuse("expected true or false", other)),
    }
    Ok(())
}

/// Odoo keeps 32 bits and says of more that they are out of range, but not of which field.
pub(super) fn integer(place: Place<'_>, value: &Value<'static>) -> Result<(), PlanError> {
    const EXPECTED: &str = "expected an integer from -2147483648 to 2147483647";
    let fits = match value {
        Value::Int(n) => i32::try_from(*n).is_ok(),
        Value::Float(f) => f.fract() == 0.0 && (f64::from(i32::MIN)..=f64::from(i32::MAX)).contains(f),
        Value::Text(text) => text.trim().parse::<i32>().is_ok(),
        _ => false,
    };
    if fits { Ok(()) } else { Err(place.refuse(EXPECTED, value)) }
}

pub(super) fn float(place: Place<'_>, value: &Value<'static>) -> Result<(), PlanError> {
    let fits = match value {
        Value::Int(_) => true,
        Value::Float(f) => f.is_finite(),
        Value::Text(text) => text.trim().parse().is_ok_and(f64::is_finite),
        _ => false,
    };
    if fits { Ok(()) } else { Err(place.refuse("expected a number", value)) }
}

pub(super) fn text(place: Place<'_>, value: &Value<'static>) -> Result<(), PlanError> {
    match value.as_text().map(|text| text.chars().find(|c| is_control(*c))) {
        Some(None) => Ok(()),
        Some(Some(control)) => {
            let expected =
                format!("expected a text without control characters (it holds U+{:04X})", u32::from(control));
            Err(place.refuse(&expected, value))
        }
        None => Err(place.refuse("expected a text", value)),
    }
}

/// What XML 1.0 cannot carry, so that Odoo would refuse the whole request or lose the character.
fn is_control(c: char) -> bool {
    matches!(c, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}')
}

pub(super) fn moment(
    place: Place<'_>,
    value: &mut Value<'static>,
    convert: fn(&str) -> Result<String, &'static str>,
) -> Result<(), PlanError> {
    match value.as_text().map(convert) {
        Some(Ok(odoo)) => *value = Value::from(odoo),
        Some(Err(reason)) => return Err(place.refuse(reason, value)),
        None => return Err(place.refuse("expected a date as text", value)),
    }
    Ok(())
}

pub(super) fn binary(place: Place<'_>, value: &Value<'static>, field: &Field) -> Result<(), PlanError> {
    match value {
        Value::Text(text) if is_base64(text) => Ok(()),
        // Computed ones hold structures, such as `tax_totals` of `account.move`.
        Value::Map(_) | Value::List(_) if !field.stored => structure(place, value),
        _ => Err(place.refuse("expected base64 text (RFC 4648, padded)", value)),
    }
}

/// Line breaks are allowed, as MIME and Python's `encodebytes` put them.
fn is_base64(text: &str) -> bool {
    let mut length = 0_usize;
    let mut padding = 0_usize;
    for byte in text.bytes() {
        match byte {
            b'\r' | b'\n' => continue,
            b'=' => padding += 1,
            _ if padding > 0 => return false,
            _ if byte.is_ascii_alphanumeric() || byte == b'+' || byte == b'/' => {}
            _ => return false,
        }
        length += 1;
    }
    length.is_multiple_of(4) && padding <= 2
}

pub(super) fn selection(place: Place<'_>, value: &Value<'static>, field: &Field) -> Result<(), PlanError> {
    let Some(keys) = &field.selection else { return Ok(()) };
    if value.as_text().is_some_and(|text| keys.iter().any(|key| key == text)) {
        return Ok(());
    }
    let shown = keys.iter().take(20).map(String::as_str).collect::<Vec<_>>().join(", ");
    let more = if keys.len() > 20 { ", …" } else { "" };
    Err(place.refuse(&format!("expected one of {shown}{more}"), value))
}

/// What an object may hold that stands for a many2one, as answers print it.
const LINK: [&str; 3] = ["id", "name", "display_name"];

pub(super) fn many2one(place: Place<'_>, value: &mut Value<'static>) -> Result<(), PlanError> {
    let id = match &*value {
        Value::List(pair) => pair.first().and_then(Value::as_int),
        Value::Map(members) if members.iter().all(|(name, _)| LINK.contains(&name.as_ref())) => {
            value.get("id").and_then(Value::as_int)
        }
        other => other.as_int(),
    };
    match id.and_then(RecordId::new) {
        Some(id) => *value = Value::Int(id.get()),
        None => return Err(place.refuse("expected a record id, false, null or [id, name]", value)),
    }
    Ok(())
}

/// A value that has a form of its own, as json fields do: only what cannot be sent at all is refused.
pub(super) fn structure(place: Place<'_>, value: &Value<'static>) -> Result<(), PlanError> {
    match value {
        Value::Text(_) => text(place, value),
        Value::Float(f) if !f.is_finite() => Err(place.refuse("expected a finite number", value)),
        Value::List(items) => items.iter().enumerate().try_for_each(|(n, item)| structure(place.index(n), item)),
        Value::Map(members) => members.iter().try_for_each(|(name, value)| {
            text(place, &Value::Text(name.clone()))?;
            structure(place.name(name), value)
        }),
        _ => Ok(()),
    }
}
