//! What an attacker can do with a dump of the store, with a dump and the master key, or with write access to the store.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use odoo_gateway::admin::Administration;
use odoo_gateway::auth::{NewToken, issue};
use odoo_gateway::names::DatabaseName;
use odoo_gateway::odoo::Uid;
use odoo_gateway::secret::TokenKind;
use odoo_gateway::store::{AuditEvent, KeyTerms, StoredToken};
use sqlx::{AnyConnection, Connection as _, Row as _};

use super::key;
use crate::support::{Gateway, Version, changes_reach_gateways, testbed};

const PARTNERS: &str = "/restapi/1.0/object/res.partner/search_count";

/// Failed authentications are neither delayed nor throttled.
const UNTHROTTLED: [(&str, &str); 5] = [
    ("ODOO_GATEWAY__AUTH__FAILURE_FLOOR", "1ms"),
    ("ODOO_GATEWAY__AUTH__THROTTLE__PER_ADDRESS__BURST", "100000"),
    ("ODOO_GATEWAY__AUTH__THROTTLE__PER_LOGIN__BURST", "100000"),
    ("ODOO_GATEWAY__AUTH__THROTTLE__PER_ADDRESS_AND_LOGIN__BURST", "100000"),
    ("ODOO_GATEWAY__AUTH__THROTTLE__GLOBAL__BURST", "100000"),
];

/// Every notation in which a secret could be stored.
fn notations(secret: &str) -> Vec<Vec<u8>> {
    let hex = secret.bytes().map(|byte| format!("{byte:02x}")).collect::<String>();
    let wide = secret.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let [standard, url] = [STANDARD.encode(secret), URL_SAFE_NO_PAD.encode(secret)];
    // The end of a base64 text depends on the following bytes.
    let cut = |text: String| text.trim_end_matches('=').as_bytes()[..text.len() - 4].to_vec();
    vec![secret.as_bytes().to_vec(), hex.to_uppercase().into_bytes(), hex.into_bytes(), wide, cut(standard), cut(url)]
}

#[tokio::test]
async fn secrets_are_not_in_the_store_in_any_notation() {
    let gateway = Gateway::start_with_odoo(&[]).await;
    let admin = gateway.administration().await;
    let (_, kept) = key(&admin, Version::Odoo19, "kept").await;
    let (_, deleted) = key(&admin, Version::Odoo19, "deleted").await;
    for key in [&kept, &deleted] {
        gateway.client().with_header("api-key", key).get(PARTNERS, &[]).await.ok();
    }
    admin.delete_key("deleted").await.unwrap();
    let master = admin.sources.load().unwrap().unwrap().0[0].to_hex().to_string();
    let secrets = [testbed().api_key(Version::Odoo19).to_owned(), kept, deleted, master.clone()];
    let mut read = 0;
    for entry in gateway.folder().read_dir().unwrap() {
        let file = entry.unwrap().path();
        if !file.is_file() {
            continue;
        }
        let bytes = std::fs::read(&file).unwrap();
        read += bytes.len();
        for secret in &secrets {
            // The first characters of a key are not secret.
            for form in notations(secret).iter().chain(&notations(&secret[secret.len() - 24..])) {
                let found = bytes.windows(form.len()).any(|window| window == form.as_slice());
                assert!(!found, "{} holds a secret", file.display());
            }
        }
        let raw: Vec<u8> = (0..32).map(|at| u8::from_str_radix(&master[2 * at..2 * at + 2], 16).unwrap()).collect();
        assert!(!bytes.windows(32).any(|window| window == raw), "{} holds the master key", file.display());
    }
    assert!(read > 10_000, "the store was read");
}

/// Every value of every credential table, as text.
async fn dump(url: &str) -> Vec<String> {
    let mut connection = AnyConnection::connect(url).await.unwrap();
    let mut values = Vec::new();
    for query in [
        "SELECT id, shown, scope FROM tokens",
        "SELECT id, login, database_name FROM grants",
        "SELECT kid, token_id, grant_id FROM wraps",
        "SELECT name, token_id, networks FROM api_keys",
    ] {
        for row in sqlx::query(query).fetch_all(&mut connection).await.unwrap() {
            values.extend((0..3).map(|column| row.get::<String, _>(column)));
        }
    }
    for query in [
        "SELECT token_index FROM tokens",
        "SELECT credential FROM grants",
        "SELECT blob FROM wraps",
        "SELECT blob FROM sealed_keys",
    ] {
        for row in sqlx::query(query).fetch_all(&mut connection).await.unwrap() {
            let bytes: Vec<u8> = row.get(0);
            let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            values.extend([
                STANDARD.encode(&bytes),
                hex.chars().take(64).collect(),
                hex.chars().take(40).collect(),
                hex,
            ]);
        }
    }
    values
}

