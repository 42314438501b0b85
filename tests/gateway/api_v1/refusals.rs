//! Who may not, and how it is said: each problem in this family's form.

use reqwest::Method;
use serde_json::json;

use super::{NOWHERE, PARTNERS, TAGS, admin, ask, refused, unique, user};
use crate::support::client::send;
use crate::support::{Gateway, Version};

#[tokio::test]
async fn whoever_is_not_known_is_told_so() {
    let anybody = Gateway::shared().client();
    let answer = anybody.get(PARTNERS, &[]).await;
    refused(&answer, 401, "Unauthorized", "credential_missing");
    assert!(answer.header("www-authenticate").starts_with("Basic "));
    let gateway = Gateway::before_odoo(&[]).await;
    let wrong = gateway.client().with_password("admin", "wrong").get(PARTNERS, &[]).await;
    refused(&wrong, 401, "AccessDenied", "credential_invalid");
    for (method, path) in [(Method::POST, TAGS.to_owned()), (Method::GET, format!("{TAGS}/fields"))] {
        refused(&ask(&anybody, method, &path, &json!({})).await, 401, "Unauthorized", "credential_missing");
    }
}

#[tokio::test]
async fn routes_and_names_that_do_not_exist_have_this_familys_form() {
    for version in Version::BOTH {
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
            refused(&admin.get(path, &[]).await, status, kind, reason);
        }
        let missing =
            refused(&admin.get(&format!("{PARTNERS}/{NOWHERE}"), &[]).await, 404, "MissingError", "record_not_found");
        assert_eq!(missing["message"], format!("There is no record {NOWHERE} of res.partner."));
        let answer = ask(&admin, Method::PATCH, TAGS, &json!({})).await;
        refused(&answer, 405, "BadRequest", "method_not_allowed");
        assert!(answer.header("allow").contains("PUT"));
        assert_eq!(send(admin.request(Method::OPTIONS, TAGS)).await.status, 204);
    }
}

#[tokio::test]
async fn what_odoo_refuses_is_a_bad_request_with_its_words() {
    for version in Version::BOTH {
        let admin = admin(version);
        let partner = json!({"data": {"name": unique("loop")}});
        let id = admin.post(PARTNERS, &partner).await.ok()["data"]["id"].as_i64().unwrap();
        let recursive = admin.put(&format!("{PARTNERS}/{id}"), &json!({"data": {"parent_id": id}})).await;
        let error = refused(&recursive, 400, "ValidationError", "odoo_refused");
        assert!(error["message"].as_str().unwrap().to_lowercase().contains("recursi"), "{error}");
        let dangling = admin.post(PARTNERS, &json!({"data": {"name": "x", "country_id": NOWHERE}})).await;
        refused(&dangling, 400, "ValidationError", "unknown_reference");
        let taken = json!({"data": {"name": unique("Second Belgium"), "code": "BE"}, "context": {"lang": false}});
        refused(&admin.post("/api/v1/res.country", &taken).await, 409, "Conflict", "unique_conflict");
        let used = admin.delete("/api/v1/res.country/233", &[]).await;
        assert!([400, 409].contains(&used.status), "{}", used.text);
    }
}

#[tokio::test]
async fn what_this_user_may_not_is_an_access_error() {
    for version in Version::BOTH {
        let internal = user(version, "internal");
        refused(&internal.get("/api/v1/ir.config_parameter", &[]).await, 403, "AccessError", "access_denied");
        let made = internal.post("/api/v1/ir.config_parameter", &json!({"data": {"key": "x", "value": "y"}})).await;
        refused(&made, 403, "AccessError", "access_denied");
    }
}

#[tokio::test]
async fn what_cannot_be_read_is_said_with_its_place() {
    for version in Version::BOTH {
        let admin = admin(version);
        let broken = send(admin.request(Method::POST, TAGS).body("{\"data\": ")).await;
        let error = refused(&broken, 400, "BadRequest", "invalid_literal");
        assert!(error["message"].as_str().unwrap().contains("position"), "{error}");
        let kind = send(admin.request(Method::POST, TAGS).header("content-type", "text/plain").body("x")).await;
        refused(&kind, 415, "BadRequest", "unsupported_media_type");
        let image = send(admin.request(Method::GET, TAGS).header("accept", "image/png")).await;
        refused(&image, 406, "BadRequest", "not_acceptable");
        refused(&admin.get(TAGS, &[("limit", "1"), ("limit", "2")]).await, 400, "BadRequest", "repeated_parameter");
        let domain =
            refused(&admin.get(TAGS, &[("filter", "[('name','~',1)]")]).await, 400, "BadRequest", "invalid_domain");
        assert_eq!(domain["parameter"], "filter");
    }
}
