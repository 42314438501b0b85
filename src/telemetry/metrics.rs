//! All metrics of the process in one struct, without globals.
//!
//! In: increments from all modules. Out: the OpenMetrics text of `/metrics`. Must not know: which module counts.
//! Labels have few possible values (route templates, not paths; names of outcomes), so that no client can add series.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::exemplar::HistogramWithExemplars;
use prometheus_client::metrics::family::{Family, MetricConstructor};
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};

use super::process::{DroppedLogLines, Process};
use crate::build_info;

/// The labels of a request.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct RequestLabels {
    /// A method of RFC 9110, or `other`.
    pub method: &'static str,
    /// The template of the route, such as `/restapi/1.0/object/{model}`, or `unmatched`.
    pub route: String,
    /// The status code; 499 if the client closed the connection before the response.
    pub status: u16,
}

/// The label of an Odoo database.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct DatabaseLabels {
    /// Its configured name.
    pub database: String,
}

/// The label of an outcome.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct OutcomeLabels {
    /// The outcome, a constant of the counting module.
    pub outcome: &'static str,
}

/// The labels of a call to Odoo.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct OdooLabels {
    /// The configured name of the database.
    pub database: String,
    /// The value of [`UpstreamRequest::label`](super::odoo_call_metrics::UpstreamRequest::label).
    pub protocol: &'static str,
    /// `answered` for a result or a fault, otherwise the error code.
    pub outcome: &'static str,
}

/// The label of a class of calls to Odoo.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct ClassLabels {
    /// `interactive` or `export`.
    pub class: &'static str,
}

/// The labels of calls that wait.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct WaitingLabels {
    /// The configured name of the database.
    pub database: String,
    /// `interactive` or `export`.
    pub class: &'static str,
}

/// The labels of an exemplar: a request among those that a histogram counts.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct TraceLabels {
    /// The trace of the request, in which it is recorded.
    pub trace_id: String,
}

/// The beginning of the names of all metrics of the gateway itself.
const PREFIX: &str = "odoo_gateway";

/// Upper bounds of the buckets in seconds: from a cached response to Odoo's slowest report.
const SECONDS: [f64; 14] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 30.0, 120.0];

/// Creates histograms of durations.
#[derive(Debug, Clone, Copy)]
pub struct Durations;

impl MetricConstructor<Histogram> for Durations {
    fn new_metric(&self) -> Histogram {
        Histogram::new(SECONDS)
    }
}

impl MetricConstructor<HistogramWithExemplars<TraceLabels>> for Durations {
    fn new_metric(&self) -> HistogramWithExemplars<TraceLabels> {
        HistogramWithExemplars::new(SECONDS.into_iter())
    }
}

