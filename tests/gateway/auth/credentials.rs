//! What a credential is, what it opens, and when it ceases to.

use reqwest::Method;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::{FLOOR, PARTNER, knock};
use crate::support::client::send;
use crate::support::odoo::fresh_database;
use crate::support::stub::PASSWORD;
use crate::support::{Act, Answer, Client, Gateway, Stub, Version, stand};

const LOGIN: &str = "/rest/api/login/token";

#[tokio::test]
async fn a_password_and_an_api_key_open_the_same_door() {
    for version in Version::BOTH {
        let client = Gateway::shared().client().on(version);
        let (by_password, by_key) =
            (client.as_user("internal"), client.with_password("internal", stand().api_key(version)));
        // Everybody sees the keys of his own only, and nobody else of the stand has one.
        let keys = "/restapi/1.0/object/res.users.apikeys/search_count";
        for client in [by_password, by_key] {
            assert_eq!(client.get(keys, &[]).await.ok(), json!({"count": 1}), "{version:?}");
        }
    }
}

#[tokio::test]
async fn a_key_belongs_to_its_login() {
    let gateway = Gateway::before_odoo(&[(FLOOR, "100ms")]).await;
    for version in Version::BOTH {
        let stolen = gateway.client().on(version).with_password("salesman", stand().api_key(version));
        knock(&stolen).await.refused(401, "credential_invalid");
    }
}

#[tokio::test]
async fn without_a_credential_of_a_known_kind_nobody_is_asked() {
    let stub = Stub::start().await;
    let gateway = Gateway::before_stub(&stub, &[]).await;
    let answer = gateway.client().get(PARTNER, &[]).await;
    let problem = answer.refused(401, "credential_missing");
    let hint = "Send an API key as `api-key`, or HTTP Basic with your Odoo login and your password or an Odoo API key.";
    assert_eq!(problem["hint"], hint);
    assert!(answer.header("www-authenticate").starts_with("Basic "));
    for value in ["Basic", "Basic !", "Basic YWRtaW4=", "Digest username=x", "Bearer 123", ""] {
        let answer = gateway.client().with_header("Authorization", value).get(PARTNER, &[]).await;
        answer.refused(401, "credential_invalid");
        assert!(answer.header("www-authenticate").starts_with("Basic "), "{value}");
    }
    assert_eq!(stub.names(), [""; 0]);
}

#[tokio::test]
async fn what_could_never_be_a_credential_is_a_malformed_request() {
    let stub = Stub::start().await;
    let gateway = Gateway::before_stub(&stub, &[]).await;
    let long = "p".repeat(4096);
    for (login, secret) in [("admin", "a\0b"), ("ad\0min", "admin"), ("admin", "a\nb"), ("admin", &long)] {
        gateway.client().with_password(login, secret).get(PARTNER, &[]).await.refused(400, "malformed_request");
    }
    let (one, other) = ("Basic YWRtaW46cmlnaHQ=", "Basic YTpi");
    for (first, second) in [(one, other), (other, one), (one, one)] {
        let client = gateway.client().with_header("Authorization", first).with_header("Authorization", second);
        client.get(PARTNER, &[]).await.refused(400, "malformed_request");
    }
    assert_eq!(stub.names(), [""; 0]);
}

#[tokio::test]
async fn an_empty_login_or_password_is_a_wrong_one_and_odoo_is_not_asked() {
    let stub = Stub::start().await;
    let gateway = Gateway::before_stub(&stub, &[]).await;
    for (login, secret) in [("admin", ""), ("", "admin"), ("", "")] {
        for path in [PARTNER, "/api/res.partner/1", "/restful/api/v1/res.partner/1", "/api/v1/res.partner/1"] {
            let answer = gateway.client().with_password(login, secret).get(path, &[]).await;
            assert_eq!(answer.status, 401, "{path}: {}", answer.text);
            assert!(!answer.header("www-authenticate").is_empty(), "{path}");
        }
        let said = json!({"login": login, "password": secret, "db": "stub"});
        gateway.client().post(LOGIN, &said).await.refused(401, "credential_invalid");
        let query = [("login", login), ("password", secret), ("db", "stub")];
        gateway.client().get(LOGIN, &query).await.refused(401, "credential_invalid");
        let form = gateway.client().request(Method::POST, LOGIN).form(&query);
        send(form).await.refused(401, "credential_invalid");
    }
    assert_eq!(stub.asked("authenticate"), 0);
}

#[tokio::test]
async fn a_refused_password_brings_a_hint_that_tells_nothing_of_the_user() {
    let stub = Stub::start().await;
    let gateway = Gateway::before_stub(&stub, &[(FLOOR, "1ms")]).await;
    let answer = gateway.client().with_password("ada", "wrong").get(PARTNER, &[]).await;
    let problem = answer.refused(401, "credential_invalid");
    let hint = "A user who signs in to Odoo with a second factor needs an Odoo API key in place of the password.";
    assert_eq!(problem["hint"], hint);
    let other = gateway.client().get(LOGIN, &[("login", "bob"), ("password", "x"), ("db", "nowhere")]).await;
    assert_eq!(other.refused(401, "credential_invalid")["hint"], hint);
}

