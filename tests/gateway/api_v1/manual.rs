//! The examples of the vendor's documentation as printed, except for names and ids that the testbed does not have.

use reqwest::Method;
use serde_json::json;

use super::{admin, create, data, new_tag, send_json, unique};
use crate::support::{Client, Gateway, Version, testbed};

const TEMPLATES: &str = "/api/v1/product.template";

/// A client as in the documentation, with an Odoo API key as the bearer token.
fn with_key(version: Version) -> Client {
    Gateway::shared()
        .client()
        .on(version)
        .with_header("Authorization", &format!("Bearer {}", testbed().api_key(version)))
}

#[tokio::test]
async fn manual_reads_users_and_products_with_an_odoo_api_key() {
    let key = with_key(Version::Odoo19);
    // Only administrators may read all fields of users.
    for (client, path) in [(&key, "/api/v1/res.users?query={id,name}"), (&admin(Version::Odoo19), "/api/v1/res.users")]
    {
        let users = data(&client.get(path, &[]).await, "Records retrieved successfully");
        assert!(!users["records"].as_array().unwrap().is_empty());
    }
    let products =
        data(&key.get("/api/v1/product.product", &[("query", "{id, name}")]).await, "Records retrieved successfully");
    for product in products["records"].as_array().unwrap() {
        assert_eq!(product.as_object().unwrap().keys().collect::<Vec<_>>(), ["id", "name"]);
    }
}

#[tokio::test]
async fn manual_basic_request_returns_the_printed_response() {
    for version in Version::each() {
        let filter = r#"[["login", "in", ["internal", "salesman"]]]"#;
        let query = [("query", "{id, name}"), ("filter", filter), ("order", "login")];
        let found = data(&admin(version).get("/api/v1/res.users", &query).await, "Records retrieved successfully");
        let (one, two) = (found["records"][0]["id"].clone(), found["records"][1]["id"].clone());
        let expected = json!({
            "records": [{"id": one, "name": "Internal"}, {"id": two, "name": "Salesman"}],
            "pagination": {
                "count": 2, "total_count": 2, "current_page": 1, "total_pages": 1, "page_size": null,
                "prev_page": null, "next_page": null
            }
        });
        assert_eq!(found, expected);
    }
}

#[tokio::test]
async fn manual_read_requests_work() {
    for version in Version::each() {
        let admin = admin(version);
        let get = async |path: &str| admin.get(path, &[]).await;
        let nested = get("/api/v1/res.users?query={id,%20name,%20company_id{name}}").await;
        let nested = data(&nested, "Records retrieved successfully");
        assert!(nested["records"][0]["company_id"]["name"].is_string());
        let dear = get(
            "/api/v1/product.template?filter=[[%22list_price%22,%20%22%3E%22,%20100]]&query={id,%20name,%20list_price}",
        )
        .await;
        for product in data(&dear, "Records retrieved successfully")["records"].as_array().unwrap() {
            assert!(product["list_price"].as_f64().unwrap() > 100.0);
        }
        let page = get("/api/v1/product.template?page_size=10&page=2&query={id,%20name}").await;
        let pagination = data(&page, "Records retrieved successfully")["pagination"].clone();
        assert_eq!(
            (&pagination["current_page"], &pagination["page_size"], &pagination["prev_page"]),
            (&json!(2), &json!(10), &json!(1))
        );
        let but = data(&get("/api/v1/res.users?query={-password}&limit=1").await, "Records retrieved successfully");
        let user = but["records"][0].as_object().unwrap();
        assert!(user.contains_key("login") && !user.contains_key("password"));
        let deep = data(
            &get("/api/v1/sale.order?query={*,%20user_id{-password}}&limit=1").await,
            "Records retrieved successfully",
        );
        assert!(deep["records"][0].as_object().unwrap().contains_key("name"));
    }
}

