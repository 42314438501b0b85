//! Documents of certain models: the types are those of real responses, and the operations are those that are allowed.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::json_schema::violations;
use crate::credentials::new_key_of;
use crate::support::binary::run;
use crate::support::testbed::tool;
use crate::support::{Client, Gateway, Response, Version, testbed, unique};

const DOCUMENT: &str = "/openapi.json";
const MODELS: [&str; 2] = ["res.partner", "sale.order"];

fn client_of(version: Version, login: &str) -> Client {
    Gateway::shared().client().on(version).as_user(login)
}

async fn document_for(client: &Client, query: &[(&str, &str)]) -> Value {
    client.get(DOCUMENT, query).await.ok()
}

fn schema<'d>(document: &'d Value, name: &str) -> &'d Value {
    document.pointer(&format!("/components/schemas/{name}")).unwrap_or_else(|| panic!("no schema {name}"))
}

fn names(object: &Value) -> BTreeSet<&str> {
    object.as_object().unwrap().keys().map(String::as_str).collect()
}

/// The ids of the operations.
fn operation_ids(document: &Value) -> BTreeSet<&str> {
    let items = document["paths"].as_object().unwrap().values();
    let operations = items.flat_map(|item| item.as_object().unwrap().values());
    operations.map(|operation| operation["operationId"].as_str().unwrap()).collect()
}

/// Sends a GET request of the document, and checks the response.
async fn checked_get(client: &Client, document: &Value, template: &str, id: &str, query: &[(&str, &str)]) -> Value {
    let operation = &document["paths"][template]["get"];
    let schema = &operation["responses"]["200"]["content"]["application/json"]["schema"];
    assert!(schema.is_object(), "{template} is not described");
    let response = client.get(&template.replace("{id}", id).replace("{key}", id), query).await.ok();
    assert_eq!(violations(document, schema, &response), Vec::<String>::new(), "{template}");
    response
}

/// Reads records of a model through every dialect.
async fn check_model(client: &Client, document: &Value, model: &str) {
    let page = checked_get(client, document, &format!("/api/v1/{model}"), "", &[("page_size", "30")]).await;
    let records = page["data"]["records"].as_array().unwrap();
    let id = records.iter().map(|record| record["id"].to_string()).min().unwrap();
    let found = records[0].as_object().unwrap().keys().map(String::as_str).collect::<BTreeSet<_>>();
    let type_name = if model == "res.partner" { "ResPartner" } else { "SaleOrder" };
    let properties = schema(document, type_name)["properties"].as_object().unwrap();
    let described = properties.iter().filter(|(_, field)| field["x-odoo-type"] != "binary");
    assert_eq!(found, described.map(|(name, _)| name.as_str()).collect(), "every field is described, and no other");
    let object = format!("/restapi/1.0/object/{model}");
    for (template, query) in [
        (format!("/api/v1/{model}/{{id}}"), [].as_slice()),
        (object.clone(), &[("limit", "30")]),
        (format!("{object}/{{key}}"), &[]),
        (format!("{object}/search"), &[("limit", "3")]),
        (format!("/api/{model}/search"), &[("limit", "30")]),
        (format!("/api/{model}/{{id}}"), &[]),
        (format!("/restful/api/v1/{model}"), &[("limit", "30")]),
        (format!("/restful/api/v1/{model}/{{id}}"), &[]),
    ] {
        checked_get(client, document, &template, &id, query).await;
    }
}

#[tokio::test]
async fn responses_of_every_dialect_have_the_types_of_the_document() {
    for version in Version::each() {
        let client = client_of(version, "admin");
        let document = document_for(&client, &[("models", &MODELS.join(","))]).await;
        let null = document_for(&client, &[("models", &MODELS.join(",")), ("empty", "null")]).await;
        let prefers_null = client.with_header("Prefer", "empty=null");
        for model in MODELS {
            check_model(&client, &document, model).await;
            check_model(&prefers_null, &null, model).await;
        }
        // The types differ, so that the checks above can fail.
        let path = "/api/v1/res.partner/{id}";
        let response = client.get("/api/v1/res.partner/1", &[]).await.ok();
        let schema = &null["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"];
        assert_ne!(violations(&null, schema, &response), Vec::<String>::new());
    }
}

