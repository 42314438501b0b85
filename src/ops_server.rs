//! The endpoints for operators: `/livez`, `/readyz`, `/metrics` and `/log-filter`, on a separate listener that binds to
//! loopback by default, because the responses are not for clients (API8).
//!
//! In: [`Health`], [`Metrics`]. Out: a [`Handler`] for [`serve`](crate::serve). Must not know: how a check works.

pub mod health_checks;
mod listener;
mod log_filter_endpoint;

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::header::{ACCEPT, CONTENT_TYPE, HeaderName, VARY};
use http::{HeaderMap, HeaderValue, StatusCode};

pub use self::health_checks::{Check, CheckResult, Health, HealthPart, HealthReport};
pub use self::listener::serve_on_thread;
use crate::serve::Handler;
use crate::telemetry::log_filter::LogFilter;
use crate::telemetry::metrics::{Metrics, set_up};
use crate::telemetry::text_format::from_open_metrics;

#[derive(Clone)]
struct OpsState {
    health: Arc<Health>,
    metrics: Arc<Metrics>,
}

const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
const TEXT_FORMAT: &str = "text/plain; version=0.0.4; charset=utf-8";
const VARIES: (HeaderName, &str) = (VARY, "accept");
const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// Returns the service of the listener for operators: `/livez`, `/readyz`, `/metrics`, `/log-filter`.
#[must_use]
pub fn handler(health: Arc<Health>, metrics: Arc<Metrics>) -> Handler {
    let router = Router::new()
        .route("/livez", get(async || "ok\n"))
        .route("/readyz", get(ready))
        .route("/metrics", get(render_metrics))
        .route("/log-filter", log_filter_endpoint::route(LogFilter::installed()))
        .with_state(OpsState { health, metrics });
    Handler::new(router)
}

impl OpsState {
    /// Runs the checks and sets the gauges to their results.
    async fn report(&self) -> HealthReport {
        let report = self.health.report().await;
        self.metrics.ready.set(report.ready.into());
        // A reload removes the gauge of a removed database only once.
        self.health.for_present_databases(&report, |database, outcome| {
            set_up(&self.metrics.odoo_up, database, outcome.is_ok());
        });
        report
    }
}

async fn ready(State(ops): State<OpsState>) -> Response {
    let report = ops.report().await;
    let status = if report.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, [(CONTENT_TYPE, JSON)], report.to_json()).into_response()
}

