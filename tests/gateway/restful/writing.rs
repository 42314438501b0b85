//! Create, update and delete: the body is the record.

use reqwest::Method;
use serde_json::json;

use super::{MISSING_ID, PARTNERS, TAGS, admin, create, new_tag, patch, unique};
use crate::support::Version;
use crate::support::client::send;

#[tokio::test]
async fn created_record_has_the_shape_of_the_create_schema() {
    for version in Version::each() {
        let client = admin(version);
        let (name, child) = (unique("made"), unique("inside"));
        let created = client.post(TAGS, &json!({"name": name, "child_ids": [[0, 0, {"name": child}]]})).await;
        assert_eq!(created.status, 200);
        let id = created.json()["id"].clone();
        assert_eq!(created.text, json!({"id": id, "name": name, "child_ids": [{"name": child}]}).to_string());
        assert_eq!(client.post(TAGS, &json!({"name": unique("none")})).await.ok()["child_ids"], json!([]));
    }
}

#[tokio::test]
async fn created_record_without_a_schema_is_returned_flat_with_all_fields() {
    for version in Version::each() {
        let (client, name) = (admin(version), unique("whole"));
        let created = client.post(PARTNERS, &json!({"name": name, "country_id": 233})).await.ok();
        assert_eq!(created["country_id"], json!({"id": 233, "name": "United States"}));
        assert_eq!((&created["name"], created["id"].is_i64()), (&json!(name), true));
        assert!(created.as_object().unwrap().len() > 50);
    }
}

#[tokio::test]
async fn updated_record_has_the_shape_of_the_update_schema() {
    for version in Version::each() {
        let client = admin(version);
        let parent_name = unique("parent");
        let (parent, id) = (new_tag(version, &parent_name).await, new_tag(version, &unique("changed")).await);
        let path = format!("{TAGS}/{id}");
        let changed = client.put(&path, &json!({"name": unique("renamed"), "parent_id": parent, "color": 7})).await;
        let expected = json!({"color": 7, "parent_id": {"id": parent, "name": parent_name}});
        assert_eq!(changed.text, expected.to_string(), "no id if the schema has none");
        assert_eq!(patch(&client, &path, &json!({"parent_id": false})).await.text, r#"{"color":7,"parent_id":false}"#);
    }
}

#[tokio::test]
async fn written_fields_are_returned_with_their_new_values() {
    for version in Version::each() {
        let client = admin(version);
        let id = create(&client, PARTNERS, json!({"name": unique("stale")})).await;
        let values = json!({"website": "example.com", "country_id": 233, "category_id": []});
        let changed = client.put(&format!("{PARTNERS}/{id}"), &values).await.ok();
        let country = json!({"id": 233, "name": "United States"});
        let expected = json!({"website": "http://example.com", "country_id": country, "category_id": [], "id": id});
        assert_eq!(changed, expected, "Odoo completes the address");
    }
}

#[tokio::test]
async fn form_values_are_parsed_by_field_type() {
    for version in Version::each() {
        let (client, name) = (admin(version), unique("of a form"));
        let (one, two) = (new_tag(version, &unique("one")).await, new_tag(version, &unique("two")).await);
        let tags = format!("[(6, 0, [{one}, {two}])]");
        let form = format!("name={name}&is_company=true&color=5&category_id={tags}").replace(' ', "+");
        let request =
            client.request(Method::POST, PARTNERS).header("content-type", "application/x-www-form-urlencoded");
        let created = send(request.body(form)).await.ok();
        assert_eq!(
            (&created["name"], &created["is_company"], &created["color"]),
            (&json!(name), &json!(true), &json!(5))
        );
        assert_eq!(created["category_id"].as_array().unwrap().len(), 2);
    }
}

#[tokio::test]
async fn invalid_values_are_rejected_before_anything_is_written() {
    for version in Version::each() {
        let client = admin(version);
        let id = new_tag(version, &unique("kept")).await;
        let path = format!("{TAGS}/{id}");
        for (body, status, code) in [
            (json!({"nmae": "x"}), 400, "unknown_field"),
            (json!({"color": "red"}), 400, "invalid_value"),
            (json!({"parent_id": "abc"}), 400, "invalid_value"),
            (json!({"name": "x", "parent_id": MISSING_ID}), 422, "unknown_reference"),
            (json!([{"name": "x"}]), 400, "invalid_literal"),
        ] {
            client.put(&path, &body).await.problem(status, code);
            client.post(TAGS, &body).await.problem(status, code);
        }
        client.post(TAGS, &json!({"color": 1})).await.problem(422, "missing_value");
        client.put(&format!("{TAGS}/{MISSING_ID}"), &json!({"color": 1})).await.problem(404, "record_not_found");
        client.delete(&format!("{TAGS}/{MISSING_ID}"), &[]).await.problem(404, "record_not_found");
        client.get(&format!("{TAGS}/{MISSING_ID}"), &[]).await.problem(404, "record_not_found");
        client.get(&format!("{TAGS}/0"), &[]).await.problem(404, "record_not_found");
        let kept = client.get(&path, &[("fields", "color,parent_id")]).await.ok();
        assert_eq!(kept, json!({"color": 1, "parent_id": false}));
    }
}

#[tokio::test]
async fn context_is_accepted_in_the_query_and_in_a_header_but_not_in_the_record() {
    for version in Version::each() {
        let client = admin(version);
        let body = json!({"name": unique("x"), "context": {"lang": "fr_FR"}});
        client.post(TAGS, &body).await.problem(400, "unknown_field");
        let named = unique("in French");
        let created = client.with_header("X-Odoo-Lang", "fr_FR").post(TAGS, &json!({"name": named})).await.ok();
        assert_eq!(created["name"], named);
        let path = format!("{TAGS}?context={{'lang':'xx_XX'}}");
        client.post(&path, &json!({"name": unique("x")})).await.problem(400, "invalid_context");
        let twice = format!("{TAGS}/{}?context={{}}&context={{}}", created["id"]);
        client.put(&twice, &json!({"color": 2})).await.problem(400, "repeated_parameter");
        client.get(&twice, &[]).await.problem(400, "repeated_parameter");
        let path = format!("{TAGS}/{}?context={{'lang':'fr_FR'}}", created["id"]);
        assert!(client.put(&path, &json!({"color": 2})).await.ok()["color"] == 2);
    }
}
