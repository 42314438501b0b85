//! The same calls, made at Odoo 19 itself and through the gateway: equal statuses and bodies, apart from the
//! differences that are named here.

use serde_json::{Value, json};

use super::{call, odoo_itself, with_bearer};
use crate::support::{Client, Gateway, Response, Version, testbed, unique};

/// Calls that change nothing: model, method, arguments.
fn reading_calls() -> Vec<(&'static str, &'static str, Value)> {
    let country = "res.country";
    let france = json!([["code", "=", "FR"]]);
    let nested = json!({"name": {}, "currency_id": {"fields": {"name": {}}}});
    let groups = json!({"domain": france, "groupby": ["currency_id"], "aggregates": ["__count"]});
    vec![
        (country, "search", json!({"domain": [["code", "in", ["FR", "BE"]]], "order": "code", "limit": 2})),
        (country, "search", json!({"domain": [], "offset": 2, "limit": 3, "order": "id"})),
        (country, "search_count", json!({"domain": [["code", "like", "F"]]})),
        (country, "search_count", json!({"domain": [], "limit": 7})),
        (country, "search_read", json!({"domain": france, "fields": ["name", "code", "currency_id"]})),
        (country, "search_read", json!({"domain": france, "fields": ["name"], "load": null})),
        (country, "read", json!({"ids": [2, 1], "fields": ["name", "currency_id", "state_ids"]})),
        (country, "read", json!({"ids": 1, "fields": ["name"]})),
        (country, "read", json!({"ids": [1]})),
        (country, "read", json!({})),
        (country, "name_search", json!({"name": "Belg"})),
        (country, "name_search", json!({"domain": france, "limit": 1})),
        (country, "fields_get", json!({"allfields": ["name", "code"], "attributes": ["type", "string", "required"]})),
        (country, "has_access", json!({"operation": "write"})),
        (country, "has_access", json!({"ids": [1], "operation": "read"})),
        (country, "web_read", json!({"ids": [1], "specification": nested})),
        (country, "web_search_read", json!({"domain": france, "specification": {"code": {}}})),
        (country, "formatted_read_group", groups),
        (country, "get_metadata", json!({"ids": [1]})),
        (country, "get_external_id", json!({"ids": [1]})),
        ("res.partner", "default_get", json!({"fields": ["lang", "type"]})),
        ("res.partner", "search_count", json!({"domain": [["active", "=", false]], "context": {"active_test": false}})),
        ("res.users", "context_get", json!({})),
        ("res.users", "has_group", json!({"ids": [2], "group_ext_id": "base.group_user"})),
        // Errors.
        (country, "search", json!({})),
        (country, "search", json!({"domain": [], "unknown": 1})),
        (country, "search", json!({"domain": [["unknown", "=", 1]]})),
        (country, "search", json!({"domain": [], "order": "unknown"})),
        (country, "search", json!({"domain": [], "ids": [1]})),
        (country, "create", json!({"ids": [1], "vals_list": []})),
        (country, "create", json!({})),
        (country, "create", json!({"vals_list": [{"name": "Atlantis", "code": "XA"}]})),
        (country, "write", json!({"ids": [1]})),
        (country, "write", json!({"ids": [1], "vals": {"name": "x"}})),
        (country, "web_read", json!({"ids": [1]})),
        (country, "unknown_method", json!({})),
        (country, "_search", json!({"domain": []})),
        (country, "read", json!({"ids": [999_999_999], "fields": ["name"]})),
        (country, "read", json!({"ids": [1], "fields": ["unknown"]})),
        (country, "has_access", json!({})),
        (country, "get_metadata", json!({"unknown": 1})),
        ("res.partner", "name_create", json!({})),
        ("unknown.model", "search", json!({"domain": []})),
        ("ir.cron", "search", json!({"domain": []})),
    ]
}

/// The status and the body, without the traceback of Odoo and a line break at the end of its message.
fn comparable(response: &Response) -> (u16, Value) {
    let mut body = response.json();
    if let Some(debug) = body.get_mut("debug") {
        *debug = "".into();
        let message = body["message"].as_str().unwrap().trim_end().to_owned();
        body["arguments"][0] = message.as_str().into();
        body["message"] = message.into();
    }
    (response.status, body)
}

fn through_the_gateway() -> Client {
    with_bearer(&Gateway::shared().client().on(Version::Odoo19), testbed().api_key(Version::Odoo19))
}

#[tokio::test]
async fn reads_and_errors_are_those_of_odoo_19() {
    let (odoo, gateway) = (odoo_itself(), through_the_gateway());
    let mut different = Vec::new();
    for (model, method, arguments) in reading_calls() {
        let expected = comparable(&call(&odoo, model, method, &arguments).await);
        let found = comparable(&call(&gateway, model, method, &arguments).await);
        if found != expected {
            different.push(format!("{model}.{method} {arguments}\n   Odoo: {expected:?}\ngateway: {found:?}"));
        }
    }
    assert!(different.is_empty(), "{}", different.join("\n"));
}

