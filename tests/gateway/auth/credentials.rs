//! Passwords and Odoo API keys: accepted forms, the access that they give, and their end.

use reqwest::Method;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::{FLOOR, PARTNER, ping};
use crate::support::client::send;
use crate::support::odoo::fresh_database;
use crate::support::stub_odoo::PASSWORD;
use crate::support::{Client, Gateway, Response, StubOdoo, StubReply, Version, testbed};

const LOGIN: &str = "/rest/api/login/token";

#[tokio::test]
async fn password_and_api_key_give_the_same_access() {
    for version in Version::each() {
        let client = Gateway::shared().client().on(version);
        let (by_password, by_key) =
            (client.as_user("internal"), client.with_password("internal", testbed().api_key(version)));
        // Users see only their own keys, and no other user of the testbed has one.
        let keys = "/restapi/1.0/object/res.users.apikeys/search_count";
        for client in [by_password, by_key] {
            assert_eq!(client.get(keys, &[]).await.ok(), json!({"count": 1}), "{version:?}");
        }
    }
}

#[tokio::test]
async fn api_key_works_only_with_its_login() {
    let gateway = Gateway::start_with_odoo(&[(FLOOR, "100ms")]).await;
    for version in Version::each() {
        let stolen = gateway.client().on(version).with_password("salesman", testbed().api_key(version));
        ping(&stolen).await.problem(401, "credential_invalid");
    }
}

#[tokio::test]
async fn missing_or_unknown_credentials_do_not_reach_odoo() {
    let stub = StubOdoo::start().await;
    let gateway = Gateway::start_with_stub(&stub, &[]).await;
    let response = gateway.client().get(PARTNER, &[]).await;
    let problem = response.problem(401, "credential_missing");
    let hint = "Send an API key as `api-key`, or HTTP Basic with your Odoo login and your password or an Odoo API key.";
    assert_eq!(problem["hint"], hint);
    assert!(response.header("www-authenticate").starts_with("Basic "));
    for value in ["Basic", "Basic !", "Basic YWRtaW4=", "Digest username=x", "Bearer 123", ""] {
        let response = gateway.client().with_header("Authorization", value).get(PARTNER, &[]).await;
        response.problem(401, "credential_invalid");
        assert!(response.header("www-authenticate").starts_with("Basic "), "{value}");
    }
    assert_eq!(stub.calls(), [""; 0]);
}

#[tokio::test]
async fn malformed_credential_is_a_bad_request() {
    let stub = StubOdoo::start().await;
    let gateway = Gateway::start_with_stub(&stub, &[]).await;
    let long = "p".repeat(4096);
    for (login, secret) in [("admin", "a\0b"), ("ad\0min", "admin"), ("admin", "a\nb"), ("admin", &long)] {
        gateway.client().with_password(login, secret).get(PARTNER, &[]).await.problem(400, "malformed_request");
    }
    let (one, other) = ("Basic YWRtaW46cmlnaHQ=", "Basic YTpi");
    for (first, second) in [(one, other), (other, one), (one, one)] {
        let client = gateway.client().with_header("Authorization", first).with_header("Authorization", second);
        client.get(PARTNER, &[]).await.problem(400, "malformed_request");
    }
    assert_eq!(stub.calls(), [""; 0]);
}

#[tokio::test]
async fn empty_login_or_password_is_rejected_without_calling_odoo() {
    let stub = StubOdoo::start().await;
    let gateway = Gateway::start_with_stub(&stub, &[]).await;
    for (login, secret) in [("admin", ""), ("", "admin"), ("", "")] {
        for path in [PARTNER, "/api/res.partner/1", "/restful/api/v1/res.partner/1", "/api/v1/res.partner/1"] {
            let response = gateway.client().with_password(login, secret).get(path, &[]).await;
            assert_eq!(response.status, 401, "{path}: {}", response.text);
            assert!(!response.header("www-authenticate").is_empty(), "{path}");
        }
        let body = json!({"login": login, "password": secret, "db": "stub"});
        gateway.client().post(LOGIN, &body).await.problem(401, "credential_invalid");
        let query = [("login", login), ("password", secret), ("db", "stub")];
        gateway.client().get(LOGIN, &query).await.problem(401, "credential_invalid");
        let form = gateway.client().request(Method::POST, LOGIN).form(&query);
        send(form).await.problem(401, "credential_invalid");
    }
    assert_eq!(stub.call_count("authenticate"), 0);
}

