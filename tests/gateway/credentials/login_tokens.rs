//! Login tokens: issued with an API key, for its user and for other users, and revoked.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use odoo_gateway::admin::KeyUpdate;
use odoo_gateway::store::{AuditEvent, KeyRotation};
use serde_json::{Value, json};
use sqlx::{AnyConnection, Connection as _};

use super::new_key;
use crate::support::{Client, Gateway, Version, changes_reach_gateways, testbed};

const MINT: &str = "/api/generate_token";
const PARTNERS: &str = "/restapi/1.0/object/res.partner/search_count";
const ME: &str = "/restapi/1.0/object/res.users/context_get";

/// A gateway with an API key of `internal` that may issue tokens for other users, and a client with that key.
async fn fixture(version: Version, needs_login_token: bool) -> (Gateway, Client, String) {
    let patient = [
        ("ODOO_GATEWAY__AUTH__FAILURE_FLOOR", "1ms"),
        ("ODOO_GATEWAY__AUTH__THROTTLE__PER_ADDRESS_AND_LOGIN__BURST", "100"),
        ("ODOO_GATEWAY__AUTH__THROTTLE__PER_ADDRESS__BURST", "100"),
    ];
    let gateway = Gateway::start_with_odoo(&patient).await;
    let mut new_key = new_key(version, "shop");
    (new_key.terms.may_mint_for_others, new_key.terms.needs_login_token) = (true, needs_login_token);
    let (_, key) = gateway.administration().await.create_key(new_key).await.unwrap();
    let client = gateway.client().with_header("api-key", key.expose());
    (gateway, client, key.expose().to_owned())
}

fn claims(token: &str) -> Value {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap()).unwrap()
}

#[tokio::test]
async fn login_token_is_rejected_while_its_api_key_is_disabled() {
    for version in Version::each() {
        let (gateway, with_key, _) = fixture(version, true).await;
        with_key.get(PARTNERS, &[]).await.problem(401, "credential_missing");
        let minted = with_key.post(MINT, &json!({"expiration_days": 7})).await.ok();
        let token = minted["login_token"].as_str().unwrap();
        let members: Vec<&String> = minted.as_object().unwrap().keys().collect();
        assert_eq!(
            members,
            ["login_token", "message", "token_type", "expires_in_days", "expiration_date", "user_info"]
        );
        assert_eq!(minted["message"], "JWT Token generated successfully.");
        assert_eq!((&minted["token_type"], &minted["expires_in_days"]), (&json!("JWT"), &json!(7)));
        assert_eq!(minted["user_info"]["user_login"], "internal");
        let claims = claims(token);
        assert_eq!(claims["user_id"], minted["user_info"]["user_id"]);
        assert_eq!((&claims["username"], &claims["webservice_name"]), (&json!("internal"), &json!("shop")));
        assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 7 * 86_400);
        assert!(!claims.to_string().contains(testbed().api_key(version)));

        let alone = gateway.client();
        let clients = [
            with_key.with_header("token", token),
            with_key.with_header("Login_Token", token),
            alone.with_header("x-login-token", token),
            alone.with_header("Authorization", &format!("Bearer {token}")),
        ];
        for client in &clients {
            client.get(PARTNERS, &[]).await.ok();
        }
        // A key sent with the token must be its own key; the secret in the token is useless alone.
        let jti = claims["jti"].as_str().unwrap();
        let (_, other) = super::key(&gateway.administration().await, version, "other").await;
        for client in [
            alone.with_header("api-key", &other).with_header("token", token),
            alone.with_header("api-key", "x").with_header("token", token),
            alone.with_header("Authorization", &format!("Bearer {jti}")),
        ] {
            client.get(PARTNERS, &[]).await.problem(401, "credential_invalid");
        }
        let admin = gateway.administration().await;
        admin.set_key_enabled("shop", false).await.unwrap();
        changes_reach_gateways().await;
        assert_eq!(clients[3].get(PARTNERS, &[]).await.status, 401);
        admin.set_key_enabled("shop", true).await.unwrap();
        clients[3].get(PARTNERS, &[]).await.ok();
        let id = admin.list_tokens().await.unwrap().remove(0).id;
        admin.revoke_token(&id).await.unwrap();
        changes_reach_gateways().await;
        assert_eq!(clients[3].get(PARTNERS, &[]).await.status, 401, "revoked");
    }
}

