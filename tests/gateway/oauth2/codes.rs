//! Authorization codes: single use, bound to every parameter of the request (O2-22..O2-25).

use serde_json::json;

use super::{CALLBACK, Fixture, TOKEN, member, oauth_error};

const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

#[tokio::test]
async fn code_is_exchanged_for_tokens_with_the_users_access() {
    for fixture in Fixture::on_both_stores().await {
        let (application, secret) = fixture.application("shop", |_| {}).await;
        let code = fixture.code(&application, "", None).await;
        let response = fixture.redeem(&application, &secret, &code).await;
        assert_eq!(response.header("pragma"), "no-cache");
        let issued = response.ok();
        assert_eq!(
            (&issued["token_type"], &issued["expires_in"], &issued["scope"]),
            (&json!("bearer"), &json!(3600), &json!("all"))
        );
        let names: Vec<&String> = issued.as_object().unwrap().keys().collect();
        assert_eq!(
            names,
            ["access_token", "token_type", "expires_in", "refresh_token", "scope", "access_token_validity"]
        );
        let validity = member(&issued, "access_token_validity");
        assert!(
            !validity.starts_with('0') && validity.contains("/20") && validity.ends_with(|c: char| c.is_ascii_digit())
        );
        assert!(member(&issued, "access_token").starts_with("ogw_at_"));
        fixture.call_api(&member(&issued, "access_token")).await.ok();
        fixture.call_api(&member(&issued, "refresh_token")).await.problem(401, "credential_invalid");
    }
}

#[tokio::test]
async fn reused_code_revokes_all_tokens_issued_for_it() {
    for fixture in Fixture::on_both_stores().await {
        let (application, secret) = fixture.application("shop", |_| {}).await;
        let (other, other_secret) = fixture.application("other", |_| {}).await;
        let code = fixture.code(&application, "", None).await;
        let issued = fixture.redeem(&application, &secret, &code).await.ok();
        let (access, refresh) = (member(&issued, "access_token"), member(&issued, "refresh_token"));
        oauth_error(&fixture.redeem(&other, &other_secret, &code).await, 400, "invalid_grant");
        fixture.call_api(&access).await.ok();
        oauth_error(&fixture.redeem(&application, &secret, &code).await, 400, "invalid_grant");
        let dead = fixture.call_api(&access).await;
        dead.problem(401, "credential_invalid");
        oauth_error(&fixture.refresh(&application, &secret, &refresh).await, 400, "invalid_grant");
        let acts = fixture.admin.store.audit_events(50).await.unwrap();
        assert!(acts.iter().any(|reply| reply.action == "oauth2.replay" && reply.actor == application.client_id()));
    }
}

