//! JSON-RPC where Odoo serves it, XML-RPC elsewhere: the same calls have the same answers.

use serde_json::{Value, json};

use super::{NOWHERE, PARTNER, Way, by, call, new_partner};
use crate::support::counting::Counting;
use crate::support::{Act, Answer, Client, Gateway, Stub, Version, stand, unique};

/// Model, method, arguments by place and by name.
type Call = (&'static str, &'static str, Value, Value);

/// Calls whose answers do not depend on when they are made. `id` is a contact.
fn calls(id: i64, version: Version) -> Vec<Call> {
    let one = json!([id]);
    let none = json!({});
    let mut calls = vec![
        (PARTNER, "name_search", json!(["Azure Interior"]), json!({"limit": 3})),
        (
            PARTNER,
            "read",
            json!([one, ["name", "create_date", "parent_id", "category_id", "image_1920"]]),
            none.clone(),
        ),
        (PARTNER, "search_read", json!([[["id", "=", id]], ["name", "partner_latitude", "active"]]), none.clone()),
        (PARTNER, "search_count", json!([[["id", "<", 5]]]), none.clone()),
        (
            PARTNER,
            "fields_get",
            json!([["name", "lang", "type"]]),
            json!({"attributes": ["type", "string", "selection"]}),
        ),
        (PARTNER, "default_get", json!([["type", "lang", "active"]]), none.clone()),
        (PARTNER, "write", json!([one, {"comment": "a < b & \"c\" — é 日本 😀\r\n\t]]>", "color": 7}]), none.clone()),
        (PARTNER, "read", json!([one, ["comment", "color"]]), none.clone()),
        (PARTNER, "action_archive", json!([one]), none.clone()),
        (PARTNER, "action_unarchive", json!([one]), none.clone()),
        (PARTNER, "check_access_rights", json!(["read", false]), none.clone()),
        (PARTNER, "read_group", json!([[["id", "=", id]], ["color:sum"], ["type"]]), none.clone()),
        ("res.lang", "get_installed", json!([]), none.clone()),
        // What goes wrong.
        (PARTNER, "write", json!([[NOWHERE], {"color": 1}]), none.clone()),
        (PARTNER, "message_subscribe", json!([[NOWHERE]]), json!({"partner_ids": [1]})),
        (PARTNER, "action_archive", json!([]), none.clone()),
        (PARTNER, "name_search", json!([]), json!({"nope": 1})),
        (PARTNER, "no_such_method", json!([one]), none.clone()),
        ("no.model", "read", json!([one]), none.clone()),
        (PARTNER, "search", json!([[["nope", "=", 1]]]), none.clone()),
        (PARTNER, "write", json!([one, {"country_id": NOWHERE}]), none.clone()),
        (PARTNER, "write", json!([one, {"parent_id": id}]), none.clone()),
        (PARTNER, "write", json!([one, {"category_id": [[6, 0, [NOWHERE]]]}]), none.clone()),
        (PARTNER, "read", json!([["x"], ["name"]]), none.clone()),
        ("res.partner.category", "create", json!([{}]), none.clone()),
        ("res.lang", "create", json!([{"name": "English", "code": "en_US"}]), none.clone()),
        ("res.country", "unlink", json!([[233]]), none.clone()),
        (PARTNER, "write", json!([one, {"name": "a\u{7}b"}]), none.clone()),
        (PARTNER, "read", json!([one, ["name"]]), json!({"context": {"lang": "xx_YY"}})),
    ];
    if version == Version::Odoo19 {
        calls.push((PARTNER, "message_post", json!([one]), json!({"bodyy": "x"})));
    }
    calls
}

/// Values that only JSON carries, so over XML-RPC the result is omitted: keys that are numbers, `None` inside.
fn only_over_json(version: Version) -> Vec<Call> {
    let mut calls = vec![(PARTNER, "get_external_id", json!([[1]]), json!({}))];
    if version == Version::Odoo19 {
        calls.push(("ir.module.module", "read", json!([[1, 2, 3]]), json!({})));
    }
    calls
}

