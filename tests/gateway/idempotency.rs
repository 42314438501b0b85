//! `Idempotency-Key`: a request that is repeated with the same key is executed once, whatever happens in between.

use std::time::Duration;

use odoo_gateway::clock::Clock;
use odoo_gateway::config::Config;
use odoo_gateway::secret::Sealed;
use odoo_gateway::store::{ClaimRow, Store};
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::{AnyConnection, Connection as _};

use super::secrecy::{assert_absent, files};
use super::support::binary::Process;
use super::support::client::send;
use super::support::odoo::empty_database;
use super::support::stub_odoo::PASSWORD;
use super::support::{Client, Gateway, Response, StubOdoo, StubReply, Version};

const PARTNERS: &str = "/restapi/1.0/object/res.partner";
const TAGS: &str = "/restapi/1.0/object/res.partner.category";
const REPLAYED: &str = "idempotency-replayed";

fn with_key(client: &Client, key: &str) -> Client {
    client.with_header("Idempotency-Key", key)
}

/// A gateway in front of a stub, and a client as the administrator.
async fn stub_gateway() -> (StubOdoo, Gateway, Client) {
    let stub = StubOdoo::start().await;
    let gateway = Gateway::start_with_stub(&stub, &[]).await;
    let admin = gateway.client().with_password("admin", PASSWORD);
    (stub, gateway, admin)
}

async fn create(client: &Client) -> Response {
    client.post(PARTNERS, &json!({"vals": {"name": "Azure"}})).await
}

