//! `Idempotency-Key`: what is sent again under one key is done once, whatever happens in between.

use std::time::Duration;

use odoo_gateway::clock::Clock;
use odoo_gateway::config::Config;
use odoo_gateway::secret::Sealed;
use odoo_gateway::store::{RepeatClaim, Store};
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::{AnyConnection, Connection as _};

use super::secrecy::{assert_absent, files};
use super::support::binary::Process;
use super::support::client::send;
use super::support::odoo::empty_database;
use super::support::stub::PASSWORD;
use super::support::{Act, Answer, Client, Gateway, Stub, Version};

const PARTNERS: &str = "/restapi/1.0/object/res.partner";
const TAGS: &str = "/restapi/1.0/object/res.partner.category";
const REPLAYED: &str = "idempotency-replayed";

fn under(client: &Client, key: &str) -> Client {
    client.with_header("Idempotency-Key", key)
}

/// A gateway before a stub, and its administrator.
async fn before_stub() -> (Stub, Gateway, Client) {
    let stub = Stub::start().await;
    let gateway = Gateway::before_stub(&stub, &[]).await;
    let admin = gateway.client().with_password("admin", PASSWORD);
    (stub, gateway, admin)
}

async fn create(client: &Client) -> Answer {
    client.post(PARTNERS, &json!({"vals": {"name": "Azure"}})).await
}

