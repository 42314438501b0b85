//! Every kind of credential works in this dialect, within the same scope as elsewhere.

use serde_json::json;

use super::{PARTNERS, SETTINGS, unique};
use crate::credentials::new_key;
use crate::support::{Gateway, Version, testbed};

#[tokio::test]
async fn every_kind_of_credential_works_on_every_route() {
    for version in Version::each() {
        let gateway = Gateway::start_with_odoo(SETTINGS).await;
        let mut new_key = new_key(version, "restful");
        (new_key.login, new_key.secret) = ("admin".to_owned(), "admin".into());
        let (_, key) = gateway.administration().await.create_key(new_key).await.unwrap();
        let (key, client) = (key.expose(), gateway.client().on(version));
        let login = json!({"login": "admin", "password": "admin", "db": version.database()});
        let token = client.post("/rest/api/login/token", &login).await.ok();
        let token = token["access_token"].as_str().unwrap();
        for (kind, client) in [
            ("password", client.as_user("admin")),
            ("api-key", client.with_header("api-key", key)),
            ("bearer key", client.with_header("Authorization", &format!("Bearer {key}"))),
            ("access-token", client.with_header("access-token", token)),
            ("bearer token", client.with_header("Authorization", &format!("Bearer {token}"))),
        ] {
            let name = unique(kind);
            let created = client.post(PARTNERS, &json!({"name": name})).await.ok();
            let one = format!("{PARTNERS}/{}", created["id"]);
            assert_eq!(client.get(&one, &[("fields", "name")]).await.ok(), json!({"name": name}), "{kind}");
            assert_eq!(
                client.get(PARTNERS, &[("name", &name), ("fields", "id")]).await.ok(),
                json!([{"id": created["id"]}])
            );
            assert_eq!(client.put(&one, &json!({"name": name})).await.ok()["id"], created["id"], "{kind}");
            client.post(&format!("{one}/read"), &json!({"fields": ["name"]})).await.ok();
            client.delete(&one, &[]).await.ok();
        }
        let internal = client.with_password("internal", testbed().api_key(version));
        internal.get(PARTNERS, &[("limit", "1"), ("fields", "name")]).await.ok();
    }
}

#[tokio::test]
async fn scope_applies_to_filters_schemas_and_related_records() {
    let version = Version::Odoo19;
    let gateway = Gateway::start_with_odoo(SETTINGS).await;
    let mut new_key = new_key(version, "narrow");
    (new_key.login, new_key.secret) = ("admin".to_owned(), "admin".into());
    let rules = r#"[{"models": "sale.order", "operations": ["read"]},
                    {"models": "res.partner", "operations": ["read"], "fields": {"except": ["email"]}}]"#;
    new_key.scope = rules.to_owned();
    let (_, key) = gateway.administration().await.create_key(new_key).await.unwrap();
    let client = gateway.client().on(version).with_header("api-key", key.expose());
    client.get(PARTNERS, &[("limit", "1"), ("city", "Ghent")]).await.ok();
    client.get(PARTNERS, &[("email", "a@example.com")]).await.problem(403, "scope_forbidden");
    client.get(PARTNERS, &[("email_start", "a")]).await.problem(403, "scope_forbidden");
    client.get(PARTNERS, &[("fields", "email")]).await.problem(403, "scope_forbidden");
    let orders = "/restful/api/v1/sale.order";
    client.get(orders, &[("fields", "name,partner_id"), ("limit", "1")]).await.ok();
    let related = client.get(orders, &[("limit", "1")]).await.problem(403, "scope_forbidden");
    assert!(related["detail"].as_str().unwrap().starts_with("user_id: "), "{related}");
    client.post(PARTNERS, &json!({"name": "x"})).await.problem(403, "scope_forbidden");
    client.delete(&format!("{PARTNERS}/1"), &[]).await.problem(403, "scope_forbidden");
}
