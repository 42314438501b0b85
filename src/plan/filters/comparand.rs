//! What a filter compares a field with: its value, brought to the field's type.
//!
//! | field | value |
//! |---|---|
//! | char, text, html | a text, as it stands |
//! | any other | nothing: the field is empty |
//! | boolean | `true`, `True`, `1`, `false`, `False`, `0` |
//! | integer, many2one, one2many, many2many | an integer, an id |
//! | float, monetary | a number |
//! | date, datetime | any form of dates that values take; a datetime stays as it stands, the domain says what it means |
//! | selection | one of its keys |
//! | reference | `model,id` |
//!
//! In: a text from a query, or a value with a type from a JSON body. Out: a value, or what was expected. Must not know:
//! which parameter it is.

use crate::language::scalars;
use crate::names::{ModelName, RecordId};
use crate::plan::datetime::{to_odoo_date, to_odoo_datetime};
use crate::plan::schema::{Field, FieldType};
use crate::value::Value;

/// The value to compare `field` with.
///
/// # Errors
/// The sentence says what was expected.
pub(super) fn comparand(value: &Value<'static>, field: &Field) -> Result<Value<'static>, String> {
    let is_text = matches!(field.kind, FieldType::Char | FieldType::Text | FieldType::Html);
    if value.is_empty_word() || (!is_text && value.as_text().is_some_and(|text| text.trim().is_empty())) {
        return Ok(Value::Bool(false));
    }
    match field.kind {
        FieldType::Char | FieldType::Text | FieldType::Html => text(value),
        FieldType::Boolean => {
            scalars::boolean_in(value).map(Value::Bool).map_err(|_| "expected true or false".to_owned())
        }
        FieldType::Integer => integer(value),
        FieldType::Float | FieldType::Monetary => number(value),
        FieldType::Date => moment(value, to_odoo_date),
        FieldType::Datetime => moment(value, to_odoo_datetime).and_then(|_| text(value)),
        FieldType::Selection => selection(value, field),
        FieldType::Many2one | FieldType::One2many | FieldType::Many2many => id(value),
        FieldType::Reference => reference(value),
        FieldType::Binary | FieldType::Properties | FieldType::Json | FieldType::Other => {
            Err("expected nothing: this field can only be asked for whether it is empty; use domain for more"
                .to_owned())
        }
    }
}

fn text(value: &Value<'static>) -> Result<Value<'static>, String> {
    match value {
        Value::Text(text) if text.chars().any(is_control) => {
            Err("expected a text without control characters".to_owned())
        }
        Value::Text(_) => Ok(value.clone()),
        _ => Err("expected a text".to_owned()),
    }
}

fn is_control(letter: char) -> bool {
    matches!(letter, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}')
}

fn integer(value: &Value<'static>) -> Result<Value<'static>, String> {
    let bounds = i64::from(i32::MIN)..=i64::from(i32::MAX);
    let expected = |_| "expected an integer from -2147483648 to 2147483647".to_owned();
    scalars::integer_in(value, bounds).map(Value::Int).map_err(expected)
}

fn number(value: &Value<'static>) -> Result<Value<'static>, String> {
    let number = match value {
        Value::Int(_) => return Ok(value.clone()),
        Value::Float(number) => Some(*number),
        Value::Text(text) => text.trim().parse().ok(),
        _ => None,
    };
    let finite = number.filter(|number: &f64| number.is_finite());
    finite.map(Value::Float).ok_or_else(|| "expected a number".to_owned())
}

fn moment(value: &Value<'static>, convert: fn(&str) -> Result<String, &'static str>) -> Result<Value<'static>, String> {
    let text = value.as_text().ok_or("expected a date as text")?;
    Ok(convert(text.trim()).map(Value::from)?)
}

fn selection(value: &Value<'static>, field: &Field) -> Result<Value<'static>, String> {
    let Some(keys) = &field.selection else { return text(value) };
    if value.as_text().is_some_and(|text| keys.iter().any(|key| key == text)) {
        return Ok(value.clone());
    }
    let shown = keys.iter().take(20).map(String::as_str).collect::<Vec<_>>().join(", ");
    Err(format!("expected one of {shown}{}", if keys.len() > 20 { ", …" } else { "" }))
}

fn id(value: &Value<'static>) -> Result<Value<'static>, String> {
    let id = match value {
        Value::Text(text) => RecordId::parse(text.trim()),
        other => other.as_int().and_then(RecordId::new),
    };
    id.map(|id| Value::Int(id.get())).ok_or_else(|| "expected a record id".to_owned())
}

fn reference(value: &Value<'static>) -> Result<Value<'static>, String> {
    let pair = value.as_text().and_then(|text| text.split_once(','));
    match pair.map(|(model, id)| (ModelName::parse(model), RecordId::parse(id))) {
        Some((Ok(_), Some(_))) => Ok(value.clone()),
        _ => Err("expected model,id, such as res.partner,7".to_owned()),
    }
}
