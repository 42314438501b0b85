//! The context `{"active_test": false}` has the same effect wherever records are read.

use serde_json::{Value, json};

use super::{CSV, Dialect, ListRequest, NDJSON, call, user};
use crate::support::{Version, unique};

const TAG: &str = "res.partner.category";

#[tokio::test]
async fn archived_lines_appear_the_same_in_records_lists_searches_and_exports() {
    for version in Version::each() {
        let admin = user(version, "admin");
        let parent = call(&admin, TAG, "create", json!([{"name": unique("parent")}])).await.as_i64().unwrap();
        let child = json!([{"name": unique("archived"), "parent_id": parent, "active": false}]);
        let child = call(&admin, TAG, "create", child).await.as_i64().unwrap();
        let domain = format!("[('id','=',{parent})]");
        for (context, expected) in [("", json!([])), (r#"{"active_test": false}"#, json!([child]))] {
            for dialect in Dialect::ALL {
                let request =
                    ListRequest { model: TAG, domain: &domain, context, field: "child_ids", offset: 0, limit: Some(5) };
                let (records, total) = dialect.list(&admin, &request).await;
                assert_eq!(records[0]["child_ids"], expected, "{version:?} {dialect:?} {context}");
                assert!(total.is_none_or(|total| total == 1));
            }
            let context: Vec<(&str, &str)> = if context.is_empty() { vec![] } else { vec![("context", context)] };
            let with = |query: &[(&'static str, String)]| -> Vec<(&'static str, String)> {
                query.iter().cloned().chain(context.iter().map(|(k, v)| (*k, (*v).to_owned()))).collect()
            };
            let get = async |client: &crate::support::Client, path: &str, query: &[(&'static str, String)]| {
                let query = with(query);
                let query: Vec<(&str, &str)> = query.iter().map(|(key, value)| (*key, value.as_str())).collect();
                client.get(path, &query).await
            };
            for path in [
                format!("/restapi/1.0/object/{TAG}/{parent}"),
                format!("/api/{TAG}/{parent}"),
                format!("/restful/api/v1/{TAG}/{parent}"),
                format!("/api/v1/{TAG}/{parent}"),
            ] {
                let response = get(&admin, &path, &[]).await.ok();
                let found = find(&response, "child_ids").unwrap_or_else(|| panic!("{response}"));
                assert_eq!(found, &expected, "{version:?} {path}");
            }
            let nested = get(
                &admin,
                &format!("/api/v1/{TAG}"),
                &[("filter", domain.clone()), ("query", "{child_ids{id}}".into())],
            )
            .await
            .ok();
            assert_eq!(
                nested["data"]["records"][0]["child_ids"].as_array().unwrap().len(),
                expected.as_array().unwrap().len()
            );
            for (accept, line) in [(CSV, 1), (NDJSON, 0)] {
                let rows = admin.with_header("Accept", accept);
                let query = [("domain", domain.clone()), ("fields", "child_ids".to_owned())];
                let rows = get(&rows, &format!("/restapi/1.0/object/{TAG}"), &query).await;
                assert!(
                    rows.text.lines().nth(line).unwrap().contains(&expected.to_string()),
                    "{version:?} {}",
                    rows.text
                );
            }
        }
    }
}

/// The first value of this key at any depth.
fn find<'v>(value: &'v Value, key: &str) -> Option<&'v Value> {
    match value {
        Value::Object(members) => members.get(key).or_else(|| members.values().find_map(|value| find(value, key))),
        Value::Array(items) => items.iter().find_map(|value| find(value, key)),
        _ => None,
    }
}
