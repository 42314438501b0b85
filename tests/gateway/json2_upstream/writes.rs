//! Records that are created, changed, copied and deleted.

use serde_json::{Value, json};

use super::{Pair, Request, comparable, differences, post, request_of};
use crate::support::{Client, unique};

/// Replaces the ids of records, which differ between the gateways, and drops the images that are drawn from them.
fn without_ids(value: Value, ids: &[i64]) -> Value {
    match value {
        Value::Number(number) if number.as_i64().is_some_and(|id| ids.contains(&id)) => Value::from("an id"),
        Value::Object(members) => {
            let members = members.into_iter().filter(|(name, _)| !name.starts_with("avatar_"));
            members.map(|(name, value)| (name, without_ids(value, ids))).collect()
        }
        Value::Array(items) => items.into_iter().map(|item| without_ids(item, ids)).collect(),
        other => other,
    }
}

/// The responses to the requests about a record of one's own, without its id.
async fn responses(client: &Client, name: &str) -> Vec<Value> {
    let create = post("/restapi/1.0/object/res.partner", json!({"vals": {"name": name, "email": "a@example.com"}}));
    let created = request_of(client, &create).await.ok();
    let id = created["Contact"]["id"].as_i64().unwrap_or_else(|| panic!("{created}"));
    let put = |path: String, body: Value| -> Request { ("PUT", path, Some(body)) };
    let delete = |path: String| -> Request { ("DELETE", path, None) };
    let query = "%7Bname,street,child_ids%7Bname%7D%7D";
    let requests = [
        put(format!("/restapi/1.0/object/res.partner/{id}"), json!({"vals": {"street": "Rue < & > \"é\" 😀\r\n2"}})),
        put(format!("/api/res.partner/{id}"), json!({"comment": "<p>x</p>", "color": 3})),
        put(format!("/restful/api/v1/res.partner/{id}"), json!({"credit_limit": 0.1, "is_company": true})),
        put(format!("/api/v1/res.partner/{id}"), json!({"child_ids": [[0, 0, {"name": format!("{name} child")}]]})),
        ("GET", format!("/api/v1/res.partner/{id}?query={query}"), None),
        put(format!("/restapi/1.0/object/res.partner/{id}"), json!({"vals": {"country_id": 2_147_483_647}})),
        post(format!("/restapi/1.0/object/res.partner/{id}/write"), json!({"args": [{"city": "Paris"}]})),
        post("/api/res.partner/execute_kw", json!({"method": "action_archive", "args": [[id]]})),
        ("GET", format!("/restapi/1.0/object/res.partner/{id}?fields=active,city,street"), None),
        delete(format!("/restapi/1.0/object/res.partner/{id}")),
        delete(format!("/restapi/1.0/object/res.partner/{id}")),
    ];
    let mut found = Vec::new();
    for request in requests {
        found.push(comparable(&request_of(client, &request).await));
    }
    // The child was created after the partner.
    let ids: Vec<i64> = (id..id + 10).collect();
    found.into_iter().map(|response| without_ids(response, &ids)).collect()
}

#[tokio::test]
async fn writes_give_the_same_responses() {
    let pair = Pair::start().await;
    let [xml_rpc, json2] = pair.clients("admin");
    let name = unique("json2 upstream");
    let expected = responses(&xml_rpc, &name).await;
    let found = responses(&json2, &name).await;
    // Messages contain the id within their text, and dates the time.
    let text = |response: &Value| response.to_string().replace(char::is_numeric, "");
    for (number, (expected, found)) in expected.iter().zip(&found).enumerate() {
        let different = || differences(expected, found, "").join("; ");
        assert_eq!(expected["status"], found["status"], "{number}: {}", different());
        assert!(text(expected) == text(found), "{number}: {}", different());
    }
    assert!(expected.iter().filter(|response| response["status"] == 200).count() >= 6, "{expected:?}");
}

#[tokio::test]
async fn control_characters_are_stored_and_read_over_json2_only() {
    let pair = Pair::start().await;
    let [xml_rpc, json2] = pair.clients("admin");
    let record = json!({"name": unique("bell"), "street": "a\u{7}b"});
    let create = post("/api/res.partner/execute_kw", json!({"method": "create", "args": [record]}));
    request_of(&xml_rpc, &create).await.api_problem(400, "invalid_value");
    let id = request_of(&json2, &create).await.ok();
    let read: Request = ("GET", format!("/api/res.partner/{id}?fields=street"), None);
    let (removed, kept) = (request_of(&xml_rpc, &read).await.ok(), request_of(&json2, &read).await.ok());
    assert!(removed.to_string().contains(r#""ab""#) && kept.to_string().contains(r#""a\u0007b""#), "{removed} {kept}");
}
