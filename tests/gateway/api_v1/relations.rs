//! Relation commands in the notation of the dialect `api_v1`.

use serde_json::{Value, json};

use super::{PARTNERS, admin, create, data, error_of, new_tag, read, unique};
use crate::support::Version;

#[tokio::test]
async fn commands_link_unlink_and_replace() {
    for version in Version::each() {
        let admin = admin(version);
        let (a, b) = (new_tag(version, &unique("verb")).await, new_tag(version, &unique("verb")).await);
        let c = new_tag(version, &unique("verb")).await;
        let id = create(&admin, PARTNERS, json!({"name": unique("verbs"), "category_id": {"link": [a, b]}})).await;
        for (verbs, expected) in [
            (json!({"link": [c], "unlink": [a]}), vec![b, c]),
            (json!({"set": [a]}), vec![a]),
            (json!({"push": b}), vec![a, b]),
            (json!({"pop": a}), vec![b]),
            (json!({"clear": true}), vec![]),
        ] {
            let response = admin.put(&format!("{PARTNERS}/{id}"), &json!({"data": {"category_id": verbs}})).await;
            let mut after = data(&response, "Record updated successfully")["category_id"].clone();
            after.as_array_mut().unwrap().sort_by_key(Value::as_i64);
            assert_eq!(after, json!(expected), "{verbs}");
        }
    }
}

#[tokio::test]
async fn related_records_are_created_updated_and_deleted_in_one_request() {
    for version in Version::each() {
        let admin = admin(version);
        let created = json!({"name": unique("parent"), "child_ids": {"create": [{"name": "A"}, {"name": "B"}]}});
        let id = create(&admin, PARTNERS, created).await;
        let children = read(&admin, PARTNERS, id, "{child_ids{id, name}}").await["child_ids"].clone();
        let named = |name: &str| {
            let child = children.as_array().unwrap().iter().find(|child| child["name"] == name).unwrap();
            child["id"].as_i64().unwrap()
        };
        let verbs = json!({"update": {named("A").to_string(): {"name": "A2"}}, "delete": [named("B")], "create": {"name": "C"}});
        data(
            &admin.put(&format!("{PARTNERS}/{id}"), &json!({"data": {"child_ids": verbs}})).await,
            "Record updated successfully",
        );
        let after = read(&admin, PARTNERS, id, "{child_ids{name}}").await["child_ids"].clone();
        let mut names: Vec<&str> =
            after.as_array().unwrap().iter().filter_map(|child| child["name"].as_str()).collect();
        names.sort_unstable();
        assert_eq!(names, ["A2", "C"]);
    }
}

#[tokio::test]
async fn invalid_command_is_rejected_with_its_position() {
    for version in Version::each() {
        let admin = admin(version);
        for (verbs, message) in [
            (json!({"push": [1], "link": [2]}), "data.category_id: the command `link` is repeated"),
            (json!({"create": [{"color": "x"}]}), "data.category_id.create[0].color: expected an integer"),
        ] {
            let response = admin.put(&format!("{PARTNERS}/1"), &json!({"data": {"category_id": verbs}})).await;
            let error = error_of(&response, 400, "ValidationError", "invalid_value");
            assert!(error["message"].as_str().unwrap().starts_with(message), "{error}");
        }
    }
}
