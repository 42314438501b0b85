//! What guessing passwords comes to: it is slow, soon refused, and tells nothing.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::Value;
use tokio::task::JoinSet;

use super::{FLOOR, PARTNER, knock};
use crate::support::client::send;
use crate::support::stub::PASSWORD;
use crate::support::{Act, Answer, Client, Gateway, Stub, Version};

/// For tests that are not about the throttle.
const MANY_TRIES: [(&str, &str); 4] = [
    ("ODOO_GATEWAY__AUTH__THROTTLE__PER_ADDRESS__BURST", "1000"),
    ("ODOO_GATEWAY__AUTH__THROTTLE__PER_ADDRESS_AND_LOGIN__BURST", "1000"),
    ("ODOO_GATEWAY__AUTH__THROTTLE__PER_LOGIN__BURST", "1000"),
    ("ODOO_GATEWAY__AUTH__THROTTLE__GLOBAL__BURST", "1000"),
];

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

#[tokio::test]
async fn a_guesser_elsewhere_does_not_lock_out_the_user() {
    let stub = Stub::start().await;
    let proxy = [(FLOOR, "0s"), ("ODOO_GATEWAY__SERVER__TRUSTED_PROXIES", "127.0.0.1")];
    let gateway = Gateway::before_stub(&stub, &proxy).await;
    let guesser = gateway.client().with_header("X-Forwarded-For", "192.0.2.1");
    for number in 0..10 {
        let guess = guesser.with_password("admin", &format!("wrong {number}")).get(PARTNER, &[]).await;
        assert_eq!(guess.status, if number < 3 { 401 } else { 429 });
    }
    let user = gateway.client().with_header("X-Forwarded-For", "192.0.2.2").with_password("admin", PASSWORD);
    user.get(PARTNER, &[]).await.ok();
}

#[tokio::test]
async fn a_guesser_cannot_pretend_to_be_many() {
    let stub = Stub::start().await;
    let gateway = Gateway::before_stub(&stub, &[(FLOOR, "0s")]).await;
    for number in 0..20 {
        let guesser = gateway.client().with_header("X-Forwarded-For", &format!("192.0.2.{number}"));
        let guess = guesser.with_password(&format!("login{number}"), "wrong").get(PARTNER, &[]).await;
        assert_eq!(guess.status, if number < 5 { 401 } else { 429 });
    }
}
