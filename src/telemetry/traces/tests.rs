//! Tests of spans and of their encoding.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message as _;
use time::macros::datetime;

use super::otlp::export_request;
use super::sampling::Sampler;
use super::span_queue::{MAX_BATCH, MAX_WAITING, SpanQueue};
use super::*;
use crate::clock::Clock;
use crate::telemetry::metrics::{Metrics, OutcomeLabels};

const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

fn tracer(ratio: f64) -> (Tracer, Arc<Metrics>) {
    let metrics = Arc::new(Metrics::new());
    let clock = Clock::manual(datetime!(2026-11-28 12:00 UTC));
    let queue = SpanQueue::new(Arc::clone(&metrics));
    (Tracer { queue, sampler: Sampler::new(ratio), accepts_parent: true, clock }, metrics)
}

fn start(tracer: &Tracer, parent: &str) -> ActiveSpan {
    tracer.start_request([parent.as_bytes()], ["vendor=1".as_bytes()])
}

/// The finished spans, decoded by another implementation of the protocol.
async fn exported(tracer: &Tracer) -> Vec<Span> {
    let batch = tracer.queue.take_batch(Duration::ZERO).await;
    let body = export_request(&[("service.name".to_owned(), "test".to_owned())], &batch);
    let mut request = ExportTraceServiceRequest::decode(body.as_slice()).unwrap();
    let mut resource_spans = request.resource_spans.pop().unwrap();
    assert_eq!(resource_spans.resource.unwrap().attributes[0].key, "service.name");
    let scope_spans = resource_spans.scope_spans.pop().unwrap();
    assert_eq!(scope_spans.scope.unwrap().name, "odoo-gateway");
    scope_spans.spans
}

fn child() -> Option<ActiveSpan> {
    start_child(SpanKind::Client, || "child".into())
}

#[tokio::test]
async fn spans_are_decoded_with_their_parents_and_attributes() {
    let (tracer, _) = tracer(0.0);
    let mut request = start(&tracer, PARENT);
    request.rename("GET /a".to_owned());
    request.set("http.response.status_code", 503);
    request.set("flag", true);
    request.fail("odoo_unavailable");
    in_span(Some(request.current()), async {
        tokio::task::yield_now().await;
        drop(child().unwrap());
    })
    .await;
    assert!(child().is_none(), "the span is left");
    drop(request);
    let spans = exported(&tracer).await;
    let (child, request) = (&spans[0], &spans[1]);
    assert_eq!((child.name.as_str(), child.kind, child.status.as_ref()), ("child", 3, None));
    assert_eq!((request.name.as_str(), request.kind, request.flags), ("GET /a", 2, 0x301));
    assert_eq!((&child.trace_id, &child.parent_span_id), (&request.trace_id, &request.span_id));
    assert_eq!(request.trace_id[..2], [0x4b, 0xf9]);
    assert_eq!(request.parent_span_id, [0x00, 0xf0, 0x67, 0xaa, 0x0b, 0xa9, 0x02, 0xb7]);
    assert_eq!((request.trace_state.as_str(), child.flags), ("vendor=1", 0x101));
    assert_eq!(request.status.as_ref().unwrap().code, 2);
    let midday = u64::try_from(datetime!(2026-11-28 12:00 UTC).unix_timestamp_nanos()).unwrap();
    // Durations are real, also with a clock that stands still.
    let minute = 60_000_000_000;
    assert!((midday..midday + minute).contains(&request.start_time_unix_nano), "{request:?}");
    assert!(request.start_time_unix_nano <= child.start_time_unix_nano, "{spans:?}");
    assert!(request.end_time_unix_nano >= child.end_time_unix_nano, "{spans:?}");
    let attributes: Vec<_> = request.attributes.iter().map(|attribute| attribute.key.as_str()).collect();
    assert_eq!(attributes, ["http.response.status_code", "flag", "error.type"]);
    let values = request.attributes.iter().map(|attribute| attribute.value.clone().unwrap().value.unwrap());
    let expected = [Value::IntValue(503), Value::BoolValue(true), Value::StringValue("odoo_unavailable".to_owned())];
    assert_eq!(values.collect::<Vec<_>>(), expected);
}

#[tokio::test]
async fn trace_that_is_not_sampled_is_passed_on_and_not_recorded() {
    let (tracer, _) = tracer(1.0);
    let request = start(&tracer, &PARENT.replace("-01", "-00"));
    let current = request.current();
    in_span(Some(current.clone()), async {
        assert!(child().is_none());
        assert_eq!(current_span(), Some(current.clone()));
    })
    .await;
    let headers = current.headers();
    assert_eq!(headers.parent, format!("00-4bf92f3577b34da6a3ce929d0e0e4736-{}-00", current.span_id()));
    assert_eq!(headers.state.as_deref(), Some("vendor=1"));
    drop(request);
    assert!(tracer.queue.take_batch(Duration::ZERO).await.is_empty());
}

#[tokio::test]
async fn invalid_or_unwanted_parent_starts_a_trace() {
    let (mut tracer, _) = tracer(1.0);
    drop(start(&tracer, "00-zz"));
    tracer.accepts_parent = false;
    drop(start(&tracer, PARENT));
    let spans = exported(&tracer).await;
    assert_ne!(spans[0].trace_id, spans[1].trace_id);
    for span in spans {
        assert!(span.parent_span_id.is_empty() && span.trace_state.is_empty() && span.trace_id[..2] != [0x4b, 0xf9]);
        assert_eq!(span.flags, 0x101);
    }
}

#[tokio::test]
async fn future_is_dropped_within_its_span() {
    struct OnDrop(Arc<Mutex<Option<CurrentSpan>>>);
    impl Drop for OnDrop {
        fn drop(&mut self) {
            *self.0.lock().unwrap() = current_span();
        }
    }
    let (tracer, _) = tracer(1.0);
    let (request, found) = (start(&tracer, PARENT), Arc::default());
    let guard = OnDrop(Arc::clone(&found));
    drop(in_span(Some(request.current()), async move {
        std::future::pending::<()>().await;
        drop(guard);
    }));
    assert_eq!(*found.lock().unwrap(), Some(request.current()));
}

#[test]
fn full_queue_drops_and_counts_spans() {
    let (tracer, metrics) = tracer(1.0);
    (0..MAX_WAITING + 3).for_each(|_| drop(start(&tracer, PARENT)));
    let dropped = metrics.trace_spans_dropped.get_or_create(&OutcomeLabels { outcome: "queue_full" }).get();
    assert_eq!(dropped, 3);
}

#[tokio::test]
async fn collector_that_does_not_answer_delays_nobody_and_losses_are_counted() {
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let settings = TraceSettings {
        endpoint: format!("http://{}/v1/traces", silent.local_addr().unwrap()).parse().unwrap(),
        headers: None,
        sample_ratio: 1.0,
        accept_parent: true,
        resource: Vec::new(),
        timeout: Duration::from_secs(600),
    };
    let metrics = Arc::new(Metrics::new());
    let (_exporter, tracer) = SpanExporter::start(settings, Arc::clone(&metrics), Clock::system()).unwrap();
    (0..MAX_BATCH).for_each(|_| drop(start(&tracer, PARENT)));
    let _unanswered = silent.accept().await.unwrap();
    // No span waits for the exporter, which waits for the collector.
    (0..MAX_WAITING + 3).for_each(|_| drop(start(&tracer, PARENT)));
    let dropped = metrics.trace_spans_dropped.get_or_create(&OutcomeLabels { outcome: "queue_full" }).get();
    assert_eq!((dropped, metrics.trace_spans_exported.get()), (3, 0));
}
