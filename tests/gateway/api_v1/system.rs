//! Health and info, which need no credential.

use serde_json::json;

use super::{data, error_of};
use crate::support::{Gateway, StubOdoo, StubReply, Version};

const DONE: &str = "Operation completed successfully";

#[tokio::test]
async fn health_and_versions_need_no_credential() {
    for version in Version::each() {
        let anonymous = Gateway::shared().client().on(version);
        let health = data(&anonymous.get("/api/v1/health", &[]).await, DONE);
        assert_eq!(health, json!({"status": "ok", "gateway": "ok", "odoo": "ok"}));
        let info = data(&anonymous.get("/api/v1/info/", &[]).await, DONE);
        assert_eq!((&info["name"], &info["api_version"]), (&json!("odoo-gateway"), &json!("v1")));
        assert_eq!(info["version"], env!("CARGO_PKG_VERSION"));
        let series = match version {
            Version::Odoo14 => "14.0",
            Version::Odoo19 => "19.0",
            Version::Odoo20 => "20.0",
        };
        assert_eq!(info["odoo"]["server_serie"], series);
        let endpoints = info["endpoints"].as_array().unwrap();
        let list = json!({"method": "GET", "path": "/api/v1/{model}", "description": "List records"});
        assert!(endpoints.contains(&list) && endpoints.len() == 16, "{}: {endpoints:#?}", endpoints.len());
    }
    let elsewhere = Gateway::shared().client().with_header("X-Odoo-Database", "nowhere");
    error_of(&elsewhere.get("/api/v1/health", &[]).await, 404, "NotFound", "unknown_database");
}

#[tokio::test]
async fn health_is_degraded_if_odoo_is_unreachable() {
    let stub = StubOdoo::start().await;
    stub.when("version", StubReply::cut());
    let gateway = Gateway::start_with_stub(&stub, &[]).await;
    let client = gateway.client();
    let health = data(&client.get("/api/v1/health", &[]).await, DONE);
    assert_eq!(health, json!({"status": "degraded", "gateway": "ok", "odoo": "unreachable"}));
    assert_eq!(data(&client.get("/api/v1/info", &[]).await, DONE)["odoo"], json!(null));
}
