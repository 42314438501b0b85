//! Models, HTTP methods and media types that are rejected.

use reqwest::Method;
use serde_json::json;

use super::{MISSING_ID, PARTNERS, TAGS, admin, gateway, patch};
use crate::support::client::send;
use crate::support::{Gateway, Version};

const COUNTRIES: &str = "/restful/api/v1/res.country";

#[tokio::test]
async fn model_that_is_not_enabled_is_rejected_for_every_operation() {
    for version in Version::each() {
        let client = admin(version);
        let one = format!("{COUNTRIES}/1");
        let (body, call) = (json!({"name": "x"}), format!("{one}/read"));
        for response in [
            client.get(COUNTRIES, &[]).await,
            client.post(COUNTRIES, &body).await,
            client.get(&one, &[]).await,
            client.put(&one, &body).await,
            patch(&client, &one, &body).await,
            client.delete(&one, &[]).await,
            client.post(&call, &json!({})).await,
            patch(&client, &call, &json!({})).await,
        ] {
            let problem = response.problem(403, "model_not_enabled");
            assert_eq!(problem["detail"], "The model `res.country` is not enabled for `/restful/api/v1`.");
            let hint = problem["hint"].as_str().unwrap();
            assert!(hint.contains(r#"[restful.models."res.country"]"#), "{hint}");
        }
        client.get("/restful/api/v1/Res.Country", &[]).await.problem(404, "unknown_model");
        client.get("/restful/api/v1/no.such", &[]).await.problem(403, "model_not_enabled");
    }
}

#[tokio::test]
async fn no_model_is_enabled_by_default() {
    let gateway = Gateway::start_with_odoo(&[]).await;
    let client = gateway.client().as_user("internal");
    client.get(PARTNERS, &[]).await.problem(403, "model_not_enabled");
    client.get("/restapi/1.0/object/res.partner/search_count", &[]).await.ok();
}

#[tokio::test]
async fn authentication_comes_before_the_model_check() {
    let client = gateway().client();
    let problem = client.get(COUNTRIES, &[]).await.problem(401, "credential_missing");
    assert_eq!(problem["instance"], COUNTRIES);
    client.post(PARTNERS, &json!({})).await.problem(401, "credential_missing");
}

#[tokio::test]
async fn default_schema_applies_to_models_without_their_own() {
    let gateway = Gateway::start_with_odoo(&[
        ("ODOO_GATEWAY__RESTFUL__MODELS__*__READ", "{id, display_name}"),
        ("ODOO_GATEWAY__RESTFUL__MODELS__res.country__READ", "{code}"),
    ])
    .await;
    let client = gateway.client().as_user("internal");
    assert_eq!(client.get(&format!("{COUNTRIES}/233"), &[]).await.ok(), json!({"code": "US"}));
    let lang = client.get("/restful/api/v1/res.lang", &[("code", "en_US")]).await.ok();
    assert_eq!(lang[0].as_object().unwrap().keys().collect::<Vec<_>>(), ["id", "display_name"]);
    client.get("/restful/api/v1/no.such", &[]).await.problem(404, "unknown_model");
}

#[tokio::test]
async fn unsupported_http_methods_are_405() {
    let client = admin(Version::Odoo19);
    let one = format!("{PARTNERS}/1");
    for (method, path, allow) in [
        (Method::PUT, PARTNERS, "GET,HEAD,POST"),
        (Method::PATCH, PARTNERS, "GET,HEAD,POST"),
        (Method::DELETE, PARTNERS, "GET,HEAD,POST"),
        (Method::POST, one.as_str(), "GET,HEAD,PUT,PATCH,DELETE"),
    ] {
        let response = send(client.request(method, path)).await;
        let mut allowed: Vec<&str> = response.header("allow").split(',').map(str::trim).collect();
        let mut expected: Vec<&str> = allow.split(',').collect();
        allowed.retain(|method| *method != "OPTIONS");
        allowed.sort_unstable();
        expected.sort_unstable();
        assert_eq!(allowed, expected, "{path}");
        response.problem(405, "method_not_allowed");
    }
    let head = send(client.request(Method::HEAD, &format!("{one}?fields=name"))).await;
    assert_eq!((head.status, head.text.as_str()), (200, ""));
    let slash = client.get(&format!("{TAGS}/"), &[("limit", "1")]).await;
    assert!(slash.ok().is_array());
    client.with_header("Accept", "text/html").get(&one, &[]).await.problem(406, "not_acceptable");
    let text = client.request(Method::POST, PARTNERS).header("content-type", "text/plain").body("x");
    send(text).await.problem(415, "unsupported_media_type");
    client.get(&format!("{PARTNERS}/{MISSING_ID}/a/b"), &[]).await.problem(404, "unknown_route");
}
