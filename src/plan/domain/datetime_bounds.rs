//! Comparisons of datetimes, so that they mean the same on every version of Odoo.
//!
//! ```text
//!          a bare date: its day        a datetime: its second      with a fraction
//! x > m    x >= the next day           x >= the next second        as it stands
//! x >= m   x >= the day                x >= the second             as it stands
//! x < m    x < the day                 x < the second              as it stands
//! x <= m   x < the next day            x < the next second         as it stands
//! x = m    x >= the day, x < the next  the same with the second    as it stands
//! ```
//!
//! In: an operator and a value. Out: a [`Condition`]. Must not know: paths. Odoo 14..18 store microseconds, show
//! seconds and compare both, so that `write_date > W` finds W itself again; 19 compares seconds. 19 reads a bare date
//! in the time zone of the user, the others in UTC.

use time::{Duration, PrimitiveDateTime, Time};

use super::comparand::Subject;
use super::condition::Condition;
use crate::language::domain::Operator;
use crate::plan::datetime::{Moment, parse_moment, print_date, print_exact, print_second};
use crate::value::Value;

/// The days and words that Odoo 19 adds to the present: `today`, `-3d`, `=monday -1w`.
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

/// What a value of a comparison with a datetime is.
enum Point {
    /// The field is empty.
    Empty,
    /// An interval: its first moment and the first behind it, where the calendar has one.
    Span { text: String, start: PrimitiveDateTime, end: Option<PrimitiveDateTime>, is_day: bool },
    /// What is sent as it stands.
    AsIs(Value<'static>),
}

impl Point {
    fn parse(subject: Subject<'_>, value: &Value<'static>) -> Result<Self, &'static str> {
        let text = match value {
            Value::Bool(false) => return Ok(Self::Empty),
            Value::Text(text) => text.trim(),
            _ => return Err("a date and time as text, or false"),
        };
        if subject.major >= 19 && is_date_expression(text) {
            return Ok(Self::AsIs(Value::from(text.to_owned())));
        }
        let expected = |sentence: &'static str| sentence.strip_prefix("expected ").unwrap_or(sentence);
        Ok(match parse_moment(text).map_err(expected)? {
            Moment::Exact(moment) => Self::AsIs(Value::from(print_exact(moment))),
            Moment::Second(start) => Self::span(start, Duration::SECOND, (print_second(start), false)),
            Moment::Day(day) => {
                Self::span(PrimitiveDateTime::new(day, Time::MIDNIGHT), Duration::DAY, (print_date(day), true))
            }
        })
    }

    fn span(start: PrimitiveDateTime, length: Duration, (text, is_day): (String, bool)) -> Self {
        Self::Span { text, start, end: start.checked_add(length), is_day }
    }

    /// The field's value lies in it.
    fn holds(self, subject: Subject<'_>) -> Condition {
        match self {
            Self::Empty => Condition::is_set(false),
            Self::AsIs(value) => Condition::Compare(Operator::Equal, value),
            // Two conditions on a path through several records may hold for two of them.
            Self::Span { text, .. } if subject.through_many && subject.major < 17 => {
                Condition::Compare(Operator::Pattern, Value::from(format!("{text}%")))
            }
            Self::Span { start, end: None, .. } => at(Operator::GreaterOrEqual, start),
            Self::Span { start, end: Some(end), .. } => {
                Condition::All(vec![at(Operator::GreaterOrEqual, start), at(Operator::Less, end)])
            }
        }
    }

    /// The field has a value that does not lie in it.
    fn misses(self) -> Condition {
        match self {
            Self::Empty => Condition::is_set(true),
            Self::AsIs(value) => Condition::Compare(Operator::NotEqual, value),
            Self::Span { start, end, .. } => {
                let behind = end.map(|end| at(Operator::GreaterOrEqual, end));
                Condition::Any(std::iter::once(at(Operator::Less, start)).chain(behind).collect())
            }
        }
    }
}

fn at(operator: Operator, moment: PrimitiveDateTime) -> Condition {
    Condition::Compare(operator, Value::from(print_second(moment)))
}

/// The condition that a datetime is before or behind a moment.
///
/// # Errors
/// What was expected.
pub(super) fn ordered(
    subject: Subject<'_>,
    operator: Operator,
    value: &Value<'static>,
) -> Result<Condition, &'static str> {
    Ok(match Point::parse(subject, value)? {
        // Nothing is before or behind no moment.
        Point::Empty => Condition::Any(Vec::new()),
        Point::AsIs(value) => Condition::Compare(operator, value),
        Point::Span { start, end, .. } => match (operator, end) {
            (Operator::Less | Operator::GreaterOrEqual, _) => at(operator, start),
            (Operator::Greater, Some(end)) => at(Operator::GreaterOrEqual, end),
            (Operator::Greater, None) => Condition::Any(Vec::new()),
            (_, Some(end)) => at(Operator::Less, end),
            (_, None) => Condition::is_set(true),
        },
    })
}

/// The condition that a datetime is one of these moments.
///
/// # Errors
/// What was expected.
pub(super) fn is_one_of(subject: Subject<'_>, values: &[Value<'static>]) -> Result<Condition, &'static str> {
    let points = points(subject, values)?;
    Ok(match natively(subject, Operator::In, &points) {
        Some(condition) => condition,
        None => Condition::Any(points.into_iter().map(|point| point.holds(subject)).collect()),
    })
}

/// The condition that a datetime is none of these moments. An empty field is none of them, unless it is one.
///
/// # Errors
/// What was expected.
pub(super) fn is_none_of(subject: Subject<'_>, values: &[Value<'static>]) -> Result<Condition, &'static str> {
    let points = points(subject, values)?;
    if let Some(condition) = natively(subject, Operator::NotIn, &points) {
        return Ok(condition);
    }
    let may_be_empty = !points.iter().any(|point| matches!(point, Point::Empty));
    let misses = Condition::All(points.into_iter().map(Point::misses).collect());
    Ok(if may_be_empty { Condition::Any(vec![Condition::is_set(false), misses]) } else { misses })
}

fn points(subject: Subject<'_>, values: &[Value<'static>]) -> Result<Vec<Point>, &'static str> {
    values.iter().map(|value| Point::parse(subject, value)).collect()
}

/// Odoo 19 compares whole seconds by itself, in any number.
fn natively(subject: Subject<'_>, operator: Operator, points: &[Point]) -> Option<Condition> {
    let value = |point: &Point| match point {
        Point::Empty => Some(Value::Bool(false)),
        Point::AsIs(value) => Some(value.clone()),
        Point::Span { start, is_day: false, .. } => Some(Value::from(print_second(*start))),
        Point::Span { is_day: true, .. } => None,
    };
    if subject.major < 19 {
        return None;
    }
    let values = points.iter().map(value).collect::<Option<Vec<_>>>()?;
    Some(match (operator, values.as_slice()) {
        (Operator::In, [one]) => Condition::Compare(Operator::Equal, one.clone()),
        (Operator::NotIn, [one]) => Condition::Compare(Operator::NotEqual, one.clone()),
        _ => Condition::Compare(operator, Value::List(values)),
    })
}
