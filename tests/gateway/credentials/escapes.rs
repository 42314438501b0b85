//! The ways out of a scope that were measured or are known (security F7, K-05), tried over the routes of family A with
//! the administrator's own API key of Odoo behind the gateway's: Odoo would let him.
//!
//! A request is written as one line, its values as the literals of the manuals: `VERB model/…?name=value&name=value`.
//! `ID` stands for a contact of the test's own.

mod delegation;
mod hidden_fields;
mod honest;
mod secret_fields;
mod stubbed;
mod tried;

use odoo_gateway::admin::WantedKey;
use serde_json::json;

use super::wanted;
use crate::support::{Answer, Client, Gateway, Version, unique};

/// Contacts and countries, and attachments by name, which alone opens those of no other model.
const CLERK: &str = r#"[
    {"models": "res.partner", "operations": ["read", "create", "update"]},
    {"models": "res.country", "operations": ["read"]},
    {"models": "ir.attachment", "operations": ["read", "create"]}
]"#;

/// Everything that is not administrative.
const STAR: &str = r#"[{"models": "*", "operations": ["read", "create", "update", "delete", "execute"]}]"#;

/// What the request is about, and the request.
type Ask = (&'static str, &'static str);

/// A key of the administrator with a scope.
fn scoped(scope: &str, name: &str) -> WantedKey {
    scoped_on(Version::Odoo19, scope, name)
}

fn scoped_on(version: Version, scope: &str, name: &str) -> WantedKey {
    let secret = "admin".into();
    WantedKey { scope: scope.to_owned(), login: "admin".to_owned(), secret, ..wanted(version, name) }
}

async fn with_scope(gateway: &Gateway, scope: &str, name: &str) -> Client {
    with_scope_on(Version::Odoo19, gateway, scope, name).await
}

async fn with_scope_on(version: Version, gateway: &Gateway, scope: &str, name: &str) -> Client {
    let wanted = scoped_on(version, scope, &unique(name));
    let (_, key) = gateway.administration().await.create_key(wanted).await.unwrap();
    gateway.client().on(version).with_header("api-key", key.expose())
}

/// Sends the request of a line.
async fn ask(client: &Client, line: &str, id: i64) -> Answer {
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

/// Tries everything; what was not refused so.
async fn not_refused(client: &Client, asks: &[Ask], id: i64, (status, code): (u16, &str)) -> Vec<String> {
    let mut through = Vec::new();
    for (sentence, line) in asks {
        let answer = ask(client, line, id).await;
        if answer.status != status || answer.json()["code"] != code {
            through.push(format!("{sentence}: {line}: {} {}", answer.status, answer.text));
        }
    }
    through
}

#[tokio::test]
async fn no_way_leads_out_of_a_scope_before_a_real_odoo() {
    let gateway = Gateway::before_odoo(&[]).await;
    let open = with_scope(&gateway, r#""all""#, "open").await;
    let made = open.post("/restapi/1.0/object/res.partner", &json!({"vals": {"name": "kept within"}})).await.ok();
    let id = made["Contact"]["id"].as_i64().unwrap();
    let users = "GET res.users/search_count?domain=[('active','in',[True,False])]";
    let before = ask(&open, users, id).await.ok();
    let (clerk, star) = (with_scope(&gateway, CLERK, "clerk").await, with_scope(&gateway, STAR, "star").await);
    let mut through = Vec::new();
    for (client, asks, refusal) in [
        (&clerk, tried::BY_THE_CLERK, (403, "scope_forbidden")),
        (&star, tried::WITH_A_STAR, (403, "scope_forbidden")),
        (&star, tried::BY_PRIVATE_METHODS, (403, "private_method")),
        (&clerk, tried::BY_NO_COMMANDS, (400, "invalid_value")),
    ] {
        through.extend(not_refused(client, asks, id, refusal).await);
    }
    assert!(through.is_empty(), "{through:#?}");
    assert_eq!(ask(&open, users, id).await.ok(), before, "no user was made");
}

#[tokio::test]
async fn what_stays_within_a_scope_is_done() {
    let gateway = Gateway::before_odoo(&[]).await;
    let open = with_scope(&gateway, r#""all""#, "open").await;
    let made = open.post("/restapi/1.0/object/res.partner", &json!({"vals": {"name": "honest"}})).await.ok();
    let id = made["Contact"]["id"].as_i64().unwrap();
    let (clerk, star) = (with_scope(&gateway, CLERK, "clerk").await, with_scope(&gateway, STAR, "star").await);
    let mut refused = Vec::new();
    for (client, asks) in [(&clerk, honest::BY_THE_CLERK), (&star, honest::WITH_A_STAR)] {
        for (sentence, line) in asks {
            let answer = ask(client, line, id).await;
            if answer.status != 200 {
                refused.push(format!("{sentence}: {line}: {} {}", answer.status, answer.text));
            }
        }
    }
    assert!(refused.is_empty(), "{refused:#?}");
}

/// Were they refused for their form, the scope would have proven nothing.
#[tokio::test]
async fn a_key_that_may_all_gets_what_the_scope_refused() {
    let gateway = Gateway::before_odoo(&[]).await;
    let open = with_scope(&gateway, r#""all""#, "open").await;
    let made = open.post("/restapi/1.0/object/res.partner", &json!({"vals": {"name": "open"}})).await.ok();
    let id = made["Contact"]["id"].as_i64().unwrap();
    let mut refused = Vec::new();
    for (sentence, line) in tried::BY_THE_CLERK.iter().filter(|(_, line)| tried::only_reads(line)) {
        let answer = ask(&open, line, id).await;
        if answer.status != 200 {
            refused.push(format!("{sentence}: {line}: {} {}", answer.status, answer.text));
        }
    }
    assert!(refused.is_empty(), "{refused:#?}");
}
