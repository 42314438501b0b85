//! A gateway that gets no slot although callers wait: for how long that may last.
//!
//! In: how many callers wait, and what each renewal grants. Out: whether the gateway takes a slot. Must not know: the
//! slots themselves.

use std::time::{Duration, Instant};

/// How long callers wait at a gateway that gets no slot, before it takes one.
const MAX_WAIT: Duration = Duration::from_secs(1);

/// Whether callers wait while the renewals grant nothing, and since when.
#[derive(Debug, Clone, Default)]
pub(super) struct Denial {
    is_denied: bool,
    since: Option<Instant>,
    is_too_long: bool,
}

impl Denial {
    /// A renewal begins.
    pub(super) fn observe(&mut self, now: Instant, waiting: usize) {
        self.since = (self.is_denied && waiting > 0).then(|| self.since.unwrap_or(now));
        self.is_too_long = self.since.is_some_and(|since| now.saturating_duration_since(since) >= MAX_WAIT);
    }

    /// The slots to hold after that renewal, which grants this number.
    pub(super) fn at_least_one(&mut self, granted: usize) -> usize {
        self.is_denied = granted == 0;
        granted.max(self.is_too_long.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_a_second_without_a_slot_one_is_taken_as_long_as_callers_wait() {
        let (mut denial, start) = (Denial::default(), Instant::now());
        let mut renew = |ms, waiting, granted| {
            denial.observe(start + Duration::from_millis(ms), waiting);
            denial.at_least_one(granted)
        };
        assert_eq!([renew(0, 1, 0), renew(100, 2, 0), renew(1000, 2, 0), renew(1100, 1, 0)], [0, 0, 0, 1]);
        assert_eq!([renew(1200, 1, 0), renew(1300, 0, 0), renew(1400, 1, 0)], [1, 0, 0], "nobody waits any more");
        assert_eq!([renew(2400, 1, 2), renew(2500, 1, 0), renew(3400, 1, 0)], [2, 0, 0], "it has got some");
    }
}
