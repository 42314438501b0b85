//! Fields that contain secrets, or links that allow access to a record: not included in "all fields".

use odoo_gateway::names::ModelName;
use odoo_gateway::plan::{Operation, Scope};
use serde_json::json;

use super::delegation::{call, models};
use super::{send_line, with_scope_on};
use crate::support::{Gateway, Version};

/// Words in field names that require a classification.
const SUSPICIOUS: [&str; 22] = [
    "apikey",
    "cert",
    "certificate",
    "credential",
    "hash",
    "key",
    "keys",
    "link",
    "otp",
    "pass",
    "passwd",
    "password",
    "pin",
    "pwd",
    "secret",
    "session",
    "signup",
    "token",
    "tokens",
    "uri",
    "url",
    "uuid",
];

/// Classified fields that contain no secret. The test fails for a field that is in no list: add it here, or to the
/// rules in `src/plan/scope/secrets.rs`.
const ORDINARY: &[&str] = &[
    "auth_signup_uninvited",
    "avatar_cache_key",
    "chains_to_hash_with_gaps",
    "config_url",
    "credential_identifier",
    "discount_allocation_key",
    "epd_key",
    "flag_image_url",
    "grouping_key",
    "image_url",
    "inalterable_hash",
    "local_url",
    "public_key",
    "push_to_talk_key",
    "return_url",
    "save_token",
    "session",
    "sfu_server_url",
    "sharing_url",
    "sms_uuid",
    "smtp_ssl_certificate",
    "source_url",
    "speedscope_url",
    "string_to_hash",
    "stripe_publishable_key",
    "url_code",
];

/// The same for names that contain secrets in other models.
const ORDINARY_OF: &[(&str, &str)] = &[
    ("account.move.line", "term_key"),
    ("ir.actions.act_url", "url"),
    ("ir.attachment", "url"),
    ("ir.config_parameter", "key"),
    ("ir.module.module", "url"),
    ("ir.ui.view", "key"),
    ("mail.ice.server", "uri"),
    ("product.document", "url"),
    ("quotation.document", "url"),
    ("sms.sms", "uuid"),
    ("web_tour.tour", "url"),
];

/// Whether the name requires a classification. Relations contain ids, and booleans contain no secret.
fn is_suspicious(name: &str, kind: &str) -> bool {
    let is_plain = matches!(kind, "boolean" | "date" | "datetime" | "float" | "integer");
    let is_relation = matches!(kind, "many2one" | "one2many" | "many2many");
    let sounds_so = name.split('_').any(|word| SUSPICIOUS.contains(&word) || word.contains("token"));
    sounds_so && !is_relation && (!is_plain || name.starts_with("signup_"))
}

