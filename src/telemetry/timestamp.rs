//! The time of a log line in UTC: RFC 3339 with microseconds.
//!
//! In: the system's clock. Out: text. Must not know: what is logged. The date is formatted once per second and thread,
//! because formatting it takes longer than writing the rest of a line.

use std::cell::RefCell;
use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

use time::OffsetDateTime;
use tracing_subscriber::fmt::format::Writer;

thread_local! {
    /// The last formatted second.
    static SECOND: RefCell<Second> = const { RefCell::new(Second { timestamp: i64::MIN, text: String::new() }) };
}

struct Second {
    timestamp: i64,
    text: String,
}

/// Writes the current time.
pub(super) fn write_now(writer: &mut Writer<'_>) -> fmt::Result {
    #[expect(clippy::disallowed_methods, reason = "log lines have the real time, whatever clock the gateway uses")]
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    write(writer, i64::try_from(since.as_secs()).unwrap_or_default(), since.subsec_micros())
}

fn write(writer: &mut Writer<'_>, timestamp: i64, microseconds: u32) -> fmt::Result {
    SECOND.with_borrow_mut(|second| {
        if second.timestamp != timestamp {
            *second = Second { timestamp, text: format_second(timestamp) };
        }
        writer.write_str(&second.text)
    })?;
    let mut fraction = *b".000000Z";
    let mut rest = microseconds;
    for digit in fraction.iter_mut().skip(1).take(6).rev() {
        *digit += u8::try_from(rest % 10).unwrap_or_default();
        rest /= 10;
    }
    writer.write_str(std::str::from_utf8(&fraction).unwrap_or_default())
}

fn format_second(timestamp: i64) -> String {
    let at = OffsetDateTime::from_unix_timestamp(timestamp).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    let (year, month, day) = at.to_calendar_date();
    let (hour, minute, second) = at.to_hms();
    format!("{year:04}-{:02}-{day:02}T{hour:02}:{minute:02}:{second:02}", u8::from(month))
}

#[cfg(test)]
mod tests {
    use tracing_subscriber::fmt::time::FormatTime as _;

    use super::*;

    fn written(timestamp: i64, microseconds: u32) -> String {
        let mut text = String::new();
        write(&mut Writer::new(&mut text), timestamp, microseconds).unwrap();
        text
    }

    #[test]
    fn times_have_six_digits_after_the_second() {
        for (timestamp, microseconds, expected) in [
            (0, 0, "1970-01-01T00:00:00.000000Z"),
            (1_800_000_000, 1, "2027-01-15T08:00:00.000001Z"),
            (1_800_000_000, 999_999, "2027-01-15T08:00:00.999999Z"),
            (1_800_000_001, 120_000, "2027-01-15T08:00:01.120000Z"),
            (951_782_399, 50, "2000-02-28T23:59:59.000050Z"),
        ] {
            assert_eq!(written(timestamp, microseconds), expected);
        }
    }

    #[test]
    fn the_current_time_is_that_of_tracing_subscriber() {
        let [mut before, mut now, mut after] = [const { String::new() }; 3];
        tracing_subscriber::fmt::time::SystemTime.format_time(&mut Writer::new(&mut before)).unwrap();
        write_now(&mut Writer::new(&mut now)).unwrap();
        tracing_subscriber::fmt::time::SystemTime.format_time(&mut Writer::new(&mut after)).unwrap();
        assert!(before <= now && now <= after && now.len() == after.len(), "{before} {now} {after}");
    }
}
