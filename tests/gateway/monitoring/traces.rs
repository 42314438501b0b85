//! Distributed traces, as a collector receives them.

use http::StatusCode;
use serde_json::json;

use crate::support::stub_odoo::PASSWORD;
use crate::support::trace_collector::{ReceivedSpan, TraceCollector};
use crate::support::{Gateway, StubOdoo, StubReply, Version, testbed, unique};

const PARTNERS: &str = "/restapi/1.0/object/res.partner";
const PARTNER: &str = "/restapi/1.0/object/res.partner/1";
const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

const ENDPOINT: &str = "ODOO_GATEWAY__TRACES__ENDPOINT";

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn names(spans: &[ReceivedSpan]) -> Vec<&str> {
    spans.iter().map(|span| span.span.name.as_str()).collect()
}

fn find<'s>(spans: &'s [ReceivedSpan], name: &str) -> &'s ReceivedSpan {
    spans.iter().find(|span| span.span.name == name).unwrap_or_else(|| panic!("{name} in {:?}", names(spans)))
}

/// The names of a span's ancestors, from its parent to the request.
fn ancestors<'s>(spans: &'s [ReceivedSpan], span: &ReceivedSpan) -> Vec<&'s str> {
    let mut found: Vec<&str> = Vec::new();
    let mut parent = &span.span.parent_span_id;
    while let Some(next) = spans.iter().find(|other| other.span.span_id == *parent) {
        found.push(&next.span.name);
        parent = &next.span.parent_span_id;
    }
    found
}

/// The `traceparent` of the last call with this name.
fn parent_of_call(stub: &StubOdoo, name: &str) -> Option<String> {
    let text = stub.last_text(name);
    let header = text.lines().find_map(|line| line.strip_prefix("traceparent: "));
    header.map(str::to_owned)
}

#[tokio::test]
async fn read_of_a_real_odoo_has_a_span_for_each_stage_and_call() {
    let collector = TraceCollector::start().await;
    let endpoint = collector.endpoint();
    let settings = [
        (ENDPOINT, endpoint.as_str()),
        ("ODOO_GATEWAY__TRACES__HEADERS", "x-tenant=a%20b"),
        ("ODOO_GATEWAY__TRACES__SERVICE_NAME", "erp-api"),
        ("ODOO_GATEWAY__TRACES__RESOURCE_ATTRIBUTES", "deployment.environment.name=test"),
    ];
    let gateway = Gateway::start_with_database(Version::Odoo19, "odoo19", &settings).await;
    let id = unique("read").replace(' ', "-");
    let client = gateway.client().as_user("admin").with_header("X-Request-Id", &id).with_header("traceparent", PARENT);
    client.get(PARTNERS, &[("fields", "name"), ("limit", "1")]).await.ok();
    let spans = collector.trace_of(&id).await;
    let request = &spans[0];
    assert_eq!(request.span.name, "GET /restapi/1.0/object/{model}");
    assert_eq!((hex(&request.span.trace_id), hex(&request.span.parent_span_id)), (TRACE.into(), PARENT[36..52].into()));
    let attributes = ["http.request.method", "http.route", "http.response.status_code", "url.scheme", "odoo.database"];
    let values = attributes.map(|name| request.attribute(name));
    assert_eq!(values, ["GET", "/restapi/1.0/object/{model}", "200", "http", "odoo19"]);
    for stage in ["auth", "body", "plan", "odoo", "shape"] {
        assert_eq!(ancestors(&spans, find(&spans, stage)), [request.span.name.as_str()], "{stage}");
    }
    let read = spans.iter().find(|span| ancestors(&spans, span).first() == Some(&"odoo")).expect("a call to Odoo");
    let url = testbed().url(Version::Odoo19);
    let values = ["rpc.system", "rpc.service", "odoo.database"].map(|name| read.attribute(name));
    assert_eq!((values, read.span.kind), (["xmlrpc", "res.partner", "odoo19"], 3));
    assert!(url.ends_with(&format!("{}:{}", read.attribute("server.address"), read.attribute("server.port"))), "{url}");
    assert!(names(&spans).contains(&"common/authenticate"));
    // No span outlasts the request, and none starts before it.
    let contains = |span: &&ReceivedSpan| {
        span.span.start_time_unix_nano >= request.span.start_time_unix_nano
            && span.span.end_time_unix_nano <= request.span.end_time_unix_nano
    };
    assert!(spans.iter().all(|span| contains(&span)), "{spans:?}");
    let resource = collector.resource();
    let values = ["service.name", "deployment.environment.name"].map(|name| resource[name].as_str());
    assert_eq!((values, resource["service.instance.id"].len()), (["erp-api", "test"], 32));
    assert_eq!(collector.header("x-tenant"), "a b");
    let everything = format!("{:?}", collector.spans());
    assert!(!everything.contains("admin") && !everything.contains("fields=name"), "no user, no query: {everything}");
}

