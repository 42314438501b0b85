//! API keys, in front of real Odoos.

use odoo_gateway::store::KeyRate;
use serde_json::json;

use super::{key, new_key};
use crate::support::{Gateway, Version, changes_reach_gateways};

const PARTNERS: &str = "/restapi/1.0/object/res.partner/search_count";

#[tokio::test]
async fn every_kind_of_credential_works_on_every_route_of_restapi() {
    for version in Version::each() {
        let gateway = Gateway::start_with_odoo(&[]).await;
        let mut new_key = new_key(version, "all routes");
        (new_key.login, new_key.secret) = ("admin".to_owned(), "admin".into());
        let (_, key) = gateway.administration().await.create_key(new_key).await.unwrap();
        let (key, client) = (key.expose(), gateway.client().on(version));
        let kinds = [
            ("password", client.as_user("admin")),
            ("api-key", client.with_header("api-key", key)),
            ("API_KEY", client.with_header("API_KEY", key)),
            ("x-api-key", client.with_header("x-api-key", key)),
            ("bearer", client.with_header("Authorization", &format!("Bearer {key}"))),
        ];
        for (kind, client) in kinds {
            let object = "/restapi/1.0/object";
            let named = format!("made with {kind} on {}", version.database());
            let vals = json!({"vals": {"name": named}});
            let created = client.post(&format!("{object}/res.partner"), &vals).await.ok();
            let id = created["Contact"]["id"].as_i64().unwrap();
            let one = format!("{object}/res.partner/{id}");
            assert_eq!(client.get(&one, &[("fields", "name")]).await.ok()["Contact"]["name"], named, "{kind}");
            assert_eq!(client.put(&one, &vals).await.ok()["Contact"]["id"], id, "{kind}");
            let domain = format!("[('id', '=', {id})]");
            assert_eq!(client.get(PARTNERS, &[("domain", &domain)]).await.ok(), json!({"count": 1}), "{kind}");
            let found = client.get(&format!("{object}/res.partner/search"), &[("domain", &domain)]).await.ok();
            assert_eq!(found, json!({"Contact": [id]}), "{kind}");
            let called = client.post(&format!("{one}/read"), &json!({"kwargs": {"fields": ["name"]}})).await.ok();
            assert_eq!(called["return"][0]["id"], id, "{kind}");
            let ours = client.get(&format!("{object}/res.users"), &[("domain", "[('login','=','admin')]")]).await.ok();
            assert_eq!(ours.as_object().unwrap().len(), 1, "{kind}");
            assert_eq!(client.delete(&one, &[]).await.ok(), json!({}), "{kind}");
        }
    }
}

#[tokio::test]
async fn key_determines_the_database() {
    let gateway = Gateway::start_with_odoo(&[("ODOO_GATEWAY__AUTH__FAILURE_FLOOR", "10ms")]).await;
    let (_, key) = key(&gateway.administration().await, Version::Odoo14, "of 14").await;
    let client = gateway.client().with_header("api-key", &key);
    client.get(PARTNERS, &[]).await.ok();
    client.on(Version::Odoo14).get(PARTNERS, &[]).await.ok();
    client.on(Version::Odoo19).get(PARTNERS, &[]).await.problem(401, "credential_invalid");
    client.with_header("X-Odoo-Database", "nowhere").get(PARTNERS, &[]).await.problem(404, "unknown_database");
}

#[tokio::test]
async fn disabled_or_deleted_key_is_rejected_within_a_second_on_all_gateways() {
    let gateway = Gateway::start_with_odoo(&[("ODOO_GATEWAY__AUTH__FAILURE_FLOOR", "10ms")]).await;
    let other = gateway.replica().await;
    let admin = gateway.administration().await;
    let (_, key) = key(&admin, Version::Odoo19, "short life").await;
    let here = gateway.client().with_header("api-key", &key);
    let there = crate::support::Client::new(format!("http://{}", other.api)).with_header("api-key", &key);
    for on in [true, false, true] {
        if here.get(PARTNERS, &[]).await.status == 200 || on {
            admin.set_key_enabled("short life", on).await.unwrap();
            changes_reach_gateways().await;
        }
        for client in [&here, &there] {
            let response = client.get(PARTNERS, &[]).await;
            assert_eq!(response.status, if on { 200 } else { 401 }, "{}", response.text);
        }
    }
    admin.delete_key("short life").await.unwrap();
    changes_reach_gateways().await;
    for client in [&here, &there] {
        client.get(PARTNERS, &[]).await.problem(401, "credential_invalid");
    }
    other.stop().await;
}

