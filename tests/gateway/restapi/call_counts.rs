//! The calls to Odoo that a request makes once the gateway has cached the metadata.

use serde_json::{Value, json};

use super::{MISSING_ID, PARTNERS, TAGS, create, ids_of, unique};
use crate::support::Version;
use crate::support::recording_proxy::recorded_gateway;

const TAG: &str = "res.partner.category";

fn tag_calls(methods: &[&str]) -> Vec<String> {
    methods.iter().map(|method| format!("{TAG}.{method}")).collect()
}

#[tokio::test]
async fn reads_make_one_call() {
    for version in Version::each() {
        let (proxy, gateway, admin) = recorded_gateway(version).await;
        let id = create(&admin, TAGS, json!({"name": unique("cheap")})).await;
        proxy.take_calls();
        let domain = format!("[('id','=',{id}),('parent_id.name','=',False)]");
        let right = if version == Version::Odoo19 { "has_access" } else { "check_access_rights" };
        // The path in the domain needs the metadata of a second field, which may not be cached yet.
        admin.get(TAGS, &[("domain", &domain)]).await.ok();
        proxy.take_calls();
        for (path, query, method) in [
            (format!("{TAGS}/{id}"), vec![], "read"),
            (format!("{TAGS}/{id}"), vec![("fields", "name")], "read"),
            (format!("{TAGS}?ids={id},{id}"), vec![], "read"),
            (TAGS.to_owned(), vec![("domain", domain.as_str()), ("order", "name")], "search_read"),
            (format!("{TAGS}/search"), vec![("domain", domain.as_str()), ("limit", "1")], "search"),
            (format!("{TAGS}/search_count"), vec![("domain", domain.as_str())], "search_count"),
            (TAGS.to_owned(), vec![("count", "True")], "search_count"),
            (format!("{TAGS}/fields_get"), vec![("allfields", "name")], "fields_get"),
            (format!("{TAGS}/check_access_rights"), vec![("operation", "read")], right),
        ] {
            admin.get(&path, &query).await.ok();
            assert_eq!(proxy.take_calls(), tag_calls(&[method]), "{path} {query:?}");
        }
        let french = admin.with_header("X-Odoo-Tz", "Asia/Tokyo");
        french.get(&format!("{TAGS}/{id}"), &[]).await.ok();
        assert_eq!(proxy.take_calls(), tag_calls(&["read"]));
        admin.post(&format!("{TAGS}/{id}/read"), &json!({"args": [["name"]]})).await.ok();
        assert_eq!(proxy.take_calls(), tag_calls(&["read"]));
        admin.post(&format!("{TAGS}/name_search"), &json!({"args": ["x"]})).await.ok();
        assert_eq!(proxy.take_calls(), tag_calls(&["name_search"]));
        gateway.stop().await;
    }
}

#[tokio::test]
async fn writes_make_two_or_three_calls() {
    for version in Version::each() {
        let (proxy, gateway, admin) = recorded_gateway(version).await;
        let id = create(&admin, TAGS, json!({"name": unique("warm")})).await;
        proxy.take_calls();
        let values = json!({"name": unique("dear"), "parent_id": id});
        let first = create(&admin, TAGS, values.clone()).await;
        assert_eq!(proxy.take_calls(), tag_calls(&["create", "read"]));
        let many = admin.post(TAGS, &json!({"vals": vec![values; 20]})).await.ok();
        assert_eq!(proxy.take_calls(), tag_calls(&["create", "read"]), "any number of records");
        let ids = ids_of(&many);
        admin.put(&format!("{TAGS}/{first}"), &json!({"vals": {"color": 2}})).await.ok();
        // All fields contain relations to several records, which are read after the write.
        let one: &[&str] = if version == Version::Odoo19 { &["web_save", "read"] } else { &["read", "write", "read"] };
        assert_eq!(proxy.take_calls(), tag_calls(one));
        admin.put(TAGS, &json!({"ids": [first], "vals": {"color": 3}})).await.ok();
        assert_eq!(proxy.take_calls(), tag_calls(one));
        admin.put(&format!("{TAGS}/{first}"), &json!({"vals": {"child_ids": [[6, 0, []]]}})).await.ok();
        assert_eq!(proxy.take_calls(), tag_calls(&["read", "write", "read"]), "other records can change");
        let missing = admin.put(&format!("{TAGS}/{MISSING_ID}"), &json!({"vals": {"color": 2}})).await;
        missing.problem(404, "record_not_found");
        assert_eq!(proxy.take_calls(), tag_calls(&one[..1]));
        admin.put(TAGS, &json!({"ids": ids, "vals": {"color": 2}})).await.ok();
        assert_eq!(proxy.take_calls(), tag_calls(&["read", "write", "read"]));
        admin.delete(&format!("{TAGS}/{first}"), &[]).await.ok();
        assert_eq!(proxy.take_calls(), tag_calls(&["read", "unlink"]));
        admin.delete(TAGS, &[("ids", &Value::from(ids).to_string())]).await.ok();
        assert_eq!(proxy.take_calls(), tag_calls(&["read", "unlink"]));
        gateway.stop().await;
    }
}

#[tokio::test]
async fn requests_that_the_gateway_rejects_make_no_call() {
    for version in Version::each() {
        let (proxy, gateway, admin) = recorded_gateway(version).await;
        create(&admin, TAGS, json!({"name": unique("free")})).await;
        proxy.take_calls();
        for path in [
            format!("{TAGS}/0"),
            format!("{TAGS}/2147483648"),
            format!("{TAGS}?ids=0"),
            format!("{TAGS}?limit=0"),
            format!("{TAGS}?domain=[('name','~','x')]"),
            format!("{TAGS}?fields=nmae"),
            format!("{TAGS}?order=name sideways"),
            format!("{TAGS}?context={{'tz':'Mars'}}"),
        ] {
            let response = admin.get(&path, &[]).await;
            assert!([400, 404].contains(&response.status), "{path}: {}", response.text);
        }
        admin.get(&format!("{TAGS}?ids="), &[]).await.ok();
        admin.put(&format!("{TAGS}/1"), &json!({"vals": {"parent_id": "abc"}})).await.problem(400, "invalid_value");
        admin.post(&format!("{TAGS}/_private"), &json!({})).await.problem(403, "private_method");
        admin.post(&format!("{TAGS}/sudo"), &json!({})).await.problem(403, "private_method");
        admin.delete(TAGS, &[]).await.problem(400, "missing_parameter");
        assert_eq!(proxy.take_calls(), [""; 0]);
        gateway.stop().await;
    }
}

#[tokio::test]
async fn first_request_fetches_the_metadata_once() {
    for version in Version::each() {
        let (proxy, gateway, admin) = recorded_gateway(version).await;
        admin.get(&format!("{PARTNERS}/1"), &[("fields", "name")]).await.ok();
        let mut cold = proxy.take_calls();
        cold.sort();
        assert!(cold.len() <= 6, "authentication, version, preferences, fields, label, read: {cold:?}");
        assert_eq!(cold.iter().filter(|call| *call == "authenticate").count(), 1);
        admin.get(&format!("{PARTNERS}/1"), &[("fields", "name")]).await.ok();
        assert_eq!(proxy.take_calls(), ["res.partner.read"]);
        gateway.stop().await;
    }
}
