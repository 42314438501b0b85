//! More requests than Odoo takes, callers who leave, a gateway that stops.

use std::time::Duration;

use serde_json::json;
use tokio::net::TcpStream;

use super::{create, read, try_again, update, warm};
use crate::support::{Act, Gateway};

#[tokio::test]
async fn who_finds_the_queue_full_is_told_at_once() {
    let places = [("ODOO_GATEWAY__ODOO__0__CONCURRENCY", "1"), ("ODOO_GATEWAY__ODOO__0__QUEUE", "0")];
    let (stub, _gateway, admin) = warm(&places).await;
    stub.when("res.partner.read", Act::Hold);
    let before = stub.asked("res.partner.read");
    let first = tokio::spawn({
        let admin = admin.clone();
        async move { read(&admin).await }
    });
    stub.until_asked("res.partner.read", before + 1).await;
    for answer in [read(&admin).await, create(&admin).await] {
        try_again(&answer, "odoo_busy");
    }
    stub.let_go("res.partner.read");
    first.await.unwrap().ok();
    assert_eq!(stub.asked("res.partner.read"), before + 1);
}

#[tokio::test]
async fn nobody_waits_in_the_queue_for_ever() {
    let places = [
        ("ODOO_GATEWAY__ODOO__0__CONCURRENCY", "1"),
        ("ODOO_GATEWAY__ODOO__0__QUEUE", "1"),
        ("ODOO_GATEWAY__ODOO__0__QUEUE_WAIT", "100ms"),
    ];
    let (stub, _gateway, admin) = warm(&places).await;
    stub.when("res.partner.read", Act::Hold);
    let before = stub.asked("res.partner.read");
    let first = tokio::spawn({
        let admin = admin.clone();
        async move { read(&admin).await }
    });
    stub.until_asked("res.partner.read", before + 1).await;
    let problem = try_again(&read(&admin).await, "odoo_busy");
    assert_eq!(problem["detail"], "Odoo was busy for too long with other requests. Nothing was done.");
    stub.let_go("res.partner.read");
    first.await.unwrap().ok();
}

/// Waits until the gateway answers so many requests at a time.
async fn until_in_flight(gateway: &Gateway, count: usize) {
    let line = format!("odoo_gateway_requests_in_flight {count}");
    let met = async {
        while !gateway.operator().get("/metrics", &[]).await.text.lines().any(|found| found == line) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), met).await.expect("so many requests in flight");
}

#[tokio::test]
async fn a_caller_who_leaves_does_not_break_off_a_write() {
    let (stub, gateway, admin) = warm(&[]).await;
    stub.when("res.partner.write", Act::Hold);
    let caller = tokio::spawn(async move { update(&admin).await });
    stub.until_asked("res.partner.write", 1).await;
    caller.abort();
    until_in_flight(&gateway, 0).await;
    assert_eq!(stub.abandoned(), 0, "the gateway still waits for Odoo");
    stub.let_go("res.partner.write");
    assert_eq!(stub.asked("res.partner.write"), 1);
}

#[tokio::test]
async fn a_gateway_that_stops_finishes_what_it_began_and_takes_nothing_new() {
    let (stub, gateway, admin) = warm(&[]).await;
    stub.when("res.partner.write", Act::Hold);
    let caller = tokio::spawn(async move { update(&admin).await });
    stub.until_asked("res.partner.write", 1).await;
    let address = gateway.address();
    let stopped = tokio::spawn(gateway.stop());
    let refused = async {
        while TcpStream::connect(address).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), refused).await.expect("newcomers are refused");
    assert!(!stopped.is_finished());
    stub.let_go("res.partner.write");
    assert_eq!(caller.await.unwrap().ok(), json!({"Contact": {"id": 1, "name": "Azure"}}));
    stopped.await.unwrap();
}
