//! Equal reads of one user at the same time share one call; writes, and what belongs to them, never do.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::task::JoinHandle;

use super::{PARTNER, PARTNERS, create, read, warm_gateway};
use crate::support::stub_odoo::PASSWORD;
use crate::support::{Client, Gateway, Response, StubReply};

const READ: &str = "res.partner.read";
const COUNT: &str = "res.partner.search_count";

/// Only one call to Odoo at a time.
const ONE_CALL: (&str, &str) = ("ODOO_GATEWAY__ODOO__0__CONCURRENCY", "1");

fn azure() -> Value {
    json!({"Contact": {"id": 1, "name": "Azure"}})
}

/// A reply with this contact.
fn contact(name: &str) -> StubReply {
    StubReply::value(&format!(
        "<array><data><value><struct><member><name>id</name><value><int>1</int></value></member><member>\
         <name>name</name><value><string>{name}</string></value></member></struct></value></data></array>"
    ))
}

fn spawn_read(client: &Client) -> JoinHandle<Response> {
    let client = client.clone();
    tokio::spawn(async move { read(&client).await })
}

fn spawn_count(client: &Client) -> JoinHandle<Response> {
    let client = client.clone();
    tokio::spawn(async move { client.get(&format!("{PARTNERS}/search_count"), &[]).await })
}

/// The value of a metric without labels, or with those in its name; 0 if it is missing.
async fn metric(gateway: &Gateway, name: &str) -> u64 {
    let text = gateway.ops_client().get("/metrics", &[]).await.text;
    let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    value.map_or(0, |value| value.parse().unwrap())
}

/// The number of reads that shared a call.
async fn shared_reads(gateway: &Gateway) -> u64 {
    metric(gateway, "odoo_gateway_odoo_reads_shared_total{database=\"stub\"}").await
}

/// Waits until the gateway handles this many requests at a time, and each of them waits for Odoo.
async fn wait_until_waiting(gateway: &Gateway, requests: u64) {
    let met = async {
        while metric(gateway, "odoo_gateway_requests_in_flight").await != requests {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), met).await.expect("this many requests are in flight");
    // Other requests, so that pending tasks have run when they are done.
    for _ in 0..20 {
        gateway.ops_client().get("/livez", &[]).await;
    }
}

#[tokio::test]
async fn equal_reads_that_wait_in_the_queue_are_one_call() {
    let (stub, gateway, admin) = warm_gateway(&[ONE_CALL]).await;
    let before = stub.call_count(READ);
    stub.when(COUNT, StubReply::Hold);
    let counting = spawn_count(&admin);
    stub.wait_for_calls(COUNT, 1).await;
    let readers: Vec<_> = (0..20).map(|_| spawn_read(&admin)).collect();
    let other = tokio::spawn({
        let admin = admin.clone();
        async move { admin.get(PARTNER, &[("fields", "name"), ("context", "{'active_test': False}")]).await }
    });
    wait_until_waiting(&gateway, 22).await;
    stub.release(COUNT);
    counting.await.unwrap().ok();
    for reader in readers {
        assert_eq!(reader.await.unwrap().ok(), azure());
    }
    other.await.unwrap().ok();
    assert_eq!(stub.call_count(READ), before + 2, "one call for the equal reads, and one for the other");
    assert_eq!(shared_reads(&gateway).await, 19);
}

#[tokio::test]
async fn equal_reads_share_a_call_that_was_just_sent() {
    let (stub, gateway, admin) = warm_gateway(&[]).await;
    let before = stub.call_count(READ);
    stub.when(READ, StubReply::Hold);
    let readers: Vec<_> = (0..20).map(|_| spawn_read(&admin)).collect();
    wait_until_waiting(&gateway, 20).await;
    stub.release(READ);
    for reader in readers {
        assert_eq!(reader.await.unwrap().ok(), azure());
    }
    // On a slow machine, the last requests can arrive when the first call is too old.
    let calls = stub.call_count(READ) - before;
    assert!(calls < 10, "{calls} calls for 20 equal reads");
    assert_eq!(calls as u64 + shared_reads(&gateway).await, 20);
}

#[tokio::test]
async fn reads_of_different_users_or_secrets_are_not_shared() {
    let (stub, gateway, admin) = warm_gateway(&[ONE_CALL]).await;
    stub.when_containing("authenticate", "second-secret", StubReply::value("<int>2</int>"));
    let same_user = gateway.client().with_password("admin", "second-secret");
    stub.when_containing("authenticate", "third-secret", StubReply::value("<int>7</int>"));
    let other_user = gateway.client().with_password("other", "third-secret");
    for client in [&same_user, &other_user] {
        read(client).await.ok();
    }
    // The first password remains remembered, but Odoo does not accept it any more.
    stub.when_containing(READ, PASSWORD, StubReply::fault("AccessDenied", "Access Denied"));
    stub.when_containing(READ, "third-secret", contact("Seen by another user"));
    let before = stub.call_count(READ);
    stub.when(COUNT, StubReply::Hold);
    let counting = spawn_count(&same_user);
    stub.wait_for_calls(COUNT, 1).await;
    let [accepted, rejected, other] = [&same_user, &admin, &other_user].map(spawn_read);
    wait_until_waiting(&gateway, 4).await;
    stub.release(COUNT);
    counting.await.unwrap().ok();
    assert_eq!(accepted.await.unwrap().ok(), azure());
    rejected.await.unwrap().problem(401, "credential_invalid");
    assert_eq!(other.await.unwrap().ok(), json!({"Contact": {"id": 1, "name": "Seen by another user"}}));
    assert_eq!((stub.call_count(READ), shared_reads(&gateway).await), (before + 3, 0));
}

