//! Odoo API keys as bearer tokens, without a login.

use std::time::{Duration, Instant};

use serde_json::json;
use tokio::task::JoinSet;

use crate::support::odoo::{fresh_database, revoke_api_keys};
use crate::support::recording_proxy::RecordingProxy;
use crate::support::stub_odoo::{KEY, KEY_OWNER};
use crate::support::{Client, Gateway, StubOdoo, StubReply, Version, changes_reach_gateways, testbed};

const FLOOR: &str = "ODOO_GATEWAY__AUTH__FAILURE_FLOOR";
const IDENTITY_TTL: &str = "ODOO_GATEWAY__AUTH__IDENTITY_TTL";
/// Users see only their own keys, and in the testbed only `internal` has one.
const OWN_KEYS: &str = "/restapi/1.0/object/res.users.apikeys/search_count";
const PARTNERS: &str = "/restapi/1.0/object/res.partner/search_count";
const WRONG: &str = "0123456789abcdef0123456789abcdef01234567";

fn with_bearer(client: &Client, key: &str) -> Client {
    client.with_header("Authorization", &format!("Bearer {key}"))
}

#[tokio::test]
async fn odoo_19_identifies_the_owner_of_a_key_once() {
    let proxy = RecordingProxy::in_front_of(testbed().url(Version::Odoo19)).await;
    let url = proxy.url();
    let gateway =
        Gateway::start(&[("ODOO_GATEWAY__ODOO__0__URL", &url), ("ODOO_GATEWAY__ODOO__0__DATABASE", "odoo19")]).await;
    let client = with_bearer(&gateway.client(), testbed().api_key(Version::Odoo19));
    assert_eq!(client.get(OWN_KEYS, &[]).await.ok(), json!({"count": 1}));
    assert_eq!(proxy.take_calls().iter().filter(|called| *called == KEY_OWNER).count(), 1);
    for _ in 0..3 {
        client.get(OWN_KEYS, &[]).await.ok();
    }
    assert_eq!(proxy.take_calls(), ["res.users.apikeys.search_count"; 3]);
}

#[tokio::test]
async fn wrong_key_is_rejected_like_a_wrong_password() {
    let proxy = RecordingProxy::in_front_of(testbed().url(Version::Odoo19)).await;
    let url = proxy.url();
    let settings = [
        ("ODOO_GATEWAY__ODOO__0__URL", url.as_str()),
        ("ODOO_GATEWAY__ODOO__0__DATABASE", "odoo19"),
        (FLOOR, "1500ms"),
    ];
    let gateway = Gateway::start(&settings).await;
    let (client, floor) = (gateway.client(), Duration::from_millis(1500));
    let mut bodies = Vec::new();
    let by_password = client.with_password("internal", "wrong");
    for client in [&with_bearer(&client, WRONG), &with_bearer(&client, WRONG), &by_password] {
        let began = Instant::now();
        let mut problem = client.get(PARTNERS, &[]).await.problem(401, "credential_invalid");
        assert!(began.elapsed() >= floor, "{:?}", began.elapsed());
        problem.as_object_mut().unwrap().remove("request_id");
        bodies.push(problem);
    }
    assert!(bodies.iter().all(|body| *body == bodies[0]), "{bodies:?}");
    assert_eq!(proxy.take_calls().iter().filter(|called| *called == KEY_OWNER).count(), 1);
}

#[tokio::test]
async fn odoo_14_keys_work_after_linking() {
    let gateway = Gateway::start_with_odoo(&[(FLOOR, "1ms")]).await;
    let (client, key) = (gateway.client().on(Version::Odoo14), testbed().api_key(Version::Odoo14));
    for unlinked in [key, WRONG] {
        let problem = with_bearer(&client, unlinked).get(PARTNERS, &[]).await.problem(401, "credential_invalid");
        let detail = "This Odoo version cannot look up the user of an API key, and the key is not linked with a user.";
        assert_eq!(problem["detail"], detail);
        assert!(problem["hint"].as_str().unwrap().starts_with("Send HTTP Basic with the user's login and the API key"));
    }

    let admin = gateway.administration().await;
    let link = |login: &str, key: &str| admin.link_odoo_key(Some("odoo14"), login.to_owned(), key.into());
    assert!(link("internal", "no key").await.is_err());
    assert!(link("admin", key).await.is_err(), "the key belongs to another user");
    let linked = link("internal", key).await.unwrap();
    let client = with_bearer(&client, key);
    assert_eq!(client.get(OWN_KEYS, &[]).await.ok(), json!({"count": 1}));

    admin.revoke_token(&linked.id).await.unwrap();
    changes_reach_gateways().await;
    client.get(PARTNERS, &[]).await.problem(401, "credential_invalid");
}

