//! More requests than Odoo accepts, clients that disconnect, and a gateway that shuts down.

use std::time::Duration;

use serde_json::json;
use tokio::net::TcpStream;

use super::{assert_retryable, create, read, update, warm_gateway};
use crate::support::{Gateway, StubReply};

#[tokio::test]
async fn full_queue_is_rejected_immediately() {
    let places = [
        ("ODOO_GATEWAY__ODOO__0__CONCURRENCY", "1"),
        ("ODOO_GATEWAY__ODOO__0__QUEUE", "0"),
        ("ODOO_GATEWAY__ODOO__0__SHARE_READS", "false"),
    ];
    let (stub, _gateway, admin) = warm_gateway(&places).await;
    stub.when("res.partner.read", StubReply::Hold);
    let before = stub.call_count("res.partner.read");
    let first = tokio::spawn({
        let admin = admin.clone();
        async move { read(&admin).await }
    });
    stub.wait_for_calls("res.partner.read", before + 1).await;
    for response in [read(&admin).await, create(&admin).await] {
        assert_retryable(&response, "odoo_busy");
    }
    stub.release("res.partner.read");
    first.await.unwrap().ok();
    assert_eq!(stub.call_count("res.partner.read"), before + 1);
}

#[tokio::test]
async fn waiting_time_in_the_queue_is_limited() {
    let places = [
        ("ODOO_GATEWAY__ODOO__0__CONCURRENCY", "1"),
        ("ODOO_GATEWAY__ODOO__0__QUEUE", "1"),
        ("ODOO_GATEWAY__ODOO__0__QUEUE_WAIT", "100ms"),
        ("ODOO_GATEWAY__ODOO__0__SHARE_READS", "false"),
    ];
    let (stub, _gateway, admin) = warm_gateway(&places).await;
    stub.when("res.partner.read", StubReply::Hold);
    let before = stub.call_count("res.partner.read");
    let first = tokio::spawn({
        let admin = admin.clone();
        async move { read(&admin).await }
    });
    stub.wait_for_calls("res.partner.read", before + 1).await;
    let problem = assert_retryable(&read(&admin).await, "odoo_busy");
    assert_eq!(problem["detail"], "Odoo was busy with other requests for too long. Nothing was done. Retry later.");
    stub.release("res.partner.read");
    first.await.unwrap().ok();
}

/// Waits until the gateway handles this many requests at a time.
async fn wait_for_in_flight(gateway: &Gateway, count: usize) {
    let line = format!("odoo_gateway_requests_in_flight {count}");
    let met = async {
        while !gateway.ops_client().get("/metrics", &[]).await.text.lines().any(|found| found == line) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), met).await.expect("this many requests are in flight");
}

#[tokio::test]
async fn disconnect_does_not_cancel_a_write() {
    let (stub, gateway, admin) = warm_gateway(&[]).await;
    stub.when("res.partner.write", StubReply::Hold);
    let caller = tokio::spawn(async move { update(&admin).await });
    stub.wait_for_calls("res.partner.write", 1).await;
    caller.abort();
    wait_for_in_flight(&gateway, 0).await;
    assert_eq!(stub.abandoned_calls(), 0, "the gateway still waits for Odoo");
    stub.release("res.partner.write");
    assert_eq!(stub.call_count("res.partner.write"), 1);
}

#[tokio::test]
async fn shutdown_finishes_running_requests_and_rejects_new_ones() {
    let (stub, gateway, admin) = warm_gateway(&[]).await;
    stub.when("res.partner.write", StubReply::Hold);
    let caller = tokio::spawn(async move { update(&admin).await });
    stub.wait_for_calls("res.partner.write", 1).await;
    let address = gateway.address();
    let stopped = tokio::spawn(gateway.stop());
    let rejected = async {
        while TcpStream::connect(address).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), rejected).await.expect("new connections are rejected");
    assert!(!stopped.is_finished());
    stub.release("res.partner.write");
    assert_eq!(caller.await.unwrap().ok(), json!({"Contact": {"id": 1, "name": "Azure"}}));
    stopped.await.unwrap();
}
