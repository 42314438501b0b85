//! Values that were read can be written: relations as objects, empty lists, files as base64, dates of early years.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};

use super::{admin, create};
use crate::support::{Client, Version, unique};

/// Reads a record over `/restapi/1.0`.
async fn read(client: &Client, model: &str, id: i64, fields: &str) -> Value {
    let path = format!("/restapi/1.0/object/{model}/{id}");
    let response = client.get(&path, &[("fields", fields)]).await.ok();
    response.as_object().unwrap().values().next().unwrap().clone()
}

#[tokio::test]
async fn raw_accepts_base64_in_every_dialect() {
    for version in Version::each() {
        let client = admin(version);
        let (first, second) = (BASE64.encode("hello \u{e9}"), BASE64.encode([0_u8, 255, 7]));
        let name = unique("raw");
        let values = json!({"name": name, "raw": first});
        let by_restapi = create(&client, "ir.attachment", values.clone()).await;
        let by_api = client.post("/api/ir.attachment/create", &values).await.ok()["id"].as_i64().unwrap();
        let by_api_v1 =
            client.post("/api/v1/ir.attachment", &json!({"data": values})).await.ok()["data"]["id"].as_i64().unwrap();
        for id in [by_restapi, by_api, by_api_v1] {
            assert_eq!(read(&client, "ir.attachment", id, "datas").await["datas"], json!(first), "{version:?}");
            client.put(&format!("/api/ir.attachment/{id}"), &json!({"raw": second})).await.ok();
            assert_eq!(read(&client, "ir.attachment", id, "datas").await["datas"], json!(second), "{version:?}");
        }
        let both = client.put(&format!("/api/ir.attachment/{by_api}"), &json!({"raw": first, "datas": first})).await;
        assert_eq!(both.status, 400, "{}", both.text);
        let text = client.put(&format!("/api/ir.attachment/{by_api}"), &json!({"raw": "no base64!"})).await;
        assert!(text.status == 400 && text.text.contains("raw: expected base64"), "{}", text.text);
        // In the values of a related record.
        let message = json!({"body": name, "model": "res.partner", "res_id": 1, "attachment_ids": [[0, 0, values]]});
        let message = create(&client, "mail.message", message).await;
        let attachment =
            read(&client, "mail.message", message, "attachment_ids").await["attachment_ids"][0].as_i64().unwrap();
        assert_eq!(read(&client, "ir.attachment", attachment, "datas").await["datas"], json!(first), "{version:?}");
    }
}

#[tokio::test]
async fn raw_of_a_document_accepts_base64() {
    let client = admin(Version::Odoo19);
    let content = BASE64.encode("a document");
    let product =
        client.get("/api/product.template/search", &[("limit", "1"), ("fields", "id")]).await.ok()[0]["id"].clone();
    let values =
        json!({"name": unique("document"), "raw": content, "res_model": "product.template", "res_id": product});
    let id = create(&client, "product.document", values).await;
    assert_eq!(read(&client, "product.document", id, "datas").await["datas"], json!(content));
}

#[tokio::test]
async fn many2one_is_accepted_as_returned() {
    for version in Version::each() {
        let client = admin(version);
        let id =
            create(&client, "res.partner", json!({"name": unique("linked"), "country_id": {"id": 20, "name": "x"}}))
                .await;
        assert_eq!(read(&client, "res.partner", id, "country_id").await["country_id"][0], json!(20));
        let data = json!({"data": {"country_id": {"id": 21, "display_name": "y"}}});
        client.put(&format!("/api/v1/res.partner/{id}"), &data).await.ok();
        assert_eq!(read(&client, "res.partner", id, "country_id").await["country_id"][0], json!(21));
        for wrong in [json!({"id": 21, "code": "x"}), json!({"name": "x"}), json!({"id": 0})] {
            let response =
                client.put(&format!("/api/v1/res.partner/{id}"), &json!({"data": {"country_id": wrong}})).await;
            assert_eq!(response.status, 400, "{wrong} {}", response.text);
        }
    }
}

