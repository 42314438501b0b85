//! Points in time as people read them.
//!
//! In: seconds since 1970. Out: text. Must not know: what happened then.

use time::OffsetDateTime;
use time::macros::format_description;

use crate::clock::format_timestamp;

/// `2027-01-31 12:00:00 UTC`.
pub(super) fn readable_time(seconds: i64) -> String {
    format_timestamp(seconds).replace('T', " ").replace('Z', " UTC")
}

/// The same, or `Never`.
pub(super) fn readable_time_or_never(seconds: Option<i64>) -> String {
    seconds.map_or_else(|| "Never".to_owned(), readable_time)
}

/// `2027-01-31 12:00 UTC`.
pub(super) fn readable_minute(seconds: i64) -> String {
    let format = format_description!("[year]-[month]-[day] [hour]:[minute] UTC");
    let time = OffsetDateTime::from_unix_timestamp(seconds).ok().and_then(|time| time.format(format).ok());
    time.unwrap_or_default()
}

/// The same, or `Never`.
pub(super) fn minute_or_never(seconds: Option<i64>) -> String {
    seconds.map_or_else(|| "Never".to_owned(), readable_minute)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_readable() {
        assert_eq!(readable_time(1_769_860_800), "2026-01-31 12:00:00 UTC");
        assert_eq!(minute_or_never(Some(1_769_860_859)), "2026-01-31 12:00 UTC");
        assert_eq!(minute_or_never(None), "Never");
    }
}
