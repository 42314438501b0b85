//! Every number the process counts, in one struct: a registry in the state, no globals.
//!
//! In: increments from all over. Out: the OpenMetrics text of `/metrics`. Must not know: who counts. Labels
//! come from small closed sets (route templates, not paths; names of outcomes), so that no caller can grow them.

use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::{Family, MetricConstructor};
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};

use super::process::Process;

/// Which request.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct RequestLabels {
    /// A method of RFC 9110, or `other`.
    pub method: &'static str,
    /// The route's template, as `/restapi/1.0/object/{model}`, or `unmatched`.
    pub route: String,
    /// The status code, as 200; 499 where the caller left before there was an answer.
    pub status: u16,
}

/// Which database of Odoo.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct DatabaseLabels {
    /// Its configured name.
    pub database: String,
}

/// How something ended.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct OutcomeLabels {
    /// One word from the counting module.
    pub outcome: &'static str,
}

/// A call to Odoo: which service and how it ended.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct OdooLabels {
    /// The configured name of the database.
    pub database: String,
    /// `answered`, with a result or a fault, or the code of the problem that stood in the way.
    pub outcome: &'static str,
}

/// Upper bounds in seconds: from a cached answer to Odoo's slowest report.
const SECONDS: [f64; 14] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 30.0, 120.0];

/// Makes the histograms of durations.
#[derive(Debug, Clone, Copy)]
pub struct Durations;

impl MetricConstructor<Histogram> for Durations {
    fn new_metric(&self) -> Histogram {
        Histogram::new(SECONDS)
    }
}

