//! The date and datetime formats that clients send, converted to the formats of Odoo.
//!
//! ```text
//! date     = YYYY "-" MM "-" DD
//! datetime = date [ ("T" | "t" | " ") HH ":" MM [ ":" SS [ ("." | ",") digits ] ] [ offset ] ]
//! offset   = [" "] ( "Z" | "z" | ("+" | "-" | " ") HH [":"] MM )
//! ```
//!
//! In: text. Out: `YYYY-MM-DD` or `YYYY-MM-DD HH:MM:SS` in UTC; for domains a [`PartialDatetime`], which preserves a
//! fraction. Odoo 14-19 reject `T`, `Z`, offsets and fractions in values; in domains 14 ignores offsets silently. A
//! space before the hours of an offset is a `+` that was not escaped in a query string. A datetime without an offset
//! is UTC. Must not know: fields, the user's time zone.

use time::{Date, Duration, Month, PrimitiveDateTime, Time, UtcOffset};

const EXPECTED_DATE: &str = "expected a date as 2026-01-31";
const EXPECTED_DATETIME: &str = "expected a date and time as 2026-01-31T23:59:59Z";

/// Converts text to the value of a `date` field. A datetime is truncated to its day, as in Odoo.
///
/// # Errors
/// The message says what was expected.
pub(super) fn to_odoo_date(text: &str) -> Result<String, &'static str> {
    let (date, rest) = parse_date(text).ok_or(EXPECTED_DATE)?;
    if !rest.is_empty() {
        parse_time(rest).ok_or(EXPECTED_DATE)??;
    }
    date.map(format_date)
}

/// Converts text to the value of a `datetime` field. A date stays a date: Odoo stores its midnight.
///
/// # Errors
/// The message says what was expected.
pub(super) fn to_odoo_datetime(text: &str) -> Result<String, &'static str> {
    Ok(match parse_datetime(text)? {
        PartialDatetime::Day(date) => format_date(date),
        PartialDatetime::Second(moment) | PartialDatetime::Microsecond(moment) => format_seconds(moment),
    })
}

/// A date or datetime in the precision of its text, in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PartialDatetime {
    /// A bare date.
    Day(Date),
    /// A datetime without a fraction.
    Second(PrimitiveDateTime),
    /// A datetime with a fraction, truncated to microseconds.
    Microsecond(PrimitiveDateTime),
}

/// Parses a date or a datetime.
///
/// # Errors
/// The message says what was expected.
pub(super) fn parse_datetime(text: &str) -> Result<PartialDatetime, &'static str> {
    let (date, rest) = parse_date(text).ok_or(EXPECTED_DATETIME)?;
    let date = date?;
    if rest.is_empty() {
        return Ok(PartialDatetime::Day(date));
    }
    let (time, offset) = parse_time(rest).ok_or(EXPECTED_DATETIME)??;
    let moment = PrimitiveDateTime::new(date, time.seconds).assume_offset(offset);
    let utc = moment.checked_to_utc().ok_or("expected a datetime before the year 10000")?;
    let seconds = PrimitiveDateTime::new(utc.date(), utc.time());
    Ok(match time.microseconds {
        None => PartialDatetime::Second(seconds),
        Some(fraction) => PartialDatetime::Microsecond(seconds.saturating_add(Duration::microseconds(fraction.into()))),
    })
}

/// `YYYY-MM-DD HH:MM:SS`.
pub(super) fn format_seconds(moment: PrimitiveDateTime) -> String {
    let (hour, minute, second) = moment.as_hms();
    format!("{} {hour:02}:{minute:02}:{second:02}", format_date(moment.date()))
}

/// `YYYY-MM-DD HH:MM:SS.ffffff`.
pub(super) fn format_microseconds(moment: PrimitiveDateTime) -> String {
    format!("{}.{:06}", format_seconds(moment), moment.microsecond())
}

/// `YYYY-MM-DD`.
pub(super) fn format_date(date: Date) -> String {
    let (year, month, day) = date.to_calendar_date();
    format!("{year:04}-{:02}-{day:02}", u8::from(month))
}

type Calendar<T> = Result<T, &'static str>;

/// `None`: another format. `Some(Err)`: the format is right, but the calendar has no such day.
fn parse_date(text: &str) -> Option<(Calendar<Date>, &str)> {
    let (year, rest) = digits(text, 4)?;
    let (month, rest) = digits(rest.strip_prefix('-')?, 2)?;
    let (day, rest) = digits(rest.strip_prefix('-')?, 2)?;
    let date = u8::try_from(month)
        .ok()
        .and_then(|month| Month::try_from(month).ok())
        .zip(u8::try_from(day).ok())
        .zip(i32::try_from(year).ok().filter(|year| *year > 0))
        .and_then(|((month, day), year)| Date::from_calendar_date(year, month, day).ok());
    Some((date.ok_or("expected a day that exists in the calendar"), rest))
}

/// A time of day. `microseconds` is `None` if the text has no fraction.
#[derive(Debug, Clone, Copy)]
struct TimeOfDay {
    seconds: Time,
    microseconds: Option<u32>,
}

