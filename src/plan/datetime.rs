//! Dates and datetimes as clients write them, turned into the one form that Odoo reads.
//!
//! ```text
//! date     = YYYY "-" MM "-" DD
//! datetime = date [ ("T" | "t" | " ") HH ":" MM [ ":" SS [ ("." | ",") digits ] ] [ offset ] ]
//! offset   = [" "] ( "Z" | "z" | ("+" | "-" | " ") HH [":"] MM )
//! ```
//!
//! In: text. Out: `YYYY-MM-DD` or `YYYY-MM-DD HH:MM:SS` in UTC; for domains a [`Moment`], which keeps a fraction. Odoo
//! 14..19 refuse `T`, `Z`, offsets and fractions in values; in domains 14 ignores an offset in silence. A blank before the offset's hours is a `+` that nobody
//! escaped in a query string. A naive time is UTC. Must not know: fields, the caller's time zone.

use time::{Date, Duration, Month, PrimitiveDateTime, Time, UtcOffset};

const EXPECTED_DATE: &str = "expected a date as 2026-01-31";
const EXPECTED_DATETIME: &str = "expected a date and time as 2026-01-31T23:59:59Z";

/// Turns text into what a `date` field takes: a datetime is cut to its day, as Odoo does.
///
/// # Errors
/// The sentence says what was expected, or that the calendar has no such day.
pub(super) fn to_odoo_date(text: &str) -> Result<String, &'static str> {
    let (date, rest) = read_date(text).ok_or(EXPECTED_DATE)?;
    if !rest.is_empty() {
        read_time(rest).ok_or(EXPECTED_DATE)??;
    }
    date.map(print_date)
}

/// Turns text into the value of a `datetime` field. A bare date stays one: Odoo stores its midnight.
///
/// # Errors
/// The sentence says what was expected, or what the calendar lacks.
pub(super) fn to_odoo_datetime(text: &str) -> Result<String, &'static str> {
    Ok(match parse_moment(text)? {
        Moment::Day(date) => print_date(date),
        Moment::Second(moment) | Moment::Exact(moment) => print_second(moment),
    })
}

/// What a text means as a point in time, in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Moment {
    /// A bare date.
    Day(Date),
    /// A datetime without a fraction.
    Second(PrimitiveDateTime),
    /// A datetime with a fraction, cut to microseconds.
    Exact(PrimitiveDateTime),
}

/// Parses a bare date or a datetime.
///
/// # Errors
/// The sentence says what was expected, or what the calendar lacks.
pub(super) fn parse_moment(text: &str) -> Result<Moment, &'static str> {
    let (date, rest) = read_date(text).ok_or(EXPECTED_DATETIME)?;
    let date = date?;
    if rest.is_empty() {
        return Ok(Moment::Day(date));
    }
    let (time, offset) = read_time(rest).ok_or(EXPECTED_DATETIME)??;
    let moment = PrimitiveDateTime::new(date, time.whole).assume_offset(offset);
    let utc = moment.checked_to_utc().ok_or("expected a moment within the calendar")?;
    let whole = PrimitiveDateTime::new(utc.date(), utc.time());
    Ok(match time.microseconds {
        None => Moment::Second(whole),
        Some(fraction) => Moment::Exact(whole.saturating_add(Duration::microseconds(fraction.into()))),
    })
}

/// `YYYY-MM-DD HH:MM:SS`.
pub(super) fn print_second(moment: PrimitiveDateTime) -> String {
    let (hour, minute, second) = moment.as_hms();
    format!("{} {hour:02}:{minute:02}:{second:02}", print_date(moment.date()))
}

/// `YYYY-MM-DD HH:MM:SS.ffffff`.
pub(super) fn print_exact(moment: PrimitiveDateTime) -> String {
    format!("{}.{:06}", print_second(moment), moment.microsecond())
}

/// `YYYY-MM-DD`.
pub(super) fn print_date(date: Date) -> String {
    let (year, month, day) = date.to_calendar_date();
    format!("{year:04}-{:02}-{day:02}", u8::from(month))
}

type Calendar<T> = Result<T, &'static str>;

/// `None`: not of this form. `Some(Err)`: of this form, but the calendar has no such day.
fn read_date(text: &str) -> Option<(Calendar<Date>, &str)> {
    let (year, rest) = digits(text, 4)?;
    let (month, rest) = digits(rest.strip_prefix('-')?, 2)?;
    let (day, rest) = digits(rest.strip_prefix('-')?, 2)?;
    let date = u8::try_from(month)
        .ok()
        .and_then(|month| Month::try_from(month).ok())
        .zip(u8::try_from(day).ok())
        .zip(i32::try_from(year).ok().filter(|year| *year > 0))
        .and_then(|((month, day), year)| Date::from_calendar_date(year, month, day).ok());
    Some((date.ok_or("expected a day of the calendar"), rest))
}

/// A time of the day. `microseconds` is `None` where the text has no fraction.
#[derive(Debug, Clone, Copy)]
struct TimeOfDay {
    whole: Time,
    microseconds: Option<u32>,
}

fn read_time(text: &str) -> Option<Calendar<(TimeOfDay, UtcOffset)>> {
    let (hour, rest) = digits(text.strip_prefix(['T', 't', ' '])?, 2)?;
    let (minute, rest) = digits(rest.strip_prefix(':')?, 2)?;
    let (second, rest) = match rest.strip_prefix(':') {
        Some(rest) => digits(rest, 2)?,
        None => (0, rest),
    };
    let (microseconds, rest) = read_fraction(rest)?;
    let offset = read_offset(rest)?;
    let hms = |n: u32| u8::try_from(n).unwrap_or(u8::MAX);
    let time = Time::from_hms(hms(hour), hms(minute), hms(second)).map_err(|_| "expected a time of the day");
    Some(time.and_then(|whole| Ok((TimeOfDay { whole, microseconds }, offset?))))
}

/// A fraction is cut to microseconds, never rounded into the next second.
fn read_fraction(text: &str) -> Option<(Option<u32>, &str)> {
    let Some(fraction) = text.strip_prefix(['.', ',']) else { return Some((None, text)) };
    let rest = fraction.trim_start_matches(|c: char| c.is_ascii_digit());
    let digits = fraction.strip_suffix(rest).filter(|digits| !digits.is_empty())?;
    let microseconds = digits.chars().chain(std::iter::repeat('0')).take(6);
    let value = microseconds.filter_map(|digit| digit.to_digit(10)).fold(0, |value, digit| value * 10 + digit);
    Some((Some(value), rest))
}

fn read_offset(text: &str) -> Option<Calendar<UtcOffset>> {
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
    Some(
        UtcOffset::from_hms(part(hours), part(minutes), 0)
            .map_err(|_| "expected an offset from UTC of less than a day"),
    )
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
    fn every_accepted_form_becomes_odoos() {
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
    fn what_the_calendar_or_the_form_refuses_is_told_apart() {
        for (text, reason) in [
            ("2026-02-30", "expected a day of the calendar"),
            ("2026-13-01T00:00:00", "expected a day of the calendar"),
            ("0000-01-01", "expected a day of the calendar"),
            ("2026-01-31T24:00:00", "expected a time of the day"),
            ("2026-01-31T10:11:12+99:00", "expected an offset from UTC of less than a day"),
            ("9999-12-31T23:59:59-01:00", "expected a moment within the calendar"),
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
