//! The selection language: wildcards, exclusions, related records.

use serde_json::{Value, json};

use super::{ORDERS, PARTNERS, admin, create, data, error_of, read, unique};
use crate::support::Version;

#[tokio::test]
async fn query_returns_exactly_the_selected_fields_in_order() {
    for version in Version::each() {
        let (admin, name) = (admin(version), unique("chosen"));
        let child = json!({"create": {"name": "Child"}});
        let id = create(&admin, PARTNERS, json!({"name": name, "email": "a@example.com", "child_ids": child})).await;
        let record = read(&admin, PARTNERS, id, "{name,id}").await;
        assert_eq!(serde_json::to_string(&record).unwrap(), format!(r#"{{"name":"{name}","id":{id}}}"#));
        let record =
            read(&admin, PARTNERS, id, " { email , child_ids { name } , parent_id , country_id{name} } ").await;
        let expected = json!({"email": "a@example.com", "child_ids": [{"name": "Child"}], "parent_id": false, "country_id": false});
        assert_eq!(record, expected);
        let children = read(&admin, PARTNERS, id, "{child_ids}").await["child_ids"].clone();
        assert_eq!(children.as_array().map(Vec::len), Some(1));
        let related = read(&admin, PARTNERS, children[0].as_i64().unwrap(), "{parent_id{id,parent_id{id},name}}").await;
        assert_eq!(related, json!({"parent_id": {"id": id, "parent_id": false, "name": name}}));
    }
}

#[tokio::test]
async fn wildcards_and_exclusions_work_in_relations_too() {
    for version in Version::each() {
        let admin = admin(version);
        let id =
            create(&admin, PARTNERS, json!({"name": unique("all"), "child_ids": [[0, 0, {"name": "Child"}]]})).await;
        let all = read(&admin, PARTNERS, id, "{*}").await;
        assert_eq!(all.as_object().unwrap().keys().next().unwrap(), "id");
        let but = read(&admin, PARTNERS, id, "{-email,-phone}").await;
        let missing = |all: &Value, but: &Value| {
            let names = all.as_object().unwrap().keys();
            names.filter(|name| but.get(name.as_str()).is_none()).cloned().collect::<Vec<_>>()
        };
        let mut gone = missing(&all, &but);
        gone.sort();
        assert_eq!(gone, ["email", "phone"]);
        let nested = read(&admin, PARTNERS, id, "{*, child_ids{-email}}").await;
        let child = &nested["child_ids"][0];
        assert_eq!(missing(&all, child), ["email"]);
        assert_eq!((&child["name"], &child["parent_id"]), (&json!("Child"), &json!(id)));
        let image = read(&admin, PARTNERS, id, "{id, image_128}").await;
        assert_eq!(image, json!({"id": id, "image_128": false}), "a binary is returned only by name");
    }
}

#[tokio::test]
async fn invalid_selections_are_rejected() {
    for version in Version::each() {
        let admin = admin(version);
        for (query, reason, text) in [
            ("{}", "invalid_parameter", "query"),
            ("{name,}", "invalid_parameter", "query"),
            ("{name", "invalid_parameter", "query"),
            ("name", "invalid_parameter", "query"),
            ("{name email}", "invalid_parameter", "query"),
            ("{country_id{name}, country_id{code}}", "invalid_parameter", "query"),
            ("{name, -email}", "invalid_parameter", "query"),
            ("{-country_id{name}}", "invalid_parameter", "query"),
            ("{name{first}}", "invalid_parameter", "name"),
            ("{a{a{a{a{a{a{a{a{a}}}}}}}}}", "invalid_parameter", "query"),
            ("{nmae}", "unknown_field", "nmae"),
            ("{country_id{cod}}", "unknown_field", "country_id.cod"),
        ] {
            let error =
                error_of(&admin.get(&format!("{PARTNERS}/1"), &[("query", query)]).await, 400, "BadRequest", reason);
            assert!(error["message"].as_str().unwrap().contains(text.rsplit('.').next().unwrap()), "{query}: {error}");
        }
        let error = error_of(&admin.get(PARTNERS, &[("query", "{nmae}")]).await, 400, "BadRequest", "unknown_field");
        assert_eq!(error["hint"], "Did you mean name?");
    }
}

#[tokio::test]
async fn orders_with_lines_and_products_are_one_tree() {
    for version in Version::each() {
        let admin = admin(version);
        let query = "{name, partner_id{name, country_id{code}}, order_line{name, product_id{id, categ_id{name}}}}";
        let page = admin
            .get(ORDERS, &[("query", query), ("filter", r#"[["order_line", "!=", false]]"#), ("limit", "3")])
            .await;
        for order in data(&page, "Records retrieved successfully")["records"].as_array().unwrap() {
            assert_eq!(order.as_object().unwrap().keys().collect::<Vec<_>>(), ["name", "partner_id", "order_line"]);
            assert_eq!(order["partner_id"].as_object().unwrap().keys().collect::<Vec<_>>(), ["name", "country_id"]);
            assert!(order["order_line"].as_array().unwrap().iter().all(|line| line["name"].is_string()));
        }
    }
}
