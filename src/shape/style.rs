//! The format of field values.
//!
//! In: a value as Odoo returns it, and its column. Out: the value in the requested format. Must not know: which
//! dialect requests it, nested records.

use std::borrow::Cow;

use super::binary_value::text_of_binary;
use crate::plan::model_schema::FieldType;
use crate::value::Value;

/// The formats of values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Style {
    /// A many2one without nested fields.
    pub many2one: Many2oneFormat,
    /// A datetime, always in UTC.
    pub datetime: DatetimeFormat,
    /// An empty value of a field that is not boolean.
    pub empty: EmptyFormat,
    /// The content of a file.
    pub binary: BinaryFormat,
}

/// The format of the content of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BinaryFormat {
    /// Base64, or the size as text, on every version of Odoo.
    #[default]
    Text,
    /// As Odoo returns it: from Odoo 20 on with the name of the file.
    Odoo,
}

/// The format of a many2one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Many2oneFormat {
    /// `[7, "Azure"]`, as in Odoo.
    #[default]
    Pair,
    /// `{"id": 7, "name": "Azure"}`
    Object,
    /// `7`
    Id,
}

/// The format of a datetime.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DatetimeFormat {
    /// `2026-11-21 08:30:00`, as in Odoo.
    #[default]
    Odoo,
    /// `2026-11-21T08:30:00`
    Iso,
    /// `2026-11-21T08:30:00Z`
    Utc,
}

/// The format of an empty value. Odoo returns `false`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum EmptyFormat {
    /// `false`, as in Odoo.
    #[default]
    False,
    /// `null`, requested by `Prefer: empty=null`.
    Null,
}

impl Style {
    /// Whether all formats are those of Odoo.
    pub(super) fn is_odoo_default(self) -> bool {
        self == Self::default()
    }

    /// The empty value.
    pub(super) fn empty(self) -> Value<'static> {
        match self.empty {
            EmptyFormat::False => Value::Bool(false),
            EmptyFormat::Null => Value::Null,
        }
    }

    /// The value of a field of this type in the requested format.
    pub(super) fn format<'a>(self, value: Value<'a>, kind: FieldType) -> Value<'a> {
        match (kind, value) {
            (FieldType::Boolean, value) => value,
            (_, Value::Bool(false)) => self.empty(),
            (FieldType::Many2one, value) => self.format_many2one(value),
            (FieldType::Datetime, Value::Text(text)) => Value::Text(self.format_datetime(four_digit_year(text))),
            (FieldType::Date, Value::Text(text)) => Value::Text(four_digit_year(text)),
            (FieldType::Binary, value @ Value::Map(_)) if self.binary == BinaryFormat::Text => text_of_binary(value),
            (_, value) => value,
        }
    }

    fn format_many2one(self, value: Value<'_>) -> Value<'_> {
        if self.many2one == Many2oneFormat::Pair && value.as_list().is_some_and(|items| items.len() == 2) {
            return value;
        }
        match (self.many2one, link(value)) {
            (Many2oneFormat::Pair, Many2oneValue { id, name: Some(name) }) => Value::List(vec![id, name]),
            (Many2oneFormat::Object, Many2oneValue { id, name }) => {
                Value::Map(vec![("id".into(), id), ("name".into(), name.unwrap_or_default())])
            }
            (_, Many2oneValue { id, .. }) => id,
        }
    }

    fn format_datetime(self, text: Cow<'_, str>) -> Cow<'_, str> {
        let (date, time) = match text.split_once(' ') {
            Some(parts) if self.datetime != DatetimeFormat::Odoo => parts,
            _ => return text,
        };
        let zone = if self.datetime == DatetimeFormat::Utc { "Z" } else { "" };
        Cow::Owned([date, "T", time, zone].concat())
    }
}

/// Python prints the year 1 as `1`, which no parser accepts, not even Odoo's.
pub(super) fn four_digit_year(text: Cow<'_, str>) -> Cow<'_, str> {
    match text.find('-') {
        Some(digits @ 1..=3) => Cow::Owned(format!("{}{text}", "0".repeat(4 - digits))),
        _ => text,
    }
}

/// The parts of a many2one value.
pub(super) struct Many2oneValue<'a> {
    pub(super) id: Value<'a>,
    pub(super) name: Option<Value<'a>>,
}

/// Parses `[7, "Azure"]` (`read`), `{"id": 7, "display_name": "Azure"}` (`web_read`) and `7` (either, without names).
pub(super) fn link(value: Value<'_>) -> Many2oneValue<'_> {
    match value {
        Value::List(items) => {
            let mut items = items.into_iter();
            Many2oneValue { id: items.next().unwrap_or_default(), name: items.next() }
        }
        Value::Map(members) => {
            let mut link = Many2oneValue { id: Value::Null, name: None };
            for (key, value) in members {
                match key.as_ref() {
                    "id" => link.id = value,
                    "display_name" => link.name = Some(value),
                    _ => {}
                }
            }
            link
        }
        id => Many2oneValue { id, name: None },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(style: Style, value: Value<'static>, kind: FieldType) -> String {
        serde_json::to_string(&style.format(value, kind)).unwrap()
    }

    #[test]
    fn a_many2one_has_the_requested_format_for_every_response_of_odoo() {
        let pair = || Value::List(vec![Value::Int(7), "Azure".into()]);
        let object = || Value::Map(vec![("id".into(), Value::Int(7)), ("display_name".into(), "Azure".into())]);
        for (many2one, expected) in [
            (Many2oneFormat::Pair, r#"[7,"Azure"]"#),
            (Many2oneFormat::Object, r#"{"id":7,"name":"Azure"}"#),
            (Many2oneFormat::Id, "7"),
        ] {
            let style = Style { many2one, ..Style::default() };
            for value in [pair(), object()] {
                assert_eq!(written(style, value, FieldType::Many2one), expected);
            }
            assert_eq!(written(style, Value::Bool(false), FieldType::Many2one), "false");
        }
    }

    #[test]
    fn a_datetime_has_the_requested_format_and_a_date_is_unchanged() {
        for (datetime, expected) in [
            (DatetimeFormat::Odoo, r#""2026-11-21 08:30:00""#),
            (DatetimeFormat::Iso, r#""2026-11-21T08:30:00""#),
            (DatetimeFormat::Utc, r#""2026-11-21T08:30:00Z""#),
        ] {
            let style = Style { datetime, ..Style::default() };
            assert_eq!(written(style, "2026-11-21 08:30:00".into(), FieldType::Datetime), expected);
            assert_eq!(written(style, "2026-11-21".into(), FieldType::Date), r#""2026-11-21""#);
        }
    }

    #[test]
    fn content_of_a_file_is_base64_unless_its_name_is_needed() {
        let object = || Value::Map(vec![("content".into(), "aGk=".into()), ("size".into(), Value::Int(2))]);
        assert_eq!(written(Style::default(), object(), FieldType::Binary), r#""aGk=""#);
        assert_eq!(written(Style::default(), object(), FieldType::Json), r#"{"content":"aGk=","size":2}"#);
        let style = Style { binary: BinaryFormat::Odoo, ..Style::default() };
        assert_eq!(written(style, object(), FieldType::Binary), r#"{"content":"aGk=","size":2}"#);
    }

    #[test]
    fn empty_values_are_null_if_preferred_except_booleans() {
        let style = Style { empty: EmptyFormat::Null, ..Style::default() };
        for (kind, expected) in
            [(FieldType::Char, "null"), (FieldType::Many2one, "null"), (FieldType::Boolean, "false")]
        {
            assert_eq!(written(style, Value::Bool(false), kind), expected);
        }
    }
}
