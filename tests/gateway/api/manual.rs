//! The vendor's examples, as far as an Odoo with the sales app supports them.

use serde_json::json;

use super::admin;
use crate::support::{Version, unique};

#[tokio::test]
async fn manual_searches_products_by_ids_with_selected_fields() {
    for version in Version::each() {
        let client = admin(version);
        let path = "/api/product.product/search";
        let some = client.get(path, &[("fields", "['id']"), ("limit", "5"), ("order", "id")]).await.ok();
        let ids: Vec<i64> = some.as_array().unwrap().iter().map(|one| one["id"].as_i64().unwrap()).collect();
        let domain = format!("[('id','in',{ids:?})]");
        let fields = "['name','description','product_variant_ids']";
        let found = client.get(path, &[("domain", &domain), ("fields", fields)]).await.ok();
        assert_eq!(found.as_array().unwrap().len(), ids.len());
        let first = found[0].as_object().unwrap();
        assert_eq!(first.keys().collect::<Vec<_>>(), ["id", "name", "description", "product_variant_ids"]);
    }
}

#[tokio::test]
async fn manual_product_has_pairs_lists_and_false() {
    for version in Version::each() {
        let client = admin(version);
        let found = client.get("/api/product.product/search", &[("limit", "1"), ("fields", "id")]).await.ok();
        let product = client.get(&format!("/api/product.product/{}", found[0]["id"]), &[]).await.ok();
        let template = product["product_tmpl_id"].as_array().unwrap();
        assert!(template[0].is_i64() && template[1].is_string(), "{template:?}");
        assert!(product["seller_ids"].is_array() && product["active"] == json!(true));
        assert!(product["list_price"].is_f64() && product["write_date"].as_str().unwrap().contains('T'));
    }
}

#[tokio::test]
async fn manual_creates_a_product() {
    for version in Version::each() {
        let (client, name) = (admin(version), unique("chheez"));
        let body = json!({"name": name, "list_price": 199.99, "standard_price": 100.00, "type": "consu"});
        let created = client.post("/api/product.template/create", &body).await.ok();
        let id = created["id"].clone();
        assert_eq!(created, json!({"id": id, "message": "Record created successfully."}));
        let query = [("fields", "name,list_price,standard_price,type")];
        let record = client.get(&format!("/api/product.template/{id}"), &query).await.ok();
        assert_eq!(
            record,
            json!({"id": id, "name": name, "list_price": 199.99, "standard_price": 100.0, "type": "consu"})
        );
    }
}

#[tokio::test]
async fn manual_counts_records_and_reads_schemas() {
    for version in Version::each() {
        let client = admin(version);
        let counted = client.get("/api/res.partner/record_count", &[]).await.ok();
        let count = counted["record_count"].as_i64().unwrap();
        assert!(count >= 5);
        assert_eq!(counted, json!({"model": "res.partner", "domain": [], "record_count": count}));
        let schema = client.get("/api/product.product/schema", &[]).await.ok();
        let price = &schema["lst_price"];
        assert_eq!((&price["type"], &price["required"]), (&json!("float"), &json!(false)));
    }
}