/// All numbers. Add a field, register it in [`Metrics::new`], count wherever it happens.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    /// Requests answered.
    pub requests: Family<RequestLabels, Counter>,
    /// From arrival to the last byte handed to the connection.
    pub request_seconds: Family<RequestLabels, Histogram, Durations>,
    /// Requests being answered now.
    pub requests_in_flight: Gauge,
    /// Connections open now.
    pub connections: Gauge,
    /// Connections ended, by why: `done`, `error`, `first_byte`, `head`, `idle`, `slow_reader`, `shutdown`.
    pub connections_ended: Family<OutcomeLabels, Counter>,
    /// Connections refused, by why: `full`, `address`, `accept_error`.
    pub connections_refused: Family<OutcomeLabels, Counter>,
    /// Whether requests are welcome: 1 or 0, as `/readyz` says.
    pub ready: Gauge,
    /// Whether a database of Odoo can be used: 1 or 0.
    pub odoo_up: Family<DatabaseLabels, Gauge>,
    /// Panics caught below the edge. Should stay at zero.
    pub panics: Counter,
    /// Calls to Odoo.
    pub odoo_calls: Family<OdooLabels, Counter>,
    /// Time a call to Odoo took.
    pub odoo_seconds: Family<OdooLabels, Histogram, Durations>,
    /// Time requests waited for a free place before Odoo was asked.
    pub odoo_queue_seconds: Histogram,
    /// Credentials checked, by result: `ok`, or the code of the refusal.
    pub authentications: Family<OutcomeLabels, Counter>,
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// Everything at zero, registered, with what the process knows of itself.
    #[must_use]
    pub fn new() -> Self {
        let mut metrics = Self {
            registry: Registry::with_prefix("odoo_gateway"),
            requests: Family::default(),
            request_seconds: Family::new_with_constructor(Durations),
            requests_in_flight: Gauge::default(),
            connections: Gauge::default(),
            connections_ended: Family::default(),
            connections_refused: Family::default(),
            ready: Gauge::default(),
            odoo_up: Family::default(),
            panics: Counter::default(),
            odoo_calls: Family::default(),
            odoo_seconds: Family::new_with_constructor(Durations),
            odoo_queue_seconds: Durations.new_metric(),
            authentications: Family::default(),
        };
        metrics.register();
        metrics
    }

    fn register(&mut self) {
        let all = &mut self.registry;
        all.register("requests", "Requests answered", self.requests.clone());
        all.register_with_unit("request", "Time to answer", Unit::Seconds, self.request_seconds.clone());
        all.register("requests_in_flight", "Requests being answered", self.requests_in_flight.clone());
        all.register("connections", "Open connections", self.connections.clone());
        all.register("connections_ended", "Connections ended, by reason", self.connections_ended.clone());
        all.register("connections_refused", "Connections refused, by reason", self.connections_refused.clone());
        all.register("ready", "Whether requests are welcome, as readyz says", self.ready.clone());
        all.register("odoo_up", "Whether the database of Odoo can be used", self.odoo_up.clone());
        all.register("panics", "Panics caught", self.panics.clone());
        all.register("odoo_calls", "Calls to Odoo", self.odoo_calls.clone());
        all.register_with_unit("odoo_call", "Time of a call to Odoo", Unit::Seconds, self.odoo_seconds.clone());
        all.register_with_unit(
            "odoo_queue",
            "Time before Odoo was asked",
            Unit::Seconds,
            self.odoo_queue_seconds.clone(),
        );
        all.register("authentications", "Credentials checked", self.authentications.clone());
        all.register("build", "What runs", Info::new([("version", env!("CARGO_PKG_VERSION"))]));
        all.register_collector(Box::new(Process::started_now()));
    }

    /// The text of `/metrics`, in the form of OpenMetrics.
    ///
    /// # Errors
    /// [`std::fmt::Error`] when a metric cannot be written, which would be a fault of a collector.
    pub fn exposition(&self) -> Result<String, std::fmt::Error> {
        let mut text = String::with_capacity(16 * 1024);
        prometheus_client::encoding::text::encode(&mut text, &self.registry)?;
        Ok(text)
    }

    /// Counts a call to Odoo: how it ended, how long it waited for a place, how long it took in all.
    pub fn odoo_answered(&self, database: &str, outcome: &'static str, queued: Duration, took: Duration) {
        let labels = OdooLabels { database: database.to_owned(), outcome };
        self.odoo_calls.get_or_create(&labels).inc();
        self.odoo_seconds.get_or_create(&labels).observe(took.as_secs_f64());
        self.odoo_queue_seconds.observe(queued.as_secs_f64());
    }

    /// Counts one answered request.
    pub fn request_answered(&self, labels: &RequestLabels, took: Duration) {
        self.requests.get_or_create(labels).inc();
        self.request_seconds.get_or_create(labels).observe(took.as_secs_f64());
    }
}

/// Sets whether a database can be used.
pub fn set_up(family: &Family<DatabaseLabels, Gauge>, database: &str, up: bool) {
    family.get_or_create(&DatabaseLabels { database: database.to_owned() }).set(up.into());
}

/// Counts one more with this outcome.
pub fn count(family: &Family<OutcomeLabels, Counter>, outcome: &'static str) {
    family.get_or_create(&OutcomeLabels { outcome }).inc();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_counted_is_written() {
        let metrics = Metrics::new();
        let labels = RequestLabels { method: "GET", route: "/a/{b}".to_owned(), status: 200 };
        metrics.request_answered(&labels, Duration::from_millis(3));
        count(&metrics.connections_ended, "idle");
        let text = metrics.exposition().unwrap();
        assert!(text.contains(r#"odoo_gateway_requests_total{method="GET",route="/a/{b}",status="200"} 1"#), "{text}");
        assert!(text.contains("odoo_gateway_request_seconds_bucket{le=\"0.005\",method=\"GET\""), "{text}");
        assert!(text.contains(r#"odoo_gateway_connections_ended_total{outcome="idle"} 1"#), "{text}");
        assert!(text.contains("odoo_gateway_build_info{version="), "{text}");
        assert!(text.ends_with("# EOF\n"), "{text}");
    }
}
