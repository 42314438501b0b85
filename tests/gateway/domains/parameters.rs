//! Unknown parameters: the error suggests the correct name, because an ignored filter would return all records.

use reqwest::Method;
use serde_json::json;

use super::admin;
use crate::support::Version;

#[tokio::test]
async fn parameter_of_another_dialect_or_misspelled_is_rejected_with_the_correct_name() {
    let client = admin(Version::Odoo19);
    for (path, name, right) in [
        ("/api/v1/res.partner", "domain", "filter"),
        ("/api/v1/res.partner", "fields", "query"),
        ("/api/v1/res.partner", "ids", "filter"),
        ("/api/v1/res.partner/1", "fields", "query"),
        ("/api/res.partner/search", "filter", "domain"),
        ("/api/res.partner/search", "query", "fields"),
        ("/api/res.partner/search", "page_size", "limit"),
        ("/api/res.partner/record_count", "filter", "domain"),
        ("/restapi/1.0/object/res.partner", "filter", "domain"),
        ("/restapi/1.0/object/res.partner", "id", "ids"),
        ("/restapi/1.0/object/res.partner", "domian", "domain"),
        ("/restapi/1.0/object/res.partner/search", "Limit", "limit"),
        ("/restapi/1.0/object/res.partner/search", "sort", "order"),
        ("/restapi/1.0/object/res.partner/search", "ids", "domain"),
        ("/restapi/1.0/report/sale.report_saleorder", "id", "ids"),
        ("/restapi/1.0/report/sale.report_saleorder/1", "contxt", "context"),
    ] {
        let response = client.get(path, &[(name, "[]")]).await;
        assert_eq!(response.status, 400, "{path} {name}: {}", response.text);
        assert!(response.text.contains(&format!("Use the parameter {right} instead.")), "{}", response.text);
    }
    let response = client.post("/api/v1/res.partner/search", &json!({"filter": []})).await;
    assert!(response.text.contains("Use the parameter domain instead."), "{}", response.text);
    let response = client.post("/restapi/1.0/object/res.partner", &json!({"values": {"name": "x"}})).await;
    assert!(response.text.contains("Use the parameter vals instead."), "{}", response.text);
    let response = client.post("/api/v1/res.partner", &json!({"vals": {"name": "x"}})).await;
    assert!(response.text.contains("Use the parameter data instead."), "{}", response.text);
}

#[tokio::test]
async fn filter_named_like_another_dialects_parameter_is_rejected_with_the_correct_name() {
    for (name, right) in [("filter", "domain"), ("query", "fields"), ("page_size", "limit"), ("ids", "domain")] {
        let response = admin(Version::Odoo19).get("/restful/api/v1/res.partner", &[(name, "[]")]).await;
        let detail = response.problem(400, "unknown_field")["detail"].as_str().unwrap().to_owned();
        assert!(detail.contains(&format!("Use the parameter {right} instead.")), "{detail}");
    }
}

#[tokio::test]
async fn other_unknown_parameters_are_ignored_unless_handling_is_strict() {
    let client = admin(Version::Odoo19);
    let strict = client.with_header("Prefer", "handling=strict");
    for path in ["/api/v1/res.partner", "/api/res.partner/search", "/restapi/1.0/object/res.partner/search"] {
        client.get(path, &[("limit", "1"), ("tracking", "7")]).await.ok();
        let rejected = strict.get(path, &[("limit", "1"), ("tracking", "7")]).await;
        assert!(rejected.status == 400 && rejected.text.contains("tracking"), "{path}: {}", rejected.text);
        let applied = strict.get(path, &[("limit", "1"), ("context", "{}")]).await;
        applied.ok();
        assert_eq!(applied.header("preference-applied"), "handling=strict", "{path}");
    }
}

#[tokio::test]
async fn literal_error_contains_parameter_name_and_position() {
    let client = admin(Version::Odoo19);
    for (response, expected) in [
        (client.get("/api/v1/res.partner", &[("filter", "[('a','~',1)]")]).await, "filter: expected an operator"),
        (client.get("/api/res.partner/search", &[("domain", "[('a','~',1)]")]).await, "domain: expected an operator"),
        (
            client.post("/api/v1/res.partner/search", &json!({"domain": "[('a','~',1)]"})).await,
            "domain: expected an operator",
        ),
    ] {
        assert_eq!(response.status, 400);
        let json = response.json();
        let message = json["message"].as_str().or(json["error"]["message"].as_str()).unwrap();
        assert!(message.starts_with(expected) && message.contains("at position 7"), "{message}");
    }
}

#[tokio::test]
async fn search_body_accepts_literals_as_texts() {
    for version in Version::each() {
        let body = json!({"domain": "[('id', '=', 1)]", "fields": "['name']", "order": "'id desc'", "limit": "1"});
        let response = admin(version).post("/api/v1/res.partner/search", &body).await.ok();
        let record = &response["data"]["records"][0];
        assert_eq!((&record["id"], record.as_object().unwrap().len()), (&json!(1), 2), "{response}");
    }
}

#[tokio::test]
async fn exports_support_large_limits_column_labels_and_byte_order_marks() {
    let client = admin(Version::Odoo19);
    let path = "/api/v1/res.country.state";
    let ndjson =
        client.with_header("Accept", "application/jsonl").get(path, &[("limit", "1100"), ("query", "{id}")]).await;
    assert_eq!((ndjson.status, ndjson.header("content-type")), (200, "application/x-ndjson"));
    assert_eq!(ndjson.text.lines().count(), 1100);
    let body = json!({"limit": 1100, "fields": ["id"]});
    let csv = client.with_header("Accept", "text/csv").post(&format!("{path}/search"), &body).await;
    assert_eq!(csv.text.lines().count(), 1101);
    assert!(csv.text.starts_with("id\r\n"));
    // As bytes, because a text would lose the byte order mark.
    let marked = client.with_header("Accept", "text/csv; bom=1").request(Method::GET, path);
    let marked = marked.query(&[("limit", "1"), ("query", "{id}")]).send().await.unwrap().bytes().await.unwrap();
    assert!(marked.starts_with("\u{feff}id\r\n".as_bytes()), "{marked:?}");
    assert_eq!(client.get(path, &[("limit", "1100")]).await.status, 400);
}

#[tokio::test]
async fn ids_with_an_empty_filter_are_rejected() {
    for version in Version::each() {
        let path = "/api/v1/res.partner.category?id=[2147483647]";
        for body in [json!({"data": {"color": 1}, "filter": []}), json!({"data": {"color": 1}, "filter": "[]"})] {
            let response = admin(version).put(path, &body).await;
            assert_eq!(response.status, 400, "{}", response.text);
            assert!(response.text.contains("cannot be combined"), "{}", response.text);
        }
    }
}
