//! The span of a request in a distributed trace.
//!
//! In: the head of a request, what is known at its end. Out: a span with the attributes of OpenTelemetry's semantic
//! conventions for HTTP servers. Must not know: what the request asks for. As in the log, there are no queries, raw
//! paths, users or addresses.

use std::borrow::Cow;

use axum::extract::MatchedPath;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Version};

use crate::http::request::request_facts::RequestFacts;
use crate::http::request::request_log::LogFields;
use crate::telemetry::metrics::TraceLabels;
use crate::telemetry::traces::{ActiveSpan, Tracer};

const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");
/// Statuses from here on are failures of the server.
const FIRST_SERVER_ERROR: u16 = 500;

/// Starts the span, in the trace of the client if it has sent one.
pub(super) fn start<B>(tracer: &Tracer, request: &Request<B>, facts: &RequestFacts) -> ActiveSpan {
    let headers = |name| request.headers().get_all(name).iter().map(HeaderValue::as_bytes);
    let mut span = tracer.start_request(headers(TRACEPARENT), headers(TRACESTATE));
    if span.is_sampled() {
        span.set("url.scheme", scheme(request.headers(), facts));
        span.set("network.protocol.version", protocol_version(request.version()));
    }
    span
}

/// The trace of the request for the histogram of durations; `None` if the trace is not recorded.
pub(super) fn exemplar(span: &ActiveSpan) -> Option<TraceLabels> {
    span.is_sampled().then(|| TraceLabels { trace_id: span.current().trace_id().to_string() })
}

/// Names the span, and adds what is known at the end of the request.
pub(super) fn complete(span: &mut ActiveSpan, method: &'static str, status: u16, facts: (&str, &LogFields)) {
    if !span.is_sampled() {
        return;
    }
    let (request_id, fields) = facts;
    let method = if method == "other" { "_OTHER" } else { method };
    span.set("http.request.method", method);
    span.set("http.response.status_code", status);
    span.set("odoo_gateway.request_id", request_id.to_owned());
    let name = if method == "_OTHER" { "HTTP" } else { method };
    match fields.route.as_ref().map(MatchedPath::as_str) {
        Some(route) => {
            span.rename(format!("{name} {route}"));
            span.set("http.route", route.to_owned());
        }
        None => span.rename(name.to_owned()),
    }
    if let Some(database) = &fields.database {
        span.set("odoo.database", database.clone());
    }
    if let Some(credential) = fields.credential {
        span.set("odoo_gateway.credential", credential);
    }
    if let Some(code) = fields.code {
        span.set("odoo_gateway.error_code", code);
    }
    if status >= FIRST_SERVER_ERROR {
        span.fail(fields.code.map_or_else(|| Cow::Owned(status.to_string()), Cow::Borrowed));
    }
}

/// The scheme that the client used, as far as a trusted proxy states it: the gateway itself does not serve TLS.
fn scheme(headers: &HeaderMap, facts: &RequestFacts) -> &'static str {
    let forwarded = headers.get("x-forwarded-proto").filter(|_| facts.peer.is_trusted);
    if forwarded.is_some_and(|scheme| scheme.as_bytes().eq_ignore_ascii_case(b"https")) { "https" } else { "http" }
}

fn protocol_version(version: Version) -> &'static str {
    match version {
        Version::HTTP_2 => "2",
        Version::HTTP_10 => "1.0",
        _ => "1.1",
    }
}