#[tokio::test]
async fn all_invalid_keys_get_the_same_response_and_time() {
    let lenient = [
        ("ODOO_GATEWAY__AUTH__FAILURE_FLOOR", "300ms"),
        ("ODOO_GATEWAY__AUTH__THROTTLE__PER_ADDRESS_AND_LOGIN__BURST", "100"),
    ];
    let gateway = Gateway::start_with_odoo(&lenient).await;
    let admin = gateway.administration().await;
    let (_, off) = key(&admin, Version::Odoo19, "off").await;
    admin.set_key_enabled("off", false).await.unwrap();
    let elsewhere = {
        let mut new_key = new_key(Version::Odoo19, "elsewhere");
        new_key.terms.networks = vec!["192.0.2.0/24".parse().unwrap()];
        admin.create_key(new_key).await.unwrap().1.expose().to_owned()
    };
    let unknown = odoo_gateway::secret::Token::generate(odoo_gateway::secret::TokenKind::ApiKey).unwrap();
    let mut bodies = std::collections::HashSet::new();
    for wrong in ["ogw_key_nonsense", unknown.expose(), &off, &elsewhere] {
        let began = std::time::Instant::now();
        let response = gateway.client().with_header("api-key", wrong).get(PARTNERS, &[]).await;
        let took = began.elapsed().as_millis();
        assert!((300..450).contains(&took), "{wrong}: {took} ms");
        let mut problem = response.problem(401, "credential_invalid");
        problem.as_object_mut().unwrap().remove("request_id");
        bodies.insert(problem.to_string());
        assert!(!response.text.contains(wrong));
        assert_eq!(response.headers.get_all("www-authenticate").iter().count(), 3);
    }
    assert_eq!(bodies.len(), 1, "{bodies:?}");
}

#[tokio::test]
async fn invalid_keys_are_throttled_but_valid_ones_are_not() {
    let gateway = Gateway::start_with_odoo(&[("ODOO_GATEWAY__AUTH__FAILURE_FLOOR", "1ms")]).await;
    let (_, good) = key(&gateway.administration().await, Version::Odoo19, "good").await;
    let wrong = gateway.client().with_header("api-key", "ogw_key_wrong");
    let mut rejected = 0;
    for _ in 0..10 {
        rejected += u32::from(wrong.get(PARTNERS, &[]).await.status == 401);
    }
    assert!((1..=5).contains(&rejected), "{rejected}");
    wrong.get(PARTNERS, &[]).await.problem(429, "too_many_attempts");
    gateway.client().with_header("api-key", &good).get(PARTNERS, &[]).await.ok();
}

