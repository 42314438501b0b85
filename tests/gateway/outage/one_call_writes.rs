//! Updates that read in the same call (`web_save`): what is done if Odoo rejects the call, or its outcome is unknown. A
//! creation is a call of its own, and is never repeated.

use serde_json::json;

use super::concurrent_updates::{assert_conflict, conflict_fault};
use super::{CANARY, PARTNERS, assert_no_odoo_text, assert_outcome_unknown, create, update};
use crate::support::stub_odoo::PASSWORD;
use crate::support::{Client, Gateway, Response, StubOdoo, StubReply, fields_get};

const WEB_SAVE: &str = "res.partner.web_save";
const CREATE: &str = "res.partner.create";
const FIELDS: [(&str, &str); 3] = [("id", "integer"), ("name", "char"), ("create_date", "datetime")];

/// A gateway in front of a stub whose contacts have only simple stored fields, with cached metadata, and a client.
async fn warm_gateway() -> (StubOdoo, Gateway, Client) {
    warm_gateway_with(&FIELDS).await
}

async fn warm_gateway_with(fields: &[(&str, &str)]) -> (StubOdoo, Gateway, Client) {
    let stub = StubOdoo::start().await;
    stub.when("res.partner.fields_get", StubReply::value(&fields_get(fields)));
    stub.when(WEB_SAVE, saved("Saved"));
    let gateway = Gateway::start_with_stub(&stub, &[]).await;
    let admin = gateway.client().with_password("admin", PASSWORD);
    create(&admin).await.ok();
    (stub, gateway, admin)
}

/// The result of a `web_save` of the contact 1.
fn saved(name: &str) -> StubReply {
    contacts(&[1], name)
}

/// Contacts with this name.
fn contacts(ids: &[i64], name: &str) -> StubReply {
    let text =
        |name: &str, text: &str| format!("<member><name>{name}</name><value><string>{text}</string></value></member>");
    let values = [text("name", name), text("create_date", "2026-01-02 03:04:05")].concat();
    let contact = |id: &i64| {
        let id = format!("<member><name>id</name><value><int>{id}</int></value></member>");
        format!("<value><struct>{id}{values}</struct></value>")
    };
    StubReply::value(&format!("<array><data>{}</data></array>", ids.iter().map(contact).collect::<String>()))
}

/// The response to a request, and the methods of contacts that it called.
async fn calls_of(stub: &StubOdoo, request: impl Future<Output = Response>) -> (Response, Vec<String>) {
    let before = stub.calls().len();
    let response = request.await;
    let called = stub.calls().split_off(before);
    (response, called.iter().map(|call| call.replace("res.partner.", "")).collect())
}

#[tokio::test]
async fn update_and_read_are_one_call_but_a_creation_is_not() {
    let (stub, _gateway, admin) = warm_gateway().await;
    let expected = json!({"Contact": {"id": 1, "name": "Saved", "create_date": "2026-01-02 03:04:05"}});
    let (created, calls) = calls_of(&stub, create(&admin)).await;
    assert_eq!((created.status, calls.join(" ")), (200, "create read".to_owned()));
    let (updated, calls) = calls_of(&stub, update(&admin)).await;
    assert_eq!((updated.ok(), calls.join(" ")), (expected.clone(), "web_save".to_owned()));
    let many = json!({"ids": [1], "vals": {"name": "x"}});
    let (updated, calls) = calls_of(&stub, admin.put(PARTNERS, &many)).await;
    assert_eq!((&updated.ok()["Contact"][0], calls.join(" ")), (&expected["Contact"], "web_save".to_owned()));
}

#[tokio::test]
async fn rejected_update_is_made_in_separate_calls_and_so_are_the_next_ones() {
    for (code, text) in [
        ("warning -- AccessError\n\nNo access.", ""),
        ("x", "Traceback (most recent call last):\n  File \"/x.py\", line 1, in f\n    x\nZeroDivisionError: x\n"),
        (
            "x",
            "Traceback (most recent call last):\n  File \"/x.py\", line 1, in f\n    x\n\
             AttributeError: The method 'res.partner.web_save' does not exist\n",
        ),
    ] {
        let (stub, _gateway, admin) = warm_gateway().await;
        stub.when(WEB_SAVE, StubReply::fault(code, text));
        let (updated, calls) = calls_of(&stub, update(&admin)).await;
        assert_eq!(updated.ok()["Contact"]["name"], "Azure", "{code}");
        assert_eq!(calls, ["web_save", "read", "write", "read"], "{code}");
        let (updated, calls) = calls_of(&stub, update(&admin)).await;
        assert_eq!((updated.status, calls.join(" ")), (200, "read write read".to_owned()), "{code}");
    }
}

