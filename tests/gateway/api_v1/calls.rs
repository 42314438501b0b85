//! What a request costs at Odoo once the gateway is warm (contract section 8).

use reqwest::Method;
use serde_json::json;

use super::{ORDERS, TAGS, ask, create, unique};
use crate::support::counting::Counting;
use crate::support::{Client, Gateway, Version, stand};

const TAG: &str = "res.partner.category";

/// A gateway of its own behind a proxy that counts, and its administrator.
async fn counted(version: Version) -> (Counting, Gateway, Client) {
    let counting = Counting::before(stand().url(version)).await;
    let gateway = Gateway::start(&[
        ("ODOO_GATEWAY__ODOO__0__URL", &counting.url()),
        ("ODOO_GATEWAY__ODOO__0__DATABASE", version.database()),
    ])
    .await;
    let admin = gateway.client().as_user("admin");
    (counting, gateway, admin)
}

fn of_tags(methods: &[&str]) -> Vec<String> {
    methods.iter().map(|method| format!("{TAG}.{method}")).collect()
}

#[tokio::test]
async fn a_request_costs_no_more_than_it_must() {
    for version in Version::BOTH {
        let (counting, gateway, admin) = counted(version).await;
        let word = unique("cost");
        let mut ids = Vec::new();
        for letter in ["a", "b", "c"] {
            ids.push(create(&admin, TAGS, json!({"name": format!("{word} {letter}")})).await);
        }
        let filter = format!(r#"[["name", "like", "{word}"]]"#);
        let one = format!("{TAGS}/{}", ids[0]);
        admin.get(TAGS, &[("page_size", "1")]).await.ok();
        counting.take();
        for (path, query, methods) in [
            (TAGS, vec![("filter", filter.as_str())], vec!["web_search_read"]),
            (TAGS, vec![("filter", filter.as_str()), ("page_size", "3")], vec!["web_search_read"]),
            (TAGS, vec![("filter", filter.as_str()), ("page_size", "2"), ("page", "2")], vec!["web_search_read"]),
            (one.as_str(), vec![("query", "{name}")], vec!["read"]),
            (&format!("{TAGS}/fields"), vec![], vec!["fields_get"]),
        ] {
            admin.get(path, &query).await.ok();
            assert_eq!(counting.take(), of_tags(&methods), "{path} {query:?}");
        }
        let (color, many) = (json!({"data": {"color": 2}}), json!({"data": [{"name": word}, {"name": word}]}));
        let (by_ids, by_filter) = (format!("{TAGS}?id={ids:?}"), json!({"filter": [["name", "=", word]]}));
        for (method, path, body, methods) in [
            (Method::POST, TAGS, json!({"data": {"name": word}}), &["create", "read"][..]),
            (Method::POST, &format!("{TAGS}/batch"), many, &["create", "read"]),
            (Method::PUT, &one, color.clone(), &["read", "write", "read"]),
            (Method::PUT, &by_ids, color, &["read", "write"]),
            (Method::DELETE, TAGS, by_filter, &["search", "unlink"]),
            (Method::DELETE, &one, json!({}), &["read", "unlink"]),
            (Method::POST, &format!("{TAGS}/search"), json!({"domain": [["id", "in", ids]]}), &["web_search_read"]),
        ] {
            ask(&admin, method.clone(), path, &body).await.ok();
            assert_eq!(counting.take(), of_tags(methods), "{method} {path}");
        }
        gateway.stop().await;
    }
}

#[tokio::test]
async fn what_stands_behind_relations_costs_a_call_a_level_at_most() {
    for version in Version::BOTH {
        let (counting, gateway, admin) = counted(version).await;
        let query = "{name, partner_id{name, country_id{code}}, order_line{name, product_id{name}}}";
        admin.get(ORDERS, &[("query", query)]).await.ok();
        counting.take();
        admin.get(ORDERS, &[("query", query)]).await.ok();
        let mut calls = counting.take();
        calls.sort();
        let expected: &[&str] = match version {
            Version::Odoo19 => &["sale.order.web_search_read"],
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
