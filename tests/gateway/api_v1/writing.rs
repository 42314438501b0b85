//! Creating, updating and deleting one record or several.

use reqwest::Method;
use serde_json::{Value, json};

use super::{MISSING_ID, PARTNERS, TAGS, admin, data, error_of, new_tag, read, send_json, unique};
use crate::support::Version;

#[tokio::test]
async fn created_record_is_returned_as_by_a_read() {
    for version in Version::each() {
        let (admin, name) = (admin(version), unique("made"));
        let body = json!({"data": {"name": name, "color": 3, "parent_id": null}, "context": {"lang": "en_US"}});
        let created = data(&admin.post(TAGS, &body).await, "Record created successfully");
        assert_eq!(
            (&created["name"], &created["color"], &created["parent_id"]),
            (&json!(name), &json!(3), &json!(false))
        );
        let id = created["id"].as_i64().unwrap();
        assert_eq!(data(&admin.get(&format!("{TAGS}/{id}"), &[]).await, "Record retrieved successfully"), created);
    }
}

#[tokio::test]
async fn list_creates_all_records_or_none() {
    for version in Version::each() {
        let (admin, word) = (admin(version), unique("batch"));
        let values = json!([{"name": format!("{word} a")}, {"name": format!("{word} b")}]);
        let created = data(&admin.post(TAGS, &json!({"data": values})).await, "Records created successfully");
        assert_eq!(
            created.as_array().unwrap().iter().map(|record| record["name"].clone()).collect::<Vec<_>>(),
            [format!("{word} a"), format!("{word} b")]
        );
        let batch =
            data(&admin.post(&format!("{TAGS}/batch"), &json!({"data": values})).await, "Records created successfully");
        assert_eq!((&batch["count"], batch["records"].as_array().map(Vec::len)), (&json!(2), Some(2)));
        assert_eq!(batch.as_object().unwrap().keys().collect::<Vec<_>>(), ["records", "count"]);

        let half = unique("half");
        for path in [TAGS.to_owned(), format!("{TAGS}/batch")] {
            for (wrong, kind, reason) in [
                (json!({"nmae": "x"}), "BadRequest", "unknown_field"),
                (json!({"name": 5}), "ValidationError", "invalid_value"),
                (json!({"color": 1}), "ValidationError", "missing_value"),
            ] {
                let response = admin.post(&path, &json!({"data": [{"name": half}, wrong]})).await;
                error_of(&response, 400, kind, reason);
            }
        }
        for wrong in [json!({"data": {"name": "x"}}), json!({"data": []}), json!({"data": 7})] {
            error_of(&admin.post(&format!("{TAGS}/batch"), &wrong).await, 400, "BadRequest", "invalid_parameter");
        }
        error_of(&admin.post(&format!("{TAGS}/batch"), &json!({})).await, 400, "BadRequest", "missing_parameter");
        let left = admin.post(&format!("{TAGS}/search"), &json!({"domain": [["name", "=", half]]})).await;
        assert_eq!(data(&left, "Records retrieved successfully")["total_count"], 0);
    }
}

#[tokio::test]
async fn record_is_updated_by_put_and_by_patch() {
    for version in Version::each() {
        let (admin, id) = (admin(version), new_tag(version, &unique("updated")).await);
        let path = format!("{TAGS}/{id}");
        for (method, color) in [(Method::PUT, 4), (Method::PATCH, 5)] {
            let response = send_json(&admin, method, &path, &json!({"data": {"color": color}})).await;
            let updated = data(&response, "Record updated successfully");
            assert_eq!((&updated["id"], &updated["color"]), (&json!(id), &json!(color)));
            assert_eq!(read(&admin, TAGS, id, "{*}").await, updated);
        }
        let french = json!({"data": {"name": unique("nom")}, "context": {"lang": "fr_FR"}});
        data(&admin.put(&path, &french).await, "Record updated successfully");
        let refusals = [
            (format!("{TAGS}/{MISSING_ID}"), json!({"data": {"color": 1}}), 404, "MissingError", "record_not_found"),
            (format!("{TAGS}/x"), json!({"data": {"color": 1}}), 404, "MissingError", "record_not_found"),
            (path.clone(), json!({"data": {"colour": 1}}), 400, "BadRequest", "unknown_field"),
            (path.clone(), json!({"data": {"color": "x"}}), 400, "ValidationError", "invalid_value"),
            (path.clone(), json!({"data": {"name": false}}), 400, "ValidationError", "missing_value"),
            (path.clone(), json!({"color": 1}), 400, "BadRequest", "missing_parameter"),
            (path.clone(), json!({"data": [{"color": 1}]}), 400, "ValidationError", "invalid_value"),
        ];
        for (path, body, status, kind, reason) in refusals {
            error_of(&admin.put(&path, &body).await, status, kind, reason);
        }
        assert_eq!(read(&admin, TAGS, id, "{color}").await, json!({"color": 5}));
    }
}

#[tokio::test]
async fn record_is_deleted() {
    for version in Version::each() {
        let (admin, id) = (admin(version), new_tag(version, &unique("deleted")).await);
        let path = format!("{TAGS}/{id}");
        let gone = data(&admin.delete(&path, &[]).await, "Record deleted successfully");
        assert_eq!(gone, json!({"success": true, "message": "Record deleted successfully"}));
        let error = error_of(&admin.delete(&path, &[]).await, 404, "MissingError", "record_not_found");
        assert_eq!(error["message"], format!("The record {id} of res.partner.category does not exist."));
        error_of(&admin.get(&path, &[]).await, 404, "MissingError", "record_not_found");
    }
}

#[tokio::test]
async fn values_are_returned_in_the_dialects_formats() {
    for version in Version::each() {
        let admin = admin(version);
        let values = json!({
            "name": unique("forms"), "date_order": "2026-01-31T10:00:00+02:00", "partner_id": [1, "YourCompany"],
            "order_line": {"create": {"name": "A note", "display_type": "line_note"}},
        });
        let order =
            data(&admin.post("/api/v1/sale.order", &json!({"data": values})).await, "Record created successfully");
        assert_eq!(order["date_order"], "2026-01-31T08:00:00Z");
        assert_eq!(order["partner_id"], 1);
        assert!(order["order_line"][0].is_i64());
        let null = admin.with_header("Prefer", "empty=null");
        let response = null.get(&format!("{PARTNERS}/1"), &[("query", "{parent_id, active}")]).await;
        assert_eq!(response.header("preference-applied"), "empty=null");
        assert_eq!(data(&response, "Record retrieved successfully"), json!({"parent_id": Value::Null, "active": true}));
    }
}
