//! When Odoo is away, slow, cut off or out of its mind: what the caller is told, and that no write happens twice.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::json;
use tokio::net::TcpStream;

use super::support::client::send;
use super::support::stub::PASSWORD;
use super::support::{Act, Answer, Client, Gateway, Stub};

const PARTNERS: &str = "/restapi/1.0/object/res.partner";
const PARTNER: &str = "/restapi/1.0/object/res.partner/1";
/// Stands in everything an Odoo in trouble says, and must stand in nothing the gateway says.
const CANARY: &str = "canary-7f3a";

/// A gateway before a stub, and somebody it knows already, with everything it needs to know of contacts.
async fn warm(settings: &[(&str, &str)]) -> (Stub, Gateway, Client) {
    let stub = Stub::start().await;
    let gateway = Gateway::before_stub(&stub, settings).await;
    let admin = gateway.client().with_password("admin", PASSWORD);
    read(&admin).await.ok();
    create(&admin).await.ok();
    (stub, gateway, admin)
}

async fn read(client: &Client) -> Answer {
    client.get(PARTNER, &[("fields", "name")]).await
}

async fn create(client: &Client) -> Answer {
    client.post(PARTNERS, &json!({"vals": {"name": "Azure"}})).await
}

async fn update(client: &Client) -> Answer {
    client.put(PARTNER, &json!({"vals": {"name": "Azure"}})).await
}

/// An address at which nobody listens.
fn nobody() -> SocketAddr {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

async fn before(address: SocketAddr) -> Gateway {
    let url = format!("http://{address}");
    Gateway::start(&[("ODOO_GATEWAY__ODOO__0__URL", &url), ("ODOO_GATEWAY__ODOO__0__DATABASE", "stub")]).await
}

/// The problem of a request that certainly did nothing: come back later.
fn try_again(answer: &Answer, code: &str) -> serde_json::Value {
    let wait: u64 = answer.header("retry-after").parse().expect("Retry-After");
    assert!((1..=60).contains(&wait), "{wait}");
    answer.refused(503, code)
}

/// The problem of a write of which nobody knows what became.
fn unknown_write(answer: &Answer) {
    let problem = answer.refused(504, "outcome_unknown");
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.ends_with("What was asked may have been done."), "{detail}");
    assert_eq!(problem["hint"], "Read the records before you try again.");
    assert_eq!(answer.header("retry-after"), "", "a write is not to be repeated blindly");
}

fn says_nothing_of_odoos_words(answer: &Answer) {
    let headers = format!("{:?}", answer.headers);
    assert!(!answer.text.contains(CANARY) && !headers.contains(CANARY), "{}", answer.text);
}