#[tokio::test]
async fn key_issues_tokens_only_for_linked_users() {
    let version = Version::Odoo19;
    let (gateway, with_key, key) = fixture(version, false).await;
    let admin = gateway.administration().await;
    let boss = gateway.client().as_user("admin");
    let found =
        boss.get("/restapi/1.0/object/res.users/search", &[("domain", "[('login','=','salesman')]")]).await.ok();
    let salesman = found.as_object().unwrap().values().next().unwrap()[0].clone();
    let body = json!({"user_id": salesman});
    with_key.post(MINT, &body).await.api_problem(409, "not_linked");
    admin.link_user(&key, "salesman".to_owned(), "salesman".into()).await.unwrap();
    let minted = with_key.post("/api/res.partner/generate_token", &body).await.ok();
    assert_eq!(minted["user_info"]["user_login"], "salesman");
    let as_salesman = gateway.client().with_header("token", minted["login_token"].as_str().unwrap());
    let context = as_salesman.post(ME, &json!({})).await.ok();
    assert_eq!(context["return"]["uid"], salesman, "their access rights apply");
    admin.add_master_key().await.unwrap();
    admin.rewrap(|_, _| ()).await.unwrap();
    assert_eq!(admin.prune_master_keys().await.unwrap().len(), 1, "links are resealed, too");
    as_salesman.get(PARTNERS, &[]).await.ok();
    assert_eq!(admin.linked_users("shop").await.unwrap().len(), 2);
    admin.unlink_user("shop", "salesman").await.unwrap();
    changes_reach_gateways().await;
    assert_eq!(as_salesman.get(PARTNERS, &[]).await.status, 401);
    with_key.post(MINT, &body).await.api_problem(409, "not_linked");
    admin.unlink_user("shop", "internal").await.unwrap_err();
    with_key.post(MINT, &json!({})).await.ok();
    let (_, plain) = super::key(&admin, version, "plain").await;
    gateway.client().with_header("api-key", &plain).post(MINT, &body).await.api_problem(403, "mint_forbidden");
}

#[tokio::test]
async fn rotated_key_keeps_its_users_and_the_secret_before_for_a_while() {
    let version = Version::Odoo19;
    let (gateway, with_key, key) = fixture(version, false).await;
    let admin = gateway.administration().await;
    let link = admin.link_user(&key, "salesman".to_owned(), "salesman".into()).await.unwrap();
    let for_salesman = json!({"user_id": link.grant.uid});
    let minted = with_key.post(MINT, &for_salesman).await.ok();
    let before = gateway.client().with_header("token", minted["login_token"].as_str().unwrap());
    let hour = time::Duration::hours(1);

    let (_, other) = super::key(&admin, version, "other").await;
    for wrong in [other.as_str(), "no key and no password"] {
        admin.rotate_key("shop", &wrong.into(), time::Duration::ZERO).await.unwrap_err();
    }
    let rotated = admin.rotate_key("shop", &key.as_str().into(), hour).await.unwrap();
    assert_eq!((rotated.unlinked, rotated.previous_until.is_some()), (0, true));
    let previous_end = async || admin.previous_secret_end(&rotated.row).await.unwrap();
    assert_eq!(previous_end().await, rotated.previous_until.map(|until| until.unix_timestamp()));
    changes_reach_gateways().await;
    let with_second = gateway.client().with_header("api-key", rotated.secret.expose());
    for client in [&with_key, &with_second] {
        client.get(PARTNERS, &[]).await.ok();
        let minted = client.post(MINT, &for_salesman).await.ok();
        let token = minted["login_token"].as_str().unwrap();
        // With both secrets, because programs send the key along.
        for client in [gateway.client(), with_key.clone(), with_second.clone()] {
            client.with_header("token", token).get(PARTNERS, &[]).await.ok();
        }
    }
    admin.rotate_key("shop", &key.as_str().into(), hour).await.expect_err("it is not the current secret any more");
    assert_eq!(admin.list_keys().await.unwrap().len(), 2, "shop, other");

    // The user's own credential does not open those of linked users.
    let credential = testbed().api_key(version);
    admin.rotate_key("shop", &credential.into(), hour).await.unwrap_err();
    let third = admin.rotate_key("shop", &credential.into(), time::Duration::ZERO).await.unwrap();
    assert_eq!((third.unlinked, third.previous_until), (1, None));
    assert_eq!(previous_end().await, None);
    changes_reach_gateways().await;
    for ended in [&with_key, &with_second] {
        ended.get(PARTNERS, &[]).await.problem(401, "credential_invalid");
    }
    let with_third = gateway.client().with_header("api-key", third.secret.expose());
    with_third.get(PARTNERS, &[]).await.ok();
    with_third.post(MINT, &for_salesman).await.api_problem(409, "not_linked");
    before.get(PARTNERS, &[]).await.ok();
    with_third.post(MINT, &json!({})).await.ok();
}

