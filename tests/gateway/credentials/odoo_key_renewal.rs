//! Odoo API keys that are renewed before they end: in front of a real Odoo 19, and of a stub that is an Odoo 20.

use std::time::Duration;

use odoo_gateway::admin::Administration;
use odoo_gateway::auth::{NewToken, issue};
use odoo_gateway::clock::Clock;
use odoo_gateway::names::DatabaseName;
use odoo_gateway::odoo::{Uid, is_api_key};
use odoo_gateway::secret::{DataKey, Token, TokenKind};
use odoo_gateway::store::{AuditEvent, OdooKeyClaim, OdooKeyHash, OdooKeyRecord, StoredToken};
use secrecy::ExposeSecret as _;
use serde_json::json;
use sqlx::{AnyConnection, Connection as _};
use time::OffsetDateTime;
use time::macros::format_description;

use super::{administration, administration_of, new_key_of, url};
use crate::support::binary::Process;
use crate::support::odoo::{api_key_names, empty_database, fresh_database};
use crate::support::stub_odoo::{KEY, KEY_OWNER};
use crate::support::{Client, Gateway, StubOdoo, StubReply, Version, testbed};

pub(super) const PARTNER: &str = "/restapi/1.0/object/res.partner/1";
pub(super) const GENERATE: &str = "res.users.apikeys.generate";
pub(super) const REVOKE: &str = "res.users.apikeys.revoke";
const AUTHENTICATE: &str = "authenticate";
const KEYS: &str = "res.users.apikeys.search_read";
pub(super) const NEW: &str = "fedcba9876543210fedcba9876543210fedcba98";
pub(super) const RENEW: (&str, &str) = ("ODOO_GATEWAY__ODOO_KEYS__RENEW", "true");
/// A key that is created after [`NEW`].
const NEWER: &str = "0123456789abcdef0123456789abcdef01234567";
/// A key of one day ends soon.
pub(super) const RENEW_BEFORE: (&str, &str) = ("ODOO_GATEWAY__ODOO_KEYS__RENEW_BEFORE", "2d");
pub(super) const LIFETIME: (&str, &str) = ("ODOO_GATEWAY__ODOO_KEYS__LIFETIME", "30d");
pub(super) const REVOKE_AFTER: &str = "ODOO_GATEWAY__ODOO_KEYS__REVOKE_AFTER";
/// Old keys can be revoked at once.
pub(super) const NO_GRACE: (&str, &str) = ("ODOO_GATEWAY__STORE__OUTAGE_GRACE", "0s");
pub(super) const DAY: i64 = 24 * 60 * 60;

/// Creates a key of the gateway with an Odoo API key that ends in a day.
async fn key_of_one_day(admin: &Administration, database: &str, name: &str) -> (StoredToken, Token) {
    let mut admin = admin.clone();
    admin.odoo_keys.lifetime = Duration::from_secs(24 * 60 * 60);
    admin.create_key_by_exchange(new_key_of(database, name, "internal", "internal")).await.unwrap()
}

/// The Odoo credential that a token opens.
async fn odoo_credential(admin: &Administration, row: &StoredToken, token: &Token) -> String {
    let row = admin.find_key(&row.id).await.unwrap();
    let keys = admin.key_provider.for_sealing().await.unwrap();
    let grant = row.grant.facts();
    let data_key = DataKey::unwrap(&keys.keyring, token, row.facts(&row.terms()), grant, &row.wrap).unwrap();
    data_key.open_credential(grant, &row.grant.credential).unwrap().expose_secret().to_owned()
}

