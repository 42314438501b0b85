//! Answers that are none.

use serde_json::json;

use super::{CANARY, PARTNER, PARTNERS, create, read, says_nothing_of_odoos_words, warm};
use crate::support::Act;

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
async fn after_nonsense_for_a_write_nobody_is_told_that_nothing_was_done() {
    let (stub, _gateway, admin) = warm(&[]).await;
    for nonsense in [Act::http("200 OK", "text/html", "<html>"), Act::xml("<html>"), Act::Bytes("SSH".into())] {
        stub.when("res.partner.create", nonsense);
        let problem = create(&admin).await.refused(502, "odoo_unreadable");
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.ends_with(" What was asked may have been done."), "{detail}");
        assert_eq!(problem["hint"], "Read the records before you try again.");
    }
}

#[tokio::test]
async fn a_record_of_which_nothing_can_be_sent_is_not_said_to_be_missing() {
    let (stub, _gateway, admin) = warm(&[]).await;
    let traceback =
        "Traceback (most recent call last):\n  File \"/odoo/x.py\", line 1, in x\n    x\nZeroDivisionError: x\n";
    stub.when("res.partner.read", Act::fault("x", traceback));
    admin.get(PARTNER, &[]).await.refused(502, "odoo_internal_error");
    read(&admin).await.refused(502, "odoo_internal_error");
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
