//! Who calls: HTTP Basic with a password or an Odoo API key, and what guessing comes to.
//!
//! What Odoo says of a credential is tried with real Odoos; how often it is asked, with the stub.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::support::client::send;
use super::support::odoo::fresh_database;
use super::support::stub::PASSWORD;
use super::support::{Act, Answer, Client, Gateway, Stub, Version, stand};

const PARTNER: &str = "/restapi/1.0/object/res.partner/1";
const FLOOR: &str = "ODOO_GATEWAY__AUTH__FAILURE_FLOOR";
/// For tests that are not about the throttle.
const MANY_TRIES: [(&str, &str); 4] = [
    ("ODOO_GATEWAY__AUTH__THROTTLE__PER_ADDRESS__BURST", "1000"),
    ("ODOO_GATEWAY__AUTH__THROTTLE__PER_ADDRESS_AND_LOGIN__BURST", "1000"),
    ("ODOO_GATEWAY__AUTH__THROTTLE__PER_LOGIN__BURST", "1000"),
    ("ODOO_GATEWAY__AUTH__THROTTLE__GLOBAL__BURST", "1000"),
];

/// What everybody may ask, and only Odoo can answer.
async fn knock(client: &Client) -> Answer {
    client.get("/restapi/1.0/object/res.users/check_access_rights", &[("operation", "read")]).await
}

async fn timed_guess(client: &Client, login: &str, secret: &str) -> (Answer, Duration) {
    let began = Instant::now();
    let answer = knock(&client.with_password(login, secret)).await;
    (answer, began.elapsed())
}

