//! A collector of traces: receives OTLP over HTTP, decoded by OpenTelemetry's own types.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::routing::post;
use http::{HeaderMap, StatusCode};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message as _;
use tokio::net::TcpListener;
use tokio::sync::watch;

/// A listening collector; it ends with the test's runtime.
#[derive(Clone)]
pub(crate) struct TraceCollector {
    address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    received: Mutex<Received>,
    changed: watch::Sender<()>,
}

#[derive(Default)]
struct Received {
    spans: Vec<ReceivedSpan>,
    resource: BTreeMap<String, String>,
    headers: HeaderMap,
    /// The statuses of the next responses; after them 200.
    failures: Vec<StatusCode>,
}

/// A received span.
#[derive(Debug, Clone)]
pub(crate) struct ReceivedSpan {
    pub(crate) span: Span,
    pub(crate) attributes: BTreeMap<String, String>,
}

impl TraceCollector {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared { received: Mutex::default(), changed: watch::Sender::new(()) });
        let router = Router::new().route("/base/v1/traces", post(receive)).with_state(Arc::clone(&shared));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { address, shared }
    }

    /// The value of `traces.endpoint`.
    pub(crate) fn endpoint(&self) -> String {
        format!("http://{}/base/", self.address)
    }

    /// The next export request is answered with this status, and its spans are not received.
    pub(crate) fn fail_once(&self, status: StatusCode) {
        self.shared.received.lock().unwrap().failures.push(status);
    }

    /// The attributes of the process that sent the last spans.
    pub(crate) fn resource(&self) -> BTreeMap<String, String> {
        self.shared.received.lock().unwrap().resource.clone()
    }

    /// A header of the last export request.
    pub(crate) fn header(&self, name: &str) -> String {
        self.shared.received.lock().unwrap().headers[name].to_str().unwrap().to_owned()
    }

    /// All spans so far.
    pub(crate) fn spans(&self) -> Vec<ReceivedSpan> {
        self.shared.received.lock().unwrap().spans.clone()
    }

    /// The spans of the request with this `X-Request-Id`, once it has ended: that of the request first.
    pub(crate) async fn trace_of(&self, request_id: &str) -> Vec<ReceivedSpan> {
        let mut changed = self.shared.changed.subscribe();
        let found = async {
            loop {
                let spans = self.spans();
                let is_request = |span: &&ReceivedSpan| span.attribute("odoo_gateway.request_id") == request_id;
                if let Some(request) = spans.iter().find(is_request) {
                    let trace = &request.span.trace_id;
                    let mut trace: Vec<_> = spans.iter().filter(|span| span.span.trace_id == *trace).cloned().collect();
                    trace.sort_by_key(|span| (!is_request(&span), span.span.start_time_unix_nano));
                    return trace;
                }
                changed.changed().await.unwrap();
            }
        };
        tokio::time::timeout(Duration::from_secs(20), found).await.expect("the request is exported")
    }
}

impl ReceivedSpan {
    /// An attribute as text; empty if it is missing.
    pub(crate) fn attribute(&self, name: &str) -> &str {
        self.attributes.get(name).map_or("", String::as_str)
    }
}

async fn receive(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let mut received = shared.received.lock().unwrap();
    if let Some(status) = received.failures.pop() {
        return status;
    }
    assert_eq!(headers["content-type"], "application/x-protobuf");
    for resource_spans in ExportTraceServiceRequest::decode(body).unwrap().resource_spans {
        received.resource = texts(resource_spans.resource.unwrap().attributes);
        let spans = resource_spans.scope_spans.into_iter().flat_map(|scope_spans| scope_spans.spans);
        let decoded = spans.map(|mut span| {
            let attributes = texts(std::mem::take(&mut span.attributes));
            ReceivedSpan { span, attributes }
        });
        received.spans.extend(decoded);
    }
    received.headers = headers;
    drop(received);
    shared.changed.send_replace(());
    StatusCode::OK
}

fn texts(attributes: Vec<KeyValue>) -> BTreeMap<String, String> {
    let text = |value| match value {
        Some(Value::StringValue(text)) => text,
        Some(Value::IntValue(number)) => number.to_string(),
        Some(Value::BoolValue(is_true)) => is_true.to_string(),
        other => panic!("{other:?}"),
    };
    attributes.into_iter().map(|pair| (pair.key, text(pair.value.unwrap().value))).collect()
}
