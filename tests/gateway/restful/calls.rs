//! What a request costs at Odoo once the gateway is warm (contract section 8).

use serde_json::json;

use super::{ORDERS, PARTNERS, SETTINGS, TAGS, create, unique};
use crate::support::counting::Counting;
use crate::support::{Client, Gateway, Version, stand};

/// A gateway of its own behind a proxy that counts, and its administrator.
async fn counted(version: Version) -> (Counting, Gateway, Client) {
    let counting = Counting::before(stand().url(version)).await;
    let url = counting.url();
    let mut settings =
        vec![("ODOO_GATEWAY__ODOO__0__URL", url.as_str()), ("ODOO_GATEWAY__ODOO__0__DATABASE", version.database())];
    settings.extend(SETTINGS);
    let gateway = Gateway::start(&settings).await;
    let admin = gateway.client().as_user("admin");
    (counting, gateway, admin)
}

fn of_tags(methods: &[&str]) -> Vec<String> {
    methods.iter().map(|method| format!("res.partner.category.{method}")).collect()
}

#[tokio::test]
async fn flat_answers_cost_what_they_cost_elsewhere() {
    for version in Version::BOTH {
        let (counting, gateway, admin) = counted(version).await;
        let id = create(&admin, PARTNERS, json!({"name": unique("flat")})).await;
        let path = format!("{PARTNERS}/{id}");
        admin.get(&path, &[]).await.ok();
        admin.get(PARTNERS, &[("id", &id.to_string())]).await.ok();
        counting.take();
        admin.get(&path, &[]).await.ok();
        assert_eq!(counting.take(), ["res.partner.read"]);
        admin.get(PARTNERS, &[("id", &id.to_string()), ("create_date_start", "2020-01-01")]).await.ok();
        assert_eq!(counting.take(), ["res.partner.search_read"]);
        admin.get(PARTNERS, &[("fields", "name,country_id"), ("limit", "5")]).await.ok();
        assert_eq!(counting.take(), ["res.partner.search_read"]);
        admin.put(&path, &json!({"city": "Ghent"})).await.ok();
        assert_eq!(counting.take(), ["res.partner.read", "res.partner.write", "res.partner.read"]);
        admin.post(&format!("{path}/read"), &json!({"fields": ["name"]})).await.ok();
        assert_eq!(counting.take(), ["res.partner.read"]);
        admin.delete(&path, &[]).await.ok();
        assert_eq!(counting.take(), ["res.partner.read", "res.partner.unlink"]);
        gateway.stop().await;
    }
}

#[tokio::test]
async fn nested_answers_cost_one_call_where_odoo_can_nest_and_one_a_level_and_model_elsewhere() {
    for version in Version::BOTH {
        let (counting, gateway, admin) = counted(version).await;
        let parent = create(&admin, TAGS, json!({"name": unique("parent")})).await;
        let child = create(&admin, TAGS, json!({"name": unique("child"), "parent_id": parent})).await;
        let path = format!("{TAGS}/{child}");
        admin.get(&path, &[]).await.ok();
        admin.get(TAGS, &[("limit", "1000")]).await.ok();
        counting.take();
        admin.get(&path, &[]).await.ok();
        let nests = version == Version::Odoo19;
        assert_eq!(counting.take(), of_tags(if nests { &["web_read"] } else { &["read", "read"] }));
        admin.get(&format!("{TAGS}/{parent}"), &[]).await.ok();
        assert_eq!(counting.take(), of_tags(if nests { &["web_read"] } else { &["read"] }), "nothing stands behind");
        admin.get(TAGS, &[("limit", "50")]).await.ok();
        assert_eq!(counting.take(), of_tags(if nests { &["web_search_read"] } else { &["search_read", "read"] }));
        admin.post(TAGS, &json!({"name": unique("made"), "child_ids": [[0, 0, {"name": unique("x")}]]})).await.ok();
        assert_eq!(counting.take(), of_tags(if nests { &["create", "web_read"] } else { &["create", "read", "read"] }));
        gateway.stop().await;
    }
}

#[tokio::test]
async fn the_manuals_schema_costs_the_same_for_any_number_of_orders() {
    for version in Version::BOTH {
        let (counting, gateway, admin) = counted(version).await;
        admin.get(ORDERS, &[]).await.ok();
        counting.take();
        let mut costs = Vec::new();
        for limit in ["5", "20"] {
            let orders = admin.get(ORDERS, &[("limit", limit), ("order", "id")]).await.ok();
            assert_eq!(orders.as_array().unwrap().len().to_string(), limit);
            costs.push(counting.take().len());
        }
        // Partners, users and lines behind orders; products and taxes behind lines; categories and attributes behind
        // products; payment terms where an order has one.
        let most = if version == Version::Odoo19 { 1 } else { 9 };
        assert!(costs.iter().all(|cost| (1..=most).contains(cost)), "{version:?} {costs:?}");
        gateway.stop().await;
    }
}

#[tokio::test]
async fn what_the_gateway_refuses_by_itself_costs_nothing() {
    for version in Version::BOTH {
        let (counting, gateway, admin) = counted(version).await;
        admin.get(PARTNERS, &[("limit", "1"), ("fields", "name")]).await.ok();
        counting.take();
        for query in [("color", "red"), ("create_date_end", "soon"), ("limit", "0"), ("country_id", "x")] {
            let answer = admin.get(PARTNERS, &[query]).await;
            assert_eq!(answer.status, 400, "{query:?}: {}", answer.text);
        }
        admin.get("/restful/api/v1/res.country", &[]).await.refused(403, "model_not_enabled");
        admin.post(PARTNERS, &json!({"color": "red"})).await.refused(400, "invalid_value");
        assert_eq!(counting.take(), [""; 0]);
        gateway.stop().await;
    }
}
