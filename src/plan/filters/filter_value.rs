//! The value of a filter, converted to the type of its field.
//!
//! | field | value |
//! |---|---|
//! | char, text, html | a string, unchanged |
//! | any other | an empty string: the field is empty |
//! | boolean | `true`, `True`, `1`, `false`, `False`, `0` |
//! | integer, many2one, one2many, many2many | an integer, an id |
//! | float, monetary | a number |
//! | date, datetime | any date format that values accept; a datetime stays unchanged, the domain normalizes it |
//! | selection | one of its keys |
//! | reference | `model,id` |
//!
//! In: a string from a query, or a typed value from a JSON body. Out: a value, or what was expected. Must not know:
//! the parameter.

use crate::language::bool_and_int;
use crate::names::{ModelName, RecordId};
use crate::plan::datetime::{to_odoo_date, to_odoo_datetime};
use crate::plan::model_schema::{Field, FieldType};
use crate::value::Value;

/// Converts the value to compare `field` with.
///
/// # Errors
/// The message says what was expected.
pub(super) fn parse_filter_value(value: &Value<'static>, field: &Field) -> Result<Value<'static>, String> {
    let is_text = matches!(field.kind, FieldType::Char | FieldType::Text | FieldType::Html);
    if value.is_null_or_false() || (!is_text && value.as_text().is_some_and(|text| text.trim().is_empty())) {
        return Ok(Value::Bool(false));
    }
    match field.kind {
        FieldType::Char | FieldType::Text | FieldType::Html => parse_text(value),
        FieldType::Boolean => {
            bool_and_int::boolean_from_value(value).map(Value::Bool).map_err(|_| "expected true or false".to_owned())
        }
        FieldType::Integer => parse_integer(value),
        FieldType::Float | FieldType::Monetary => parse_number(value),
        FieldType::Date => date_or_datetime(value, to_odoo_date),
        FieldType::Datetime => date_or_datetime(value, to_odoo_datetime).and_then(|_| parse_text(value)),
        FieldType::Selection => parse_selection(value, field),
        FieldType::Many2one | FieldType::One2many | FieldType::Many2many => parse_id(value),
        FieldType::Reference => parse_reference(value),
        FieldType::Binary | FieldType::Properties | FieldType::Json | FieldType::Other => {
            Err("expected an empty value: this field can only be tested for emptiness; use `domain` for more"
                .to_owned())
        }
    }
}

fn parse_text(value: &Value<'static>) -> Result<Value<'static>, String> {
    match value {
        Value::Text(text) if text.chars().any(is_control) => {
            Err("expected a string without control characters".to_owned())
        }
        Value::Text(_) => Ok(value.clone()),
        _ => Err("expected a string".to_owned()),
    }
}

fn is_control(letter: char) -> bool {
    matches!(letter, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}')
}

fn parse_integer(value: &Value<'static>) -> Result<Value<'static>, String> {
    let bounds = i64::from(i32::MIN)..=i64::from(i32::MAX);
    let expected = |_| "expected an integer from -2147483648 to 2147483647".to_owned();
    bool_and_int::integer_from_value(value, bounds).map(Value::Int).map_err(expected)
}

fn parse_number(value: &Value<'static>) -> Result<Value<'static>, String> {
    let number = match value {
        Value::Int(_) => return Ok(value.clone()),
        Value::Float(number) => Some(*number),
        Value::Text(text) => text.trim().parse().ok(),
        _ => None,
    };
    let finite = number.filter(|number: &f64| number.is_finite());
    finite.map(Value::Float).ok_or_else(|| "expected a number".to_owned())
}

fn date_or_datetime(
    value: &Value<'static>,
    convert: fn(&str) -> Result<String, &'static str>,
) -> Result<Value<'static>, String> {
    let text = value.as_text().ok_or("expected a date as a string")?;
    Ok(convert(text.trim()).map(Value::from)?)
}

fn parse_selection(value: &Value<'static>, field: &Field) -> Result<Value<'static>, String> {
    let Some(keys) = &field.selection else { return parse_text(value) };
    if value.as_text().is_some_and(|text| keys.iter().any(|key| key == text)) {
        return Ok(value.clone());
    }
    let listed = keys.iter().take(20).map(String::as_str).collect::<Vec<_>>().join(", ");
    Err(format!("expected one of {listed}{}", if keys.len() > 20 { ", …" } else { "" }))
}

fn parse_id(value: &Value<'static>) -> Result<Value<'static>, String> {
    let id = match value {
        Value::Text(text) => RecordId::parse(text.trim()),
        other => other.as_int().and_then(RecordId::new),
    };
    id.map(|id| Value::Int(id.get())).ok_or_else(|| "expected a record id".to_owned())
}

fn parse_reference(value: &Value<'static>) -> Result<Value<'static>, String> {
    let pair = value.as_text().and_then(|text| text.split_once(','));
    match pair.map(|(model, id)| (ModelName::parse(model), RecordId::parse(id))) {
        Some((Ok(_), Some(_))) => Ok(value.clone()),
        _ => Err("expected model,id, such as res.partner,7".to_owned()),
    }
}
