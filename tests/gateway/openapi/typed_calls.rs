//! Which calls to Odoo a document of models needs, and who gets one.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::credentials::new_key_of;
use crate::support::odoo::fresh_database;
use crate::support::recording_proxy::{RecordingProxy, recorded_gateway};
use crate::support::{Client, Gateway, Version, unique};

const DOCUMENT: &str = "/openapi.json";
const MODELS: [&str; 2] = ["res.partner.category", "res.country"];
/// Proves that Odoo accepts the user's credential.
const VERIFICATION: &str = "res.users.read";

/// How often each method was called since the last time.
fn take_counts(proxy: &RecordingProxy) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    proxy.take_calls().into_iter().for_each(|name| *counts.entry(name).or_default() += 1);
    counts
}

fn expected<const N: usize>(calls: [(&str, usize); N]) -> BTreeMap<String, usize> {
    calls.into_iter().map(|(name, count)| (name.to_owned(), count)).collect()
}

/// The method that returns the names of models.
fn labels(version: Version) -> &'static str {
    if version == Version::Odoo19 { "ir.model.display_name_for" } else { "ir.model.search_read" }
}

async fn document_for(client: &Client, models: &str, lang: &str) -> Value {
    client.get(DOCUMENT, &[("models", models), ("lang", lang)]).await.ok()
}

fn operation_ids(document: &Value) -> Vec<&str> {
    let items = document["paths"].as_object().unwrap().values();
    let operations = items.flat_map(|item| item.as_object().unwrap().values());
    operations.map(|operation| operation["operationId"].as_str().unwrap()).collect()
}

/// The method that asks for a right.
fn right(version: Version) -> &'static str {
    match version {
        Version::Odoo14 => "check_access_rights",
        Version::Odoo19 | Version::Odoo20 => "has_access",
    }
}

#[tokio::test]
async fn each_part_of_a_document_is_fetched_once() {
    for version in Version::each() {
        let (proxy, gateway, admin) = recorded_gateway(version).await;
        // Version, languages and the user's settings are fetched now.
        document_for(&admin, "res.lang", "en_US").await;
        proxy.take_calls();
        let models = MODELS.join(",");
        let english = document_for(&admin, &models, "en_US").await;
        let [tag, country] =
            MODELS.map(|model| ["fields_get", right(version), "default_get"].map(|method| format!("{model}.{method}")));
        let parts = [
            (VERIFICATION, 1),
            (labels(version), 1),
            (&tag[0], 1),
            (&tag[1], 4),
            (&tag[2], 1),
            (&country[0], 1),
            (&country[1], 4),
            (&country[2], 1),
        ];
        assert_eq!(take_counts(&proxy), expected(parts));

        let french = document_for(&admin, &models, "fr_FR").await;
        let fields = [(VERIFICATION, 1), (&tag[0], 1), (&country[0], 1)];
        assert_eq!(take_counts(&proxy), expected(fields), "only labels depend on the language");
        let create = |document: &Value| document["components"]["schemas"]["ResCountryCreate"].clone();
        assert_eq!(create(&english)["required"], create(&french)["required"]);
        assert_ne!(create(&english), create(&french));

        admin.get("/postman_collection.json", &[("models", &models), ("lang", "fr_FR")]).await.ok();
        assert_eq!(take_counts(&proxy), expected([(VERIFICATION, 1)]));
        // The schema was part of a description.
        admin.get("/api/v1/res.country", &[("query", "{id}"), ("page_size", "1")]).await.ok();
        assert!(!take_counts(&proxy).contains_key("res.country.fields_get"));
        gateway.stop().await;
    }
}

/// Defaults are code of Odoo that a key without the right to create must not run.
#[tokio::test]
async fn a_read_only_scope_asks_for_no_defaults_and_for_no_right_to_write() {
    for version in Version::each() {
        let (proxy, gateway, _) = recorded_gateway(version).await;
        let key = new_key_of(version.database(), &unique("reader"), "admin", "admin");
        let scope = r#"[{"models": "res.*", "operations": ["read"]}]"#.to_owned();
        let key = odoo_gateway::admin::NewApiKey { scope, ..key };
        let (_, key) = gateway.administration().await.create_key(key).await.unwrap();
        let reader = gateway.client().with_header("api-key", key.expose());
        document_for(&reader, "res.lang", "en_US").await;
        proxy.take_calls();
        let document = document_for(&reader, MODELS[0], "en_US").await;
        let [fields, rights] = ["fields_get", right(version)].map(|method| format!("{}.{method}", MODELS[0]));
        let read = [(VERIFICATION, 1), (labels(version), 1), (&fields, 1), (&rights, 1)];
        assert_eq!(take_counts(&proxy), expected(read));
        let ids = operation_ids(&document);
        assert!(ids.contains(&"listResPartnerCategory"));
        for verb in ["create", "update", "patch", "delete", "call"] {
            assert!(ids.iter().all(|id| !id.starts_with(&format!("{verb}ResPartnerCategory"))), "{verb}: {ids:?}");
        }
        gateway.stop().await;
    }
}

#[tokio::test]
async fn a_user_who_may_only_read_a_model_gets_no_operation_that_writes() {
    for version in Version::each() {
        let client = Gateway::shared().client().on(version).as_user("internal");
        let document = document_for(&client, "res.country", "en_US").await;
        let ids = operation_ids(&document);
        assert!(ids.contains(&"listResCountry") && ids.contains(&"getResCountryRestapi"));
        for verb in ["create", "update", "patch", "delete"] {
            assert!(ids.iter().all(|id| !id.starts_with(&format!("{verb}ResCountry"))), "{verb}: {ids:?}");
        }
        let schemas = document["components"]["schemas"].as_object().unwrap();
        let written = ["ResCountryCreate", "ResCountryUpdate", "ResCountryValues"];
        assert!(written.iter().all(|name| !schemas.contains_key(*name)));
    }
}

#[tokio::test]
async fn an_archived_user_gets_no_document_although_the_models_are_cached() {
    for version in Version::each() {
        let gateway = Gateway::start_with_database(version, &fresh_database(version).await, &[]).await;
        let (admin, user) = (gateway.client().as_user("admin"), gateway.client().as_user("internal"));
        document_for(&user, "res.country", "en_US").await;
        let domain = [("domain", "[('login','=','internal')]"), ("fields", "['login']")];
        let found = admin.get("/restapi/1.0/object/res.users", &domain).await.ok();
        let id = found.as_object().unwrap().values().next().unwrap()[0]["id"].clone();
        let path = format!("/restapi/1.0/object/res.users/{id}");
        admin.put(&path, &json!({"vals": {"active": false}})).await.ok();
        for route in [DOCUMENT, "/postman_collection.json", DOCUMENT] {
            user.get(route, &[("models", "res.country")]).await.problem(401, "credential_invalid");
        }
        document_for(&admin, "res.country", "en_US").await;
    }
}
