//! Refresh tokens: rotation, reuse detection, scope reduction (O2-26); client credentials (O2-28).

use odoo_gateway::admin::GrantType;
use odoo_gateway::secret::TokenKind;

use super::{Fixture, INTROSPECT, TOKEN, member, oauth_error};
use crate::support::changes_reach_gateways;

#[tokio::test]
async fn refresh_token_is_single_use_and_reuse_revokes_the_grant() {
    for fixture in Fixture::on_both_stores().await {
        let (application, secret) = fixture.application("shop", |_| {}).await;
        let code = fixture.code(&application, "", None).await;
        let first = fixture.redeem(&application, &secret, &code).await.ok();
        let second = fixture.refresh(&application, &secret, &member(&first, "refresh_token")).await.ok();
        assert_ne!(first["refresh_token"], second["refresh_token"]);
        let third = fixture.refresh(&application, &secret, &member(&second, "refresh_token")).await.ok();
        for issued in [&first, &second, &third] {
            fixture.call_api(&member(issued, "access_token")).await.ok();
        }
        oauth_error(
            &fixture.refresh(&application, &secret, &member(&first, "refresh_token")).await,
            400,
            "invalid_grant",
        );
        for issued in [&first, &second, &third] {
            fixture.call_api(&member(issued, "access_token")).await.problem(401, "credential_invalid");
            let refresh = member(issued, "refresh_token");
            oauth_error(&fixture.refresh(&application, &secret, &refresh).await, 400, "invalid_grant");
        }
    }
}