#[tokio::test]
async fn links_and_changes_of_a_key_at_the_same_time_do_not_break_each_other() {
    let (gateway, _, key) = fixture(Version::Odoo19, false).await;
    let admin = gateway.administration().await;
    let event = AuditEvent::new(admin.clock.now(), "test", "test", "shop", "");
    let before = admin.find_key("shop").await.unwrap();
    let link = admin.link_user(&key, "salesman".to_owned(), "salesman".into()).await.unwrap();
    let rotation = KeyRotation { before: (&before, 1), after: &before, links: &[], previous: &[] };
    assert!(!admin.store.rotate_key(&rotation, &event).await.unwrap(), "it does not know the link");
    assert!(!admin.store.update_key((&before, 1), &before, &[], &event).await.unwrap());
    admin.rotate_key("shop", &key.as_str().into(), time::Duration::ZERO).await.unwrap();
    assert!(!admin.store.add_link(&before, &link, &event).await.unwrap(), "it is sealed for the secret before");
    assert_eq!(admin.linked_users("shop").await.unwrap().len(), 2);
}

#[tokio::test]
async fn key_that_was_altered_in_the_store_is_not_sealed_again() {
    let (gateway, _, _) = fixture(Version::Odoo19, false).await;
    let admin = gateway.administration().await;
    let url = format!("sqlite:{}", gateway.folder().join("gateway.db").display());
    let mut connection = AnyConnection::connect(&url).await.unwrap();
    sqlx::query("UPDATE tokens SET scope = '\"all\" '").execute(&mut connection).await.unwrap();
    let credential = testbed().api_key(Version::Odoo19);
    let error = admin.rotate_key("shop", &credential.into(), time::Duration::ZERO).await.unwrap_err();
    assert!(error.to_string().contains("was altered in the store"), "{error}");
}

#[tokio::test]
async fn changed_scope_applies_to_the_key_and_its_login_tokens() {
    let (gateway, with_key, _) = fixture(Version::Odoo19, false).await;
    let minted = with_key.post(MINT, &json!({})).await.ok();
    let with_token = gateway.client().with_header("token", minted["login_token"].as_str().unwrap());
    let admin = gateway.administration().await;
    let scope = |models: &str| KeyUpdate {
        scope: Some(format!(r#"[{{"models": "{models}", "operations": ["read"]}}]"#)),
        ..KeyUpdate::default()
    };
    for (models, is_allowed) in [("res.country", false), ("res.partner", true)] {
        admin.update_key("shop", scope(models)).await.unwrap();
        changes_reach_gateways().await;
        for client in [&with_key, &with_token] {
            let response = client.get(PARTNERS, &[]).await;
            assert_eq!(response.status == 200, is_allowed, "{models}: {}", response.text);
        }
    }
    admin.update_key("shop", scope("res.partner")).await.expect_err("it changes nothing");
    admin.update_key("shop", scope("no model!")).await.unwrap_err();
    let too_long = KeyUpdate { login_token_days: Some(Some(3651)), ..KeyUpdate::default() };
    admin.update_key("shop", too_long).await.unwrap_err();
    let short = KeyUpdate { login_token_days: Some(Some(2)), ..KeyUpdate::default() };
    admin.update_key("shop", short).await.unwrap();
    changes_reach_gateways().await;
    with_token.get(PARTNERS, &[]).await.ok();
    with_key.post(MINT, &json!({"expiration_days": 3})).await.api_problem(400, "invalid_parameter");
}

#[tokio::test]
async fn only_api_keys_issue_login_tokens() {
    let (gateway, with_key, _) = fixture(Version::Odoo19, false).await;
    let minted = with_key.post(MINT, &json!({})).await.ok();
    let token = minted["login_token"].as_str().unwrap();
    gateway.client().post(MINT, &json!({})).await.api_problem(401, "credential_missing");
    for client in [gateway.client().as_user("admin"), gateway.client().with_header("token", token)] {
        client.post(MINT, &json!({})).await.api_problem(401, "credential_invalid");
    }
    with_key.post(MINT, &json!({"user_id": "2"})).await.api_problem(400, "invalid_parameter");
    with_key.post(MINT, &json!({"expiration_days": 3651})).await.api_problem(400, "invalid_parameter");
    with_key.post("/api/Res.Partner/generate_token", &json!({})).await.api_problem(404, "unknown_model");
    with_key.get(MINT, &[("api_key", "x")]).await.api_problem(405, "method_not_allowed");
    // Changes one character of each part.
    let parts: Vec<&str> = token.split('.').collect();
    for changed in 0..3 {
        let forged: Vec<String> = (0..3)
            .map(|at| {
                let flipped = if parts[at].starts_with('e') { "f" } else { "e" };
                if at == changed { format!("{flipped}{}", &parts[at][1..]) } else { parts[at].to_owned() }
            })
            .collect();
        let client = gateway.client().with_header("token", &forged.join("."));
        assert_eq!(client.get(PARTNERS, &[]).await.status, 401);
    }
}