#[tokio::test]
async fn manual_write_requests_work() {
    for version in Version::each() {
        let admin = admin(version);
        let body = json!({"data": {"name": "New Product", "list_price": 100.0}, "context": {"lang": "en_US"}});
        let created = data(&admin.post(TEMPLATES, &body).await, "Record created successfully");
        assert_eq!((&created["name"], &created["list_price"]), (&json!("New Product"), &json!(100.0)));
        let path = format!("{TEMPLATES}/{}", created["id"]);
        let one = data(
            &admin.get(&format!("{path}?query={{id,%20name,%20list_price}}"), &[]).await,
            "Record retrieved successfully",
        );
        assert_eq!(one, json!({"id": created["id"], "name": "New Product", "list_price": 100.0}));

        let batch =
            json!({"data": [{"name": "Product 1", "list_price": 50.0}, {"name": "Product 2", "list_price": 75.0}]});
        let batch = data(&admin.post(&format!("{TEMPLATES}/batch"), &batch).await, "Records created successfully");
        let ids: Vec<i64> = batch["records"].as_array().unwrap().iter().map(|r| r["id"].as_i64().unwrap()).collect();

        let update = json!({"data": {"name": "Updated Product Name", "list_price": 150.0}});
        let updated = data(&admin.put(&path, &update).await, "Record updated successfully");
        assert_eq!((&updated["name"], &updated["list_price"]), (&json!("Updated Product Name"), &json!(150.0)));

        let category = create(&admin, "/api/v1/product.category", json!({"name": unique("category")})).await;
        let printed = format!("{TEMPLATES}/?id=[{},{}]", ids[0], ids[1]);
        let moved = json!({"data": {"list_price": 200.0, "categ_id": category}});
        assert_eq!(data(&admin.put(&printed, &moved).await, "Records updated successfully")["updated"], 2);
        let archive = json!({"filter": [["categ_id", "=", category]], "data": {"active": false}});
        assert_eq!(data(&admin.put(TEMPLATES, &archive).await, "Records updated successfully")["updated"], 2);

        let gone = data(&admin.delete(&path, &[]).await, "Record deleted successfully");
        assert_eq!(gone, json!({"success": true, "message": "Record deleted successfully"}));
    }
}

#[tokio::test]
async fn manual_relation_verbs_work() {
    for version in Version::each() {
        let admin = admin(version);
        let mut tags = Vec::new();
        for _ in 0..6 {
            tags.push(new_tag(version, &unique("printed")).await);
        }
        let id =
            create(&admin, "/api/v1/res.partner", json!({"name": unique("printed"), "category_id": tags[2..5]})).await;
        let verbs = json!({"link": tags[..3], "unlink": tags[3..5], "delete": [tags[5]], "set": [tags[0], tags[1]]});
        let response = send_json(
            &admin,
            Method::PUT,
            &format!("/api/v1/res.partner/{id}"),
            &json!({"data": {"category_id": verbs}}),
        )
        .await;
        let mut after = data(&response, "Record updated successfully")["category_id"].clone();
        after.as_array_mut().unwrap().sort_by_key(serde_json::Value::as_i64);
        assert_eq!(after, json!(tags[..3]));
    }
}

#[tokio::test]
async fn manual_method_calls_and_search_work() {
    for version in Version::each() {
        let admin = admin(version);
        let forced = json!({"args": [], "kwargs": {"force": true}});
        let response = admin.post("/api/v1/object/res.partner/name_search", &forced).await;
        assert_eq!(response.status, 400, "the argument is the page's own: {}", response.text);
        let named = json!({"args": ["Azure"], "kwargs": {"operator": "ilike"}});
        let found = admin.post("/api/v1/object/res.partner/name_search", &named).await;
        assert!(data(&found, "Operation completed successfully").is_array());
        let body = json!({
            "domain": [["name", "ilike", "test"]], "fields": ["id", "name", "email"], "limit": 50, "offset": 0,
            "order": "name ASC"
        });
        let found = data(&admin.post("/api/v1/res.partner/search", &body).await, "Records retrieved successfully");
        assert_eq!(found.as_object().unwrap().keys().collect::<Vec<_>>(), ["records", "count", "total_count"]);
    }
}
