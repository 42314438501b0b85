//! What is fetched when: ahead, for slow readers, for those who left, until something fails.

use std::time::Duration;

use reqwest::{Method, Response};
use serde_json::Value;

use super::{CSV, NDJSON, PARTNERS, lines};
use crate::support::stub::PASSWORD;
use crate::support::{Act, Client, Gateway, Stub};

pub(super) const LIST: &str = "res.partner.search_read";
const FIND: &str = "res.partner.search";
const BARRIER: &str = "res.partner.search_count";

/// A page of one contact with this name.
pub(super) fn contact(name: &str) -> Act {
    Act::value(&format!(
        "<array><data><value><struct><member><name>id</name><value><int>7</int></value></member><member><name>name</name>\
         <value><string>{name}</string></value></member></struct></value></data></array>"
    ))
}

/// What a search finds: the one contact of every page.
fn its_id() -> Act {
    Act::value("<array><data><value><int>7</int></value></data></array>")
}

/// From now on the contacts are refused, after one more page.
fn refuse_after_one_page(stub: &Stub) {
    let refusal = Act::fault("warning -- AccessError\n\nNot any more", "");
    stub.once(LIST, contact("First"));
    stub.once(FIND, its_id());
    stub.when(LIST, refusal.clone());
    stub.when(FIND, refusal);
}

pub(super) fn nobody() -> Act {
    Act::value("<array><data></data></array>")
}

async fn stand() -> (Stub, Gateway, Client) {
    let stub = Stub::start().await;
    let gateway = Gateway::before_stub(&stub, &[]).await;
    let client = gateway.client().with_password("admin", PASSWORD);
    client.get(PARTNERS, &[("limit", "1"), ("fields", "name")]).await.ok();
    never_end(&stub);
    (stub, gateway, client)
}

/// Pages have one contact, and there are always more.
pub(super) fn never_end(stub: &Stub) {
    stub.when(BARRIER, Act::value("<int>1000000</int>"));
    stub.when(FIND, its_id());
}

/// Begins to read all contacts.
pub(super) async fn listing(client: &Client, accept: &str) -> Response {
    let client = client.with_header("Accept", accept);
    client.request(Method::GET, PARTNERS).query(&[("fields", "name")]).send().await.unwrap()
}

/// What was sent before the connection broke.
pub(super) async fn until_broken(mut answer: Response) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        match answer.chunk().await {
            Ok(Some(chunk)) => bytes.extend(chunk),
            Ok(None) => panic!("an end where it should have broken: {}", String::from_utf8_lossy(&bytes)),
            Err(_) => return bytes,
        }
    }
}