/// Uses a key until the audit log has `count` events of this kind about it. Every request must succeed.
pub(super) async fn use_until(client: &Client, admin: &Administration, action: &str, count: usize) {
    let used = async {
        loop {
            client.get(PARTNER, &[("fields", "id")]).await.ok();
            let events = admin.store.audit_events(1000).await.unwrap();
            if events.iter().filter(|event| event.action == action).count() >= count {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), used).await.unwrap_or_else(|_| panic!("no {action}"));
}

/// The status with which Odoo answers to a key over JSON-2, where it remembers no verified keys.
async fn odoo_status(database: &str, key: &str) -> u16 {
    let odoo = Client::new(testbed().url(Version::Odoo19).trim_end_matches('/').to_owned());
    let odoo = odoo.with_header("Authorization", &format!("Bearer {key}")).with_header("X-Odoo-Database", database);
    odoo.post("/json/2/res.users/context_get", &json!({})).await.status
}

#[tokio::test(flavor = "multi_thread")]
async fn key_of_odoo_19_is_renewed_and_the_one_before_is_revoked() {
    let database = fresh_database(Version::Odoo19).await;
    let settings = [RENEW, RENEW_BEFORE, LIFETIME, (REVOKE_AFTER, "0s"), NO_GRACE];
    let gateway = Gateway::start_with_database(Version::Odoo19, &database, &settings).await;
    let admin = gateway.administration().await;
    let (row, token) = key_of_one_day(&admin, &database, "shop").await;
    let client = gateway.client().with_header("api-key", token.expose());
    let before = odoo_credential(&admin, &row, &token).await;
    assert!(is_api_key(&before.as_str().into()), "the password is not the credential");
    let first_names = api_key_names(&database, "odoo-gateway shop %").await;
    assert_eq!(first_names.len(), 1);

    use_until(&client, &admin, "odoo_key.renew", 1).await;
    let after = odoo_credential(&admin, &row, &token).await;
    assert_ne!(after, before);
    use_until(&client, &admin, "odoo_key.revoke", 1).await;
    assert_eq!((odoo_status(&database, &before).await, odoo_status(&database, &after).await), (401, 200));
    let names = api_key_names(&database, "odoo-gateway shop %").await;
    assert!(names.len() == 1 && names != first_names, "{names:?}");
    client.get(PARTNER, &[("fields", "id")]).await.ok();

    let known = admin.odoo_key_of(&row).await.unwrap().unwrap();
    let days = (known.ends_at.unwrap() - Clock::system().now().unix_timestamp() + DAY / 2) / DAY;
    assert_eq!((days, known.failure, known.replaced), (30, None, None));
    let events = admin.store.audit_events(1000).await.unwrap();
    let actors: Vec<&str> =
        events.iter().filter(|event| event.subject == row.id).map(|event| event.actor.as_str()).collect();
    assert_eq!(actors[..2], ["gateway", "gateway"]);
    let metrics = gateway.ops_client().get("/metrics", &[]).await.text;
    for outcome in ["renewed", "revoked"] {
        let line = format!("odoo_gateway_odoo_key_renewals_total{{outcome=\"{outcome}\"}} 1\n");
        assert!(metrics.contains(&line), "{line}");
    }
}

#[tokio::test]
async fn key_of_odoo_14_takes_the_place_of_the_password_and_does_not_end() {
    let database = fresh_database(Version::Odoo14).await;
    let gateway = Gateway::start_with_database(Version::Odoo14, &database, &[RENEW]).await;
    let admin = gateway.administration().await;
    let new = || new_key_of(&database, "shop", "internal", "internal");
    let (row, token) = admin.create_key_by_exchange(new()).await.unwrap();
    assert!(is_api_key(&odoo_credential(&admin, &row, &token).await.into()));
    let known = admin.odoo_key_of(&row).await.unwrap().unwrap();
    assert_eq!((known.ends_at, known.password), (None, None), "nothing needs the password");
    gateway.client().with_header("api-key", token.expose()).get(PARTNER, &[("fields", "id")]).await.ok();
    let again = admin.create_key_by_exchange(new()).await.unwrap_err();
    assert!(again.to_string().contains("exists already"), "{again}");
    assert_eq!(api_key_names(&database, "odoo-gateway shop %").await.len(), 1, "no key is left over");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_gateways_renew_a_key_once_and_another_one_revokes_the_one_before() {
    let (database, store) = (fresh_database(Version::Odoo19).await, empty_database().await);
    let shared = [
        ("ODOO_GATEWAY__STORE__URL", store.as_str()),
        ("ODOO_GATEWAY__SECRETS__CREATE_MASTER_KEY", "always"),
        RENEW,
        RENEW_BEFORE,
        LIFETIME,
    ];
    let late = [&shared[..], &[(REVOKE_AFTER, "1h")]].concat();
    let first = Gateway::start_with_database(Version::Odoo19, &database, &late).await;
    let second = first.replica().await;
    let admin = first.administration().await;
    let (row, token) = key_of_one_day(&admin, &database, "shop").await;
    let before = odoo_credential(&admin, &row, &token).await;
    let with_key = |client: Client| client.with_header("api-key", token.expose());
    let clients = [with_key(first.client()), with_key(Client::new(format!("http://{}", second.api)))];
    let [one, other] = &clients;
    tokio::join!(use_until(one, &admin, "odoo_key.renew", 1), use_until(other, &admin, "odoo_key.renew", 1));
    for client in clients.iter().cycle().take(8) {
        client.get(PARTNER, &[("fields", "id")]).await.ok();
    }
    assert_eq!(api_key_names(&database, "odoo-gateway shop %").await.len(), 2, "one new key, and the one before");
    let events = admin.store.audit_events(1000).await.unwrap();
    assert_eq!(events.iter().filter(|event| event.action.starts_with("odoo_key.")).count(), 1);
    assert_eq!(odoo_status(&database, &before).await, 200, "requests under way go on with it");

    // Neither of them revokes the old key. What is left to do is in the store alone.
    second.stop().await;
    let key_file = first.folder().join("keys/master.key").display().to_string();
    let key_file = ("ODOO_GATEWAY__SECRETS__MASTER_KEY_FILE", key_file.as_str());
    let early = [&shared[..], &[(REVOKE_AFTER, "0s"), NO_GRACE, key_file]].concat();
    make_due(&store).await;
    let third = Gateway::start_with_database(Version::Odoo19, &database, &early).await;
    use_until(&with_key(third.client()), &admin, "odoo_key.revoke", 1).await;
    assert_eq!(odoo_status(&database, &before).await, 401);
}

/// Ends the claim of a gateway that was killed, and lets all keys be looked at now.
pub(super) async fn make_due(store: &str) {
    update(store, "UPDATE odoo_keys SET claimed_until = 0, next_check_at = 1").await;
}

/// Lets the end of all replaced keys pass, as far as the gateway knows it.
pub(super) async fn end_replaced(store: &str) {
    update(store, "UPDATE odoo_keys SET replaced_ends_at = 1").await;
}

async fn update(store: &str, statement: &'static str) {
    sqlx::any::install_default_drivers();
    let mut connection = AnyConnection::connect(store).await.unwrap();
    sqlx::query(statement).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

/// An Odoo 20 whose user `admin` has a key that ends tomorrow.
pub(super) async fn odoo_20() -> StubOdoo {
    let stub = StubOdoo::start().await;
    let member = |name: &str, value: &str| format!("<member><name>{name}</name><value>{value}</value></member>");
    let version = ["server_version", "server_serie"].map(|name| member(name, "<string>20.0</string>")).concat();
    let info = member("server_version_info", "<array><data><value><int>20</int></value></data></array>");
    let protocol = member("protocol_version", "<int>1</int>");
    stub.when("version", StubReply::value(&format!("<struct>{version}{info}{protocol}</struct>")));
    let format = format_description!("[year]-[month]-[day] [hour]:[minute]:[second]");
    let end = (Clock::system().now() + Duration::from_secs(24 * 60 * 60)).format(format).unwrap();
    let key = member("scope", "<string>rpc</string>") + &member("expiration_date", &format!("<string>{end}</string>"));
    let keys = format!("<array><data><value><struct>{key}</struct></value></data></array>");
    stub.when(KEYS, StubReply::value(&keys));
    stub.when(AUTHENTICATE, StubReply::value("<int>2</int>"));
    // Over XML-RPC; over JSON-2 the key is in a header.
    stub.when_containing(KEY_OWNER, NEW, StubReply::value("<struct></struct>"));
    stub
}

#[tokio::test(flavor = "multi_thread")]
async fn key_of_odoo_20_renews_itself_also_after_its_gateway_was_killed_on_the_way() {
    let stub = odoo_20().await;
    stub.when(GENERATE, StubReply::Hold);
    let (folder, odoo) = (tempfile::tempdir().unwrap(), stub.url());
    let key_file = folder.path().join("keys/master.key").display().to_string();
    let settings = [
        ("ODOO_GATEWAY__ODOO__0__URL", odoo.as_str()),
        ("ODOO_GATEWAY__ODOO__0__DATABASE", "stub"),
        ("ODOO_GATEWAY__SECRETS__MASTER_KEY_FILE", &key_file),
        RENEW,
        RENEW_BEFORE,
        LIFETIME,
        (REVOKE_AFTER, "0s"),
        NO_GRACE,
    ];
    let gateway = Process::serve_in(folder, &settings).await;
    let admin = administration(gateway.folder.path(), &settings).await;
    let (row, token) = admin.create_key(new_key_of("stub", "shop", "admin", KEY)).await.unwrap();
    gateway.client().with_header("api-key", token.expose()).get(PARTNER, &[("fields", "id")]).await.ok();
    stub.wait_for_calls(GENERATE, 1).await;
    let (_, _, folder) = gateway.stop_with("KILL").await;
    assert_eq!(odoo_credential(&admin, &row, &token).await, KEY, "the credential still works");

    stub.when(GENERATE, StubReply::value(&format!("<string>{NEW}</string>")));
    make_due(&url(folder.path())).await;
    let gateway = Process::serve_in(folder, &settings).await;
    let client = gateway.client().with_header("api-key", token.expose());
    use_until(&client, &admin, "odoo_key.renew", 1).await;
    assert_eq!(odoo_credential(&admin, &row, &token).await, NEW);
    assert_eq!(stub.call_count(REVOKE), 0, "the new key is stored first");
    use_until(&client, &admin, "odoo_key.revoke", 1).await;
    let revoked = stub.last_text(REVOKE);
    assert!(revoked.contains(KEY) && revoked.contains(NEW), "the new key revokes the one before");
    client.get(PARTNER, &[("fields", "id")]).await.ok();
    assert!(stub.last_text("res.partner.read").contains(NEW));
}

#[tokio::test(flavor = "multi_thread")]
async fn key_that_two_keys_use_is_revoked_when_both_have_the_new_one_and_failures_are_remembered() {
    let stub = odoo_20().await;
    stub.when(GENERATE, StubReply::fault("2", "Access Denied"));
    let settings = [RENEW, RENEW_BEFORE, LIFETIME, (REVOKE_AFTER, "0s"), NO_GRACE];
    let gateway = Gateway::start_with_stub(&stub, &settings).await;
    let admin = gateway.administration().await;
    let (row, token) = admin.create_key(new_key_of("stub", "shop", "admin", KEY)).await.unwrap();
    let (other, other_token) = admin.create_key(new_key_of("stub", "other", "admin", KEY)).await.unwrap();
    let client = gateway.client().with_header("api-key", token.expose());
    use_until(&client, &admin, "odoo_key.renew_failed", 1).await;
    let failing = admin.store.failing_odoo_keys(9).await.unwrap();
    assert!(matches!(&failing[..], [key] if key.login == "admin" && key.failure.is_some()), "{failing:?}");
    assert_eq!(odoo_credential(&admin, &row, &token).await, KEY);

    // What a failed look leaves of the other key must show that it is the same one.
    stub.once(KEYS, StubReply::fault("1", "Internal error"));
    use_until(&gateway.client().with_header("api-key", other_token.expose()), &admin, "odoo_key.renew_failed", 2).await;
    assert!(admin.odoo_key_of(&other).await.unwrap().unwrap().hash.is_some());
    stub.when(GENERATE, StubReply::value(&format!("<string>{NEW}</string>")));
    make_due(&format!("sqlite:{}", gateway.folder().join("gateway.db").display())).await;
    let replica = gateway.replica().await;
    let client = Client::new(format!("http://{}", replica.api)).with_header("api-key", token.expose());
    use_until(&client, &admin, "odoo_key.renew", 1).await;
    assert_eq!(admin.store.failing_odoo_keys(9).await.unwrap().len(), 1, "that of the other key");
    let postponed = async {
        loop {
            client.get(PARTNER, &[("fields", "id")]).await.ok();
            let known = admin.odoo_key_of(&row).await.unwrap().unwrap();
            if known.next_check_at > Clock::system().now().unix_timestamp() {
                return known;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let known = tokio::time::timeout(Duration::from_secs(30), postponed).await.expect("it is looked at later");
    assert!(known.replaced.is_some());
    assert!(admin.odoo_keys().await.unwrap().iter().any(|key| key.grant == row.grant.id && key.is_previous_left));
    assert_eq!(stub.call_count(REVOKE), 0, "the other key of the gateway uses it");

    // The other key adopts the new one, so Odoo creates no second one. Then nobody uses the old one any more.
    let generated = stub.call_count(GENERATE);
    let client = Client::new(format!("http://{}", replica.api)).with_header("api-key", other_token.expose());
    use_until(&client, &admin, "odoo_key.renew", 2).await;
    assert_eq!(stub.call_count(GENERATE), generated);
    assert_eq!(odoo_credential(&admin, &other, &other_token).await, NEW);
    use_until(&client, &admin, "odoo_key.revoke", 1).await;
    let revoked = stub.last_text(REVOKE);
    assert!(revoked.contains(KEY) && revoked.contains(NEW), "{revoked}");
}

#[tokio::test(flavor = "multi_thread")]
async fn key_that_its_user_removed_in_odoo_adopts_the_new_one_only_after_its_end() {
    let stub = odoo_20().await;
    stub.once(GENERATE, StubReply::value(&format!("<string>{NEW}</string>")));
    stub.when(GENERATE, StubReply::fault("2", "Access Denied"));
    let settings = [RENEW, RENEW_BEFORE, LIFETIME, (REVOKE_AFTER, "1h")];
    let gateway = Gateway::start_with_stub(&stub, &settings).await;
    let admin = gateway.administration().await;
    let (_, token) = admin.create_key(new_key_of("stub", "shop", "admin", KEY)).await.unwrap();
    let (other, other_token) = admin.create_key(new_key_of("stub", "other", "admin", KEY)).await.unwrap();
    use_until(&gateway.client().with_header("api-key", token.expose()), &admin, "odoo_key.renew", 1).await;

    let gone = r#"{"name": "werkzeug.exceptions.Unauthorized", "message": "Invalid apikey"}"#;
    stub.when(KEY_OWNER, StubReply::http("401 UNAUTHORIZED", "application/json", gone));
    use_until(&gateway.client().with_header("api-key", other_token.expose()), &admin, "odoo_key.renew_failed", 1).await;
    assert_eq!(odoo_credential(&admin, &other, &other_token).await, KEY);

    let store = format!("sqlite:{}", gateway.folder().join("gateway.db").display());
    end_replaced(&store).await;
    make_due(&store).await;
    let replica = gateway.replica().await;
    let client = Client::new(format!("http://{}", replica.api)).with_header("api-key", other_token.expose());
    use_until(&client, &admin, "odoo_key.renew", 2).await;
    assert_eq!(odoo_credential(&admin, &other, &other_token).await, NEW);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_keys_that_are_renewed_at_once_the_later_one_discards_its_new_one() {
    let stub = odoo_20().await;
    stub.once(GENERATE, StubReply::value(&format!("<string>{NEW}</string>")));
    stub.when(GENERATE, StubReply::value(&format!("<string>{NEWER}</string>")));
    stub.when_containing(KEY_OWNER, NEWER, StubReply::value("<struct></struct>"));
    let settings = [RENEW, RENEW_BEFORE, LIFETIME, (REVOKE_AFTER, "1h")];
    let gateway = Gateway::start_with_stub(&stub, &settings).await;
    let admin = gateway.administration().await;
    let (_, token) = admin.create_key(new_key_of("stub", "shop", "admin", KEY)).await.unwrap();
    let (other, other_token) = admin.create_key(new_key_of("stub", "other", "admin", KEY)).await.unwrap();
    let [client, other_client] =
        [&token, &other_token].map(|token| gateway.client().with_header("api-key", token.expose()));
    // The other key asks for its new one before the first one has stored its own, and gets it after that.
    stub.set_call_duration(Duration::from_secs(1));
    let second = async {
        stub.wait_for_calls(GENERATE, 1).await;
        use_until(&other_client, &admin, "odoo_key.renew", 2).await;
    };
    tokio::join!(use_until(&client, &admin, "odoo_key.renew", 1), second);
    assert_eq!(odoo_credential(&admin, &other, &other_token).await, NEW);
    assert_eq!((stub.call_count(GENERATE), stub.call_count(REVOKE)), (2, 1));
    assert!(stub.last_text(REVOKE).contains(NEWER));
}

#[tokio::test(flavor = "multi_thread")]
async fn key_counts_as_revoked_only_if_odoo_rejects_the_key_itself() {
    let stub = odoo_20().await;
    stub.when(GENERATE, StubReply::value(&format!("<string>{NEW}</string>")));
    stub.when(REVOKE, StubReply::fault("1", "Internal error"));
    let settings = [RENEW, RENEW_BEFORE, LIFETIME, (REVOKE_AFTER, "0s"), NO_GRACE];
    let gateway = Gateway::start_with_stub(&stub, &settings).await;
    let admin = gateway.administration().await;
    let (row, token) = admin.create_key(new_key_of("stub", "shop", "admin", KEY)).await.unwrap();
    // The user has another login now.
    stub.when(AUTHENTICATE, StubReply::value("<boolean>0</boolean>"));
    let client = gateway.client().with_header("api-key", token.expose());
    use_until(&client, &admin, "odoo_key.renew", 1).await;
    use_until(&client, &admin, "odoo_key.renew_failed", 1).await;
    assert!(admin.odoo_key_of(&row).await.unwrap().unwrap().replaced.is_some(), "Odoo still accepts it");

    let gone = r#"{"name": "werkzeug.exceptions.Unauthorized", "message": "Invalid apikey"}"#;
    stub.when(KEY_OWNER, StubReply::http("401 UNAUTHORIZED", "application/json", gone));
    make_due(&format!("sqlite:{}", gateway.folder().join("gateway.db").display())).await;
    let replica = gateway.replica().await;
    let client = Client::new(format!("http://{}", replica.api)).with_header("api-key", token.expose());
    use_until(&client, &admin, "odoo_key.revoke", 1).await;
}

/// Stores a token with a grant of its own.
async fn stored_token(admin: &Administration) -> StoredToken {
    let new = NewToken {
        kind: TokenKind::AccessToken,
        database: DatabaseName::parse("odoo").unwrap(),
        uid: Uid::new(7).unwrap(),
        login: "ada".to_owned(),
        secret: KEY.into(),
        scope: "\"all\"".to_owned(),
        not_after: None,
        idle_seconds: None,
        key: None,
    };
    let (row, _) = issue(&admin.key_provider, &admin.clock, new).await.unwrap();
    let event = AuditEvent::new(admin.clock.now(), "test", "token.create", &row.id, "");
    admin.store.add_token(&row, &event).await.unwrap();
    row
}

#[tokio::test]
async fn grants_that_have_the_same_key_are_claimed_one_after_the_other() {
    let folder = tempfile::tempdir().unwrap();
    for (number, store) in [url(folder.path()), empty_database().await].into_iter().enumerate() {
        let key_file = folder.path().join(format!("keys-{number}/master.key")).display().to_string();
        let settings = [
            ("ODOO_URL", "http://127.0.0.1:1"),
            ("ODOO_GATEWAY__STORE__URL", store.as_str()),
            ("ODOO_GATEWAY__SECRETS__CREATE_MASTER_KEY", "always"),
            ("ODOO_GATEWAY__SECRETS__MASTER_KEY_FILE", key_file.as_str()),
        ];
        let admin = administration_of(&settings).await;
        let rows = [stored_token(&admin).await, stored_token(&admin).await];
        let [one, other] = rows.each_ref().map(|row| row.grant.id.as_str());
        let now = admin.clock.now();
        let claim = async |grant: &str| admin.store.claim_odoo_key(grant, now, now + Duration::from_secs(60)).await;
        let claimed = async |grant: &str| match claim(grant).await.unwrap() {
            OdooKeyClaim::Claimed { until, .. } => until,
            claim => panic!("{claim:?}"),
        };
        let with_hash = |hash: u8| OdooKeyRecord {
            hash: Some(OdooKeyHash { hash: vec![hash], key: "k".to_owned() }),
            next_check_at: 1,
            ..OdooKeyRecord::default()
        };
        for grant in [one, other] {
            let until = claimed(grant).await;
            admin.store.update_odoo_key(grant, until, &with_hash(1)).await.unwrap();
        }
        let until = claimed(one).await;
        assert_eq!(claim(other).await.unwrap(), OdooKeyClaim::NotDue(1));
        admin.store.update_odoo_key(one, until, &with_hash(2)).await.unwrap();
        claimed(one).await;
        claimed(other).await;
    }
}

#[tokio::test]
async fn gateway_that_lost_its_claim_changes_nothing_and_keys_are_looked_at_after_a_restore() {
    let folder = tempfile::tempdir().unwrap();
    let key_file = folder.path().join("keys/master.key").display().to_string();
    let settings = [("ODOO_URL", "http://127.0.0.1:1"), ("ODOO_GATEWAY__SECRETS__MASTER_KEY_FILE", key_file.as_str())];
    let admin = administration(folder.path(), &settings).await;
    let row = stored_token(&admin).await;
    let now = admin.clock.now();
    let event = |action: &str| AuditEvent::new(now, "test", action, &row.id, "");

    let grant = row.grant.id.as_str();
    let claim = async |now: OffsetDateTime, minutes: u64| {
        let until = now + Duration::from_secs(60 * minutes);
        let OdooKeyClaim::Claimed { until, .. } = admin.store.claim_odoo_key(grant, now, until).await.unwrap() else {
            panic!("the key is not due");
        };
        until
    };
    let slow = claim(now, 1).await;
    let fast = claim(now + Duration::from_secs(61), 5).await;
    let record = |name: &str, next_check_at| OdooKeyRecord {
        name: Some(name.to_owned()),
        next_check_at,
        ..OdooKeyRecord::default()
    };
    let later = now.unix_timestamp() + DAY;
    admin.store.update_odoo_key_with_event(grant, fast, &record("fast", later), &event("fast")).await.unwrap();
    admin.store.update_odoo_key_with_event(grant, slow, &record("slow", later), &event("slow")).await.unwrap();
    admin.store.update_odoo_key(grant, slow, &record("slow", later)).await.unwrap();
    let (same, lost) = ((&row.grant.credential, &row.grant.credential), record("slow", later));
    assert!(!admin.store.replace_odoo_key((grant, slow), same, &lost, &event("slow")).await.unwrap());
    assert_eq!(admin.odoo_key_of(&row).await.unwrap().unwrap(), record("fast", later));
    assert_eq!(admin.store.audit_events(1).await.unwrap()[0].action, "fast");

    admin.accept_store().await.unwrap();
    assert_eq!(admin.odoo_key_of(&row).await.unwrap().unwrap(), record("fast", 0));
}