#[tokio::test]
async fn hint_for_a_rejected_password_reveals_nothing_about_the_user() {
    let stub = StubOdoo::start().await;
    let gateway = Gateway::start_with_stub(&stub, &[(FLOOR, "1ms")]).await;
    let response = gateway.client().with_password("ada", "wrong").get(PARTNER, &[]).await;
    let problem = response.problem(401, "credential_invalid");
    let hint = "A user with two-factor authentication in Odoo needs an Odoo API key in place of the password. On Odoo \
                20, make the key with the scope rpc.";
    assert_eq!(problem["hint"], hint);
    let other = gateway.client().get(LOGIN, &[("login", "bob"), ("password", "x"), ("db", "nowhere")]).await;
    assert_eq!(other.problem(401, "credential_invalid")["hint"], hint);
}

#[tokio::test]
async fn scripts_get_no_challenge_that_opens_a_browser_dialog() {
    let stub = StubOdoo::start().await;
    let allowed = ("ODOO_GATEWAY__SERVER__CORS_ORIGINS", "https://app.example");
    let gateway = Gateway::start_with_stub(&stub, &[(FLOOR, "1ms"), allowed]).await;
    let challenges = |response: &Response| {
        let values = response.headers.get_all("www-authenticate").iter();
        values.map(|value| value.to_str().unwrap().split(' ').next().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let token = "/restapi/1.0/common/oauth2/token";
    for path in [PARTNER, "/api/res.partner/1", "/restful/api/v1/res.partner/1", "/api/v1/res.partner/1"] {
        assert_eq!(challenges(&gateway.client().get(path, &[]).await), ["Basic", "Bearer", "OAuth"], "{path}");
        for (name, value) in
            [("Sec-Fetch-Mode", "cors"), ("X-Requested-With", "XMLHttpRequest"), ("Origin", "https://app.example")]
        {
            let script = gateway.client().with_header(name, value);
            assert_eq!(challenges(&script.get(path, &[]).await), ["Bearer", "OAuth"], "{path} {name}");
            let wrong = script.with_password("admin", "wrong").get(path, &[]).await;
            assert_eq!(
                (wrong.status, challenges(&wrong)),
                (401, vec!["Bearer".into(), "OAuth".into()]),
                "{path} {name}"
            );
            let client = send(script.request(Method::POST, token).form(&[("grant_type", "client_credentials")])).await;
            assert_eq!((client.status, challenges(&client)), (401, vec!["OAuth".into()]));
        }
        for (name, value) in [("Sec-Fetch-Mode", "navigate"), ("Origin", "https://other.example"), ("Origin", "null")] {
            let page = gateway.client().with_header(name, value).get(path, &[]).await;
            assert_eq!(challenges(&page)[0], "Basic", "{path} {name}: {value}");
        }
    }
}

#[tokio::test]
async fn request_selects_one_of_the_configured_databases() {
    let client = Gateway::shared().client().as_user("admin");
    let version = |client: Client| async move { client.get("/restapi/1.0/common/version", &[]).await.ok() };
    assert_eq!(version(client.clone()).await["server_series"], "19.0", "the first is the default");
    assert_eq!(version(client.on(Version::Odoo14)).await["server_series"], "14.0");
    for version in Version::each() {
        let record = client.on(version).get(PARTNER, &[("fields", "name")]).await.ok();
        assert!(record["Contact"].is_object(), "{version:?}: {record}");
    }
    for name in ["nosuch", "odoo19_template", "http://127.0.0.1:1", "../odoo19", "ODOO19", ""] {
        let response = client.with_header("X-Odoo-Database", name).get(PARTNER, &[]).await;
        response.problem(404, "unknown_database");
    }
}

#[tokio::test]
async fn configured_database_that_odoo_does_not_have_is_reported() {
    for version in Version::each() {
        let gateway = Gateway::start_with_database(version, "nosuch", &[]).await;
        let problem = ping(&gateway.client().as_user("admin")).await.problem(404, "unknown_database");
        assert_eq!(problem["detail"], "Odoo has no database with this name.", "{version:?}");
    }
}

#[tokio::test]
async fn concurrent_requests_with_one_credential_are_checked_once() {
    let stub = StubOdoo::start().await;
    let gateway = Gateway::start_with_stub(&stub, &[]).await;
    stub.when("authenticate", StubReply::Hold);
    let admin = gateway.client().with_password("admin", PASSWORD);
    let mut requests = JoinSet::new();
    for _ in 0..8 {
        let admin = admin.clone();
        requests.spawn(async move { admin.get(PARTNER, &[]).await });
    }
    stub.wait_for_calls("authenticate", 1).await;
    stub.release("authenticate");
    for response in requests.join_all().await {
        response.ok();
    }
    admin.get(PARTNER, &[]).await.ok();
    assert_eq!(stub.call_count("authenticate"), 1);
}

/// The id of a user, found by an administrator.
async fn user_id(admin: &Client, login: &str) -> Value {
    let domain = format!("[('login','=','{login}')]");
    let users = admin.get("/restapi/1.0/object/res.users/search", &[("domain", &domain)]).await.ok();
    users.as_object().unwrap().values().next().unwrap()[0].clone()
}

#[tokio::test]
async fn changed_password_replaces_the_old_one() {
    for version in Version::each() {
        let gateway = Gateway::start_with_database(version, &fresh_database(version).await, &[]).await;
        let (admin, user) = (gateway.client().as_user("admin"), gateway.client().as_user("salesman"));
        ping(&user).await.ok();
        let path = format!("/restapi/1.0/object/res.users/{}", user_id(&admin, "salesman").await);
        admin.put(&path, &json!({"vals": {"password": "n€w"}})).await.ok();
        ping(&user).await.problem(401, "credential_invalid");
        ping(&user.with_password("salesman", "n€w")).await.ok();
        ping(&user).await.problem(401, "credential_invalid");
    }
}

#[tokio::test]
async fn archived_user_is_rejected() {
    for version in Version::each() {
        let gateway = Gateway::start_with_database(version, &fresh_database(version).await, &[]).await;
        let (admin, user) = (gateway.client().as_user("admin"), gateway.client().as_user("salesman"));
        ping(&user).await.ok();
        let path = format!("/restapi/1.0/object/res.users/{}", user_id(&admin, "salesman").await);
        admin.put(&path, &json!({"vals": {"active": false}})).await.ok();
        // Cached credentials, and new ones.
        ping(&user).await.problem(401, "credential_invalid");
        ping(&user).await.problem(401, "credential_invalid");
        ping(&admin).await.ok();
    }
}

#[tokio::test]
async fn audit_log_contains_every_checked_login_and_no_secret() {
    let gateway = Gateway::start_with_odoo(&[("ODOO_GATEWAY__AUTH__FAILURE_FLOOR", "10ms")]).await;
    let client = gateway.client();
    for _ in 0..2 {
        client.as_user("admin").get(PARTNER, &[]).await.ok();
        client.with_password("admin", "gu3ss").get(PARTNER, &[]).await.problem(401, "credential_invalid");
    }
    let mut events = gateway.administration().await.store.audit_events(100).await.unwrap();
    events.reverse();
    let events: Vec<_> = events
        .iter()
        .map(|event| (event.action.as_str(), event.actor.as_str(), event.subject.as_str(), event.detail.as_str()))
        .collect();
    let from = "from 127.0.0.1";
    assert_eq!(events, [("login.success", "admin", "odoo19", from), ("login.failure", "admin", "odoo19", from)]);
}