#[tokio::test]
async fn rate_limit_is_exact_under_fifty_clients_and_sends_retry_after() {
    let gateway = Gateway::start_with_odoo(&[]).await;
    let mut new_key = new_key(Version::Odoo19, "slow");
    new_key.terms.rate = Some(KeyRate { requests: 6, seconds: 3600, burst: 6 });
    let (_, key) = gateway.administration().await.create_key(new_key).await.unwrap();
    let client = gateway.client().with_header("api-key", key.expose());
    let first = client.get(PARTNERS, &[]).await;
    assert_eq!(first.header("ratelimit-policy"), r#""key";q=6;w=3600"#);
    assert!(first.header("ratelimit").starts_with(r#""key";r=5;t="#), "{}", first.header("ratelimit"));
    let callers: Vec<_> = (0..50)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { client.get(PARTNERS, &[]).await.status })
        })
        .collect();
    let mut statuses = Vec::new();
    for caller in callers {
        statuses.push(caller.await.unwrap());
    }
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 5);
    assert_eq!(statuses.iter().filter(|status| **status == 429).count(), 45);
    let rejected = client.get(PARTNERS, &[]).await;
    rejected.problem(429, "rate_limited");
    let wait: u32 = rejected.header("retry-after").parse().unwrap();
    assert!((500..=600).contains(&wait), "{wait}");
    assert!(rejected.header("ratelimit").starts_with(r#""key";r=0;t="#));
}

#[tokio::test]
async fn key_that_requires_a_login_token_is_not_sufficient() {
    let gateway = Gateway::start_with_odoo(&[]).await;
    let mut new_key = new_key(Version::Odoo19, "needs a user");
    new_key.terms.needs_login_token = true;
    let (_, key) = gateway.administration().await.create_key(new_key).await.unwrap();
    let response = gateway.client().with_header("api-key", key.expose()).get(PARTNERS, &[]).await;
    response.problem(401, "credential_missing");
}

#[tokio::test]
async fn key_is_created_only_for_a_user_that_odoo_confirms() {
    let admin = Gateway::start_with_odoo(&[]).await.administration().await;
    let mut wrong = new_key(Version::Odoo19, "wrong");
    wrong.secret = "guess".into();
    let past =
        odoo_gateway::admin::NewApiKey { not_after: Some(admin.clock.now()), ..new_key(Version::Odoo19, "past") };
    let unreadable =
        odoo_gateway::admin::NewApiKey { scope: "[{}]".to_owned(), ..new_key(Version::Odoo19, "unreadable") };
    for rejected in [wrong, past, unreadable] {
        admin.create_key(rejected).await.unwrap_err();
    }
    assert!(admin.list_keys().await.unwrap().is_empty());
}

#[tokio::test]
async fn changed_password_makes_the_key_stale() {
    let version = Version::Odoo19;
    let database = crate::support::odoo::fresh_database(version).await;
    let gateway = Gateway::start_with_database(version, &database, &[]).await;
    let mut new_key = new_key(version, "stale");
    (new_key.database, new_key.secret) = (None, "internal".into());
    let (_, key) = gateway.administration().await.create_key(new_key).await.unwrap();
    let client = gateway.client().with_header("api-key", key.expose());
    client.get(PARTNERS, &[]).await.ok();
    let documents = ["/openapi.json", "/postman_collection.json"];
    let models = [("models", "res.partner")];
    let with_password = gateway.client().as_user("internal");
    for document in documents {
        // Cached from here on.
        client.get(document, &models).await.ok();
        with_password.get(document, &models).await.ok();
    }
    let admin = gateway.client().as_user("admin");
    let found =
        admin.get("/restapi/1.0/object/res.users/search", &[("domain", "[('login','=','internal')]")]).await.ok();
    let id = found.as_object().unwrap().values().next().unwrap()[0].as_i64().unwrap();
    let vals = json!({"vals": {"password": "another"}});
    assert_eq!(admin.put(&format!("/restapi/1.0/object/res.users/{id}"), &vals).await.status, 200);
    for document in documents {
        client.get(document, &models).await.problem(401, "odoo_credential_stale");
        with_password.get(document, &models).await.problem(401, "credential_invalid");
    }
    let stale = client.get(PARTNERS, &[]).await.problem(401, "odoo_credential_stale");
    assert!(stale["hint"].as_str().unwrap().contains("odoo-gateway key rotate"), "{stale}");
}

#[tokio::test(flavor = "multi_thread")]
async fn master_key_rotation_does_not_interrupt_requests() {
    let gateway = Gateway::start_with_odoo(&[]).await;
    let admin = gateway.administration().await;
    let (_, key) = key(&admin, Version::Odoo19, "rotated").await;
    let client = gateway.client().with_header("api-key", &key);
    client.get(PARTNERS, &[]).await.ok();
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let load = {
        let client = client.clone();
        tokio::spawn(async move {
            let mut statuses = Vec::new();
            while !*stopped.borrow() {
                statuses.push(client.get(PARTNERS, &[]).await.status);
            }
            statuses
        })
    };
    let old = admin.master_keys().await.unwrap().remove(0).id;
    let new = admin.add_master_key().await.unwrap();
    assert!(admin.prune_master_keys().await.unwrap().is_empty(), "the old one still encrypts data");
    assert_eq!(
        admin.rewrap(|_, _| ()).await.unwrap().rewrapped,
        3,
        "the API key's wrapped key and two installation keys"
    );
    assert_eq!(admin.prune_master_keys().await.unwrap(), [old]);
    client.get(PARTNERS, &[]).await.ok();
    stop.send(true).unwrap();
    let statuses = load.await.unwrap();
    assert!(!statuses.is_empty() && statuses.iter().all(|status| *status == 200), "{statuses:?}");
    let left = admin.master_keys().await.unwrap();
    assert_eq!((left.len(), left[0].id.as_str(), left[0].seals), (1, new.as_str(), 3));
    let restarted = gateway.replica().await;
    let client = crate::support::Client::new(format!("http://{}", restarted.api)).with_header("api-key", &key);
    client.get(PARTNERS, &[]).await.ok();
    restarted.stop().await;
}

#[tokio::test]
async fn key_and_its_login_tokens_are_limited_to_the_scope() {
    for version in Version::each() {
        let gateway = Gateway::start_with_odoo(&[]).await;
        let rules = r#"[{"models": "res.partner", "operations": ["read"], "fields": {"except": ["email"]}}]"#;
        let narrow = odoo_gateway::admin::NewApiKey { scope: rules.to_owned(), ..new_key(version, "reader") };
        let (_, key) = gateway.administration().await.create_key(narrow).await.unwrap();
        let with_key = gateway.client().with_header("api-key", key.expose());
        let minted = with_key.post("/api/generate_token", &json!({})).await.ok();
        let with_token = gateway.client().with_header("token", minted["login_token"].as_str().unwrap());
        for client in [with_key, with_token] {
            let object = "/restapi/1.0/object";
            client.get(PARTNERS, &[("domain", "[('name','ilike','a')]")]).await.ok();
            let forbidden = [
                client.get(&format!("{object}/res.users/search_count"), &[]).await,
                client.get(PARTNERS, &[("domain", "[('email','ilike','a')]")]).await,
                client.get(PARTNERS, &[("domain", "[('user_id.login','=','a')]")]).await,
                client.post(&format!("{object}/res.partner"), &json!({"vals": {"name": "x"}})).await,
                client.put(&format!("{object}/res.partner/1"), &json!({"vals": {"name": "x"}})).await,
                client.delete(&format!("{object}/res.partner/1"), &[]).await,
            ];
            for response in forbidden {
                response.problem(403, "scope_forbidden");
            }
        }
    }
}
