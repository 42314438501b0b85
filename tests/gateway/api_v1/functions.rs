//! Method calls on models and on records.

use serde_json::{Value, json};

use super::{MISSING_ID, admin, data, error_of, new_tag, unique, user};
use crate::support::Version;

const DONE: &str = "Operation completed successfully";
const TAG_METHODS: &str = "/api/v1/object/res.partner.category";

#[tokio::test]
async fn method_returns_its_own_result() {
    for version in Version::each() {
        let (admin, name) = (admin(version), unique("called"));
        let id = new_tag(version, &name).await;
        let body = json!({"args": [name], "kwargs": {"limit": 5}});
        let found = admin.post(&format!("{TAG_METHODS}/name_search"), &body).await;
        assert_eq!(data(&found, DONE), json!([[id, name]]));
        let one = admin.post(&format!("{TAG_METHODS}/{id}/read"), &json!({"args": [["name"]]})).await;
        assert_eq!(data(&one, DONE), json!([{"id": id, "name": name}]));
        let count = admin
            .post(&format!("{TAG_METHODS}/search_count"), &json!({"args": [[["id", "=", id]]], "kwargs": {}}))
            .await;
        assert_eq!(data(&count, DONE), 1);
        let none = admin.post(&format!("{TAG_METHODS}/{id}/toggle_active"), &json!({})).await;
        assert_eq!(data(&none, DONE), Value::Null, "a method without a result returns null");
    }
}

#[tokio::test]
async fn invalid_calls_are_rejected() {
    for version in Version::each() {
        let admin = admin(version);
        let call = async |path: &str, body: Value| admin.post(&format!("/api/v1/object/{path}"), &body).await;
        error_of(&call("res.partner/_write", json!({})).await, 403, "Forbidden", "private_method");
        error_of(&call("res.partner/sudo", json!({})).await, 403, "Forbidden", "private_method");
        error_of(&call("res.partner/no_such_method", json!({})).await, 404, "NotFound", "unknown_method");
        error_of(&call("no.such.model/read", json!({"args": [[1]]})).await, 404, "NotFound", "unknown_model");
        error_of(&call("res.partner/1/read", json!({"args": 7})).await, 400, "BadRequest", "invalid_parameter");
        error_of(&call("res.partner/1/read", json!({"kwargs": [7]})).await, 400, "BadRequest", "invalid_parameter");
        let missing = call(&format!("res.partner/{MISSING_ID}/write"), json!({"args": [{"name": "x"}]})).await;
        error_of(&missing, 404, "MissingError", "record_not_found");
        let (internal, all) = (user(version, "internal"), json!({"args": [[]]}));
        let denied = internal.post("/api/v1/object/ir.config_parameter/search", &all).await;
        error_of(&denied, 403, "AccessError", "access_denied");
    }
}