#[tokio::test]
async fn creation_that_failed_is_not_repeated() {
    let traceback = "Traceback (most recent call last):\n  File \"/x.py\", line 1, in f\n    x\nZeroDivisionError: x\n";
    let missing = "warning -- MissingError\n\nGone.\n(Record: res.partner(7,), User: 2)";
    for (code, text) in [("warning -- AccessError\n\nNo access.", ""), (missing, ""), ("x", traceback)] {
        let (stub, _gateway, admin) = warm_gateway().await;
        stub.when(CREATE, StubReply::fault(code, text));
        let (created, calls) = calls_of(&stub, create(&admin)).await;
        assert!(created.status >= 400, "{code}: {}", created.text);
        assert_eq!(calls, ["create"], "{code}");
    }
}

#[tokio::test]
async fn separate_calls_decide_whether_a_name_or_the_values_were_rejected() {
    let fields = [&FIELDS[..], &[("display_name", "char")]].concat();
    let message = "could not convert string to float: 'x'";
    let frames = "Traceback (most recent call last):\n  File \"/x.py\", line 1, in f\n    x\n";
    let traceback = format!("{frames}ValueError: {message}\n");
    for (code, text) in [("warning -- UserError\n\nIt has no name.", ""), (message, traceback.as_str())] {
        let (stub, _gateway, admin) = warm_gateway_with(&fields).await;
        stub.when(WEB_SAVE, StubReply::fault(code, text));
        let (updated, calls) = calls_of(&stub, update(&admin)).await;
        assert_eq!(updated.ok()["Contact"]["name"], "Azure", "{code}");
        assert_eq!(calls, ["web_save", "read", "write", "read"], "{code}");
    }
    let (stub, _gateway, admin) = warm_gateway_with(&fields).await;
    for name in [WEB_SAVE, "res.partner.write"] {
        stub.when(name, StubReply::fault("warning -- UserError\n\nNot on Sundays.", ""));
    }
    let (updated, calls) = calls_of(&stub, update(&admin)).await;
    assert_eq!(updated.problem(422, "odoo_refused")["detail"], "Not on Sundays.");
    assert_eq!(calls, ["web_save", "read", "write"]);
}

#[tokio::test]
async fn rejected_values_are_not_written_again() {
    let (stub, _gateway, admin) = warm_gateway().await;
    stub.when(WEB_SAVE, StubReply::fault("warning -- UserError\n\nNot on Sundays.", ""));
    for _ in 0..2 {
        let (updated, calls) = calls_of(&stub, update(&admin)).await;
        assert_eq!(updated.problem(422, "odoo_refused")["detail"], "Not on Sundays.");
        assert_eq!(calls, ["web_save", "read"], "the record could be missing");
    }
    stub.when("res.partner.read", StubReply::value("<array><data></data></array>"));
    let (updated, calls) = calls_of(&stub, update(&admin)).await;
    updated.problem(404, "record_not_found");
    assert_eq!(calls, ["web_save", "read"]);
}

#[tokio::test]
async fn error_of_a_rejected_update_is_that_of_the_separate_call() {
    let (stub, _gateway, admin) = warm_gateway().await;
    let fault = |method: &str| {
        let traceback = "Traceback (most recent call last):\n  File \"/x.py\", line 1, in f\n    x\nValueError: ";
        StubReply::fault(method, &format!("{traceback}{method}\n"))
    };
    for method in ["web_save", "write"] {
        stub.when(&format!("res.partner.{method}"), fault(method));
    }
    for _ in 0..2 {
        let (updated, calls) = calls_of(&stub, update(&admin)).await;
        let expected = "Odoo rejects a value passed to write: ValueError: write";
        assert_eq!(updated.problem(400, "invalid_value")["detail"], expected);
        assert_eq!(calls, ["web_save", "read", "write"], "the next update is tried in one call");
    }
}

