//! In which form values of fields are written.
//!
//! In: a value as Odoo answers it, and its column. Out: the value as a caller wants it. Must not know: which family wants it
//! so, what stands behind relations.

use std::borrow::Cow;

use crate::plan::schema::FieldType;
use crate::value::Value;

/// How values are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Style {
    /// A many2one without a block.
    pub many2one: Many2one,
    /// A datetime, which is always UTC.
    pub datetime: Datetime,
    /// An empty value of a field that is no boolean.
    pub empty: Empty,
}

/// How a many2one is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Many2one {
    /// `[7, "Azure"]`, as Odoo.
    #[default]
    Pair,
    /// `{"id": 7, "name": "Azure"}`
    Object,
    /// `7`
    Id,
}

/// How a datetime is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Datetime {
    /// `2026-11-21 08:30:00`, as Odoo.
    #[default]
    Odoo,
    /// `2026-11-21T08:30:00`
    Iso,
    /// `2026-11-21T08:30:00Z`
    Utc,
}

/// How an empty value is written. Odoo itself says `false`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Empty {
    /// `false`, as Odoo.
    #[default]
    False,
    /// `null`, as `Prefer: empty=null` asks.
    Null,
}

impl Style {
    /// Whether nothing has to be written otherwise than Odoo writes it.
    pub(super) fn is_odoos(self) -> bool {
        self == Self::default()
    }

    /// The empty value.
    pub(super) fn empty(self) -> Value<'static> {
        match self.empty {
            Empty::False => Value::Bool(false),
            Empty::Null => Value::Null,
        }
    }

    /// A value of a field of this type.
    pub(super) fn write<'a>(self, value: Value<'a>, kind: FieldType) -> Value<'a> {
        match (kind, value) {
            (FieldType::Boolean, value) => value,
            (_, Value::Bool(false)) => self.empty(),
            (FieldType::Many2one, value) => self.write_many2one(value),
            (FieldType::Datetime, Value::Text(text)) => Value::Text(self.write_datetime(four_digit_year(text))),
            (FieldType::Date, Value::Text(text)) => Value::Text(four_digit_year(text)),
            (_, value) => value,
        }
    }

    fn write_many2one(self, value: Value<'_>) -> Value<'_> {
        match (self.many2one, link(value)) {
            (Many2one::Pair, Link { id, name: Some(name) }) => Value::List(vec![id, name]),
            (Many2one::Object, Link { id, name }) => {
                Value::Map(vec![("id".into(), id), ("name".into(), name.unwrap_or_default())])
            }
            (_, Link { id, .. }) => id,
        }
    }

    fn write_datetime(self, text: Cow<'_, str>) -> Cow<'_, str> {
        let (date, time) = match text.split_once(' ') {
            Some(parts) if self.datetime != Datetime::Odoo => parts,
            _ => return text,
        };
        let zone = if self.datetime == Datetime::Utc { "Z" } else { "" };
        Cow::Owned(format!("{date}T{time}{zone}"))
    }
}

/// Python prints the year 1 as `1`, which nothing reads, Odoo included.
pub(super) fn four_digit_year(text: Cow<'_, str>) -> Cow<'_, str> {
    match text.find('-') {
        Some(digits @ 1..=3) => Cow::Owned(format!("{}{text}", "0".repeat(4 - digits))),
        _ => text,
    }
}

/// What a many2one leads to.
pub(super) struct Link<'a> {
    pub(super) id: Value<'a>,
    pub(super) name: Option<Value<'a>>,
}

/// Reads `[7, "Azure"]` (`read`), `{"id": 7, "display_name": "Azure"}` (`web_read`) and `7` (either, without names).
pub(super) fn link(value: Value<'_>) -> Link<'_> {
    match value {
        Value::List(items) => {
            let mut items = items.into_iter();
            Link { id: items.next().unwrap_or_default(), name: items.next() }
        }
        Value::Map(members) => {
            let mut link = Link { id: Value::Null, name: None };
            for (key, value) in members {
                match key.as_ref() {
                    "id" => link.id = value,
                    "display_name" => link.name = Some(value),
                    _ => {}
                }
            }
            link
        }
        id => Link { id, name: None },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(style: Style, value: Value<'static>, kind: FieldType) -> String {
        serde_json::to_string(&style.write(value, kind)).unwrap()
    }

    #[test]
    fn a_many2one_has_the_wanted_form_whichever_way_odoo_wrote_it() {
        let pair = || Value::List(vec![Value::Int(7), "Azure".into()]);
        let object = || Value::Map(vec![("id".into(), Value::Int(7)), ("display_name".into(), "Azure".into())]);
        for (many2one, expected) in
            [(Many2one::Pair, r#"[7,"Azure"]"#), (Many2one::Object, r#"{"id":7,"name":"Azure"}"#), (Many2one::Id, "7")]
        {
            let style = Style { many2one, ..Style::default() };
            for value in [pair(), object()] {
                assert_eq!(written(style, value, FieldType::Many2one), expected);
            }
            assert_eq!(written(style, Value::Bool(false), FieldType::Many2one), "false");
        }
    }

    #[test]
    fn a_datetime_has_the_wanted_form_and_a_date_stays() {
        for (datetime, expected) in [
            (Datetime::Odoo, r#""2026-11-21 08:30:00""#),
            (Datetime::Iso, r#""2026-11-21T08:30:00""#),
            (Datetime::Utc, r#""2026-11-21T08:30:00Z""#),
        ] {
            let style = Style { datetime, ..Style::default() };
            assert_eq!(written(style, "2026-11-21 08:30:00".into(), FieldType::Datetime), expected);
            assert_eq!(written(style, "2026-11-21".into(), FieldType::Date), r#""2026-11-21""#);
        }
    }

    #[test]
    fn an_empty_value_is_null_where_that_is_preferred_and_a_boolean_never_is() {
        let style = Style { empty: Empty::Null, ..Style::default() };
        for (kind, expected) in
            [(FieldType::Char, "null"), (FieldType::Many2one, "null"), (FieldType::Boolean, "false")]
        {
            assert_eq!(written(style, Value::Bool(false), kind), expected);
        }
    }
}
