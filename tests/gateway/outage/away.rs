//! No connection, no answer in time, a connection that is cut.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::json;

use super::{PARTNER, create, read, try_again, unknown_write, update, warm};
use crate::support::client::send;
use crate::support::stub::PASSWORD;
use crate::support::{Act, Gateway, Stub};

/// An address at which nobody listens.
fn nobody() -> SocketAddr {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

async fn before(address: SocketAddr) -> Gateway {
    let url = format!("http://{address}");
    Gateway::start(&[("ODOO_GATEWAY__ODOO__0__URL", &url), ("ODOO_GATEWAY__ODOO__0__DATABASE", "stub")]).await
}

#[tokio::test]
async fn with_odoo_down_the_gateway_runs_and_says_so_and_works_when_odoo_comes() {
    let address = nobody();
    let gateway = before(address).await;
    assert_eq!(gateway.operator().get("/livez", &[]).await.status, 200);
    let ready = gateway.operator().get("/readyz", &[]).await;
    assert_eq!(ready.status, 503);
    let found = ready.json();
    let said = found["parts"]["odoo stub"]["reason"].as_str().unwrap();
    assert!(said.contains("the connection is refused: nothing listens there"), "{said}");
    let fine = json!({"ok": true});
    assert_eq!(
        (&found["ready"], &found["parts"]["store"], &found["parts"]["master key"]),
        (&json!(false), &fine, &fine)
    );

    let admin = gateway.client().with_password("admin", PASSWORD);
    let problem = try_again(&read(&admin).await, "odoo_unreachable");
    assert_eq!(problem["detail"], "The gateway could not connect to Odoo. Nothing was done.");
    try_again(&gateway.client().get("/restapi/1.0/common/version", &[]).await, "odoo_unreachable");
    // What does not need Odoo is there.
    assert_eq!(gateway.client().get("/openapi.json", &[]).await.status, 200);

    let stub = Stub::start_at(address).await;
    assert_eq!(read(&admin).await.ok(), json!({"Contact": {"id": 1, "name": "Azure"}}));
    assert_eq!(stub.asked("authenticate"), 1);
}

#[tokio::test]
async fn an_odoo_that_stays_away_is_left_alone_for_a_while_and_costs_nobody_time() {
    let address = nobody();
    let gateway = before(address).await;
    for number in 0..5 {
        // Different ones, and wrong for all we know: no attempt is counted while nobody can judge it.
        let someone = gateway.client().with_password("admin", &format!("secret {number}"));
        try_again(&read(&someone).await, "odoo_unreachable");
    }
    let stub = Stub::start_at(address).await;
    let began = Instant::now();
    let admin = gateway.client().with_password("admin", PASSWORD);
    for _ in 0..10 {
        let problem = try_again(&read(&admin).await, "odoo_unreachable");
        assert_eq!(problem["detail"], "Odoo could not be reached a moment ago. Nothing was done.");
    }
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    assert_eq!(stub.names(), [""; 0]);
}

#[tokio::test]
async fn a_read_that_takes_too_long_may_be_tried_again_by_the_caller() {
    let (stub, _gateway, admin) = warm(&[("ODOO_GATEWAY__ODOO__0__RESPONSE_TIMEOUT", "500ms")]).await;
    stub.when("res.partner.read", Act::Hold);
    let before = stub.asked("res.partner.read");
    let answer = read(&admin).await;
    let problem = answer.refused(504, "outcome_unknown");
    assert_eq!(problem["detail"], "Odoo did not answer in time.");
    assert_ne!(answer.header("retry-after"), "");
    assert_eq!(stub.asked("res.partner.read"), before + 1);
}

#[tokio::test]
async fn a_write_that_takes_too_long_is_never_repeated() {
    let (stub, _gateway, admin) = warm(&[("ODOO_GATEWAY__ODOO__0__RESPONSE_TIMEOUT", "500ms")]).await;
    stub.when("res.partner.write", Act::Hold);
    unknown_write(&update(&admin).await);
    assert_eq!(stub.asked("res.partner.write"), 1);
    stub.when("res.partner.button_do", Act::Hold);
    unknown_write(&admin.post(&format!("{PARTNER}/button_do"), &json!({})).await);
    assert_eq!(stub.asked("res.partner.button_do"), 1);
}

#[tokio::test]
async fn a_connection_cut_after_a_write_leaves_the_outcome_open_and_one_call() {
    let (stub, _gateway, admin) = warm(&[]).await;
    let before = stub.asked("res.partner.create");
    stub.when("res.partner.create", Act::cut());
    unknown_write(&create(&admin).await);
    assert_eq!(stub.asked("res.partner.create"), before + 1);
    for (name, request) in [
        ("res.partner.write", admin.request(Method::PUT, PARTNER).json(&json!({"vals": {"name": "x"}}))),
        ("res.partner.unlink", admin.request(Method::DELETE, PARTNER)),
        ("res.partner.button_do", admin.request(Method::POST, &format!("{PARTNER}/button_do"))),
    ] {
        stub.when(name, Act::cut());
        unknown_write(&send(request).await);
        assert_eq!(stub.asked(name), 1, "{name}");
    }
}

#[tokio::test]
async fn a_read_whose_connection_is_cut_is_sent_once_more() {
    let (stub, _gateway, admin) = warm(&[]).await;
    let before = stub.asked("res.partner.read");
    stub.once("res.partner.read", Act::cut());
    read(&admin).await.ok();
    assert_eq!(stub.asked("res.partner.read"), before + 2);
    stub.when("res.partner.read", Act::cut());
    read(&admin).await.refused(504, "outcome_unknown");
    assert_eq!(stub.asked("res.partner.read"), before + 4);
}