#[tokio::test]
async fn new_record_needs_only_the_required_fields_and_accepts_what_was_read() {
    for version in Version::each() {
        let client = client_of(version, "admin");
        let document = document_for(&client, &[("models", "sale.order,product.template,res.partner.category")]).await;
        // The example has exactly the required fields. Odoo 14 fills some of them only when it creates the record.
        let body = &document["paths"]["/api/v1/sale.order"]["post"]["requestBody"]["content"]["application/json"];
        let required = schema(&document, "SaleOrderCreate")["required"].as_array().unwrap().iter();
        let required: BTreeSet<&str> = required.filter_map(Value::as_str).collect();
        assert_eq!(names(&body["example"]["data"]), required);
        assert!(required.contains("partner_id") && !required.contains("name"), "{required:?}");
        client.post("/api/v1/sale.order", &body["example"]).await.ok();
        assert_eq!(schema(&document, "ProductTemplateCreate")["required"], json!(["name"]));
        let product = json!({"data": {"name": unique("product")}});
        client.post("/api/v1/product.template", &product).await.ok();

        let tag = client.post("/api/v1/res.partner.category", &json!({"data": {"name": unique("tag")}})).await.ok();
        let update = schema(&document, "ResPartnerCategoryUpdate");
        let record = tag["data"].as_object().unwrap().clone();
        let writable: Map<String, Value> =
            record.into_iter().filter(|(name, _)| update["properties"].get(name).is_some()).collect();
        assert!(writable.contains_key("name") && writable.contains_key("parent_id") && !writable.contains_key("id"));
        assert_eq!(violations(&document, update, &Value::Object(writable.clone())), Vec::<String>::new());
        let path = format!("/api/v1/res.partner.category/{}", tag["data"]["id"]);
        client.put(&path, &json!({"data": writable})).await.ok();
    }
}

/// The default of this model's required `name` in Odoo 14 is the next number of a sequence.
#[tokio::test]
async fn document_takes_no_number_of_a_sequence() {
    let client = client_of(Version::Odoo14, "admin");
    let query = [("domain", "[('code','=','account.reconcile')]"), ("fields", "['number_next_actual']")];
    let next = async || client.get("/restapi/1.0/object/ir.sequence", &query).await.ok();
    let before = next().await;
    assert!(before["Sequence"][0]["number_next_actual"].is_number(), "{before:#}");
    let document = document_for(&client, &[("models", "account.full.reconcile")]).await;
    let create = schema(&document, "AccountFullReconcileCreate");
    assert!(create["properties"].get("name").is_some() && create.get("required").is_none(), "{create:#}");
    assert_eq!(next().await, before);
}

#[tokio::test]
async fn lines_of_an_order_are_typed_if_their_model_is_described() {
    let client = client_of(Version::Odoo19, "admin");
    let document = document_for(&client, &[("models", "sale.order,sale.order.line"), ("dialect", "api_v1")]).await;
    let lines = json!({"create": [{"product_id": 1, "product_uom_qty": 2.5}]});
    let values = json!({"partner_id": 1, "order_line": lines});
    let create = schema(&document, "SaleOrderCreate");
    assert_eq!(violations(&document, create, &values), Vec::<String>::new());
    let wrong = json!({"partner_id": 1, "order_line": {"create": [{"product_uom_qty": "many"}]}});
    assert_ne!(violations(&document, create, &wrong), Vec::<String>::new());
    assert!(operation_ids(&document).iter().all(|id| !id.contains("Restapi") && !id.contains("restful")));
}

#[tokio::test]
async fn document_of_a_scoped_key_contains_what_the_key_may_do() {
    let gateway = Gateway::shared();
    let scope = r#"[{"models": "res.partner", "operations": ["read"], "fields": {"except": ["email"]}},
                    {"models": "res.partner", "operations": ["update"], "fields": {"only": ["phone", "id"]}}]"#;
    let new_key = new_key_of("odoo19", &unique("typed"), "admin", "admin");
    let new_key = odoo_gateway::admin::NewApiKey { scope: scope.to_owned(), ..new_key };
    let (_, key) = gateway.administration().await.create_key(new_key).await.unwrap();
    let client = gateway.client().with_header("api-key", key.expose());
    let document = document_for(&client, &[("models", "res.partner")]).await;
    let properties = names(&schema(&document, "ResPartner")["properties"]);
    assert!(properties.contains("phone") && !properties.contains("email") && !properties.contains("email_normalized"));
    assert_eq!(names(&schema(&document, "ResPartnerUpdate")["properties"]), BTreeSet::from(["phone"]));
    let ids = operation_ids(&document);
    assert!(ids.contains("listResPartner") && ids.contains("patchResPartner"));
    for verb in ["create", "delete", "call"] {
        assert!(ids.iter().all(|id| !id.starts_with(&format!("{verb}ResPartner"))), "{verb}");
    }
    let outside = client.get(DOCUMENT, &[("models", "res.partner,sale.order")]).await.problem(403, "scope_forbidden");
    assert!(outside["detail"].as_str().unwrap().contains("sale.order"), "{outside:#}");
}

