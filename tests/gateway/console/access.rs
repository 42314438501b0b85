//! What users do for themselves: each thing is created, used over HTTP, listed and ended.

use std::time::Duration;

use odoo_gateway::admin::{ApplicationSettings, GrantType, NewApplication};
use odoo_gateway::store::{AuditEvent, Consent, KeyTerms};
use tokio::time::timeout;

use super::{ACCESS, NEW_KEY, Visitor, guard, key_for_linked_users, key_of_internal, secret, shared_key};
use crate::support::odoo::empty_database;
use crate::support::{Gateway, Version, changes_reach_gateways, testbed};

const SHARED_KEYS: &str = "/console/shared-keys";
const LINK: &str = "/console/shared-keys/link";
const PARTNERS: &str = "/api/res.partner/search?limit=1";
const PARTNER: &str = "/restapi/1.0/object/res.partner?limit=1&fields=['name']";

/// The events of an action, the newest first.
async fn events(gateway: &Gateway, action: &str) -> Vec<AuditEvent> {
    let events = gateway.administration().await.store.audit_events(1000).await.unwrap();
    events.into_iter().filter(|event| event.action == action).collect()
}

/// The paths of the pages on which something ends, in the order of the page.
fn end_paths(page: &str) -> Vec<String> {
    let links = page.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next());
    links.filter(|path| path.ends_with("/end")).map(str::to_owned).collect()
}

async fn login_token_works_until_it_is_ended(gateway: &Gateway) {
    let (account, _) = shared_key(gateway, "Warehouse").await;
    let mut user = Visitor::logged_in(gateway, "salesman").await;
    let form = format!("/console/shared-keys/{}/token", account.id);
    assert!(user.get(SHARED_KEYS).await.text.contains(&form));
    for days in ["0", "366", "x", ""] {
        let rejected = user.submit(&form, &[("days", days)]).await;
        assert_eq!(rejected.status, 400, "{days}");
        assert!(rejected.text.contains("1 to 365 days"), "{days}: {}", rejected.text);
    }
    let token = secret(&user.submit(&form, &[("days", "3")]).await);
    let client = gateway.client().with_header("token", &token);
    client.get(PARTNERS, &[]).await.ok();
    client.get("/api/res.country/search", &[]).await.api_problem(403, "scope_forbidden");
    let event = events(gateway, "login_token.create").await.remove(0);
    assert_eq!(event.actor, "console:salesman@odoo19");

    let page = user.get(ACCESS).await;
    assert!(page.text.contains("Login token for Warehouse") && page.text.contains("read res.partner records"));
    assert!(!page.text.contains(&token) && !page.text.contains(&token[..40]), "it is shown once");
    let end = end_paths(&page.text).remove(0);
    let ended = user.submit_and_follow(&end, &[]).await;
    assert!(ended.text.contains("It is revoked."), "{}", ended.text);
    client.get(PARTNERS, &[]).await.api_problem(401, "credential_invalid");
    assert!(!user.get(ACCESS).await.text.contains("It is revoked."), "the message is shown once");
    assert_eq!(events(gateway, "token.revoke").await.remove(0).actor, "console:salesman@odoo19");
}

