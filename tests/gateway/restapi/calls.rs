//! What a request costs at Odoo once the gateway is warm (contract section 8).

use serde_json::{Value, json};

use super::{PARTNERS, TAGS, create, ids_of, unique};
use crate::support::Version;
use crate::support::counting::counted;

const TAG: &str = "res.partner.category";

fn of_tags(methods: &[&str]) -> Vec<String> {
    methods.iter().map(|method| format!("{TAG}.{method}")).collect()
}

#[tokio::test]
async fn questions_cost_one_call() {
    for version in Version::BOTH {
        let (counting, gateway, admin) = counted(version).await;
        let id = create(&admin, TAGS, json!({"name": unique("cheap")})).await;
        counting.take();
        let domain = format!("[('id','=',{id}),('parent_id.name','=',False)]");
        // A path leads to a schema that may not be known yet.
        admin.get(TAGS, &[("domain", &domain)]).await.ok();
        counting.take();
        for (path, query, method) in [
            (format!("{TAGS}/{id}"), vec![], "read"),
            (format!("{TAGS}/{id}"), vec![("fields", "name")], "read"),
            (format!("{TAGS}?ids={id},{id}"), vec![], "read"),
            (TAGS.to_owned(), vec![("domain", domain.as_str()), ("order", "name")], "search_read"),
            (format!("{TAGS}/search"), vec![("domain", domain.as_str()), ("limit", "1")], "search"),
            (format!("{TAGS}/search_count"), vec![("domain", domain.as_str())], "search_count"),
            (TAGS.to_owned(), vec![("count", "True")], "search_count"),
            (format!("{TAGS}/fields_get"), vec![("allfields", "name")], "fields_get"),
            (format!("{TAGS}/check_access_rights"), vec![("operation", "read")], "check_access_rights"),
        ] {
            admin.get(&path, &query).await.ok();
            assert_eq!(counting.take(), of_tags(&[method]), "{path} {query:?}");
        }
        let french = admin.with_header("X-Odoo-Tz", "Asia/Tokyo");
        french.get(&format!("{TAGS}/{id}"), &[]).await.ok();
        assert_eq!(counting.take(), of_tags(&["read"]));
        admin.post(&format!("{TAGS}/{id}/read"), &json!({"args": [["name"]]})).await.ok();
        assert_eq!(counting.take(), of_tags(&["read"]));
        admin.post(&format!("{TAGS}/name_search"), &json!({"args": ["x"]})).await.ok();
        assert_eq!(counting.take(), of_tags(&["name_search"]));
        gateway.stop().await;
    }
}

#[tokio::test]
async fn deeds_cost_two_calls_or_three() {
    for version in Version::BOTH {
        let (counting, gateway, admin) = counted(version).await;
        let id = create(&admin, TAGS, json!({"name": unique("warm")})).await;
        counting.take();
        let values = json!({"name": unique("dear"), "parent_id": id});
        let first = create(&admin, TAGS, values.clone()).await;
        assert_eq!(counting.take(), of_tags(&["create", "read"]));
        let many = admin.post(TAGS, &json!({"vals": vec![values; 20]})).await.ok();
        assert_eq!(counting.take(), of_tags(&["create", "read"]), "any number of records");
        let ids = ids_of(&many);
        admin.put(&format!("{TAGS}/{first}"), &json!({"vals": {"color": 2}})).await.ok();
        assert_eq!(counting.take(), of_tags(&["read", "write", "read"]));
        admin.put(TAGS, &json!({"ids": ids, "vals": {"color": 2}})).await.ok();
        assert_eq!(counting.take(), of_tags(&["read", "write", "read"]));
        admin.delete(&format!("{TAGS}/{first}"), &[]).await.ok();
        assert_eq!(counting.take(), of_tags(&["read", "unlink"]));
        admin.delete(TAGS, &[("ids", &Value::from(ids).to_string())]).await.ok();
        assert_eq!(counting.take(), of_tags(&["read", "unlink"]));
        gateway.stop().await;
    }
}

#[tokio::test]
async fn what_the_gateway_refuses_by_itself_costs_nothing() {
    for version in Version::BOTH {
        let (counting, gateway, admin) = counted(version).await;
        create(&admin, TAGS, json!({"name": unique("free")})).await;
        counting.take();
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
            let answer = admin.get(&path, &[]).await;
            assert!([400, 404].contains(&answer.status), "{path}: {}", answer.text);
        }
        admin.get(&format!("{TAGS}?ids="), &[]).await.ok();
        admin.put(&format!("{TAGS}/1"), &json!({"vals": {"parent_id": "abc"}})).await.refused(400, "invalid_value");
        admin.post(&format!("{TAGS}/_private"), &json!({})).await.refused(403, "private_method");
        admin.post(&format!("{TAGS}/sudo"), &json!({})).await.refused(403, "private_method");
        admin.delete(TAGS, &[]).await.refused(400, "missing_parameter");
        assert_eq!(counting.take(), [""; 0]);
        gateway.stop().await;
    }
}

#[tokio::test]
async fn a_cold_gateway_asks_for_what_it_needs_once() {
    for version in Version::BOTH {
        let (counting, gateway, admin) = counted(version).await;
        admin.get(&format!("{PARTNERS}/1"), &[("fields", "name")]).await.ok();
        let mut cold = counting.take();
        cold.sort();
        assert!(cold.len() <= 6, "login, version, user's settings, schema, label, read: {cold:?}");
        assert_eq!(cold.iter().filter(|call| *call == "authenticate").count(), 1);
        admin.get(&format!("{PARTNERS}/1"), &[("fields", "name")]).await.ok();
        assert_eq!(counting.take(), ["res.partner.read"]);
        gateway.stop().await;
    }
}