#[tokio::test]
async fn a_script_gets_no_challenge_that_its_browser_would_answer_with_a_dialog() {
    let stub = Stub::start().await;
    let gateway = Gateway::before_stub(&stub, &[(FLOOR, "1ms")]).await;
    let challenges = |answer: &Answer| {
        let values = answer.headers.get_all("www-authenticate").iter();
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
        let page = gateway.client().with_header("Sec-Fetch-Mode", "navigate").get(path, &[]).await;
        assert_eq!(challenges(&page)[0], "Basic", "{path}");
    }
}

#[tokio::test]
async fn a_request_picks_its_database_among_the_configured_ones() {
    let client = Gateway::shared().client().as_user("admin");
    let version = |client: Client| async move { client.get("/restapi/1.0/common/version", &[]).await.ok() };
    assert_eq!(version(client.clone()).await["server_series"], "19.0", "the first is the default");
    assert_eq!(version(client.on(Version::Odoo14)).await["server_series"], "14.0");
    for version in Version::BOTH {
        let record = client.on(version).get(PARTNER, &[("fields", "name")]).await.ok();
        assert!(record["Contact"].is_object(), "{version:?}: {record}");
    }
    for name in ["nosuch", "odoo19_template", "http://127.0.0.1:1", "../odoo19", "ODOO19", ""] {
        let answer = client.with_header("X-Odoo-Database", name).get(PARTNER, &[]).await;
        answer.refused(404, "unknown_database");
    }
}

#[tokio::test]
async fn a_configured_database_that_odoo_lacks_is_told_as_such() {
    for version in Version::BOTH {
        let gateway = Gateway::before_database(version, "nosuch").await;
        let problem = knock(&gateway.client().as_user("admin")).await.refused(404, "unknown_database");
        assert_eq!(problem["detail"], "Odoo has no such database.", "{version:?}");
    }
}

#[tokio::test]
async fn odoo_is_asked_once_for_a_credential_however_many_come_with_it() {
    let stub = Stub::start().await;
    let gateway = Gateway::before_stub(&stub, &[]).await;
    stub.when("authenticate", Act::Hold);
    let admin = gateway.client().with_password("admin", PASSWORD);
    let mut requests = JoinSet::new();
    for _ in 0..8 {
        let admin = admin.clone();
        requests.spawn(async move { admin.get(PARTNER, &[]).await });
    }
    stub.until_asked("authenticate", 1).await;
    stub.let_go("authenticate");
    for answer in requests.join_all().await {
        answer.ok();
    }
    admin.get(PARTNER, &[]).await.ok();
    assert_eq!(stub.asked("authenticate"), 1);
}

/// The id of a user, found by an administrator.
async fn user_id(admin: &Client, login: &str) -> Value {
    let domain = format!("[('login','=','{login}')]");
    let users = admin.get("/restapi/1.0/object/res.users/search", &[("domain", &domain)]).await.ok();
    users.as_object().unwrap().values().next().unwrap()[0].clone()
}

#[tokio::test]
async fn a_password_changed_in_odoo_opens_and_the_old_one_no_longer() {
    for version in Version::BOTH {
        let gateway = Gateway::before_database(version, &fresh_database(version).await).await;
        let (admin, user) = (gateway.client().as_user("admin"), gateway.client().as_user("salesman"));
        knock(&user).await.ok();
        let path = format!("/restapi/1.0/object/res.users/{}", user_id(&admin, "salesman").await);
        admin.put(&path, &json!({"vals": {"password": "n€w"}})).await.ok();
        knock(&user).await.refused(401, "credential_invalid");
        knock(&user.with_password("salesman", "n€w")).await.ok();
        knock(&user).await.refused(401, "credential_invalid");
    }
}

#[tokio::test]
async fn an_archived_user_is_nobody() {
    for version in Version::BOTH {
        let gateway = Gateway::before_database(version, &fresh_database(version).await).await;
        let (admin, user) = (gateway.client().as_user("admin"), gateway.client().as_user("salesman"));
        knock(&user).await.ok();
        let path = format!("/restapi/1.0/object/res.users/{}", user_id(&admin, "salesman").await);
        admin.put(&path, &json!({"vals": {"active": false}})).await.ok();
        // Who was remembered, and who asks anew.
        knock(&user).await.refused(401, "credential_invalid");
        knock(&user).await.refused(401, "credential_invalid");
        knock(&admin).await.ok();
    }
}

#[tokio::test]
async fn every_login_that_odoo_is_asked_about_is_in_the_audit_log_and_no_secret_is() {
    let gateway = Gateway::before_odoo(&[("ODOO_GATEWAY__AUTH__FAILURE_FLOOR", "10ms")]).await;
    let client = gateway.client();
    for _ in 0..2 {
        client.as_user("admin").get(PARTNER, &[]).await.ok();
        client.with_password("admin", "gu3ss").get(PARTNER, &[]).await.refused(401, "credential_invalid");
    }
    let mut acts = gateway.administration().await.store.acts(100).await.unwrap();
    acts.reverse();
    let told: Vec<_> = acts
        .iter()
        .map(|act| (act.act.as_str(), act.actor.as_str(), act.subject.as_str(), act.detail.as_str()))
        .collect();
    let from = "from 127.0.0.1";
    assert_eq!(told, [("login.success", "admin", "odoo19", from), ("login.failure", "admin", "odoo19", from)]);
}
