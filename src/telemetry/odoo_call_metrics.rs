//! The metrics of the calls to one Odoo database.
//!
//! In: finished calls. Out: their number and their durations in [`Metrics`]. Must not know: what was called.
//!
//! The series of the usual outcome are looked up once: a lookup copies and hashes the labels, and locks all series.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;

use super::metrics::{ClassLabels, Metrics, OdooLabels, WaitingLabels};

/// The outcome of a call with a result or a fault.
const ANSWERED: &str = "answered";

/// The classes of calls, which wait in separate queues.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallClass {
    /// A client waits for the response.
    Interactive,
    /// A page of an export.
    Export,
}

impl CallClass {
    /// All classes.
    pub const ALL: [Self; 2] = [Self::Interactive, Self::Export];

    /// The value of the label `class`.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Interactive => "interactive",
            Self::Export => "export",
        }
    }
}

/// What a call is to Odoo.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UpstreamRequest {
    /// A call over XML-RPC.
    XmlRpc,
    /// A call over JSON-RPC.
    JsonRpc,
    /// A call over JSON-2.
    Json2,
    /// A request to the web client.
    Web,
}

impl UpstreamRequest {
    /// The value of the label `protocol`.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::XmlRpc => "xmlrpc",
            Self::JsonRpc => "jsonrpc",
            Self::Json2 => "json2",
            Self::Web => "web",
        }
    }
}

/// Counts the calls of one class that wait.
#[derive(Debug, Clone, Default)]
pub struct WaitingCalls(Gauge);

/// A call that waits, until it is dropped.
#[derive(Debug)]
pub struct WaitingCall<'w>(&'w Gauge);

impl WaitingCalls {
    /// Counts a call.
    pub fn enter(&self) -> WaitingCall<'_> {
        self.0.inc();
        WaitingCall(&self.0)
    }
}

impl Drop for WaitingCall<'_> {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// The metrics of one database.
#[derive(Debug)]
pub struct OdooCallMetrics {
    metrics: Arc<Metrics>,
    database: String,
    answered_over_xmlrpc: OnceLock<(Counter, Histogram)>,
    answered_over_json2: OnceLock<(Counter, Histogram)>,
    queued_interactive: Histogram,
    queued_exports: Histogram,
}

impl OdooCallMetrics {
    /// The metrics of the database with this configured name. A series exists from its first call on.
    #[must_use]
    pub fn new(metrics: Arc<Metrics>, database: String) -> Self {
        let queued =
            |class: CallClass| metrics.odoo_queue_duration.get_or_create_owned(&ClassLabels { class: class.label() });
        let (queued_interactive, queued_exports) = (queued(CallClass::Interactive), queued(CallClass::Export));
        let (answered_over_xmlrpc, answered_over_json2) = (OnceLock::new(), OnceLock::new());
        Self { metrics, database, answered_over_xmlrpc, answered_over_json2, queued_interactive, queued_exports }
    }

    /// The calls of this class that wait.
    #[must_use]
    pub fn waiting_calls(&self, class: CallClass) -> WaitingCalls {
        let labels = WaitingLabels { database: self.database.clone(), class: class.label() };
        WaitingCalls(self.metrics.odoo_calls_waiting.get_or_create_owned(&labels))
    }

    /// Counts a call with its error code, if it has no result, its class and time in the queue, and its total duration.
    pub fn record(
        &self,
        request: UpstreamRequest,
        error: Option<&'static str>,
        (class, queued): (CallClass, Duration),
        took: Duration,
    ) {
        let (calls, seconds) = match (request, error) {
            (UpstreamRequest::XmlRpc, None) => self.answered_over_xmlrpc.get_or_init(|| self.series(request, ANSWERED)),
            (UpstreamRequest::Json2, None) => self.answered_over_json2.get_or_init(|| self.series(request, ANSWERED)),
            (_, outcome) => &self.series(request, outcome.unwrap_or(ANSWERED)),
        };
        calls.inc();
        seconds.observe(took.as_secs_f64());
        let queue = match class {
            CallClass::Interactive => &self.queued_interactive,
            CallClass::Export => &self.queued_exports,
        };
        queue.observe(queued.as_secs_f64());
    }

    /// Counts a read that shared the call of an equal one.
    pub fn record_shared_read(&self) {
        self.metrics.record_shared_read(&self.database);
    }

    fn series(&self, request: UpstreamRequest, outcome: &'static str) -> (Counter, Histogram) {
        let labels = OdooLabels { database: self.database.clone(), protocol: request.label(), outcome };
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
        let (interactive, zero) = ((CallClass::Interactive, Duration::ZERO), Duration::ZERO);
        let export = (CallClass::Export, Duration::from_millis(1));
        calls.record(UpstreamRequest::XmlRpc, None, export, Duration::from_millis(3));
        calls.record(UpstreamRequest::XmlRpc, None, interactive, Duration::from_millis(3));
        calls.record(UpstreamRequest::Json2, None, interactive, zero);
        calls.record(UpstreamRequest::XmlRpc, Some("odoo_busy"), interactive, zero);
        let waiting = calls.waiting_calls(CallClass::Export);
        let _left = waiting.enter();
        drop(waiting.enter());
        let text = metrics.exposition().unwrap();
        for line in [
            r#"odoo_gateway_odoo_calls_total{database="main",protocol="xmlrpc",outcome="answered"} 2"#,
            r#"odoo_gateway_odoo_calls_total{database="main",protocol="json2",outcome="answered"} 1"#,
            r#"odoo_gateway_odoo_calls_total{database="main",protocol="xmlrpc",outcome="odoo_busy"} 1"#,
            r#"odoo_gateway_odoo_call_duration_seconds_count{database="main",protocol="xmlrpc",outcome="answered"} 2"#,
            r#"odoo_gateway_odoo_queue_duration_seconds_count{class="interactive"} 3"#,
            r#"odoo_gateway_odoo_queue_duration_seconds_count{class="export"} 1"#,
            r#"odoo_gateway_odoo_calls_waiting{database="main",class="export"} 1"#,
        ] {
            assert!(text.contains(line), "{line}: {text}");
        }
    }
}
