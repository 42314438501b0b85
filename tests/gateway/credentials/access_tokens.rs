//! Access tokens of the dialect `restful`, in front of real Odoos.

use serde_json::json;

use crate::support::{Gateway, Version};

const LOGIN: &str = "/rest/api/login/token";
const PARTNERS: &str = "/restapi/1.0/object/res.partner/search_count";

#[tokio::test]
async fn login_issues_a_token_and_logout_revokes_it() {
    for version in Version::each() {
        let patient = [
            ("ODOO_GATEWAY__AUTH__FAILURE_FLOOR", "1ms"),
            ("ODOO_GATEWAY__AUTH__THROTTLE__PER_ADDRESS_AND_LOGIN__BURST", "100"),
            ("ODOO_GATEWAY__AUTH__THROTTLE__PER_ADDRESS__BURST", "100"),
            ("ODOO_GATEWAY__AUTH__THROTTLE__PER_LOGIN__BURST", "100"),
        ];
        let gateway = Gateway::start_with_odoo(&patient).await;
        let client = gateway.client();
        let (login, db) = ("internal", version.database());
        let query = [("login", login), ("password", login), ("db", db)];
        let issued = client.get(LOGIN, &query).await;
        assert_eq!(issued.header("cache-control"), "no-store");
        let issued = issued.ok();
        let token = issued["access_token"].as_str().unwrap().to_owned();
        let hex = token.strip_prefix("access_token_").unwrap();
        assert!(hex.len() == 40 && hex.bytes().all(|byte| byte.is_ascii_hexdigit()), "{issued}");
        let again = client.post(LOGIN, &json!({"login": login, "password": login, "db": db})).await.ok();
        assert_eq!(again["uid"], issued["uid"]);
        let other = again["access_token"].as_str().unwrap();
        assert_ne!(other, token);
        let headers = [
            ("access-token", token.clone()),
            ("access_token", token.clone()),
            ("authorization", format!("Bearer {token}")),
        ];
        for (name, value) in &headers {
            client.with_header(name, value).get(PARTNERS, &[]).await.ok();
        }
        let with_token = client.with_header("access-token", &token);
        with_token.delete("/rest/api/logout/token", &[]).await.ok();
        with_token.get(PARTNERS, &[]).await.problem(401, "credential_invalid");
        with_token.delete("/rest/api/logout/token", &[]).await.problem(401, "credential_invalid");
        let with_other = client.with_header("access-token", other);
        with_other.get(PARTNERS, &[]).await.ok();
        client.post("/rest/api/logout", &json!({"access_token": other})).await.ok();
        for unknown in [other, "access_token_0000000000000000000000000000000000000000", "nonsense"] {
            let again = client.post("/rest/api/logout", &json!({"access_token": unknown})).await;
            again.problem(401, "credential_invalid");
            let again = client.with_header("access-token", unknown).delete("/rest/api/logout/token", &[]).await;
            again.problem(401, "credential_invalid");
        }
        with_other.get(PARTNERS, &[]).await.problem(401, "credential_invalid");
        client.delete("/rest/api/logout", &[]).await.problem(401, "credential_missing");
        assert!(gateway.administration().await.list_tokens().await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn wrong_password_and_unknown_database_get_the_same_response_and_time() {
    let gateway = Gateway::start_with_odoo(&[("ODOO_GATEWAY__AUTH__FAILURE_FLOOR", "1500ms")]).await;
    let mut bodies = std::collections::HashSet::new();
    for (password, db) in [("wrong", "odoo19"), ("internal", "nowhere"), ("internal", "http://127.0.0.1:1")] {
        let began = std::time::Instant::now();
        let response = gateway.client().get(LOGIN, &[("login", "internal"), ("password", password), ("db", db)]).await;
        let took = began.elapsed().as_millis();
        // A multiple of the minimum failure time, independent of Odoo's duration.
        assert!(took >= 1500 && took % 1500 < 1000, "{db}: {took} ms");
        let mut problem = response.problem(401, "credential_invalid");
        problem.as_object_mut().unwrap().remove("request_id");
        bodies.insert(problem.to_string());
    }
    assert_eq!(bodies.len(), 1, "{bodies:?}");
    let client = gateway.client();
    client.get(LOGIN, &[("login", "internal"), ("db", "odoo19")]).await.problem(400, "missing_parameter");
    let head = client.request(reqwest::Method::HEAD, LOGIN).send().await.unwrap();
    assert_eq!(head.status(), 405);
    assert!(gateway.administration().await.list_tokens().await.unwrap().is_empty());
}

#[tokio::test]
async fn request_with_a_cached_token_makes_one_odoo_call() {
    let proxy =
        crate::support::recording_proxy::RecordingProxy::in_front_of(crate::support::testbed().url(Version::Odoo19))
            .await;
    let url = proxy.url();
    let gateway =
        Gateway::start(&[("ODOO_GATEWAY__ODOO__0__URL", &url), ("ODOO_GATEWAY__ODOO__0__DATABASE", "odoo19")]).await;
    let client = gateway.client();
    let token = client.post(LOGIN, &json!({"login": "internal", "password": "internal", "db": "odoo19"})).await.ok();
    let client = client.with_header("access-token", token["access_token"].as_str().unwrap());
    client.get(PARTNERS, &[]).await.ok();
    proxy.take_calls();
    for _ in 0..5 {
        client.get(PARTNERS, &[]).await.ok();
    }
    assert_eq!(proxy.take_calls(), ["res.partner.search_count"; 5]);
}
