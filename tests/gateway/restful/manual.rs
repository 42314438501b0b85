//! The examples of the vendor's manual, as far as an Odoo with sales and contacts supports them.

use serde_json::{Value, json};

use super::{ORDERS, PARTNERS, admin, create, gateway, patch, product_and_customer, unique};
use crate::support::{Client, Version};

/// Logs in as in the manual, with all parameters in the query of a GET.
async fn log_in(version: Version) -> (String, Client) {
    let query = [("login", "admin"), ("password", "admin"), ("db", version.database())];
    let issued = gateway().client().get("/rest/api/login/token", &query).await.ok();
    assert_eq!(issued["uid"], 2);
    let token = issued["access_token"].as_str().unwrap().to_owned();
    assert!(token.starts_with("access_token_") && token.len() == 53);
    let client = gateway().client().with_header("access-token", &token);
    (token, client)
}

/// Creates the manual's order with two lines, each with its own product.
async fn new_order(client: &Client, version: Version, name: &str) -> (Value, i64, i64) {
    let (product, customer) = product_and_customer(version).await;
    let line =
        |name: &str| json!([0, 0, {"name": name, "product_id": product, "product_uom_qty": 2, "price_unit": 100}]);
    let values = json!({"name": name, "partner_id": customer, "order_line": [line("Product 1"), line("Product 2")]});
    (client.post(ORDERS, &values).await.ok(), product, customer)
}

#[tokio::test]
async fn manual_creates_an_order_in_the_printed_shape() {
    for version in Version::each() {
        let (_, client) = log_in(version).await;
        let name = unique("Your Sale Order Name");
        let (order, product, customer) = new_order(&client, version, &name).await;
        let keys: Vec<&String> = order.as_object().unwrap().keys().collect();
        let printed =
            ["id", "name", "date_order", "create_date", "amount_tax", "amount_total", "state", "partner_id", "user_id"];
        assert_eq!(keys[..9], printed);
        assert_eq!(keys[9..], ["payment_term_id", "order_line"], "an empty many2one is included");
        assert_eq!((&order["name"], &order["state"]), (&json!(name), &json!("draft")));
        let created = order["create_date"].as_str().unwrap();
        assert!(created.len() == 19 && created.as_bytes()[10] == b'T', "{created}");
        let partner = &order["partner_id"];
        assert_eq!(partner["id"], customer);
        assert_eq!(partner.as_object().unwrap().keys().collect::<Vec<_>>(), ["id", "name", "city"]);
        assert_eq!(partner["city"], "Fairfield");
        assert_eq!(order["user_id"], json!({"id": 2, "name": "Mitchell Admin"}));
        assert_eq!(order["payment_term_id"], false);
        let lines = order["order_line"].as_array().unwrap();
        assert_eq!(lines.len(), 2);
        for (line, name) in lines.iter().zip(["Product 1", "Product 2"]) {
            assert_eq!((&line["name"], &line["product_uom_qty"]), (&json!(name), &json!(2.0)));
            assert_eq!((&line["price_unit"], &line["price_subtotal"]), (&json!(100.0), &json!(200.0)));
            assert_eq!(line["product_id"]["id"], product);
            let keys: Vec<&String> = line["product_id"].as_object().unwrap().keys().collect();
            assert_eq!(keys, ["id", "name", "type", "barcode", "categ_id", "attribute_line_ids"]);
            assert_eq!(line["product_id"]["categ_id"].as_object().unwrap().len(), 2);
            assert!(line["product_id"]["attribute_line_ids"].is_array());
        }
        // The taxes of a line have another name since 18: fields that an Odoo does not have are omitted.
        assert_eq!(lines[0].get("tax_id").is_some(), version == Version::Odoo14);
        let read = client.get(&format!("{ORDERS}/{}", order["id"]), &[]).await.ok();
        assert_eq!(read, order);
    }
}

