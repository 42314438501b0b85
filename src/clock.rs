//! Time as an argument: expiry, throttles and cool-downs are tested without sleeping.
//!
//! In: nothing. Out: the wall clock and a monotonic one. Must not know: anything else. The only place that
//! reads the system's clock.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use time::OffsetDateTime;

/// A shareable source of time.
#[derive(Clone)]
pub struct Clock(Source);

#[derive(Clone)]
enum Source {
    System,
    Manual(Arc<AtomicI64>),
}

impl Clock {
    /// The machine's clock.
    #[must_use]
    pub fn system() -> Self {
        Self(Source::System)
    }

    /// A clock that stands still until it is [advanced](Self::advance).
    #[must_use]
    pub fn manual(start: OffsetDateTime) -> Self {
        let nanoseconds = i64::try_from(start.unix_timestamp_nanos()).unwrap_or(i64::MAX);
        Self(Source::Manual(Arc::new(AtomicI64::new(nanoseconds))))
    }

    /// Moves a manual clock forward; the system's clock stays as it is.
    pub fn advance(&self, by: Duration) {
        if let Source::Manual(now) = &self.0 {
            now.fetch_add(i64::try_from(by.as_nanos()).unwrap_or(i64::MAX), Ordering::SeqCst);
        }
    }

    /// The current moment, UTC.
    #[must_use]
    pub fn now(&self) -> OffsetDateTime {
        match &self.0 {
            #[expect(clippy::disallowed_methods, reason = "this is the one place that may")]
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
