//! Attempts to escape the scope of a key (K-05 in docs/security.md), in the dialect `restapi`. The key belongs to the
//! administrator, so Odoo itself would allow the requests.
//!
//! A request is one line, with values as Python literals: `VERB model/…?name=value&name=value`. `ID` is replaced by the
//! id of a contact that the test has created.

mod allowed;
mod delegation;
mod hidden_fields;
mod over_json2;
mod over_rpc;
mod rejected;
mod secret_fields;
mod stubbed;

use odoo_gateway::admin::NewApiKey;
use serde_json::json;

use super::new_key;
use crate::support::{Client, Gateway, Response, Version, unique};

/// Contacts and countries; and attachments, which alone give no access to attachments of other models.
const CLERK: &str = r#"[
    {"models": "res.partner", "operations": ["read", "create", "update"]},
    {"models": "res.country", "operations": ["read"]},
    {"models": "ir.attachment", "operations": ["read", "create"]}
]"#;

/// Every model that is not administrative.
const STAR: &str = r#"[{"models": "*", "operations": ["read", "create", "update", "delete", "execute"]}]"#;

/// A description and the request.
type Attempt = (&'static str, &'static str);

/// A key of the administrator with this scope.
fn scoped(scope: &str, name: &str) -> NewApiKey {
    scoped_on(Version::Odoo19, scope, name)
}

fn scoped_on(version: Version, scope: &str, name: &str) -> NewApiKey {
    let secret = "admin".into();
    NewApiKey { scope: scope.to_owned(), login: "admin".to_owned(), secret, ..new_key(version, name) }
}

async fn with_scope(gateway: &Gateway, scope: &str, name: &str) -> Client {
    with_scope_on(Version::Odoo19, gateway, scope, name).await
}

async fn with_scope_on(version: Version, gateway: &Gateway, scope: &str, name: &str) -> Client {
    let new_key = scoped_on(version, scope, &unique(name));
    let (_, key) = gateway.administration().await.create_key(new_key).await.unwrap();
    gateway.client().on(version).with_header("api-key", key.expose())
}

/// Sends the request of a line.
async fn send_line(client: &Client, line: &str, id: i64) -> Response {
    let line = line.replace("ID", &id.to_string());
    let (verb, rest) = line.split_once(' ').unwrap();
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    let path = format!("/restapi/1.0/object/{path}");
    let query: Vec<(&str, &str)> = query.split('&').filter_map(|pair| pair.split_once('=')).collect();
    match verb {
        "GET" => client.get(&path, &query).await,
        "POST" => client.post_query(&path, &query).await,
        "PUT" => client.put_query(&path, &query).await,
        "DELETE" => client.delete(&path, &query).await,
        other => panic!("{other}"),
    }
}

/// Sends all requests. Returns those that were not rejected with this status and code.
async fn not_rejected(client: &Client, attempts: &[Attempt], id: i64, (status, code): (u16, &str)) -> Vec<String> {
    let mut unexpected = Vec::new();
    for (description, line) in attempts {
        let response = send_line(client, line, id).await;
        if response.status != status || response.json()["code"] != code {
            unexpected.push(format!("{description}: {line}: {} {}", response.status, response.text));
        }
    }
    unexpected
}

#[tokio::test]
async fn requests_outside_the_scope_are_rejected() {
    let gateway = Gateway::start_with_odoo(&[]).await;
    let open = with_scope(&gateway, r#""all""#, "open").await;
    let created = open.post("/restapi/1.0/object/res.partner", &json!({"vals": {"name": "kept within"}})).await.ok();
    let id = created["Contact"]["id"].as_i64().unwrap();
    let users = "GET res.users/search_count?domain=[('active','in',[True,False])]";
    let before = send_line(&open, users, id).await.ok();
    let (clerk, star) = (with_scope(&gateway, CLERK, "clerk").await, with_scope(&gateway, STAR, "star").await);
    let mut unexpected = Vec::new();
    for (client, attempts, rejection) in [
        (&clerk, rejected::BY_THE_CLERK, (403, "scope_forbidden")),
        (&star, rejected::WITH_A_STAR, (403, "scope_forbidden")),
        (&star, rejected::BY_PRIVATE_METHODS, (403, "private_method")),
        (&clerk, rejected::AS_INVALID_VALUES, (400, "invalid_value")),
    ] {
        unexpected.extend(not_rejected(client, attempts, id, rejection).await);
    }
    assert!(unexpected.is_empty(), "{unexpected:#?}");
    assert_eq!(send_line(&open, users, id).await.ok(), before, "no user was created");
}

#[tokio::test]
async fn requests_within_the_scope_succeed() {
    let gateway = Gateway::start_with_odoo(&[]).await;
    let open = with_scope(&gateway, r#""all""#, "open").await;
    let created = open.post("/restapi/1.0/object/res.partner", &json!({"vals": {"name": "honest"}})).await.ok();
    let id = created["Contact"]["id"].as_i64().unwrap();
    let (clerk, star) = (with_scope(&gateway, CLERK, "clerk").await, with_scope(&gateway, STAR, "star").await);
    let mut unexpected = Vec::new();
    for (client, attempts) in [(&clerk, allowed::BY_THE_CLERK), (&star, allowed::WITH_A_STAR)] {
        for (description, line) in attempts {
            let response = send_line(client, line, id).await;
            if response.status != 200 {
                unexpected.push(format!("{description}: {line}: {} {}", response.status, response.text));
            }
        }
    }
    assert!(unexpected.is_empty(), "{unexpected:#?}");
}

/// If the requests were rejected for their form, the tests above would prove nothing about the scope.
#[tokio::test]
async fn key_with_the_full_scope_can_send_the_rejected_requests() {
    let gateway = Gateway::start_with_odoo(&[]).await;
    let open = with_scope(&gateway, r#""all""#, "open").await;
    let created = open.post("/restapi/1.0/object/res.partner", &json!({"vals": {"name": "open"}})).await.ok();
    let id = created["Contact"]["id"].as_i64().unwrap();
    let mut unexpected = Vec::new();
    for (description, line) in rejected::BY_THE_CLERK.iter().filter(|(_, line)| rejected::only_reads(line)) {
        let response = send_line(&open, line, id).await;
        if response.status != 200 {
            unexpected.push(format!("{description}: {line}: {} {}", response.status, response.text));
        }
    }
    assert!(unexpected.is_empty(), "{unexpected:#?}");
}
