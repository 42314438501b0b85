//! What is checked before a call: its size, its form, its service; and the switch of the dialect.

use serde_json::{Value, json};

use super::{Fault, Front, json_outcome, post_xml, xml, xml_outcome};
use crate::support::stub_odoo::KEY_OWNER;
use crate::support::{Gateway, StubOdoo, StubReply};

async fn gateway(settings: &[(&str, &str)]) -> (StubOdoo, Gateway) {
    let stub = StubOdoo::start().await;
    let gateway = Gateway::start_with_stub(&stub, settings).await;
    (stub, gateway)
}

fn call_of_search() -> Vec<Value> {
    vec![json!("stub"), json!(7), json!("any"), json!("res.partner"), json!("search"), json!([[]])]
}

#[tokio::test]
async fn other_services_and_functions_are_not_offered() {
    let (stub, gateway) = gateway(&[]).await;
    let client = gateway.client();
    for (service, function, code, text) in [
        ("db", "list", 3, "does not offer the service `db`"),
        ("db", "drop", 3, "does not offer the service `db`"),
        ("report", "render_report", 1, "ValueError: Invalid service name: report"),
        ("common", "set_loglevel", 1, "Exception: Method not found: set_loglevel"),
        ("common", "system.listMethods", 1, "Exception: Method not found: system.listMethods"),
        ("common", "authenticate", 1, "TypeError: exp_authenticate() missing 1 required positional argument: 'db'"),
        ("object", "execute_kw", 1, "TypeError: execute_kw() missing 1 required positional argument: 'db'"),
    ] {
        let fault = Front::Numbers.call(&client, service, function, &[]).await.unwrap_err();
        assert!(fault.code == code && fault.text.contains(text), "{service}.{function}: {fault:?}");
        assert!(Front::Json.call(&client, service, function, &[]).await.is_err());
    }
    assert_eq!(stub.calls(), Vec::<String>::new());
}

#[tokio::test]
async fn malformed_and_large_bodies_are_rejected_before_anything_is_called() {
    let (stub, gateway) = gateway(&[("ODOO_GATEWAY__SERVER__BODY_MAX_VALUES", "1000")]).await;
    let client = gateway.client();
    let entities = "<!DOCTYPE a [<!ENTITY b \"bbbb\">]><methodCall><methodName>&b;</methodName></methodCall>";
    let deep = "<value><array><data>".repeat(500);
    let deep = format!("<methodCall><methodName>execute_kw</methodName><params><param>{deep}");
    for body in ["", "not XML", "<methodCall>", "{}", entities, &deep] {
        let response = post_xml(&client, "/xmlrpc/2/object", body.into()).await;
        let Fault { code, text } = xml_outcome(&response).unwrap_err();
        assert!(code == 1 && text.starts_with("xml.parsers.expat.ExpatError: expected "), "{body:.40}: {text}");
    }
    let many = [call_of_search(), vec![json!(vec![1; 1000])]].concat();
    let Fault { code, text } = Front::Numbers.call(&client, "object", "execute_kw", &many).await.unwrap_err();
    assert!(code == 2 && text.contains("more than 1000 values"), "{code} {text}");
    // Bodies that are not JSON, or too large, have a status of their own, as in Odoo.
    for (body, status) in [("[]", 400), ("x", 400), ("{'a': 1}", 400)] {
        let response = post_xml(&client, "/jsonrpc", body.into()).await;
        assert_eq!(response.status, status, "{body}: {}", response.text);
    }
    let long = xml("authenticate", &[json!("x".repeat(100_000))]);
    assert_eq!(post_xml(&client, "/xmlrpc/2/common", long).await.status, 413);
    for path in ["/xmlrpc/2/object", "/xmlrpc/object", "/jsonrpc"] {
        assert_eq!(client.get(path, &[]).await.status, 405, "{path}");
    }
    assert_eq!(stub.calls(), Vec::<String>::new());
}

/// Odoo's response is passed on as it is, except for characters that no XML parser accepts.
#[tokio::test]
async fn response_of_odoo_is_passed_on() {
    let (stub, gateway) = gateway(&[]).await;
    let items = ["<string>a\u{1}  é</string>", "<double>1e+16</double>"].map(|item| format!("<value>{item}</value>"));
    let value = &format!("<array><data>{}</data></array>", items.concat());
    stub.when(KEY_OWNER, StubReply::value("<struct></struct>"));
    stub.when("res.partner.search", StubReply::value(value));
    let response = post_xml(&gateway.client(), "/xmlrpc/2/object", xml("execute_kw", &call_of_search())).await;
    assert_eq!(xml_outcome(&response), Ok(json!(["a  é", 1e16])));
    assert!(response.text.contains(&value.replace('\u{1}', "")), "{}", response.text);
    // The same call has another form for a client of JSON-RPC.
    let params = json!({"service": "object", "method": "execute_kw", "args": call_of_search()});
    let response = gateway.client().post("/jsonrpc", &json!({"id": 7, "params": params})).await;
    assert_eq!(json_outcome(&response), Ok(json!(["a  é", 1e16])));
}

/// Only its credential is kept parsed until it is verified.
#[tokio::test]
async fn large_call_arrives_completely() {
    let (stub, gateway) = gateway(&[]).await;
    stub.when(KEY_OWNER, StubReply::value("<struct></struct>"));
    stub.when("res.partner.search", StubReply::value("<array><data></data></array>"));
    let mut call = call_of_search();
    call.pop();
    call.extend([json!([[["name", "=", "x".repeat(20_000)]]]), json!({"limit": 1})]);
    for front in Front::ALL {
        let result = front.call(&gateway.client(), "object", "execute_kw", &call).await;
        assert_eq!(result, Ok(json!([])), "{front:?}");
        let surplus = [call.clone(), vec![json!(1)]].concat();
        let fault = front.call(&gateway.client(), "object", "execute_kw", &surplus).await.unwrap_err();
        assert!(fault.text.contains("takes 1 fewer positional arguments"), "{fault:?}");
    }
    assert_eq!(stub.calls().iter().filter(|call| *call == "res.partner.search").count(), 3);
}

#[tokio::test]
async fn odoo_that_cannot_be_reached_is_a_fault_with_the_time_to_wait() {
    let gateway = Gateway::start(&[
        ("ODOO_GATEWAY__ODOO__0__URL", "http://127.0.0.1:1"),
        ("ODOO_GATEWAY__ODOO__0__DATABASE", "stub"),
    ])
    .await;
    let response = post_xml(&gateway.client(), "/xmlrpc/2/object", xml("execute_kw", &call_of_search())).await;
    let Fault { code, text } = xml_outcome(&response).unwrap_err();
    assert!(code == 1 && text.starts_with("odoo_gateway.odoo_unreachable: "), "{code} {text}");
    assert!(response.header("retry-after").parse::<u32>().is_ok(), "{:?}", response.headers);
}

#[tokio::test]
async fn dialect_that_is_switched_off_has_no_paths() {
    let (_stub, gateway) = gateway(&[("ODOO_GATEWAY__DIALECTS__RPC", "false")]).await;
    for path in ["/xmlrpc/2/common", "/xmlrpc/object", "/jsonrpc", "/web/webclient/version_info"] {
        post_xml(&gateway.client(), path, xml("version", &[])).await.problem(404, "unknown_route");
    }
}
