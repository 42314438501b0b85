//! Values of the simple types: one check each, in place.
//!
//! In: a value that is not empty, and its path. Out: the value as Odoo expects it. Must not know: other fields,
//! scopes, x2many fields.

use super::value_path::ValuePath;
use crate::names::RecordId;
use crate::plan::error::PlanError;
use crate::plan::model_schema::Field;
use crate::value::Value;

pub(super) fn boolean(path: ValuePath<'_>, value: &mut Value<'static>) -> Result<(), PlanError> {
    match value {
        Value::Bool(_) => {}
        Value::Int(n @ (0 | 1)) => *value = Value::Bool(*n == 1),
        other => return Err(path.mismatch("expected true or false", other)),
    }
    Ok(())
}

/// Odoo stores 32 bits. Its error for larger values does not name the field.
pub(super) fn integer(path: ValuePath<'_>, value: &Value<'static>) -> Result<(), PlanError> {
    const EXPECTED: &str = "expected an integer from -2147483648 to 2147483647";
    let fits = match value {
        Value::Int(n) => i32::try_from(*n).is_ok(),
        Value::Float(f) => f.fract() == 0.0 && (f64::from(i32::MIN)..=f64::from(i32::MAX)).contains(f),
        Value::Text(text) => text.trim().parse::<i32>().is_ok(),
        _ => false,
    };
    if fits { Ok(()) } else { Err(path.mismatch(EXPECTED, value)) }
}

pub(super) fn float(path: ValuePath<'_>, value: &Value<'static>) -> Result<(), PlanError> {
    let fits = match value {
        Value::Int(_) => true,
        Value::Float(f) => f.is_finite(),
        Value::Text(text) => text.trim().parse().is_ok_and(f64::is_finite),
        _ => false,
    };
    if fits { Ok(()) } else { Err(path.mismatch("expected a number", value)) }
}

pub(super) fn text(path: ValuePath<'_>, value: &Value<'static>) -> Result<(), PlanError> {
    match value.as_text().map(|text| text.chars().find(|c| is_control(*c))) {
        Some(None) => Ok(()),
        Some(Some(control)) => {
            let expected =
                format!("expected a string without control characters (it contains U+{:04X})", u32::from(control));
            Err(path.mismatch(&expected, value))
        }
        None => Err(path.mismatch("expected a string", value)),
    }
}

/// Characters that XML 1.0 cannot contain: Odoo would reject the request or lose the character.
fn is_control(c: char) -> bool {
    matches!(c, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}')
}

pub(super) fn date_or_datetime(
    path: ValuePath<'_>,
    value: &mut Value<'static>,
    convert: fn(&str) -> Result<String, &'static str>,
) -> Result<(), PlanError> {
    match value.as_text().map(convert) {
        Some(Ok(odoo)) => *value = Value::from(odoo),
        Some(Err(reason)) => return Err(path.mismatch(reason, value)),
        None => return Err(path.mismatch("expected a date as a string", value)),
    }
    Ok(())
}

pub(super) fn selection(path: ValuePath<'_>, value: &Value<'static>, field: &Field) -> Result<(), PlanError> {
    let Some(keys) = &field.selection else { return Ok(()) };
    if value.as_text().is_some_and(|text| keys.iter().any(|key| key == text)) {
        return Ok(());
    }
    let listed = keys.iter().take(20).map(String::as_str).collect::<Vec<_>>().join(", ");
    let more = if keys.len() > 20 { ", …" } else { "" };
    Err(path.mismatch(&format!("expected one of {listed}{more}"), value))
}

/// The members of an object that represents a many2one, as responses contain it.
const LINK: [&str; 3] = ["id", "name", "display_name"];

pub(super) fn many2one(path: ValuePath<'_>, value: &mut Value<'static>) -> Result<(), PlanError> {
    let id = match &*value {
        Value::List(pair) => pair.first().and_then(Value::as_int),
        Value::Map(members) if members.iter().all(|(name, _)| LINK.contains(&name.as_ref())) => {
            value.get("id").and_then(Value::as_int)
        }
        other => other.as_int(),
    };
    match id.and_then(RecordId::new) {
        Some(id) => *value = Value::Int(id.get()),
        None => return Err(path.mismatch("expected a record id, false, null or [id, name]", value)),
    }
    Ok(())
}

/// A value without a fixed form, such as JSON fields: only values that cannot be sent are rejected.
pub(super) fn structure(path: ValuePath<'_>, value: &Value<'static>) -> Result<(), PlanError> {
    match value {
        Value::Text(_) => text(path, value),
        Value::Float(f) if !f.is_finite() => Err(path.mismatch("expected a finite number", value)),
        Value::List(items) => items.iter().enumerate().try_for_each(|(n, item)| structure(path.index(n), item)),
        Value::Map(members) => members.iter().try_for_each(|(name, value)| {
            text(path, &Value::Text(name.clone()))?;
            structure(path.name(name), value)
        }),
        _ => Ok(()),
    }
}
