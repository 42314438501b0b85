//! When pages are fetched: prefetching, slow readers, clients that disconnect, and errors during an export.

use std::time::Duration;

use reqwest::{Method, Response};
use serde_json::Value;

use super::{CSV, NDJSON, PARTNERS, lines};
use crate::support::stub_odoo::PASSWORD;
use crate::support::{Client, Gateway, StubOdoo, StubReply};

pub(crate) const LIST: &str = "res.partner.search_read";
const FIND: &str = "res.partner.search";
const BARRIER: &str = "res.partner.search_count";

/// A page of one contact with this name.
pub(super) fn contact(name: &str) -> StubReply {
    StubReply::value(&format!(
        "<array><data><value><struct><member><name>id</name><value><int>7</int></value></member><member><name>name</name>\
         <value><string>{name}</string></value></member></struct></value></data></array>"
    ))
}

/// The result of a search: the id of the contact.
fn contact_id() -> StubReply {
    StubReply::value("<array><data><value><int>7</int></value></data></array>")
}

/// Returns one more page, then access errors.
fn deny_after_one_page(stub: &StubOdoo) {
    let fault = StubReply::fault("warning -- AccessError\n\nNot any more", "");
    stub.once(LIST, contact("First"));
    stub.once(FIND, contact_id());
    stub.when(LIST, fault.clone());
    stub.when(FIND, fault);
}

pub(super) fn empty_page() -> StubReply {
    StubReply::value("<array><data></data></array>")
}

async fn endless_export() -> (StubOdoo, Gateway, Client) {
    let stub = StubOdoo::start().await;
    let gateway = Gateway::start_with_stub(&stub, &[]).await;
    let client = gateway.client().with_password("admin", PASSWORD);
    client.get(PARTNERS, &[("limit", "1"), ("fields", "name")]).await.ok();
    make_endless(&stub);
    (stub, gateway, client)
}

/// Each page has one contact, and there is always another page.
pub(crate) fn make_endless(stub: &StubOdoo) {
    stub.when(BARRIER, StubReply::value("<int>1000000</int>"));
    stub.when(FIND, contact_id());
}

/// Starts an export of all contacts.
pub(crate) async fn start_export(client: &Client, accept: &str) -> Response {
    let client = client.with_header("Accept", accept);
    client.request(Method::GET, PARTNERS).query(&[("fields", "name")]).send().await.unwrap()
}

/// Reads until the connection breaks. Returns the bytes.
pub(super) async fn read_until_broken(mut response: Response) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) => bytes.extend(chunk),
            Ok(None) => {
                panic!("a complete response instead of a broken connection: {}", String::from_utf8_lossy(&bytes))
            }
            Err(_) => return bytes,
        }
    }
}

/// Waits until no request is in flight except this one.
async fn wait_until_idle(gateway: &Gateway) {
    let idle = async {
        while !gateway
            .ops_client()
            .get("/metrics", &[])
            .await
            .text
            .lines()
            .any(|line| line.ends_with("requests_in_flight 0"))
        {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), idle).await.expect("the request ends");
}

/// Sends other requests to Odoo, so that pending tasks have run when they are done.
async fn barrier(client: &Client) {
    for _ in 0..20 {
        client.get(&format!("{PARTNERS}/search_count"), &[]).await.ok();
    }
}

#[tokio::test]
async fn first_page_is_sent_before_the_second_arrives() {
    let (stub, _gateway, client) = endless_export().await;
    for coding in ["identity", "gzip", "br", "zstd"] {
        stub.once(LIST, contact("First"));
        stub.when(LIST, StubReply::Hold);
        let before = stub.call_count(LIST);
        let mut response = start_export(&client.with_header("Accept-Encoding", coding), NDJSON).await;
        let first = response.chunk().await.unwrap().expect("a first chunk");
        stub.wait_for_calls(LIST, before + 2).await;
        if coding == "identity" {
            assert_eq!(first, "{\"id\":7,\"name\":\"First\"}\n");
        } else {
            assert_eq!(response.headers()["content-encoding"], coding);
        }
        stub.release(LIST);
    }
}

#[tokio::test]
async fn disconnect_stops_further_calls() {
    let (stub, gateway, client) = endless_export().await;
    stub.once(LIST, contact("First"));
    stub.when(LIST, StubReply::Hold);
    let before = stub.call_count(LIST);
    let mut response = start_export(&client, NDJSON).await;
    response.chunk().await.unwrap().unwrap();
    stub.wait_for_calls(LIST, before + 2).await;
    drop(response);
    wait_until_idle(&gateway).await;
    stub.release(LIST);
    barrier(&client).await;
    assert_eq!(stub.call_count(LIST), before + 2, "the running call ends, and no call follows");
    assert!(stub.call_count(BARRIER) > 0);
}

