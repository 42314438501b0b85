//! The calls to Odoo that a request makes once the gateway has cached the metadata.

use serde_json::json;

use super::{TAGS, create};
use crate::support::recording_proxy::recorded_gateway;
use crate::support::{Version, unique};

#[tokio::test]
async fn each_request_makes_the_documented_calls() {
    for version in Version::each() {
        let (proxy, gateway, admin) = recorded_gateway(version).await;
        let id = create(&admin, TAGS, &json!({"name": unique("cheap")})).await;
        let path = format!("{TAGS}/{id}");
        let calls = |methods: &[&str]| -> Vec<String> {
            methods.iter().map(|method| format!("res.partner.category.{method}")).collect()
        };
        admin.get(&format!("{TAGS}/search"), &[("fields", "name")]).await.ok();
        proxy.take_calls();
        admin.get(&path, &[]).await.ok();
        assert_eq!(proxy.take_calls(), calls(&["read"]));
        admin.get(&format!("{TAGS}/search"), &[("limit", "3"), ("fields", "name")]).await.ok();
        assert_eq!(proxy.take_calls(), calls(&["search_read"]));
        admin.get(&format!("{TAGS}/record_count"), &[]).await.ok();
        assert_eq!(proxy.take_calls(), calls(&["search_count"]));
        admin.get(&format!("{TAGS}/schema"), &[]).await.ok();
        assert_eq!(proxy.take_calls(), calls(&["fields_get"]));
        admin.post(&format!("{TAGS}/execute_kw"), &json!({"method": "name_search", "args": ["x"]})).await.ok();
        assert_eq!(proxy.take_calls(), calls(&["name_search"]));
        create(&admin, TAGS, &json!({"name": unique("cheap")})).await;
        assert_eq!(proxy.take_calls(), calls(&["create"]), "the response contains only the id");
        admin.put(&path, &json!({"color": 2})).await.ok();
        let update: &[&str] = if version == Version::Odoo19 { &["web_save"] } else { &["read", "write"] };
        assert_eq!(proxy.take_calls(), calls(update));
        admin.delete(&path, &[]).await.ok();
        assert_eq!(proxy.take_calls(), calls(&["read", "unlink"]));
        gateway.stop().await;
    }
}
