//! Which models are answered, which HTTP methods, which media types.

use reqwest::Method;
use serde_json::json;

use super::{NOWHERE, PARTNERS, TAGS, admin, gateway, patch};
use crate::support::client::send;
use crate::support::{Gateway, Version};

const COUNTRIES: &str = "/restful/api/v1/res.country";

#[tokio::test]
async fn a_model_that_nobody_enabled_is_refused_for_every_deed() {
    for version in Version::BOTH {
        let client = admin(version);
        let one = format!("{COUNTRIES}/1");
        let (body, call) = (json!({"name": "x"}), format!("{one}/read"));
        for answer in [
            client.get(COUNTRIES, &[]).await,
            client.post(COUNTRIES, &body).await,
            client.get(&one, &[]).await,
            client.put(&one, &body).await,
            patch(&client, &one, &body).await,
            client.delete(&one, &[]).await,
            client.post(&call, &json!({})).await,
            patch(&client, &call, &json!({})).await,
        ] {
            let problem = answer.refused(403, "model_not_enabled");
            assert_eq!(problem["detail"], "The model res.country is not enabled for this interface.");
            let hint = problem["hint"].as_str().unwrap();
            assert!(hint.contains(r#"[restful.models."res.country"]"#), "{hint}");
        }
        client.get("/restful/api/v1/Res.Country", &[]).await.refused(404, "unknown_model");
        client.get("/restful/api/v1/no.such", &[]).await.refused(403, "model_not_enabled");
    }
}

#[tokio::test]
async fn by_default_no_model_is_answered() {
    let gateway = Gateway::before_odoo(&[]).await;
    let client = gateway.client().as_user("internal");
    client.get(PARTNERS, &[]).await.refused(403, "model_not_enabled");
    client.get("/restapi/1.0/object/res.partner/search_count", &[]).await.ok();
}

#[tokio::test]
async fn who_calls_is_asked_before_the_model() {
    let client = gateway().client();
    let problem = client.get(COUNTRIES, &[]).await.refused(401, "credential_missing");
    assert_eq!(problem["instance"], COUNTRIES);
    client.post(PARTNERS, &json!({})).await.refused(401, "credential_missing");
}

#[tokio::test]
async fn a_schema_for_all_models_is_used_where_a_model_has_none_of_its_own() {
    let gateway = Gateway::before_odoo(&[
        ("ODOO_GATEWAY__RESTFUL__MODELS__*__READ", "{id, display_name}"),
        ("ODOO_GATEWAY__RESTFUL__MODELS__res.country__READ", "{code}"),
    ])
    .await;
    let client = gateway.client().as_user("internal");
    assert_eq!(client.get(&format!("{COUNTRIES}/233"), &[]).await.ok(), json!({"code": "US"}));
    let lang = client.get("/restful/api/v1/res.lang", &[("code", "en_US")]).await.ok();
    assert_eq!(lang[0].as_object().unwrap().keys().collect::<Vec<_>>(), ["id", "display_name"]);
    client.get("/restful/api/v1/no.such", &[]).await.refused(404, "unknown_model");
}

#[tokio::test]
async fn routes_know_their_methods() {
    let client = admin(Version::Odoo19);
    let one = format!("{PARTNERS}/1");
    for (method, path, allow) in [
        (Method::PUT, PARTNERS, "GET,HEAD,POST"),
        (Method::PATCH, PARTNERS, "GET,HEAD,POST"),
        (Method::DELETE, PARTNERS, "GET,HEAD,POST"),
        (Method::POST, one.as_str(), "GET,HEAD,PUT,PATCH,DELETE"),
    ] {
        let answer = send(client.request(method, path)).await;
        let mut allowed: Vec<&str> = answer.header("allow").split(',').map(str::trim).collect();
        let mut expected: Vec<&str> = allow.split(',').collect();
        allowed.retain(|method| *method != "OPTIONS");
        allowed.sort_unstable();
        expected.sort_unstable();
        assert_eq!(allowed, expected, "{path}");
        answer.refused(405, "method_not_allowed");
    }
    let head = send(client.request(Method::HEAD, &format!("{one}?fields=name"))).await;
    assert_eq!((head.status, head.text.as_str()), (200, ""));
    let slash = client.get(&format!("{TAGS}/"), &[("limit", "1")]).await;
    assert!(slash.ok().is_array());
    client.with_header("Accept", "text/html").get(&one, &[]).await.refused(406, "not_acceptable");
    let text = client.request(Method::POST, PARTNERS).header("content-type", "text/plain").body("x");
    send(text).await.refused(415, "unsupported_media_type");
    client.get(&format!("{PARTNERS}/{NOWHERE}/a/b"), &[]).await.refused(404, "unknown_route");
}