async fn linked_user_gets_tokens_until_they_unlink(gateway: &Gateway) {
    let (account, key) = key_for_linked_users(gateway, "Shop floor").await;
    let mut user = Visitor::logged_in(gateway, "salesman").await;
    let token_form = format!("/console/shared-keys/{}/token", account.id);
    assert!(!user.get(SHARED_KEYS).await.text.contains("Shop floor"), "only linked users see the key");
    assert_eq!(user.get(&token_form).await.status, 404);
    let guard = guard(&user.get(NEW_KEY).await);
    assert_eq!(user.post(&token_form, &[("days", "1"), ("guard", &guard)]).await.status, 403);
    let (_, other) = key_of_internal(gateway, KeyTerms::unlimited("Another")).await;
    for wrong in [other.as_str(), "", "ogw_key_"] {
        let rejected = user.submit(LINK, &[("key", wrong)]).await;
        assert_eq!(rejected.status, 400, "{}", rejected.text);
        assert!(rejected.text.contains("no shared API key of your database") && !rejected.text.contains(&other));
    }
    for _ in 0..2 {
        let linked = user.submit_and_follow(LINK, &[("key", &key)]).await;
        assert!(linked.text.contains("You are linked.") && linked.text.contains(">Unlink<"), "{}", linked.text);
    }
    let created = secret(&user.submit(&token_form, &[("days", "1")]).await);
    user.submit_and_follow(LINK, &[("key", &key)]).await;
    let with_created = gateway.client().with_header("token", &created);
    with_created.get(PARTNERS, &[]).await.ok();
    let links = gateway.administration().await.linked_users("Shop floor").await.unwrap();
    let linked: Vec<_> = links.iter().map(|link| link.grant.login.as_str()).collect();
    assert_eq!(linked, ["internal", "salesman"], "a second link replaces the first");
    let program = gateway.client().with_header("api-key", &key);
    let body = serde_json::json!({"user_id": links[1].grant.uid});
    let token = program.post("/api/generate_token", &body).await.ok()["login_token"].as_str().unwrap().to_owned();
    let client = gateway.client().with_header("token", &token);
    client.get(PARTNERS, &[]).await.ok();
    let unlinked = user.submit_and_follow(&format!("/console/access/link/{}/end", account.id), &[]).await;
    assert!(unlinked.text.contains("You are no longer linked."), "{}", unlinked.text);
    for ended in [&client, &with_created] {
        ended.get(PARTNERS, &[]).await.api_problem(401, "credential_invalid");
    }
    program.post("/api/generate_token", &body).await.api_problem(409, "not_linked");
}

async fn login_tokens_of_a_key_are_limited_in_time_and_number(gateway: &Gateway) {
    let terms = KeyTerms { login_token_days: Some(7), ..shared_terms("Limited") };
    let (account, key) = key_of_internal(gateway, terms).await;
    let mut user = Visitor::logged_in(gateway, "salesman").await;
    let form = format!("/console/shared-keys/{}/token", account.id);
    let rejected = user.submit(&form, &[("days", "8")]).await;
    assert!(rejected.text.contains("1 to 7 days"), "{}", rejected.text);
    for _ in 0..3 {
        secret(&user.submit(&form, &[("days", "7")]).await);
    }
    let rejected = user.submit(&form, &[("days", "7")]).await;
    assert_eq!(rejected.status, 400, "{}", rejected.text);
    assert!(rejected.text.contains("You have 3 login tokens"), "{}", rejected.text);
    let mut other = Visitor::logged_in(gateway, "admin").await;
    secret(&other.submit(&form, &[("days", "7")]).await);
    let program = gateway.client().with_header("api-key", &key);
    let too_long = program.post("/api/generate_token", &serde_json::json!({"expiration_days": 8})).await;
    too_long.api_problem(400, "invalid_parameter");
    let usual = program.post("/api/generate_token", &serde_json::json!({})).await.ok();
    assert_eq!(usual["expires_in_days"], 7, "not longer than the key allows");
}

fn shared_terms(name: &str) -> KeyTerms {
    KeyTerms { may_mint_for_others: true, open_to_all_users: true, ..KeyTerms::unlimited(name) }
}

async fn personal_key_is_limited_to_its_scope(gateway: &Gateway) {
    let mut user = Visitor::logged_in(gateway, "salesman").await;
    let fields = [
        ("name", "Spreadsheet"),
        ("days", "7"),
        ("scope", "rules"),
        ("model", "res.partner"),
        ("operations:res.partner", "read"),
        ("fields:res.partner", "only"),
        ("field:res.partner", "name"),
        ("step", "create"),
    ];
    let key = secret(&user.submit(NEW_KEY, &fields).await);
    let client = gateway.client().with_header("authorization", &format!("Bearer {key}"));
    client.get(PARTNER, &[]).await.ok();
    let email = client.get("/restapi/1.0/object/res.partner?limit=1&fields=['email']", &[]).await;
    email.problem(403, "scope_forbidden");
    client.get("/restapi/1.0/object/res.country?limit=1", &[]).await.problem(403, "scope_forbidden");
    let again = user.submit(NEW_KEY, &fields).await;
    assert!(again.status == 400 && again.text.contains("You have an API key with this name already."));
    let mut other = Visitor::logged_in(gateway, "internal").await;
    secret(&other.submit(NEW_KEY, &fields).await);
    for (name, value) in [("days", "91"), ("days", "0"), ("name", ""), ("scope", "all")] {
        let changed: Vec<_> = fields.iter().map(|field| if field.0 == name { (name, value) } else { *field }).collect();
        let response = user.submit(NEW_KEY, &changed).await;
        assert_eq!(response.status, 400, "{name}={value}: {}", response.text);
    }
    let page = page_with_a_written_use(&mut user).await;
    assert!(page.contains("read res.partner records (only name)"), "{page}");
    let row = gateway.administration().await.find_key("salesman@odoo19: Spreadsheet").await.unwrap();
    user.submit_and_follow(&format!("/console/access/token/{}/end", row.id), &[]).await;
    client.get(PARTNER, &[]).await.problem(401, "credential_invalid");
    assert_eq!(events(gateway, "key.delete").await.remove(0).actor, "console:salesman@odoo19");
}