/// A refusal without what differs from request to request.
fn comparable(answer: &Answer) -> (u16, Value, String) {
    let mut body = answer.json();
    body.as_object_mut().unwrap().remove("request_id").expect("a refusal names its request");
    (answer.status, body, answer.header("www-authenticate").to_owned())
}

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
async fn whatever_is_wrong_with_a_credential_the_refusal_is_the_same() {
    let gateway = Gateway::before_odoo(&[&MANY_TRIES[..], &[(FLOOR, "500ms")]].concat()).await;
    for version in Version::BOTH {
        let client = gateway.client().on(version);
        let key = "0123456789abcdef0123456789abcdef01234567";
        let (wrong, unknown, key) = tokio::join!(
            timed_guess(&client, "internal", "wrong"),
            timed_guess(&client, "nobody", "wrong"),
            timed_guess(&client, "internal", key)
        );
        wrong.0.refused(401, "credential_invalid");
        assert_eq!(wrong.0.header("www-authenticate"), r#"Basic realm="odoo-gateway", charset="UTF-8""#);
        assert_eq!(wrong.0.header("server-timing"), "", "it would say whether the login exists");
        for (answer, took) in [&wrong, &unknown, &key] {
            assert_eq!(comparable(answer), comparable(&wrong.0), "{version:?}");
            assert!(*took >= Duration::from_millis(500), "{version:?}: {took:?}");
        }
    }
}

#[tokio::test]
async fn the_time_of_a_refusal_does_not_tell_who_exists() {
    let floor = Duration::from_secs(2);
    let gateway = Gateway::before_odoo(&[&MANY_TRIES[..], &[(FLOOR, "2s")]].concat()).await;
    let client = gateway.client().on(Version::Odoo19);
    let (mut known, mut unknown) = (Vec::new(), Vec::new());
    for round in 0..3 {
        let wrong = format!("wrong {round}");
        let (of_known, of_unknown) =
            tokio::join!(timed_guess(&client, "internal", &wrong), timed_guess(&client, "nobody", &wrong));
        known.push(of_known.1);
        unknown.push(of_unknown.1);
    }
    for took in known.iter().chain(&unknown) {
        let beyond = took.as_nanos() % floor.as_nanos();
        assert!(*took >= floor && beyond < floor.as_nanos() / 4, "not at a multiple of the floor: {took:?}");
    }
    known.sort();
    unknown.sort();
    // Odoo spends half a second on a known login. A machine so busy that this takes two is told nothing by this test.
    let apart = known[1].abs_diff(unknown[1]);
    assert!(apart < Duration::from_millis(200) || known[1] >= 2 * floor, "{known:?} {unknown:?}");
}

#[tokio::test]
async fn without_a_credential_of_a_known_kind_nobody_is_asked() {
    let stub = Stub::start().await;
    let gateway = Gateway::before_stub(&stub, &[]).await;
    let answer = gateway.client().get(PARTNER, &[]).await;
    let problem = answer.refused(401, "credential_missing");
    assert_eq!(problem["hint"], "Send HTTP Basic with your Odoo login and your password or an Odoo API key.");
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
    for (login, secret) in
        [("admin", ""), ("", "admin"), ("admin", "a\0b"), ("ad\0min", "admin"), ("admin", "a\nb"), ("admin", &long)]
    {
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

#[tokio::test]
async fn a_refused_credential_is_remembered() {
    let stub = Stub::start().await;
    let gateway = Gateway::before_stub(&stub, &[(FLOOR, "50ms")]).await;
    for _ in 0..5 {
        gateway.client().with_password("admin", "wrong").get(PARTNER, &[]).await.refused(401, "credential_invalid");
    }
    assert_eq!(stub.asked("authenticate"), 1);
    gateway.client().with_password("admin", "wrong too").get(PARTNER, &[]).await.refused(401, "credential_invalid");
    assert_eq!(stub.asked("authenticate"), 2);
}

#[tokio::test]
async fn who_guesses_is_told_to_wait_and_who_is_known_is_not() {
    let stub = Stub::start().await;
    let gateway = Gateway::before_stub(&stub, &[(FLOOR, "0s")]).await;
    let admin = gateway.client().with_password("admin", PASSWORD);
    admin.get(PARTNER, &[]).await.ok();
    for number in 0..5 {
        let guess = gateway.client().with_password(&format!("login{number}"), "wrong");
        guess.get(PARTNER, &[]).await.refused(401, "credential_invalid");
    }
    let sixth = gateway.client().with_password("login6", "wrong").get(PARTNER, &[]).await;
    sixth.refused(429, "too_many_attempts");
    let wait: u32 = sixth.header("retry-after").parse().unwrap();
    assert!((1..=60).contains(&wait), "{wait}");
    assert_eq!(stub.asked("authenticate"), 6, "the sixth guess did not reach Odoo");
    admin.get(PARTNER, &[]).await.ok();
}

#[tokio::test]
async fn three_guesses_at_one_login_are_enough() {
    let stub = Stub::start().await;
    let gateway = Gateway::before_stub(&stub, &[(FLOOR, "0s")]).await;
    let guess = |secret: &'static str| {
        let client = gateway.client().with_password("admin", secret);
        async move { client.get(PARTNER, &[]).await }
    };
    for secret in ["a", "b", "c"] {
        guess(secret).await.refused(401, "credential_invalid");
    }
    guess("d").await.refused(429, "too_many_attempts");
    guess(PASSWORD).await.refused(429, "too_many_attempts");
    guess("a").await.refused(401, "credential_invalid");
    assert_eq!(stub.asked("authenticate"), 3);
}

#[tokio::test]
async fn a_thousand_guesses_reach_odoo_at_most_ten_times() {
    let stub = Stub::start().await;
    let gateway = Gateway::before_stub(&stub, &[(FLOOR, "0s")]).await;
    let mut guesses = JoinSet::new();
    for guesser in 0..20 {
        let client = gateway.client();
        guesses.spawn(async move {
            for number in 0..50 {
                let guess = client.with_password(&format!("login{number}"), &format!("guess {guesser}"));
                let status = guess.get(PARTNER, &[]).await.status;
                assert!(status == 401 || status == 429, "{status}");
            }
        });
    }
    guesses.join_all().await;
    let asked = stub.asked("authenticate");
    assert!((5..=10).contains(&asked), "{asked}");
}

#[tokio::test]
async fn right_passwords_cost_nothing() {
    let stub = Stub::start().await;
    let gateway = Gateway::before_stub(&stub, &[(FLOOR, "0s")]).await;
    for number in 0..20 {
        gateway.client().with_password(&format!("login{number}"), PASSWORD).get(PARTNER, &[]).await.ok();
    }
    gateway.client().with_password("login0", "wrong").get(PARTNER, &[]).await.refused(401, "credential_invalid");
    assert_eq!(stub.asked("authenticate"), 21);
}

#[tokio::test]
async fn odoo_checks_two_passwords_at_a_time() {
    let stub = Stub::start().await;
    let gateway = Gateway::before_stub(&stub, &[]).await;
    stub.when("authenticate", Act::Hold);
    let mut requests = JoinSet::new();
    for number in 0..6 {
        let client = gateway.client().with_password(&format!("login{number}"), PASSWORD);
        requests.spawn(async move { client.get(PARTNER, &[]).await });
    }
    stub.until_asked("authenticate", 2).await;
    // Time enough for the others, if they were let through.
    for _ in 0..20 {
        send(gateway.client().request(Method::GET, PARTNER)).await.refused(401, "credential_missing");
    }
    assert_eq!(stub.asked("authenticate"), 2);
    stub.let_go("authenticate");
    for answer in requests.join_all().await {
        answer.ok();
    }
    assert_eq!((stub.asked("authenticate"), stub.most_checks_at_once()), (6, 2));
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
