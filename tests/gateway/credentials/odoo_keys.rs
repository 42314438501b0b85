//! An Odoo API key alone, as bearer.

use std::time::{Duration, Instant};

use serde_json::json;
use tokio::task::JoinSet;

use crate::support::counting::Counting;
use crate::support::odoo::{fresh_database, revoke_api_keys};
use crate::support::stub::{KEY, KEY_OWNER};
use crate::support::{Act, Client, Gateway, Stub, Version, stand};

const FLOOR: &str = "ODOO_GATEWAY__AUTH__FAILURE_FLOOR";
const IDENTITY_TTL: &str = "ODOO_GATEWAY__AUTH__IDENTITY_TTL";
/// Everybody sees the keys of his own only, and of all users of the stand `internal` alone has one.
const OWN_KEYS: &str = "/restapi/1.0/object/res.users.apikeys/search_count";
const PARTNERS: &str = "/restapi/1.0/object/res.partner/search_count";
const WRONG: &str = "0123456789abcdef0123456789abcdef01234567";

fn showing(client: &Client, key: &str) -> Client {
    client.with_header("Authorization", &format!("Bearer {key}"))
}

#[tokio::test]
async fn odoo_19_tells_whose_a_key_is_and_is_asked_once() {
    let counting = Counting::before(stand().url(Version::Odoo19)).await;
    let url = counting.url();
    let gateway =
        Gateway::start(&[("ODOO_GATEWAY__ODOO__0__URL", &url), ("ODOO_GATEWAY__ODOO__0__DATABASE", "odoo19")]).await;
    let client = showing(&gateway.client(), stand().api_key(Version::Odoo19));
    assert_eq!(client.get(OWN_KEYS, &[]).await.ok(), json!({"count": 1}));
    assert_eq!(counting.take().iter().filter(|called| *called == KEY_OWNER).count(), 1);
    for _ in 0..3 {
        client.get(OWN_KEYS, &[]).await.ok();
    }
    assert_eq!(counting.take(), ["res.users.apikeys.search_count"; 3]);
}

#[tokio::test]
async fn a_wrong_key_is_refused_as_a_wrong_password_is() {
    let counting = Counting::before(stand().url(Version::Odoo19)).await;
    let url = counting.url();
    let settings = [
        ("ODOO_GATEWAY__ODOO__0__URL", url.as_str()),
        ("ODOO_GATEWAY__ODOO__0__DATABASE", "odoo19"),
        (FLOOR, "1500ms"),
    ];
    let gateway = Gateway::start(&settings).await;
    let (client, floor) = (gateway.client(), Duration::from_millis(1500));
    let mut bodies = Vec::new();
    let by_password = client.with_password("internal", "wrong");
    for client in [&showing(&client, WRONG), &showing(&client, WRONG), &by_password] {
        let began = Instant::now();
        let mut problem = client.get(PARTNERS, &[]).await.refused(401, "credential_invalid");
        assert!(began.elapsed() >= floor, "{:?}", began.elapsed());
        problem.as_object_mut().unwrap().remove("request_id");
        bodies.push(problem);
    }
    assert!(bodies.iter().all(|body| *body == bodies[0]), "{bodies:?}");
    assert_eq!(counting.take().iter().filter(|called| *called == KEY_OWNER).count(), 1);
}

#[tokio::test]
async fn odoo_14_cannot_tell_and_a_key_is_known_once_it_is_linked() {
    let gateway = Gateway::before_odoo(&[(FLOOR, "1ms")]).await;
    let (client, key) = (gateway.client().on(Version::Odoo14), stand().api_key(Version::Odoo14));
    for unlinked in [key, WRONG] {
        let problem = showing(&client, unlinked).get(PARTNERS, &[]).await.refused(401, "credential_invalid");
        let detail = "This Odoo cannot tell whose API key this is, and it was not linked with a user.";
        assert_eq!(problem["detail"], detail);
        assert!(problem["hint"].as_str().unwrap().starts_with("Send HTTP Basic with the user's login and the API key"));
    }

    let admin = gateway.administration().await;
    let link = |login: &str, key: &str| admin.link_odoo_key(Some("odoo14"), login.to_owned(), key.into());
    assert!(link("internal", "no key").await.is_err());
    assert!(link("admin", key).await.is_err(), "the key is another's");
    let linked = link("internal", key).await.unwrap();
    let client = showing(&client, key);
    assert_eq!(client.get(OWN_KEYS, &[]).await.ok(), json!({"count": 1}));

    admin.revoke_token(&linked.id).await.unwrap();
    client.get(PARTNERS, &[]).await.refused(401, "credential_invalid");
}