/// The page once it shows from where the key was used. Uses are written every few seconds.
async fn page_with_a_written_use(user: &mut Visitor) -> String {
    let shown = async {
        loop {
            let page = user.get(ACCESS).await.text;
            if page.contains("from 127.0.0.1") {
                return page;
            }
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
    };
    timeout(Duration::from_secs(30), shown).await.expect("the use is written within seconds")
}

/// Every ended credential is a failed attempt from the address of the tests.
const ATTEMPTS: (&str, &str) = ("ODOO_GATEWAY__AUTH__THROTTLE__PER_ADDRESS__BURST", "100");
const ATTEMPTS_OF_A_LOGIN: (&str, &str) = ("ODOO_GATEWAY__AUTH__THROTTLE__PER_ADDRESS_AND_LOGIN__BURST", "100");

async fn check_access(gateway: &Gateway) {
    login_token_works_until_it_is_ended(gateway).await;
    linked_user_gets_tokens_until_they_unlink(gateway).await;
    login_tokens_of_a_key_are_limited_in_time_and_number(gateway).await;
    personal_key_is_limited_to_its_scope(gateway).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn users_create_and_end_what_acts_for_them_on_sqlite() {
    let settings = [("ODOO_GATEWAY__AUTH__LOGIN_TOKENS_PER_USER", "3"), ATTEMPTS, ATTEMPTS_OF_A_LOGIN];
    check_access(&Gateway::start_with_odoo(&settings).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn users_create_and_end_what_acts_for_them_on_postgres() {
    let url = empty_database().await;
    let settings = [
        ("ODOO_GATEWAY__STORE__URL", url.as_str()),
        ("ODOO_GATEWAY__SECRETS__CREATE_MASTER_KEY", "always"),
        ("ODOO_GATEWAY__AUTH__LOGIN_TOKENS_PER_USER", "3"),
        ATTEMPTS,
        ATTEMPTS_OF_A_LOGIN,
    ];
    check_access(&Gateway::start_with_odoo(&settings).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_members_of_the_group_are_administrators() {
    for version in [Version::Odoo19, Version::Odoo14] {
        let gateway = Gateway::start_with_database(version, version.database(), &[]).await;
        let mut admin = Visitor::logged_in(&gateway, "admin").await;
        assert!(admin.get(ACCESS).await.text.contains("id=\"administration\""), "{version:?}");
        assert_eq!(admin.get("/console/admin/keys").await.status, 200);
        let mut user = Visitor::logged_in(&gateway, "internal").await;
        assert!(!user.get(ACCESS).await.text.contains("id=\"administration\""), "{version:?}");
        assert_eq!(user.get("/console/admin/keys").await.status, 403);
    }
    let everybody = [("ODOO_GATEWAY__CONSOLE__ADMIN_GROUP", "base.group_user")];
    let gateway = Gateway::start_with_odoo(&everybody).await;
    let mut user = Visitor::logged_in(&gateway, "internal").await;
    assert_eq!(user.get("/console/admin/keys").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn users_log_in_with_an_odoo_api_key_and_without_personal_keys_cannot_create_any() {
    let gateway = Gateway::start_with_odoo(&[("ODOO_GATEWAY__CONSOLE__PERSONAL_KEYS", "false")]).await;
    let mut user = Visitor::new(&gateway);
    let response = user.log_in(super::LOGIN, "internal", testbed().api_key(Version::Odoo19)).await;
    assert_eq!(response.header("location"), ACCESS);
    assert!(!user.get(ACCESS).await.text.contains(NEW_KEY), "neither in the navigation nor as a button");
    assert_eq!(user.get(NEW_KEY).await.status, 404);
    assert_eq!(user.post(NEW_KEY, &[("step", "create")]).await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn console_is_offered_only_where_passwords_are_safe_or_an_operator_wants_it() {
    for (enabled, listen, public_url, status) in [
        ("auto", "127.0.0.1:0", "", 200),
        ("auto", "0.0.0.0:0", "", 404),
        ("auto", "0.0.0.0:0", "http://gw.example", 404),
        ("auto", "0.0.0.0:0", "https://gw.example", 200),
        ("always", "0.0.0.0:0", "", 200),
        ("never", "127.0.0.1:0", "https://gw.example", 404),
    ] {
        let settings = [
            ("ODOO_GATEWAY__CONSOLE__ENABLED", enabled),
            ("ODOO_GATEWAY__SERVER__LISTEN", listen),
            ("ODOO_GATEWAY__SERVER__PUBLIC_URL", public_url),
        ];
        let gateway = Gateway::start(&settings).await;
        let page = gateway.client().get(super::LOGIN, &[]).await;
        assert_eq!(page.status, status, "{settings:?}");
    }
}

/// An application could get tokens again once it is enabled.
#[tokio::test(flavor = "multi_thread")]
async fn access_of_a_disabled_application_is_listed_and_can_be_revoked() {
    let gateway = Gateway::start_with_odoo(&[]).await;
    let admin = gateway.administration().await;
    let new = NewApplication {
        database: None,
        bound: None,
        scope: "\"all\"".to_owned(),
        not_after: None,
        terms: KeyTerms::unlimited("Old shop"),
        settings: ApplicationSettings {
            grants: [GrantType::AuthorizationCode].into(),
            redirect_uris: vec!["https://shop.example/back".to_owned()],
            ..ApplicationSettings::default()
        },
        origins: Vec::new(),
    };
    let application = admin.create_application(new).await.unwrap().0;
    let key = key_for_linked_users(&gateway, "Identifies salesman").await.1;
    let uid = admin.link_user(&key, "salesman".to_owned(), "salesman".into()).await.unwrap().grant.uid;
    let consent = Consent {
        application: application.row.id.clone(),
        uid,
        redirect_uri: "https://shop.example/back".to_owned(),
        scope: "all".to_owned(),
    };
    let event = AuditEvent::new(admin.clock.now(), "test", "consent.give", &consent.application, "");
    admin.store.insert_consent(&consent, &event).await.unwrap();
    admin.set_application_enabled("Old shop", false).await.unwrap();

    let mut user = Visitor::logged_in(&gateway, "salesman").await;
    let end = format!("/console/access/application/{}/end", application.row.id);
    assert!(user.get(ACCESS).await.text.contains(&end));
    let revoked = user.submit_and_follow(&end, &[]).await;
    assert!(revoked.text.contains("The application no longer has access."), "{}", revoked.text);
    assert!(!revoked.text.contains("Old shop"), "{}", revoked.text);
    assert!(!admin.store.has_consent(&consent).await.unwrap());
    assert_eq!(events(&gateway, "consent.revoke").await.remove(0).actor, "console:salesman@odoo19");
    assert_eq!(user.get(&end).await.status, 404);
}

/// How often a gateway read the row of a credential.
async fn credential_reads(gateway: &Gateway) -> u64 {
    // The counter is updated with the next poll.
    changes_reach_gateways().await;
    let metrics = gateway.ops_client().get("/metrics", &[]).await.text;
    let line = metrics.lines().find(|line| !line.starts_with('#') && line.contains("credential_reads_total"));
    line.and_then(|line| line.rsplit(' ').next()).unwrap_or_else(|| panic!("{metrics}")).parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_out_of_the_console_leaves_other_credentials_in_memory() {
    const ROUNDS: u64 = 12;
    let gateway = Gateway::start_with_odoo(&[]).await;
    let (_, key) = shared_key(&gateway, "Warm").await;
    let client = gateway.client().with_header("authorization", &format!("Bearer {key}"));
    client.get(PARTNER, &[]).await.ok();
    let before = credential_reads(&gateway).await;
    for _ in 0..ROUNDS {
        let mut user = Visitor::logged_in(&gateway, "salesman").await;
        let page = user.get(ACCESS).await;
        let guard = guard(&page);
        assert_eq!(user.post("/console/logout", &[("guard", &guard)]).await.status, 303);
        client.get(PARTNER, &[]).await.ok();
    }
    // A poll that is late on a busy machine lets some requests read their row.
    let reads = credential_reads(&gateway).await - before;
    assert!(reads < ROUNDS / 2, "{reads} reads after {ROUNDS} sessions ended");
}