async fn render_metrics(State(ops): State<OpsState>, headers: HeaderMap) -> Response {
    ops.report().await;
    let accepted = headers.get_all(ACCEPT).iter().filter_map(|header| header.to_str().ok());
    let format = if prefers_open_metrics(accepted) { OPEN_METRICS } else { TEXT_FORMAT };
    match ops.metrics.exposition() {
        Ok(text) if format == TEXT_FORMAT => {
            ([VARIES, (CONTENT_TYPE, format)], from_open_metrics(&text)).into_response()
        }
        Ok(text) => ([VARIES, (CONTENT_TYPE, format)], text).into_response(),
        Err(error) => {
            tracing::error!(%error, "cannot encode the metrics");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// Whether `Accept` contains OpenMetrics with at least the quality of plain text.
fn prefers_open_metrics<'a>(accepted: impl Iterator<Item = &'a str>) -> bool {
    let (mut open_metrics, mut text) = (0.0, 0.0_f32);
    for range in accepted.flat_map(|header| header.split(',')) {
        let mut parts = range.split(';').map(str::trim);
        let media = parts.next().unwrap_or_default().to_ascii_lowercase();
        let quality: f32 = parts.find_map(|part| part.strip_prefix("q=")).map_or(1.0, |q| q.parse().unwrap_or(0.0));
        match media.as_str() {
            "application/openmetrics-text" => open_metrics = quality,
            "text/plain" => text = quality.max(text),
            _ => {}
        }
    }
    open_metrics > 0.0 && open_metrics >= text
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use http::Request;
    use http_body_util::BodyExt;
    use tower::ServiceExt;

    use super::*;

    async fn get_path(health: Health, path: &str) -> (u16, String) {
        let (status, _, text) = get_accepting(health, path, "*/*").await;
        (status, text)
    }

    async fn get_accepting(health: Health, path: &str, accept: &str) -> (u16, String, String) {
        let handler = handler(Arc::new(health), Arc::new(Metrics::new()));
        let request = Request::get(path).header(ACCEPT, accept).body(Body::empty()).unwrap();
        let response = handler.oneshot(request).await.unwrap();
        let status = response.status().as_u16();
        let content_type = response.headers()[CONTENT_TYPE].to_str().unwrap().to_owned();
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        (status, content_type, String::from_utf8(bytes.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn livez_does_not_depend_on_checks() {
        let health = Health::new().check(Check::required("store", async || Err("gone".to_owned())));
        assert_eq!(get_path(health, "/livez").await, (200, "ok\n".to_owned()));
    }

    #[tokio::test]
    async fn readyz_contains_the_reason_of_a_failed_check() {
        let health = Health::new().check(Check::required("store", async || Ok(String::new())));
        assert_eq!(
            get_path(health, "/readyz").await,
            (200, r#"{"ready":true,"parts":{"store":{"ok":true}}}"#.to_owned())
        );
        let health = Health::new().check(Check::required("store", async || Err("gone".to_owned())));
        let expected = r#"{"ready":false,"parts":{"store":{"ok":false,"reason":"gone"}}}"#;
        assert_eq!(get_path(health, "/readyz").await, (503, expected.to_owned()));
    }

    #[tokio::test]
    async fn metrics_have_the_format_that_accept_prefers() {
        // The headers of curl, Prometheus 2 and 3, and older scrapers.
        for (accept, format, end) in [
            ("*/*", TEXT_FORMAT, "\n"),
            ("text/plain; version=0.0.4", TEXT_FORMAT, "\n"),
            ("application/openmetrics-text; version=1.0.0", OPEN_METRICS, "# EOF\n"),
            (
                "application/openmetrics-text;version=1.0.0;q=0.6,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
                OPEN_METRICS,
                "# EOF\n",
            ),
            ("text/plain;version=0.0.4;q=0.9,application/openmetrics-text;q=0.4", TEXT_FORMAT, "\n"),
            ("application/openmetrics-text;q=0", TEXT_FORMAT, "\n"),
        ] {
            let (status, sent, text) = get_accepting(Health::new(), "/metrics", accept).await;
            assert_eq!((status, sent.as_str()), (200, format), "{accept}");
            assert!(text.contains("process_start_time_seconds") && text.ends_with(end), "{accept}: {text}");
            assert_eq!(text.contains("# EOF"), format == OPEN_METRICS, "{accept}");
        }
    }

    #[tokio::test]
    async fn gauges_have_the_readiness_at_the_time_of_the_scrape() {
        let health = Health::new()
            .check(Check::required("store", async || Ok(String::new())))
            .check(Check::database("live", async || Ok(String::new())))
            .check(Check::database("old", async || Err("gone".to_owned())));
        let (_, text) = get_path(health, "/metrics").await;
        for line in ["ready 1", r#"odoo_up{database="live"} 1"#, r#"odoo_up{database="old"} 0"#] {
            assert!(text.contains(&format!("\nodoo_gateway_{line}\n")), "{line}: {text}");
        }
        let health = Health::new().check(Check::required("store", async || Err("gone".to_owned())));
        assert!(get_path(health, "/metrics").await.1.contains("\nodoo_gateway_ready 0\n"));
    }

    #[tokio::test]
    async fn database_that_is_removed_during_its_check_has_no_gauge() {
        let (started, removed) = (Arc::new(tokio::sync::Notify::new()), Arc::new(tokio::sync::Notify::new()));
        let check = Check::database("old", {
            let (started, removed) = (started.clone(), removed.clone());
            move || {
                let (started, removed) = (started.clone(), removed.clone());
                async move {
                    started.notify_one();
                    removed.notified().await;
                    Ok(String::new())
                }
            }
        });
        let (health, metrics) = (Arc::new(Health::new().check(check)), Arc::new(Metrics::new()));
        let ops = OpsState { health: health.clone(), metrics: metrics.clone() };
        let report = tokio::spawn(async move { ops.report().await });
        started.notified().await;
        health.replace_databases(Vec::new());
        removed.notify_one();
        assert_eq!(report.await.unwrap().parts.len(), 1);
        assert!(!metrics.exposition().unwrap().contains(r#"database="old""#));
    }
}