/// Repeats the request until the first one is complete.
async fn create_until_complete(client: &Client) -> Response {
    let completed = async {
        loop {
            let response = create(client).await;
            if response.status != 409 {
                return response;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), completed).await.expect("a response")
}

/// Sends fifty concurrent requests with one key to gateways with a common store, and checks that one record is created.
async fn fifty_concurrent_requests(addresses: &[String]) {
    let name = format!("once {:x}", std::time::UNIX_EPOCH.elapsed().unwrap().as_nanos());
    let client = |address: &String| with_key(&Client::new(address.clone()).as_user("admin"), &name.replace(' ', "-"));
    // Fills the caches, so that each request only has to write.
    client(&addresses[0]).get(&format!("{TAGS}/search_count"), &[]).await.ok();
    let posts: Vec<_> = (0..50)
        .map(|number| {
            let (client, vals) = (client(&addresses[number % addresses.len()]), json!({"vals": {"name": name}}));
            tokio::spawn(async move { client.post(TAGS, &vals).await })
        })
        .collect();
    let mut results = Vec::new();
    for post in posts {
        let response = post.await.unwrap();
        if response.status == 200 {
            results.push(response.ok());
        } else {
            response.problem(409, "idempotency_in_progress");
            assert_eq!(response.header("retry-after"), "1");
        }
    }
    assert!(!results.is_empty() && results.iter().all(|result| *result == results[0]), "{results:?}");
    let domain = format!("[('name','=','{name}')]");
    let count = client(&addresses[0]).get(&format!("{TAGS}/search_count"), &[("domain", &domain)]).await.ok();
    assert_eq!(count, json!({"count": 1}));
    for address in addresses {
        let again = client(address).post(TAGS, &json!({"vals": {"name": name}})).await;
        assert_eq!((again.ok(), again.header(REPLAYED)), (results[0].clone(), "true"));
        assert_eq!(again.header("content-type"), "application/json");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_posts_with_one_key_create_one_record_on_sqlite() {
    let gateway = Gateway::start_with_odoo(&[]).await;
    fifty_concurrent_requests(&[format!("http://{}", gateway.address())]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_posts_with_one_key_to_two_gateways_create_one_record_on_postgres() {
    let store = empty_database().await;
    let settings =
        [("ODOO_GATEWAY__STORE__URL", store.as_str()), ("ODOO_GATEWAY__SECRETS__CREATE_MASTER_KEY", "always")];
    let gateway = Gateway::start_with_odoo(&settings).await;
    let replica = gateway.replica().await;
    fifty_concurrent_requests(&[format!("http://{}", gateway.address()), format!("http://{}", replica.api)]).await;
    replica.stop().await;
}

#[tokio::test]
async fn every_kind_of_write_is_executed_once() {
    let (stub, _gateway, admin) = stub_gateway().await;
    let one = format!("{PARTNERS}/1");
    let vals = json!({"vals": {"name": "Azure"}});
    for (name, key, method, path, body) in [
        ("res.partner.create", "a", Method::POST, PARTNERS, &vals),
        ("res.partner.write", "b", Method::PUT, one.as_str(), &vals),
        ("res.partner.unlink", "c", Method::DELETE, one.as_str(), &json!({})),
        ("res.partner.button_do", "d", Method::POST, &format!("{one}/button_do"), &json!({"args": []})),
    ] {
        let client = with_key(&admin, key).with_header("Prefer", "label=technical");
        let first = send(client.request(method.clone(), path).json(body)).await;
        let again = send(client.request(method.clone(), path).json(body)).await;
        assert_eq!((first.ok(), first.header(REPLAYED)), (again.ok(), ""), "{name}");
        assert_eq!(again.header(REPLAYED), "true");
        assert_eq!(first.header("preference-applied"), again.header("preference-applied"));
        assert_eq!(stub.call_count(name), 1, "{name}");
    }
}

#[tokio::test]
async fn reused_key_is_rejected_except_for_another_user() {
    let (stub, gateway, admin) = stub_gateway().await;
    create(&with_key(&admin, "k")).await.ok();
    for other in [
        with_key(&admin, "k").post(PARTNERS, &json!({"vals": {"name": "Other"}})).await,
        with_key(&admin, "k")
            .with_header("X-Odoo-Company", "1")
            .post(PARTNERS, &json!({"vals": {"name": "Azure"}}))
            .await,
        with_key(&admin, "k").put(&format!("{PARTNERS}/1"), &json!({"vals": {"name": "Azure"}})).await,
    ] {
        let problem = other.problem(422, "idempotency_key_reused");
        assert_eq!(problem["parameter"], "Idempotency-Key");
        assert_eq!(other.header(REPLAYED), "");
    }
    assert_eq!(stub.call_count("res.partner.create"), 1);
    let same_user =
        gateway.client().with_header("Authorization", &format!("Bearer {}", super::support::stub_odoo::KEY));
    let response = create(&with_key(&same_user, "k")).await;
    assert_eq!((response.ok(), response.header(REPLAYED)), (json!({"Contact": {"id": 1, "name": "Azure"}}), ""));
    assert_eq!(stub.call_count("res.partner.create"), 2);
}

#[tokio::test]
async fn rejections_and_unknown_outcomes_are_replayed_and_never_retried() {
    let (stub, _gateway, admin) = stub_gateway().await;
    stub.once("res.partner.create", StubReply::fault("warning -- UserError\n\nNo names today.", ""));
    for replayed in ["", "true"] {
        let response = create(&with_key(&admin, "refused")).await;
        let problem = response.problem(422, "odoo_refused");
        assert_eq!(problem["odoo"]["message"], "No names today.");
        assert_eq!(problem["request_id"], response.header("x-request-id"), "each response has its own");
        assert_eq!(response.header(REPLAYED), replayed);
    }
    assert_eq!(stub.call_count("res.partner.create"), 1);
    stub.once("res.partner.create", StubReply::cut());
    for replayed in ["", "true"] {
        let response = create(&with_key(&admin, "cut")).await;
        response.problem(504, "outcome_unknown");
        assert_eq!((response.header("retry-after"), response.header(REPLAYED)), ("", replayed));
    }
    assert_eq!(stub.call_count("res.partner.create"), 2);
}

#[tokio::test]
async fn key_is_free_again_if_nothing_was_done() {
    let (stub, _gateway, admin) = stub_gateway().await;
    let client = with_key(&admin, "again");
    for (reply, status, code) in [
        (StubReply::http("503 Service Unavailable", "text/html", ""), 503, "odoo_unreachable"),
        (StubReply::fault("warning -- AccessError\n\nNot yours.", ""), 403, "access_denied"),
        (
            StubReply::fault(
                "could not serialize access",
                "Traceback (most recent call last):\n  File \"x\", line 1, in y\n    z\n\
                 psycopg2.errors.SerializationFailure: could not serialize access due to concurrent update\n",
            ),
            409,
            "concurrent_update",
        ),
    ] {
        stub.once("res.partner.create", reply);
        create(&client).await.problem(status, code);
    }
    let response = create(&client).await;
    assert_eq!((response.ok()["Contact"]["id"].clone(), response.header(REPLAYED)), (json!(1), ""));
    assert_eq!(stub.call_count("res.partner.create"), 4);
}

#[tokio::test]
async fn repeated_request_after_a_lost_connection_gets_the_result() {
    let (stub, _gateway, admin) = stub_gateway().await;
    let client = with_key(&admin, "lost");
    stub.when("res.partner.create", StubReply::Hold);
    let caller = tokio::spawn({
        let client = client.clone();
        async move { create(&client).await }
    });
    stub.wait_for_calls("res.partner.create", 1).await;
    caller.abort();
    create(&client).await.problem(409, "idempotency_in_progress");
    stub.release("res.partner.create");
    let response = create_until_complete(&client).await;
    assert_eq!((response.ok()["Contact"]["id"].clone(), response.header(REPLAYED)), (json!(1), "true"));
    assert_eq!(stub.call_count("res.partner.create"), 1);
}

#[tokio::test]
async fn invalid_key_is_rejected_and_reads_ignore_keys() {
    let (stub, _gateway, admin) = stub_gateway().await;
    for key in ["", "a b", &"k".repeat(256)] {
        let problem = create(&with_key(&admin, key)).await.problem(400, "invalid_parameter");
        assert_eq!(problem["parameter"], "Idempotency-Key");
    }
    create(&with_key(&with_key(&admin, "a"), "b")).await.problem(400, "repeated_parameter");
    assert_eq!(stub.call_count("res.partner.create"), 0);
    for _ in 0..2 {
        let response = with_key(&admin, "read").get(&format!("{PARTNERS}/1"), &[]).await;
        assert_eq!((response.status, response.header(REPLAYED)), (200, ""));
    }
    assert_eq!(stub.call_count("res.partner.read"), 2);
    // A request that is rejected before the write does not use up the key.
    with_key(&admin, "bad").post(PARTNERS, &json!({"vals": 7})).await.problem(400, "invalid_value");
    create(&with_key(&admin, "bad")).await.ok();
    with_key(&admin, "worse").post(PARTNERS, &json!({})).await.problem(400, "missing_parameter");
    create(&with_key(&admin, "worse")).await.ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_gateway_never_repeats_a_write() {
    let stub = StubOdoo::start().await;
    let keys = tempfile::tempdir().unwrap();
    let master = keys.path().join("own/master.key").display().to_string();
    let settings = [
        ("ODOO_GATEWAY__SECRETS__MASTER_KEY_FILE", master.as_str()),
        ("ODOO_GATEWAY__ODOO__0__URL", &stub.url()),
        ("ODOO_GATEWAY__ODOO__0__DATABASE", "stub"),
    ];
    let client = |gateway: &Process| with_key(&gateway.client().with_password("admin", PASSWORD), "killed");
    let gateway = Process::serve(&settings).await;
    stub.when("res.partner.create", StubReply::Hold);
    let caller = client(&gateway);
    let cut = tokio::spawn(async move {
        caller.request(Method::POST, PARTNERS).json(&json!({"vals": {"name": "Azure"}})).send().await
    });
    stub.wait_for_calls("res.partner.create", 1).await;
    let (_, _, folder) = gateway.stop_with("KILL").await;
    assert!(cut.await.unwrap().is_err());

    let gateway = Process::serve_in(folder, &settings).await;
    create(&client(&gateway)).await.problem(409, "idempotency_in_progress");
    let url = format!("sqlite:{}", gateway.folder.path().join(".data/gateway.db").display());
    let mut store = AnyConnection::connect(&url).await.unwrap();
    sqlx::query("UPDATE repeats SET claimed_at = claimed_at - 181").execute(&mut store).await.unwrap();
    for _ in 0..2 {
        let problem = create(&client(&gateway)).await.problem(504, "outcome_unknown");
        assert!(problem["detail"].as_str().unwrap().contains("is unknown"), "{problem}");
    }
    stub.release("res.partner.create");
    assert_eq!(stub.call_count("res.partner.create"), 1);
    // The key expires after a day.
    sqlx::query("UPDATE repeats SET ends_at = ends_at - 86400").execute(&mut store).await.unwrap();
    create(&client(&gateway)).await.ok();
    assert_eq!(stub.call_count("res.partner.create"), 2);
}

#[tokio::test]
async fn store_reveals_neither_key_nor_request_nor_response() {
    let gateway = Gateway::start_with_odoo(&[]).await;
    let (key, name) = ("key-5f3b1c0e9a", "business-7d20c4f1b8");
    let admin = with_key(&gateway.client().on(Version::Odoo19).as_user("admin"), key);
    let created = admin.post(TAGS, &json!({"vals": {"name": name}})).await.ok();
    assert!(created.to_string().contains(name));
    assert_eq!(admin.post(TAGS, &json!({"vals": {"name": name}})).await.header(REPLAYED), "true");
    let files = files(gateway.folder());
    assert!(files.iter().any(|(file, _)| file.ends_with("gateway.db")));
    for (file, content) in files {
        assert_absent(&file, &content, &[key, name]);
    }
}

/// Checks claims in a store on an empty database.
async fn check_claims(url: &str) {
    let config = Config::load(None, [("DATABASE_URL".into(), url.into())]).unwrap().store;
    let store = Store::open(&config).await.unwrap();
    store.migrate().await.unwrap();
    let clock = Clock::manual(Clock::system().now());
    let day = Duration::from_secs(86_400);
    let claim = |index: u8, claim: &'static str| ClaimRow {
        index: [index; 32],
        claim,
        request: [7; 32],
        expires_at: clock.now() + day,
    };
    let (now, response) = (clock.now(), Sealed(vec![1, 2, 3]));
    assert_eq!(store.claim_idempotency_key(claim(1, "first"), now).await.unwrap(), None);
    let found = store.claim_idempotency_key(claim(1, "second"), now).await.unwrap().unwrap();
    assert_eq!((found.request, found.claimed_at, found.response), (vec![7; 32], now.unix_timestamp(), None));
    assert!(
        !store.store_response([1; 32], "second", &response).await.unwrap(),
        "only the claimant may store a response"
    );
    assert!(store.store_response([1; 32], "first", &response).await.unwrap());
    store.release_claim([1; 32], "first").await.unwrap();
    let found = store.claim_idempotency_key(claim(1, "third"), now).await.unwrap().unwrap();
    assert_eq!(found.response, Some(response), "a completed claim is not released");
    assert_eq!(store.claim_idempotency_key(claim(2, "first"), now).await.unwrap(), None);
    store.release_claim([2; 32], "second").await.unwrap();
    assert!(
        store.claim_idempotency_key(claim(2, "second"), now).await.unwrap().is_some(),
        "only the claimant may release it"
    );
    store.release_claim([2; 32], "first").await.unwrap();
    assert_eq!(store.claim_idempotency_key(claim(2, "second"), now).await.unwrap(), None);
    assert_eq!(store.purge_idempotency_keys(now, 10).await.unwrap(), 0);
    clock.advance(day);
    assert_eq!(
        store.claim_idempotency_key(claim(2, "third"), clock.now()).await.unwrap(),
        None,
        "the claim has expired"
    );
    assert_eq!(store.purge_idempotency_keys(clock.now(), 10).await.unwrap(), 1);
}

#[tokio::test]
async fn claim_belongs_to_its_claimant_until_it_expires() {
    let folder = tempfile::tempdir().unwrap();
    check_claims(&format!("sqlite:{}", folder.path().join("gateway.db").display())).await;
    check_claims(&empty_database().await).await;
}

#[test]
fn openapi_document_offers_keys_for_every_write() {
    let document = serde_json::to_value(odoo_gateway::http::openapi()).unwrap();
    let is_record_path = |path: &str| {
        let prefixes = ["/restapi/1.0/object", "/restful/", "/api/"];
        prefixes.iter().any(|prefix| path.starts_with(prefix)) && !path.contains("generate_token")
    };
    for (path, item) in document["paths"].as_object().unwrap().iter().filter(|(path, _)| is_record_path(path)) {
        for (method, operation) in item.as_object().unwrap() {
            let resolved = |parameter: &Value| match parameter["$ref"].as_str() {
                Some(reference) => document.pointer(reference.trim_start_matches('#')).unwrap().clone(),
                None => parameter.clone(),
            };
            let named = |parameter: &Value| resolved(parameter)["name"] == "Idempotency-Key";
            let offered = operation["parameters"].as_array().is_some_and(|all| all.iter().any(named));
            assert_eq!(offered, method != "get", "{method} {path}");
        }
    }
}

#[tokio::test]
async fn request_that_never_reached_odoo_leaves_the_key_free() {
    for version in Version::each() {
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
            let client = with_key(&client, &format!("{}-{}", name.replace(' ', "-"), path.len()));
            for _ in 0..2 {
                let rejected = client.post(path, &wrong).await;
                assert!((400..500).contains(&rejected.status) && rejected.status != 422, "{path}: {}", rejected.text);
                assert_eq!(rejected.header(REPLAYED), "", "{path}: it is rejected again");
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
