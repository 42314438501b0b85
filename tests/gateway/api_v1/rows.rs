//! Lists and searches record by record: CSV and NDJSON, without the cap of pages.

use reqwest::Method;
use serde_json::{Value, json};

use super::{TAGS, admin, ask, data, new_tag, refused, unique};
use crate::support::Version;

const CSV: &str = "text/csv";
const NDJSON: &str = "application/x-ndjson";

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test]
async fn a_list_and_a_search_are_there_as_rows() {
    for version in Version::BOTH {
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
        assert_eq!(lines(&rows.text), [json!({"id": b})], "a page of them");
        let body = json!({"domain": [["name", "like", word]], "fields": ["name"], "order": "id", "limit": 1});
        let found = ask(&admin.with_header("Accept", NDJSON), Method::POST, &format!("{TAGS}/search"), &body).await;
        assert_eq!(lines(&found.text), [json!({"id": a, "name": format!("{word} a")})]);
    }
}

#[tokio::test]
async fn rows_have_no_cap_where_pages_have_one() {
    for version in Version::BOTH {
        let (admin, word) = (admin(version), unique("many"));
        let values: Vec<Value> = (0..1003).map(|n| json!({"name": format!("{word} {n}")})).collect();
        admin.post(&format!("{TAGS}/batch"), &json!({"data": values})).await.ok();
        let filter = format!(r#"[["name", "like", "{word}"]]"#);
        let query = [("filter", filter.as_str()), ("query", "{id}")];
        let page = data(&admin.get(TAGS, &query).await, "Records retrieved successfully");
        let told = &page["pagination"];
        assert_eq!(
            (&told["count"], &told["total_count"], &told["total_pages"]),
            (&json!(1000), &json!(1003), &json!(2))
        );
        let rows = admin.with_header("Accept", NDJSON);
        assert_eq!(lines(&rows.get(TAGS, &query).await.text).len(), 1003);
        let body = json!({"domain": [["name", "like", word]], "fields": ["id"]});
        assert_eq!(lines(&rows.post(&format!("{TAGS}/search"), &body).await.text).len(), 1003);
    }
}

#[tokio::test]
async fn a_refusal_has_this_familys_form_also_there() {
    for version in Version::BOTH {
        let rows = admin(version).with_header("Accept", CSV);
        refused(&rows.get(TAGS, &[("query", "{nmae}")]).await, 400, "BadRequest", "unknown_field");
        refused(&rows.get(&format!("{TAGS}/1"), &[]).await, 406, "BadRequest", "not_acceptable");
    }
}