/// Asks until the first request is through.
async fn create_until_answered(client: &Client) -> Answer {
    let answered = async {
        loop {
            let answer = create(client).await;
            if answer.status != 409 {
                return answer;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), answered).await.expect("an answer")
}

/// Fifty requests at once to these gateways over one store; what they made.
async fn fifty_at_once(addresses: &[String]) {
    let name = format!("once {:x}", std::time::UNIX_EPOCH.elapsed().unwrap().as_nanos());
    let client = |address: &String| under(&Client::new(address.clone()).as_user("admin"), &name.replace(' ', "-"));
    // So that all of them only have to write.
    client(&addresses[0]).get(&format!("{TAGS}/search_count"), &[]).await.ok();
    let posts: Vec<_> = (0..50)
        .map(|number| {
            let (client, vals) = (client(&addresses[number % addresses.len()]), json!({"vals": {"name": name}}));
            tokio::spawn(async move { client.post(TAGS, &vals).await })
        })
        .collect();
    let mut done = Vec::new();
    for post in posts {
        let answer = post.await.unwrap();
        if answer.status == 200 {
            done.push(answer.ok());
        } else {
            answer.refused(409, "idempotency_in_progress");
            assert_eq!(answer.header("retry-after"), "1");
        }
    }
    assert!(!done.is_empty() && done.iter().all(|answer| *answer == done[0]), "{done:?}");
    let domain = format!("[('name','=','{name}')]");
    let count = client(&addresses[0]).get(&format!("{TAGS}/search_count"), &[("domain", &domain)]).await.ok();
    assert_eq!(count, json!({"count": 1}));
    for address in addresses {
        let again = client(address).post(TAGS, &json!({"vals": {"name": name}})).await;
        assert_eq!((again.ok(), again.header(REPLAYED)), (done[0].clone(), "true"));
        assert_eq!(again.header("content-type"), "application/json");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_posts_with_one_key_make_one_record_on_sqlite() {
    let gateway = Gateway::before_odoo(&[]).await;
    fifty_at_once(&[format!("http://{}", gateway.address())]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_posts_with_one_key_to_two_gateways_make_one_record_on_postgres() {
    let store = empty_database().await;
    let settings =
        [("ODOO_GATEWAY__STORE__URL", store.as_str()), ("ODOO_GATEWAY__SECRETS__CREATE_MASTER_KEY", "always")];
    let gateway = Gateway::before_odoo(&settings).await;
    let replica = gateway.replica().await;
    fifty_at_once(&[format!("http://{}", gateway.address()), format!("http://{}", replica.api)]).await;
    replica.stop().await;
}

#[tokio::test]
async fn every_deed_that_writes_is_done_once_in_its_own_form() {
    let (stub, _gateway, admin) = before_stub().await;
    let one = format!("{PARTNERS}/1");
    let vals = json!({"vals": {"name": "Azure"}});
    for (name, key, method, path, body) in [
        ("res.partner.create", "a", Method::POST, PARTNERS, &vals),
        ("res.partner.write", "b", Method::PUT, one.as_str(), &vals),
        ("res.partner.unlink", "c", Method::DELETE, one.as_str(), &json!({})),
        ("res.partner.button_do", "d", Method::POST, &format!("{one}/button_do"), &json!({"args": []})),
    ] {
        let client = under(&admin, key).with_header("Prefer", "label=technical");
        let first = send(client.request(method.clone(), path).json(body)).await;
        let again = send(client.request(method.clone(), path).json(body)).await;
        assert_eq!((first.ok(), first.header(REPLAYED)), (again.ok(), ""), "{name}");
        assert_eq!(again.header(REPLAYED), "true");
        assert_eq!(first.header("preference-applied"), again.header("preference-applied"));
        assert_eq!(stub.asked(name), 1, "{name}");
    }
}

#[tokio::test]
async fn another_request_under_the_same_key_is_refused_and_another_callers_is_not() {
    let (stub, gateway, admin) = before_stub().await;
    create(&under(&admin, "k")).await.ok();
    for other in [
        under(&admin, "k").post(PARTNERS, &json!({"vals": {"name": "Other"}})).await,
        under(&admin, "k").with_header("X-Odoo-Company", "1").post(PARTNERS, &json!({"vals": {"name": "Azure"}})).await,
        under(&admin, "k").put(&format!("{PARTNERS}/1"), &json!({"vals": {"name": "Azure"}})).await,
    ] {
        let problem = other.refused(422, "idempotency_key_reused");
        assert_eq!(problem["parameter"], "Idempotency-Key");
        assert_eq!(other.header(REPLAYED), "");
    }
    assert_eq!(stub.asked("res.partner.create"), 1);
    let with_key = gateway.client().with_header("Authorization", &format!("Bearer {}", super::support::stub::KEY));
    let answer = create(&under(&with_key, "k")).await;
    assert_eq!((answer.ok(), answer.header(REPLAYED)), (json!({"Contact": {"id": 1, "name": "Azure"}}), ""));
    assert_eq!(stub.asked("res.partner.create"), 2);
}

#[tokio::test]
async fn a_refusal_and_an_unknown_outcome_are_answered_again_and_never_tried_again() {
    let (stub, _gateway, admin) = before_stub().await;
    stub.once("res.partner.create", Act::fault("warning -- UserError\n\nNo names today.", ""));
    for replayed in ["", "true"] {
        let answer = create(&under(&admin, "refused")).await;
        let problem = answer.refused(422, "odoo_refused");
        assert_eq!(problem["odoo"]["message"], "No names today.");
        assert_eq!(problem["request_id"], answer.header("x-request-id"), "each answer has its own");
        assert_eq!(answer.header(REPLAYED), replayed);
    }
    assert_eq!(stub.asked("res.partner.create"), 1);
    stub.once("res.partner.create", Act::cut());
    for replayed in ["", "true"] {
        let answer = create(&under(&admin, "cut")).await;
        answer.refused(504, "outcome_unknown");
        assert_eq!((answer.header("retry-after"), answer.header(REPLAYED)), ("", replayed));
    }
    assert_eq!(stub.asked("res.partner.create"), 2);
}

#[tokio::test]
async fn where_nothing_was_done_the_next_try_is_the_first() {
    let (stub, _gateway, admin) = before_stub().await;
    let client = under(&admin, "again");
    for (act, status, code) in [
        (Act::http("503 Service Unavailable", "text/html", ""), 503, "odoo_unreachable"),
        (Act::fault("warning -- AccessError\n\nNot yours.", ""), 403, "access_denied"),
        (
            Act::fault(
                "could not serialize access",
                "Traceback (most recent call last):\n  File \"x\", line 1, in y\n    z\n\
                 psycopg2.errors.SerializationFailure: could not serialize access due to concurrent update\n",
            ),
            409,
            "concurrent_update",
        ),
    ] {
        stub.once("res.partner.create", act);
        create(&client).await.refused(status, code);
    }
    let answer = create(&client).await;
    assert_eq!((answer.ok()["Contact"]["id"].clone(), answer.header(REPLAYED)), (json!(1), ""));
    assert_eq!(stub.asked("res.partner.create"), 4);
}

#[tokio::test]
async fn who_lost_the_connection_asks_again_and_is_told() {
    let (stub, _gateway, admin) = before_stub().await;
    let client = under(&admin, "lost");
    stub.when("res.partner.create", Act::Hold);
    let caller = tokio::spawn({
        let client = client.clone();
        async move { create(&client).await }
    });
    stub.until_asked("res.partner.create", 1).await;
    caller.abort();
    create(&client).await.refused(409, "idempotency_in_progress");
    stub.let_go("res.partner.create");
    let answer = create_until_answered(&client).await;
    assert_eq!((answer.ok()["Contact"]["id"].clone(), answer.header(REPLAYED)), (json!(1), "true"));
    assert_eq!(stub.asked("res.partner.create"), 1);
}

#[tokio::test]
async fn what_is_no_key_is_refused_before_anything_is_done_and_questions_need_none() {
    let (stub, _gateway, admin) = before_stub().await;
    for key in ["", "a b", &"k".repeat(256)] {
        let problem = create(&under(&admin, key)).await.refused(400, "invalid_parameter");
        assert_eq!(problem["parameter"], "Idempotency-Key");
    }
    create(&under(&under(&admin, "a"), "b")).await.refused(400, "repeated_parameter");
    assert_eq!(stub.asked("res.partner.create"), 0);
    for _ in 0..2 {
        let answer = under(&admin, "read").get(&format!("{PARTNERS}/1"), &[]).await;
        assert_eq!((answer.status, answer.header(REPLAYED)), (200, ""));
    }
    assert_eq!(stub.asked("res.partner.read"), 2);
    // What is refused before Odoo is asked to write takes no key.
    under(&admin, "bad").post(PARTNERS, &json!({"vals": 7})).await.refused(400, "invalid_value");
    create(&under(&admin, "bad")).await.ok();
    under(&admin, "worse").post(PARTNERS, &json!({})).await.refused(400, "missing_parameter");
    create(&under(&admin, "worse")).await.ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_killed_in_the_middle_never_does_it_again() {
    let stub = Stub::start().await;
    let keys = tempfile::tempdir().unwrap();
    let master = keys.path().join("own/master.key").display().to_string();
    let settings = [
        ("ODOO_GATEWAY__SECRETS__MASTER_KEY_FILE", master.as_str()),
        ("ODOO_GATEWAY__ODOO__0__URL", &stub.url()),
        ("ODOO_GATEWAY__ODOO__0__DATABASE", "stub"),
    ];
    let client = |gateway: &Process| under(&gateway.client().with_password("admin", PASSWORD), "killed");
    let gateway = Process::serve(&settings).await;
    stub.when("res.partner.create", Act::Hold);
    let caller = client(&gateway);
    let cut = tokio::spawn(async move {
        caller.request(Method::POST, PARTNERS).json(&json!({"vals": {"name": "Azure"}})).send().await
    });
    stub.until_asked("res.partner.create", 1).await;
    let (_, _, folder) = gateway.end("KILL").await;
    assert!(cut.await.unwrap().is_err());

    let gateway = Process::serve_in(folder, &settings).await;
    create(&client(&gateway)).await.refused(409, "idempotency_in_progress");
    let url = format!("sqlite:{}", gateway.folder.path().join(".data/gateway.db").display());
    let mut store = AnyConnection::connect(&url).await.unwrap();
    sqlx::query("UPDATE repeats SET claimed_at = claimed_at - 181").execute(&mut store).await.unwrap();
    for _ in 0..2 {
        let problem = create(&client(&gateway)).await.refused(504, "outcome_unknown");
        assert!(problem["detail"].as_str().unwrap().contains("nobody knows"), "{problem}");
    }
    stub.let_go("res.partner.create");
    assert_eq!(stub.asked("res.partner.create"), 1);
    // A day later it is forgotten.
    sqlx::query("UPDATE repeats SET ends_at = ends_at - 86400").execute(&mut store).await.unwrap();
    create(&client(&gateway)).await.ok();
    assert_eq!(stub.asked("res.partner.create"), 2);
}

#[tokio::test]
async fn the_store_tells_neither_key_nor_request_nor_answer() {
    let gateway = Gateway::before_odoo(&[]).await;
    let (key, name) = ("key-5f3b1c0e9a", "business-7d20c4f1b8");
    let admin = under(&gateway.client().on(Version::Odoo19).as_user("admin"), key);
    let created = admin.post(TAGS, &json!({"vals": {"name": name}})).await.ok();
    assert!(created.to_string().contains(name));
    assert_eq!(admin.post(TAGS, &json!({"vals": {"name": name}})).await.header(REPLAYED), "true");
    let files = files(gateway.folder());
    assert!(files.iter().any(|(file, _)| file.ends_with("gateway.db")));
    for (file, content) in files {
        assert_absent(&file, &content, &[key, name]);
    }
}

/// What the store does with claims, on an empty database.
async fn claims(url: &str) {
    let config = Config::load(None, [("DATABASE_URL".into(), url.into())]).unwrap().store;
    let store = Store::open(&config).await.unwrap();
    store.migrate().await.unwrap();
    let clock = Clock::manual(Clock::system().now());
    let day = Duration::from_secs(86_400);
    let claim = |index: u8, claim: &'static str| RepeatClaim {
        index: [index; 32],
        claim,
        request: [7; 32],
        ends_at: clock.now() + day,
    };
    let (now, answer) = (clock.now(), Sealed(vec![1, 2, 3]));
    assert_eq!(store.claim_repeat(claim(1, "first"), now).await.unwrap(), None);
    let found = store.claim_repeat(claim(1, "second"), now).await.unwrap().unwrap();
    assert_eq!((found.request, found.claimed_at, found.answer), (vec![7; 32], now.unix_timestamp(), None));
    assert!(!store.keep_answer([1; 32], "second", &answer).await.unwrap(), "only who claimed it may say");
    assert!(store.keep_answer([1; 32], "first", &answer).await.unwrap());
    store.release_repeat([1; 32], "first").await.unwrap();
    let found = store.claim_repeat(claim(1, "third"), now).await.unwrap().unwrap();
    assert_eq!(found.answer, Some(answer), "what is done is not released");
    assert_eq!(store.claim_repeat(claim(2, "first"), now).await.unwrap(), None);
    store.release_repeat([2; 32], "second").await.unwrap();
    assert!(store.claim_repeat(claim(2, "second"), now).await.unwrap().is_some(), "only who claimed it may release it");
    store.release_repeat([2; 32], "first").await.unwrap();
    assert_eq!(store.claim_repeat(claim(2, "second"), now).await.unwrap(), None);
    assert_eq!(store.purge_repeats(now, 10).await.unwrap(), 0);
    clock.advance(day);
    assert_eq!(store.claim_repeat(claim(2, "third"), clock.now()).await.unwrap(), None, "it has ended");
    assert_eq!(store.purge_repeats(clock.now(), 10).await.unwrap(), 1);
}

#[tokio::test]
async fn a_claim_belongs_to_who_made_it_until_it_ends() {
    let folder = tempfile::tempdir().unwrap();
    claims(&format!("sqlite:{}", folder.path().join("gateway.db").display())).await;
    claims(&empty_database().await).await;
}

#[test]
fn the_document_offers_keys_wherever_something_is_written() {
    let document = serde_json::to_value(odoo_gateway::http::openapi()).unwrap();
    let of_records = |path: &str| {
        let families = ["/restapi/1.0/object", "/restful/", "/api/"];
        families.iter().any(|family| path.starts_with(family)) && !path.contains("generate_token")
    };
    for (path, item) in document["paths"].as_object().unwrap().iter().filter(|(path, _)| of_records(path)) {
        for (method, operation) in item.as_object().unwrap() {
            let named = |parameter: &Value| parameter["name"] == "Idempotency-Key";
            let offered = operation["parameters"].as_array().is_some_and(|all| all.iter().any(named));
            assert_eq!(offered, method != "get", "{method} {path}");
        }
    }
}

#[tokio::test]
async fn what_never_reached_odoo_leaves_its_key_free() {
    for version in Version::BOTH {
        let name =
            format!("released on {} {:x}", version.database(), std::time::UNIX_EPOCH.elapsed().unwrap().as_nanos());
        let client = Gateway::shared().client().on(version).as_user("admin");
        let paths = [
            (TAGS, json!({"vals": {"nmae": &name}}), json!({"vals": {"name": &name}})),
            (
                "/api/res.partner.category/create",
                json!({"name": &name, "color": "x"}),
                json!({"name": &name, "color": 1}),
            ),
            ("/restful/api/v1/res.partner.category", json!({"nmae": &name}), json!({"name": &name})),
            ("/api/v1/res.partner.category", json!({"data": {"nmae": &name}}), json!({"data": {"name": &name}})),
        ];
        for (path, wrong, right) in paths {
            let client = under(&client, &format!("{}-{}", name.replace(' ', "-"), path.len()));
            for _ in 0..2 {
                let refused = client.post(path, &wrong).await;
                assert!((400..500).contains(&refused.status) && refused.status != 422, "{path}: {}", refused.text);
                assert_eq!(refused.header(REPLAYED), "", "{path}: it is refused anew");
            }
            let made = client.post(path, &right).await;
            assert!(matches!(made.status, 200 | 201), "{path}: {}", made.text);
            let again = client.post(path, &right).await;
            assert_eq!((again.status, again.header(REPLAYED)), (made.status, "true"), "{path}");
        }
        let client = Gateway::shared().client().on(version).as_user("admin");
        let made = [("domain", format!("[('name','=','{name}')]"))];
        let made: Vec<(&str, &str)> = made.iter().map(|(key, value)| (*key, value.as_str())).collect();
        assert_eq!(client.get(&format!("{TAGS}/search_count"), &made).await.ok()["count"], 4);
    }
}
