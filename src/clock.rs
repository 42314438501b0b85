//! Time as an argument, so that expiry, throttling, and cool-downs are tested without sleeping.
//!
//! In: nothing. Out: the current UTC time, from the system or from a manual clock; times as text. Must not know: anything
//! else. The only place that reads the system clock.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use time::OffsetDateTime;
use time::macros::format_description;

/// A source of time; clones share it.
#[derive(Clone)]
pub struct Clock(Source);

#[derive(Clone)]
enum Source {
    System,
    Manual(Arc<AtomicI64>),
}

impl Clock {
    /// The system clock.
    #[must_use]
    pub fn system() -> Self {
        Self(Source::System)
    }

    /// A clock that does not move until it is [advanced](Self::advance).
    #[must_use]
    pub fn manual(start: OffsetDateTime) -> Self {
        let nanoseconds = i64::try_from(start.unix_timestamp_nanos()).unwrap_or(i64::MAX);
        Self(Source::Manual(Arc::new(AtomicI64::new(nanoseconds))))
    }

    /// Moves a manual clock forward; does nothing to the system clock.
    pub fn advance(&self, by: Duration) {
        if let Source::Manual(now) = &self.0 {
            now.fetch_add(i64::try_from(by.as_nanos()).unwrap_or(i64::MAX), Ordering::SeqCst);
        }
    }

    /// The current time in UTC.
    #[must_use]
    pub fn now(&self) -> OffsetDateTime {
        match &self.0 {
            #[expect(clippy::disallowed_methods, reason = "the only place that reads the system clock")]
            Source::System => OffsetDateTime::now_utc(),
            Source::Manual(now) => OffsetDateTime::from_unix_timestamp_nanos(now.load(Ordering::SeqCst).into())
                .unwrap_or(OffsetDateTime::UNIX_EPOCH),
        }
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self.0 {
            Source::System => "Clock(system)",
            Source::Manual(_) => "Clock(manual)",
        })
    }
}

/// Unix time as `2027-01-31T12:00:00Z`; empty if it is out of range.
#[must_use]
pub fn format_timestamp(seconds: i64) -> String {
    let format = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]Z");
    OffsetDateTime::from_unix_timestamp(seconds).ok().and_then(|at| at.format(format).ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timestamps_are_in_utc() {
        assert_eq!(format_timestamp(0), "1970-01-01T00:00:00Z");
        assert_eq!(format_timestamp(i64::MAX), "");
    }
}
