//! Odoo's own methods that would return `True` for records that do not exist.

use serde_json::{Value, json};

use super::{
    MISSING_ID, PARTNER, Transport, call_in_every_dialect, gateway_with, model_call_in_every_dialect, new_partner,
};
use crate::support::{Version, unique};

/// Models whose `write` and `unlink` return `True` for ids that do not exist, at least on 19.
const MODELS: [&str; 2] = ["res.partner.category", PARTNER];

#[tokio::test]
async fn missing_record_is_404_and_the_method_is_not_called() {
    for version in Version::each() {
        let (proxy, _gateway, admin) = gateway_with(Transport::Json, version).await;
        for model in MODELS {
            let name = unique("proven");
            let created = admin.post(&format!("/api/{model}/create"), &json!({"name": name})).await.ok();
            let id = created["id"].as_i64().unwrap();
            let values = json!({"name": "changed"});
            let methods: Vec<(&str, Vec<Value>)> = vec![
                ("write", vec![values.clone()]),
                ("unlink", vec![]),
                ("copy", vec![]),
                ("toggle_active", vec![]),
                ("action_archive", vec![]),
                ("action_unarchive", vec![]),
            ];
            for (method, rest) in methods {
                let args = |ids: Value| Value::Array(std::iter::once(ids).chain(rest.clone()).collect());
                proxy.take_calls();
                let mut responses =
                    call_in_every_dialect(&admin, model, method, &args(json!([MISSING_ID])), &json!({})).await;
                assert_eq!(responses.len(), 4);
                responses.extend(
                    model_call_in_every_dialect(&admin, model, method, &args(json!([id, MISSING_ID])), &json!({}))
                        .await,
                );
                for response in &responses {
                    assert_eq!(response.status, 404, "{version:?} {model}.{method}: {}", response.text);
                    assert!(response.text.contains(&MISSING_ID.to_string()), "{}", response.text);
                }
                let call = format!("{model}.{method}");
                assert!(!proxy.take_calls().contains(&call), "{version:?} {call} was called");
            }
            let left = admin.get(&format!("/api/{model}/{id}"), &[("fields", "name,active")]).await.ok();
            assert_eq!((&left["name"], &left["active"]), (&json!(name), &json!(true)), "{version:?} {model}");
        }
    }
}

#[tokio::test]
async fn existing_records_are_changed_and_an_empty_list_is_left_to_odoo() {
    for version in Version::each() {
        let (proxy, _gateway, admin) = gateway_with(Transport::Json, version).await;
        let id = new_partner(&admin, &unique("changed")).await;
        proxy.take_calls();
        let path = format!("/restapi/1.0/object/{PARTNER}/{id}/write");
        let written = admin.post(&path, &json!({"args": [{"color": 4}]})).await.ok();
        assert_eq!(written, json!({"return": true}));
        assert_eq!(
            proxy.take_calls(),
            ["res.partner.read", "res.partner.write"],
            "{version:?}: one read checks that the record exists"
        );
        let none = json!({"args": [[], {"color": 4}]});
        let none = admin.post(&format!("/restapi/1.0/object/{PARTNER}/write"), &none).await;
        assert_eq!(none.ok(), json!({"return": true}));
        let removed = admin.post(&format!("/restapi/1.0/object/{PARTNER}/unlink"), &json!({"args": [[id, id]]})).await;
        assert_eq!(removed.ok(), json!({"return": true}));
    }
}
