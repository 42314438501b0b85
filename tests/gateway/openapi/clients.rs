//! Clients that generators make from the document: their types are complete, and they work with a real Odoo.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::document;
use crate::support::odoo::fresh_database;
use crate::support::testbed::tool;
use crate::support::{Gateway, Version};

/// Generates clients from the document into a folder, and checks their types.
async fn generate(document: &Value, folder: &Path) {
    let file = folder.join("openapi.json");
    std::fs::write(&file, document.to_string()).unwrap();
    let verdict = tool(&["generate", file.to_str().unwrap(), folder.to_str().unwrap()]).await;
    let output = [verdict.stdout, verdict.stderr].concat();
    assert!(verdict.status.success(), "{}", String::from_utf8_lossy(&output));
}

/// The attributes of a generated Python class whose type is `Any`.
fn untyped_attributes(folder: &Path, module: &str) -> BTreeSet<String> {
    let source = std::fs::read_to_string(folder.join(format!("generated/models/{module}.py"))).unwrap();
    let attributes = source.lines().filter_map(|line| line.strip_prefix("    ")?.split_once(": "));
    let untyped = attributes.filter(|(_, kind)| kind.split([' ', '[', ',', ']']).next() == Some("Any"));
    untyped.map(|(name, _)| name.to_owned()).collect()
}

/// The properties of a schema that describe a value of any type.
fn untyped_properties(document: &Value, schema: &str) -> BTreeSet<String> {
    let properties = document["components"]["schemas"][schema]["properties"].as_object().unwrap();
    let is_typed = |field: &Value| ["type", "anyOf", "$ref"].iter().any(|keyword| field.get(keyword).is_some());
    properties.iter().filter(|(_, field)| !is_typed(field)).map(|(name, _)| name.clone()).collect()
}

#[tokio::test]
async fn generators_understand_the_document() {
    let folder = TempDir::new().unwrap();
    generate(&document(), folder.path()).await;
}

#[tokio::test]
async fn generated_clients_work_with_typed_records() {
    let database = fresh_database(Version::Odoo19).await;
    let gateway = Gateway::start_with_database(Version::Odoo19, &database, &[]).await;
    let admin = gateway.client().as_user("admin");
    let models = "res.partner,sale.order,sale.order.line,product.template";
    let query = [("models", models), ("dialect", "api_v1"), ("empty", "null")];
    let document = admin.get("/openapi.json", &query).await.ok();
    let folder = TempDir::new().unwrap();
    generate(&document, folder.path()).await;

    // Objects without a name would be named after their position among alternatives.
    let modules = std::fs::read_dir(folder.path().join("generated/models")).unwrap();
    let modules: Vec<String> = modules.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    let is_numbered =
        |name: &String| name.split("type_").skip(1).any(|rest| rest.starts_with(|first: char| first.is_ascii_digit()));
    assert!(modules.len() > 10 && !modules.iter().any(is_numbered), "{modules:?}");

    for (schema, module) in
        [("ResPartner", "res_partner"), ("SaleOrder", "sale_order"), ("ProductTemplate", "product_template")]
    {
        let untyped = untyped_properties(&document, schema);
        assert_eq!(untyped_attributes(folder.path(), module), untyped, "{schema}");
        // Only fields without a fixed type: JSON, and what Odoo computes as a structure.
        let fields = &document["components"]["schemas"][schema]["properties"];
        assert!(untyped.iter().all(|name| !SCALARS.contains(&fields[name]["x-odoo-type"].as_str().unwrap())));
    }

    let first_id = async |model: &str| {
        let query = [("query", "{id}"), ("page_size", "1")];
        admin.get(&format!("/api/v1/{model}"), &query).await.ok()["data"]["records"][0]["id"].clone()
    };
    let (customer, product) = (first_id("res.partner").await, first_id("product.product").await);
    let facts = json!({
        "url": format!("http://{}", gateway.address()), "basic": "YWRtaW46YWRtaW4=", "customer": customer,
        "product": product
    });
    let output = tool(&["client", folder.path().to_str().unwrap(), &facts.to_string()]).await;
    let [stdout, stderr] = [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text).into_owned());
    assert!(output.status.success(), "{stdout}\n{stderr}");
    let [python, typescript]: [Value; 2] =
        stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect::<Vec<_>>().try_into().unwrap();
    assert!(python["order"].as_i64() > Some(0) && typescript["listed"] == 3, "{stdout}");
    for id in [&python["partner"], &typescript["created"]] {
        assert_eq!(admin.get(&format!("/api/v1/res.partner/{id}"), &[]).await.status, 404);
    }
}

/// The types of fields that have a scalar value.
const SCALARS: [&str; 10] =
    ["boolean", "integer", "float", "monetary", "char", "text", "html", "date", "datetime", "selection"];
