//! The usage of an API key or application: requests and errors, by hour and by day.
//!
//! In: stored sums of hours. Out: series without gaps. Must not know: how requests are counted.

use super::{AdminError, Administration};
use crate::store::HourlyUsage;

/// The number of hours in a report.
const HOURS: i64 = 24;
/// The number of days in a report.
const DAYS: i64 = 30;
const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;

/// The requests of an hour or a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct UsagePoint {
    /// When it began, in seconds since 1970.
    pub at: i64,
    /// The number of requests.
    pub requests: u64,
    /// The number of requests that failed: with a status of 400 or more.
    pub errors: u64,
}

/// The usage of an API key or application with all its tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsageReport {
    /// The last 24 hours. The last point is the current hour.
    pub hours: Vec<UsagePoint>,
    /// The last 30 days, UTC. The last point is today.
    pub days: Vec<UsagePoint>,
}

impl UsageReport {
    /// Builds the report from the sums of hours, at this time.
    fn new(usage: &[HourlyUsage], now: i64) -> Self {
        Self { hours: series(usage, now, HOUR, HOURS), days: series(usage, now, DAY, DAYS) }
    }

    /// The time at which the first day of a report begins.
    fn first_day(now: i64) -> i64 {
        now - now.rem_euclid(DAY) - DAY * (DAYS - 1)
    }

    /// The requests and errors of all points, at the time of the first.
    #[must_use]
    pub fn total(points: &[UsagePoint]) -> UsagePoint {
        let first = points.first().copied().map_or(0, |point| point.at);
        points.iter().fold(UsagePoint { at: first, ..UsagePoint::default() }, |sum, point| UsagePoint {
            requests: sum.requests.saturating_add(point.requests),
            errors: sum.errors.saturating_add(point.errors),
            ..sum
        })
    }
}

/// Sums up usage in `count` steps of `seconds`. The last step contains `now`.
fn series(usage: &[HourlyUsage], now: i64, seconds: i64, count: i64) -> Vec<UsagePoint> {
    let last = now - now.rem_euclid(seconds);
    let starts = (0..count).rev().map(|back| last - seconds * back);
    let within = |start: i64| usage.iter().filter(move |hour| (start..start + seconds).contains(&hour.hour));
    let point = |start| {
        let parts: Vec<UsagePoint> =
            within(start).map(|hour| UsagePoint { at: start, requests: hour.requests, errors: hour.errors }).collect();
        UsagePoint { at: start, ..UsageReport::total(&parts) }
    };
    starts.map(point).collect()
}

impl Administration {
    /// Returns the usage of the API key or application with this id.
    ///
    /// # Errors
    /// Fails if the store cannot be used.
    pub async fn usage(&self, id: &str) -> Result<UsageReport, AdminError> {
        let now = self.clock.now().unix_timestamp();
        Ok(UsageReport::new(&self.store.usage(id, UsageReport::first_day(now)).await?, now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn series_have_no_gaps_and_end_now() {
        let now = 40 * DAY + 5 * HOUR + 7;
        let hour = |hour, requests, errors| HourlyUsage { token: "a".to_owned(), hour, requests, errors };
        let usage = [
            hour(UsageReport::first_day(now) - HOUR, 100, 100),
            hour(UsageReport::first_day(now), 1, 1),
            hour(39 * DAY + 5 * HOUR, 10, 0),
            hour(39 * DAY + 6 * HOUR, 20, 2),
            hour(40 * DAY + 5 * HOUR, 3, 1),
        ];
        let report = UsageReport::new(&usage, now);
        assert_eq!((report.hours.len(), report.days.len()), (24, 30));
        assert_eq!(report.hours[0], UsagePoint { at: 39 * DAY + 6 * HOUR, requests: 20, errors: 2 });
        assert_eq!(report.hours[23], UsagePoint { at: 40 * DAY + 5 * HOUR, requests: 3, errors: 1 });
        assert_eq!(report.days[0], UsagePoint { at: 11 * DAY, requests: 1, errors: 1 });
        assert_eq!(report.days[28], UsagePoint { at: 39 * DAY, requests: 30, errors: 2 });
        let total = UsageReport::total(&report.days);
        assert_eq!((total.requests, total.errors), (34, 4));
        assert_eq!(UsageReport::total(&report.hours).requests, 23);
    }
}
