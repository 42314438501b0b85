//! The calls to Odoo that a request makes once the gateway has cached the metadata.

use reqwest::Method;
use serde_json::json;

use super::{ORDERS, TAGS, create, send_json, unique};
use crate::support::recording_proxy::RecordingProxy;
use crate::support::{Client, Gateway, Version, testbed};

const TAG: &str = "res.partner.category";

/// A gateway whose calls to Odoo are recorded, and a client as the administrator.
async fn recorded_gateway(version: Version) -> (RecordingProxy, Gateway, Client) {
    let proxy = RecordingProxy::in_front_of(testbed().url(version)).await;
    let gateway = Gateway::start(&[
        ("ODOO_GATEWAY__ODOO__0__URL", &proxy.url()),
        ("ODOO_GATEWAY__ODOO__0__DATABASE", version.database()),
    ])
    .await;
    let admin = gateway.client().as_user("admin");
    (proxy, gateway, admin)
}

fn tag_calls(methods: &[&str]) -> Vec<String> {
    methods.iter().map(|method| format!("{TAG}.{method}")).collect()
}

#[tokio::test]
async fn each_request_makes_the_minimal_calls() {
    for version in Version::each() {
        let (proxy, gateway, admin) = recorded_gateway(version).await;
        let word = unique("cost");
        let mut ids = Vec::new();
        for letter in ["a", "b", "c"] {
            ids.push(create(&admin, TAGS, json!({"name": format!("{word} {letter}")})).await);
        }
        let filter = format!(r#"[["name", "like", "{word}"]]"#);
        let one = format!("{TAGS}/{}", ids[0]);
        admin.get(TAGS, &[("page_size", "1")]).await.ok();
        proxy.take_calls();
        for (path, query, methods) in [
            (TAGS, vec![("filter", filter.as_str())], vec!["web_search_read"]),
            (TAGS, vec![("filter", filter.as_str()), ("page_size", "3")], vec!["web_search_read"]),
            (TAGS, vec![("filter", filter.as_str()), ("page_size", "2"), ("page", "2")], vec!["web_search_read"]),
            (one.as_str(), vec![("query", "{name}")], vec!["read"]),
            (&format!("{TAGS}/fields"), vec![], vec!["fields_get"]),
        ] {
            admin.get(path, &query).await.ok();
            assert_eq!(proxy.take_calls(), tag_calls(&methods), "{path} {query:?}");
        }
        let (color, many) = (json!({"data": {"color": 2}}), json!({"data": [{"name": word}, {"name": word}]}));
        let (by_ids, by_filter) = (format!("{TAGS}?id={ids:?}"), json!({"filter": [["name", "=", word]]}));
        let update = if version == Version::Odoo19 { &["web_save", "read"][..] } else { &["read", "write", "read"] };
        for (method, path, body, methods) in [
            (Method::POST, TAGS, json!({"data": {"name": word}}), &["create", "read"][..]),
            (Method::POST, &format!("{TAGS}/batch"), many, &["create", "read"]),
            (Method::PUT, &one, color.clone(), update),
            (Method::PUT, &by_ids, color, &["read", "write"]),
            (Method::DELETE, TAGS, by_filter, &["search", "unlink"]),
            (Method::DELETE, &one, json!({}), &["read", "unlink"]),
            (Method::POST, &format!("{TAGS}/search"), json!({"domain": [["id", "in", ids]]}), &["web_search_read"]),
        ] {
            send_json(&admin, method.clone(), path, &body).await.ok();
            assert_eq!(proxy.take_calls(), tag_calls(methods), "{method} {path}");
        }
        gateway.stop().await;
    }
}

#[tokio::test]
async fn related_records_make_at_most_one_call_per_level() {
    for version in Version::each() {
        let (proxy, gateway, admin) = recorded_gateway(version).await;
        let query = "{name, partner_id{name, country_id{code}}, order_line{name, product_id{name}}}";
        admin.get(ORDERS, &[("query", query)]).await.ok();
        proxy.take_calls();
        admin.get(ORDERS, &[("query", query)]).await.ok();
        let mut calls = proxy.take_calls();
        calls.sort();
        let expected: &[&str] = match version {
            Version::Odoo19 | Version::Odoo20 => &["sale.order.web_search_read"],
            Version::Odoo14 => &[
                "product.product.read",
                "res.country.read",
                "res.partner.read",
                "sale.order.line.read",
                "sale.order.web_search_read",
            ],
        };
        assert_eq!(calls, expected);
        gateway.stop().await;
    }
}