/// All metrics. To add one, add a field and register it in `Metrics::register`.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    /// Answered requests.
    pub requests: Family<RequestLabels, Counter>,
    /// Time from the request head to the last byte of the response.
    pub request_duration: Family<RequestLabels, HistogramWithExemplars<TraceLabels>, Durations>,
    /// The entries of `requests` and `request_duration`, by route.
    request_series: RwLock<HashMap<String, Vec<RequestSeries>>>,
    /// Requests in flight.
    pub requests_in_flight: Gauge,
    /// Open connections.
    pub connections: Gauge,
    /// Ended connections by reason: `done`, `error`, `first_byte`, `head`, `idle`, `slow_reader`, `shutdown`.
    pub connections_ended: Family<OutcomeLabels, Counter>,
    /// Rejected connections by reason: `full`, `address`, `accept_error`.
    pub connections_refused: Family<OutcomeLabels, Counter>,
    /// 1 if `/readyz` answers 200, otherwise 0.
    pub ready: Gauge,
    /// 1 if the Odoo database can be used, otherwise 0.
    pub odoo_up: Family<DatabaseLabels, Gauge>,
    /// Caught panics. Should stay 0.
    pub panics: Counter,
    /// Requests with an address of a client from a sender that is not a trusted proxy.
    pub forwarded_addresses_ignored: Counter,
    /// Calls to Odoo.
    pub odoo_calls: Family<OdooLabels, Counter>,
    /// Duration of calls to Odoo.
    pub odoo_duration: Family<OdooLabels, Histogram, Durations>,
    /// Time in the queue before a call to Odoo.
    pub odoo_queue_duration: Family<ClassLabels, Histogram, Durations>,
    /// Calls that wait in the queue of an Odoo database.
    pub odoo_calls_waiting: Family<WaitingLabels, Gauge>,
    /// Reads that shared the call of an equal read.
    pub odoo_reads_shared: Family<DatabaseLabels, Counter>,
    /// The calls to an Odoo database that this gateway may make at once.
    pub odoo_slots: Family<DatabaseLabels, Gauge>,
    /// Gateways that share the store and its limits.
    pub gateways: Gauge,
    /// Renewals of what this gateway holds of the shared limits: `renewed` or `failed`.
    pub limit_renewals: Family<OutcomeLabels, Counter>,
    /// 1 if the store answered when it was last asked for changes of credentials, otherwise 0.
    pub store_up: Gauge,
    /// Credentials that were read from the store.
    pub credential_reads: Counter,
    /// Uses of credentials that were verified before, while the store could not be reached.
    pub credential_outage_uses: Counter,
    /// Reloads of the configuration: `applied` or `rejected`.
    pub config_reloads: Family<OutcomeLabels, Counter>,
    /// Work on sealed Odoo API keys: `renewed`, `revoked`, `failed`.
    pub odoo_key_renewals: Family<OutcomeLabels, Counter>,
    /// Sealed Odoo API keys in the store whose renewal fails again and again.
    pub odoo_keys_failing: Gauge,
    /// Checked credentials: `ok`, or the error code.
    pub authentications: Family<OutcomeLabels, Counter>,
    /// Spans that the collector has accepted.
    pub trace_spans_exported: Counter,
    /// Spans that were not exported by reason: `queue_full`, `export_failed`.
    pub trace_spans_dropped: Family<OutcomeLabels, Counter>,
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// Creates and registers all metrics, including those of the process.
    #[must_use]
    pub fn new() -> Self {
        let mut metrics = Self {
            registry: Registry::default(),
            requests: Family::default(),
            request_duration: Family::new_with_constructor(Durations),
            request_series: RwLock::default(),
            requests_in_flight: Gauge::default(),
            connections: Gauge::default(),
            connections_ended: Family::default(),
            connections_refused: Family::default(),
            ready: Gauge::default(),
            odoo_up: Family::default(),
            panics: Counter::default(),
            forwarded_addresses_ignored: Counter::default(),
            odoo_calls: Family::default(),
            odoo_duration: Family::new_with_constructor(Durations),
            odoo_queue_duration: Family::new_with_constructor(Durations),
            odoo_calls_waiting: Family::default(),
            odoo_reads_shared: Family::default(),
            odoo_slots: Family::default(),
            gateways: Gauge::default(),
            limit_renewals: Family::default(),
            store_up: Gauge::default(),
            credential_reads: Counter::default(),
            credential_outage_uses: Counter::default(),
            config_reloads: Family::default(),
            odoo_key_renewals: Family::default(),
            odoo_keys_failing: Gauge::default(),
            authentications: Family::default(),
            trace_spans_exported: Counter::default(),
            trace_spans_dropped: Family::default(),
        };
        metrics.register();
        metrics.register_store();
        metrics.register_shared_limits();
        metrics.register_traces();
        metrics
    }

    fn register_store(&mut self) {
        let all = self.registry.sub_registry_with_prefix(PREFIX);
        all.register("store_up", "1 if the store answered the last query for changes", self.store_up.clone());
        all.register("credential_reads", "Credentials read from the store", self.credential_reads.clone());
        let uses = "Uses of verified credentials while the store could not be reached";
        all.register("credential_outage_uses", uses, self.credential_outage_uses.clone());
        let help = "Renewed and revoked Odoo API keys, and failures";
        all.register("odoo_key_renewals", help, self.odoo_key_renewals.clone());
        let help = "Odoo API keys whose renewal has failed at least three times in a row";
        all.register("odoo_keys_failing", help, self.odoo_keys_failing.clone());
    }

    fn register_shared_limits(&mut self) {
        let all = self.registry.sub_registry_with_prefix(PREFIX);
        all.register("odoo_slots", "Calls that this gateway may make at once", self.odoo_slots.clone());
        all.register("gateways", "Gateways that share the limits; 0 with SQLite", self.gateways.clone());
        all.register("limit_renewals", "Renewals of shared limits by outcome", self.limit_renewals.clone());
    }

    fn register_traces(&mut self) {
        let all = self.registry.sub_registry_with_prefix(PREFIX);
        all.register("trace_spans_exported", "Spans accepted by the collector", self.trace_spans_exported.clone());
        let help = "Spans that were not exported, by reason";
        all.register("trace_spans_dropped", help, self.trace_spans_dropped.clone());
    }

    fn register(&mut self) {
        let all = self.registry.sub_registry_with_prefix(PREFIX);
        all.register("requests", "Answered requests", self.requests.clone());
        all.register_with_unit(
            "request_duration",
            "Time to the last byte of the response",
            Unit::Seconds,
            self.request_duration.clone(),
        );
        all.register("requests_in_flight", "Requests in flight", self.requests_in_flight.clone());
        all.register("connections", "Open connections", self.connections.clone());
        all.register("connections_ended", "Ended connections by reason", self.connections_ended.clone());
        all.register("connections_refused", "Rejected connections by reason", self.connections_refused.clone());
        all.register("ready", "1 if readyz answers 200", self.ready.clone());
        all.register("odoo_up", "1 if the Odoo database can be used", self.odoo_up.clone());
        all.register("panics", "Caught panics", self.panics.clone());
        all.register(
            "forwarded_addresses_ignored",
            "Requests with X-Forwarded-For from a sender that is not in server.trusted_proxies",
            self.forwarded_addresses_ignored.clone(),
        );
        all.register("odoo_calls", "Calls to Odoo", self.odoo_calls.clone());
        let help = "Duration of a call to Odoo";
        all.register_with_unit("odoo_call_duration", help, Unit::Seconds, self.odoo_duration.clone());
        all.register("odoo_calls_waiting", "Calls to Odoo that wait, by class", self.odoo_calls_waiting.clone());
        let help = "Time in the queue before a call to Odoo, by class";
        all.register_with_unit("odoo_queue_duration", help, Unit::Seconds, self.odoo_queue_duration.clone());
        all.register(
            "odoo_reads_shared",
            "Reads that shared the call of an equal read",
            self.odoo_reads_shared.clone(),
        );
        all.register("config_reloads", "Reloads of the configuration by outcome", self.config_reloads.clone());
        all.register("authentications", "Checked credentials by outcome", self.authentications.clone());
        let build = [("version", build_info::VERSION), ("commit", build_info::COMMIT), ("date", build_info::DATE)];
        all.register("build", "Version, commit and date of the binary", Info::new(build));
        all.register_collector(Box::new(DroppedLogLines));
        // Without the prefix: these names are the same for all programs.
        self.registry.register_collector(Box::new(Process::started_now()));
    }

    /// Returns the text of `/metrics` in the OpenMetrics format.
    ///
    /// # Errors
    /// Fails if a collector cannot encode its metric.
    pub fn exposition(&self) -> Result<String, std::fmt::Error> {
        let mut text = String::with_capacity(16 * 1024);
        prometheus_client::encoding::text::encode(&mut text, &self.registry)?;
        Ok(text)
    }

    /// Counts a read that shared the call of an equal one.
    pub fn record_shared_read(&self, database: &str) {
        self.odoo_reads_shared.get_or_create(&DatabaseLabels { database: database.to_owned() }).inc();
    }

    /// Counts an answered request; the first arguments are those of [`RequestLabels`]. `trace` is the trace in which it
    /// is recorded.
    pub fn record_request(
        &self,
        (method, route, status): (&'static str, &str, u16),
        took: Duration,
        trace: Option<TraceLabels>,
    ) {
        let known = self.request_series.read().unwrap_or_else(PoisonError::into_inner);
        let mut series = known.get(route).into_iter().flatten();
        if let Some(series) = series.find(|series| series.method == method && series.status == status) {
            return series.record(took, trace);
        }
        drop(known);
        self.add_request_series(method, route, status).record(took, trace);
    }

    fn add_request_series(&self, method: &'static str, route: &str, status: u16) -> RequestSeries {
        let labels = RequestLabels { method, route: route.to_owned(), status };
        let count = self.requests.get_or_create_owned(&labels);
        let seconds = self.request_duration.get_or_create_owned(&labels);
        let added = RequestSeries { method, status, count, seconds };
        let mut known = self.request_series.write().unwrap_or_else(PoisonError::into_inner);
        // Two threads may add the same entry. Both count the same metrics.
        known.entry(labels.route).or_default().push(added.clone());
        added
    }
}

