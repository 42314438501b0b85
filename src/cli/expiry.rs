//! Parses the expiry of a key or an application.
//!
//! ```text
//! expiry = "never" | year "-" month "-" day | duration       a duration from now, such as 90d or 12h
//! ```
//!
//! In: text. Out: a time. Must not know: what expires.

use std::str::FromStr;
use std::time::Duration;

use time::macros::format_description;
use time::{Date, OffsetDateTime};

/// An expiry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Expiry {
    Never,
    /// At the beginning of this day, UTC.
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
    /// The time; `None`: never.
    pub(super) fn resolve(self, now: OffsetDateTime) -> Result<Option<OffsetDateTime>, String> {
        let time = match self {
            Self::Never => return Ok(None),
            Self::On(date) => Some(date.midnight().assume_utc()),
            Self::In(duration) => {
                time::Duration::try_from(duration).ok().and_then(|duration| now.checked_add(duration))
            }
        };
        time.map(Some).ok_or_else(|| "the expiry is too far in the future; use never".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expiry_is_a_duration_a_date_or_never() {
        let now = OffsetDateTime::UNIX_EPOCH;
        let resolve = |text: &str| {
            text.parse::<Expiry>().unwrap().resolve(now).map(|time| time.map(OffsetDateTime::unix_timestamp))
        };
        assert_eq!(resolve("never"), Ok(None));
        assert_eq!(resolve("2d"), Ok(Some(2 * 86_400)));
        assert_eq!(resolve("1970-02-01"), Ok(Some(31 * 86_400)));
        assert!(resolve("99999999 years").is_err());
        for invalid in ["", "soon", "1970-13-01", "-1d"] {
            assert!(invalid.parse::<Expiry>().is_err(), "{invalid}");
        }
    }
}
