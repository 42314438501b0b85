//! The document in older versions of OpenAPI: valid, complete, and the same interface. The referees are an independent
//! validator, and converters and validators that are used for OpenAPI elsewhere.

use std::path::{Path, PathBuf};

use odoo_gateway::http::openapi::{OpenApiVersion, to_version};
use serde_json::Value;
use tempfile::TempDir;

use super::document;
use crate::support::testbed::tool;
use crate::support::{Gateway, Version};

/// The models of typed documents in these tests.
const MODELS: &str = "res.partner,sale.order,product.template";

/// Writes the document in every version. Returns the files, the latest version first.
fn write_versions(document: &Value, folder: &Path) -> Vec<PathBuf> {
    let write = |version: OpenApiVersion| {
        let converted = to_version(document.clone(), version);
        assert_eq!(converted.unmapped, [""; 0], "{version}");
        let text = converted.document.to_string();
        // Power Automate accepts documents of at most 1 MB.
        assert!(text.len() < 1_000_000, "{version}: {} bytes", text.len());
        let file = folder.join(format!("{version}.json"));
        std::fs::write(&file, text).unwrap();
        file
    };
    OpenApiVersion::ALL.map(write).to_vec()
}

/// Asks the referees. Other tests validate OpenAPI 3.1.
async fn check_versions(document: &Value) {
    let folder = TempDir::new().unwrap();
    let files = write_versions(document, folder.path());
    let files: Vec<&str> = files.iter().map(|file| file.to_str().unwrap()).collect();
    for file in &files[1..] {
        let verdict = tool(&["validate", file]).await;
        assert!(verdict.status.success(), "{verdict:?}");
    }
    let verdict = tool(&[&["compare-versions"], files.as_slice()].concat()).await;
    assert!(verdict.status.success(), "{}", String::from_utf8_lossy(&verdict.stdout));
}

#[tokio::test]
async fn every_version_describes_the_same_interface() {
    check_versions(&document()).await;
}

#[tokio::test]
async fn every_version_of_a_typed_document_describes_the_same_interface() {
    let client = Gateway::shared().client().on(Version::Odoo19).as_user("admin");
    let typed = async |empty: &str| client.get("/openapi.json", &[("models", MODELS), ("empty", empty)]).await.ok();
    check_versions(&typed("false").await).await;
    write_versions(&typed("null").await, TempDir::new().unwrap().path());
}

/// Ten models of different sizes.
const TEN_MODELS: &str = "res.partner,res.users,res.company,product.template,product.product,product.pricelist,\
    sale.order,sale.order.line,account.move,account.move.line";

/// Power Automate accepts documents of at most 1 MB. The bounds are a little above the sizes, so that a repetition is
/// noticed.
#[tokio::test]
async fn swagger_of_one_dialect_and_ten_models_is_small_enough_for_power_automate() {
    let client = Gateway::shared().client().on(Version::Odoo19).as_user("admin");
    for (dialect, bound) in [("api_v1", 950_000), ("restapi", 950_000), ("", 2_100_000)] {
        let mut query = vec![("models", TEN_MODELS), ("version", "2.0")];
        query.extend((!dialect.is_empty()).then_some(("dialect", dialect)));
        let size = client.get("/openapi.json", &query).await.text.len();
        assert!(size < bound, "{dialect}: {size} bytes");
    }
}

#[tokio::test]
async fn route_returns_the_requested_version() {
    let client = Gateway::shared().client();
    for version in OpenApiVersion::ALL {
        let response = client.get("/openapi.json", &[("version", version.as_str())]).await;
        let etag = response.header("etag").to_owned();
        assert_eq!(response.ok(), to_version(document(), version).document, "{version}");
        let again = client.with_header("if-none-match", &etag);
        assert_eq!(again.get("/openapi.json", &[("version", version.as_str())]).await.status, 304, "{version}");
        let other = if version == OpenApiVersion::V3_0 { "3.1" } else { "3.0" };
        assert_eq!(again.get("/openapi.json", &[("version", other)]).await.status, 200, "{version}");
    }
    let problem = client.get("/openapi.json", &[("version", "1.2")]).await.problem(400, "invalid_parameter");
    assert_eq!(problem["hint"], "Use one of: 3.1, 3.0, 2.0.");
}

#[tokio::test]
async fn swagger_names_the_host_that_clients_use() {
    let gateway = Gateway::start(&[("ODOO_GATEWAY__SERVER__PUBLIC_URL", "https://api.example.com/odoo/")]).await;
    let document = gateway.client().get("/openapi.json", &[("version", "2.0")]).await.ok();
    let address = ["host", "basePath"].map(|name| document[name].as_str().unwrap());
    assert_eq!((address, &document["schemes"][0]), (["api.example.com", "/odoo"], &Value::from("https")));
    let definition = &document["securityDefinitions"]["oauth2"];
    assert_eq!(definition["authorizationUrl"], "https://api.example.com/odoo/restapi/1.0/common/oauth2/authorize");
}
