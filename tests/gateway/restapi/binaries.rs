//! Binaries, values that Odoo cannot send, and large responses.

use serde_json::{Value, json};

use super::{MODEL_CHANGES, PARTNERS, TAGS, admin, create, ids_of, unique};
use crate::support::odoo::fresh_database;
use crate::support::{Gateway, Version, testbed};

const ATTACHMENTS: &str = "/restapi/1.0/object/ir.attachment";
/// Bytes that are not valid UTF-8: `FF 00 01 80`.
const BYTES: &str = "/wABgA==";
/// The smallest GIF.
const GIF: &str = "R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7";

#[tokio::test]
async fn attachment_is_read_with_its_content() {
    for version in Version::each() {
        let (admin, name) = (admin(version), unique("attached"));
        let vals =
            json!({"name": name, "datas": BYTES, "mimetype": "application/octet-stream", "description": "a\r\nb"});
        let id = create(&admin, ATTACHMENTS, vals).await;
        let response = admin.get(&format!("{ATTACHMENTS}/{id}"), &[]).await;
        assert_eq!(response.header("x-omitted-fields"), "");
        let attachment = response.ok()["Attachment"].clone();
        assert_eq!((&attachment["name"], &attachment["datas"]), (&json!(name), &json!(BYTES)));
        assert_eq!((&attachment["file_size"], &attachment["description"]), (&json!(4), &json!("a\r\nb")));
        assert!(attachment.get("raw").is_none());
        let read = admin.get(&format!("{ATTACHMENTS}/{id}"), &[("fields", "datas")]).await.ok();
        assert_eq!(read, json!({"Attachment": {"id": id, "datas": BYTES}}));
    }
}

#[tokio::test]
async fn all_attachments_are_listed_without_a_limit() {
    for version in Version::each() {
        let (admin, name) = (admin(version), unique("listed"));
        let id = create(&admin, ATTACHMENTS, json!({"name": name, "datas": BYTES})).await;
        assert!(ids_of(&admin.get(ATTACHMENTS, &[("fields", "name")]).await.ok()).contains(&id));
        let found = admin.get(&format!("{ATTACHMENTS}/search"), &[]).await.ok();
        assert!(found["Attachment"].as_array().unwrap().contains(&json!(id)));
    }
}

#[tokio::test]
async fn raw_content_of_an_attachment_is_never_read() {
    for version in Version::each() {
        let id = create(&admin(version), ATTACHMENTS, json!({"name": "x", "datas": "aGVsbG8="})).await;
        for path in [ATTACHMENTS.to_owned(), format!("{ATTACHMENTS}/{id}")] {
            let problem = admin(version).get(&path, &[("fields", "name,raw")]).await.problem(400, "unknown_field");
            assert_eq!(problem["hint"], "Read the field `datas`, which contains the same content in base64.");
        }
    }
}

#[tokio::test]
async fn list_without_fields_contains_sizes_instead_of_content() {
    for version in Version::each() {
        let (admin, name) = (admin(version), unique("sized"));
        let id = create(&admin, PARTNERS, json!({"name": name, "image_1920": GIF})).await;
        let image = |response: &Value| response["Contact"].get(0).unwrap_or(&response["Contact"])["image_1920"].clone();
        let one = admin.get(&format!("{PARTNERS}/{id}"), &[]).await.ok();
        assert_eq!(image(&one), GIF);
        let domain = format!("[('id','=',{id})]");
        let ids = id.to_string();
        for query in [[("domain", domain.as_str())], [("ids", ids.as_str())]] {
            let list = image(&admin.get(PARTNERS, &query).await.ok());
            assert!(list.as_str().unwrap().contains("bytes"), "{list}");
            let named = admin.get(PARTNERS, &[query[0], ("fields", "image_1920")]).await.ok();
            assert_eq!(image(&named), GIF, "requested by name");
        }
    }
}

