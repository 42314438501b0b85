//! Consents: an administrator lists them and withdraws one.

use odoo_gateway::auth::CodeRequest;
use odoo_gateway::plan::Scope;
use odoo_gateway::secret::TokenKind;

use super::{CALLBACK, Fixture, member, oauth_error};
use crate::support::changes_reach_gateways;

fn request() -> CodeRequest {
    CodeRequest { redirect_uri: Some(CALLBACK.to_owned()), scope: Scope::All, challenge: None }
}

#[tokio::test]
async fn withdrawn_consent_ends_what_the_application_has_for_this_user() {
    for fixture in Fixture::on_both_stores().await {
        let (shop, secret) = fixture.application("shop", |_| {}).await;
        let (other, other_secret) = fixture.application("other", |_| {}).await;
        let owner = fixture.resource_owner().await;
        for application in [&shop, &other] {
            fixture.tokens.oauth2.store_consent(application, &owner, &request()).await.unwrap();
        }
        let code = fixture.code(&shop, "", None).await;
        let issued = fixture.redeem(&shop, &secret, &code).await.ok();
        let unused_code = fixture.code(&shop, "", None).await;
        let code = fixture.code(&other, "", None).await;
        let of_other = fixture.redeem(&other, &other_secret, &code).await.ok();
        fixture.call_api(&member(&issued, "access_token")).await.ok();

        let listed = fixture.admin.list_consents(None).await.unwrap();
        let summary: Vec<_> =
            listed.iter().map(|found| (found.name.as_str(), found.user(), found.tokens.len())).collect();
        assert_eq!(summary, [("other", "admin".to_owned(), 2), ("shop", "admin".to_owned(), 3)]);
        assert!(listed[1].tokens.iter().any(|token| token.kind == TokenKind::OAuthCode));
        for (application, user) in [("shop", "nobody"), ("shop", "7"), ("nothing", "admin")] {
            let error = fixture.admin.revoke_consent(application, user).await.unwrap_err();
            assert!(error.to_string().ends_with("does not exist"), "{error}");
        }

        fixture.admin.revoke_consent(shop.client_id(), "admin").await.unwrap();
        changes_reach_gateways().await;
        fixture.call_api(&member(&issued, "access_token")).await.problem(401, "credential_invalid");
        let refreshed = fixture.refresh(&shop, &secret, &member(&issued, "refresh_token")).await;
        oauth_error(&refreshed, 400, "invalid_grant");
        oauth_error(&fixture.redeem(&shop, &secret, &unused_code).await, 400, "invalid_grant");
        assert!(!fixture.tokens.oauth2.has_consent(&shop, &owner, &request()).await.unwrap());
        assert!(fixture.tokens.oauth2.has_consent(&other, &owner, &request()).await.unwrap());
        fixture.call_api(&member(&of_other, "access_token")).await.ok();
        let events = fixture.admin.store.audit_events(1000).await.unwrap();
        let event = events.iter().find(|event| event.action == "consent.revoke").unwrap();
        assert!(event.subject == shop.row.id && event.detail.starts_with("shop for admin of "), "{event:?}");

        // By the id of the user, as the list shows it.
        fixture.admin.revoke_consent("other", "2").await.unwrap();
        assert!(fixture.admin.list_consents(None).await.unwrap().is_empty());
    }
}
