//! What the operator's machines ask: is it alive, is it ready, what are its numbers. On a listener of its own,
//! bound to loopback by default, because the answers are nobody else's business (API8).
//!
//! In: [`Health`], [`Metrics`]. Out: a [`Handler`] to [serve](crate::serve). Must not know: how a check is done.

pub mod health;

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, StatusCode};

pub use self::health::{Check, Health, Report};
use crate::serve::Handler;
use crate::telemetry::metrics::Metrics;

#[derive(Clone)]
struct Ops {
    health: Arc<Health>,
    metrics: Arc<Metrics>,
}

const OPEN_METRICS: HeaderValue =
    HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8");
const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// `/livez`, `/readyz`, `/metrics`.
#[must_use]
pub fn handler(health: Arc<Health>, metrics: Arc<Metrics>) -> Handler {
    let router = Router::new()
        .route("/livez", get(async || "ok\n"))
        .route("/readyz", get(ready))
        .route("/metrics", get(numbers))
        .with_state(Ops { health, metrics });
    Handler::new(router)
}

async fn ready(State(ops): State<Ops>) -> Response {
    let report = ops.health.report().await;
    let status = if report.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, [(CONTENT_TYPE, JSON)], report.to_json()).into_response()
}

async fn numbers(State(ops): State<Ops>) -> Response {
    match ops.metrics.exposition() {
        Ok(text) => ([(CONTENT_TYPE, OPEN_METRICS)], text).into_response(),
        Err(error) => {
            tracing::error!(%error, "metrics cannot be written");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use http::Request;
    use http_body_util::BodyExt;
    use tower::ServiceExt;

    use super::*;

    async fn ask(health: Health, path: &str) -> (u16, String) {
        let handler = handler(Arc::new(health), Arc::new(Metrics::new()));
        let answer = handler.oneshot(Request::get(path).body(Body::empty()).unwrap()).await.unwrap();
        let status = answer.status().as_u16();
        let bytes = answer.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8(bytes.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn alive_says_nothing_of_others() {
        let health = Health::new().check(Check::needed("store", async || Err("gone".to_owned())));
        assert_eq!(ask(health, "/livez").await, (200, "ok\n".to_owned()));
    }

    #[tokio::test]
    async fn ready_says_what_is_missing() {
        let health = Health::new().check(Check::needed("store", async || Ok(())));
        assert_eq!(ask(health, "/readyz").await, (200, r#"{"ready":true,"parts":{"store":{"ok":true}}}"#.to_owned()));
        let health = Health::new().check(Check::needed("store", async || Err("gone".to_owned())));
        let expected = r#"{"ready":false,"parts":{"store":{"ok":false,"reason":"gone"}}}"#;
        assert_eq!(ask(health, "/readyz").await, (503, expected.to_owned()));
    }

    #[tokio::test]
    async fn metrics_are_open_metrics() {
        let (status, text) = ask(Health::new(), "/metrics").await;
        assert!(status == 200 && text.contains("odoo_gateway_uptime_seconds") && text.ends_with("# EOF\n"), "{text}");
    }
}
