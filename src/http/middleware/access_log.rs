//! The access log: one line, the metrics, and the usage of the credential of each request, written after the last byte of the response was handed
//! to the connection, or when the request ends early.
//!
//! In: a request and its response. Out: a log event, metrics, counts. Must not know: what the request asks for.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::Body;
use axum::extract::MatchedPath;
use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body::{Frame, SizeHint};
use tokio::time::Instant;

use super::request_span;
use crate::http::request::peer::ClientIp;
use crate::http::request::request_facts::RequestFacts;
use crate::http::request::request_id::RequestId;
use crate::http::request::request_log::RequestLog;
use crate::serve::Received;
use crate::telemetry::log_writer::ACCESS_LOG;
use crate::telemetry::metrics::Metrics;
use crate::telemetry::traces::ActiveSpan;

/// A request in progress. Writes the log line and the metrics when it is dropped.
#[derive(Debug)]
pub(super) struct AccessLogGuard {
    started: Instant,
    method: &'static str,
    id: RequestId,
    client: Option<ClientIp>,
    log: RequestLog,
    metrics: Arc<Metrics>,
    status: Option<StatusCode>,
    bytes: u64,
    complete: bool,
    /// Ends with the guard.
    span: Option<ActiveSpan>,
}

/// The logged status if the client closed the connection before the response, as in nginx.
const CLIENT_CLOSED_REQUEST: u16 = 499;

/// Statuses from here on are errors (RFC 9110 section 15).
const FIRST_ERROR: u16 = 400;

impl AccessLogGuard {
    pub(super) fn new<B>(request: &Request<B>, facts: &RequestFacts, metrics: Arc<Metrics>) -> Self {
        metrics.requests_in_flight.inc();
        let started = request.extensions().get().map_or_else(Instant::now, |Received { at, .. }| *at);
        let (method, client) = (method_label(request.method()), facts.client);
        let (id, log) = (facts.id.clone(), facts.log.clone());
        Self { started, method, id, client, log, metrics, status: None, bytes: 0, complete: false, span: None }
    }

    /// The guard, which ends this span too.
    pub(super) fn with_span(mut self, mut span: Option<ActiveSpan>) -> Self {
        if let Some(span) = &mut span {
            span.set_start(self.started.into_std());
        }
        self.span = span;
        self
    }

    /// When the first byte of the request arrived.
    pub(super) fn started(&self) -> Instant {
        self.started
    }

    /// The response with a body that counts its bytes and drops the guard at its end.
    pub(super) fn finish_with(mut self, response: Response<Body>) -> Response<Body> {
        self.status = Some(response.status());
        response.map(|body| {
            self.complete = http_body::Body::is_end_stream(&body);
            Body::new(CountedBody { body, guard: self })
        })
    }
}

impl Drop for AccessLogGuard {
    fn drop(&mut self) {
        let elapsed = self.started.elapsed();
        let fields = self.log.take();
        let route = fields.route.as_ref().map(MatchedPath::as_str);
        let status = self.status.map_or(CLIENT_CLOSED_REQUEST, |status| status.as_u16());
        let log = || {
            tracing::info!(
                target: ACCESS_LOG,
                request_id = self.id.as_str(),
                method = self.method,
                route,
                status,
                ms = elapsed.as_secs_f64() * 1e3,
                bytes = self.bytes,
                complete = self.complete,
                peer = self.client.map(|ClientIp(address)| tracing::field::display(address.to_canonical())),
                database = fields.database,
                user = fields.user,
                credential = fields.credential,
                code = fields.code,
                odoo_ms = (fields.odoo_calls > 0).then_some(fields.odoo.as_secs_f64() * 1e3),
                odoo_calls = (fields.odoo_calls > 0).then_some(fields.odoo_calls),
                "request"
            );
        };
        match &mut self.span {
            // The line states the ids of the span.
            Some(span) => {
                request_span::complete(span, self.method, status, (self.id.as_str(), &fields));
                span.current().scope(log);
            }
            None => log(),
        }
        let trace = self.span.as_ref().and_then(request_span::exemplar);
        self.metrics.record_request((self.method, route.unwrap_or("unmatched"), status), elapsed, trace);
        self.metrics.requests_in_flight.dec();
        if let Some(usage) = fields.usage {
            // RPC has the status 200 for an error, too.
            usage.record(status >= FIRST_ERROR || fields.code.is_some());
        }
    }
}

/// The method as a metric label: clients may send any token, so the set of labels is closed.
fn method_label(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

/// The body of a response, whose bytes are counted.
#[derive(Debug)]
struct CountedBody {
    body: Body,
    guard: AccessLogGuard,
}

impl http_body::Body for CountedBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        match &polled {
            Poll::Ready(Some(Ok(frame))) => {
                self.guard.bytes += frame.data_ref().map_or(0, |data| data.len() as u64);
                self.guard.complete = self.body.is_end_stream();
            }
            Poll::Ready(None) => self.guard.complete = true,
            Poll::Ready(Some(Err(_))) | Poll::Pending => {}
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;

    use super::*;
    use crate::telemetry::metrics::RequestLabels;

    fn guard(method: &str) -> (AccessLogGuard, Arc<Metrics>) {
        let request = Request::builder().method(method).uri("/secret?token=secret").body(()).unwrap();
        let metrics = Arc::new(Metrics::new());
        (AccessLogGuard::new(&request, &RequestFacts::default(), Arc::clone(&metrics)), metrics)
    }

    fn count(metrics: &Metrics, method: &'static str, status: u16) -> u64 {
        metrics.requests.get_or_create(&RequestLabels { method, route: "unmatched".to_owned(), status }).get()
    }

    #[tokio::test]
    async fn the_request_is_counted_when_the_body_ends() {
        let (guard, metrics) = guard("GET");
        let response = guard.finish_with(Response::new(Body::from("hello")));
        assert_eq!(metrics.requests_in_flight.get(), 1);
        assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), "hello");
        assert_eq!((count(&metrics, "GET", 200), metrics.requests_in_flight.get()), (1, 0));
    }

    #[test]
    fn a_request_whose_client_disconnected_is_counted() {
        let (guard, metrics) = guard("BREW");
        drop(guard);
        assert_eq!((count(&metrics, "other", 499), metrics.requests_in_flight.get()), (1, 0));
    }
}