#[tokio::test]
async fn values_from_a_dump_are_not_valid_credentials() {
    let gateway = Gateway::start_with_odoo(&UNTHROTTLED).await;
    let admin = gateway.administration().await;
    key(&admin, Version::Odoo19, "one").await;
    key(&admin, Version::Odoo14, "two").await;
    let url = format!("sqlite:{}", gateway.folder().join("gateway.db").display());
    let values: Vec<String> = dump(&url).await.into_iter().filter(|value| !value.is_empty()).collect();
    assert!(values.len() > 30);
    for value in values {
        for (header, text) in [
            ("api-key", value.clone()),
            ("api-key", format!("ogw_key_{value}")),
            ("access-token", value.clone()),
            ("access-token", format!("access_token_{value}")),
            ("token", value.clone()),
            ("authorization", format!("Bearer {value}")),
            ("authorization", format!("Bearer access_token_{value}")),
        ] {
            let response = gateway.client().with_header(header, &text).get(PARTNERS, &[]).await;
            assert_eq!(response.status, 401, "{header}: {text}");
        }
    }
}

#[tokio::test]
async fn tampered_rows_give_no_access() {
    let attacks = [
        ("a higher scope", "UPDATE tokens SET scope = '\"all\" ' WHERE id = $1"),
        ("a later end", "UPDATE tokens SET not_after = 99999999999 WHERE id = $1"),
        ("another kind", "UPDATE tokens SET kind = 'access_token' WHERE id = $1"),
        ("no more networks", "UPDATE api_keys SET networks = '127.0.0.0/8' WHERE token_id = $1"),
        (
            "a higher rate",
            "UPDATE api_keys SET rate_requests = 9, rate_seconds = 1, rate_burst = 9 WHERE token_id = $1",
        ),
        ("the right to mint", "UPDATE api_keys SET may_mint_for_others = 1 WHERE token_id = $1"),
        ("another's grant", "UPDATE tokens SET grant_id = (SELECT grant_id FROM tokens WHERE id = $2) WHERE id = $1"),
        (
            "another's grant, wrapped",
            "UPDATE wraps SET grant_id = (SELECT grant_id FROM tokens WHERE id = $2) WHERE token_id = $1",
        ),
        ("another's wrap", "UPDATE wraps SET blob = (SELECT blob FROM wraps WHERE token_id = $2) WHERE token_id = $1"),
        (
            "another's credential",
            "UPDATE grants SET credential = (SELECT credential FROM grants g JOIN tokens t ON t.grant_id = g.id \
             WHERE t.id = $2) WHERE id = (SELECT grant_id FROM tokens WHERE id = $1)",
        ),
        ("another user", "UPDATE grants SET uid = 2 WHERE id = (SELECT grant_id FROM tokens WHERE id = $1)"),
        (
            "another database",
            "UPDATE grants SET database_name = 'odoo14' WHERE id = (SELECT grant_id FROM tokens WHERE id = $1)",
        ),
    ];
    let gateway = Gateway::start_with_odoo(&UNTHROTTLED).await;
    let fresh = gateway.replica().await;
    let there = crate::support::Client::new(format!("http://{}", fresh.api));
    let admin = gateway.administration().await;
    let (model, _) = key(&admin, Version::Odoo19, "model").await;
    let url = format!("sqlite:{}", gateway.folder().join("gateway.db").display());
    let mut connection = AnyConnection::connect(&url).await.unwrap();
    let mut attacked = Vec::new();
    for (case, attack) in attacks {
        let (mine, my_key) = create_key_unchecked(&admin, &model, &format!("mine, with {case}")).await;
        let (theirs, _) = create_key_unchecked(&admin, &model, &format!("theirs, with {case}")).await;
        let here = gateway.client().with_header("api-key", &my_key);
        here.get(PARTNERS, &[]).await.ok();
        let mut query = sqlx::query(attack).bind(mine.id.clone());
        if attack.contains("$2") {
            query = query.bind(theirs.id.clone());
        }
        assert_eq!(query.execute(&mut connection).await.unwrap().rows_affected(), 1, "{case}");
        attacked.push((case, here, there.with_header("api-key", &my_key)));
    }
    changes_reach_gateways().await;
    for (case, here, there) in attacked {
        for (client, state) in [(&here, "cached"), (&there, "decrypted again")] {
            let response = client.get(PARTNERS, &[]).await;
            assert!(matches!(response.status, 401 | 500), "{case}, {state}: {}", response.text);
        }
    }
    fresh.stop().await;
}

