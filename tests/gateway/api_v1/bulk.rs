//! Updating and deleting several records, by ids and by a filter.

use reqwest::Method;
use serde_json::{Value, json};

use super::{MISSING_ID, TAGS, admin, data, error_of, new_tag, send_json, unique};
use crate::support::{Client, Version};

async fn create_three_tags(version: Version) -> (String, Vec<i64>) {
    let word = unique("several");
    let mut ids = Vec::new();
    for letter in ["a", "b", "c"] {
        ids.push(new_tag(version, &format!("{word} {letter}")).await);
    }
    (word, ids)
}

async fn colors(client: &Client, ids: &[i64]) -> Vec<Value> {
    let body = json!({"domain": [["id", "in", ids]], "fields": ["color"], "order": "id"});
    let found = data(&client.post(&format!("{TAGS}/search"), &body).await, "Records retrieved successfully");
    found["records"].as_array().unwrap().iter().map(|record| record["color"].clone()).collect()
}

#[tokio::test]
async fn records_are_updated_by_ids_or_by_a_filter() {
    for version in Version::each() {
        let (admin, (word, ids)) = (admin(version), create_three_tags(version).await);
        let by_ids = format!("{TAGS}/?id=[{},{},{}]", ids[0], ids[1], ids[0]);
        let updated = data(&admin.put(&by_ids, &json!({"data": {"color": 7}})).await, "Records updated successfully");
        assert_eq!(updated, json!({"updated": 2, "ids": [ids[0], ids[1], ids[0]]}));
        assert_eq!(colors(&admin, &ids).await, [7, 7, 1]);

        let filter = json!([["name", "like", word], ["color", "=", 7]]);
        let by_filter = admin.put(TAGS, &json!({"filter": filter, "data": {"color": 8}})).await;
        let mut updated = data(&by_filter, "Records updated successfully");
        updated["ids"].as_array_mut().unwrap().sort_by_key(Value::as_i64);
        assert_eq!(updated, json!({"updated": 2, "ids": ids[..2]}));
        assert_eq!(colors(&admin, &ids).await, [8, 8, 1]);

        let none = admin.put(TAGS, &json!({"filter": filter, "data": {"color": 9}})).await;
        assert_eq!(data(&none, "Records updated successfully"), json!({"updated": 0, "ids": []}));
    }
}

#[tokio::test]
async fn records_are_deleted_by_ids_or_by_a_filter() {
    for version in Version::each() {
        let (admin, (word, ids)) = (admin(version), create_three_tags(version).await);
        let by_ids = format!("[{},{}]", ids[0], ids[1]);
        let gone = data(&admin.delete(TAGS, &[("id", &by_ids)]).await, "Records deleted successfully");
        assert_eq!(gone, json!({"success": true, "message": "Record deleted successfully", "deleted": 2}));
        let filter = json!({"filter": [["name", "like", word]]});
        let gone = data(&send_json(&admin, Method::DELETE, TAGS, &filter).await, "Records deleted successfully");
        assert_eq!(gone["deleted"], 1);
        let gone = data(&send_json(&admin, Method::DELETE, TAGS, &filter).await, "Records deleted successfully");
        assert_eq!(gone["deleted"], 0);
        assert!(colors(&admin, &ids).await.is_empty());
    }
}

#[tokio::test]
async fn request_without_ids_or_filter_is_rejected() {
    for version in Version::each() {
        let (admin, (word, ids)) = (admin(version), create_three_tags(version).await);
        let (color, filter) = (json!({"color": 9}), json!([["name", "like", word]]));
        let by_id = format!("{TAGS}?id=[{}]", ids[0]);
        let lacking = format!("{TAGS}?id=[{},{MISSING_ID}]", ids[0]);
        for method in [Method::PUT, Method::DELETE] {
            for (path, body, status, kind, reason) in [
                (TAGS, json!({"data": color}), 400, "BadRequest", "missing_parameter"),
                (TAGS, json!({"data": color, "filter": []}), 400, "BadRequest", "missing_parameter"),
                (&format!("{TAGS}?id=[]"), json!({"data": color}), 400, "BadRequest", "missing_parameter"),
                (&by_id, json!({"data": color, "filter": filter}), 400, "BadRequest", "invalid_parameter"),
                (&format!("{TAGS}?id=x"), json!({"data": color}), 400, "BadRequest", "invalid_parameter"),
                (&lacking, json!({"data": color}), 404, "MissingError", "record_not_found"),
                (TAGS, json!({"data": color, "filter": ["name", "=", "x"]}), 400, "BadRequest", "invalid_domain"),
            ] {
                error_of(&send_json(&admin, method.clone(), path, &body).await, status, kind, reason);
            }
        }
        assert_eq!(colors(&admin, &ids).await, [1, 1, 1]);
    }
}

#[tokio::test]
async fn all_records_need_an_explicit_filter() {
    for version in Version::each() {
        let admin = admin(version);
        let path = "/api/v1/res.partner.industry";
        let body = json!({"filter": [[1, "=", 1]], "data": {"full_name": unique("everything")}});
        let updated = data(&admin.put(path, &body).await, "Records updated successfully");
        let total = data(&admin.get(path, &[("query", "{id}")]).await, "Records retrieved successfully");
        assert_eq!(updated["updated"], total["pagination"]["total_count"]);
    }
}
