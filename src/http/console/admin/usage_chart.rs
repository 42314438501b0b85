//! Requests and errors as a bar chart (SVG), with the numbers as text.
//!
//! In: a series. Out: [`UsageChart`] for templates. Must not know: what was used.

use time::OffsetDateTime;
use time::macros::format_description;

use crate::admin::{UsagePoint, UsageReport};

/// The width of a bar with its gap, and the height of the chart, in the units of the drawing.
const STEP: u64 = 20;
const GAP: u64 = 4;
const HEIGHT: u64 = 120;
/// The least height of a bar, so that one request is visible.
const LEAST: u64 = 3;

/// A chart.
#[derive(Debug)]
pub(super) struct UsageChart {
    /// What is displayed: `the last 24 hours`.
    pub period: &'static str,
    /// The id of the chart on its page.
    pub id: &'static str,
    /// The heading of the first column of the table.
    pub unit: &'static str,
    pub requests: u64,
    pub errors: u64,
    pub width: u64,
    pub height: u64,
    /// The greatest number of requests of a bar.
    pub peak: u64,
    pub bars: Vec<UsageBar>,
}

/// The requests of one hour or day.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct UsageBar {
    /// When it began.
    pub label: String,
    pub requests: u64,
    pub errors: u64,
    pub x: u64,
    pub width: u64,
    /// The top and the height of the part without errors.
    pub y: u64,
    pub height: u64,
    /// The top and the height of the part with errors, below the other.
    pub error_y: u64,
    pub error_height: u64,
}

impl UsageChart {
    /// The charts of a report: by hour and by day.
    pub(super) fn of_report(report: &UsageReport) -> [Self; 2] {
        let hour = |at: OffsetDateTime| at.format(format_description!("[year]-[month]-[day] [hour]:00"));
        let day = |at: OffsetDateTime| at.format(format_description!("[year]-[month]-[day]"));
        [
            Self::new(("the last 24 hours", "hours", "Hour (UTC)"), &report.hours, |at| hour(at).unwrap_or_default()),
            Self::new(("the last 30 days", "days", "Day (UTC)"), &report.days, |at| day(at).unwrap_or_default()),
        ]
    }

    fn new(
        (period, id, unit): (&'static str, &'static str, &'static str),
        points: &[UsagePoint],
        label: impl Fn(OffsetDateTime) -> String,
    ) -> Self {
        let total = UsageReport::total(points);
        let peak = points.iter().map(|point| point.requests).max().unwrap_or_default();
        let bar = |(at, point): (u64, &UsagePoint)| {
            let label = OffsetDateTime::from_unix_timestamp(point.at).map(&label).unwrap_or_default();
            UsageBar::new(label, point, at * STEP, peak)
        };
        let bars: Vec<UsageBar> = (0..).zip(points).map(bar).collect();
        let width = STEP * u64::try_from(bars.len()).unwrap_or_default();
        let (requests, errors) = (total.requests, total.errors);
        Self { period, id, unit, requests, errors, width, height: HEIGHT, peak, bars }
    }
}

impl UsageBar {
    fn new(label: String, point: &UsagePoint, x: u64, peak: u64) -> Self {
        let errors = point.errors.min(point.requests);
        let total_height = scaled(point.requests, peak);
        let error_height = scaled(errors, peak).min(total_height);
        Self {
            label,
            requests: point.requests,
            errors: point.errors,
            x,
            width: STEP - GAP,
            y: HEIGHT - total_height,
            height: total_height - error_height,
            error_y: HEIGHT - error_height,
            error_height,
        }
    }
}

/// The height of a bar: the highest one has the height of the chart.
fn scaled(count: u64, peak: u64) -> u64 {
    let height = count.saturating_mul(HEIGHT).checked_div(peak).unwrap_or_default();
    if count > 0 { height.max(LEAST) } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_scaled_to_the_peak_and_errors_are_part_of_them() {
        let point = |at, requests, errors| UsagePoint { at, requests, errors };
        let points = [point(0, 0, 0), point(3600, 1000, 250), point(7200, 1, 1)];
        let chart = UsageChart::new(("", "", ""), &points, |at| at.unix_timestamp().to_string());
        assert_eq!((chart.requests, chart.errors, chart.peak, chart.width), (1001, 251, 1000, 3 * STEP));
        let shape = |bar: &UsageBar| (bar.x, bar.y, bar.height, bar.error_y, bar.error_height);
        let shapes: Vec<_> = chart.bars.iter().map(shape).collect();
        assert_eq!(shapes, [(0, 120, 0, 120, 0), (20, 0, 90, 90, 30), (40, 117, 0, 117, 3)]);
        assert_eq!(chart.bars[1].label, "3600");
    }
}
