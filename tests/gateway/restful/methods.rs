//! Methods of records, by PATCH and by POST.

use serde_json::{Value, json};

use super::{NOWHERE, ORDERS, PARTNERS, TAGS, admin, create, new_tag, patch, product_and_customer, unique};
use crate::support::Version;

#[tokio::test]
async fn a_body_is_keyword_arguments_or_args_and_kwargs() {
    for version in Version::BOTH {
        let (client, name) = (admin(version), unique("called"));
        let id = create(&client, PARTNERS, json!({"name": name})).await;
        let path = format!("{PARTNERS}/{id}/read");
        let answer = json!([{"id": id, "name": name}]);
        for body in [
            json!({"fields": ["name"]}),
            json!({"args": [["name"]]}),
            json!({"args": "[['name']]"}),
            json!({"kwargs": {"fields": ["name"]}}),
            json!({"args": [], "kwargs": {"fields": ["name"], "context": {"lang": "en_US"}}}),
            json!({"fields": ["name"], "context": {"lang": "en_US"}}),
        ] {
            assert_eq!(patch(&client, &path, &body).await.ok(), answer, "{body}");
            assert_eq!(client.post(&path, &body).await.ok(), answer, "{body}");
        }
        let whole = client.post_query(&path, &[]).await.ok();
        assert!(whole[0].as_object().unwrap().len() > 50, "without a body all fields");
    }
}

#[tokio::test]
async fn a_method_does_what_it_does() {
    for version in Version::BOTH {
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
async fn what_no_one_may_call_or_what_is_not_there_is_refused() {
    for version in Version::BOTH {
        let client = admin(version);
        let id = new_tag(version, &unique("safe")).await;
        for (method, status, code) in [
            ("_write", 403, "private_method"),
            ("sudo", 403, "private_method"),
            ("no_such_method", 404, "unknown_method"),
            ("a-b", 404, "unknown_method"),
        ] {
            patch(&client, &format!("{TAGS}/{id}/{method}"), &json!({})).await.refused(status, code);
        }
        patch(&client, &format!("{TAGS}/0/read"), &json!({})).await.refused(404, "record_not_found");
        let of_none = patch(&client, &format!("{TAGS}/{NOWHERE}/read"), &json!({"fields": ["name"]})).await;
        assert!(of_none.status == 404 || of_none.json() == Value::Array(Vec::new()), "{}", of_none.text);
        let path = format!("{TAGS}/{id}/read");
        client.post(&path, &json!({"args": {"a": 1}})).await.refused(400, "invalid_parameter");
        client.post(&path, &json!({"kwargs": [1]})).await.refused(400, "invalid_parameter");
        client.get(&path, &[]).await.refused(405, "method_not_allowed");
    }
}
