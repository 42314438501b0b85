//! Models that delegate (`_inherits`) to administrative models count as administrative: all such models of real Odoos.

use odoo_gateway::names::ModelName;
use odoo_gateway::plan::{Operation, Scope};
use serde_json::{Value, json};

use super::{send_line, with_scope, with_scope_on};
use crate::support::{Client, Gateway, Version, unique};

/// Prefixes of the administrative models that other models delegate to.
const ADMINISTRATIVE: [&str; 2] = ["ir.", "mail."];

/// The result of a method.
pub(super) async fn call(client: &Client, model: &str, method: &str, args: Value) -> Value {
    let body = json!({"method": method, "args": args});
    client.post(&format!("/api/{model}/execute_kw"), &body).await.ok()
}

/// Every model that a request can name, with the models that it delegates to. Excludes Odoo's `_unknown`.
pub(super) async fn models(open: &Client) -> Vec<(String, Vec<String>)> {
    let found = call(open, "ir.model", "search_read", json!([[], ["model", "inherited_model_ids"]])).await;
    let found = found.as_array().unwrap();
    let name_of = |id: &Value| found.iter().find(|model| model["id"] == *id).unwrap()["model"].as_str().unwrap();
    let parents = |model: &Value| -> Vec<String> {
        model["inherited_model_ids"].as_array().unwrap().iter().map(|id| name_of(id).to_owned()).collect()
    };
    let models = found.iter().map(|model| (model["model"].as_str().unwrap().to_owned(), parents(model)));
    models.filter(|(name, _)| ModelName::parse(name).is_ok()).collect()
}

fn rule(model: &str) -> String {
    format!(r#"{{"models": "{model}", "operations": ["read", "create", "update", "delete", "execute"]}}"#)
}

#[tokio::test]
async fn scope_with_only_a_delegating_model_is_rejected() {
    let gateway = Gateway::start_with_odoo(&[]).await;
    for version in Version::each() {
        let open = with_scope_on(version, &gateway, r#""all""#, "open").await;
        let models = models(&open).await;
        assert!(models.len() > 300, "{}", models.len());
        let mut tried = 0;
        for (model, parents) in models {
            let beyond = parents.iter().find(|to| ADMINISTRATIVE.iter().any(|start| to.starts_with(start)));
            let name = ModelName::parse(&model).unwrap();
            let allows = |rules: &str| Scope::from_json(&format!("[{rules}]")).unwrap().allows(&name, Operation::Read);
            assert_eq!(allows(&rule(&model)), beyond.is_none(), "{version:?}: {model} delegates to {parents:?}");
            let Some(to) = beyond else { continue };
            assert!(allows(&format!("{},{}", rule(&model), rule(to))), "{model} and {to}");
            let client = with_scope_on(version, &gateway, &format!("[{}]", rule(&model)), &model).await;
            for line in [
                format!("GET {model}/search"),
                format!("GET {model}/1?fields=id"),
                format!("POST {model}?vals={{}}"),
                format!("PUT {model}/1?vals={{}}"),
                format!("DELETE {model}/1"),
                format!("POST {model}/search_read?args=[[],['id']]"),
                format!("POST {model}/fields_get?args=[]"),
                format!("POST {model}/whatever?args=[[1]]"),
            ] {
                let response = send_line(&client, &line, 1).await;
                assert_eq!(response.status, 403, "{version:?}: {line}: {}", response.text);
                assert_eq!(response.json()["code"], "scope_forbidden", "{version:?}: {line}");
            }
            tried += 1;
        }
        assert!(tried >= 4, "{version:?}: {tried}");
    }
}

#[tokio::test]
async fn product_documents_give_no_access_to_attachments() {
    let gateway = Gateway::start_with_odoo(&[]).await;
    let open = with_scope(&gateway, r#""all""#, "open").await;
    let secret = json!({"name": unique("secret"), "datas": "c2VjcmV0"});
    let attachment = call(&open, "ir.attachment", "create", json!([secret])).await.as_i64().unwrap();
    let product = call(&open, "product.template", "search", json!([[], 0, 1])).await[0].as_i64().unwrap();
    let line = format!(
        "POST product.document?vals={{'ir_attachment_id':{attachment},'res_model':'product.template','res_id':{product}}}"
    );
    let all = r#""operations": ["read", "create", "update", "delete", "execute"]"#;
    let products =
        with_scope_on(Version::Odoo19, &gateway, &format!(r#"[{{"models": "product.*", {all}}}]"#), "p").await;
    send_line(&products, &line, 0).await.problem(403, "scope_forbidden");
    send_line(&products, "GET product.document?domain=[('res_model','=','product.template')]", 0)
        .await
        .problem(403, "scope_forbidden");
    // A scope with attachments includes those of its own models only.
    let both = format!(r#"[{{"models": "product.*", {all}}}, {{"models": "ir.attachment", {all}}}]"#);
    let both = with_scope_on(Version::Odoo19, &gateway, &both, "both").await;
    send_line(&both, &line, 0).await.problem(403, "scope_forbidden");
    send_line(&both, "GET product.document/search", 0).await.problem(403, "scope_forbidden");
    send_line(&both, "GET product.document/search?domain=[('res_model','=','product.template')]", 0).await.ok();
    // The key with the full scope shows that Odoo would have allowed it.
    send_line(&open, &line, 0).await.ok();
}

#[tokio::test]
async fn wizards_matched_by_a_pattern_cannot_render_templates() {
    let gateway = Gateway::start_with_odoo(&[]).await;
    let all = r#"[{"models": "*", "operations": ["read", "create", "update", "delete", "execute"]}]"#;
    for (version, model) in [(Version::Odoo14, "account.invoice.send"), (Version::Odoo19, "account.move.send.wizard")] {
        let accounts = with_scope_on(version, &gateway, &all.replace('*', "account.*"), model).await;
        let star = with_scope_on(version, &gateway, all, "star").await;
        for client in [&accounts, &star] {
            for line in [
                format!("POST {model}?vals={{}}"),
                format!("POST {model}/create?args=[{{}}]"),
                format!("POST {model}/1/action_send_and_print?args=[]"),
                format!("POST {model}/default_get?args=[['id']]"),
                "POST account.move/message_post_with_template?args=[[1],1]".to_owned(),
                "POST portal.share?vals={'res_model':'account.move','res_id':1}".to_owned(),
                "POST snailmail.letter?vals={'model':'account.move','res_id':1}".to_owned(),
            ] {
                let response = send_line(client, &line, 0).await;
                assert_eq!(
                    (response.status, response.json()["code"].as_str()),
                    (403, Some("scope_forbidden")),
                    "{line}"
                );
            }
        }
    }
}