#[tokio::test]
async fn code_is_bound_to_client_redirect_uri_and_pkce() {
    let fixture = Fixture::with(&[]).await;
    let (application, secret) = fixture.application("shop", |_| {}).await;
    let (other, other_secret) = fixture.application("other", |_| {}).await;
    let plain = fixture.code(&application, "", None).await;
    let proven = fixture.code(&application, "", Some(CHALLENGE)).await;
    let of = |application: &odoo_gateway::admin::Application, secret: &str, code: &str, more: &[(&str, &str)]| {
        let mut form = vec![
            ("grant_type".to_owned(), "authorization_code".to_owned()),
            ("client_id".to_owned(), application.client_id().to_owned()),
            ("client_secret".to_owned(), secret.to_owned()),
            ("code".to_owned(), code.to_owned()),
        ];
        form.extend(more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        form
    };
    let wrong = [
        of(&other, &other_secret, &plain, &[("redirect_uri", CALLBACK)]),
        of(&application, &secret, &plain, &[]),
        of(&application, &secret, &plain, &[("redirect_uri", "https://app.example/cb/")]),
        of(&application, &secret, &plain, &[("redirect_uri", CALLBACK), ("code_verifier", VERIFIER)]),
        of(&application, &secret, &proven, &[("redirect_uri", CALLBACK)]),
        of(&application, &secret, &proven, &[("redirect_uri", CALLBACK), ("code_verifier", CHALLENGE)]),
        of(&application, &secret, &proven, &[("redirect_uri", CALLBACK), ("code_verifier", "short")]),
        of(&application, &secret, &plain.replace("ogw_ac_", "ogw_rt_"), &[("redirect_uri", CALLBACK)]),
    ];
    for form in wrong {
        let form: Vec<(&str, &str)> = form.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        oauth_error(&fixture.post(TOKEN, &form).await, 400, "invalid_grant");
    }
    let right = of(&application, &secret, &proven, &[("redirect_uri", CALLBACK), ("code_verifier", VERIFIER)]);
    let right: Vec<(&str, &str)> = right.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    fixture.post(TOKEN, &right).await.ok();
    fixture.redeem(&application, &secret, &plain).await.ok();
}

#[tokio::test]
async fn trusted_application_needs_no_approval_but_its_secret() {
    for fixture in Fixture::on_both_stores().await {
        let (application, secret) =
            fixture.application("trusted", |new_application| new_application.settings.trusted = true).await;
        let (ordinary, _) = fixture.application("ordinary", |_| {}).await;
        fixture.tokens.oauth2.non_interactive_user(&ordinary).await.unwrap_err();
        let found = fixture.tokens.applications.find(application.client_id()).await.unwrap().unwrap();
        let resource_owner = fixture.tokens.oauth2.non_interactive_user(&found).await.unwrap();
        let code_request =
            || odoo_gateway::auth::CodeRequest { redirect_uri: None, scope: found.scope.clone(), challenge: None };
        let code = fixture.tokens.oauth2.issue_code(&found, &resource_owner, code_request()).await.unwrap();
        let late = fixture.tokens.oauth2.issue_code(&found, &resource_owner, code_request()).await.unwrap();
        // As the vendor's manual prints it: all parameters in the header, with one comma missing.
        let header = format!(
            "OAuth client_id='{}', client_secret='{secret}',redirect_uri='https%3A%2F%2Fapp.example%2Fcb', \
             code='{}' grant_type='authorization_code'",
            application.client_id(),
            code.expose()
        );
        let client = fixture.gateway.client().with_header("authorization", &header);
        let issued = client.post_query(TOKEN, &[]).await.ok();
        fixture.call_api(&member(&issued, "access_token")).await.ok();
        let refreshed = fixture.refresh(&application, &secret, &member(&issued, "refresh_token")).await.ok();
        fixture.call_api(&member(&refreshed, "access_token")).await.ok();
        let secret =
            fixture.admin.rotate_secret("trusted", Some(crate::support::stub_odoo::PASSWORD.into())).await.unwrap();
        let secret = secret.client.unwrap();
        oauth_error(&fixture.redeem(&application, secret.expose(), late.expose()).await, 400, "invalid_grant");
    }
}

#[tokio::test]
async fn public_application_uses_pkce_instead_of_a_secret() {
    let fixture = Fixture::with(&[]).await;
    let (application, secret) = fixture
        .application("phone", |new_application| {
            new_application.bound = None;
            new_application.settings.public = true;
            new_application.settings.grants.remove(&odoo_gateway::admin::GrantType::ClientCredentials);
        })
        .await;
    assert_eq!(secret, "");
    assert!(application.requires_pkce());
    let code = fixture.code(&application, "read", Some(CHALLENGE)).await;
    let form = [
        ("grant_type", "authorization_code"),
        ("client_id", application.client_id()),
        ("code", &code),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
    ];
    let mut with_secret = form.to_vec();
    with_secret.push(("client_secret", "ogw_cs_x"));
    oauth_error(&fixture.post(TOKEN, &with_secret).await, 401, "invalid_client");
    let issued = fixture.post(TOKEN, &form).await.ok();
    assert_eq!(issued["scope"], "read");
    fixture.call_api(&member(&issued, "access_token")).await.ok();
    let form = [
        ("grant_type", "refresh_token"),
        ("client_id", application.client_id()),
        ("refresh_token", &member(&issued, "refresh_token")),
    ];
    fixture.post(TOKEN, &form).await.ok();
}
