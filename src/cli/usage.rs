//! Prints the usage of an API key or application.
//!
//! In: a [`UsageReport`]. Out: text or JSON. Must not know: what is used.

use std::error::Error;
use std::io::Write;

use serde_json::{Value, json};

use super::table::{self, format_timestamp};
use crate::admin::{UsagePoint, UsageReport};

/// Prints the report: as text the days with requests, and the sums.
pub(super) fn print(report: &UsageReport, json: bool, out: &mut impl Write) -> Result<(), Box<dyn Error>> {
    if json {
        let object = json!({
            "last_24_hours": series(&report.hours), "last_30_days": series(&report.days),
        });
        return Ok(writeln!(out, "{}", serde_json::to_string_pretty(&object)?)?);
    }
    let row = |begin: String, point: &UsagePoint| [begin, point.requests.to_string(), point.errors.to_string()];
    let days = report.days.iter().filter(|day| day.requests > 0);
    let days = days.map(|day| row(format_timestamp(day.at).chars().take(10).collect(), day));
    let sums = [
        row("last 24 hours".to_owned(), &UsageReport::total(&report.hours)),
        row("last 30 days".to_owned(), &UsageReport::total(&report.days)),
    ];
    Ok(table::print(out, ["WHEN (UTC)", "REQUESTS", "ERRORS"], days.chain(sums))?)
}

fn series(points: &[UsagePoint]) -> Value {
    let total = UsageReport::total(points);
    let point = |point: &UsagePoint| json!({"begins_at": format_timestamp(point.at), "requests": point.requests, "errors": point.errors});
    json!({
        "requests": total.requests, "errors": total.errors, "series": points.iter().map(point).collect::<Vec<_>>(),
    })
}