#[tokio::test]
async fn update_that_failed_after_the_commit_is_not_repeated() {
    let (stub, _gateway, admin) = warm_gateway().await;
    let traceback = "Traceback (most recent call last):\n  File \"/odoo/sql_db.py\", line 562, in commit\n    \
                     self.postcommit.run()\n  File \"/x.py\", line 1, in notify\n    x\nConnectionError: x\n";
    stub.when(WEB_SAVE, StubReply::fault("x", traceback));
    let (updated, calls) = calls_of(&stub, update(&admin)).await;
    let problem = updated.problem(502, "odoo_internal_error");
    assert_eq!(problem["detail"], "Odoo raised ConnectionError in res.partner.write.");
    assert_eq!(calls, ["web_save"]);
}

#[tokio::test]
async fn missing_record_is_not_written() {
    let (stub, _gateway, admin) = warm_gateway().await;
    stub.when(WEB_SAVE, StubReply::value("<array><data></data></array>"));
    let (updated, calls) = calls_of(&stub, update(&admin)).await;
    let problem = updated.problem(404, "record_not_found");
    assert_eq!(problem["detail"], "The record 1 of res.partner does not exist.");
    assert_eq!(calls, ["web_save"]);
}

#[tokio::test]
async fn several_records_are_written_only_if_all_exist() {
    let (stub, _gateway, admin) = warm_gateway().await;
    let two = json!({"ids": [2, 1], "vals": {"name": "x"}});
    let (updated, calls) = calls_of(&stub, admin.put(PARTNERS, &two)).await;
    assert_eq!(updated.problem(404, "record_not_found")["detail"], "The record 2 of res.partner does not exist.");
    assert_eq!(calls, ["read"]);
    stub.when("res.partner.read", contacts(&[2, 1], "Old"));
    stub.when(WEB_SAVE, contacts(&[2, 1], "New"));
    let (updated, calls) = calls_of(&stub, admin.put(PARTNERS, &two)).await;
    let names: Vec<_> = updated.ok()["Contact"].as_array().unwrap().iter().map(|one| one["name"].clone()).collect();
    assert_eq!((names, calls.join(" ")), (vec![json!("New"), json!("New")], "read web_save".to_owned()));
    stub.when(WEB_SAVE, contacts(&[2], "New"));
    let (_, calls) = calls_of(&stub, admin.put(PARTNERS, &two)).await;
    assert_eq!(calls, ["read", "web_save", "read"], "a record was deleted in the meantime");
}

#[tokio::test]
async fn write_with_an_unknown_outcome_is_not_repeated() {
    let (stub, _gateway, admin) = warm_gateway().await;
    for reply in [StubReply::cut(), StubReply::http("502 Bad Gateway", "text/html", CANARY)] {
        for name in [WEB_SAVE, CREATE] {
            stub.when(name, reply.clone());
        }
        let (updated, calls) = calls_of(&stub, update(&admin)).await;
        assert_outcome_unknown(&updated);
        assert_eq!(calls, ["web_save"]);
        let (created, calls) = calls_of(&stub, create(&admin)).await;
        assert_outcome_unknown(&created);
        assert_eq!(calls, ["create"]);
    }
    stub.when(WEB_SAVE, conflict_fault("SerializationFailure"));
    let (updated, calls) = calls_of(&stub, update(&admin)).await;
    assert_conflict(&updated);
    assert_eq!(calls, ["web_save"], "the caller decides whether to repeat it");
}

#[tokio::test]
async fn update_with_an_unusable_result_is_only_read_again() {
    let (stub, _gateway, admin) = warm_gateway().await;
    let frame = |line, function: &str| format!("  File \"/xmlrpc/client.py\", line {line}, in {function}\n    x\n");
    let frames = [frame(508, "dumps"), frame(590, "dump_struct")].concat();
    let message = "cannot marshal None unless allow_none is enabled";
    let traceback = format!("Traceback (most recent call last):\n{frames}TypeError: {message}\n");
    let unexpected = StubReply::value(&format!("<string>{CANARY}</string>"));
    for reply in [StubReply::fault(message, &traceback), unexpected.clone()] {
        stub.when(WEB_SAVE, reply);
        let (updated, calls) = calls_of(&stub, update(&admin)).await;
        assert_eq!(updated.ok()["Contact"]["name"], "Azure");
        assert_eq!(calls, ["web_save", "read"]);
        assert_no_odoo_text(&updated);
    }
    stub.when(CREATE, unexpected);
    let (created, calls) = calls_of(&stub, create(&admin)).await;
    created.problem(502, "odoo_unreadable");
    assert_no_odoo_text(&created);
    assert_eq!(calls, ["create"], "a second creation would create a second record");
}
