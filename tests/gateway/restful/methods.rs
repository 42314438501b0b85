//! Method calls on records, by PATCH and by POST.

use serde_json::{Value, json};

use super::{MISSING_ID, ORDERS, PARTNERS, TAGS, admin, create, new_tag, patch, product_and_customer, unique};
use crate::support::Version;

#[tokio::test]
async fn body_contains_keyword_arguments_or_args_and_kwargs() {
    for version in Version::each() {
        let (client, name) = (admin(version), unique("called"));
        let id = create(&client, PARTNERS, json!({"name": name})).await;
        let path = format!("{PARTNERS}/{id}/read");
        let response = json!([{"id": id, "name": name}]);
        for body in [
            json!({"fields": ["name"]}),
            json!({"args": [["name"]]}),
            json!({"args": "[['name']]"}),
            json!({"kwargs": {"fields": ["name"]}}),
            json!({"args": [], "kwargs": {"fields": ["name"], "context": {"lang": "en_US"}}}),
            json!({"fields": ["name"], "context": {"lang": "en_US"}}),
        ] {
            assert_eq!(patch(&client, &path, &body).await.ok(), response, "{body}");
            assert_eq!(client.post(&path, &body).await.ok(), response, "{body}");
        }
        let all_fields = client.post_query(&path, &[]).await.ok();
        assert!(all_fields[0].as_object().unwrap().len() > 50, "without a body all fields");
    }
}

#[tokio::test]
async fn method_changes_the_record() {
    for version in Version::each() {
        let client = admin(version);
        let (product, customer) = product_and_customer(version).await;
        let line = json!([[0, 0, {"product_id": product, "product_uom_qty": 1}]]);
        let order = create(&client, ORDERS, json!({"partner_id": customer, "order_line": line})).await;
        let path = format!("{ORDERS}/{order}");
        assert_eq!(client.get(&path, &[("fields", "state")]).await.ok(), json!({"state": "draft"}));
        assert_eq!(patch(&client, &format!("{path}/action_confirm"), &json!({})).await.ok(), json!(true));
        assert_eq!(client.get(&path, &[("fields", "state")]).await.ok(), json!({"state": "sale"}));
    }
}

#[tokio::test]
async fn private_and_unknown_methods_and_missing_records_are_rejected() {
    for version in Version::each() {
        let client = admin(version);
        let id = new_tag(version, &unique("safe")).await;
        for (method, status, code) in [
            ("_write", 403, "private_method"),
            ("sudo", 403, "private_method"),
            ("no_such_method", 404, "unknown_method"),
            ("a-b", 404, "unknown_method"),
        ] {
            patch(&client, &format!("{TAGS}/{id}/{method}"), &json!({})).await.problem(status, code);
        }
        patch(&client, &format!("{TAGS}/0/read"), &json!({})).await.problem(404, "record_not_found");
        let missing = patch(&client, &format!("{TAGS}/{MISSING_ID}/read"), &json!({"fields": ["name"]})).await;
        assert!(missing.status == 404 || missing.json() == Value::Array(Vec::new()), "{}", missing.text);
        let path = format!("{TAGS}/{id}/read");
        client.post(&path, &json!({"args": {"a": 1}})).await.problem(400, "invalid_parameter");
        client.post(&path, &json!({"kwargs": [1]})).await.problem(400, "invalid_parameter");
        client.get(&path, &[]).await.problem(405, "method_not_allowed");
    }
}