#[tokio::test]
async fn every_field_with_a_suspicious_name_is_classified() {
    let gateway = Gateway::start_with_odoo(&[]).await;
    let mut unclear = Vec::new();
    let mut secrets = 0;
    for version in Version::each() {
        let open = with_scope_on(version, &gateway, r#""all""#, "open").await;
        for (model, _) in models(&open).await {
            let model = model.as_str();
            let fields = call(&open, model, "fields_get", json!([[], ["type"]])).await;
            // Secret fields are rejected even if a rule names the model explicitly.
            let rule = |name: &str| format!(r#"{{"models": "{name}", "operations": ["read"]}}"#);
            let named =
                [model, "ir.attachment", "mail.alias", "mail.message", "mail.compose.message", "ir.actions.server"];
            let scope = Scope::from_json(&format!("[{}]", named.map(rule).join(","))).unwrap();
            let name = ModelName::parse(model).unwrap();
            for (field, attributes) in fields.as_object().unwrap() {
                if !is_suspicious(field, attributes["type"].as_str().unwrap()) {
                    continue;
                }
                let is_secret = !scope.allows_field(&name, Operation::Read, field);
                let is_ordinary = ORDINARY.contains(&field.as_str()) || ORDINARY_OF.contains(&(model, field));
                secrets += usize::from(is_secret);
                if !is_secret && !is_ordinary {
                    unclear.push(format!("{version:?} {model}.{field}"));
                }
            }
        }
    }
    assert!(unclear.is_empty(), "neither secret nor ordinary: {unclear:#?}");
    assert!(secrets > 60, "{secrets}");
}

/// The member names of every object in a response, and the columns of a CSV header.
fn names(text: &str) -> Vec<&str> {
    text.split(['"', ',', '\r', '\n']).filter(|word| !word.is_empty()).collect()
}

#[tokio::test]
async fn secret_fields_are_in_no_list_of_any_dialect() {
    let gateway = Gateway::start_with_odoo(&[("ODOO_GATEWAY__RESTFUL__MODELS__*__READ", "")]).await;
    let secrets = ["signup_token", "signup_url", "signup_type", "access_token", "access_url"];
    for version in Version::each() {
        let open = with_scope_on(version, &gateway, r#""all""#, "open").await;
        let star = r#"[{"models": "*", "operations": ["read", "execute"]}]"#;
        let star = with_scope_on(version, &gateway, star, "star").await;
        let narrowed = r#"{"within": "all", "only": "read"}"#;
        let narrowed = with_scope_on(version, &gateway, narrowed, "narrowed").await;
        for model in ["res.partner", "account.move"] {
            let id = call(&open, model, "search", json!([[], 0, 1])).await[0].as_i64().unwrap();
            for path in [
                format!("/restapi/1.0/object/{model}?limit=1"),
                format!("/restapi/1.0/object/{model}/{id}"),
                format!("/restapi/1.0/object/{model}?ids={id}"),
                format!("/api/{model}/search?limit=1"),
                format!("/api/{model}/{id}"),
                format!("/restful/api/v1/{model}?limit=1"),
                format!("/restful/api/v1/{model}/{id}"),
                format!("/api/v1/{model}?page_size=1"),
                format!("/api/v1/{model}/{id}"),
                format!("/api/v1/{model}/{id}?query={{*}}"),
                format!("/api/v1/{model}/{id}?query={{-name}}"),
            ] {
                for client in [&open, &star, &narrowed] {
                    let response = client.get(&path, &[]).await;
                    assert_eq!(response.status, 200, "{version:?} {path}: {}", response.text);
                    let found = names(&response.text);
                    assert!(!secrets.iter().any(|secret| found.contains(secret)), "{version:?} {path}: {found:?}");
                }
            }
            for accept in ["text/csv", "application/x-ndjson"] {
                let path = format!("/api/v1/{model}?page_size=1");
                let response = star.with_header("accept", accept).get(&path, &[]).await;
                let found = names(&response.text);
                assert!(response.status == 200 && found.len() > 20, "{}", response.text);
                assert!(!secrets.iter().any(|secret| found.contains(secret)), "{version:?} {accept}: {found:?}");
            }
        }
        for line in [
            "POST res.partner/read?args=[[ID]]",
            "POST res.partner/search_read?args=[[['id','=',ID]]]",
            "POST res.partner/search_read?kwargs={'domain':[['id','=',ID]],'fields':[]}",
        ] {
            for client in [&open, &star] {
                let response = send_line(client, line, 3).await;
                assert_eq!(response.status, 200, "{version:?} {line}: {}", response.text);
                let found = names(&response.text);
                assert!(!secrets.iter().any(|secret| found.contains(secret)), "{version:?} {line}: {found:?}");
            }
        }
    }
}

#[tokio::test]
async fn secret_field_is_read_only_if_a_rule_names_it() {
    let gateway = Gateway::start_with_odoo(&[]).await;
    for version in Version::each() {
        let open = with_scope_on(version, &gateway, r#""all""#, "open").await;
        let id = call(&open, "account.move", "search", json!([[], 0, 1])).await[0].as_i64().unwrap();
        let by_name = format!("GET account.move/{id}?fields=access_token");
        send_line(&open, &by_name, 0).await.ok();
        let naming = r#"[{"models": "*", "operations": ["read", "execute"]},
                         {"models": "account.move", "operations": ["read"], "fields": {"only": ["access_token"]}}]"#;
        send_line(&with_scope_on(version, &gateway, naming, "naming").await, &by_name, 0).await.ok();
        let all = r#"[{"models": "*", "operations": ["read", "create", "update", "execute"]},
                      {"models": "account.move", "operations": ["read", "update"], "fields": {"except": ["narration"]}}]"#;
        let narrowed = r#"{"within": "all", "only": "read update execute"}"#;
        for scope in [all, narrowed] {
            let client = with_scope_on(version, &gateway, scope, "scoped").await;
            for line in [
                by_name.clone(),
                "GET account.move/search?domain=[('access_token','=like','a%')]".to_owned(),
                "GET account.move?order=access_token".to_owned(),
                format!("PUT account.move/{id}?vals={{'access_token':'x'}}"),
                format!("POST account.move/read?args=[[{id}],['access_token']]"),
                format!("POST account.move/export_data?args=[[{id}],['access_token']]"),
                "POST account.move/read_group?args=[[],['access_token'],['access_token']]".to_owned(),
                "GET account.move.line/search?domain=[('move_id.access_token','=like','a%')]".to_owned(),
            ] {
                let response = send_line(&client, &line, 0).await;
                assert_eq!(
                    (response.status, response.json()["code"].as_str()),
                    (403, Some("scope_forbidden")),
                    "{line}"
                );
            }
        }
        let star = with_scope_on(version, &gateway, all, "star").await;
        for line in [
            "POST res.partner/signup_prepare?args=[[ID]]",
            "POST res.partner/signup_get_auth_param?args=[[ID]]",
            "POST res.partner/action_signup_prepare?args=[[ID]]",
            "POST account.move/get_portal_url?args=[[ID]]",
            "POST account.move/preview_invoice?args=[[ID]]",
            "POST account.move/get_access_action?args=[[ID]]",
            "POST sale.order/action_preview_sale_order?args=[[ID]]",
            "POST sale.order/action_share?args=[[ID]]",
            "POST res.partner/rating_get_access_token?args=[[ID]]",
        ] {
            send_line(&star, line, id).await.problem(403, "scope_forbidden");
        }
    }
}
