//! The Postman collection: equal to its committed copy, complete, and green from top to bottom against a real Odoo when
//! Postman's own runner sends it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use odoo_gateway::admin::{GrantType, NewApplication};
use odoo_gateway::http::openapi::postman::environment;
use serde_json::{Value, json};

use super::credentials::new_key_of;
use super::oauth1::new_application;
use super::support::binary::run;
use super::support::odoo::fresh_database;
use super::support::testbed::tool;
use super::support::{Gateway, Version};

const COLLECTION: &str = "/postman_collection.json";

#[tokio::test]
async fn committed_files_are_up_to_date() {
    for (arguments, file) in
        [(&["postman"][..], "postman_collection.json"), (&["postman", "--environment"], "postman_environment.json")]
    {
        let printed = run(arguments, Path::new("."), &[]).await;
        assert_eq!((printed.status.code(), String::from_utf8_lossy(&printed.stderr).as_ref()), (Some(0), ""));
        let committed = std::fs::read_to_string(format!("{}/openapi/{file}", env!("CARGO_MANIFEST_DIR")));
        let same = committed.unwrap() == String::from_utf8(printed.stdout).unwrap();
        assert!(same, "openapi/{file} is not up to date: run `make openapi` and look at the diff");
    }
}

#[tokio::test]
async fn collection_is_made_from_a_given_document() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, document: Value| {
        let path = folder.path().join(name).display().to_string();
        std::fs::write(&path, document.to_string()).unwrap();
        path
    };
    let operation = json!({"get": {"operationId": "listThings", "responses": {"200": {}}}});
    let path = file("typed.json", json!({"openapi": "3.1.0", "paths": {"/api/v1/x.thing": operation}}));
    let printed = run(&["postman", "--document", &path], folder.path(), &[]).await;
    let collection: Value = serde_json::from_slice(&printed.stdout).unwrap();
    assert_eq!(collection["item"][0]["item"][0]["name"], "x.thing");
    assert_eq!(collection["item"][0]["item"][0]["item"][0]["id"], "listThings");
    let old = file("old.json", json!({"openapi": "3.0.3", "paths": {}}));
    let rejected = run(&["postman", "--document", &old], folder.path(), &[]).await;
    let message = String::from_utf8(rejected.stderr).unwrap();
    assert_eq!(message, format!("odoo-gateway: {old} is not an OpenAPI document of version 3.1\n"));
    assert_eq!(rejected.status.code(), Some(1));
}

#[tokio::test]
async fn files_need_no_credential_and_contain_the_configured_url() {
    let gateway = Gateway::start(&[("ODOO_GATEWAY__SERVER__PUBLIC_URL", "https://api.example.com/odoo/")]).await;
    let client = gateway.client();
    for (path, name) in [(COLLECTION, "collection"), ("/postman_environment.json", "environment")] {
        let file = client.get(path, &[]).await;
        let disposition = format!("attachment; filename=\"odoo-gateway.postman_{name}.json\"");
        assert_eq!(file.header("content-disposition"), disposition);
        assert_eq!(file.header("content-type"), "application/json");
        let variables = file.ok();
        let base_url = &variables[if name == "collection" { "variable" } else { "values" }][0];
        assert_eq!((&base_url["key"], &base_url["value"]), (&json!("baseUrl"), &json!("https://api.example.com/odoo")));
        let cached = client.with_header("if-none-match", file.header("etag")).get(path, &[]).await;
        assert_eq!((cached.status, cached.text.as_str()), (304, ""));
    }
    client.get(COLLECTION, &[("version", "2.0")]).await.problem(400, "invalid_parameter");
    client.get(COLLECTION, &[("models", "res.partner")]).await.problem(401, "credential_missing");
    let page = client.with_header("accept", "text/html").get("/", &[]).await;
    for path in [COLLECTION, "/postman_environment.json"] {
        assert!(page.text.contains(&format!("href=\"/odoo{path}\"")), "{}", page.text);
    }
}

