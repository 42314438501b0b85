//! Access tokens in use: opaque and JWT, revoked and introspected (O2-40..O2-45, J-01..J-09).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::{Fixture, INTROSPECT, REVOKE, TOKEN, member, oauth_error};

fn part(token: &str, at: usize) -> Value {
    let part = token.split('.').nth(at).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

#[tokio::test]
async fn jwt_gives_the_same_access_as_an_opaque_token_and_its_key_is_published() {
    for fixture in Fixture::on_both_stores().await {
        let (application, secret) = fixture.application("robot", |_| {}).await;
        let known = [("client_id", application.client_id()), ("client_secret", secret.as_str())];
        let jwks = "/restapi/1.0/common/oauth2/jwks";
        assert_eq!(fixture.gateway.client().get(jwks, &[]).await.ok(), json!({"keys": []}));
        let form = [("grant_type", "client_credentials"), ("token_format", "jwt"), ("scope", "read")];
        let issued = fixture.post(TOKEN, &[known.as_slice(), &form].concat()).await.ok();
        let jwt = member(&issued, "access_token");
        let (header, claims) = (part(&jwt, 0), part(&jwt, 1));
        let issuer = format!("http://{}", fixture.gateway.address());
        assert_eq!((&header["alg"], &header["typ"]), (&json!("EdDSA"), &json!("at+jwt")));
        assert_eq!(
            (&claims["iss"], &claims["aud"], &claims["sub"]),
            (&json!(issuer), &json!(issuer), &json!("stub/2"))
        );
        assert_eq!((&claims["client_id"], &claims["scope"]), (&json!(application.client_id()), &json!("read")));
        let keys = fixture.gateway.client().get(jwks, &[]).await.ok();
        assert_eq!(keys["keys"][0]["kid"], header["kid"]);
        let names: Vec<&String> = keys["keys"][0].as_object().unwrap().keys().collect();
        assert_eq!(names, ["kty", "crv", "use", "alg", "kid", "x"], "nothing private");
        fixture.call_api(&jwt).await.ok();
        for header in ["token", "login-token", "access-token", "api-key"] {
            let client = fixture.gateway.client().with_header(header, &jwt);
            client.get(super::PARTNERS, &[]).await.problem(401, "credential_invalid");
        }
        let flipped = format!("{}x", jwt.strip_suffix(|_: char| true).unwrap());
        fixture.call_api(&flipped).await.problem(401, "credential_invalid");
        let form = [known.as_slice(), &[("token", jwt.as_str())]].concat();
        let introspection = fixture.post(INTROSPECT, &form).await.ok();
        assert_eq!(
            (&introspection["active"], &introspection["scope"], &introspection["sub"]),
            (&json!(true), &json!("read"), &json!("stub/2"))
        );
        assert_eq!(fixture.post(REVOKE, &form).await.status, 200);
        fixture.call_api(&jwt).await.problem(401, "credential_invalid");
        assert_eq!(fixture.post(INTROSPECT, &form).await.ok(), json!({"active": false}));
    }
}

#[tokio::test]
async fn application_introspects_and_revokes_only_its_own_tokens() {
    for fixture in Fixture::on_both_stores().await {
        let (application, secret) = fixture.application("shop", |_| {}).await;
        let (other, other_secret) = fixture.application("other", |_| {}).await;
        let mine = [("client_id", application.client_id()), ("client_secret", secret.as_str())];
        let theirs = [("client_id", other.client_id()), ("client_secret", other_secret.as_str())];
        let code = fixture.code(&application, "", None).await;
        let issued = fixture.redeem(&application, &secret, &code).await.ok();
        let (access, refresh) = (member(&issued, "access_token"), member(&issued, "refresh_token"));
        let introspection = fixture.post(INTROSPECT, &[mine.as_slice(), &[("token", &access)]].concat()).await.ok();
        assert_eq!((&introspection["username"], &introspection["token_type"]), (&json!("admin"), &json!("bearer")));
        for token in [access.as_str(), &refresh, "ogw_at_nonsense", "x.y.z"] {
            let form = [theirs.as_slice(), &[("token", token)]].concat();
            assert_eq!(fixture.post(INTROSPECT, &form).await.ok(), json!({"active": false}));
            assert_eq!(fixture.post(REVOKE, &form).await.status, 200);
        }
        oauth_error(&fixture.post(INTROSPECT, &theirs).await, 400, "invalid_request");
        fixture.call_api(&access).await.ok();
        oauth_error(&fixture.post(INTROSPECT, &[("token", &access)]).await, 401, "invalid_client");
        assert_eq!(fixture.post(REVOKE, &[mine.as_slice(), &[("token", &refresh)]].concat()).await.status, 200);
        fixture.call_api(&access).await.problem(401, "credential_invalid");
        oauth_error(&fixture.refresh(&application, &secret, &refresh).await, 400, "invalid_grant");
    }
}

#[tokio::test]
async fn bearer_errors_follow_rfc_6750() {
    let fixture = Fixture::with(&[]).await;
    let missing = fixture.gateway.client().get(super::PARTNERS, &[]).await;
    let challenges = |response: &crate::support::Response| {
        let all = response.headers.get_all("www-authenticate").iter();
        all.map(|value| value.to_str().unwrap().to_owned()).collect::<Vec<_>>().join(", ")
    };
    assert!(!challenges(&missing).contains("error"), "{}", challenges(&missing));
    let wrong = fixture.call_api("ogw_at_nonsense").await;
    wrong.problem(401, "credential_invalid");
    assert!(challenges(&wrong).contains(r#"Bearer realm="odoo-gateway", error="invalid_token""#));
    let in_query = fixture.gateway.client().get(super::PARTNERS, &[("access_token", "ogw_at_x")]).await;
    in_query.problem(401, "credential_missing");
    let (application, secret) = fixture.application("shop", |_| {}).await;
    let code = fixture.code(&application, "", None).await;
    for inner in [secret.as_str(), &code] {
        fixture.call_api(inner).await.problem(401, "credential_invalid");
    }
}

#[tokio::test]
async fn jwt_is_valid_at_all_gateways_with_the_same_issuer_and_store() {
    let fixture = Fixture::with(&[("ODOO_GATEWAY__SERVER__PUBLIC_URL", "https://api.example.com")]).await;
    let (application, secret) = fixture.application("robot", |_| {}).await;
    let form = [
        ("grant_type", "client_credentials"),
        ("token_format", "jwt"),
        ("client_id", application.client_id()),
        ("client_secret", &secret),
    ];
    let jwt = member(&fixture.post(TOKEN, &form).await.ok(), "access_token");
    assert_eq!(part(&jwt, 1)["iss"], "https://api.example.com");
    let replica = fixture.gateway.replica().await;
    let there = crate::support::Client::new(format!("http://{}", replica.api));
    there.with_header("authorization", &format!("Bearer {jwt}")).get(super::PARTNERS, &[]).await.ok();
    fixture.admin.delete_application("robot").await.unwrap();
    crate::support::changes_reach_gateways().await;
    let dead = there.with_header("authorization", &format!("Bearer {jwt}")).get(super::PARTNERS, &[]).await;
    dead.problem(401, "credential_invalid");
    replica.stop().await;
}

#[tokio::test]
async fn signing_key_rotation_keeps_active_tokens_valid() {
    for fixture in Fixture::on_both_stores().await {
        let (application, secret) = fixture.application("robot", |_| {}).await;
        let form = [
            ("grant_type", "client_credentials"),
            ("token_format", "jwt"),
            ("client_id", application.client_id()),
            ("client_secret", &secret),
        ];
        let jwt = async || member(&fixture.post(TOKEN, &form).await.ok(), "access_token");
        let kids = async || {
            let keys = fixture.gateway.client().get("/restapi/1.0/common/oauth2/jwks", &[]).await.ok();
            let keys = keys["keys"].as_array().unwrap().clone();
            keys.iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        let before = jwt().await;
        fixture.admin.rotate_installation_key(odoo_gateway::admin::InstallationKeyKind::Access).await.unwrap();
        let after = jwt().await;
        assert_ne!(part(&before, 0)["kid"], part(&after, 0)["kid"]);
        assert_eq!(json!(kids().await), json!([part(&after, 0)["kid"], part(&before, 0)["kid"]]));
        for token in [&before, &after] {
            fixture.call_api(token).await.ok();
        }
        assert!(
            fixture.admin.prune_installation_keys().await.unwrap().signing_key_in_use,
            "tokens of the old key are active"
        );
    }
}
