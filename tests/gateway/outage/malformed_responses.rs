//! Malformed responses of Odoo.

use serde_json::json;

use super::{CANARY, PARTNER, PARTNERS, assert_no_odoo_text, create, read, warm_gateway};
use crate::support::StubReply;

#[tokio::test]
async fn successful_write_is_reported_if_reading_back_fails() {
    let (stub, _gateway, admin) = warm_gateway(&[]).await;
    for reply in
        [StubReply::cut(), StubReply::http("502 Bad Gateway", "text/html", CANARY), StubReply::fault("3", CANARY)]
    {
        let before = stub.call_count("res.partner.create");
        stub.when("res.partner.read", reply);
        let response = create(&admin).await;
        assert_eq!(response.ok(), json!({"Contact": {"id": 1}}));
        assert_eq!(response.header("x-read-back"), "failed");
        assert_eq!(stub.call_count("res.partner.create"), before + 1);
        assert_no_odoo_text(&response);
    }
}

/// A status and an error code.
type Expected = (u16, &'static str);

/// Malformed responses, each with the expected problem after a read and after a write.
fn malformed_responses() -> Vec<(&'static str, StubReply, Expected, Expected)> {
    let (bad, away) = ((502, "odoo_unreadable"), (503, "odoo_unreachable"));
    let unknown = (504, "outcome_unknown");
    let page = |status: &str| StubReply::http(status, "text/html", &format!("<!doctype html><title>{CANARY}</title>"));
    let raw = |head: &str, body: &str| StubReply::Bytes(format!("HTTP/1.1 {head}\r\n\r\n{body}").into_bytes());
    let xml = "200 OK\r\nContent-Type: text/xml";
    let redirect = format!("302 Found\r\nLocation: http://127.0.0.1:1/{CANARY}");
    let open = format!("<methodResponse><params><param><value><string>{CANARY}");
    let entity = format!("<!DOCTYPE x [<!ENTITY e '{CANARY}'>]><methodResponse><params><param><value>&e;</value>");
    let large = StubReply::value(&format!("<string>{}</string>", CANARY.repeat(10_000)));
    vec![
        ("a page", page("200 OK"), bad, bad),
        ("a page declared as XML", StubReply::xml(&format!("<!doctype html>{CANARY}")), bad, bad),
        ("a redirect", raw(&redirect, ""), bad, bad),
        ("no XML-RPC", page("404 Not Found"), bad, bad),
        ("no HTTP", StubReply::Bytes(CANARY.into()), bad, bad),
        ("XML that ends early", StubReply::xml(&open), bad, bad),
        ("half a body", raw("200 OK\r\nContent-Type: text/xml\r\nContent-Length: 999", &open), unknown, unknown),
        ("two lengths", raw(&format!("{xml}\r\nContent-Length: 3\r\nContent-Length: 4"), CANARY), bad, bad),
        ("a broken chunk", raw(&format!("{xml}\r\nTransfer-Encoding: chunked"), CANARY), unknown, unknown),
        ("compressed", raw("200 OK\r\nContent-Type: text/xml\r\nContent-Encoding: gzip", CANARY), bad, bad),
        ("a document type", StubReply::xml(&entity), bad, bad),
        ("an error", page("500 Internal Server Error"), away, unknown),
        ("a proxy without Odoo", page("503 Service Unavailable"), away, away),
        ("a proxy timeout", page("504 Gateway Timeout"), unknown, unknown),
        ("too large", large, (400, "answer_too_large"), (502, "result_not_representable")),
    ]
}

#[tokio::test]
async fn malformed_response_is_described_without_odoos_text() {
    let (stub, _gateway, admin) = warm_gateway(&[("ODOO_GATEWAY__ODOO__0__ANSWER_CAP", "64KiB")]).await;
    for (name, reply, after_read, after_write) in malformed_responses() {
        stub.when("res.partner.read", reply.clone());
        stub.when("res.partner.create", reply);
        let before = stub.call_count("res.partner.create");
        for (response, (status, code)) in [(read(&admin).await, after_read), (create(&admin).await, after_write)] {
            assert_eq!(
                (response.status, response.json()["code"].as_str()),
                (status, Some(code)),
                "{name}: {}",
                response.text
            );
            response.problem(status, code);
            assert_no_odoo_text(&response);
        }
        assert_eq!(stub.call_count("res.partner.create"), before + 1, "{name}");
    }
}

#[tokio::test]
async fn malformed_response_to_a_write_leaves_the_outcome_open() {
    let (stub, _gateway, admin) = warm_gateway(&[]).await;
    for malformed in
        [StubReply::http("200 OK", "text/html", "<html>"), StubReply::xml("<html>"), StubReply::Bytes("SSH".into())]
    {
        stub.when("res.partner.create", malformed);
        let problem = create(&admin).await.problem(502, "odoo_unreadable");
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.ends_with(" The change may have been made."), "{detail}");
        assert_eq!(problem["hint"], "Read the records before you retry.");
    }
}

#[tokio::test]
async fn unreadable_record_is_not_reported_as_missing() {
    let (stub, _gateway, admin) = warm_gateway(&[]).await;
    let traceback =
        "Traceback (most recent call last):\n  File \"/odoo/x.py\", line 1, in x\n    x\nZeroDivisionError: x\n";
    stub.when("res.partner.read", StubReply::fault("x", traceback));
    admin.get(PARTNER, &[]).await.problem(502, "odoo_internal_error");
    read(&admin).await.problem(502, "odoo_internal_error");
}

#[tokio::test]
async fn result_of_an_unexpected_type_is_unreadable() {
    let (stub, _gateway, admin) = warm_gateway(&[]).await;
    let canary = format!("<string>{CANARY}</string>");
    for value in [canary.as_str(), "<int>5</int>", "<array><data><value><int>5</int></value></data></array>"] {
        stub.when("res.partner.read", StubReply::value(value));
        let response = read(&admin).await;
        response.problem(502, "odoo_unreadable");
        assert_no_odoo_text(&response);
    }
    stub.when("res.partner.search_count", StubReply::value(&canary));
    let response = admin.get(&format!("{PARTNERS}/search_count"), &[]).await;
    response.problem(502, "odoo_unreadable");
    assert_no_odoo_text(&response);
}

#[tokio::test]
async fn traceback_is_not_shown() {
    let (stub, _gateway, admin) = warm_gateway(&[]).await;
    let traceback = format!(
        "Traceback (most recent call last):\n  File \"/opt/{CANARY}/models.py\", line 7, in read\n    1 / 0\n\
         ZeroDivisionError: {CANARY} SELECT login FROM res_users\n"
    );
    stub.when("res.partner.button_do", StubReply::fault(&format!("{CANARY} SELECT login FROM res_users"), &traceback));
    let response = admin.post(&format!("{PARTNER}/button_do"), &json!({})).await;
    let problem = response.problem(502, "odoo_internal_error");
    assert_eq!(problem["odoo"], json!({"exception": "ZeroDivisionError", "message": ""}));
    assert_no_odoo_text(&response);
    for word in ["Traceback", "SELECT", ".py"] {
        assert!(!response.text.contains(word), "{}", response.text);
    }
}
