//! Values of binary fields and attachments on Odoo 20. A caller sees no difference: the same requests get the same
//! files from Odoo 19 and from Odoo 20.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::client::send;
use crate::support::recording_proxy::recorded_gateway;
use crate::support::{Client, Gateway, Version, unique};

/// The smallest GIF.
const GIF: &str = "R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7";
const PARTNER: &str = "res.partner";
const ATTACHMENT: &str = "ir.attachment";

async fn gateway(version: Version) -> (Gateway, Client) {
    let restful = [("ODOO_GATEWAY__RESTFUL__MODELS__*__READ", "")];
    let gateway = Gateway::start_with_database(version, version.database(), &restful).await;
    let admin = gateway.client().as_user("admin");
    (gateway, admin)
}

/// What the requests find on Odoo 19 and on Odoo 20.
async fn on_both<T>(requests: impl AsyncFn(Client) -> T) -> [T; 2] {
    let mut found = Vec::new();
    for version in [Version::Odoo19, Version::Odoo20] {
        eprintln!("with {version:?}");
        let (gateway, admin) = gateway(version).await;
        found.push(requests(admin).await);
        gateway.stop().await;
    }
    found.try_into().unwrap_or_else(|_| panic!("two versions"))
}

async fn create(client: &Client, model: &str, values: Value) -> i64 {
    client.post(&format!("/api/{model}/create"), &values).await.ok()["id"].as_i64().unwrap()
}

/// The values of all files in a response, by name.
fn files(value: &Value) -> Vec<(String, Value)> {
    fn collect(value: &Value, found: &mut Vec<(String, Value)>) {
        match value {
            Value::Array(items) => items.iter().for_each(|item| collect(item, found)),
            Value::Object(members) => {
                for (name, value) in members {
                    let is_image = name.starts_with("image_") || name.starts_with("avatar_");
                    if is_image || matches!(name.as_str(), "datas" | "db_datas" | "raw") {
                        found.push((name.clone(), value.clone()));
                    }
                    collect(value, found);
                }
            }
            _ => {}
        }
    }
    let mut found = Vec::new();
    collect(value, &mut found);
    found.sort_by(|one, other| one.0.cmp(&other.0));
    found
}

/// The value of the first member of this name.
fn find<'v>(value: &'v Value, name: &str) -> Option<&'v Value> {
    match value {
        Value::Array(items) => items.iter().find_map(|item| find(item, name)),
        Value::Object(members) => members.get(name).or_else(|| members.values().find_map(|member| find(member, name))),
        _ => None,
    }
}