#[tokio::test]
async fn requests_that_are_no_calls_are_answered_like_odoo_19() {
    let (odoo, gateway) = (odoo_itself(), through_the_gateway());
    for (method, path) in [
        ("GET", "/json/2/res.partner/search"),
        ("DELETE", "/json/2/res.partner/search"),
        ("POST", "/json/2/res.partner"),
        ("POST", "/json/2/res.partner/search/more"),
        ("GET", "/json/2"),
        ("GET", "/web/version"),
        ("GET", "/json/version"),
    ] {
        let send = async |client: &Client| {
            comparable(&crate::support::client::send(client.request(method.parse().unwrap(), path)).await)
        };
        assert_eq!(send(&gateway).await, send(&odoo).await, "{method} {path}");
    }
    for token in [None, Some("0123456789abcdef0123456789abcdef01234567")] {
        let send = async |base: String| {
            let client = Client::new(base).on(Version::Odoo19);
            let client = token.map_or(client.clone(), |token| with_bearer(&client, token));
            comparable(&call(&client, "res.partner", "search", &json!({"domain": []})).await)
        };
        let gateway = format!("http://{}", Gateway::shared().address());
        assert_eq!(send(gateway).await, send(testbed().url(Version::Odoo19).to_owned()).await, "{token:?}");
    }
}

/// Replaces an id, wherever it is, by `ID`.
fn without_id(value: &Value, id: i64) -> Value {
    match value {
        Value::Number(number) if number.as_i64() == Some(id) => "ID".into(),
        Value::Array(items) => items.iter().map(|item| without_id(item, id)).collect(),
        Value::Object(members) => members.iter().map(|(name, item)| (name.clone(), without_id(item, id))).collect(),
        Value::String(text) => text.replace(&format!("({id},"), "(ID,").into(),
        other => other.clone(),
    }
}

/// A record's life: the responses, without ids that only this record has.
async fn life_of_a_record(client: &Client, name: &str) -> Vec<(u16, Value)> {
    let filter = "ir.filters";
    let values = |name: &str| json!({"name": name, "model_id": "res.partner"});
    let created = call(client, filter, "create", &json!({"vals_list": [values(name)]})).await.ok();
    let id = created[0].as_i64().unwrap();
    assert_eq!(created, json!([id]));
    let other_name = json!({"ids": [id], "default": {"name": format!("{name} 2")}});
    let copied = call(client, filter, "copy", &other_name).await.ok();
    let copy = copied[0].as_i64().unwrap();
    assert_eq!(copied, json!([copy]), "records are a list of ids");
    let one = call(client, filter, "create", &json!({"vals_list": values(&format!("{name} 3"))})).await.ok();
    assert!(one[0].is_i64(), "{one}");
    let mut responses = Vec::new();
    for (method, arguments) in [
        ("write", json!({"ids": [id], "vals": {"domain": "[('id', '=', 1)]"}})),
        ("read", json!({"ids": [id], "fields": ["model_id", "domain", "active"]})),
        ("action_archive", json!({"ids": [id]})),
        ("search", json!({"domain": [["id", "=", id]]})),
        ("search", json!({"domain": [["id", "=", id]], "context": {"active_test": false}})),
        ("write", json!({"ids": [id], "vals": {"unknown": 1}})),
        ("write", json!({"ids": [id], "vals": {"model_id": "unknown.model"}})),
        ("create", json!({"vals_list": [{"name": name}]})),
        ("unlink", json!({"ids": [id, copy, one[0]]})),
        ("unlink", json!({})),
        ("read", json!({"ids": [id], "fields": ["name"]})),
    ] {
        let (status, body) = comparable(&call(client, filter, method, &arguments).await);
        responses.push((status, without_id(&body, id)));
    }
    responses
}

#[tokio::test]
async fn writes_are_those_of_odoo_19() {
    let name = unique("json2");
    let expected = life_of_a_record(&odoo_itself(), &name).await;
    assert_eq!(life_of_a_record(&through_the_gateway(), &name).await, expected);
    assert_eq!(expected[0], (200, json!(true)));
}

/// Where the gateway differs from Odoo 19, with the reason: `docs/guides/json2.md` names each.
#[tokio::test]
async fn named_differences_exist() {
    let (odoo, gateway) = (odoo_itself(), through_the_gateway());
    let country = "res.country";
    for (difference, model, method, arguments, statuses) in [
        ("records that do not exist are not ignored", country, "unlink", json!({"ids": [999_999_999]}), (403, 404)),
        ("the context is checked", country, "search", json!({"domain": [], "context": {"lang": "xx_XX"}}), (422, 400)),
        ("the context is an object", country, "search", json!({"domain": [], "context": 7}), (500, 400)),
        ("ids are ids", country, "write", json!({"ids": ["x"], "vals": {}}), (403, 400)),
        ("a decorator hides the signature", "res.users", "context_get", json!({"unknown": 1}), (422, 500)),
    ] {
        let response = call(&odoo, model, method, &arguments).await;
        let found = call(&gateway, model, method, &arguments).await;
        let texts = (&response.text, &found.text);
        assert_eq!((response.status, found.status), statuses, "{difference}: {texts:?}");
    }
    let send = async |client: &Client, body: &'static str, media_type: &str| {
        let request = client.request(reqwest::Method::POST, "/json/2/res.country/search");
        crate::support::client::send(request.header("content-type", media_type).body(body)).await
    };
    // The body must be an object, and a form is not a body of arguments.
    for (body, media_type, statuses) in [
        ("not JSON", "application/json", (400, 400)),
        ("null", "application/json", (422, 400)),
        ("domain=[]", "application/x-www-form-urlencoded", (415, 415)),
    ] {
        let (expected, found) = (send(&odoo, body, media_type).await, send(&gateway, body, media_type).await);
        assert_eq!((expected.status, found.status), statuses, "{body}: {} {}", expected.text, found.text);
        assert!(found.json()["name"].as_str().unwrap().starts_with("werkzeug.exceptions."), "{}", found.text);
    }
}