#[tokio::test]
async fn slow_reader_causes_at_most_one_prefetched_page() {
    let (stub, _gateway, client) = endless_export().await;
    // More than the buffers between client and gateway can hold.
    stub.when(LIST, contact(&"x".repeat(24 << 20)));
    let before = stub.call_count(LIST);
    let mut response = start_export(&client, NDJSON).await;
    stub.wait_for_calls(LIST, before + 2).await;
    barrier(&client).await;
    assert_eq!(stub.call_count(LIST), before + 2);
    let mut read = 0;
    while read < 30 << 20 {
        read += response.chunk().await.unwrap().unwrap().len();
    }
    stub.wait_for_calls(LIST, before + 3).await;
    barrier(&client).await;
    assert!(stub.call_count(LIST) <= before + 4, "{}", stub.call_count(LIST) - before);
}

#[tokio::test]
async fn head_fetches_no_second_page() {
    let (stub, gateway, client) = endless_export().await;
    let before = stub.call_count(LIST);
    let head = client.with_header("Accept", CSV).request(Method::HEAD, PARTNERS).query(&[("fields", "name")]);
    assert_eq!(head.send().await.unwrap().status(), 200);
    wait_until_idle(&gateway).await;
    barrier(&client).await;
    assert_eq!(stub.call_count(LIST), before + 1);
}

#[tokio::test]
async fn ndjson_ends_with_the_error() {
    let (stub, _gateway, client) = endless_export().await;
    for _ in 0..5 {
        deny_after_one_page(&stub);
        let response = start_export(&client, NDJSON).await;
        assert_eq!(response.status(), 200);
        let id = response.headers()["x-request-id"].to_str().unwrap().to_owned();
        let text = String::from_utf8(read_until_broken(response).await).unwrap();
        let all = lines(&text);
        assert_eq!((all.len(), &all[0]["name"]), (2, &Value::from("First")), "{text}");
        let error = &all[1]["error"];
        assert_eq!((&error["code"], &error["status"]), (&Value::from("access_denied"), &Value::from(403)));
        assert_eq!((&error["request_id"], &error["instance"]), (&Value::from(id), &Value::from(PARTNERS)));
    }
}

#[tokio::test]
async fn csv_is_aborted_on_an_error() {
    let (stub, _gateway, client) = endless_export().await;
    stub.once(LIST, contact("First"));
    stub.when(LIST, StubReply::cut());
    let text = read_until_broken(start_export(&client, CSV).await).await;
    assert_eq!(String::from_utf8(text).unwrap(), "id,name\r\n7,First\r\n");
}

#[tokio::test]
async fn error_arrives_in_compressed_ndjson() {
    let (stub, _gateway, client) = endless_export().await;
    deny_after_one_page(&stub);
    let response = start_export(&client.with_header("Accept-Encoding", "zstd"), NDJSON).await;
    assert_eq!(response.headers()["content-encoding"], "zstd");
    let packed = read_until_broken(response).await;
    let mut text = Vec::new();
    let mut unpack = zstd::stream::read::Decoder::new(&packed[..]).unwrap();
    // The compressed stream ends early; this decodes what arrived.
    let _ = std::io::copy(&mut unpack, &mut text);
    let all = lines(&String::from_utf8(text).unwrap());
    assert_eq!((all.len(), &all[1]["error"]["code"]), (2, &Value::from("access_denied")));
}

#[tokio::test]
async fn page_above_the_size_limit_is_fetched_in_smaller_parts() {
    let stub = StubOdoo::start().await;
    let gateway = Gateway::start_with_stub(&stub, &[("ODOO_GATEWAY__ODOO__0__ANSWER_CAP", "64KiB")]).await;
    let client = gateway.client().with_password("admin", PASSWORD);
    client.get(PARTNERS, &[("limit", "1"), ("fields", "name")]).await.ok();
    stub.once(LIST, contact(&"x".repeat(100 << 10)));
    stub.when(LIST, empty_page());
    stub.when(BARRIER, StubReply::value("<int>0</int>"));
    let before = stub.call_count(LIST);
    let response = start_export(&client, NDJSON).await;
    assert_eq!((response.status().as_u16(), response.text().await.unwrap().as_str()), (200, ""));
    assert_eq!(stub.call_count(LIST), before + 2);
    stub.when(LIST, contact(&"x".repeat(100 << 10)));
    let rejected = start_export(&client, NDJSON).await;
    assert_eq!(rejected.status(), 400);
    assert_eq!(rejected.json::<Value>().await.unwrap()["code"], "answer_too_large");
}

#[tokio::test]
async fn error_before_the_first_page_has_its_status() {
    let (stub, _gateway, client) = endless_export().await;
    for (reply, status, code) in [
        (StubReply::fault("warning -- AccessError\n\nNo", ""), 403, "access_denied"),
        (StubReply::http("503 Service Unavailable", "text/html", ""), 503, "odoo_unreachable"),
    ] {
        stub.when(LIST, reply.clone());
        stub.when(FIND, reply);
        for accept in [CSV, NDJSON] {
            let client = client.with_header("Accept", accept);
            client.get(PARTNERS, &[("fields", "name")]).await.problem(status, code);
        }
    }
}
