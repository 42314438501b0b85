//! Login tokens: made with an API key, for its user and for others, and how they end.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::wanted;
use crate::support::{Client, Gateway, Version, stand};

const MINT: &str = "/api/generate_token";
const PARTNERS: &str = "/restapi/1.0/object/res.partner/search_count";
const ME: &str = "/restapi/1.0/object/res.users/context_get";

/// A gateway with an API key of `internal` that may mint for others, and a client that shows it.
async fn scene(version: Version, needs_login_token: bool) -> (Gateway, Client, String) {
    let patient = [
        ("ODOO_GATEWAY__AUTH__FAILURE_FLOOR", "1ms"),
        ("ODOO_GATEWAY__AUTH__THROTTLE__PER_ADDRESS_AND_LOGIN__BURST", "100"),
        ("ODOO_GATEWAY__AUTH__THROTTLE__PER_ADDRESS__BURST", "100"),
    ];
    let gateway = Gateway::before_odoo(&patient).await;
    let mut wanted = wanted(version, "shop");
    (wanted.terms.may_mint_for_others, wanted.terms.needs_login_token) = (true, needs_login_token);
    let (_, key) = gateway.administration().await.create_key(wanted).await.unwrap();
    let client = gateway.client().with_header("api-key", key.expose());
    (gateway, client, key.expose().to_owned())
}

fn claims(token: &str) -> Value {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap()).unwrap()
}

#[tokio::test]
async fn a_login_token_lives_and_dies_with_its_key() {
    for version in Version::BOTH {
        let (gateway, with_key, _) = scene(version, true).await;
        with_key.get(PARTNERS, &[]).await.refused(401, "credential_missing");
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
        let said = claims(token);
        assert_eq!(said["user_id"], minted["user_info"]["user_id"]);
        assert_eq!((&said["username"], &said["webservice_name"]), (&json!("internal"), &json!("shop")));
        assert_eq!(said["exp"].as_i64().unwrap() - said["iat"].as_i64().unwrap(), 7 * 86_400);
        assert!(!said.to_string().contains(stand().api_key(version)));

        let alone = gateway.client();
        let ways = [
            with_key.with_header("token", token),
            with_key.with_header("Login_Token", token),
            alone.with_header("x-login-token", token),
            alone.with_header("Authorization", &format!("Bearer {token}")),
        ];
        for client in &ways {
            client.get(PARTNERS, &[]).await.ok();
        }
        // What is shown beside it has to be its own key; the secret inside is nothing by itself.
        let jti = said["jti"].as_str().unwrap();
        let (_, other) = super::key(&gateway.administration().await, version, "other").await;
        for client in [
            alone.with_header("api-key", &other).with_header("token", token),
            alone.with_header("api-key", "x").with_header("token", token),
            alone.with_header("Authorization", &format!("Bearer {jti}")),
        ] {
            client.get(PARTNERS, &[]).await.refused(401, "credential_invalid");
        }
        let admin = gateway.administration().await;
        admin.switch_key("shop", false).await.unwrap();
        assert_eq!(ways[3].get(PARTNERS, &[]).await.status, 401);
        admin.switch_key("shop", true).await.unwrap();
        ways[3].get(PARTNERS, &[]).await.ok();
        let id = admin.tokens().await.unwrap().remove(0).id;
        admin.revoke_token(&id).await.unwrap();
        assert_eq!(ways[3].get(PARTNERS, &[]).await.status, 401, "revoked at once");
    }
}

#[tokio::test]
async fn a_key_mints_for_others_only_when_they_have_linked_themselves() {
    let version = Version::Odoo19;
    let (gateway, with_key, key) = scene(version, false).await;
    let admin = gateway.administration().await;
    let boss = gateway.client().as_user("admin");
    let found =
        boss.get("/restapi/1.0/object/res.users/search", &[("domain", "[('login','=','salesman')]")]).await.ok();
    let salesman = found.as_object().unwrap().values().next().unwrap()[0].clone();
    let wish = json!({"user_id": salesman});
    with_key.post(MINT, &wish).await.refused_by_api(409, "not_linked");
    admin.link_user(&key, "salesman".to_owned(), "salesman".into()).await.unwrap();
    let minted = with_key.post("/api/res.partner/generate_token", &wish).await.ok();
    assert_eq!(minted["user_info"]["user_login"], "salesman");
    let as_salesman = gateway.client().with_header("token", minted["login_token"].as_str().unwrap());
    let context = as_salesman.post(ME, &json!({})).await.ok();
    assert_eq!(context["return"]["uid"], salesman, "his rights apply");
    admin.add_master_key().await.unwrap();
    admin.rewrap().await.unwrap();
    assert_eq!(admin.prune_master_keys().await.unwrap().len(), 1, "links are sealed anew too");
    as_salesman.get(PARTNERS, &[]).await.ok();
    assert_eq!(admin.linked_users("shop").await.unwrap().len(), 2);
    admin.unlink_user("shop", "salesman").await.unwrap();
    assert_eq!(as_salesman.get(PARTNERS, &[]).await.status, 401);
    with_key.post(MINT, &wish).await.refused_by_api(409, "not_linked");
    admin.unlink_user("shop", "internal").await.unwrap_err();
    with_key.post(MINT, &json!({})).await.ok();
    let (_, plain) = super::key(&admin, version, "plain").await;
    gateway.client().with_header("api-key", &plain).post(MINT, &wish).await.refused_by_api(403, "mint_forbidden");
}

#[tokio::test]
async fn nothing_but_an_api_key_makes_login_tokens() {
    let (gateway, with_key, _) = scene(Version::Odoo19, false).await;
    let minted = with_key.post(MINT, &json!({})).await.ok();
    let token = minted["login_token"].as_str().unwrap();
    gateway.client().post(MINT, &json!({})).await.refused_by_api(401, "credential_missing");
    for client in [gateway.client().as_user("admin"), gateway.client().with_header("token", token)] {
        client.post(MINT, &json!({})).await.refused_by_api(401, "credential_invalid");
    }
    with_key.post(MINT, &json!({"user_id": "2"})).await.refused_by_api(400, "invalid_parameter");
    with_key.post(MINT, &json!({"expiration_days": 3651})).await.refused_by_api(400, "invalid_parameter");
    with_key.post("/api/Res.Partner/generate_token", &json!({})).await.refused_by_api(404, "unknown_model");
    with_key.get(MINT, &[("api_key", "x")]).await.refused_by_api(405, "method_not_allowed");
    // One character of each part is changed.
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
