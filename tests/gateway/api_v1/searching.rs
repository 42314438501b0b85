//! `POST /api/v1/{model}/search` and `GET /api/v1/{model}/fields`.

use serde_json::json;

use super::{PARTNERS, TAGS, admin, data, error_of, new_tag, unique};
use crate::support::Version;

const RETRIEVED: &str = "Records retrieved successfully";

#[tokio::test]
async fn search_returns_records_and_two_counts() {
    for version in Version::each() {
        let (admin, word) = (admin(version), unique("sought"));
        let (a, b) = (new_tag(version, &format!("{word} a")).await, new_tag(version, &format!("{word} b")).await);
        let path = format!("{TAGS}/search");
        let domain = json!([["name", "ilike", word]]);
        let body = json!({"domain": domain, "fields": ["name", "id"], "limit": 1, "offset": 1, "order": "name ASC"});
        let found = data(&admin.post(&path, &body).await, RETRIEVED);
        assert_eq!(
            serde_json::to_string(&found).unwrap(),
            format!(r#"{{"records":[{{"id":{b},"name":"{word} b"}}],"count":1,"total_count":2}}"#)
        );
        let all =
            data(&admin.post(&path, &json!({"domain": domain, "order": ["id desc"], "fields": "id"})).await, RETRIEVED);
        assert_eq!(all, json!({"records": [{"id": b}, {"id": a}], "count": 2, "total_count": 2}));
        let full = data(&admin.post(&path, &json!({"domain": [["id", "=", a]]})).await, RETRIEVED);
        let names: Vec<&String> = full["records"][0].as_object().unwrap().keys().collect();
        assert_eq!(names[0], "id");
        assert!(names.len() > 5);
        let everything = data(&admin.post(&path, &json!({})).await, RETRIEVED);
        assert!(everything["total_count"].as_i64().unwrap() >= 2);
        for wrong in [
            json!({"limit": 1001}),
            json!({"limit": 0}),
            json!({"offset": -1}),
            json!({"fields": ["nosuch"]}),
            json!({"domain": ["name", "=", 1]}),
        ] {
            assert_eq!(admin.post(&path, &wrong).await.status, 400, "{wrong}");
        }
    }
}

#[tokio::test]
async fn fields_are_described() {
    for version in Version::each() {
        let fields =
            data(&admin(version).get(&format!("{PARTNERS}/fields"), &[]).await, "Operation completed successfully");
        assert_eq!(
            (&fields["name"]["type"], &fields["country_id"]["relation"]),
            (&json!("char"), &json!("res.country"))
        );
        assert_eq!(fields["name"]["string"], "Name");
        error_of(&admin(version).get("/api/v1/no.such.model/fields", &[]).await, 404, "NotFound", "unknown_model");
    }
}
