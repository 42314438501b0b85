//! The metrics of the calls to one Odoo database.
//!
//! In: finished calls. Out: their number and their durations in [`Metrics`]. Must not know: what was called.
//!
//! The series of the usual outcome are looked up once: a lookup copies and hashes the labels, and locks all series.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::histogram::Histogram;

use super::metrics::{Metrics, OdooLabels};

/// The outcome of a call with a result or a fault.
const ANSWERED: &str = "answered";

/// The metrics of one database.
#[derive(Debug)]
pub struct OdooCallMetrics {
    metrics: Arc<Metrics>,
    database: String,
    answered: OnceLock<(Counter, Histogram)>,
}

impl OdooCallMetrics {
    /// The metrics of the database with this configured name. A series exists from its first call on.
    #[must_use]
    pub fn new(metrics: Arc<Metrics>, database: String) -> Self {
        Self { metrics, database, answered: OnceLock::new() }
    }

    /// Counts a call with its error code, if it has no result, its time in the queue, and its total duration.
    pub fn record(&self, error: Option<&'static str>, queued: Duration, took: Duration) {
        let (calls, seconds) = match error {
            None => self.answered.get_or_init(|| self.series(ANSWERED)),
            Some(code) => &self.series(code),
        };
        calls.inc();
        seconds.observe(took.as_secs_f64());
        self.metrics.odoo_queue_duration.observe(queued.as_secs_f64());
    }

    /// Counts a read that shared the call of an equal one.
    pub fn record_shared_read(&self) {
        self.metrics.record_shared_read(&self.database);
    }

    fn series(&self, outcome: &'static str) -> (Counter, Histogram) {
        let labels = OdooLabels { database: self.database.clone(), outcome };
        let calls = self.metrics.odoo_calls.get_or_create(&labels).clone();
        let seconds = self.metrics.odoo_duration.get_or_create(&labels).clone();
        (calls, seconds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_counted_by_outcome_and_series_begin_with_the_first() {
        let metrics = Arc::new(Metrics::new());
        let calls = OdooCallMetrics::new(Arc::clone(&metrics), "main".to_owned());
        assert!(!metrics.exposition().unwrap().contains(r#"outcome="answered""#));
        calls.record(None, Duration::from_millis(1), Duration::from_millis(3));
        calls.record(None, Duration::ZERO, Duration::from_millis(3));
        calls.record(Some("odoo_busy"), Duration::ZERO, Duration::ZERO);
        let text = metrics.exposition().unwrap();
        for line in [
            r#"odoo_gateway_odoo_calls_total{database="main",outcome="answered"} 2"#,
            r#"odoo_gateway_odoo_calls_total{database="main",outcome="odoo_busy"} 1"#,
            r#"odoo_gateway_odoo_call_duration_seconds_count{database="main",outcome="answered"} 2"#,
            "odoo_gateway_odoo_queue_duration_seconds_count 3",
        ] {
            assert!(text.contains(line), "{line}: {text}");
        }
    }
}
