//! The stand-in itself, asked without the gateway: it answers as Odoo 20, where the tests of the gateway rely on it.

use serde_json::{Value, json};

use crate::support::{Client, Version, testbed};

fn odoo() -> Client {
    Client::new(testbed().url(Version::Odoo20).to_owned())
}

/// The result or the error of a call over JSON-RPC.
async fn rpc(service: &str, method: &str, args: Value) -> Result<Value, Value> {
    let call = json!({"jsonrpc": "2.0", "params": {"service": service, "method": method, "args": args}});
    let mut reply = odoo().post("/jsonrpc", &call).await.ok();
    match reply.get_mut("error") {
        Some(error) => Err(error["data"].take()),
        None => Ok(reply["result"].take()),
    }
}

/// A call as administrator.
async fn call(model: &str, method: &str, args: Value, kwargs: Value) -> Result<Value, Value> {
    rpc("object", "execute_kw", json!(["odoo20", 2, "admin", model, method, args, kwargs])).await
}

async fn fails(model: &str, method: &str, args: Value) -> String {
    let error = call(model, method, args, json!({})).await.expect_err(method);
    error["message"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn server_is_odoo_20() {
    let version = rpc("common", "version", json!([])).await.unwrap();
    assert_eq!((&version["server_version"], &version["server_version_info"][0]), (&json!("20.0"), &json!(20)));
    assert_eq!(odoo().get("/web/version", &[]).await.ok()["version"], "20.0");
    let error = rpc("db", "list", json!([])).await.unwrap_err();
    assert_eq!(error["message"], "Invalid service name: db");
    let large = odoo().with_header("X-Large", &"x".repeat(17 << 10)).get("/web/version", &[]).await;
    assert_eq!(large.status, 431);
}

#[tokio::test]
async fn methods_and_models_are_gone() {
    for (model, method, args) in [
        ("res.partner", "check_access_rights", json!(["read"])),
        ("res.partner", "toggle_active", json!([[1]])),
        ("ir.config_parameter", "get_param", json!(["web.base.url"])),
        ("ir.actions.report", "get_wkhtmltopdf_state", json!([])),
    ] {
        assert_eq!(fails(model, method, args).await, format!("The method '{model}.{method}' does not exist"));
    }
    assert_eq!(fails("ir.rule", "search", json!([[]])).await, "Object ir.rule doesn't exist");
    let field = fails("ir.attachment", "search_read", json!([[], ["datas"]])).await;
    assert_eq!(field, "Invalid field 'datas' on 'ir.attachment'");
    assert_eq!(fails("res.partner", "read", json!([[0]])).await, "Invalid falsy real id");
    let old = fails("res.partner", "read_group", json!([[], ["name"], ["name"], 0, 1, "name", true])).await;
    assert!(!old.is_empty());
    let url = call("ir.config_parameter", "get_str", json!(["web.base.url"]), json!({})).await.unwrap();
    assert!(url.as_str().unwrap().starts_with("http"), "{url}");
    assert_eq!(call("res.partner", "search", json!([[]]), json!({"limit": 0})).await.unwrap(), json!([]));
}

#[tokio::test]
async fn files_are_objects() {
    let values = json!({"name": "stand-in.txt", "raw": "aGVsbG8="});
    let id = call("ir.attachment", "create", json!([values]), json!({})).await.unwrap();
    let size_only = json!({"context": {"bin_size": true}});
    let read = call("ir.attachment", "read", json!([[id], ["raw"]]), size_only).await.unwrap();
    assert_eq!(read[0]["raw"], json!({"content": "aGVsbG8=", "size": 5, "filename": "stand-in.txt"}));
    let web = call("ir.attachment", "web_read", json!([[id], {"raw": {}}]), json!({})).await.unwrap();
    assert_eq!(web[0]["raw"]["size"], 5);
    assert_eq!((&web[0]["raw"]["content"], web[0]["raw"]["checksum"].is_string()), (&Value::Null, true));
    let padded = fails("ir.attachment", "write", json!([[id], {"raw": "aGVs\nbG8="}])).await;
    assert!(padded.contains("base64"), "{padded}");
    assert_eq!(call("ir.attachment", "web_unlink", json!([[id]]), json!({})).await.unwrap(), true);
}
