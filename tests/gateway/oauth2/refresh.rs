//! Refresh tokens: rotated, never reused, shrinking (O2-26); client credentials (O2-28).

use odoo_gateway::admin::GrantType;
use odoo_gateway::secret::TokenKind;

use super::{INTROSPECT, Scene, TOKEN, member, refused};

#[tokio::test]
async fn a_refresh_token_is_spent_and_reuse_ends_the_family() {
    for scene in Scene::both().await {
        let (application, secret) = scene.application("shop", |_| {}).await;
        let code = scene.code(&application, "", None).await;
        let first = scene.redeem(&application, &secret, &code).await.ok();
        let second = scene.refresh(&application, &secret, &member(&first, "refresh_token")).await.ok();
        assert_ne!(first["refresh_token"], second["refresh_token"]);
        let third = scene.refresh(&application, &secret, &member(&second, "refresh_token")).await.ok();
        for given in [&first, &second, &third] {
            scene.call(&member(given, "access_token")).await.ok();
        }
        refused(&scene.refresh(&application, &secret, &member(&first, "refresh_token")).await, 400, "invalid_grant");
        for given in [&first, &second, &third] {
            scene.call(&member(given, "access_token")).await.refused(401, "credential_invalid");
            let refresh = member(given, "refresh_token");
            refused(&scene.refresh(&application, &secret, &refresh).await, 400, "invalid_grant");
        }
    }
}

