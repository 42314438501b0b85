//! Error responses in the format of the dialect `api_v1`.

use reqwest::Method;
use serde_json::json;

use super::{MISSING_ID, PARTNERS, TAGS, admin, error_of, send_json, unique, user};
use crate::support::client::send;
use crate::support::{Gateway, Version};

#[tokio::test]
async fn unauthenticated_requests_are_401() {
    let anonymous = Gateway::shared().client();
    let response = anonymous.get(PARTNERS, &[]).await;
    error_of(&response, 401, "Unauthorized", "credential_missing");
    assert!(response.header("www-authenticate").starts_with("Basic "));
    let gateway = Gateway::start_with_odoo(&[]).await;
    let wrong = gateway.client().with_password("admin", "wrong").get(PARTNERS, &[]).await;
    error_of(&wrong, 401, "AccessDenied", "credential_invalid");
    for (method, path) in [(Method::POST, TAGS.to_owned()), (Method::GET, format!("{TAGS}/fields"))] {
        error_of(&send_json(&anonymous, method, &path, &json!({})).await, 401, "Unauthorized", "credential_missing");
    }
}

#[tokio::test]
async fn unknown_routes_and_names_have_the_dialects_error_format() {
    for version in Version::each() {
        let admin = admin(version);
        for (path, status, kind, reason) in [
            ("/api/v1", 404, "NotFound", "unknown_route"),
            ("/api/v1/", 404, "NotFound", "unknown_route"),
            ("/api/v1/res.partner/1/name/more", 404, "NotFound", "unknown_route"),
            ("/api/v1/no.such.model", 404, "NotFound", "unknown_model"),
            ("/api/v1/No", 404, "NotFound", "unknown_model"),
            ("/api/v1/v2", 404, "NotFound", "unknown_model"),
            ("/api/v1/object", 404, "NotFound", "unknown_model"),
            ("/api/v1/health/1", 404, "NotFound", "unknown_model"),
            ("/api/v1/res.partner/0", 404, "MissingError", "record_not_found"),
            ("/api/v1/res.partner/2147483648", 404, "MissingError", "record_not_found"),
        ] {
            error_of(&admin.get(path, &[]).await, status, kind, reason);
        }
        let missing = error_of(
            &admin.get(&format!("{PARTNERS}/{MISSING_ID}"), &[]).await,
            404,
            "MissingError",
            "record_not_found",
        );
        assert_eq!(missing["message"], format!("The record {MISSING_ID} of res.partner does not exist."));
        let response = send_json(&admin, Method::PATCH, TAGS, &json!({})).await;
        error_of(&response, 405, "BadRequest", "method_not_allowed");
        assert!(response.header("allow").contains("PUT"));
        assert_eq!(send(admin.request(Method::OPTIONS, TAGS)).await.status, 204);
    }
}

#[tokio::test]
async fn error_from_odoo_is_a_bad_request_with_its_message() {
    for version in Version::each() {
        let admin = admin(version);
        let partner = json!({"data": {"name": unique("loop")}});
        let id = admin.post(PARTNERS, &partner).await.ok()["data"]["id"].as_i64().unwrap();
        let recursive = admin.put(&format!("{PARTNERS}/{id}"), &json!({"data": {"parent_id": id}})).await;
        let error = error_of(&recursive, 400, "ValidationError", "odoo_refused");
        assert!(error["message"].as_str().unwrap().to_lowercase().contains("recursi"), "{error}");
        let dangling = admin.post(PARTNERS, &json!({"data": {"name": "x", "country_id": MISSING_ID}})).await;
        error_of(&dangling, 400, "ValidationError", "unknown_reference");
        let taken = json!({"data": {"name": unique("Second Belgium"), "code": "BE"}, "context": {"lang": false}});
        error_of(&admin.post("/api/v1/res.country", &taken).await, 409, "Conflict", "unique_conflict");
        let used = admin.delete("/api/v1/res.country/233", &[]).await;
        assert!([400, 409].contains(&used.status), "{}", used.text);
    }
}

#[tokio::test]
async fn missing_access_right_is_an_access_error() {
    for version in Version::each() {
        let internal = user(version, "internal");
        error_of(&internal.get("/api/v1/ir.config_parameter", &[]).await, 403, "AccessError", "access_denied");
        let created = internal.post("/api/v1/ir.config_parameter", &json!({"data": {"key": "x", "value": "y"}})).await;
        error_of(&created, 403, "AccessError", "access_denied");
    }
}

#[tokio::test]
async fn syntax_error_contains_its_position() {
    for version in Version::each() {
        let admin = admin(version);
        let broken = send(admin.request(Method::POST, TAGS).body("{\"data\": ")).await;
        let error = error_of(&broken, 400, "BadRequest", "invalid_literal");
        assert!(error["message"].as_str().unwrap().contains("position"), "{error}");
        let kind = send(admin.request(Method::POST, TAGS).header("content-type", "text/plain").body("x")).await;
        error_of(&kind, 415, "BadRequest", "unsupported_media_type");
        let image = send(admin.request(Method::GET, TAGS).header("accept", "image/png")).await;
        error_of(&image, 406, "BadRequest", "not_acceptable");
        let picky = admin.with_header("accept", "image/png");
        error_of(&picky.get(TAGS, &[("limit", "5000")]).await, 406, "BadRequest", "not_acceptable");
        let searched = picky.post(&format!("{TAGS}/search"), &json!({"limit": 5000})).await;
        error_of(&searched, 406, "BadRequest", "not_acceptable");
        error_of(&admin.get(TAGS, &[("limit", "1"), ("limit", "2")]).await, 400, "BadRequest", "repeated_parameter");
        let domain =
            error_of(&admin.get(TAGS, &[("filter", "[('name','~',1)]")]).await, 400, "BadRequest", "invalid_domain");
        assert_eq!(domain["parameter"], "filter");
    }
}