#[tokio::test]
async fn empty_list_clears_a_relation_only_in_api_v1() {
    for version in Version::each() {
        let client = admin(version);
        let tag = create(&client, "res.partner.category", json!({"name": unique("kept")})).await;
        let id = create(&client, "res.partner", json!({"name": unique("cleared"), "category_id": [tag]})).await;
        let tags = async || read(&client, "res.partner", id, "category_id").await["category_id"].clone();
        client.put(&format!("/api/res.partner/{id}"), &json!({"category_id": []})).await.ok();
        client.put(&format!("/restapi/1.0/object/res.partner/{id}"), &json!({"vals": {"category_id": []}})).await.ok();
        assert_eq!(tags().await, json!([tag]), "{version:?}");
        client.put(&format!("/api/v1/res.partner/{id}"), &json!({"data": {"category_id": []}})).await.ok();
        assert_eq!(tags().await, json!([]), "{version:?}");
        // Writing back what was read.
        let query = [("query", "{name, category_id, child_ids, country_id}")];
        let mut data = client.get(&format!("/api/v1/res.partner/{id}"), &query).await.ok()["data"].clone();
        data.as_object_mut().unwrap().remove("id");
        client.put(&format!("/api/v1/res.partner/{id}"), &json!({ "data": data })).await.ok();
    }
}

#[tokio::test]
async fn dates_of_early_years_are_returned_as_written() {
    for version in Version::each() {
        let client = admin(version);
        let model = if version == Version::Odoo14 { "res.partner" } else { "account.move" };
        let (field, values) = match model {
            "res.partner" => ("date", json!({"name": unique("early"), "date": "0001-01-01"})),
            _ => ("invoice_date", json!({"move_type": "out_invoice", "invoice_date": "0001-01-01"})),
        };
        let id = create(&client, model, values).await;
        assert_eq!(read(&client, model, id, field).await[field], json!("0001-01-01"), "{version:?}");
    }
}

#[tokio::test]
async fn error_for_a_missing_reference_does_not_mention_deletion() {
    for version in Version::each() {
        let data = json!({"data": {"name": unique("dangling"), "country_id": 2_147_483_647}});
        let response = admin(version).post("/api/v1/res.partner", &data).await;
        let error = response.json()["error"].clone();
        assert_eq!((response.status, &error["reason"]), (400, &json!("unknown_reference")), "{error}");
        assert!(!response.text.to_lowercase().contains("delet"), "{error}");
    }
}

#[tokio::test]
async fn structures_in_computed_fields_are_accepted_as_returned() {
    let client = admin(Version::Odoo19);
    let moves = client
        .get(
            "/api/account.move/search",
            &[("limit", "1"), ("fields", "tax_totals"), ("domain", "[('move_type','=','out_invoice')]")],
        )
        .await
        .ok();
    let Some(invoice) = moves.as_array().unwrap().first() else { panic!("an invoice is needed") };
    let totals = &invoice["tax_totals"];
    assert!(totals.is_object(), "{totals}");
    let response = client.put(&format!("/api/account.move/{}", invoice["id"]), &json!({ "tax_totals": totals })).await;
    assert!(!response.text.contains("base64"), "{}", response.text);
}

#[tokio::test]
async fn suggested_name_may_start_with_the_wrong_one() {
    let client = admin(Version::Odoo19);
    let response = client.get("/api/sale.order.line/search", &[("fields", "product_uom")]).await;
    assert!(response.text.contains("product_uom_id") || response.text.contains("Did you mean"), "{}", response.text);
    let rejected = client.get("/restapi/1.0/object/sale.order.line", &[("fields", "product_uom")]).await;
    assert_eq!(rejected.problem(400, "unknown_field")["hint"], "This version of Odoo has product_uom_id instead.");
}

#[tokio::test]
async fn file_of_a_wizard_keeps_its_name() {
    let client = admin(Version::Odoo19);
    let values = json!({"name": "fr.po", "data": BASE64.encode("msgid \"\"\n"), "state": "get"});
    let id = create(&client, "base.language.export", values).await;
    let response = client.get(&format!("/api/v1/base.language.export/{id}/data"), &[]).await;
    assert!(
        response.header("content-disposition").ends_with("filename=\"fr.po\""),
        "{}",
        response.header("content-disposition")
    );
}
