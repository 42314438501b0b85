//! Guessing passwords is slow, soon throttled, and reveals nothing about users.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::Value;
use tokio::task::JoinSet;

use super::{FLOOR, PARTNER, ping};
use crate::support::client::send;
use crate::support::stub_odoo::PASSWORD;
use crate::support::{Client, Gateway, Response, StubOdoo, StubReply, Version};

/// Disables the throttle for tests of other limits.
const NO_THROTTLE: [(&str, &str); 4] = [
    ("ODOO_GATEWAY__AUTH__THROTTLE__PER_ADDRESS__BURST", "1000"),
    ("ODOO_GATEWAY__AUTH__THROTTLE__PER_ADDRESS_AND_LOGIN__BURST", "1000"),
    ("ODOO_GATEWAY__AUTH__THROTTLE__PER_LOGIN__BURST", "1000"),
    ("ODOO_GATEWAY__AUTH__THROTTLE__GLOBAL__BURST", "1000"),
];

async fn timed_guess(client: &Client, login: &str, secret: &str) -> (Response, Duration) {
    let began = Instant::now();
    let response = ping(&client.with_password(login, secret)).await;
    (response, began.elapsed())
}

/// The parts of a rejection that do not differ from request to request.
fn comparable(response: &Response) -> (u16, Value, String) {
    let mut body = response.json();
    body.as_object_mut().unwrap().remove("request_id").expect("a problem contains its request id");
    (response.status, body, response.header("www-authenticate").to_owned())
}