#[tokio::test]
async fn manual_searches_and_reads_orders() {
    for version in Version::each() {
        let (_, client) = log_in(version).await;
        let (order, ..) = new_order(&client, version, &unique("zzz")).await;
        let (start, end) = ("2023-12-31", "2099-12-01");
        let query = [
            ("fields", "name,id,partner_id,order_line"),
            ("offset", "0"),
            ("limit", "2"),
            ("order", "name desc"),
            ("create_date_start", start),
            ("create_date_end", end),
            ("date_order_start", start),
            ("date_order_end", end),
        ];
        let found = client.get(ORDERS, &query).await.ok();
        let found = found.as_array().unwrap();
        assert_eq!(found.len(), 2);
        for record in found {
            let keys: Vec<&String> = record.as_object().unwrap().keys().collect();
            assert_eq!(keys, ["name", "id", "partner_id", "order_line"], "the requested fields in the requested order");
        }
        let id = order["id"].to_string();
        let mine = client.get(ORDERS, &[("fields", "name,id,partner_id,order_line"), ("id", &id)]).await.ok();
        let narrowed = ["name", "id", "partner_id", "order_line"].map(|key| (key.to_owned(), order[key].clone()));
        assert_eq!(mine, json!([Value::Object(narrowed.into_iter().collect())]), "shaped by the read schema");
        let long_ago = client.get(ORDERS, &[("create_date_end", "1999-12-31")]).await.ok();
        assert_eq!(long_ago, json!([]));
    }
}

#[tokio::test]
async fn manual_renames_a_partner_and_gets_the_written_fields() {
    for version in Version::each() {
        let (_, client) = log_in(version).await;
        let id = create(&client, PARTNERS, json!({"name": unique("Nikil")})).await;
        let updated = client.put(&format!("{PARTNERS}/{id}"), &json!({"name": "Nikil M"})).await;
        assert_eq!(updated.text, format!(r#"{{"name":"Nikil M","id":{id}}}"#));
        let patched = patch(&client, &format!("{PARTNERS}/{id}"), &json!({"city": "Ghent"})).await;
        assert_eq!(patched.text, format!(r#"{{"city":"Ghent","id":{id}}}"#));
    }
}

#[tokio::test]
async fn manual_deletes_an_order_with_a_message() {
    for version in Version::each() {
        let (_, client) = log_in(version).await;
        let (order, ..) = new_order(&client, version, &unique("to be deleted")).await;
        let path = format!("{ORDERS}/{}", order["id"]);
        let deleted = client.delete(&path, &[]).await;
        assert_eq!(deleted.status, 200);
        assert_eq!(deleted.header("content-type"), "application/json");
        assert_eq!(deleted.text, format!("\"record {} has been successfully deleted\"", order["id"]));
        client.get(&path, &[]).await.problem(404, "record_not_found");
        client.delete(&path, &[]).await.problem(404, "record_not_found");
    }
}

#[tokio::test]
async fn manual_calls_read_by_patch_and_gets_odoos_result() {
    for version in Version::each() {
        let (_, client) = log_in(version).await;
        let country = 233;
        let name = unique("Gemini Furniture");
        let id = create(&client, PARTNERS, json!({"name": name, "city": "Fairfield", "country_id": country})).await;
        let path = format!("{PARTNERS}/{id}/read");
        let called = patch(&client, &path, &json!({"fields": ["name", "city", "country_id", "user_id"]})).await.ok();
        let read = json!([{
            "id": id, "name": name, "city": "Fairfield", "country_id": [country, "United States"], "user_id": false
        }]);
        assert_eq!(called, read, "Odoo's own result, with pairs");
        let printed = patch(&client, &path, &json!({"arg1": "val", "arg2": "25"})).await;
        printed.problem(400, "invalid_value");
    }
}

#[tokio::test]
async fn manual_deletes_a_token() {
    for version in Version::each() {
        let (token, client) = log_in(version).await;
        client.get(PARTNERS, &[("limit", "1")]).await.ok();
        let ended = gateway().client().delete("/rest/api/logout/token", &[("access_token", &token)]).await;
        assert!(ended.ok()["message"].is_string());
        client.get(PARTNERS, &[("limit", "1")]).await.problem(401, "credential_invalid");
        admin(version).get(PARTNERS, &[("limit", "1")]).await.ok();
    }
}
