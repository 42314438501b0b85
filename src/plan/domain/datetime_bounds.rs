//! Comparisons of datetimes, with the same meaning on every version of Odoo.
//!
//! ```text
//!          a date: its day             a datetime: its second      with a fraction
//! x > m    x >= the next day           x >= the next second        unchanged
//! x >= m   x >= the day                x >= the second             unchanged
//! x < m    x < the day                 x < the second              unchanged
//! x <= m   x < the next day            x < the next second         unchanged
//! x = m    x >= the day, x < the next  the same with the second    unchanged
//! ```
//!
//! In: an operator and a value. Out: a [`Condition`]. Must not know: paths. Odoo 14-18 store microseconds, return
//! seconds and compare microseconds, so that `write_date > W` also finds W; 19 compares seconds. 19 interprets a date
//! in the time zone of the user, older versions in UTC.

use time::{Duration, PrimitiveDateTime, Time};

use super::compared_field::ComparedField;
use super::condition::Condition;
use crate::language::domain::Operator;
use crate::plan::datetime::{PartialDatetime, format_date, format_microseconds, format_seconds, parse_datetime};
use crate::value::Value;

/// The relative dates of Odoo 19: `today`, `-3d`, `=monday -1w`.
pub(super) fn is_date_expression(text: &str) -> bool {
    let mut words = text.split_ascii_whitespace().peekable();
    words.peek().is_some()
        && words.enumerate().all(|(n, word)| (n == 0 && matches!(word, "today" | "now")) || is_date_step(word))
}

fn is_date_step(word: &str) -> bool {
    const DAYS: [&str; 8] =
        ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday", "week_start"];
    let Some(step) = word.strip_prefix(['=', '+', '-']) else { return false };
    if DAYS.contains(&step) {
        return true;
    }
    let number = step.strip_suffix(['d', 'w', 'm', 'y', 'H', 'M', 'S']).unwrap_or_default();
    (1..=4).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_digit())
}

/// The value of a comparison with a datetime.
enum ComparedInstant {
    /// The field is empty.
    Empty,
    /// An interval: its first second and the first second after it, if the calendar has one.
    Interval { text: String, start: PrimitiveDateTime, end: Option<PrimitiveDateTime>, is_day: bool },
    /// A value that is sent unchanged.
    Verbatim(Value<'static>),
}

impl ComparedInstant {
    fn parse(field: ComparedField<'_>, value: &Value<'static>) -> Result<Self, &'static str> {
        let text = match value {
            Value::Bool(false) => return Ok(Self::Empty),
            Value::Text(text) => text.trim(),
            _ => return Err("a date and time as a string, or false"),
        };
        if field.major >= 19 && is_date_expression(text) {
            return Ok(Self::Verbatim(Value::from(text.to_owned())));
        }
        let expected = |sentence: &'static str| sentence.strip_prefix("expected ").unwrap_or(sentence);
        Ok(match parse_datetime(text).map_err(expected)? {
            PartialDatetime::Microsecond(moment) => Self::Verbatim(Value::from(format_microseconds(moment))),
            PartialDatetime::Second(start) => Self::interval(start, Duration::SECOND, (format_seconds(start), false)),
            PartialDatetime::Day(day) => {
                Self::interval(PrimitiveDateTime::new(day, Time::MIDNIGHT), Duration::DAY, (format_date(day), true))
            }
        })
    }

    fn interval(start: PrimitiveDateTime, length: Duration, (text, is_day): (String, bool)) -> Self {
        Self::Interval { text, start, end: start.checked_add(length), is_day }
    }

    /// The condition that the field's value is within it.
    fn into_match(self, field: ComparedField<'_>) -> Condition {
        match self {
            Self::Empty => Condition::is_set(false),
            Self::Verbatim(value) => Condition::Compare(Operator::Equal, value),
            // Two conditions on a path with an x2many field can be fulfilled by two different records.
            Self::Interval { text, .. } if field.crosses_x2many && field.major < 17 => {
                Condition::Compare(Operator::Pattern, Value::from(format!("{text}%")))
            }
            Self::Interval { start, end: None, .. } => at(Operator::GreaterOrEqual, start),
            Self::Interval { start, end: Some(end), .. } => {
                Condition::All(vec![at(Operator::GreaterOrEqual, start), at(Operator::Less, end)])
            }
        }
    }

