//! The left side of a term: a field, or a path of fields, optionally with a date part at the end.
//!
//! ```text
//! path = first { "." name }                at most 16 names of 1 to 128 bytes
//! first = [A-Za-z_][A-Za-z0-9_]*           a field
//! name  = [A-Za-z0-9_]+                    a field, a property, a date part
//! ```
//!
//! In: text. Out: a well-formed [`FieldPath`]. Must not know: which fields exist.

use std::borrow::Cow;
use std::fmt;

/// A field and what is reached from it: `name`, `parent_id.name`, `create_date.month_number`, `properties.a1b2`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct FieldPath<'a>(Cow<'a, str>);

impl<'a> FieldPath<'a> {
    /// Parses a path.
    ///
    /// # Errors
    /// Returns `text` if it is outside the grammar.
    pub fn parse(text: impl Into<Cow<'a, str>>) -> Result<Self, Cow<'a, str>> {
        let text = text.into();
        if is_path(&text) { Ok(Self(text)) } else { Err(text) }
    }

    /// The path with its dots.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The names between the dots, at least one.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.split('.')
    }

    /// The first name: a field of the searched model.
    #[must_use]
    pub fn first(&self) -> &str {
        self.0.split_once('.').map_or(&self.0, |(first, _)| first)
    }

    /// The path with owned text.
    #[must_use]
    pub fn into_owned(self) -> FieldPath<'static> {
        FieldPath(Cow::Owned(self.0.into_owned()))
    }

    pub(super) fn into_text(self) -> Cow<'a, str> {
        self.0
    }
}

impl fmt::Display for FieldPath<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

fn is_path(text: &str) -> bool {
    let mut names = text.split('.');
    let begins_well = text.bytes().next().is_some_and(|first| first.is_ascii_alphabetic() || first == b'_');
    begins_well && names.by_ref().take(16).all(is_name) && names.next().is_none()
}

fn is_name(name: &str) -> bool {
    (1..=128).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// A part of a date or datetime, as a number, at the end of a path. Odoo 18 and later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DatePart {
    /// `year_number`.
    Year,
    /// `quarter_number`, 1 to 4.
    Quarter,
    /// `month_number`, 1 to 12.
    Month,
    /// `iso_week_number`, 1 to 53.
    IsoWeek,
    /// `day_of_year`, 1 to 366.
    DayOfYear,
    /// `day_of_month`, 1 to 31.
    DayOfMonth,
    /// `day_of_week`, 0 (Sunday) to 6.
    DayOfWeek,
    /// `hour_number`, 0 to 23.
    Hour,
    /// `minute_number`, 0 to 59.
    Minute,
    /// `second_number`, 0 to 59.
    Second,
}

impl DatePart {
    /// The part with this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "year_number" => Self::Year,
            "quarter_number" => Self::Quarter,
            "month_number" => Self::Month,
            "iso_week_number" => Self::IsoWeek,
            "day_of_year" => Self::DayOfYear,
            "day_of_month" => Self::DayOfMonth,
            "day_of_week" => Self::DayOfWeek,
            "hour_number" => Self::Hour,
            "minute_number" => Self::Minute,
            "second_number" => Self::Second,
            _ => return None,
        })
    }

    /// Whether a `date` has the part; a `datetime` has all of them.
    #[must_use]
    pub const fn is_part_of_date(self) -> bool {
        !matches!(self, Self::Hour | Self::Minute | Self::Second)
    }

    /// Whether Odoo `major` supports date parts.
    #[must_use]
    pub const fn is_available_in(major: u8) -> bool {
        major >= 18
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_names_with_dots_between_them() {
        for good in ["id", "parent_id.name", "_x", "a.b.c", "properties.0f3a", "create_date.month_number"] {
            let path = FieldPath::parse(good).unwrap();
            assert_eq!(path.names().collect::<Vec<_>>().join("."), good);
            assert_eq!(Some(path.first()), good.split('.').next());
        }
        let (long, deep) = ("a".repeat(129), ["a"; 17].join("."));
        for bad in ["", ".", "a.", ".a", "a..b", "0a", "a b", "a:b", "na\u{ef}ve", "a\0", "a-b", &long, &deep] {
            assert!(FieldPath::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn date_parts_are_parsed_by_name() {
        assert_eq!(DatePart::parse("month_number"), Some(DatePart::Month));
        assert_eq!(DatePart::parse("month"), None);
        assert!(DatePart::Month.is_part_of_date() && !DatePart::Hour.is_part_of_date());
        assert!(DatePart::is_available_in(18) && !DatePart::is_available_in(17));
    }
}