/// What is said, without what every answer has of its own.
fn comparable(answer: &Answer) -> (u16, Value, String) {
    let mut body = answer.json();
    for own in ["request_id", "instance", "timestamp"] {
        if let Some(members) = body.as_object_mut() {
            members.remove(own);
        }
    }
    (answer.status, body, answer.header("x-result-omitted").to_owned())
}

#[tokio::test]
async fn the_same_calls_have_the_same_answers_over_both() {
    for version in Version::BOTH {
        let (over_json, _json, by_json) = by(Way::Json, version).await;
        let (over_xml, _xml, by_xml) = by(Way::Xml, version).await;
        let id = new_partner(&by_json, &unique("both ways")).await;
        let (mut ran, mut refused) = (0, 0);
        for (model, method, args, kwargs) in calls(id, version) {
            over_json.take();
            over_xml.take();
            let json = call(&by_json, model, method, &args, &kwargs).await;
            let xml = call(&by_xml, model, method, &args, &kwargs).await;
            assert_eq!(comparable(&json), comparable(&xml), "{version:?} {model}.{method} {args} {kwargs}");
            assert!(json.status < 500, "{version:?} {model}.{method} {args}: {}", json.text);
            let wanted = format!("{model}.{method}");
            let way = |calls: Vec<(String, String)>| calls.into_iter().find(|(called, _)| *called == wanted);
            if let Some((_, body)) = way(over_json.take_whole()) {
                assert!(body.starts_with('{'), "{version:?} {wanted} went over XML-RPC");
            }
            if let Some((_, body)) = way(over_xml.take_whole()) {
                assert!(body.starts_with("<?xml"), "{version:?} {wanted} went over JSON-RPC");
            }
            if json.status == 200 { ran += 1 } else { refused += 1 }
        }
        assert!(ran >= 13 && refused >= 14, "{version:?}: {ran} ran, {refused} were refused");
        for (model, method, args, kwargs) in only_over_json(version) {
            let json = call(&by_json, model, method, &args, &kwargs).await;
            assert!(!json.ok()["return"].is_null() && json.header("x-result-omitted").is_empty(), "{model}.{method}");
            let xml = call(&by_xml, model, method, &args, &kwargs).await;
            assert_eq!((xml.ok(), xml.header("x-result-omitted")), (json!({"return": null}), "not-representable"));
        }
    }
}

#[tokio::test]
async fn reads_and_writes_stay_with_xml_rpc() {
    for version in Version::BOTH {
        let (counting, _gateway, admin) = by(Way::Json, version).await;
        let id = new_partner(&admin, &unique("stays")).await;
        admin.get(&format!("/api/res.partner/{id}"), &[("fields", "name")]).await.ok();
        admin.put(&format!("/api/res.partner/{id}"), &json!({"color": 3})).await.ok();
        admin.delete(&format!("/api/res.partner/{id}"), &[]).await.ok();
        let calls: Vec<_> = counting.take_whole().into_iter().filter(|(called, _)| called.contains('.')).collect();
        assert!(calls.len() >= 5 && calls.iter().all(|(_, body)| body.starts_with("<?xml")), "{calls:?}");
    }
}

/// The stand's Odoo 14 has several databases: it serves `/jsonrpc`, but answers its own faults with a page.
#[tokio::test]
async fn an_odoo_that_sends_no_faults_over_json_is_asked_over_xml_rpc() {
    let counting = Counting::before(stand().url(Version::Odoo14)).await;
    let gateway = Gateway::start(&[
        ("ODOO_GATEWAY__ODOO__0__URL", &counting.url()),
        ("ODOO_GATEWAY__ODOO__0__DATABASE", Version::Odoo14.database()),
    ])
    .await;
    let admin = gateway.client().as_user("admin");
    for _ in 0..2 {
        call(&admin, PARTNER, "action_archive", &json!([]), &json!({})).await.refused(400, "missing_parameter");
    }
    let calls = counting.take_whole();
    let archive: Vec<_> = calls.iter().filter(|(called, _)| called == "res.partner.message_subscribe").collect();
    assert!(archive.iter().all(|(_, body)| body.starts_with("<?xml")), "{archive:?}");
    call(&admin, PARTNER, "message_unsubscribe", &json!([]), &json!({})).await.refused(400, "missing_parameter");
}