/// A gateway in front of a database of its own, and an environment with credentials of its administrator.
async fn gateway_with_environment() -> (Gateway, Value) {
    let database = fresh_database(Version::Odoo19).await;
    let settings = [("ODOO_GATEWAY__RESTFUL__MODELS__*__READ", "")];
    let gateway = Gateway::start_with_database(Version::Odoo19, &database, &settings).await;
    let admin = gateway.administration().await;
    let (_, key) = admin.create_key(new_key_of(&database, "postman", "admin", "admin")).await.unwrap();
    let mut application = NewApplication { database: None, ..new_application(Version::Odoo19, "newman") };
    application.settings.grants =
        [GrantType::AuthorizationCode, GrantType::RefreshToken, GrantType::ClientCredentials].into();
    // The authorization request names no redirect URI, so there must be only one.
    application.settings.redirect_uris.truncate(1);
    let (application, secrets) = admin.create_application(application).await.unwrap();
    let (client, consumer) = (secrets.client.unwrap(), secrets.consumer.unwrap());
    let mut environment = environment(&format!("http://{}", gateway.address()));
    for (name, value) in [
        ("db", database.as_str()),
        ("login", "admin"),
        ("password", "admin"),
        ("apiKey", key.expose()),
        ("clientId", application.client_id()),
        ("clientSecret", client.expose()),
        ("consumerKey", consumer.key()),
        ("consumerSecret", consumer.secret()),
    ] {
        let values = environment["values"].as_array_mut().unwrap();
        values.iter_mut().find(|variable| variable["key"] == name).unwrap()["value"] = value.into();
    }
    (gateway, environment)
}

/// Sends a collection with Newman. Every test in it must pass. Returns the statuses by the id of the request.
async fn run_collection(collection: &Value, environment: &Value) -> BTreeMap<String, u64> {
    let folder = tempfile::tempdir().unwrap();
    let files = [("collection", collection), ("environment", environment)].map(|(name, content)| {
        let path = folder.path().join(name).display().to_string();
        std::fs::write(&path, content.to_string()).unwrap();
        path
    });
    let output = tool(&["newman", &files[0], &files[1]]).await;
    assert!(output.status.success(), "{output:?}");
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["failures"], json!([]), "{:#}", report["failures"]);
    let requests = report["requests"].as_array().unwrap();
    for request in requests {
        assert!(request["tests"].as_u64() >= Some(2), "{request} has no tests of its own");
    }
    let status = |request: &Value| (request["id"].as_str().unwrap().to_owned(), request["status"].as_u64().unwrap());
    requests.iter().map(status).collect()
}

fn operation_ids(document: &Value) -> BTreeSet<String> {
    let items = document["paths"].as_object().unwrap().values();
    let operations = items.flat_map(|item| item.as_object().unwrap().values());
    operations.filter_map(|operation| Some(operation["operationId"].as_str()?.to_owned())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn newman_sends_every_operation_and_all_tests_pass() {
    let (gateway, environment) = gateway_with_environment().await;
    let partners = async || gateway.client().as_user("admin").get("/api/res.partner/record_count", &[]).await.ok();
    let before = partners().await;
    let document = gateway.client().get("/openapi.json", &[]).await.ok();
    let sent = run_collection(&gateway.client().get(COLLECTION, &[]).await.ok(), &environment).await;
    let missing: Vec<String> = operation_ids(&document).into_iter().filter(|id| !sent.contains_key(id)).collect();
    assert!(missing.is_empty(), "{missing:?}");
    let unsuccessful: Vec<(&str, u64)> =
        sent.iter().filter(|(_, status)| **status >= 300).map(|(id, status)| (id.as_str(), *status)).collect();
    let expected = [
        // This request shows an error.
        ("json2_call_method_error", 422),
        // The issuer of this gateway has no path.
        ("oauth2_metadata_below", 404),
        // Forms that were not sent from a page.
        ("restapi_answer_oauth1", 403),
        ("restapi_answer_oauth2", 403),
        // The demonstration is disabled.
        ("restapi_start", 404),
    ];
    assert_eq!(unsuccessful, expected);
    assert_eq!(partners().await, before, "records remain");
}

#[tokio::test(flavor = "multi_thread")]
async fn newman_sends_the_collection_of_a_model_and_its_types_are_true() {
    let (gateway, environment) = gateway_with_environment().await;
    let admin = gateway.client().as_user("admin");
    let models = [("models", "sale.order")];
    let document = admin.get("/openapi.json", &models).await.ok();
    let collection = admin.get(COLLECTION, &models).await;
    assert_eq!(collection.header("cache-control"), "private, no-cache");
    let sent = run_collection(&collection.ok(), &environment).await;
    let ids = operation_ids(&document);
    assert!(ids.contains("createSaleOrder") && ids.is_subset(&sent.into_keys().collect()), "{ids:?}");
}
