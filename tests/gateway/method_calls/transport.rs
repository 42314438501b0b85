//! JSON-RPC if Odoo serves it, otherwise XML-RPC: the same calls have the same results.

use serde_json::{Value, json};

use super::{MISSING_ID, PARTNER, Transport, call, gateway_with, new_partner};
use crate::support::recording_proxy::RecordingProxy;
use crate::support::{Client, Gateway, Response, StubOdoo, StubReply, Version, testbed, unique};

/// Model, method, positional and keyword arguments.
type Call = (&'static str, &'static str, Value, Value);

/// Calls whose results do not depend on the time. `id` is a contact.
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
        // Calls that fail.
        (PARTNER, "write", json!([[MISSING_ID], {"color": 1}]), none.clone()),
        (PARTNER, "message_subscribe", json!([[MISSING_ID]]), json!({"partner_ids": [1]})),
        (PARTNER, "action_archive", json!([]), none.clone()),
        (PARTNER, "name_search", json!([]), json!({"nope": 1})),
        (PARTNER, "no_such_method", json!([one]), none.clone()),
        ("no.model", "read", json!([one]), none.clone()),
        (PARTNER, "search", json!([[["nope", "=", 1]]]), none.clone()),
        (PARTNER, "write", json!([one, {"country_id": MISSING_ID}]), none.clone()),
        (PARTNER, "write", json!([one, {"parent_id": id}]), none.clone()),
        (PARTNER, "write", json!([one, {"category_id": [[6, 0, [MISSING_ID]]]}]), none.clone()),
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

/// Calls whose results only JSON can represent (numbers as keys, `None` in a structure); XML-RPC omits them.
fn json_only_calls(version: Version) -> Vec<Call> {
    let mut calls = vec![(PARTNER, "get_external_id", json!([[1]]), json!({}))];
    if version == Version::Odoo19 {
        calls.push(("ir.module.module", "read", json!([[1, 2, 3]]), json!({})));
    }
    calls
}

/// The parts of a response that do not differ from request to request.
fn comparable(response: &Response) -> (u16, Value, String) {
    let mut body = response.json();
    for own in ["request_id", "instance", "timestamp"] {
        if let Some(members) = body.as_object_mut() {
            members.remove(own);
        }
    }
    (response.status, body, response.header("x-result-omitted").to_owned())
}

#[tokio::test]
async fn same_calls_have_the_same_results_over_both_transports() {
    for version in Version::each() {
        let (over_json, _json, by_json) = gateway_with(Transport::Json, version).await;
        let (over_xml, _xml, by_xml) = gateway_with(Transport::Xml, version).await;
        let id = new_partner(&by_json, &unique("both transports")).await;
        let (mut succeeded, mut failed) = (0, 0);
        for (model, method, args, kwargs) in calls(id, version) {
            over_json.take_calls();
            over_xml.take_calls();
            let json = call(&by_json, model, method, &args, &kwargs).await;
            let xml = call(&by_xml, model, method, &args, &kwargs).await;
            assert_eq!(comparable(&json), comparable(&xml), "{version:?} {model}.{method} {args} {kwargs}");
            assert!(json.status < 500, "{version:?} {model}.{method} {args}: {}", json.text);
            let call_name = format!("{model}.{method}");
            let transport = |calls: Vec<(String, String)>| calls.into_iter().find(|(called, _)| *called == call_name);
            if let Some((_, body)) = transport(over_json.take_calls_with_bodies()) {
                assert!(body.starts_with('{'), "{version:?} {call_name} used XML-RPC");
            }
            if let Some((_, body)) = transport(over_xml.take_calls_with_bodies()) {
                assert!(body.starts_with("<?xml"), "{version:?} {call_name} used JSON-RPC");
            }
            if json.status == 200 { succeeded += 1 } else { failed += 1 }
        }
        assert!(succeeded >= 13 && failed >= 14, "{version:?}: {succeeded} succeeded, {failed} failed");
        for (model, method, args, kwargs) in json_only_calls(version) {
            let json = call(&by_json, model, method, &args, &kwargs).await;
            assert!(!json.ok()["return"].is_null() && json.header("x-result-omitted").is_empty(), "{model}.{method}");
            let xml = call(&by_xml, model, method, &args, &kwargs).await;
            assert_eq!((xml.ok(), xml.header("x-result-omitted")), (json!({"return": null}), "not-representable"));
        }
    }
}

