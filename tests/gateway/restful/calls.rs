//! The calls to Odoo that a request makes once the gateway has cached the metadata.

use serde_json::json;

use super::{ORDERS, PARTNERS, SETTINGS, TAGS, create, unique};
use crate::support::recording_proxy::RecordingProxy;
use crate::support::{Client, Gateway, Version, testbed};

/// A gateway whose calls to Odoo are recorded, and a client as the administrator.
async fn recorded_gateway(version: Version) -> (RecordingProxy, Gateway, Client) {
    let proxy = RecordingProxy::in_front_of(testbed().url(version)).await;
    let url = proxy.url();
    let mut settings =
        vec![("ODOO_GATEWAY__ODOO__0__URL", url.as_str()), ("ODOO_GATEWAY__ODOO__0__DATABASE", version.database())];
    settings.extend(SETTINGS);
    let gateway = Gateway::start(&settings).await;
    let admin = gateway.client().as_user("admin");
    (proxy, gateway, admin)
}

fn tag_calls(methods: &[&str]) -> Vec<String> {
    methods.iter().map(|method| format!("res.partner.category.{method}")).collect()
}

#[tokio::test]
async fn responses_without_a_schema_make_the_same_calls_as_other_dialects() {
    for version in Version::each() {
        let (proxy, gateway, admin) = recorded_gateway(version).await;
        let id = create(&admin, PARTNERS, json!({"name": unique("flat")})).await;
        let path = format!("{PARTNERS}/{id}");
        admin.get(&path, &[]).await.ok();
        admin.get(PARTNERS, &[("id", &id.to_string())]).await.ok();
        proxy.take_calls();
        admin.get(&path, &[]).await.ok();
        assert_eq!(proxy.take_calls(), ["res.partner.read"]);
        admin.get(PARTNERS, &[("id", &id.to_string()), ("create_date_start", "2020-01-01")]).await.ok();
        assert_eq!(proxy.take_calls(), ["res.partner.search_read"]);
        admin.get(PARTNERS, &[("fields", "name,country_id"), ("limit", "5")]).await.ok();
        assert_eq!(proxy.take_calls(), ["res.partner.search_read"]);
        admin.put(&path, &json!({"city": "Ghent"})).await.ok();
        let update: &[&str] = match version {
            Version::Odoo19 | Version::Odoo20 => &["res.partner.web_save"],
            Version::Odoo14 => &["res.partner.read", "res.partner.write", "res.partner.read"],
        };
        assert_eq!(proxy.take_calls(), update);
        admin.post(&format!("{path}/read"), &json!({"fields": ["name"]})).await.ok();
        assert_eq!(proxy.take_calls(), ["res.partner.read"]);
        admin.delete(&path, &[]).await.ok();
        assert_eq!(proxy.take_calls(), ["res.partner.read", "res.partner.unlink"]);
        gateway.stop().await;
    }
}

#[tokio::test]
async fn nested_schemas_make_one_call_or_one_per_level_and_model() {
    for version in Version::each() {
        let (proxy, gateway, admin) = recorded_gateway(version).await;
        let parent = create(&admin, TAGS, json!({"name": unique("parent")})).await;
        let child = create(&admin, TAGS, json!({"name": unique("child"), "parent_id": parent})).await;
        let path = format!("{TAGS}/{child}");
        admin.get(&path, &[]).await.ok();
        admin.get(TAGS, &[("limit", "1000")]).await.ok();
        proxy.take_calls();
        admin.get(&path, &[]).await.ok();
        let nests = version == Version::Odoo19;
        assert_eq!(proxy.take_calls(), tag_calls(if nests { &["web_read"] } else { &["read", "read"] }));
        admin.get(&format!("{TAGS}/{parent}"), &[]).await.ok();
        assert_eq!(proxy.take_calls(), tag_calls(if nests { &["web_read"] } else { &["read"] }), "no related records");
        admin.get(TAGS, &[("limit", "50")]).await.ok();
        assert_eq!(proxy.take_calls(), tag_calls(if nests { &["web_search_read"] } else { &["search_read", "read"] }));
        admin.post(TAGS, &json!({"name": unique("made"), "child_ids": [[0, 0, {"name": unique("x")}]]})).await.ok();
        assert_eq!(
            proxy.take_calls(),
            tag_calls(if nests { &["create", "web_read"] } else { &["create", "read", "read"] })
        );
        gateway.stop().await;
    }
}