    /// The condition that the field has a value outside of it.
    fn into_mismatch(self) -> Condition {
        match self {
            Self::Empty => Condition::is_set(true),
            Self::Verbatim(value) => Condition::Compare(Operator::NotEqual, value),
            Self::Interval { start, end, .. } => {
                let after = end.map(|end| at(Operator::GreaterOrEqual, end));
                Condition::Any(std::iter::once(at(Operator::Less, start)).chain(after).collect())
            }
        }
    }
}

fn at(operator: Operator, moment: PrimitiveDateTime) -> Condition {
    Condition::Compare(operator, Value::from(format_seconds(moment)))
}

/// The condition that a datetime is before or after a value.
///
/// # Errors
/// What was expected.
pub(super) fn ordering_condition(
    field: ComparedField<'_>,
    operator: Operator,
    value: &Value<'static>,
) -> Result<Condition, &'static str> {
    Ok(match ComparedInstant::parse(field, value)? {
        // No value is before or after an empty one.
        ComparedInstant::Empty => Condition::Any(Vec::new()),
        ComparedInstant::Verbatim(value) => Condition::Compare(operator, value),
        ComparedInstant::Interval { start, end, .. } => match (operator, end) {
            (Operator::Less | Operator::GreaterOrEqual, _) => at(operator, start),
            (Operator::Greater, Some(end)) => at(Operator::GreaterOrEqual, end),
            (Operator::Greater, None) => Condition::Any(Vec::new()),
            (_, Some(end)) => at(Operator::Less, end),
            (_, None) => Condition::is_set(true),
        },
    })
}

/// The condition that a datetime is one of these values.
///
/// # Errors
/// What was expected.
pub(super) fn one_of(field: ComparedField<'_>, values: &[Value<'static>]) -> Result<Condition, &'static str> {
    let instants = instants(field, values)?;
    Ok(match native_condition(field, Operator::In, &instants) {
        Some(condition) => condition,
        None => Condition::Any(instants.into_iter().map(|instant| instant.into_match(field)).collect()),
    })
}

/// The condition that a datetime is none of these values. An empty field matches, unless it is one of the values.
///
/// # Errors
/// What was expected.
pub(super) fn none_of(field: ComparedField<'_>, values: &[Value<'static>]) -> Result<Condition, &'static str> {
    let instants = instants(field, values)?;
    if let Some(condition) = native_condition(field, Operator::NotIn, &instants) {
        return Ok(condition);
    }
    let may_be_empty = !instants.iter().any(|instant| matches!(instant, ComparedInstant::Empty));
    let misses = Condition::All(instants.into_iter().map(ComparedInstant::into_mismatch).collect());
    Ok(if may_be_empty { Condition::Any(vec![Condition::is_set(false), misses]) } else { misses })
}

fn instants(field: ComparedField<'_>, values: &[Value<'static>]) -> Result<Vec<ComparedInstant>, &'static str> {
    values.iter().map(|value| ComparedInstant::parse(field, value)).collect()
}

/// Odoo 19 compares full seconds natively, also in lists.
fn native_condition(field: ComparedField<'_>, operator: Operator, instants: &[ComparedInstant]) -> Option<Condition> {
    let value = |instant: &ComparedInstant| match instant {
        ComparedInstant::Empty => Some(Value::Bool(false)),
        ComparedInstant::Verbatim(value) => Some(value.clone()),
        ComparedInstant::Interval { start, is_day: false, .. } => Some(Value::from(format_seconds(*start))),
        ComparedInstant::Interval { is_day: true, .. } => None,
    };
    if field.major < 19 {
        return None;
    }
    let values = instants.iter().map(value).collect::<Option<Vec<_>>>()?;
    Some(match (operator, values.as_slice()) {
        (Operator::In, [one]) => Condition::Compare(Operator::Equal, one.clone()),
        (Operator::NotIn, [one]) => Condition::Compare(Operator::NotEqual, one.clone()),
        _ => Condition::Compare(operator, Value::List(values)),
    })
}