/// The metrics of the requests with the same labels. Finding them here takes one lookup and no allocation.
#[derive(Debug, Clone)]
struct RequestSeries {
    method: &'static str,
    status: u16,
    count: Counter,
    seconds: HistogramWithExemplars<TraceLabels>,
}

impl RequestSeries {
    #[expect(clippy::disallowed_methods, reason = "exemplars have the real time, as log lines have")]
    fn record(&self, took: Duration, trace: Option<TraceLabels>) {
        self.count.inc();
        let at = trace.is_some().then(SystemTime::now);
        self.seconds.observe(took.as_secs_f64(), trace, at);
    }
}

/// Sets whether an Odoo database can be used.
pub fn set_up(family: &Family<DatabaseLabels, Gauge>, database: &str, up: bool) {
    family.get_or_create(&DatabaseLabels { database: database.to_owned() }).set(up.into());
}

/// Increments the counter of this outcome.
pub fn count(family: &Family<OutcomeLabels, Counter>, outcome: &'static str) {
    count_by(family, outcome, 1);
}

/// Adds to the counter of this outcome.
pub fn count_by(family: &Family<OutcomeLabels, Counter>, outcome: &'static str, number: u64) {
    family.get_or_create(&OutcomeLabels { outcome }).inc_by(number);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counted_values_are_encoded() {
        let metrics = Metrics::new();
        for (method, status) in [("GET", 200), ("GET", 200), ("GET", 404), ("PUT", 200)] {
            metrics.record_request((method, "/a/{b}", status), Duration::from_millis(3), None);
        }
        count(&metrics.connections_ended, "idle");
        let text = metrics.exposition().unwrap();
        for (method, status, count) in [("GET", 200, 2), ("GET", 404, 1), ("PUT", 200, 1)] {
            let labels = format!(r#"{{method="{method}",route="/a/{{b}}",status="{status}"}} {count}"#);
            assert!(text.contains(&format!("odoo_gateway_requests_total{labels}\n")), "{text}");
            assert!(text.contains(&format!("odoo_gateway_request_duration_seconds_count{labels}\n")), "{text}");
        }
        assert!(text.contains("odoo_gateway_request_duration_seconds_bucket{le=\"0.005\",method=\"GET\""), "{text}");
        assert!(text.contains(r#"odoo_gateway_connections_ended_total{outcome="idle"} 1"#), "{text}");
        assert!(text.contains("odoo_gateway_build_info{version="), "{text}");
        assert!(text.contains("odoo_gateway_log_lines_dropped_total "), "{text}");
        assert!(text.ends_with("# EOF\n") && !text.contains(" # {"), "{text}");
    }

    #[test]
    fn histogram_of_requests_names_a_trace_for_each_bucket() {
        let metrics = Metrics::new();
        for (trace, milliseconds) in [(Some("a1"), 3), (Some("b2"), 4), (None, 4), (Some("c3"), 700)] {
            let trace = trace.map(|trace| TraceLabels { trace_id: trace.to_owned() });
            metrics.record_request(("GET", "/a", 200), Duration::from_millis(milliseconds), trace);
        }
        let text = metrics.exposition().unwrap();
        let exemplars: Vec<_> = text.lines().filter_map(|line| line.split_once(" # ")).collect();
        let [(fast, of_fast), (slow, of_slow)] = exemplars[..] else { panic!("{text}") };
        assert!(fast.contains("le=\"0.005\"") && fast.ends_with(" 3"), "{fast}");
        assert!(of_fast.starts_with("{trace_id=\"b2\"} 0.004 "), "{of_fast}");
        assert!(slow.contains("le=\"1.0\"") && of_slow.starts_with("{trace_id=\"c3\"} 0.7 "), "{slow} {of_slow}");
    }
}
