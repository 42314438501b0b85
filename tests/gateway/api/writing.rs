//! Create, update, delete: the body is the record.

use reqwest::Method;
use serde_json::json;

use super::{PARTNERS, TAGS, admin, create, new_tag};
use crate::support::{Version, client::send, unique};

#[tokio::test]
async fn record_is_created_updated_and_deleted_with_the_documented_messages() {
    for version in Version::each() {
        let (client, name) = (admin(version), unique("tag"));
        let created = client.post(&format!("{TAGS}/create"), &json!({"name": name})).await.ok();
        let id = created["id"].as_i64().unwrap();
        assert_eq!(created, json!({"id": id, "message": "Record created successfully."}));
        let path = format!("{TAGS}/{id}");
        let updated = client.put(&path, &json!({"color": 7, "active": false})).await.ok();
        assert_eq!(updated, json!({"message": "Record updated successfully."}));
        let record = client.get(&path, &[("fields", "name,color,active")]).await.ok();
        assert_eq!(record, json!({"id": id, "name": name, "color": 7, "active": false}));
        assert_eq!(client.delete(&path, &[]).await.ok(), json!({"message": "Record deleted successfully."}));
        client.get(&path, &[]).await.api_problem(404, "record_not_found");
    }
}

#[tokio::test]
async fn member_named_context_is_a_field_and_the_context_is_in_the_query() {
    let client = admin(Version::Odoo19);
    let body = json!({"name": unique("tag"), "context": {"lang": "fr_FR"}});
    let error = client.post(&format!("{TAGS}/create"), &body).await.api_problem(400, "unknown_field");
    assert!(error.contains("context"), "{error}");
    let (tag, name) = new_tag(Version::Odoo19).await;
    let path = format!("{TAGS}/{tag}?context=%7B'lang':'fr_FR'%7D");
    client.put(&path, &json!({"name": format!("{name} fr")})).await.ok();
    let english = client.get(&format!("{TAGS}/{tag}"), &[("fields", "name")]).await.ok();
    assert_eq!(english["name"], json!(name), "only the French name has changed");
}

#[tokio::test]
async fn form_values_are_parsed_by_field_type() {
    for version in Version::each() {
        let client = admin(version);
        let (tag, _) = new_tag(version).await;
        let name = unique("partner");
        let form = [
            ("name", name.as_str()),
            ("is_company", "true"),
            ("color", "4"),
            ("category_id", &format!("[(6, 0, [{tag}])]")),
            ("partner_latitude", "1.5"),
        ];
        let created = send(client.request(Method::POST, &format!("{PARTNERS}/create")).form(&form)).await.ok();
        let path = format!("{PARTNERS}/{}", created["id"]);
        let fields = "name,is_company,color,category_id,partner_latitude";
        let record = client.get(&path, &[("fields", fields)]).await.ok();
        let expected = json!({
            "id": created["id"], "name": name, "is_company": true, "color": 4, "category_id": [tag],
            "partner_latitude": 1.5
        });
        assert_eq!(record, expected);
    }
}

#[tokio::test]
async fn file_in_a_multipart_form_is_stored_in_a_binary_field() {
    let client = admin(Version::Odoo19);
    let partner = create(&client, PARTNERS, &json!({"name": unique("partner")})).await;
    let boundary = "----a-boundary";
    let body = format!(
        "--{boundary}\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\nfile.txt\r\n\
         --{boundary}\r\nContent-Disposition: form-data; name=\"res_model\"\r\n\r\nres.partner\r\n\
         --{boundary}\r\nContent-Disposition: form-data; name=\"res_id\"\r\n\r\n{partner}\r\n\
         --{boundary}\r\nContent-Disposition: form-data; name=\"datas\"; filename=\"file.txt\"\r\n\
         Content-Type: text/plain\r\n\r\nhello\r\n--{boundary}--\r\n"
    );
    let request = client.request(Method::POST, "/api/ir.attachment/create");
    let request = request.header("Content-Type", format!("multipart/form-data; boundary={boundary}")).body(body);
    let id = send(request).await.ok()["id"].clone();
    let attachment = client.get(&format!("/api/ir.attachment/{id}"), &[("fields", "name,res_id,datas")]).await.ok();
    assert_eq!(attachment, json!({"id": id, "name": "file.txt", "res_id": partner, "datas": "aGVsbG8="}));
}

#[tokio::test]
async fn lines_are_created_with_named_and_numeric_commands() {
    for version in Version::each() {
        let client = admin(version);
        for children in [json!([[0, 0, {"name": "by command"}]]), json!({"create": [{"name": "by verb"}]})] {
            let parent = create(&client, PARTNERS, &json!({"name": unique("partner"), "child_ids": children})).await;
            let record = client.get(&format!("{PARTNERS}/{parent}"), &[("fields", "child_ids")]).await.ok();
            assert_eq!(record["child_ids"].as_array().unwrap().len(), 1, "{record}");
        }
    }
}

#[tokio::test]
async fn nothing_is_written_if_a_value_or_an_id_is_invalid() {
    for version in Version::each() {
        let client = admin(version);
        let path = format!("{TAGS}/create");
        client.post(&path, &json!({"name": "x", "color": "red"})).await.api_problem(400, "invalid_value");
        client.post(&path, &json!({"nmae": "x"})).await.api_problem(400, "unknown_field");
        client.post(&path, &json!({})).await.api_problem(422, "missing_value");
        let nowhere = format!("{TAGS}/2147483647");
        client.put(&nowhere, &json!({"color": 1})).await.api_problem(404, "record_not_found");
        client.delete(&nowhere, &[]).await.api_problem(404, "record_not_found");
    }
}