#[tokio::test]
async fn all_invalid_credentials_get_the_same_response() {
    let gateway = Gateway::start_with_odoo(&[&NO_THROTTLE[..], &[(FLOOR, "500ms")]].concat()).await;
    for version in Version::each() {
        let client = gateway.client().on(version);
        let key = "0123456789abcdef0123456789abcdef01234567";
        let (wrong, unknown, key) = tokio::join!(
            timed_guess(&client, "internal", "wrong"),
            timed_guess(&client, "nobody", "wrong"),
            timed_guess(&client, "internal", key)
        );
        wrong.0.problem(401, "credential_invalid");
        assert_eq!(wrong.0.header("www-authenticate"), r#"Basic realm="odoo-gateway", charset="UTF-8""#);
        assert_eq!(wrong.0.header("server-timing"), "", "timings would reveal whether the login exists");
        for (response, took) in [&wrong, &unknown, &key] {
            assert_eq!(comparable(response), comparable(&wrong.0), "{version:?}");
            assert!(*took >= Duration::from_millis(500), "{version:?}: {took:?}");
        }
    }
}

#[tokio::test]
async fn response_time_does_not_reveal_existing_logins() {
    let floor = Duration::from_secs(2);
    let gateway = Gateway::start_with_odoo(&[&NO_THROTTLE[..], &[(FLOOR, "2s")]].concat()).await;
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
    // Odoo takes half a second for an existing login. On a machine so busy that it takes two, the test proves nothing.
    let apart = known[1].abs_diff(unknown[1]);
    assert!(apart < Duration::from_millis(200) || known[1] >= 2 * floor, "{known:?} {unknown:?}");
}

/// How long Odoo checks the password of a login that exists, and of one that does not.
const CHECKS: [(&str, Duration); 2] = [("known", Duration::from_millis(450)), ("unknown", Duration::from_millis(5))];

async fn gateway_with_slow_checks() -> (StubOdoo, Gateway) {
    let stub = StubOdoo::start().await;
    for (login, time) in CHECKS {
        stub.set_check_duration(login, time);
    }
    let gateway = Gateway::start_with_stub(&stub, &[&NO_THROTTLE[..], &[(FLOOR, "600ms")]].concat()).await;
    (stub, gateway)
}

/// The durations of three concurrent wrong passwords, from the fastest to the slowest, over several rounds.
async fn times_of_three_guesses(login: &str, rounds: usize) -> Vec<[Duration; 3]> {
    let (_stub, gateway) = gateway_with_slow_checks().await;
    let mut times = Vec::new();
    for round in 0..rounds {
        let guess = async |number: usize| {
            let secret = format!("wrong {round} {number}");
            let began = Instant::now();
            let response = gateway.client().with_password(login, &secret).get(PARTNER, &[]).await;
            response.problem(401, "credential_invalid");
            began.elapsed()
        };
        let (one, two, three) = tokio::join!(guess(1), guess(2), guess(3));
        let mut all = [one, two, three];
        all.sort();
        times.push(all);
    }
    times
}

/// How long a request with the correct password waits after two wrong ones for this login, over several rounds.
async fn times_after_two_guesses(login: &str, rounds: usize) -> Vec<Duration> {
    let (stub, gateway) = gateway_with_slow_checks().await;
    let mut times = Vec::new();
    for round in 0..rounds {
        let mut guesses = JoinSet::new();
        for number in 0..2 {
            let guess = gateway.client().with_password(login, &format!("wrong {round} {number}"));
            guesses.spawn(async move { guess.get(PARTNER, &[]).await });
        }
        stub.wait_for_calls("authenticate", round * 3 + 2).await;
        let began = Instant::now();
        gateway.client().with_password(&format!("insider {round}"), PASSWORD).get(PARTNER, &[]).await.ok();
        times.push(began.elapsed());
        guesses.join_all().await;
    }
    times
}

fn median(times: impl Iterator<Item = Duration>) -> f64 {
    let mut times: Vec<_> = times.collect();
    times.sort();
    times[times.len() / 2].as_secs_f64()
}

/// Checks that two durations are similar. A busy machine slows both down; a leak makes one of them twice as slow.
#[track_caller]
fn assert_similar(name: &str, known: f64, unknown: f64) {
    let ratio = known / unknown;
    assert!((0.8..1.25).contains(&ratio), "{name}: {known} s for the known login, {unknown} s for the unknown one");
}

#[tokio::test(flavor = "multi_thread")]
async fn response_time_under_load_does_not_reveal_existing_logins() {
    let (known, unknown) = tokio::join!(times_of_three_guesses("known", 7), times_of_three_guesses("unknown", 7));
    for place in 0..3 {
        let of = |times: &[[Duration; 3]]| median(times.iter().map(|times| times[place]));
        assert_similar(&format!("guess {place}"), of(&known), of(&unknown));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn waiting_time_after_guesses_does_not_reveal_existing_logins() {
    let (known, unknown) = tokio::join!(times_after_two_guesses("known", 7), times_after_two_guesses("unknown", 7));
    assert_similar("the wait", median(known.into_iter()), median(unknown.into_iter()));
}

#[tokio::test]
async fn rejected_credential_is_cached() {
    let stub = StubOdoo::start().await;
    let gateway = Gateway::start_with_stub(&stub, &[(FLOOR, "50ms")]).await;
    for _ in 0..5 {
        gateway.client().with_password("admin", "wrong").get(PARTNER, &[]).await.problem(401, "credential_invalid");
    }
    assert_eq!(stub.call_count("authenticate"), 1);
    gateway.client().with_password("admin", "wrong too").get(PARTNER, &[]).await.problem(401, "credential_invalid");
    assert_eq!(stub.call_count("authenticate"), 2);
}

#[tokio::test]
async fn guesses_are_throttled_but_cached_users_are_not() {
    let stub = StubOdoo::start().await;
    let gateway = Gateway::start_with_stub(&stub, &[(FLOOR, "0s")]).await;
    let admin = gateway.client().with_password("admin", PASSWORD);
    admin.get(PARTNER, &[]).await.ok();
    for number in 0..5 {
        let guess = gateway.client().with_password(&format!("login{number}"), "wrong");
        guess.get(PARTNER, &[]).await.problem(401, "credential_invalid");
    }
    let sixth = gateway.client().with_password("login6", "wrong").get(PARTNER, &[]).await;
    sixth.problem(429, "too_many_attempts");
    let wait: u32 = sixth.header("retry-after").parse().unwrap();
    assert!((1..=60).contains(&wait), "{wait}");
    assert_eq!(stub.call_count("authenticate"), 6, "the sixth guess did not reach Odoo");
    admin.get(PARTNER, &[]).await.ok();
}

#[tokio::test]
async fn login_is_throttled_after_three_guesses() {
    let stub = StubOdoo::start().await;
    let gateway = Gateway::start_with_stub(&stub, &[(FLOOR, "0s")]).await;
    let guess = |secret: &'static str| {
        let client = gateway.client().with_password("admin", secret);
        async move { client.get(PARTNER, &[]).await }
    };
    for secret in ["a", "b", "c"] {
        guess(secret).await.problem(401, "credential_invalid");
    }
    guess("d").await.problem(429, "too_many_attempts");
    guess(PASSWORD).await.problem(429, "too_many_attempts");
    guess("a").await.problem(401, "credential_invalid");
    assert_eq!(stub.call_count("authenticate"), 3);
}

#[tokio::test]
async fn at_most_ten_of_a_thousand_guesses_reach_odoo() {
    let stub = StubOdoo::start().await;
    let gateway = Gateway::start_with_stub(&stub, &[(FLOOR, "0s")]).await;
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
    let calls = stub.call_count("authenticate");
    assert!((5..=10).contains(&calls), "{calls}");
}

#[tokio::test]
async fn correct_passwords_do_not_count_as_attempts() {
    let stub = StubOdoo::start().await;
    let gateway = Gateway::start_with_stub(&stub, &[(FLOOR, "0s")]).await;
    for number in 0..20 {
        gateway.client().with_password(&format!("login{number}"), PASSWORD).get(PARTNER, &[]).await.ok();
    }
    gateway.client().with_password("login0", "wrong").get(PARTNER, &[]).await.problem(401, "credential_invalid");
    assert_eq!(stub.call_count("authenticate"), 21);
}

#[tokio::test]
async fn odoo_checks_at_most_two_passwords_concurrently() {
    let stub = StubOdoo::start().await;
    let gateway = Gateway::start_with_stub(&stub, &[]).await;
    stub.when("authenticate", StubReply::Hold);
    let mut requests = JoinSet::new();
    for number in 0..6 {
        let client = gateway.client().with_password(&format!("login{number}"), PASSWORD);
        requests.spawn(async move { client.get(PARTNER, &[]).await });
    }
    stub.wait_for_calls("authenticate", 2).await;
    // Enough time for the other checks to start if they were not limited.
    for _ in 0..20 {
        send(gateway.client().request(Method::GET, PARTNER)).await.problem(401, "credential_missing");
    }
    assert_eq!(stub.call_count("authenticate"), 2);
    stub.release("authenticate");
    for response in requests.join_all().await {
        response.ok();
    }
    assert_eq!((stub.call_count("authenticate"), stub.max_concurrent_checks()), (6, 2));
}

/// The client has not failed, so this is no 429. It takes ten seconds, because so long a login waits for its turn.
#[tokio::test]
async fn login_that_waits_too_long_for_its_check_is_told_that_odoo_is_busy() {
    let stub = StubOdoo::start().await;
    let gateway = Gateway::start_with_stub(&stub, &[("ODOO_GATEWAY__AUTH__PASSWORD_CHECKS_IN_FLIGHT", "1")]).await;
    stub.when("authenticate", StubReply::Hold);
    let first = gateway.client().with_password("first", PASSWORD);
    let first = tokio::spawn(async move { first.get(PARTNER, &[]).await });
    stub.wait_for_calls("authenticate", 1).await;
    let rejected = gateway.client().with_password("second", PASSWORD).get(PARTNER, &[]).await;
    let problem = rejected.problem(503, "odoo_busy");
    assert!(problem["detail"].as_str().unwrap().contains("was not checked"), "{problem}");
    assert_eq!(rejected.header("retry-after"), "1");
    assert_eq!(stub.call_count("authenticate"), 1);
    stub.release("authenticate");
    first.await.unwrap().ok();
    gateway.client().with_password("second", PASSWORD).get(PARTNER, &[]).await.ok();
}

#[tokio::test]
async fn guesses_from_another_address_do_not_lock_out_the_user() {
    let stub = StubOdoo::start().await;
    let proxy = [(FLOOR, "0s"), ("ODOO_GATEWAY__SERVER__TRUSTED_PROXIES", "127.0.0.1")];
    let gateway = Gateway::start_with_stub(&stub, &proxy).await;
    let guesser = gateway.client().with_header("X-Forwarded-For", "192.0.2.1");
    for number in 0..10 {
        let guess = guesser.with_password("admin", &format!("wrong {number}")).get(PARTNER, &[]).await;
        assert_eq!(guess.status, if number < 3 { 401 } else { 429 });
    }
    let user = gateway.client().with_header("X-Forwarded-For", "192.0.2.2").with_password("admin", PASSWORD);
    user.get(PARTNER, &[]).await.ok();
}

#[tokio::test]
async fn guesses_from_sixty_addresses_do_not_lock_out_a_user_at_a_known_address() {
    let stub = StubOdoo::start().await;
    let settings = [
        (FLOOR, "0s"),
        ("ODOO_GATEWAY__SERVER__TRUSTED_PROXIES", "127.0.0.1"),
        // No attempt is restored while a busy machine handles the guesses.
        ("ODOO_GATEWAY__AUTH__THROTTLE__PER_LOGIN__PER_MINUTE", "1"),
        // Each request uses another login.
        ("ODOO_GATEWAY__AUTH__IDENTITY_TTL", "0s"),
    ];
    let gateway = Gateway::start_with_stub(&stub, &settings).await;
    let at = |address: &str| gateway.client().with_header("X-Forwarded-For", address);
    let (home, elsewhere) = (at("192.0.2.1").with_password("admin", PASSWORD), at("192.0.2.2"));
    home.get(PARTNER, &[]).await.ok();
    for number in 0..60 {
        let guesser = at(&format!("198.51.100.{number}"));
        for guess in 0..3 {
            let guess = guesser.with_password("admin", &format!("wrong {number} {guess}")).get(PARTNER, &[]).await;
            assert!(matches!(guess.status, 401 | 429), "{}", guess.status);
        }
    }
    elsewhere.with_password("admin", PASSWORD).get(PARTNER, &[]).await.problem(429, "too_many_attempts");
    for _ in 0..10 {
        home.get(PARTNER, &[]).await.ok();
    }
    // Few guesses are possible from there, and only for that login.
    for number in 0..5 {
        let guess = at("192.0.2.1").with_password("admin", &format!("home {number}")).get(PARTNER, &[]).await;
        assert_eq!(guess.status, if number < 3 { 401 } else { 429 });
    }
}

#[tokio::test]
async fn forged_forwarding_headers_do_not_evade_the_throttle() {
    let stub = StubOdoo::start().await;
    let gateway = Gateway::start_with_stub(&stub, &[(FLOOR, "0s")]).await;
    for number in 0..20 {
        let guesser = gateway.client().with_header("X-Forwarded-For", &format!("192.0.2.{number}"));
        let guess = guesser.with_password(&format!("login{number}"), "wrong").get(PARTNER, &[]).await;
        assert_eq!(guess.status, if number < 5 { 401 } else { 429 });
    }
}
