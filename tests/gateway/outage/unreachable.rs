//! No connection to Odoo, no response in time, and interrupted connections.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::json;

use super::{PARTNER, assert_outcome_unknown, assert_retryable, create, read, update, warm_gateway};
use crate::support::client::send;
use crate::support::stub_odoo::PASSWORD;
use crate::support::{Gateway, StubOdoo, StubReply};

/// An address without a listener.
fn unused_address() -> SocketAddr {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

async fn gateway_with_odoo_at(address: SocketAddr) -> Gateway {
    let url = format!("http://{address}");
    Gateway::start(&[("ODOO_GATEWAY__ODOO__0__URL", &url), ("ODOO_GATEWAY__ODOO__0__DATABASE", "stub")]).await
}

#[tokio::test]
async fn gateway_runs_without_odoo_and_recovers_when_odoo_starts() {
    let address = unused_address();
    let gateway = gateway_with_odoo_at(address).await;
    assert_eq!(gateway.ops_client().get("/livez", &[]).await.status, 200);
    let ready = gateway.ops_client().get("/readyz", &[]).await;
    assert_eq!(ready.status, 503);
    let found = ready.json();
    let reason = found["parts"]["odoo stub"]["reason"].as_str().unwrap();
    assert!(reason.contains("the connection is refused: no process listens on that port"), "{reason}");
    let fine = json!({"ok": true});
    assert_eq!(
        (&found["ready"], &found["parts"]["store"], &found["parts"]["master key"]),
        (&json!(false), &fine, &fine)
    );

    let admin = gateway.client().with_password("admin", PASSWORD);
    let problem = assert_retryable(&read(&admin).await, "odoo_unreachable");
    assert_eq!(problem["detail"], "The gateway could not connect to Odoo. Nothing was done.");
    assert_retryable(&gateway.client().get("/restapi/1.0/common/version", &[]).await, "odoo_unreachable");
    // Requests that do not need Odoo work.
    assert_eq!(gateway.client().get("/openapi.json", &[]).await.status, 200);

    let stub = StubOdoo::start_at(address).await;
    assert_eq!(read(&admin).await.ok(), json!({"Contact": {"id": 1, "name": "Azure"}}));
    assert_eq!(stub.call_count("authenticate"), 1);
}

#[tokio::test]
async fn circuit_breaker_rejects_requests_without_connecting() {
    let address = unused_address();
    let gateway = gateway_with_odoo_at(address).await;
    for number in 0..5 {
        // Different, unverified passwords: an attempt that Odoo cannot check does not count.
        let someone = gateway.client().with_password("admin", &format!("secret {number}"));
        assert_retryable(&read(&someone).await, "odoo_unreachable");
    }
    let stub = StubOdoo::start_at(address).await;
    let began = Instant::now();
    let admin = gateway.client().with_password("admin", PASSWORD);
    for _ in 0..10 {
        let problem = assert_retryable(&read(&admin).await, "odoo_unreachable");
        assert_eq!(problem["detail"], "Odoo could not be reached a moment ago. Nothing was done.");
    }
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    assert_eq!(stub.calls(), [""; 0]);
}

#[tokio::test]
async fn read_timeout_is_retryable_by_the_client() {
    let (stub, _gateway, admin) = warm_gateway(&[("ODOO_GATEWAY__ODOO__0__RESPONSE_TIMEOUT", "500ms")]).await;
    stub.when("res.partner.read", StubReply::Hold);
    let before = stub.call_count("res.partner.read");
    let response = read(&admin).await;
    let problem = response.problem(504, "outcome_unknown");
    assert_eq!(problem["detail"], "Odoo did not respond in time.");
    assert_ne!(response.header("retry-after"), "");
    assert_eq!(stub.call_count("res.partner.read"), before + 1);
}

#[tokio::test]
async fn write_timeout_is_never_retried() {
    let (stub, _gateway, admin) = warm_gateway(&[("ODOO_GATEWAY__ODOO__0__RESPONSE_TIMEOUT", "500ms")]).await;
    stub.when("res.partner.write", StubReply::Hold);
    assert_outcome_unknown(&update(&admin).await);
    assert_eq!(stub.call_count("res.partner.write"), 1);
    stub.when("res.partner.button_do", StubReply::Hold);
    assert_outcome_unknown(&admin.post(&format!("{PARTNER}/button_do"), &json!({})).await);
    assert_eq!(stub.call_count("res.partner.button_do"), 1);
}

#[tokio::test]
async fn connection_lost_after_a_write_leaves_the_outcome_unknown() {
    let (stub, _gateway, admin) = warm_gateway(&[]).await;
    let before = stub.call_count("res.partner.create");
    stub.when("res.partner.create", StubReply::cut());
    assert_outcome_unknown(&create(&admin).await);
    assert_eq!(stub.call_count("res.partner.create"), before + 1);
    for (name, request) in [
        ("res.partner.write", admin.request(Method::PUT, PARTNER).json(&json!({"vals": {"name": "x"}}))),
        ("res.partner.unlink", admin.request(Method::DELETE, PARTNER)),
        ("res.partner.button_do", admin.request(Method::POST, &format!("{PARTNER}/button_do"))),
    ] {
        stub.when(name, StubReply::cut());
        assert_outcome_unknown(&send(request).await);
        assert_eq!(stub.call_count(name), 1, "{name}");
    }
}

#[tokio::test]
async fn read_is_retried_once_after_a_lost_connection() {
    let (stub, _gateway, admin) = warm_gateway(&[]).await;
    let before = stub.call_count("res.partner.read");
    stub.once("res.partner.read", StubReply::cut());
    read(&admin).await.ok();
    assert_eq!(stub.call_count("res.partner.read"), before + 2);
    stub.when("res.partner.read", StubReply::cut());
    read(&admin).await.problem(504, "outcome_unknown");
    assert_eq!(stub.call_count("res.partner.read"), before + 4);
}