#[tokio::test]
async fn scope_can_be_reduced_but_not_extended() {
    let fixture = Fixture::with(&[]).await;
    let (application, secret) = fixture
        .application("shop", |new_application| {
            new_application.scope = r#"[{"models": "res.partner", "operations": ["read", "update"]}]"#.to_owned();
        })
        .await;
    assert!(application.narrow_scope(Some("delete")).is_err() && application.narrow_scope(Some("openid")).is_err());
    let code = fixture.code(&application, "read update", None).await;
    let issued = fixture.redeem(&application, &secret, &code).await.ok();
    assert_eq!(issued["scope"], "read update");
    let request_token = async |token: &str, scope: &str| {
        let form = [
            ("grant_type", "refresh_token"),
            ("client_id", application.client_id()),
            ("client_secret", &secret),
            ("refresh_token", token),
            ("scope", scope),
        ];
        fixture.post(TOKEN, &form).await
    };
    let refresh = member(&issued, "refresh_token");
    for more in ["all", "delete", "read delete", "nonsense"] {
        oauth_error(&request_token(&refresh, more).await, 400, "invalid_scope");
    }
    let narrower = request_token(&refresh, "update").await.ok();
    assert_eq!(narrower["scope"], "update");
    let denied = fixture.call_api(&member(&narrower, "access_token")).await;
    denied.problem(403, "scope_forbidden");
    assert!(denied.header("www-authenticate").contains(r#"error="insufficient_scope""#));
    let full = request_token(&member(&narrower, "refresh_token"), "").await.ok();
    assert_eq!(full["scope"], "read update", "the approved scope is unchanged");
    fixture.call_api(&member(&full, "access_token")).await.ok();
}

#[tokio::test]
async fn client_credentials_act_as_the_bound_user_without_a_refresh_token() {
    for fixture in Fixture::on_both_stores().await {
        let (application, secret) = fixture.application("robot", |_| {}).await;
        let (unbound, other) = fixture
            .application("unbound", |new_application| {
                new_application.bound = None;
                new_application.settings.grants = [GrantType::AuthorizationCode].into();
            })
            .await;
        let request_token = async |id: &str, secret: &str, scope: &str| {
            let form =
                [("grant_type", "client_credentials"), ("client_id", id), ("client_secret", secret), ("scope", scope)];
            fixture.post(TOKEN, &form).await
        };
        let issued = request_token(application.client_id(), &secret, "read:res.partner").await.ok();
        assert!(issued.get("refresh_token").is_none());
        assert_eq!(issued["scope"], "read:res.partner");
        fixture.call_api(&member(&issued, "access_token")).await.ok();
        oauth_error(&request_token(unbound.client_id(), &other, "").await, 400, "unauthorized_client");
        oauth_error(&request_token(application.client_id(), &secret, "profile").await, 400, "invalid_scope");
        fixture.admin.set_application_enabled("robot", false).await.unwrap();
        changes_reach_gateways().await;
        fixture.call_api(&member(&issued, "access_token")).await.problem(401, "credential_invalid");
        oauth_error(&request_token(application.client_id(), &secret, "").await, 401, "invalid_client");
        fixture.admin.set_application_enabled("robot", true).await.unwrap();
        fixture.call_api(&member(&issued, "access_token")).await.ok();
        fixture.admin.delete_application("robot").await.unwrap();
        changes_reach_gateways().await;
        fixture.call_api(&member(&issued, "access_token")).await.problem(401, "credential_invalid");
    }
}

const GRACE: (&str, &str) = ("ODOO_GATEWAY__OAUTH__REFRESH_GRACE", "60s");

#[tokio::test]
async fn old_refresh_token_works_in_the_grace_period_until_the_new_pair_is_used() {
    for fixture in Fixture::on_both_stores_with(&[GRACE]).await {
        let (application, secret) = fixture.application("shop", |_| {}).await;
        let (other, other_secret) = fixture.application("other", |_| {}).await;
        let code = fixture.code(&application, "", None).await;
        let first = fixture.redeem(&application, &secret, &code).await.ok();
        let refresh = member(&first, "refresh_token");
        let lost = fixture.refresh(&application, &secret, &refresh).await.ok();
        // Within the grace period the old token only refreshes, and only for its own application.
        fixture.call_api(&refresh).await.problem(401, "credential_invalid");
        let params = [("client_id", application.client_id()), ("client_secret", secret.as_str()), ("token", &refresh)];
        assert_eq!(fixture.post(INTROSPECT, &params).await.ok(), serde_json::json!({"active": false}));
        oauth_error(&fixture.refresh(&other, &other_secret, &refresh).await, 400, "invalid_grant");
        let again = fixture.refresh(&application, &secret, &refresh).await.ok();
        assert_ne!(again["refresh_token"], lost["refresh_token"]);
        // Only one of the two pairs is active; using the other one does not revoke the grant.
        fixture.call_api(&member(&lost, "access_token")).await.problem(401, "credential_invalid");
        let dead = fixture.refresh(&application, &secret, &member(&lost, "refresh_token")).await;
        oauth_error(&dead, 400, "invalid_grant");
        let next = fixture.refresh(&application, &secret, &member(&again, "refresh_token")).await.ok();
        fixture.call_api(&member(&next, "access_token")).await.ok();
        // Now the new access token was used.
        oauth_error(&fixture.refresh(&application, &secret, &refresh).await, 400, "invalid_grant");
        fixture.call_api(&member(&next, "access_token")).await.problem(401, "credential_invalid");
    }
}

#[tokio::test]
async fn used_access_token_ends_the_grace_period_and_codes_have_none() {
    for fixture in Fixture::on_both_stores_with(&[GRACE]).await {
        let (application, secret) = fixture.application("shop", |_| {}).await;
        let code = fixture.code(&application, "", None).await;
        let first = fixture.redeem(&application, &secret, &code).await.ok();
        let second = fixture.refresh(&application, &secret, &member(&first, "refresh_token")).await.ok();
        let access = member(&second, "access_token");
        fixture.call_api(&access).await.ok();
        // The use is stored after the response was sent.
        let written = async {
            let access = || fixture.admin.store.tokens(TokenKind::OAuthAccess, fixture.admin.clock.now());
            while !access().await.unwrap().iter().any(|token| token.last_used_at.is_some()) {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(20), written).await.expect("the use is stored");
        oauth_error(
            &fixture.refresh(&application, &secret, &member(&first, "refresh_token")).await,
            400,
            "invalid_grant",
        );
        fixture.call_api(&access).await.problem(401, "credential_invalid");
        let code = fixture.code(&application, "", None).await;
        let issued = fixture.redeem(&application, &secret, &code).await.ok();
        oauth_error(&fixture.redeem(&application, &secret, &code).await, 400, "invalid_grant");
        fixture.call_api(&member(&issued, "access_token")).await.problem(401, "credential_invalid");
    }
}

#[tokio::test]
async fn concurrent_refreshes_in_the_grace_period_leave_one_active_pair() {
    for fixture in Fixture::on_both_stores_with(&[GRACE]).await {
        let (application, secret) = fixture.application("shop", |_| {}).await;
        let code = fixture.code(&application, "", None).await;
        let first = fixture.redeem(&application, &secret, &code).await.ok();
        let refresh = member(&first, "refresh_token");
        let responses =
            futures_util::future::join_all((0..20).map(|_| fixture.refresh(&application, &secret, &refresh))).await;
        let mut alive = 0;
        for response in &responses {
            assert_eq!(response.status, 200, "{}", response.text);
            let params = [("client_id", application.client_id()), ("client_secret", secret.as_str())];
            let token = member(&response.json(), "refresh_token");
            let described = fixture.post(INTROSPECT, &[&params[..], &[("token", token.as_str())]].concat()).await.ok();
            alive += usize::from(described["active"] == true);
        }
        assert_eq!(alive, 1);
    }
}