#[tokio::test]
async fn with_odoo_down_the_gateway_runs_and_says_so_and_works_when_odoo_comes() {
    let address = nobody();
    let gateway = before(address).await;
    assert_eq!(gateway.operator().get("/livez", &[]).await.status, 200);
    let ready = gateway.operator().get("/readyz", &[]).await;
    assert_eq!(ready.status, 503);
    let reason = "The gateway could not connect to Odoo. Nothing was done.";
    let parts = json!({"store": {"ok": true}, "odoo stub": {"ok": false, "reason": reason}});
    assert_eq!(ready.json(), json!({"ready": false, "parts": parts}));

    let admin = gateway.client().with_password("admin", PASSWORD);
    let problem = try_again(&read(&admin).await, "odoo_unreachable");
    assert_eq!(problem["detail"], reason);
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

#[tokio::test]
async fn what_odoo_wrote_is_told_as_written_though_it_cannot_be_read_back() {
    let (stub, _gateway, admin) = warm(&[]).await;
    for act in [Act::cut(), Act::http("502 Bad Gateway", "text/html", CANARY), Act::fault("3", CANARY)] {
        let before = stub.asked("res.partner.create");
        stub.when("res.partner.read", act);
        let answer = create(&admin).await;
        assert_eq!(answer.ok(), json!({"Contact": {"id": 1}}));
        assert_eq!(answer.header("x-read-back"), "failed");
        assert_eq!(stub.asked("res.partner.create"), before + 1);
        says_nothing_of_odoos_words(&answer);
    }
}

/// A status and a code.
type Told = (u16, &'static str);

/// What comes instead of an answer; what is told of it after a read and after a write.
fn nonsense() -> Vec<(&'static str, Act, Told, Told)> {
    let (bad, away) = ((502, "odoo_unreadable"), (503, "odoo_unreachable"));
    let unknown = (504, "outcome_unknown");
    let page = |status: &str| Act::http(status, "text/html", &format!("<!doctype html><title>{CANARY}</title>"));
    let raw = |head: &str, body: &str| Act::Bytes(format!("HTTP/1.1 {head}\r\n\r\n{body}").into_bytes());
    let redirect = format!("302 Found\r\nLocation: http://127.0.0.1:1/{CANARY}");
    let open = format!("<methodResponse><params><param><value><string>{CANARY}");
    let entity = format!("<!DOCTYPE x [<!ENTITY e '{CANARY}'>]><methodResponse><params><param><value>&e;</value>");
    let much = Act::value(&format!("<string>{}</string>", CANARY.repeat(10_000)));
    vec![
        ("a page", page("200 OK"), bad, bad),
        ("a page that says it is XML", Act::xml(&format!("<!doctype html>{CANARY}")), bad, bad),
        ("a redirect", raw(&redirect, ""), bad, bad),
        ("no XML-RPC", page("404 Not Found"), bad, bad),
        ("no HTTP", Act::Bytes(CANARY.into()), bad, bad),
        ("XML that ends early", Act::xml(&open), bad, bad),
        ("half a body", raw("200 OK\r\nContent-Type: text/xml\r\nContent-Length: 999", &open), unknown, unknown),
        ("packed", raw("200 OK\r\nContent-Type: text/xml\r\nContent-Encoding: gzip", CANARY), bad, bad),
        ("a document type", Act::xml(&entity), bad, bad),
        ("an error", page("500 Internal Server Error"), away, unknown),
        ("a proxy without Odoo", page("503 Service Unavailable"), away, away),
        ("a proxy out of patience", page("504 Gateway Timeout"), unknown, unknown),
        ("far too much", much, (400, "answer_too_large"), (502, "result_not_representable")),
    ]
}

#[tokio::test]
async fn what_is_no_answer_of_odoo_is_told_in_our_words_only() {
    let (stub, _gateway, admin) = warm(&[("ODOO_GATEWAY__ODOO__0__ANSWER_CAP", "64KiB")]).await;
    for (what, act, of_read, of_write) in nonsense() {
        stub.when("res.partner.read", act.clone());
        stub.when("res.partner.create", act);
        let before = stub.asked("res.partner.create");
        for (answer, (status, code)) in [(read(&admin).await, of_read), (create(&admin).await, of_write)] {
            assert_eq!(
                (answer.status, answer.json()["code"].as_str()),
                (status, Some(code)),
                "{what}: {}",
                answer.text
            );
            answer.refused(status, code);
            says_nothing_of_odoos_words(&answer);
        }
        assert_eq!(stub.asked("res.partner.create"), before + 1, "{what}");
    }
}

#[tokio::test]
async fn an_answer_of_another_form_than_asked_for_is_unreadable() {
    let (stub, _gateway, admin) = warm(&[]).await;
    let canary = format!("<string>{CANARY}</string>");
    for value in [canary.as_str(), "<int>5</int>", "<array><data><value><int>5</int></value></data></array>"] {
        stub.when("res.partner.read", Act::value(value));
        let answer = read(&admin).await;
        answer.refused(502, "odoo_unreadable");
        says_nothing_of_odoos_words(&answer);
    }
    stub.when("res.partner.search_count", Act::value(&canary));
    let answer = admin.get(&format!("{PARTNERS}/search_count"), &[]).await;
    answer.refused(502, "odoo_unreadable");
    says_nothing_of_odoos_words(&answer);
}

#[tokio::test]
async fn a_traceback_stays_where_it_is() {
    let (stub, _gateway, admin) = warm(&[]).await;
    let traceback = format!(
        "Traceback (most recent call last):\n  File \"/opt/{CANARY}/models.py\", line 7, in read\n    1 / 0\n\
         ZeroDivisionError: {CANARY} SELECT login FROM res_users\n"
    );
    stub.when("res.partner.button_do", Act::fault(&format!("{CANARY} SELECT login FROM res_users"), &traceback));
    let answer = admin.post(&format!("{PARTNER}/button_do"), &json!({})).await;
    let problem = answer.refused(502, "odoo_internal_error");
    assert_eq!(problem["odoo"], json!({"exception": "ZeroDivisionError", "message": ""}));
    says_nothing_of_odoos_words(&answer);
    for word in ["Traceback", "SELECT", ".py"] {
        assert!(!answer.text.contains(word), "{}", answer.text);
    }
}

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