/// The computation of the field fails for the tag `big`.
#[tokio::test]
async fn value_that_odoo_cannot_compute_is_omitted() {
    let _lock = MODEL_CHANGES.lock().await;
    for version in Version::each() {
        let gateway = Gateway::start_with_database(version, &fresh_database(version).await, &[]).await;
        let admin = gateway.client().as_user("admin");
        let model = [("domain", "[('model','=','res.partner.category')]")];
        let model = admin.get("/restapi/1.0/object/ir.model/search", &model).await.ok()["Models"][0].clone();
        let field = json!({
            "model_id": model, "name": "x_size", "field_description": "Size", "ttype": "integer", "state": "manual",
            "store": false, "depends": "name",
            "compute": "for tag in self:\n    tag['x_size'] = 1 // (tag.name != 'big')",
        });
        create(&admin, "/restapi/1.0/object/ir.model.fields", field).await;
        let created = admin.post(TAGS, &json!({"vals": [{"name": "big"}, {"name": "small"}]})).await;
        assert_eq!(
            (created.header("x-omitted-fields"), created.header("x-read-back")),
            ("x_size", ""),
            "{version:?} {}",
            created.text
        );
        let ids = ids_of(&created.ok());
        let (big, small) = (format!("{TAGS}/{}", ids[0]), format!("{TAGS}/{}", ids[1]));

        let response = admin.get(&big, &[]).await;
        assert_eq!(response.header("x-omitted-fields"), "x_size", "{}", response.text);
        let tag = response.ok()["Partner Tags"].clone();
        assert_eq!((&tag["name"], &tag["create_uid"][0]), (&json!("big"), &json!(2)));
        assert!(tag.get("x_size").is_none());
        let other = admin.get(&small, &[]).await;
        assert_eq!((other.header("x-omitted-fields"), &other.ok()["Partner Tags"]["x_size"]), ("", &json!(1)));

        let domain = format!("[('id','in',{ids:?})]");
        for query in [
            [("domain", domain.as_str()), ("order", "id")],
            [("ids", &format!("{},{}", ids[0], ids[1])), ("order", "")],
        ] {
            let listed = admin.get(TAGS, &query).await;
            assert_eq!(listed.header("x-omitted-fields"), "x_size");
            let listed = listed.ok();
            assert_eq!(ids_of(&listed), ids);
            assert_eq!(listed["Partner Tags"][0].get("x_size"), None);
            assert_eq!(listed["Partner Tags"][1]["x_size"], 1, "other records keep the field");
        }
        let named = [("fields", "name,x_size")];
        let problem = admin.get(&big, &named).await.problem(502, "odoo_internal_error");
        assert_eq!(problem["odoo"], json!({"exception": "ZeroDivisionError", "message": ""}));
        assert_eq!(admin.get(&small, &named).await.status, 200);
        let written = admin.put(&big, &json!({"vals": {"color": 5}})).await;
        assert_eq!((written.header("x-omitted-fields"), written.header("x-read-back")), ("x_size", ""));
        assert_eq!(written.ok()["Partner Tags"]["color"], 5);
        gateway.stop().await;
    }
}

#[tokio::test]
async fn list_without_a_limit_returns_all_records() {
    for version in Version::each() {
        let admin = admin(version);
        for (model, fields) in [("ir.model.fields", "name,model,ttype"), ("res.country.state", "")] {
            let path = format!("/restapi/1.0/object/{model}");
            let count = admin.get(&format!("{path}/search_count"), &[]).await.ok()["count"].as_u64().unwrap();
            let list = admin.get(&path, &[("fields", fields)]).await.ok();
            let records = list.as_object().unwrap().values().next().unwrap().as_array().unwrap();
            assert!(count > 1000, "{model}: {count}");
            assert_eq!(records.len() as u64, count, "{model}");
            let found = admin.get(&format!("{path}/search"), &[]).await.ok();
            assert_eq!(found.as_object().unwrap().values().next().unwrap().as_array().unwrap().len() as u64, count);
        }
    }
}

#[tokio::test]
async fn response_above_the_size_limit_is_rejected_with_a_hint() {
    for version in Version::each() {
        let gateway = Gateway::start(&[
            ("ODOO_GATEWAY__ODOO__0__URL", testbed().url(version)),
            ("ODOO_GATEWAY__ODOO__0__DATABASE", version.database()),
            ("ODOO_GATEWAY__ODOO__0__ANSWER_CAP", "512KiB"),
        ])
        .await;
        let admin = gateway.client().as_user("admin");
        let path = "/restapi/1.0/object/ir.model.fields";
        let problem = admin.get(path, &[("fields", "name,model,ttype,field_description")]).await;
        let problem = problem.problem(400, "answer_too_large");
        assert!(format!("{problem}").contains("limit"), "{problem:#}");
        let some = admin.get(path, &[("fields", "name,model"), ("limit", "100")]).await.ok();
        assert_eq!(some["Fields"].as_array().unwrap().len(), 100);
        gateway.stop().await;
    }
}
