//! While calls to Odoo are scarce, reads and writes go before the pages of exports.

use std::time::Duration;

use serde_json::json;

use super::backpressure::{LIST, contact, make_endless, start_export};
use super::{NDJSON, PARTNERS};
use crate::support::stub_odoo::PASSWORD;
use crate::support::{Client, Gateway, Response, StubOdoo, StubReply};

const READ: &str = "res.partner.read";
const CREATE: &str = "res.partner.create";

/// One call at a time.
const SCARCE: [(&str, &str); 2] =
    [("ODOO_GATEWAY__ODOO__0__CONCURRENCY", "1"), ("ODOO_GATEWAY__ODOO__0__SHARE_READS", "false")];

/// Waits until this many calls of a class wait.
async fn wait_for_waiting(gateway: &Gateway, class: &str, count: usize) {
    let line = format!("odoo_gateway_odoo_calls_waiting{{database=\"stub\",class=\"{class}\"}} {count}");
    let waiting = async {
        while !gateway.ops_client().get("/metrics", &[]).await.text.lines().any(|found| found == line) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), waiting).await.unwrap_or_else(|_| panic!("{line}"));
}

async fn create(client: Client) -> Response {
    client.post(PARTNERS, &json!({"vals": {"name": "Azure"}})).await
}

#[tokio::test]
async fn reads_and_writes_go_before_the_next_page_of_an_export() {
    let stub = StubOdoo::start().await;
    let gateway = Gateway::start_with_stub(&stub, &SCARCE).await;
    let client = gateway.client().with_password("admin", PASSWORD);
    client.get(PARTNERS, &[("limit", "1"), ("fields", "name")]).await.ok();
    create(client.clone()).await.ok();
    make_endless(&stub);
    stub.once(LIST, contact("First"));
    stub.when(LIST, StubReply::Hold);
    let before = stub.call_count(LIST);
    // The second page of this export has the only slot, and another export waits.
    let mut running = start_export(&client, NDJSON).await;
    running.chunk().await.unwrap().expect("a first page");
    stub.wait_for_calls(LIST, before + 2).await;
    let waiting = tokio::spawn({
        let client = client.clone();
        async move { start_export(&client, NDJSON).await }
    });
    wait_for_waiting(&gateway, "export", 1).await;
    let read = tokio::spawn({
        let client = client.clone();
        async move { client.get(&format!("{PARTNERS}/1"), &[("fields", "name")]).await }
    });
    wait_for_waiting(&gateway, "interactive", 1).await;
    let write = tokio::spawn(create(client.clone()));
    wait_for_waiting(&gateway, "interactive", 2).await;
    let calls = stub.calls().len();
    stub.release(LIST);
    read.await.unwrap().ok();
    write.await.unwrap().ok();
    assert_eq!(stub.calls()[calls..calls + 2], [READ, CREATE], "they overtake both exports");
    // Both exports go on in the end.
    assert_eq!(waiting.await.unwrap().status(), 200);
    stub.wait_for_calls(LIST, before + 4).await;
    let metrics = gateway.ops_client().get("/metrics", &[]).await.text;
    assert!(metrics.contains("odoo_gateway_odoo_queue_duration_seconds_count{class=\"export\"} "), "{metrics}");
}