/// Over XML-RPC Odoo accepts a deleted key as long as it is in Odoo's cache.
#[tokio::test]
async fn revoked_key_ends_with_the_cached_identity() {
    let database = fresh_database(Version::Odoo19).await;
    let gateway = Gateway::start(&[
        ("ODOO_GATEWAY__ODOO__0__URL", testbed().url(Version::Odoo19)),
        ("ODOO_GATEWAY__ODOO__0__DATABASE", &database),
        (IDENTITY_TTL, "0s"),
        (FLOOR, "1ms"),
    ])
    .await;
    let client = with_bearer(&gateway.client(), testbed().api_key(Version::Odoo19));
    client.get(PARTNERS, &[]).await.ok();
    revoke_api_keys(&database).await;
    client.get(PARTNERS, &[]).await.problem(401, "credential_invalid");
}

#[tokio::test]
async fn key_that_odoo_rejects_is_removed_from_the_cache_immediately() {
    let stub = StubOdoo::start().await;
    let gateway = Gateway::start_with_stub(&stub, &[(FLOOR, "1ms")]).await;
    let client = with_bearer(&gateway.client(), KEY);
    client.get(PARTNERS, &[]).await.ok();
    stub.once("res.partner.search_count", StubReply::fault("AccessDenied", "Access Denied"));
    client.get(PARTNERS, &[]).await.problem(401, "credential_invalid");
    client.get(PARTNERS, &[]).await.ok();
    assert_eq!(stub.call_count(KEY_OWNER), 2);
}

#[tokio::test]
async fn guessed_keys_are_throttled_before_odoo_is_called() {
    let stub = StubOdoo::start().await;
    let gateway = Gateway::start_with_stub(&stub, &[(FLOOR, "1ms")]).await;
    for number in 0..20 {
        let guess = with_bearer(&gateway.client(), &format!("{number:040x}")).get(PARTNERS, &[]).await;
        // The first eight digits are the same, so these are guesses of one key.
        assert_eq!(guess.status, if number < 3 { 401 } else { 429 }, "{}", guess.text);
    }
    assert_eq!(stub.call_count(KEY_OWNER), 3);
    // Another user's key from the same address, which has two attempts left.
    with_bearer(&gateway.client(), KEY).get(PARTNERS, &[]).await.ok();
}

#[tokio::test]
async fn concurrent_requests_with_a_new_key_share_one_lookup() {
    let stub = StubOdoo::start().await;
    let gateway = Gateway::start_with_stub(&stub, &[]).await;
    stub.when(KEY_OWNER, StubReply::Hold);
    let mut requests = JoinSet::new();
    for _ in 0..8 {
        let client = with_bearer(&gateway.client(), KEY);
        requests.spawn(async move { client.get(PARTNERS, &[]).await });
    }
    stub.wait_for_calls(KEY_OWNER, 1).await;
    stub.release(KEY_OWNER);
    for response in requests.join_all().await {
        response.ok();
    }
    assert_eq!(stub.call_count(KEY_OWNER), 1);
}

#[tokio::test]
async fn malformed_lookup_response_does_not_invalidate_the_key() {
    let stub = StubOdoo::start().await;
    let gateway = Gateway::start_with_stub(&stub, &[(FLOOR, "1ms")]).await;
    let client = with_bearer(&gateway.client(), KEY);
    // After a 404 the gateway tries again without the database name.
    let missing = StubReply::http("404 Not Found", "text/html", "<html>");
    for replies in [vec![StubReply::http("200 OK", "text/html", "<html>")], vec![missing.clone(), missing]] {
        replies.into_iter().for_each(|reply| stub.once(KEY_OWNER, reply));
        client.get(PARTNERS, &[]).await.problem(502, "odoo_unreadable");
    }
    client.get(PARTNERS, &[]).await.ok();
}