#[tokio::test]
async fn trace_context_reaches_odoo_with_the_span_of_the_call() {
    let (collector, stub) = (TraceCollector::start().await, StubOdoo::start().await);
    let endpoint = collector.endpoint();
    let gateway = Gateway::start_with_stub(&stub, &[(ENDPOINT, &endpoint)]).await;
    let admin = gateway.client().with_password("admin", PASSWORD);
    let traced = admin.with_header("traceparent", PARENT).with_header("tracestate", "vendor=1");
    traced.with_header("X-Request-Id", "sampled").get(PARTNER, &[("fields", "name")]).await.ok();
    let spans = collector.trace_of("sampled").await;
    let call = find(&spans, "res.partner/read");
    let expected = format!("00-{TRACE}-{}-01", hex(&call.span.span_id));
    assert_eq!(parent_of_call(&stub, "res.partner.read"), Some(expected));
    assert!(stub.last_text("res.partner.read").contains("\r\ntracestate: vendor=1\r\n"));
    // The histogram of durations names the trace, in the format that allows it.
    let ops = gateway.ops_client();
    let exemplar = format!(" # {{trace_id=\"{TRACE}\"}} ");
    let metrics = ops.with_header("Accept", "application/openmetrics-text").get("/metrics", &[]).await.text;
    let named = metrics.lines().find(|line| line.contains(&exemplar)).unwrap_or_else(|| panic!("{metrics}"));
    assert!(named.starts_with("odoo_gateway_request_duration_seconds_bucket{"), "{named}");
    assert!(!ops.get("/metrics", &[]).await.text.contains(TRACE), "the text format has no exemplars");
    // The flag of the client is respected, and an invalid context starts a trace.
    let unsampled = PARENT.replace("-01", "-00");
    admin.with_header("traceparent", &unsampled).get(PARTNER, &[("fields", "name")]).await.ok();
    let parent = parent_of_call(&stub, "res.partner.read").unwrap();
    assert!(parent.starts_with(&format!("00-{TRACE}-")) && parent.ends_with("-00"), "{parent}");
    let invalid = admin.with_header("traceparent", "00-zz").with_header("X-Request-Id", "invalid");
    invalid.get(PARTNER, &[("fields", "name")]).await.ok();
    let spans = collector.trace_of("invalid").await;
    assert!(spans[0].span.parent_span_id.is_empty() && hex(&spans[0].span.trace_id) != TRACE);
    let of_client = collector.spans().iter().filter(|span| hex(&span.span.trace_id) == TRACE).count();
    assert_eq!(of_client, collector.trace_of("sampled").await.len(), "nothing of the other request is recorded");
}

