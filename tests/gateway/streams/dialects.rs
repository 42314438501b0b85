//! Every dialect exports rows with its own value formats.

use serde_json::json;

use super::{CSV, NDJSON, TAGS, admin, create};
use crate::support::{Version, unique};

#[tokio::test]
async fn api_exports_iso_8601_datetimes() {
    for version in Version::each() {
        let name = unique("of b");
        let id = create(&admin(version), TAGS, &[json!({"name": name})]).await[0];
        let query = [("domain", &*format!("[('id','=',{id})]")), ("fields", "name,create_date,parent_id")];
        let path = "/api/res.partner.category/search";
        let whole = admin(version).get(path, &query).await.ok();
        let created = whole[0]["create_date"].as_str().unwrap();
        assert_eq!(created.as_bytes()[10], b'T');
        let csv = admin(version).with_header("Accept", CSV).get(path, &query).await;
        assert_eq!(csv.header("content-type"), "text/csv; charset=utf-8");
        assert_eq!(csv.text, format!("id,name,create_date,parent_id\r\n{id},{name},{created},\r\n"));
        let ndjson = admin(version).with_header("Accept", NDJSON).get(path, &query).await;
        assert_eq!(ndjson.text, format!("{}\n", whole[0]));
    }
}

#[tokio::test]
async fn api_v1_exports_plain_ids_and_related_records() {
    for version in Version::each() {
        let name = unique("of d");
        let parent = create(&admin(version), TAGS, &[json!({"name": name})]).await[0];
        let child = create(&admin(version), TAGS, &[json!({"name": "x", "parent_id": parent})]).await[0];
        let path = "/api/v1/res.partner.category";
        let filter = format!("[('id','in',[{parent},{child}])]");
        let query = [("filter", filter.as_str()), ("query", "{name, parent_id{id, name}, child_ids, parent_path}")];
        let ndjson = admin(version).with_header("Accept", NDJSON);
        let lines = ndjson.get(path, &query).await;
        assert_eq!(
            lines.text,
            format!(
                "{{\"name\":\"{name}\",\"parent_id\":false,\"child_ids\":[{child}],\"parent_path\":\"{parent}/\"}}\n\
                 {{\"name\":\"x\",\"parent_id\":{{\"id\":{parent},\"name\":\"{name}\"}},\"child_ids\":[],\
                 \"parent_path\":\"{parent}/{child}/\"}}\n"
            )
        );
        let search = admin(version).with_header("Accept", CSV);
        let body = json!({"domain": [["id", "in", [parent, child]]], "fields": ["name", "parent_id"]});
        let rows = search.post(&format!("{path}/search"), &body).await;
        assert_eq!(rows.text, format!("id,name,parent_id\r\n{parent},{name},\r\n{child},x,{parent}\r\n"));
    }
}

#[tokio::test]
async fn api_v1_exports_have_no_size_limit_but_support_pages() {
    for version in Version::each() {
        let (name, path) = (unique("many of d"), "/api/v1/res.partner.category");
        let tags: Vec<_> = (0..1100).map(|n| json!({"name": format!("{name} {n}")})).collect();
        create(&admin(version), TAGS, &tags).await;
        let filter = format!("[('name','like','{name}')]");
        let ndjson = admin(version).with_header("Accept", NDJSON);
        for (more, count) in
            [(("query", "{id}"), 1100), (("page_size", "300"), 300), (("limit", "7"), 7), (("page", "2"), 100)]
        {
            let rows = ndjson.get(path, &[("filter", filter.as_str()), more]).await;
            assert_eq!(rows.text.lines().count(), count, "{more:?}");
        }
        let whole = admin(version).get(path, &[("filter", filter.as_str()), ("query", "{id}")]).await.ok();
        assert_eq!(whole["data"]["records"].as_array().unwrap().len(), 1000);
        let body = json!({"domain": [["name", "like", name]], "fields": ["id"]});
        let found = ndjson.post(&format!("{path}/search"), &body).await;
        assert_eq!(found.text.lines().count(), 1100);
    }
}