#[tokio::test]
async fn read_after_a_write_does_not_share_a_call_from_before_it() {
    let (stub, gateway, admin) = warm_gateway(&[]).await;
    let before = stub.call_count(READ);
    stub.when(READ, StubReply::Hold);
    let first = spawn_read(&admin);
    stub.wait_for_calls(READ, before + 1).await;
    admin.post(&format!("{PARTNER}/button_do"), &json!({})).await.ok();
    stub.once(READ, contact("Changed"));
    assert_eq!(read(&admin).await.ok(), json!({"Contact": {"id": 1, "name": "Changed"}}));
    assert!(!first.is_finished());
    stub.release(READ);
    assert_eq!(first.await.unwrap().ok(), azure());
    assert_eq!((stub.call_count(READ), shared_reads(&gateway).await), (before + 2, 0));
}

#[tokio::test]
async fn writes_and_their_checks_are_not_shared() {
    let (stub, gateway, admin) = warm_gateway(&[]).await;
    let creates = || stub.call_count("res.partner.create");
    let before = (stub.call_count(READ), creates());
    stub.when(READ, StubReply::Hold);
    let deletes: Vec<_> = (0..3)
        .map(|_| {
            let admin = admin.clone();
            tokio::spawn(async move { admin.delete(PARTNER, &[]).await.status })
        })
        .collect();
    stub.wait_for_calls(READ, before.0 + 3).await;
    stub.release(READ);
    for delete in deletes {
        assert!(delete.await.unwrap() < 300);
    }
    assert_eq!(stub.call_count("res.partner.unlink"), 3);
    let created = tokio::join!(create(&admin), create(&admin), create(&admin));
    for response in [created.0, created.1, created.2] {
        assert!(response.status < 300, "{}", response.text);
    }
    assert!(creates() >= before.1 + 3, "{:?}", stub.calls());
    assert_eq!(shared_reads(&gateway).await, 0);
}

#[tokio::test]
async fn failure_to_reach_odoo_is_not_shared() {
    let (stub, gateway, admin) = warm_gateway(&[ONE_CALL]).await;
    let before = stub.call_count(READ);
    stub.when(COUNT, StubReply::Hold);
    let counting = spawn_count(&admin);
    stub.wait_for_calls(COUNT, 1).await;
    let readers: Vec<_> = (0..5).map(|_| spawn_read(&admin)).collect();
    wait_until_waiting(&gateway, 6).await;
    // A read that is cut is sent a second time.
    stub.once(READ, StubReply::cut());
    stub.once(READ, StubReply::cut());
    stub.release(COUNT);
    counting.await.unwrap().ok();
    let mut statuses = Vec::new();
    for reader in readers {
        statuses.push(reader.await.unwrap().status);
    }
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 200, 200, 200, 504]);
    assert_eq!((stub.call_count(READ), shared_reads(&gateway).await), (before + 3, 3));
}

#[tokio::test]
async fn reads_that_share_the_call_of_a_client_that_disconnects_make_their_own() {
    let (stub, gateway, admin) = warm_gateway(&[]).await;
    let before = stub.call_count(READ);
    stub.when(READ, StubReply::Hold);
    let first = spawn_read(&admin);
    stub.wait_for_calls(READ, before + 1).await;
    let second = spawn_read(&admin);
    wait_until_waiting(&gateway, 2).await;
    first.abort();
    stub.wait_for_calls(READ, before + 2).await;
    stub.release(READ);
    assert_eq!(second.await.unwrap().ok(), azure());
}

#[tokio::test]
async fn reads_are_not_shared_if_the_setting_is_off() {
    let settings = [("ODOO_GATEWAY__ODOO__0__SHARE_READS", "false"), ("ODOO_GATEWAY__ODOO__0__CONCURRENCY", "20")];
    let (stub, gateway, admin) = warm_gateway(&settings).await;
    let before = stub.call_count(READ);
    stub.when(READ, StubReply::Hold);
    let readers: Vec<_> = (0..20).map(|_| spawn_read(&admin)).collect();
    stub.wait_for_calls(READ, before + 20).await;
    stub.release(READ);
    for reader in readers {
        assert_eq!(reader.await.unwrap().ok(), azure());
    }
    assert_eq!((stub.call_count(READ), shared_reads(&gateway).await), (before + 20, 0));
}
