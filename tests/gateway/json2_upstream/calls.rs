//! Methods by name, and the interfaces of Odoo itself in front.

use odoo_gateway::odoo::rpc_codec::RpcResponse;
use odoo_gateway::odoo::xmlrpc::response;
use odoo_gateway::odoo::xmlrpc::writer::CallWriter;
use odoo_gateway::value::Value as OdooValue;
use serde_json::json;

use super::{Pair, Request, api_key_of, get, post};
use crate::support::Client;

/// Calls with positional arguments, named ones, and both, of methods of the ORM and of modules.
fn calls() -> Vec<Request> {
    let call = |model: &str, method: &str, args: serde_json::Value, kwargs: serde_json::Value| {
        post(format!("/api/{model}/execute_kw"), json!({"method": method, "args": args, "kwargs": kwargs}))
    };
    vec![
        call("res.partner", "search", json!([[["is_company", "=", true]], 1, 3, "id"]), json!({})),
        call("res.partner", "search_read", json!([[], ["name"], 0, 3, "id"]), json!({"context": {"lang": "en_US"}})),
        call("res.partner", "search_count", json!([[]]), json!({"limit": 4})),
        call("res.partner", "read", json!([[1, 3], ["name", "category_id"]]), json!({"load": ""})),
        call("res.partner", "name_search", json!(["a"]), json!({"limit": 3})),
        call("res.partner", "default_get", json!([["lang", "type"]]), json!({})),
        call("res.partner", "fields_get", json!([["name"], ["type"]]), json!({})),
        call("res.partner", "formatted_read_group", json!([[], ["type"], ["__count"]]), json!({"order": "type"})),
        call("res.partner", "web_search_read", json!([[], {"name": {}}]), json!({"limit": 2, "order": "id"})),
        call("res.partner", "export_data", json!([[1], ["id", "name"]]), json!({})),
        call("res.partner", "get_metadata", json!([[1]]), json!({})),
        call("res.partner", "address_get", json!([[1], ["delivery", "invoice"]]), json!({})),
        call("res.partner", "onchange", json!([[1], {}, [], {"name": {}}]), json!({})),
        call("sale.order", "get_portal_url", json!([[1]]), json!({})),
        call("res.users", "context_get", json!([]), json!({})),
        call("res.users", "has_group", json!([[2], "base.group_user"]), json!({})),
        call("res.lang", "get_installed", json!([]), json!({})),
        call("ir.model", "display_name_for", json!([["res.partner", "sale.order"]]), json!({})),
        call("ir.config_parameter", "get_param", json!(["web.base.url", ""]), json!({})),
        post("/restapi/1.0/object/res.partner/1/address_get", json!({"kwargs": {"adr_pref": ["contact"]}})),
        post("/api/v1/object/res.partner/1/address_get", json!({"args": [["contact"]]})),
        post("/json/2/res.partner/search_read", json!({"domain": [], "fields": ["name"], "limit": 2, "order": "id"})),
        post("/json/2/res.partner/address_get", json!({"ids": [1], "adr_pref": ["contact"]})),
        get("/web/version"),
    ]
}

#[tokio::test]
async fn method_calls_give_the_same_responses() {
    let pair = Pair::start().await;
    pair.assert_same("admin", &calls()).await;
}

#[tokio::test]
async fn positional_arguments_without_readable_names_are_explained() {
    let pair = Pair::start().await;
    let [_, json2] = pair.clients("internal");
    let call = json!({"method": "address_get", "args": [[1], ["contact"]]});
    let message = json2.post("/api/res.partner/execute_kw", &call).await.api_problem(400, "invalid_parameter");
    assert!(message.contains("takes named arguments") && message.contains("`kwargs`"), "{message}");
    let named = json!({"method": "address_get", "args": [[1]], "kwargs": {"adr_pref": ["contact"]}});
    json2.post("/api/res.partner/execute_kw", &named).await.ok();
}

/// The result of `execute_kw` over XML-RPC in front of the gateway; the fault's code for an error.
async fn execute_kw(
    (client, database): (&Client, &'static str),
    method: &str,
    args: &[OdooValue<'_>],
) -> Result<OdooValue<'static>, String> {
    let key = api_key_of("admin").unwrap();
    let call = CallWriter::new("execute_kw").param("db", &database.into()).unwrap();
    let call = call.param("uid", &OdooValue::Int(2)).unwrap().param("password", &key.into()).unwrap();
    let call = call.param("model", &"res.partner".into()).unwrap().param("method", &method.to_owned().into()).unwrap();
    let body = call.list("args", args).unwrap().map("kwargs", &[]).unwrap().finish();
    let request = client.request(reqwest::Method::POST, "/xmlrpc/object").header("content-type", "text/xml");
    let text = crate::support::client::send(request.body(body.to_vec())).await.text;
    match response::parse(&text).unwrap() {
        RpcResponse::Result(value) => Ok(value.into_owned()),
        RpcResponse::Fault(fault) => Err(format!("{:?}", fault.code)),
    }
}

#[tokio::test]
async fn xml_rpc_clients_are_served_over_json2() {
    let pair = Pair::start().await;
    let [xml_rpc, json2] = [&pair.xml_rpc, &pair.json2].map(|gateway| gateway.client());
    let domain: OdooValue<'_> = OdooValue::List(vec![vec!["id".into(), "<".into(), OdooValue::Int(20)].into()]);
    for (method, args) in [
        ("search_read", vec![domain]),
        ("search_count", vec![OdooValue::List(Vec::new())]),
        ("read", vec![OdooValue::List(vec![OdooValue::Int(2_147_483_647)])]),
        ("no_such_method", vec![OdooValue::List(vec![OdooValue::Int(1)])]),
        ("_search", vec![OdooValue::List(Vec::new())]),
    ] {
        let expected = execute_kw((&xml_rpc, pair.database), method, &args).await;
        let found = execute_kw((&json2, pair.database), method, &args).await;
        assert_eq!(found, expected, "{method}");
    }
}
