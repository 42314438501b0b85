//! Lists: filters, all forms of an order, and pages.

use serde_json::{Value, json};

use super::{PARTNERS, TAGS, admin, data, error_of, new_tag, unique};
use crate::support::{Client, Version};

const RETRIEVED: &str = "Records retrieved successfully";

/// Creates the tags `<word> a` to `<word> e`. Returns the filter that finds them, and their ids.
async fn create_five_tags(version: Version) -> (String, Vec<i64>) {
    let word = unique("page");
    let mut ids = Vec::new();
    for letter in ["a", "b", "c", "d", "e"] {
        ids.push(new_tag(version, &format!("{word} {letter}")).await);
    }
    (format!(r#"[["name", "like", "{word}"]]"#), ids)
}

async fn list(client: &Client, query: &[(&str, &str)]) -> Value {
    data(&client.get(TAGS, query).await, RETRIEVED)
}

fn ids(page: &Value) -> Vec<i64> {
    page["records"].as_array().unwrap().iter().map(|record| record["id"].as_i64().unwrap()).collect()
}

#[tokio::test]
async fn pagination_describes_the_position_of_a_page() {
    for version in Version::each() {
        let (admin, (filter, all)) = (admin(version), create_five_tags(version).await);
        let pagination = |count, page, pages, size: Value, prev: Value, next: Value| {
            json!({
                "count": count, "total_count": 5, "current_page": page, "total_pages": pages, "page_size": size,
                "prev_page": prev, "next_page": next
            })
        };
        let null = || Value::Null;
        for (paging, found, expected) in [
            (&[][..], &all[..], pagination(5, 1, 1, null(), null(), null())),
            (&[("page_size", "2")], &all[..2], pagination(2, 1, 3, json!(2), null(), json!(2))),
            (&[("page_size", "2"), ("page", "2")], &all[2..4], pagination(2, 2, 3, json!(2), json!(1), json!(3))),
            (&[("page_size", "2"), ("page", "3")], &all[4..], pagination(1, 3, 3, json!(2), json!(2), null())),
            (&[("page_size", "2"), ("page", "9")], &[], pagination(0, 9, 3, json!(2), json!(3), null())),
            (&[("limit", "3")], &all[..3], pagination(3, 1, 2, null(), null(), json!(2))),
            (&[("limit", "3"), ("page", "2")], &all[3..], pagination(2, 2, 2, null(), json!(1), null())),
            (&[("limit", "1"), ("page_size", "3")], &all[..1], pagination(1, 1, 2, json!(3), null(), json!(2))),
            (
                &[("page_size", "1000"), ("page", "2147483647")],
                &[],
                pagination(0, 2_147_483_647, 1, json!(1000), json!(1), null()),
            ),
        ] {
            let mut query = vec![("filter", filter.as_str()), ("order", "id"), ("query", "{id}")];
            query.extend(paging);
            let page = list(&admin, &query).await;
            assert_eq!(ids(&page), found, "{paging:?}");
            assert_eq!(page["pagination"], expected, "{paging:?}");
            assert_eq!(page.as_object().unwrap().keys().collect::<Vec<_>>(), ["records", "pagination"]);
        }
    }
}

#[tokio::test]
async fn order_is_plain_text_a_json_string_or_a_json_list() {
    for version in Version::each() {
        let (admin, (filter, mut all)) = (admin(version), create_five_tags(version).await);
        all.reverse();
        for order in [
            "name desc",
            r#""name desc""#,
            r#"["name desc"]"#,
            "['color', 'name desc']",
            "color, name DESC",
            "[\"color asc\", \"id desc\"]",
        ] {
            let page = list(&admin, &[("filter", &filter), ("order", order)]).await;
            assert_eq!(ids(&page), all, "{order}");
        }
        for order in ["nosuch", r#"["name sideways"]"#, "child_ids", "{}"] {
            let response = admin.get(TAGS, &[("order", order)]).await;
            assert_eq!(
                (response.status, response.json()["error"]["type"].as_str()),
                (400, Some("BadRequest")),
                "{order}"
            );
        }
    }
}

#[tokio::test]
async fn invalid_limits_pages_and_page_sizes_are_rejected() {
    for version in Version::each() {
        let admin = admin(version);
        for (name, value) in [
            ("limit", "0"),
            ("limit", "-1"),
            ("limit", "1001"),
            ("limit", "x"),
            ("page_size", "0"),
            ("page_size", "1001"),
            ("page", "0"),
            ("page", "-3"),
            ("page", "1.5"),
        ] {
            let error = error_of(&admin.get(PARTNERS, &[(name, value)]).await, 400, "BadRequest", "invalid_parameter");
            assert_eq!(error["parameter"], name, "{name}={value}");
        }
        let at_most = data(&admin.get(PARTNERS, &[("limit", "1000"), ("query", "{id}")]).await, RETRIEVED);
        assert!(at_most["pagination"]["count"].as_i64().unwrap() > 0);
    }
}

#[tokio::test]
async fn list_without_a_query_contains_the_id_first_and_all_fields_except_binaries() {
    for version in Version::each() {
        let admin = admin(version);
        let page = data(&admin.get(PARTNERS, &[("limit", "1")]).await, RETRIEVED);
        let record = page["records"][0].as_object().unwrap();
        assert_eq!(record.keys().next().unwrap(), "id");
        assert!(record.contains_key("name") && !record.keys().any(|name| name.starts_with("image_")));
        let utc = record["create_date"].as_str().unwrap();
        assert!(utc.len() == 20 && utc.ends_with('Z') && utc.contains('T'), "{utc}");
        assert!(record["create_uid"].is_i64(), "a many2one is shown as its id");
        assert!(record["child_ids"].is_array());
    }
}

#[tokio::test]
async fn filter_accepts_json_python_and_iso_dates() {
    for version in Version::each() {
        let (admin, (filter, all)) = (admin(version), create_five_tags(version).await);
        let python = filter.replace("[[", "[(").replace("]]", ")]").replace('"', "'");
        for filter in [filter.clone(), python] {
            assert_eq!(ids(&list(&admin, &[("filter", &filter), ("order", "id")]).await), all);
        }
        let created = data(&admin.get(&format!("{TAGS}/{}", all[0]), &[]).await, "Record retrieved successfully");
        let created = created["create_date"].as_str().unwrap();
        let since = format!(r#"[["id", "=", {}], ["create_date", ">=", "{created}"]]"#, all[0]);
        assert_eq!(ids(&list(&admin, &[("filter", &since)]).await), [all[0]]);
        let slash = admin.get(&format!("{TAGS}/"), &[("filter", &filter), ("query", "{id}"), ("order", "id")]).await;
        assert_eq!(ids(&data(&slash, RETRIEVED)), all);
    }
}
