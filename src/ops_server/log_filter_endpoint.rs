//! `/log-filter`: which events are logged, and a change of that for a while.
//!
//! In: `GET`; `PUT` with JSON `{"filter": "…", "seconds": …}`; `DELETE`, which ends the change. Out: the filter in
//! effect. Must not know: what is logged.
//!
//! The other endpoints only read, and can be published to a monitoring network. This one makes the gateway write, so it
//! answers only to this machine (`kubectl port-forward` and `docker exec` are on it), the text is short, and the change
//! ends by itself. A web page in a browser on this machine cannot use it: `PUT` needs a permission that is never given,
//! and a name that resolves to this machine is not accepted in `Host`. Nor can the clients of a proxy on this machine
//! that says that it is one; others must not forward this path.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use axum::extract::rejection::JsonRejection;
use axum::extract::{DefaultBodyLimit, Request};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get};
use axum::{Extension, Json};
use http::header::HOST;
use http::uri::Authority;
use http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};

use crate::serve::Received;
use crate::telemetry::log_filter::LogFilter;

/// The headers by which a proxy says that it is one.
const PROXY_HEADERS: [&str; 4] = ["forwarded", "via", "x-forwarded-for", "x-forwarded-proto"];
/// The maximum length of a filter, in bytes.
const MAX_FILTER: usize = 512;
/// The maximum size of a request, in bytes.
const MAX_BODY: usize = 4096;
/// How long a change lasts unless the request says it.
const DEFAULT_SECONDS: u64 = 10 * 60;
/// The longest time that a change lasts.
const MAX_SECONDS: u64 = 24 * 60 * 60;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    filter: String,
    #[serde(default = "default_seconds")]
    seconds: u64,
}

#[derive(Debug, Serialize)]
struct InEffect {
    filter: String,
    configured: String,
    /// When the configured filter is in effect again.
    reset_in_seconds: Option<u64>,
}

fn default_seconds() -> u64 {
    DEFAULT_SECONDS
}

/// The route. Without a filter, logging is not initialized, and there is nothing to change.
pub(super) fn route<S: Clone + Send + Sync + 'static>(filter: Option<LogFilter>) -> MethodRouter<S> {
    get(show).put(change).delete(reset).layer((
        middleware::from_fn(reject_remote),
        DefaultBodyLimit::max(MAX_BODY),
        Extension(filter),
    ))
}

async fn show(Extension(filter): Extension<Option<LogFilter>>) -> Response {
    filter.as_ref().map_or_else(unavailable, in_effect)
}

async fn change(
    Extension(filter): Extension<Option<LogFilter>>,
    change: Result<Json<Change>, JsonRejection>,
) -> Response {
    let Some(filter) = filter else { return unavailable() };
    let Change { filter: text, seconds } = match change {
        Ok(Json(change)) => change,
        Err(rejection) => return rejected(rejection.status(), rejection.body_text()),
    };
    if text.len() > MAX_FILTER {
        return rejected(StatusCode::BAD_REQUEST, format!("`filter` has more than {MAX_FILTER} bytes"));
    }
    if !(1..=MAX_SECONDS).contains(&seconds) {
        return rejected(StatusCode::BAD_REQUEST, format!("`seconds` must be from 1 to {MAX_SECONDS}"));
    }
    match filter.set_temporarily(&text, Duration::from_secs(seconds)) {
        Ok(()) => in_effect(&filter),
        Err(error) => rejected(StatusCode::BAD_REQUEST, error.to_string()),
    }
}

async fn reset(Extension(filter): Extension<Option<LogFilter>>) -> Response {
    let Some(filter) = filter else { return unavailable() };
    filter.reset();
    in_effect(&filter)
}

fn in_effect(filter: &LogFilter) -> Response {
    let state = filter.current();
    let reset_in_seconds = state.reset_in.map(|left| left.as_secs_f64().ceil() as u64);
    Json(InEffect { filter: state.filter, configured: state.configured, reset_in_seconds }).into_response()
}

fn unavailable() -> Response {
    rejected(StatusCode::SERVICE_UNAVAILABLE, "this process has no log".to_owned())
}

fn rejected(status: StatusCode, reason: String) -> Response {
    (status, Json(serde_json::json!({ "reason": reason }))).into_response()
}

/// Passes on only requests from this machine that are meant for it.
async fn reject_remote(request: Request, next: Next) -> Response {
    let peer = request.extensions().get().map(|Received { peer, .. }| peer.ip().to_canonical());
    let is_forwarded = PROXY_HEADERS.iter().any(|name| request.headers().contains_key(*name));
    if peer.is_some_and(is_this_machine) && is_addressed_locally(request.headers()) && !is_forwarded {
        return next.run(request).await;
    }
    rejected(StatusCode::FORBIDDEN, "the log filter is changed only from the machine of the gateway".to_owned())
}

/// Other loopback addresses are used by tunnels and meshes, which pass on requests from elsewhere.
fn is_this_machine(address: IpAddr) -> bool {
    address == Ipv4Addr::LOCALHOST || address == Ipv6Addr::LOCALHOST
}