#[tokio::test]
async fn document_is_what_the_user_may_see() {
    for version in Version::each() {
        let (admin, portal) = (client_of(version, "admin"), client_of(version, "portal"));
        let query = [("models", "sale.order")];
        let (all, few) = (document_for(&admin, &query).await, document_for(&portal, &query).await);
        let fields = |document| names(&schema(document, "SaleOrder")["properties"]);
        assert!(fields(&few).is_subset(&fields(&all)) && fields(&few).len() < fields(&all).len());
        assert!(operation_ids(&all).contains("createSaleOrder") && !operation_ids(&few).contains("createSaleOrder"));
        assert_eq!(few.pointer("/components/schemas/SaleOrderCreate"), None);
        let problem = portal.get(DOCUMENT, &[("models", "sale.order,ir.cron")]).await.problem(403, "access_denied");
        assert!(problem["detail"].as_str().unwrap().contains("ir.cron"), "{problem:#}");
        let unknown = admin.get(DOCUMENT, &[("models", "no.such.model")]).await.problem(404, "unknown_model");
        assert!(unknown["detail"].as_str().unwrap().contains("no.such.model"), "{unknown:#}");
    }
}

#[tokio::test]
async fn labels_are_in_the_language_of_the_request() {
    for version in Version::each() {
        let client = client_of(version, "admin");
        let query = |lang| [("models", "sale.order"), ("lang", lang)];
        let [english, french] = [query("en_US"), query("fr_FR")];
        let (english, french) = (document_for(&client, &english).await, document_for(&client, &french).await);
        let state = |document| schema(document, "SaleOrderState").clone();
        assert_eq!(state(&english)["enum"], state(&french)["enum"]);
        assert_eq!(state(&english)["x-enum-descriptions"][0], "Quotation");
        assert_eq!(state(&french)["x-enum-descriptions"][0], "Devis");
        assert!(state(&french)["description"].as_str().unwrap().contains("- `draft`: Devis"));
        let by_header = client.with_header("X-Odoo-Lang", "fr_FR");
        assert_eq!(document_for(&by_header, &[("models", "sale.order")]).await, french);
        client.get(DOCUMENT, &query("xx_XX")).await.problem(400, "invalid_context");
    }
}

#[tokio::test]
async fn unchanged_document_is_not_sent_again() {
    let client = client_of(Version::Odoo19, "internal");
    let query = [("models", "res.country")];
    let get = async |client: &Client| -> Response { client.get(DOCUMENT, &query).await };
    let first = get(&client).await;
    assert_eq!((first.status, first.header("cache-control")), (200, "private, no-cache"));
    let etag = first.header("etag").to_owned();
    let second = get(&client.with_header("If-None-Match", &etag)).await;
    assert_eq!((second.status, second.header("etag"), second.text.as_str()), (304, etag.as_str(), ""));
    let other = get(&client_of(Version::Odoo19, "admin").with_header("If-None-Match", &etag)).await;
    assert_eq!(other.status, 200, "an administrator may do more");
    Gateway::shared().client().get(DOCUMENT, &query).await.problem(401, "credential_missing");
    client.get(DOCUMENT, &[("model", "res.country")]).await.problem(400, "invalid_parameter");
}

#[tokio::test]
async fn generic_document_needs_no_credential_and_exists_in_every_version() {
    let client = Gateway::shared().client();
    let generic = client.get(DOCUMENT, &[]).await;
    assert!(generic.ok()["paths"].get("/api/v1/{model}").is_some());
    let known = client.with_header("If-None-Match", generic.header("etag")).get(DOCUMENT, &[]).await;
    assert_eq!(known.status, 304);
    assert_eq!(client.get(DOCUMENT, &[("version", "3.0")]).await.ok()["openapi"], "3.0.3");
    assert_eq!(client.get(DOCUMENT, &[("version", "2.0")]).await.ok()["swagger"], "2.0");
}

#[tokio::test]
async fn command_line_prints_the_same_document_which_is_valid_and_free_of_lint() {
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("secret");
    std::fs::write(&secret, "admin").unwrap();
    let models = "res.partner,sale.order,product.template";
    let arguments = ["openapi", "--models", models, "--login", "admin", "--secret-file", secret.to_str().unwrap()];
    let settings = [
        ("ODOO_GATEWAY__ODOO__0__URL", testbed().url(Version::Odoo19)),
        ("ODOO_GATEWAY__ODOO__0__DATABASE", "odoo19"),
        ("ODOO_GATEWAY__RESTFUL__MODELS__*__READ", ""),
    ];
    let printed = run(&arguments, folder.path(), &settings).await;
    assert!(printed.status.success(), "{}", String::from_utf8_lossy(&printed.stderr));
    let document: Value = serde_json::from_slice(&printed.stdout).unwrap();
    assert_eq!(document, document_for(&client_of(Version::Odoo19, "admin"), &[("models", models)]).await);

    let rules = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("openapi");
    for rule in ["redocly.yaml", "spectral.yaml"] {
        std::fs::copy(rules.join(rule), folder.path().join(rule)).unwrap();
    }
    let file = folder.path().join("typed.json");
    std::fs::write(&file, &printed.stdout).unwrap();
    for check in ["validate", "lint"] {
        let verdict = tool(&[check, file.to_str().unwrap()]).await;
        assert!(verdict.status.success(), "{check}: {}", String::from_utf8_lossy(&verdict.stdout));
    }
}