fn parse_time(text: &str) -> Option<Calendar<(TimeOfDay, UtcOffset)>> {
    let (hour, rest) = digits(text.strip_prefix(['T', 't', ' '])?, 2)?;
    let (minute, rest) = digits(rest.strip_prefix(':')?, 2)?;
    let (second, rest) = match rest.strip_prefix(':') {
        Some(rest) => digits(rest, 2)?,
        None => (0, rest),
    };
    let (microseconds, rest) = parse_fraction(rest)?;
    let offset = parse_offset(rest)?;
    let hms = |n: u32| u8::try_from(n).unwrap_or(u8::MAX);
    let time = Time::from_hms(hms(hour), hms(minute), hms(second)).map_err(|_| "expected a time of day");
    Some(time.and_then(|seconds| Ok((TimeOfDay { seconds, microseconds }, offset?))))
}

/// A fraction is truncated to microseconds, never rounded up to the next second.
fn parse_fraction(text: &str) -> Option<(Option<u32>, &str)> {
    let Some(fraction) = text.strip_prefix(['.', ',']) else { return Some((None, text)) };
    let rest = fraction.trim_start_matches(|c: char| c.is_ascii_digit());
    let digits = fraction.strip_suffix(rest).filter(|digits| !digits.is_empty())?;
    let microseconds = digits.chars().chain(std::iter::repeat('0')).take(6);
    let value = microseconds.filter_map(|digit| digit.to_digit(10)).fold(0, |value, digit| value * 10 + digit);
    Some((Some(value), rest))
}

fn parse_offset(text: &str) -> Option<Calendar<UtcOffset>> {
    if text.is_empty() {
        return Some(Ok(UtcOffset::UTC));
    }
    let text = match text.strip_prefix(' ') {
        Some(rest) if !rest.starts_with(|c: char| c.is_ascii_digit()) => rest,
        _ => text,
    };
    if matches!(text, "Z" | "z") {
        return Some(Ok(UtcOffset::UTC));
    }
    let negative = text.starts_with('-');
    let (hours, rest) = digits(text.strip_prefix(['+', '-', ' '])?, 2)?;
    let (minutes, rest) = digits(rest.strip_prefix(':').unwrap_or(rest), 2)?;
    if !rest.is_empty() {
        return None;
    }
    let sign = if negative { -1 } else { 1 };
    let part = |n: u32| i8::try_from(n).map_or(i8::MAX, |n| n * sign);
    Some(UtcOffset::from_hms(part(hours), part(minutes), 0).map_err(|_| "expected a UTC offset of less than a day"))
}

fn digits(text: &str, count: usize) -> Option<(u32, &str)> {
    let (digits, rest) = text.split_at_checked(count)?;
    digits.bytes().all(|byte| byte.is_ascii_digit()).then_some(())?;
    Some((digits.parse().ok()?, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_accepted_format_is_converted_to_odoos() {
        for (text, odoo) in [
            ("2026-01-31", "2026-01-31"),
            ("2026-01-31 10:11:12", "2026-01-31 10:11:12"),
            ("2026-01-31T10:11:12", "2026-01-31 10:11:12"),
            ("2026-01-31T10:11", "2026-01-31 10:11:00"),
            ("2026-01-31T10:11:12Z", "2026-01-31 10:11:12"),
            ("2026-01-31T10:11:12.987654Z", "2026-01-31 10:11:12"),
            ("2026-01-31T10:11:12+02:00", "2026-01-31 08:11:12"),
            ("2026-01-31T10:11:12 02:00", "2026-01-31 08:11:12"),
            ("2026-01-31 10:11:12 +02:00", "2026-01-31 08:11:12"),
            ("2026-01-31T23:30:00-0130", "2026-02-01 01:00:00"),
            ("2024-02-29T00:00:00+00:01", "2024-02-28 23:59:00"),
        ] {
            assert_eq!(to_odoo_datetime(text).as_deref(), Ok(odoo), "{text}");
        }
        assert_eq!(to_odoo_date("2026-01-31T23:30:00-01:30").as_deref(), Ok("2026-01-31"));
    }

    #[test]
    fn invalid_formats_and_invalid_days_have_different_errors() {
        for (text, reason) in [
            ("2026-02-30", "expected a day that exists in the calendar"),
            ("2026-13-01T00:00:00", "expected a day that exists in the calendar"),
            ("0000-01-01", "expected a day that exists in the calendar"),
            ("2026-01-31T24:00:00", "expected a time of day"),
            ("2026-01-31T10:11:12+99:00", "expected a UTC offset of less than a day"),
            ("9999-12-31T23:59:59-01:00", "expected a datetime before the year 10000"),
            ("", EXPECTED_DATETIME),
            ("notadate", EXPECTED_DATETIME),
            ("2026-1-3", EXPECTED_DATETIME),
            ("2026-01-31T10:11:12.", EXPECTED_DATETIME),
            ("2026-01-31T10:11:12 Europe/Paris", EXPECTED_DATETIME),
            ("2026-01-31x", EXPECTED_DATETIME),
            ("２０２６-01-31", EXPECTED_DATETIME),
        ] {
            assert_eq!(to_odoo_datetime(text), Err(reason), "{text}");
        }
    }
}