/// Whether `Host` is `localhost` or its address. Any other name can be made to resolve to this machine.
fn is_addressed_locally(headers: &HeaderMap) -> bool {
    let authority = headers.get(HOST).and_then(|host| Authority::try_from(host.as_bytes()).ok());
    authority.is_some_and(|authority| {
        let host = authority.host().trim_start_matches('[').trim_end_matches(']');
        host.eq_ignore_ascii_case("localhost") || host.parse().is_ok_and(is_this_machine)
    })
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::body::Body;
    use http::Method;
    use http_body_util::BodyExt as _;
    use tokio::time::Instant;
    use tower::ServiceExt as _;

    use super::*;

    /// The answer to a request from `peer`, and the filter afterwards.
    async fn answer(method: Method, peer: &str, host: &str, body: &str) -> (u16, serde_json::Value, LogFilter) {
        let filter = LogFilter::for_tests("info");
        let router: Router = Router::new().route("/log-filter", route(Some(filter.clone())));
        let received = Received { peer: peer.parse().unwrap(), at: Instant::now() };
        let request = http::Request::builder().method(method).uri("/log-filter").header(HOST, host);
        let request = request.header("content-type", "application/json").extension(received);
        let response = router.oneshot(request.body(Body::from(body.to_owned())).unwrap()).await.unwrap();
        let status = response.status().as_u16();
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        (status, serde_json::from_slice(&bytes).unwrap(), filter)
    }

    const LOCAL: &str = "127.0.0.1:5000";
    const CHANGE: &str = r#"{"filter": "debug", "seconds": 60}"#;

    #[tokio::test(start_paused = true)]
    async fn filter_changes_for_the_requested_time() {
        let (status, body, filter) = answer(Method::PUT, LOCAL, "localhost:9090", CHANGE).await;
        let expected = serde_json::json!({"filter": "debug", "configured": "info", "reset_in_seconds": 60});
        assert_eq!((status, body), (200, expected));
        assert_eq!(filter.current().filter, "debug");
        let (_, body, _) = answer(Method::PUT, "[::1]:5000", "[::1]:9090", r#"{"filter": "warn"}"#).await;
        assert_eq!(body["reset_in_seconds"], DEFAULT_SECONDS);
        let (_, body, _) = answer(Method::DELETE, LOCAL, "127.0.0.1", "").await;
        assert_eq!((&body["filter"], &body["reset_in_seconds"]), (&"info".into(), &serde_json::Value::Null));
    }

    #[tokio::test]
    async fn requests_from_elsewhere_are_rejected() {
        for (peer, host) in [
            ("192.0.2.1:5000", "localhost"),
            ("127.0.0.6:5000", "localhost"),
            (LOCAL, "192.0.2.1:9090"),
            (LOCAL, "gateway.example"),
            (LOCAL, "localhost.evil.example:9090"),
            (LOCAL, ""),
        ] {
            for method in [Method::GET, Method::PUT, Method::DELETE] {
                let (status, _, filter) = answer(method, peer, host, CHANGE).await;
                assert_eq!((status, filter.current().filter.as_str()), (403, "info"), "{peer} {host}");
            }
        }
    }

    #[tokio::test]
    async fn requests_that_a_proxy_forwarded_are_rejected() {
        for header in PROXY_HEADERS {
            let router: Router = Router::new().route("/log-filter", route(Some(LogFilter::for_tests("info"))));
            let received = Received { peer: LOCAL.parse().unwrap(), at: Instant::now() };
            let request = http::Request::get("/log-filter").header(HOST, "localhost").header(header, "x");
            let response = router.oneshot(request.extension(received).body(Body::empty()).unwrap()).await.unwrap();
            assert_eq!(response.status(), StatusCode::FORBIDDEN, "{header}");
        }
    }

    #[tokio::test]
    async fn invalid_changes_are_rejected_with_the_reason() {
        let long = format!(r#"{{"filter": "{}"}}"#, "a,".repeat(300));
        let oversized = format!(r#"{{"filter": "{}"}}"#, "a".repeat(5000));
        for (body, expected, reason) in [
            (r#"{"filter": "info,x=loud"}"#, 400, "is invalid"),
            (r#"{"filter": "off"}"#, 400, "odoo_gateway=warn"),
            (r#"{"filter": "debug", "seconds": 0}"#, 400, "from 1 to"),
            (r#"{"filter": "debug", "seconds": 86401}"#, 400, "from 1 to"),
            (r#"{"filter": "debug", "minutes": 1}"#, 422, "minutes"),
            (r#"{"filter": 1}"#, 422, "filter"),
            ("debug", 400, "JSON"),
            (&long, 400, "512"),
            (&oversized, 413, ""),
        ] {
            let (status, answer, filter) = answer(Method::PUT, LOCAL, "localhost", body).await;
            let text = answer["reason"].as_str().unwrap();
            assert!(status == expected && text.contains(reason), "{body}: {status} {text}");
            assert_eq!(filter.current().filter, "info");
        }
    }
}
