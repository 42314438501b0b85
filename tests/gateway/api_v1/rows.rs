//! Lists and searches as CSV and NDJSON, without the size limit of pages.

use reqwest::Method;
use serde_json::{Value, json};

use super::{TAGS, admin, data, error_of, new_tag, send_json, unique};
use crate::support::Version;

const CSV: &str = "text/csv";
const NDJSON: &str = "application/x-ndjson";

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test]
async fn list_and_search_are_available_as_rows() {
    for version in Version::each() {
        let (admin, word) = (admin(version), unique("row"));
        let (a, b) = (new_tag(version, &format!("{word} a")).await, new_tag(version, &format!("{word} b")).await);
        let filter = format!(r#"[["name", "like", "{word}"]]"#);
        let query = [("filter", filter.as_str()), ("query", "{name, id}"), ("order", "id desc")];
        let csv = admin.with_header("Accept", CSV).get(TAGS, &query).await;
        assert_eq!((csv.status, csv.header("content-type")), (200, "text/csv; charset=utf-8"));
        assert_eq!(csv.text, format!("name,id\r\n{word} b,{b}\r\n{word} a,{a}\r\n"));
        let rows = admin.with_header("Accept", NDJSON).get(TAGS, &query).await;
        assert_eq!(
            lines(&rows.text),
            [json!({"name": format!("{word} b"), "id": b}), json!({"name": format!("{word} a"), "id": a})]
        );
        let second =
            [("filter", filter.as_str()), ("query", "{id}"), ("order", "id"), ("page_size", "1"), ("page", "2")];
        let rows = admin.with_header("Accept", NDJSON).get(TAGS, &second).await;
        assert_eq!(lines(&rows.text), [json!({"id": b})], "a page of the export");
        let body = json!({"domain": [["name", "like", word]], "fields": ["name"], "order": "id", "limit": 1});
        let found =
            send_json(&admin.with_header("Accept", NDJSON), Method::POST, &format!("{TAGS}/search"), &body).await;
        assert_eq!(lines(&found.text), [json!({"id": a, "name": format!("{word} a")})]);
    }
}

#[tokio::test]
async fn exports_have_no_size_limit() {
    for version in Version::each() {
        let (admin, word) = (admin(version), unique("many"));
        let values: Vec<Value> = (0..1003).map(|n| json!({"name": format!("{word} {n}")})).collect();
        admin.post(&format!("{TAGS}/batch"), &json!({"data": values})).await.ok();
        let filter = format!(r#"[["name", "like", "{word}"]]"#);
        let query = [("filter", filter.as_str()), ("query", "{id}")];
        let page = data(&admin.get(TAGS, &query).await, "Records retrieved successfully");
        let pagination = &page["pagination"];
        assert_eq!(
            (&pagination["count"], &pagination["total_count"], &pagination["total_pages"]),
            (&json!(1000), &json!(1003), &json!(2))
        );
        let rows = admin.with_header("Accept", NDJSON);
        assert_eq!(lines(&rows.get(TAGS, &query).await.text).len(), 1003);
        let body = json!({"domain": [["name", "like", word]], "fields": ["id"]});
        assert_eq!(lines(&rows.post(&format!("{TAGS}/search"), &body).await.text).len(), 1003);
    }
}

#[tokio::test]
async fn export_error_has_the_dialects_format() {
    for version in Version::each() {
        let rows = admin(version).with_header("Accept", CSV);
        error_of(&rows.get(TAGS, &[("query", "{nmae}")]).await, 400, "BadRequest", "unknown_field");
        error_of(&rows.get(&format!("{TAGS}/1"), &[]).await, 406, "BadRequest", "not_acceptable");
    }
}