#[tokio::test]
async fn the_scope_shrinks_and_never_grows() {
    let scene = Scene::with(&[]).await;
    let (application, secret) = scene
        .application("shop", |wanted| {
            wanted.scope = r#"[{"models": "res.partner", "operations": ["read", "update"]}]"#.to_owned();
        })
        .await;
    assert!(application.narrowed(Some("delete")).is_err() && application.narrowed(Some("openid")).is_err());
    let code = scene.code(&application, "read update", None).await;
    let given = scene.redeem(&application, &secret, &code).await.ok();
    assert_eq!(given["scope"], "read update");
    let ask = async |token: &str, scope: &str| {
        let form = [
            ("grant_type", "refresh_token"),
            ("client_id", application.client_id()),
            ("client_secret", &secret),
            ("refresh_token", token),
            ("scope", scope),
        ];
        scene.post(TOKEN, &form).await
    };
    let refresh = member(&given, "refresh_token");
    for more in ["all", "delete", "read delete", "nonsense"] {
        refused(&ask(&refresh, more).await, 400, "invalid_scope");
    }
    let narrower = ask(&refresh, "update").await.ok();
    assert_eq!(narrower["scope"], "update");
    let denied = scene.call(&member(&narrower, "access_token")).await;
    denied.refused(403, "scope_forbidden");
    assert!(denied.header("www-authenticate").contains(r#"error="insufficient_scope""#));
    let whole = ask(&member(&narrower, "refresh_token"), "").await.ok();
    assert_eq!(whole["scope"], "read update", "what was approved stays approved");
    scene.call(&member(&whole, "access_token")).await.ok();
}

#[tokio::test]
async fn client_credentials_act_as_the_bound_user_and_give_no_refresh_token() {
    for scene in Scene::both().await {
        let (application, secret) = scene.application("robot", |_| {}).await;
        let (unbound, other) = scene
            .application("unbound", |wanted| {
                wanted.bound = None;
                wanted.settings.grants = [GrantType::AuthorizationCode].into();
            })
            .await;
        let ask = async |id: &str, secret: &str, scope: &str| {
            let form =
                [("grant_type", "client_credentials"), ("client_id", id), ("client_secret", secret), ("scope", scope)];
            scene.post(TOKEN, &form).await
        };
        let given = ask(application.client_id(), &secret, "read:res.partner").await.ok();
        assert!(given.get("refresh_token").is_none());
        assert_eq!(given["scope"], "read:res.partner");
        scene.call(&member(&given, "access_token")).await.ok();
        refused(&ask(unbound.client_id(), &other, "").await, 400, "unauthorized_client");
        refused(&ask(application.client_id(), &secret, "profile").await, 400, "invalid_scope");
        scene.admin.switch_application("robot", false).await.unwrap();
        scene.call(&member(&given, "access_token")).await.refused(401, "credential_invalid");
        refused(&ask(application.client_id(), &secret, "").await, 401, "invalid_client");
        scene.admin.switch_application("robot", true).await.unwrap();
        scene.call(&member(&given, "access_token")).await.ok();
        scene.admin.delete_application("robot").await.unwrap();
        scene.call(&member(&given, "access_token")).await.refused(401, "credential_invalid");
    }
}

const GRACE: (&str, &str) = ("ODOO_GATEWAY__OAUTH__REFRESH_GRACE", "60s");

#[tokio::test]
async fn in_its_grace_a_refresh_token_gets_one_more_pair_as_long_as_the_first_is_not_used() {
    for scene in Scene::both_with(&[GRACE]).await {
        let (application, secret) = scene.application("shop", |_| {}).await;
        let (other, other_secret) = scene.application("other", |_| {}).await;
        let code = scene.code(&application, "", None).await;
        let first = scene.redeem(&application, &secret, &code).await.ok();
        let refresh = member(&first, "refresh_token");
        let lost = scene.refresh(&application, &secret, &refresh).await.ok();
        // It opens nothing but that, and for its own application only.
        scene.call(&refresh).await.refused(401, "credential_invalid");
        let asked = [("client_id", application.client_id()), ("client_secret", secret.as_str()), ("token", &refresh)];
        assert_eq!(scene.post(INTROSPECT, &asked).await.ok(), serde_json::json!({"active": false}));
        refused(&scene.refresh(&other, &other_secret, &refresh).await, 400, "invalid_grant");
        let again = scene.refresh(&application, &secret, &refresh).await.ok();
        assert_ne!(again["refresh_token"], lost["refresh_token"]);
        // Of the two pairs one lives, and whoever has the other one ends nothing.
        scene.call(&member(&lost, "access_token")).await.refused(401, "credential_invalid");
        let dead = scene.refresh(&application, &secret, &member(&lost, "refresh_token")).await;
        refused(&dead, 400, "invalid_grant");
        let next = scene.refresh(&application, &secret, &member(&again, "refresh_token")).await.ok();
        scene.call(&member(&next, "access_token")).await.ok();
        // Now what came of it was used.
        refused(&scene.refresh(&application, &secret, &refresh).await, 400, "invalid_grant");
        scene.call(&member(&next, "access_token")).await.refused(401, "credential_invalid");
    }
}

#[tokio::test]
async fn a_used_access_token_ends_the_grace_and_a_code_has_none() {
    for scene in Scene::both_with(&[GRACE]).await {
        let (application, secret) = scene.application("shop", |_| {}).await;
        let code = scene.code(&application, "", None).await;
        let first = scene.redeem(&application, &secret, &code).await.ok();
        let second = scene.refresh(&application, &secret, &member(&first, "refresh_token")).await.ok();
        let access = member(&second, "access_token");
        scene.call(&access).await.ok();
        // The use is written down behind the answer's back.
        let written = async {
            let access = || scene.admin.store.tokens(TokenKind::OAuthAccess, scene.admin.clock.now());
            while !access().await.unwrap().iter().any(|token| token.last_used_at.is_some()) {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(20), written).await.expect("it is written down");
        refused(&scene.refresh(&application, &secret, &member(&first, "refresh_token")).await, 400, "invalid_grant");
        scene.call(&access).await.refused(401, "credential_invalid");
        let code = scene.code(&application, "", None).await;
        let given = scene.redeem(&application, &secret, &code).await.ok();
        refused(&scene.redeem(&application, &secret, &code).await, 400, "invalid_grant");
        scene.call(&member(&given, "access_token")).await.refused(401, "credential_invalid");
    }
}

#[tokio::test]
async fn of_twenty_refreshes_at_once_in_their_grace_one_pair_lives() {
    for scene in Scene::both_with(&[GRACE]).await {
        let (application, secret) = scene.application("shop", |_| {}).await;
        let code = scene.code(&application, "", None).await;
        let first = scene.redeem(&application, &secret, &code).await.ok();
        let refresh = member(&first, "refresh_token");
        let answers =
            futures_util::future::join_all((0..20).map(|_| scene.refresh(&application, &secret, &refresh))).await;
        let mut alive = 0;
        for answer in &answers {
            assert_eq!(answer.status, 200, "{}", answer.text);
            let asked = [("client_id", application.client_id()), ("client_secret", secret.as_str())];
            let token = member(&answer.json(), "refresh_token");
            let described = scene.post(INTROSPECT, &[&asked[..], &[("token", token.as_str())]].concat()).await.ok();
            alive += usize::from(described["active"] == true);
        }
        assert_eq!(alive, 1);
    }
}