#[tokio::test]
async fn call_count_of_the_manuals_schema_is_independent_of_the_number_of_orders() {
    for version in Version::each() {
        let (proxy, gateway, admin) = recorded_gateway(version).await;
        admin.get(ORDERS, &[]).await.ok();
        proxy.take_calls();
        let mut costs = Vec::new();
        for limit in ["5", "20"] {
            let orders = admin.get(ORDERS, &[("limit", limit), ("order", "id")]).await.ok();
            assert_eq!(orders.as_array().unwrap().len().to_string(), limit);
            costs.push(proxy.take_calls().len());
        }
        // Partners, users and lines of orders; products and taxes of lines; categories and attributes of products;
        // payment terms if an order has one.
        let most = if version == Version::Odoo19 { 1 } else { 9 };
        assert!(costs.iter().all(|cost| (1..=most).contains(cost)), "{version:?} {costs:?}");
        gateway.stop().await;
    }
}

#[tokio::test]
async fn requests_that_the_gateway_rejects_make_no_call() {
    for version in Version::each() {
        let (proxy, gateway, admin) = recorded_gateway(version).await;
        admin.get(PARTNERS, &[("limit", "1"), ("fields", "name")]).await.ok();
        proxy.take_calls();
        for query in [("color", "red"), ("create_date_end", "soon"), ("limit", "0"), ("country_id", "x")] {
            let response = admin.get(PARTNERS, &[query]).await;
            assert_eq!(response.status, 400, "{query:?}: {}", response.text);
        }
        admin.get("/restful/api/v1/res.country", &[]).await.problem(403, "model_not_enabled");
        admin.post(PARTNERS, &json!({"color": "red"})).await.problem(400, "invalid_value");
        assert_eq!(proxy.take_calls(), [""; 0]);
        gateway.stop().await;
    }
}

#[tokio::test]
async fn fields_that_one_call_writes_are_returned_as_they_are_read() {
    for version in Version::each() {
        let (proxy, gateway, admin) = recorded_gateway(version).await;
        let path = format!("{PARTNERS}/{}", create(&admin, PARTNERS, json!({"name": unique("whole")})).await);
        let values = json!({
            "city": " Ghent\r\n<&> ", "color": 3, "employee": true, "partner_latitude": 1.234_567_891,
            "user_id": 2, "ref": "", "website": "example.com", "lang": "en_US", "partner_longitude": 0.1,
        });
        admin.put(&path, &json!({"color": 1})).await.ok();
        proxy.take_calls();
        let written = admin.put(&path, &values).await;
        assert_eq!((written.header("x-omitted-fields"), written.header("x-read-back")), ("", ""));
        let calls: &[&str] = if version == Version::Odoo19 { &["web_save"] } else { &["read", "write", "read"] };
        assert_eq!(proxy.take_calls(), calls.iter().map(|call| format!("res.partner.{call}")).collect::<Vec<_>>());
        let written = written.ok();
        let names: Vec<&str> = values.as_object().unwrap().keys().map(String::as_str).collect();
        let read = admin.get(&path, &[("fields", &names.join(","))]).await.ok();
        assert_eq!(written.as_object().unwrap().len(), names.len() + 1, "with the id: {written}");
        for name in names {
            assert_eq!(written[name], read[name], "{name}");
        }
        assert_eq!(written["user_id"]["id"], 2);
        gateway.stop().await;
    }
}

#[tokio::test]
async fn creation_that_returns_simple_fields_makes_two_calls() {
    for version in Version::each() {
        let proxy = RecordingProxy::in_front_of(testbed().url(version)).await;
        let url = proxy.url();
        let schema = "{id, name, color, parent_id, display_name}";
        let settings = [
            ("ODOO_GATEWAY__ODOO__0__URL", url.as_str()),
            ("ODOO_GATEWAY__ODOO__0__DATABASE", version.database()),
            ("ODOO_GATEWAY__RESTFUL__MODELS__res.partner.category__READ", ""),
            ("ODOO_GATEWAY__RESTFUL__MODELS__res.partner.category__CREATE", schema),
        ];
        let gateway = Gateway::start(&settings).await;
        let admin = gateway.client().as_user("admin");
        let (parent_name, name) = (unique("parent"), unique("made"));
        let parent = create(&admin, TAGS, json!({"name": parent_name})).await;
        proxy.take_calls();
        let created = admin.post(TAGS, &json!({"name": name, "color": 4, "parent_id": parent})).await;
        assert_eq!(proxy.take_calls(), tag_calls(&["create", "read"]));
        let created = created.ok();
        let expected = json!({
            "id": created["id"], "name": name, "color": 4, "parent_id": {"id": parent, "name": parent_name},
            "display_name": format!("{parent_name} / {name}"),
        });
        assert_eq!(created, expected);
        admin.post(TAGS, &json!({"color": 1})).await.problem(422, "missing_value");
        assert_eq!(proxy.take_calls(), tag_calls(&["create"]));
        gateway.stop().await;
    }
}