/// A request for one record, or for a list of it, in each dialect.
fn requests_for(model: &str, id: i64) -> [(String, &'static str, String); 8] {
    let domain = format!("[('id','=',{id})]");
    [
        (format!("/restapi/1.0/object/{model}/{id}"), "fields", String::new()),
        (format!("/api/{model}/{id}"), "fields", String::new()),
        (format!("/restful/api/v1/{model}/{id}"), "fields", String::new()),
        (format!("/api/v1/{model}/{id}"), "query", String::new()),
        (format!("/restapi/1.0/object/{model}"), "fields", domain.clone()),
        (format!("/api/{model}/search"), "fields", domain.clone()),
        (format!("/restful/api/v1/{model}"), "fields", domain.clone()),
        (format!("/api/v1/{model}"), "query", domain),
    ]
}

/// The responses to these requests; `fields` is empty for all fields.
async fn responses(client: &Client, model: &str, id: i64, fields: &str, context: &str) -> Vec<Value> {
    let mut found = Vec::new();
    for (path, parameter, domain) in requests_for(model, id) {
        let in_braces = format!("{{{fields}}}");
        let (domain_name, fields) =
            if parameter == "query" { ("filter", in_braces.as_str()) } else { ("domain", fields) };
        let query = [(domain_name, domain.as_str()), (parameter, fields), ("context", context)];
        let query: Vec<_> = query.into_iter().filter(|(_, value)| !matches!(*value, "" | "{}")).collect();
        found.push(client.get(&path, &query).await.ok());
    }
    found
}

/// Status, media type, name and content of a file.
async fn download(client: &Client, path: &str) -> (u16, String, String, Vec<u8>) {
    let response = client.request(Method::GET, path).send().await.unwrap();
    let header =
        |name: &str| response.headers().get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default();
    let (status, kind, name) = (response.status().as_u16(), header("content-type"), header("content-disposition"));
    (status, kind, name, response.bytes().await.unwrap().to_vec())
}

#[tokio::test]
async fn images_read_the_same_in_every_dialect() {
    let [odoo_19, odoo_20] = on_both(async |admin| {
        let parent = create(&admin, PARTNER, json!({"name": unique("file"), "image_1920": GIF})).await;
        let child = create(&admin, PARTNER, json!({"name": unique("file"), "parent_id": parent})).await;
        let mut found: Vec<(&str, Vec<(String, Value)>)> = Vec::new();
        for (what, fields, context) in [
            ("named", "image_128,image_1920", ""),
            ("named sizes", "image_128,image_1920", r#"{"bin_size": true}"#),
            ("all", "", ""),
            ("all with content", "", r#"{"bin_size": false}"#),
        ] {
            let responses = responses(&admin, PARTNER, parent, fields, context).await;
            found.extend(responses.iter().map(|response| (what, files(response))));
        }
        for (path, query) in [
            (format!("/api/v1/{PARTNER}/{child}"), vec![("query", "{id, parent_id{id, image_128}}".to_owned())]),
            (
                format!("/api/v1/{PARTNER}"),
                vec![("filter", format!("[('id','=',{parent})]")), ("query", "{child_ids{name}, image_128}".into())],
            ),
        ] {
            let query: Vec<_> = query.iter().map(|(name, value)| (*name, value.as_str())).collect();
            found.push(("nested", files(&admin.get(&path, &query).await.ok())));
        }
        let (status, kind, _, content) = download(&admin, &format!("/api/v1/{PARTNER}/{parent}/image_1920")).await;
        assert_eq!((status, kind.as_str(), BASE64.encode(&content).as_str()), (200, "image/gif", GIF));
        found
    })
    .await;
    assert_eq!(odoo_20.len(), odoo_19.len());
    for (on_20, on_19) in odoo_20.iter().zip(&odoo_19) {
        assert_eq!(on_20, on_19);
    }
    let values = |what: &str| -> Vec<&Value> {
        let found = odoo_20.iter().filter(|(label, _)| *label == what).flat_map(|(_, files)| files);
        found.map(|(_, value)| value).collect()
    };
    assert_eq!(values("named"), [&json!(GIF); 16]);
    assert_eq!(values("named sizes"), [&json!("42.00 bytes"); 16]);
    assert_eq!(values("nested"), [&json!(GIF); 2]);
    let all = values("all");
    assert!(all.contains(&&json!(GIF)) && all.contains(&&json!("42.00 bytes")), "{all:?}");
}

#[tokio::test]
async fn exports_contain_the_same_files() {
    let [odoo_19, odoo_20] = on_both(async |admin| {
        let name = unique("file");
        for _ in 0..2 {
            create(&admin, PARTNER, json!({"name": name, "image_1920": GIF})).await;
        }
        let domain = format!("[('name','=','{name}')]");
        let export = async |accept: &str, more: &[(&str, &str)]| {
            let query: Vec<_> = [("domain", domain.as_str())].iter().chain(more).copied().collect();
            let response = admin.with_header("Accept", accept).get("/restapi/1.0/object/res.partner", &query).await;
            assert_eq!(response.status, 200, "{}", response.text);
            response.text
        };
        let named = export("text/csv", &[("fields", "image_128,image_1920")]).await;
        let sizes = export("text/csv", &[("fields", "image_1920"), ("context", r#"{"bin_size": true}"#)]).await;
        let all = export("application/x-ndjson", &[]).await;
        let without_ids = |text: &str| text.lines().map(|line| line.split_once(',').unwrap().1.to_owned()).collect();
        let [named, sizes]: [Vec<String>; 2] = [without_ids(&named), without_ids(&sizes)];
        (named, sizes, all.lines().map(|line| files(&serde_json::from_str(line).unwrap())).collect::<Vec<_>>())
    })
    .await;
    assert_eq!(odoo_20, odoo_19);
    let row = format!("{GIF},{GIF}");
    assert_eq!(odoo_20.0, ["image_128,image_1920", row.as_str(), row.as_str()]);
    assert_eq!(odoo_20.1, ["image_1920", "42.00 bytes", "42.00 bytes"]);
    assert_eq!(odoo_20.2.len(), 2);
    assert!(odoo_20.2[0].contains(&("image_1920".into(), json!("42.00 bytes"))));
}

#[tokio::test]
async fn products_have_the_same_fields_with_the_same_files() {
    let [odoo_19, odoo_20] = on_both(async |admin| {
        let id = create(&admin, "product.template", json!({"name": unique("file"), "image_1920": GIF})).await;
        let responses = responses(&admin, "product.template", id, "", "").await;
        let names =
            |response: &Value| first_record(response).as_object().unwrap().keys().cloned().collect::<Vec<String>>();
        responses.iter().map(|response| (names(response), files(response))).collect::<Vec<_>>()
    })
    .await;
    for (on_20, on_19) in odoo_20.iter().zip(&odoo_19) {
        assert_eq!(on_20, on_19);
    }
    assert!(odoo_20.iter().filter(|(names, _)| names.contains(&"image_1920".to_owned())).count() >= 4);
}

/// The innermost object that has the fields of a product.
fn first_record(value: &Value) -> &Value {
    match value {
        Value::Array(items) => first_record(&items[0]),
        Value::Object(members) if members.contains_key("list_price") => value,
        Value::Object(members) => {
            first_record(members.values().find(|member| find(member, "list_price").is_some()).expect("a product"))
        }
        _ => panic!("{value}"),
    }
}

#[tokio::test]
async fn list_of_all_fields_reads_sizes_apart_and_no_content() {
    let (proxy, gateway, admin) = recorded_gateway(Version::Odoo20).await;
    let id = create(&admin, PARTNER, json!({"name": unique("file"), "image_1920": GIF})).await;
    let domain = format!("[('id','=',{id})]");
    let list = async |fields: &str| {
        let query = [("domain", domain.as_str()), ("fields", fields)];
        let query: Vec<_> = query.into_iter().filter(|(_, value)| !value.is_empty()).collect();
        admin.get("/restapi/1.0/object/res.partner", &query).await.ok()
    };
    // The first request also fetches metadata, and counts.
    list("").await;
    proxy.take_calls();
    let found = list("").await;
    assert_eq!(find(&found, "image_1920"), Some(&json!("42.00 bytes")));
    let calls = proxy.take_calls_with_bodies();
    let names: Vec<&str> = calls.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["res.partner.search_read", "res.partner.web_read"]);
    let (records, sizes) = (&calls[0].1, &calls[1].1);
    assert!(records.contains("<string>email</string>") && !records.contains("image_1920"), "{records}");
    assert!(sizes.contains("<name>image_1920</name>") && !sizes.contains("email"), "{sizes}");
    list("name").await;
    proxy.take_calls();
    list("name").await;
    assert_eq!(proxy.take_calls(), ["res.partner.search_read"]);
    gateway.stop().await;
}

#[tokio::test]
async fn attachments_are_uploaded_and_downloaded_the_same() {
    let [odoo_19, odoo_20] = on_both(async |admin| {
        let mut found = Vec::new();
        for field in ["datas", "raw"] {
            let values = json!({"name": "a.bin", "mimetype": "application/x-thing", (field): BASE64.encode("hello")});
            for (path, body) in [
                ("/restapi/1.0/object/ir.attachment", json!({"vals": values})),
                ("/api/ir.attachment/create", values.clone()),
                ("/restful/api/v1/ir.attachment", values.clone()),
                ("/api/v1/ir.attachment", json!({"data": values})),
            ] {
                let created = admin.post(path, &body).await.ok();
                let id = find(&created, "id").and_then(Value::as_i64).unwrap();
                let mut seen = vec![files(&created)];
                let named = responses(&admin, ATTACHMENT, id, "datas", "").await;
                seen.extend(named.iter().chain(&responses(&admin, ATTACHMENT, id, "", "").await).map(files));
                let file = format!("/api/v1/{ATTACHMENT}/{id}/datas");
                let uploaded = download(&admin, &file).await;
                let written = json!({(field): BASE64.encode("changed")});
                seen.push(files(&admin.put(&format!("/api/{ATTACHMENT}/{id}"), &written).await.ok()));
                found.push((path, field, seen, uploaded, download(&admin, &file).await));
            }
        }
        found
    })
    .await;
    for (on_20, on_19) in odoo_20.iter().zip(&odoo_19) {
        assert_eq!(on_20, on_19);
    }
    for (path, field, seen, uploaded, changed) in &odoo_20 {
        let datas = seen.iter().flatten().filter(|(name, value)| name == "datas" && *value == BASE64.encode("hello"));
        assert!(datas.count() >= 8, "{path} {field}: {seen:?}");
        assert!(seen.iter().flatten().all(|(name, _)| name != "raw"), "{path} {field}: {seen:?}");
        let name = "attachment; filename=\"a.bin\"";
        // Odoo derives the type of changed content.
        for (file, kind, content) in [(uploaded, "application/x-thing", "hello"), (changed, "text/plain", "changed")] {
            assert_eq!((file.0, file.1.as_str(), file.2.as_str()), (200, kind, name));
            assert_eq!(file.3, content.as_bytes(), "{path} {field}");
        }
    }
}

#[tokio::test]
async fn file_in_a_form_and_base64_with_line_breaks_are_stored() {
    let (gateway, admin) = gateway(Version::Odoo20).await;
    let form = "--b\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\na.txt\r\n\
                --b\r\nContent-Disposition: form-data; name=\"datas\"; filename=\"a.txt\"\r\n\r\nhello\r\n--b--\r\n";
    let request = admin.request(Method::POST, "/api/ir.attachment/create");
    let request = request.header("Content-Type", "multipart/form-data; boundary=b").body(form);
    let in_form = send(request).await.ok()["id"].as_i64().unwrap();
    let values = json!({"name": "a.txt", "raw": "aGVs\r\nbG8=\n"});
    for id in [in_form, create(&admin, ATTACHMENT, values).await] {
        let read = admin.get(&format!("/api/{ATTACHMENT}/{id}"), &[("fields", "datas")]).await.ok();
        assert_eq!(read["datas"], "aGVsbG8=");
    }
    for (model, field) in [(ATTACHMENT, "datas"), (ATTACHMENT, "raw"), (PARTNER, "image_1920")] {
        for invalid in ["no base64!", "aGVsbG8", "aGVsbG8=aGk="] {
            let response = admin.post(&format!("/api/{model}/create"), &json!({"name": "x", (field): invalid})).await;
            let message = response.api_problem(400, "invalid_value");
            assert!(message.contains(&format!("{field}: expected base64")), "{message}");
        }
    }
    gateway.stop().await;
}

#[tokio::test]
async fn raw_is_readable_and_files_have_names_since_odoo_20() {
    let (gateway, admin) = gateway(Version::Odoo20).await;
    let file = json!({"content": "aGVsbG8=", "filename": "hello.txt", "size": 5});
    let id = create(&admin, ATTACHMENT, json!({"name": "x", "datas": file})).await;
    let path = format!("/api/{ATTACHMENT}/{id}");
    let read = async || admin.get(&path, &[("fields", "name,raw,datas")]).await.ok();
    assert_eq!(read().await, json!({"id": id, "name": "hello.txt", "raw": "aGVsbG8=", "datas": "aGVsbG8="}));
    let (status, _, name, content) = download(&admin, &format!("/api/v1/{ATTACHMENT}/{id}/raw")).await;
    assert_eq!((status, content.as_slice()), (200, b"hello".as_slice()));
    assert!(name.ends_with("filename=\"hello.txt\""), "{name}");
    admin.put(&path, &json!({"raw": {"filename": "b.txt"}})).await.ok();
    assert_eq!(read().await, json!({"id": id, "name": "b.txt", "raw": "aGVsbG8=", "datas": "aGVsbG8="}));
    gateway.stop().await;
}

#[tokio::test]
async fn names_of_files_are_rejected_before_odoo_20() {
    let (gateway, admin) = gateway(Version::Odoo19).await;
    let file = json!({"content": "aGVsbG8=", "filename": "hello.txt"});
    let rejected = admin.post("/api/ir.attachment/create", &json!({"name": "x", "datas": file})).await;
    let message = rejected.api_problem(400, "invalid_value");
    assert!(message.contains("datas.filename: the name of a file needs Odoo 20 or later"), "{message}");
    let id = create(&admin, ATTACHMENT, json!({"name": "x", "datas": {"content": "aGVsbG8="}})).await;
    let read = admin.get(&format!("/api/{ATTACHMENT}/{id}"), &[("fields", "datas")]).await.ok();
    assert_eq!(read["datas"], "aGVsbG8=");
    gateway.stop().await;
}

#[tokio::test]
async fn method_calls_return_what_the_version_returns() {
    let [odoo_19, odoo_20] = on_both(async |admin| {
        let id = create(&admin, PARTNER, json!({"name": unique("file"), "image_1920": GIF})).await;
        let path = format!("/restapi/1.0/object/{PARTNER}/{id}/read");
        let read = admin.post(&path, &json!({"args": [["image_1920"]]})).await.ok();
        find(&read, "image_1920").cloned().expect("the image")
    })
    .await;
    assert_eq!(odoo_19, GIF);
    assert_eq!((&odoo_20["content"], &odoo_20["size"]), (&json!(GIF), &json!(42)));
}
