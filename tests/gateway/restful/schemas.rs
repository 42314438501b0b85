//! The shape of responses: with a schema, without one, and with selected fields.

use serde_json::{Value, json};

use super::{ORDERS, PARTNERS, TAGS, admin, create, new_tag, unique, user};
use crate::support::binary::Process;
use crate::support::{Version, testbed};

#[tokio::test]
async fn record_without_a_schema_is_flat_with_objects_for_relations() {
    for version in Version::each() {
        let client = admin(version);
        let values = json!({"name": unique("flat"), "country_id": 233, "category_id": [[6, 0, []]]});
        let id = create(&client, PARTNERS, values).await;
        let record = client.get(&format!("{PARTNERS}/{id}"), &[]).await.ok();
        assert_eq!(record["country_id"], json!({"id": 233, "name": "United States"}));
        assert_eq!((&record["parent_id"], &record["category_id"]), (&json!(false), &json!([])), "never omitted");
        let created = record["create_date"].as_str().unwrap();
        assert!(created.len() == 19 && created.as_bytes()[10] == b'T', "{created}");
        assert!(record.as_object().unwrap().len() > 50);
        let list = client.get(PARTNERS, &[("id", &id.to_string())]).await.ok();
        assert_eq!(list[0]["country_id"], record["country_id"]);
        let null = client.with_header("Prefer", "empty=null").get(&format!("{PARTNERS}/{id}"), &[]).await;
        assert_eq!(null.header("preference-applied"), "empty=null");
        assert_eq!((&null.ok()["parent_id"], &null.json()["is_company"]), (&Value::Null, &json!(false)));
    }
}

#[tokio::test]
async fn read_schema_shapes_lists_and_single_records_the_same() {
    for version in Version::each() {
        let client = admin(version);
        let parent_name = unique("parent");
        let parent = new_tag(version, &parent_name).await;
        let name = unique("child");
        let child = create(&client, TAGS, json!({"name": name, "parent_id": parent})).await;
        let record = json!({"id": child, "name": name, "parent_id": {"id": parent, "name": parent_name}});
        let one = client.get(&format!("{TAGS}/{child}"), &[]).await;
        assert_eq!(one.text, record.to_string(), "in the order of the schema");
        assert_eq!(one.header("content-type"), "application/json");
        let orphan = json!({"id": parent, "name": parent_name, "parent_id": false});
        let ids = [("id", child.to_string()), ("id", parent.to_string()), ("order", "id desc".to_owned())];
        let ids: Vec<(&str, &str)> = ids.iter().map(|(name, value)| (*name, value.as_str())).collect();
        assert_eq!(client.get(TAGS, &ids).await.ok(), json!([record, orphan]));
    }
}

#[tokio::test]
async fn fields_select_in_the_requested_order_and_are_flat_outside_of_the_schema() {
    for version in Version::each() {
        let client = admin(version);
        let parent_name = unique("parent");
        let parent = new_tag(version, &parent_name).await;
        let child = create(&client, TAGS, json!({"name": unique("child"), "parent_id": parent, "color": 4})).await;
        let path = format!("{TAGS}/{child}");
        let nested = json!({"id": parent, "name": parent_name});
        for (fields, expected) in [
            ("color,parent_id", json!({"color": 4, "parent_id": nested})),
            ("['parent_id', 'id']", json!({"parent_id": nested, "id": child})),
            ("child_ids,active", json!({"child_ids": [], "active": true})),
            ("id", json!({"id": child})),
        ] {
            assert_eq!(client.get(&path, &[("fields", fields)]).await.text, expected.to_string(), "{fields}");
            let list = client.get(TAGS, &[("fields", fields), ("id", &child.to_string())]).await;
            assert_eq!(list.text, json!([expected]).to_string());
        }
        let display = client.get(&format!("{PARTNERS}/1"), &[("fields", "company_id,country_id")]).await.ok();
        assert!(display["country_id"] == false || display["country_id"]["name"].is_string());
        client.get(&path, &[("fields", "nosuch")]).await.problem(400, "unknown_field");
    }
}