/// Odoo itself goes on taking a key that is gone over XML-RPC, as long as it remembers it.
#[tokio::test]
async fn a_revoked_key_ends_when_its_user_is_no_longer_remembered() {
    let database = fresh_database(Version::Odoo19).await;
    let gateway = Gateway::start(&[
        ("ODOO_GATEWAY__ODOO__0__URL", stand().url(Version::Odoo19)),
        ("ODOO_GATEWAY__ODOO__0__DATABASE", &database),
        (IDENTITY_TTL, "0s"),
        (FLOOR, "1ms"),
    ])
    .await;
    let client = showing(&gateway.client(), stand().api_key(Version::Odoo19));
    client.get(PARTNERS, &[]).await.ok();
    revoke_api_keys(&database).await;
    client.get(PARTNERS, &[]).await.refused(401, "credential_invalid");
}

#[tokio::test]
async fn a_key_that_odoo_no_longer_takes_is_forgotten_at_once() {
    let stub = Stub::start().await;
    let gateway = Gateway::before_stub(&stub, &[(FLOOR, "1ms")]).await;
    let client = showing(&gateway.client(), KEY);
    client.get(PARTNERS, &[]).await.ok();
    stub.once("res.partner.search_count", Act::fault("AccessDenied", "Access Denied"));
    client.get(PARTNERS, &[]).await.refused(401, "credential_invalid");
    client.get(PARTNERS, &[]).await.ok();
    assert_eq!(stub.asked(KEY_OWNER), 2);
}

#[tokio::test]
async fn guessed_keys_are_refused_before_odoo_is_asked() {
    let stub = Stub::start().await;
    let gateway = Gateway::before_stub(&stub, &[(FLOOR, "1ms")]).await;
    for number in 0..20 {
        let guess = showing(&gateway.client(), &format!("{number:040x}")).get(PARTNERS, &[]).await;
        // The first eight digits are the same: it is one key that is guessed at.
        assert_eq!(guess.status, if number < 3 { 401 } else { 429 }, "{}", guess.text);
    }
    assert_eq!(stub.asked(KEY_OWNER), 3);
    // Another key of another user, from the same address, which has two tries left.
    showing(&gateway.client(), KEY).get(PARTNERS, &[]).await.ok();
}

#[tokio::test]
async fn many_requests_with_one_new_key_wait_for_one_answer() {
    let stub = Stub::start().await;
    let gateway = Gateway::before_stub(&stub, &[]).await;
    stub.when(KEY_OWNER, Act::Hold);
    let mut requests = JoinSet::new();
    for _ in 0..8 {
        let client = showing(&gateway.client(), KEY);
        requests.spawn(async move { client.get(PARTNERS, &[]).await });
    }
    stub.until_asked(KEY_OWNER, 1).await;
    stub.let_go(KEY_OWNER);
    for answer in requests.join_all().await {
        answer.ok();
    }
    assert_eq!(stub.asked(KEY_OWNER), 1);
}

#[tokio::test]
async fn an_answer_nobody_can_use_is_no_verdict_on_the_key() {
    let stub = Stub::start().await;
    let gateway = Gateway::before_stub(&stub, &[(FLOOR, "1ms")]).await;
    let client = showing(&gateway.client(), KEY);
    // After a 404 the gateway asks once more, without the name of the database.
    let missing = Act::http("404 Not Found", "text/html", "<html>");
    for acts in [vec![Act::http("200 OK", "text/html", "<html>")], vec![missing.clone(), missing]] {
        acts.into_iter().for_each(|act| stub.once(KEY_OWNER, act));
        client.get(PARTNERS, &[]).await.refused(502, "odoo_unreadable");
    }
    client.get(PARTNERS, &[]).await.ok();
}
