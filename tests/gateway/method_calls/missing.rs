//! Methods of Odoo's own that would answer `True` for records that do not exist.

use serde_json::{Value, json};

use super::{NOWHERE, PARTNER, Way, by, in_every_dialect, new_partner, of_model};
use crate::support::{Version, unique};

/// Models of which `write` and `unlink` answer `True` for ids that do not exist, on 19 at least.
const MODELS: [&str; 2] = ["res.partner.category", PARTNER];

#[tokio::test]
async fn a_record_that_does_not_exist_is_404_and_nothing_is_done() {
    for version in Version::BOTH {
        let (counting, _gateway, admin) = by(Way::Json, version).await;
        for model in MODELS {
            let name = unique("proven");
            let made = admin.post(&format!("/api/{model}/create"), &json!({"name": name})).await.ok();
            let id = made["id"].as_i64().unwrap();
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
                counting.take();
                let mut answers = in_every_dialect(&admin, model, method, &args(json!([NOWHERE])), &json!({})).await;
                assert_eq!(answers.len(), 4);
                answers.extend(of_model(&admin, model, method, &args(json!([id, NOWHERE])), &json!({})).await);
                for answer in &answers {
                    assert_eq!(answer.status, 404, "{version:?} {model}.{method}: {}", answer.text);
                    assert!(answer.text.contains(&NOWHERE.to_string()), "{}", answer.text);
                }
                let wanted = format!("{model}.{method}");
                assert!(!counting.take().contains(&wanted), "{version:?} {wanted} was called");
            }
            let left = admin.get(&format!("/api/{model}/{id}"), &[("fields", "name,active")]).await.ok();
            assert_eq!((&left["name"], &left["active"]), (&json!(name), &json!(true)), "{version:?} {model}");
        }
    }
}

#[tokio::test]
async fn what_exists_is_changed_and_none_at_all_is_odoos_own_answer() {
    for version in Version::BOTH {
        let (counting, _gateway, admin) = by(Way::Json, version).await;
        let id = new_partner(&admin, &unique("changed")).await;
        counting.take();
        let path = format!("/restapi/1.0/object/{PARTNER}/{id}/write");
        let written = admin.post(&path, &json!({"args": [{"color": 4}]})).await.ok();
        assert_eq!(written, json!({"return": true}));
        assert_eq!(counting.take(), ["res.partner.read", "res.partner.write"], "{version:?}: proven by one read");
        let none = json!({"args": [[], {"color": 4}]});
        let none = admin.post(&format!("/restapi/1.0/object/{PARTNER}/write"), &none).await;
        assert_eq!(none.ok(), json!({"return": true}));
        let removed = admin.post(&format!("/restapi/1.0/object/{PARTNER}/unlink"), &json!({"args": [[id, id]]})).await;
        assert_eq!(removed.ok(), json!({"return": true}));
    }
}