fn json_answer(body: &str) -> Act {
    Act::http("200 OK", "application/json", body)
}

const REFUSED: &str = r#"{"jsonrpc": "2.0", "id": 1, "error": {"code": 0, "message": "Odoo Server Error", "data":
    {"name": "odoo.exceptions.AccessDenied", "message": "Access Denied", "debug": "", "arguments": []}}}"#;

/// A gateway before a stub that serves JSON-RPC.
async fn stubbed() -> (Stub, Gateway, Client) {
    let stub = Stub::start().await;
    stub.when("jsonrpc", json_answer(REFUSED));
    let gateway = Gateway::before_stub(&stub, &[]).await;
    let admin = gateway.client().with_password("admin", crate::support::stub::PASSWORD);
    (stub, gateway, admin)
}

async fn confirm(admin: &Client) -> Answer {
    call(admin, PARTNER, "confirm_it", &json!([[1]]), &json!({})).await
}

#[tokio::test]
async fn what_json_says_of_a_result_is_told_as_it_is() {
    let (stub, _gateway, admin) = stubbed().await;
    // The first call asks whether JSON-RPC is served, and is refused itself.
    confirm(&admin).await.refused(401, "credential_invalid");
    let result = |value: &str| json_answer(&format!(r#"{{"jsonrpc": "2.0", "id": 1, "result": {value}}}"#));
    for (value, expected) in [
        ("NaN", Value::Null),
        (r#"{"rate": Infinity, "low": -Infinity}"#, json!({"rate": null, "low": null})),
        (
            r#"{"2": 9007199254740993, "1": 4294967296}"#,
            json!({"2": 9_007_199_254_740_993_i64, "1": 4_294_967_296_i64}),
        ),
        (r#"[null, "\u0007\ud83d\ude00"]"#, json!([null, "\u{7}\u{1f600}"])),
    ] {
        stub.when("jsonrpc", result(value));
        let answer = confirm(&admin).await;
        assert_eq!((answer.ok(), answer.header("x-result-omitted")), (json!({"return": expected}), ""), "{value}");
    }
    for beyond in ["12345678901234567890123", r#"{"1": 1, "1": 2}"#, &format!("{}{}", "[".repeat(80), "]".repeat(80))] {
        stub.when("jsonrpc", result(beyond));
        let answer = confirm(&admin).await;
        assert_eq!(answer.ok(), json!({"return": null}), "{beyond}");
        assert_eq!(answer.header("x-result-omitted"), "not-representable", "{beyond}");
    }
    stub.when("jsonrpc", json_answer(r#"{"jsonrpc": "2.0", "id": 1"#));
    confirm(&admin).await.refused(502, "odoo_unreadable");
    stub.when("jsonrpc", Act::cut());
    confirm(&admin).await.refused(504, "outcome_unknown");
    assert_eq!(stub.asked("res.partner.confirm_it"), 0, "nothing went twice");
}

#[tokio::test]
async fn where_json_rpc_is_gone_the_call_goes_over_xml_rpc_once() {
    let (stub, _gateway, admin) = stubbed().await;
    confirm(&admin).await.refused(401, "credential_invalid");
    stub.when("jsonrpc", Act::http("404 NOT FOUND", "text/html", "<html>"));
    for calls in 1..=2 {
        assert_eq!(confirm(&admin).await.ok(), json!({"return": true}));
        assert_eq!(stub.asked("res.partner.confirm_it"), calls);
    }
    assert_eq!(stub.asked("jsonrpc"), 3, "the probe, the call that was refused, the call that found nothing");
}