#[tokio::test]
async fn reads_and_writes_use_xml_rpc() {
    for version in Version::each() {
        let (proxy, _gateway, admin) = gateway_with(Transport::Json, version).await;
        let id = new_partner(&admin, &unique("stays")).await;
        admin.get(&format!("/api/res.partner/{id}"), &[("fields", "name")]).await.ok();
        admin.put(&format!("/api/res.partner/{id}"), &json!({"color": 3})).await.ok();
        admin.delete(&format!("/api/res.partner/{id}"), &[]).await.ok();
        let calls: Vec<_> =
            proxy.take_calls_with_bodies().into_iter().filter(|(called, _)| called.contains('.')).collect();
        assert!(calls.len() >= 5 && calls.iter().all(|(_, body)| body.starts_with("<?xml")), "{calls:?}");
    }
}

/// The Odoo 14 of the testbed serves several databases: it has `/jsonrpc`, but returns its faults as an HTML page.
#[tokio::test]
async fn xml_rpc_is_used_if_odoo_sends_no_faults_over_json() {
    let proxy = RecordingProxy::in_front_of(testbed().url(Version::Odoo14)).await;
    let gateway = Gateway::start(&[
        ("ODOO_GATEWAY__ODOO__0__URL", &proxy.url()),
        ("ODOO_GATEWAY__ODOO__0__DATABASE", Version::Odoo14.database()),
    ])
    .await;
    let admin = gateway.client().as_user("admin");
    for _ in 0..2 {
        call(&admin, PARTNER, "action_archive", &json!([]), &json!({})).await.problem(400, "missing_parameter");
    }
    let calls = proxy.take_calls_with_bodies();
    let archive: Vec<_> = calls.iter().filter(|(called, _)| called == "res.partner.message_subscribe").collect();
    assert!(archive.iter().all(|(_, body)| body.starts_with("<?xml")), "{archive:?}");
    call(&admin, PARTNER, "message_unsubscribe", &json!([]), &json!({})).await.problem(400, "missing_parameter");
}

fn json_reply(body: &str) -> StubReply {
    StubReply::http("200 OK", "application/json", body)
}

const ACCESS_DENIED: &str = r#"{"jsonrpc": "2.0", "id": 1, "error": {"code": 0, "message": "Odoo Server Error", "data":
    {"name": "odoo.exceptions.AccessDenied", "message": "Access Denied", "debug": "", "arguments": []}}}"#;

/// A gateway in front of a stub that serves JSON-RPC.
async fn json_rpc_stub() -> (StubOdoo, Gateway, Client) {
    let stub = StubOdoo::start().await;
    stub.when("jsonrpc", json_reply(ACCESS_DENIED));
    let gateway = Gateway::start_with_stub(&stub, &[]).await;
    let admin = gateway.client().with_password("admin", crate::support::stub_odoo::PASSWORD);
    (stub, gateway, admin)
}

async fn confirm(admin: &Client) -> Response {
    call(admin, PARTNER, "confirm_it", &json!([[1]]), &json!({})).await
}

#[tokio::test]
async fn json_rpc_results_are_returned_unchanged() {
    let (stub, _gateway, admin) = json_rpc_stub().await;
    // The first call sends the probe for JSON-RPC, and is rejected itself.
    confirm(&admin).await.problem(401, "credential_invalid");
    let result = |value: &str| json_reply(&format!(r#"{{"jsonrpc": "2.0", "id": 1, "result": {value}}}"#));
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
        let response = confirm(&admin).await;
        assert_eq!((response.ok(), response.header("x-result-omitted")), (json!({"return": expected}), ""), "{value}");
    }
    for beyond in ["12345678901234567890123", r#"{"1": 1, "1": 2}"#, &format!("{}{}", "[".repeat(80), "]".repeat(80))] {
        stub.when("jsonrpc", result(beyond));
        let response = confirm(&admin).await;
        assert_eq!(response.ok(), json!({"return": null}), "{beyond}");
        assert_eq!(response.header("x-result-omitted"), "not-representable", "{beyond}");
    }
    stub.when("jsonrpc", json_reply(r#"{"jsonrpc": "2.0", "id": 1"#));
    confirm(&admin).await.problem(502, "odoo_unreadable");
    stub.when("jsonrpc", StubReply::cut());
    confirm(&admin).await.problem(504, "outcome_unknown");
    assert_eq!(stub.call_count("res.partner.confirm_it"), 0, "no call was sent twice");
}

#[tokio::test]
async fn call_falls_back_to_xml_rpc_once_if_json_rpc_is_gone() {
    let (stub, _gateway, admin) = json_rpc_stub().await;
    confirm(&admin).await.problem(401, "credential_invalid");
    stub.when("jsonrpc", StubReply::http("404 NOT FOUND", "text/html", "<html>"));
    for calls in 1..=2 {
        assert_eq!(confirm(&admin).await.ok(), json!({"return": true}));
        assert_eq!(stub.call_count("res.partner.confirm_it"), calls);
    }
    assert_eq!(stub.call_count("jsonrpc"), 3, "the probe, the rejected call, the call that got 404");
}