/// Creates a key for the same user without a check by Odoo.
async fn create_key_unchecked(admin: &Administration, model: &StoredToken, name: &str) -> (StoredToken, String) {
    let new_key = NewToken {
        kind: TokenKind::ApiKey,
        database: DatabaseName::parse(&model.grant.database).unwrap(),
        uid: Uid::new(model.grant.uid).unwrap(),
        login: model.grant.login.clone(),
        secret: testbed().api_key(Version::Odoo19).into(),
        scope: model.scope.clone(),
        not_after: None,
        idle_seconds: None,
        key: Some(KeyTerms { name: name.to_owned(), ..model.key.clone().unwrap() }),
    };
    let (row, token) = issue(&admin.key_provider, &admin.clock, new_key).await.unwrap();
    let event = AuditEvent::new(admin.clock.now(), "test", "key.create", &row.id, "");
    admin.store.add_token(&row, &event).await.unwrap();
    (row, token.expose().to_owned())
}

#[tokio::test]
async fn disabled_credentials_cannot_be_enabled_by_changing_rows() {
    let gateway = Gateway::start_with_odoo(&UNTHROTTLED).await;
    let fresh = gateway.replica().await;
    let there = crate::support::Client::new(format!("http://{}", fresh.api));
    let admin = gateway.administration().await;
    let mut new_key = super::new_key(Version::Odoo19, "switched");
    new_key.terms.may_mint_for_others = true;
    let (row, key) = admin.create_key(new_key).await.unwrap();
    let key = key.expose();
    admin.link_user(key, "admin".to_owned(), "admin".into()).await.unwrap();
    let mint = async |body: serde_json::Value| {
        let minted = gateway.client().with_header("api-key", key).post("/api/generate_token", &body).await.ok();
        minted["login_token"].as_str().unwrap().to_owned()
    };
    let [own, linked] = [mint(serde_json::json!({})).await, mint(serde_json::json!({"user_login": "admin"})).await];
    let statuses = async || {
        changes_reach_gateways().await;
        let mut statuses = Vec::new();
        for client in [gateway.client(), there.clone()] {
            for (header, text) in [("api-key", key), ("login-token", &own), ("login-token", &linked)] {
                statuses.push(client.with_header(header, text).get(PARTNERS, &[]).await.status);
            }
        }
        statuses
    };
    let write = async |statement: &'static str| {
        let url = format!("sqlite:{}", gateway.folder().join("gateway.db").display());
        let mut connection = AnyConnection::connect(&url).await.unwrap();
        let written = sqlx::query(statement).bind(row.id.clone()).execute(&mut connection).await.unwrap();
        assert!(written.rows_affected() > 0, "{statement}");
    };
    assert_eq!(statuses().await, [200; 6]);
    let off = "UPDATE tokens SET disabled_at = 1 WHERE id = $1";
    let on = "UPDATE tokens SET disabled_at = NULL WHERE id = $1";
    // Without requests in between, so that decrypted credentials are still in memory.
    for requests_in_between in [false, true] {
        admin.set_key_enabled("switched", false).await.unwrap();
        if requests_in_between {
            assert_eq!(statuses().await, [401; 6]);
        }
        write(on).await;
        assert_eq!(statuses().await, [401; 6], "requests in between: {requests_in_between}");
        write(off).await;
        assert_eq!(statuses().await, [401; 6]);
        admin.set_key_enabled("switched", true).await.unwrap();
        assert_eq!(statuses().await, [200; 6], "an administrator enables it");
    }
    // A key that a gateway disabled without sealing is sealed at the next start.
    write(off).await;
    admin.seal_disabled_state().await.unwrap();
    write(on).await;
    assert_eq!(statuses().await, [401; 6]);
    admin.set_key_enabled("switched", false).await.unwrap();
    admin.set_key_enabled("switched", true).await.unwrap();
    assert_eq!(statuses().await, [200; 6]);
    fresh.stop().await;
}
