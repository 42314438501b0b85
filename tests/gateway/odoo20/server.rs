//! The version, system parameters, keys, reports, and deletion on Odoo 20.

use odoo_gateway::admin::NewApiKey;
use serde_json::json;

use crate::check::version_reply;
use crate::credentials::new_key;
use crate::support::binary::Process;
use crate::support::odoo::{fresh_database, set_scope_of_api_keys, set_system_parameter};
use crate::support::stub_odoo::PASSWORD;
use crate::support::{Gateway, StubOdoo, Version, testbed, unique};

const PARTNERS: &str = "/restapi/1.0/object/res.partner";
const PARAMETERS: &str = "/restapi/1.0/object/ir.config_parameter";
const ADDRESS: &str = "https://erp.example.com";

#[tokio::test]
async fn unknown_version_is_logged_once_and_works() {
    let stub = StubOdoo::start().await;
    stub.when("version", version_reply("21.0", 21));
    let gateway = Process::serve(&[("ODOO_URL", &stub.url()), ("ODOO_DB", "stub")]).await;
    let client = gateway.client().with_password("ada", PASSWORD);
    for _ in 0..2 {
        client.get(PARTNERS, &[("fields", "name"), ("limit", "1")]).await.ok();
    }
    let (_, output, _) = gateway.stop_with("TERM").await;
    let warnings: Vec<&str> = output.lines().filter(|line| line.contains("newer than Odoo 20")).collect();
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(warnings[0].contains("21.0"), "{warnings:?}");
}

/// Odoo stores the address of the login. The method that restored it is gone.
#[tokio::test]
async fn printing_as_administrator_keeps_the_base_url() {
    let database = fresh_database(Version::Odoo20).await;
    set_system_parameter(&database, "web.base.url", ADDRESS).await;
    let gateway = Gateway::start_with_database(Version::Odoo20, &database, &[]).await;
    let admin = gateway.client().as_user("admin");
    let report_url = json!({"vals": {"key": "report.url", "value": testbed().url(Version::Odoo20)}});
    assert_eq!(admin.post(PARAMETERS, &report_url).await.status, 200);
    let orders = admin.get("/restapi/1.0/object/sale.order/search", &[("limit", "1")]).await.ok();
    let id = &orders.as_object().unwrap().values().next().unwrap()[0];
    let report = format!("/restapi/1.0/report/sale.report_saleorder/{id}");
    let page = admin.with_header("Accept", "text/html").get(&report, &[]).await;
    assert_eq!((page.status, page.header("content-type").starts_with("text/html")), (200, true), "{}", page.text);
    let domain = [("domain", "[('key','=','web.base.url')]"), ("fields", "value")];
    let stored = admin.get(PARAMETERS, &domain).await.ok();
    assert!(stored.to_string().contains(&format!("\"{ADDRESS}\"")), "{stored}");
}

#[tokio::test]
async fn key_of_another_scope_is_rejected_with_a_hint() {
    let database = fresh_database(Version::Odoo20).await;
    let gateway = Gateway::start_with_database(Version::Odoo20, &database, &[]).await;
    let key = testbed().api_key(Version::Odoo20);
    let [login, bearer] = [
        gateway.client().with_password("internal", key),
        gateway.client().with_header("Authorization", &format!("Bearer {key}")),
    ];
    set_scope_of_api_keys(&database, "mcp").await;
    for client in [login, bearer] {
        let problem = client.get(&format!("{PARTNERS}/1"), &[]).await.problem(401, "credential_invalid");
        assert!(problem["hint"].as_str().unwrap().contains("scope rpc"), "{problem}");
    }
}

/// A rule without `delete` does not allow the new method, and records that do not exist are reported.
#[tokio::test]
async fn web_unlink_is_a_deletion() {
    let gateway = Gateway::start_with_database(Version::Odoo20, "odoo20", &[]).await;
    let admin = gateway.client().as_user("admin");
    let tags = "/restapi/1.0/object/res.partner.category";
    let created = admin.post(tags, &json!({"vals": {"name": unique("tag")}})).await.ok();
    let id = created.as_object().unwrap().values().next().unwrap()["id"].clone();
    let call = json!({"args": [[id]]});
    let rule = r#"[{"models": "res.partner.category", "operations": ["read", "update", "execute"]}]"#;
    let limited = NewApiKey {
        login: "admin".to_owned(),
        secret: "admin".into(),
        scope: rule.to_owned(),
        ..new_key(Version::Odoo20, "limited")
    };
    let (_, token) = gateway.administration().await.create_key(limited).await.unwrap();
    let limited = gateway.client().with_header("api-key", token.expose());
    limited.post(&format!("{tags}/web_unlink"), &call).await.problem(403, "scope_forbidden");
    let deleted = admin.post(&format!("{tags}/web_unlink"), &call).await.ok();
    assert_eq!(deleted, json!({"return": true}));
    admin.post(&format!("{tags}/web_unlink"), &call).await.problem(404, "record_not_found");
}

#[tokio::test]
async fn hints_name_what_replaced_a_field_and_a_model() {
    let gateway = Gateway::start_with_database(Version::Odoo20, "odoo20", &[]).await;
    let admin = gateway.client().as_user("admin");
    let field = admin.get(PARTNERS, &[("fields", "company_type"), ("limit", "1")]).await;
    assert_eq!(field.problem(400, "unknown_field")["hint"], "This version of Odoo has is_company instead.");
    let model = admin.get("/restapi/1.0/object/ir.rule", &[("limit", "1")]).await.problem(404, "unknown_model");
    assert!(model["hint"].as_str().unwrap().contains("`ir.access`"), "{model}");
}

/// Sessions and devices are records, and groups are implied: none of them is part of "all fields".
#[tokio::test]
async fn all_fields_of_a_user_have_no_sessions_devices_or_groups() {
    let gateway = Gateway::start_with_database(Version::Odoo20, "odoo20", &[]).await;
    let user = gateway.client().as_user("admin").get("/restapi/1.0/object/res.users/2", &[]).await.ok();
    let record = user.as_object().unwrap().values().next().unwrap();
    assert_eq!(record["login"], "admin", "{record}");
    for name in ["all_group_ids", "api_key_ids", "device_ids", "group_ids", "session_ids", "view_group_hierarchy"] {
        assert!(record.get(name).is_none(), "{name}");
    }
}