#[tokio::test]
async fn fields_that_an_odoo_does_not_have_are_omitted_from_a_schema() {
    for version in Version::each() {
        let products =
            admin(version).get("/restful/api/v1/product.product", &[("limit", "1"), ("order", "id")]).await.ok();
        let product = products[0].as_object().unwrap();
        assert_eq!(product.keys().collect::<Vec<_>>(), ["id", "name", "categ_id"]);
        assert_eq!(product["categ_id"].as_object().unwrap().keys().collect::<Vec<_>>(), ["id"]);
    }
}

#[tokio::test]
async fn relation_without_a_subschema_is_an_object() {
    for version in Version::each() {
        let invoices = [("limit", "1"), ("move_type", "out_invoice")];
        let moves = admin(version).get("/restful/api/v1/account.move", &invoices).await.ok();
        let invoice = moves[0].as_object().unwrap();
        assert_eq!(invoice.keys().collect::<Vec<_>>(), ["id", "name", "move_type", "partner_id"]);
        assert_eq!(invoice["partner_id"].as_object().unwrap().keys().collect::<Vec<_>>(), ["id", "name"]);
    }
}

#[tokio::test]
async fn schema_shows_only_records_that_the_user_may_read() {
    for version in Version::each() {
        let mine =
            user(version, "salesman").get(ORDERS, &[("limit", "100"), ("fields", "id,user_id,partner_id")]).await.ok();
        let mine = mine.as_array().unwrap();
        assert!(mine.len() >= 3, "the testbed's orders and those of other tests");
        for order in mine {
            assert_eq!(order["user_id"]["name"], "Salesman");
            assert!(order["partner_id"]["name"].is_string());
        }
        user(version, "internal").get(ORDERS, &[]).await.problem(403, "access_denied");
    }
}

#[tokio::test]
async fn csv_and_ndjson_have_the_shape_of_the_schema() {
    for version in Version::each() {
        let client = admin(version);
        let parent_name = unique("parent");
        let parent = new_tag(version, &parent_name).await;
        let name = unique("child");
        let child = create(&client, TAGS, json!({"name": name, "parent_id": parent})).await;
        let (child_text, parent_text) = (child.to_string(), parent.to_string());
        let query = [("id", child_text.as_str()), ("id", parent_text.as_str()), ("order", "id desc")];
        let related = json!({"id": parent, "name": parent_name});
        let csv = client.with_header("Accept", "text/csv").get(TAGS, &query).await;
        assert_eq!(csv.header("content-type"), "text/csv; charset=utf-8");
        let cell = related.to_string().replace('"', "\"\"");
        let rows = format!("id,name,parent_id\r\n{child},{name},\"{cell}\"\r\n{parent},{parent_name},\r\n");
        assert_eq!(csv.text, rows);
        let ndjson = client.with_header("Accept", "application/x-ndjson").get(TAGS, &query).await;
        let lines = [
            json!({"id": child, "name": name, "parent_id": related}),
            json!({"id": parent, "name": parent_name, "parent_id": false}),
        ];
        assert_eq!(ndjson.text, format!("{}\n{}\n", lines[0], lines[1]));
        let narrow: Vec<_> = query.into_iter().chain([("fields", "name,color")]).collect();
        let narrow = client.with_header("Accept", "text/csv").get(TAGS, &narrow).await;
        assert!(narrow.text.starts_with("name,color\r\n"), "exactly what was asked: {}", narrow.text);
    }
}

#[tokio::test]
async fn missing_schema_fields_are_logged_once() {
    let version = Version::Odoo19;
    let gateway = Process::serve(&[
        ("ODOO_GATEWAY__ODOO__0__URL", testbed().url(version)),
        ("ODOO_GATEWAY__ODOO__0__DATABASE", version.database()),
        ("ODOO_GATEWAY__RESTFUL__MODELS__res.lang__READ", "{id, nosuch}"),
    ])
    .await;
    let client = gateway.client().as_user("internal");
    for _ in 0..3 {
        let langs = client.get("/restful/api/v1/res.lang", &[("limit", "1"), ("fields", "")]).await.ok();
        assert_eq!(langs[0].as_object().unwrap().keys().collect::<Vec<_>>(), ["id"]);
    }
    let (_, output, _) = gateway.stop_with("TERM").await;
    let warnings: Vec<&str> =
        output.lines().filter(|line| line.contains("names a field that this user cannot see")).collect();
    assert_eq!(warnings.len(), 1, "{output}");
    assert!(warnings[0].contains("nosuch") && warnings[0].contains("res.lang"), "{}", warnings[0]);
}
