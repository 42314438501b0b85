//! When something ends, as an administrator writes it.
//!
//! ```text
//! expiry = "never" | year "-" month "-" day | time       a time from now, as 90d or 12h
//! ```
//!
//! In: text. Out: a moment. Must not know: what ends.

use std::str::FromStr;
use std::time::Duration;

use time::macros::format_description;
use time::{Date, OffsetDateTime};

/// When it ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Expiry {
    Never,
    /// With the beginning of this day, UTC.
    On(Date),
    In(Duration),
}

impl FromStr for Expiry {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "never" {
            return Ok(Self::Never);
        }
        if let Ok(date) = Date::parse(text, format_description!("[year]-[month]-[day]")) {
            return Ok(Self::On(date));
        }
        humantime::parse_duration(text).map(Self::In).map_err(|_| "expected 90d, 2027-01-31 or never".to_owned())
    }
}

impl Expiry {
    /// The moment; `None`: there is no end.
    pub(super) fn from(self, now: OffsetDateTime) -> Result<Option<OffsetDateTime>, String> {
        let ends = match self {
            Self::Never => return Ok(None),
            Self::On(date) => Some(date.midnight().assume_utc()),
            Self::In(time) => time::Duration::try_from(time).ok().and_then(|time| now.checked_add(time)),
        };
        ends.map(Some).ok_or_else(|| "that end is too far away; write never".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_is_a_time_a_day_or_never() {
        let now = OffsetDateTime::UNIX_EPOCH;
        let of =
            |text: &str| text.parse::<Expiry>().unwrap().from(now).map(|end| end.map(OffsetDateTime::unix_timestamp));
        assert_eq!(of("never"), Ok(None));
        assert_eq!(of("2d"), Ok(Some(2 * 86_400)));
        assert_eq!(of("1970-02-01"), Ok(Some(31 * 86_400)));
        assert!(of("99999999 years").is_err());
        for nonsense in ["", "soon", "1970-13-01", "-1d"] {
            assert!(nonsense.parse::<Expiry>().is_err(), "{nonsense}");
        }
    }
}