#[tokio::test]
async fn failed_calls_and_requests_have_the_reason() {
    let (collector, stub) = (TraceCollector::start().await, StubOdoo::start().await);
    let endpoint = collector.endpoint();
    let gateway = Gateway::start_with_stub(&stub, &[(ENDPOINT, &endpoint)]).await;
    let admin = gateway.client().with_password("admin", PASSWORD);
    stub.when("res.partner.create", StubReply::fault("warning -- UserError\n\nNo, thanks.", ""));
    let body = json!({"vals": {"name": "secret-azure"}});
    let rejected = admin.with_header("X-Request-Id", "fault").post(PARTNERS, &body).await;
    stub.when("res.partner.create", StubReply::cut());
    let unknown = admin.with_header("X-Request-Id", "cut").post(PARTNERS, &body).await;
    assert!((400..500).contains(&rejected.status), "{}", rejected.text);
    assert_eq!(unknown.status, 504, "{}", unknown.text);
    let spans = collector.trace_of("fault").await;
    let call = find(&spans, "res.partner/create");
    let error = call.attribute("error.type");
    assert!(error.ends_with("UserError") && call.span.status.as_ref().unwrap().code == 2, "{call:?}");
    assert_eq!((spans[0].attribute("error.type"), spans[0].span.status.as_ref()), ("", None), "the client's mistake");
    let spans = collector.trace_of("cut").await;
    let call = find(&spans, "res.partner/create");
    let errors = [call, &spans[0]].map(|span| (span.attribute("error.type"), span.span.status.as_ref().unwrap().code));
    assert_eq!(errors, [("outcome_unknown", 2); 2]);
    assert!(!format!("{:?}", collector.spans()).contains("secret-azure"), "no values");
}

#[tokio::test]
async fn without_an_endpoint_nothing_is_passed_on() {
    let stub = StubOdoo::start().await;
    let gateway = Gateway::start_with_stub(&stub, &[]).await;
    let admin = gateway.client().with_password("admin", PASSWORD).with_header("traceparent", PARENT);
    admin.get(PARTNER, &[("fields", "name")]).await.ok();
    assert_eq!(parent_of_call(&stub, "res.partner.read"), None);
}

#[tokio::test]
async fn batch_is_sent_again_after_a_temporary_failure() {
    let (collector, stub) = (TraceCollector::start().await, StubOdoo::start().await);
    collector.fail_once(StatusCode::SERVICE_UNAVAILABLE);
    let endpoint = collector.endpoint();
    let gateway = Gateway::start_with_stub(&stub, &[(ENDPOINT, &endpoint)]).await;
    gateway.client().with_header("X-Request-Id", "again").get("/nowhere", &[]).await.problem(404, "unknown_route");
    assert_eq!(collector.trace_of("again").await[0].span.name, "GET");
    let metrics = gateway.ops_client().get("/metrics", &[]).await.text;
    assert!(metrics.contains("\nodoo_gateway_trace_spans_exported_total 1\n"), "{metrics}");
}

#[tokio::test]
async fn collector_that_rejects_or_does_not_exist_costs_only_its_spans() {
    let (collector, stub) = (TraceCollector::start().await, StubOdoo::start().await);
    collector.fail_once(StatusCode::UNAUTHORIZED);
    let endpoint = collector.endpoint();
    let gateway = Gateway::start_with_stub(&stub, &[(ENDPOINT, &endpoint)]).await;
    let unreachable = Gateway::start_with_stub(&stub, &[(ENDPOINT, "http://127.0.0.1:1")]).await;
    for gateway in [&gateway, &unreachable] {
        let admin = gateway.client().with_password("admin", PASSWORD);
        admin.get(PARTNER, &[("fields", "name")]).await.ok();
    }
    let dropped = async {
        let counted = "\nodoo_gateway_trace_spans_dropped_total{outcome=\"export_failed\"} ";
        while !gateway.ops_client().get("/metrics", &[]).await.text.contains(counted) {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), dropped).await.expect("the spans are counted");
    // The last attempt is made at the end, which waits for a limited time.
    unreachable.stop().await;
}