/// Until no request is being answered but the question itself.
async fn until_idle(gateway: &Gateway) {
    let idle = async {
        while !gateway
            .operator()
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

/// Other requests that go all the way, so that whatever was about to happen has happened.
async fn barrier(client: &Client) {
    for _ in 0..20 {
        client.get(&format!("{PARTNERS}/search_count"), &[]).await.ok();
    }
}

#[tokio::test]
async fn the_first_page_is_out_before_the_second_is_in() {
    let (stub, _gateway, client) = stand().await;
    for coding in ["identity", "gzip", "br", "zstd"] {
        stub.once(LIST, contact("First"));
        stub.when(LIST, Act::Hold);
        let before = stub.asked(LIST);
        let mut answer = listing(&client.with_header("Accept-Encoding", coding), NDJSON).await;
        let first = answer.chunk().await.unwrap().expect("a first piece");
        stub.until_asked(LIST, before + 2).await;
        if coding == "identity" {
            assert_eq!(first, "{\"id\":7,\"name\":\"First\"}\n");
        } else {
            assert_eq!(answer.headers()["content-encoding"], coding);
        }
        stub.let_go(LIST);
    }
}

#[tokio::test]
async fn who_leaves_costs_no_further_call() {
    let (stub, gateway, client) = stand().await;
    stub.once(LIST, contact("First"));
    stub.when(LIST, Act::Hold);
    let before = stub.asked(LIST);
    let mut answer = listing(&client, NDJSON).await;
    answer.chunk().await.unwrap().unwrap();
    stub.until_asked(LIST, before + 2).await;
    drop(answer);
    until_idle(&gateway).await;
    stub.let_go(LIST);
    barrier(&client).await;
    assert_eq!(stub.asked(LIST), before + 2, "what is under way ends, nothing follows");
    assert!(stub.asked(BARRIER) > 0);
}

#[tokio::test]
async fn a_reader_who_does_not_read_costs_one_page_ahead() {
    let (stub, _gateway, client) = stand().await;
    // More than all buffers between the two hold.
    stub.when(LIST, contact(&"x".repeat(24 << 20)));
    let before = stub.asked(LIST);
    let mut answer = listing(&client, NDJSON).await;
    stub.until_asked(LIST, before + 2).await;
    barrier(&client).await;
    assert_eq!(stub.asked(LIST), before + 2);
    let mut read = 0;
    while read < 30 << 20 {
        read += answer.chunk().await.unwrap().unwrap().len();
    }
    stub.until_asked(LIST, before + 3).await;
    barrier(&client).await;
    assert!(stub.asked(LIST) <= before + 4, "{}", stub.asked(LIST) - before);
}

#[tokio::test]
async fn a_head_asks_for_no_second_page() {
    let (stub, gateway, client) = stand().await;
    let before = stub.asked(LIST);
    let head = client.with_header("Accept", CSV).request(Method::HEAD, PARTNERS).query(&[("fields", "name")]);
    assert_eq!(head.send().await.unwrap().status(), 200);
    until_idle(&gateway).await;
    barrier(&client).await;
    assert_eq!(stub.asked(LIST), before + 1);
}

#[tokio::test]
async fn lines_that_break_off_end_with_the_error() {
    let (stub, _gateway, client) = stand().await;
    for _ in 0..5 {
        refuse_after_one_page(&stub);
        let answer = listing(&client, NDJSON).await;
        assert_eq!(answer.status(), 200);
        let id = answer.headers()["x-request-id"].to_str().unwrap().to_owned();
        let text = String::from_utf8(until_broken(answer).await).unwrap();
        let all = lines(&text);
        assert_eq!((all.len(), &all[0]["name"]), (2, &Value::from("First")), "{text}");
        let error = &all[1]["error"];
        assert_eq!((&error["code"], &error["status"]), (&Value::from("access_denied"), &Value::from(403)));
        assert_eq!((&error["request_id"], &error["instance"]), (&Value::from(id), &Value::from(PARTNERS)));
    }
}

#[tokio::test]
async fn rows_that_break_off_just_break() {
    let (stub, _gateway, client) = stand().await;
    stub.once(LIST, contact("First"));
    stub.when(LIST, Act::cut());
    let text = until_broken(listing(&client, CSV).await).await;
    assert_eq!(String::from_utf8(text).unwrap(), "id,name\r\n7,First\r\n");
}

#[tokio::test]
async fn the_error_arrives_through_compression_too() {
    let (stub, _gateway, client) = stand().await;
    refuse_after_one_page(&stub);
    let answer = listing(&client.with_header("Accept-Encoding", "zstd"), NDJSON).await;
    assert_eq!(answer.headers()["content-encoding"], "zstd");
    let packed = until_broken(answer).await;
    let mut text = Vec::new();
    let mut unpack = zstd::stream::read::Decoder::new(&packed[..]).unwrap();
    // It ends in the middle: what there is of it is read.
    let _ = std::io::copy(&mut unpack, &mut text);
    let all = lines(&String::from_utf8(text).unwrap());
    assert_eq!((all.len(), &all[1]["error"]["code"]), (2, &Value::from("access_denied")));
}

#[tokio::test]
async fn a_page_too_large_for_one_answer_is_fetched_in_pieces() {
    let stub = Stub::start().await;
    let gateway = Gateway::before_stub(&stub, &[("ODOO_GATEWAY__ODOO__0__ANSWER_CAP", "64KiB")]).await;
    let client = gateway.client().with_password("admin", PASSWORD);
    client.get(PARTNERS, &[("limit", "1"), ("fields", "name")]).await.ok();
    stub.once(LIST, contact(&"x".repeat(100 << 10)));
    stub.when(LIST, nobody());
    stub.when(BARRIER, Act::value("<int>0</int>"));
    let before = stub.asked(LIST);
    let answer = listing(&client, NDJSON).await;
    assert_eq!((answer.status().as_u16(), answer.text().await.unwrap().as_str()), (200, ""));
    assert_eq!(stub.asked(LIST), before + 2);
    stub.when(LIST, contact(&"x".repeat(100 << 10)));
    let refused = listing(&client, NDJSON).await;
    assert_eq!(refused.status(), 400);
    assert_eq!(refused.json::<Value>().await.unwrap()["code"], "answer_too_large");
}

#[tokio::test]
async fn what_fails_before_the_first_page_has_its_status() {
    let (stub, _gateway, client) = stand().await;
    for (act, status, code) in [
        (Act::fault("warning -- AccessError\n\nNo", ""), 403, "access_denied"),
        (Act::http("503 Service Unavailable", "text/html", ""), 503, "odoo_unreachable"),
    ] {
        stub.when(LIST, act.clone());
        stub.when(FIND, act);
        for accept in [CSV, NDJSON] {
            let client = client.with_header("Accept", accept);
            client.get(PARTNERS, &[("fields", "name")]).await.refused(status, code);
        }
    }
}
