//! Authorization codes: single use, bound to every parameter of the request (O2-22..O2-25).

use serde_json::json;

use super::{CALLBACK, Scene, TOKEN, member, oauth_error};

const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

#[tokio::test]
async fn code_is_exchanged_for_tokens_with_the_users_access() {
    for scene in Scene::on_both_stores().await {
        let (application, secret) = scene.application("shop", |_| {}).await;
        let code = scene.code(&application, "", None).await;
        let response = scene.redeem(&application, &secret, &code).await;
        assert_eq!(response.header("pragma"), "no-cache");
        let given = response.ok();
        assert_eq!(
            (&given["token_type"], &given["expires_in"], &given["scope"]),
            (&json!("bearer"), &json!(3600), &json!("all"))
        );
        let names: Vec<&String> = given.as_object().unwrap().keys().collect();
        assert_eq!(
            names,
            ["access_token", "token_type", "expires_in", "refresh_token", "scope", "access_token_validity"]
        );
        let validity = member(&given, "access_token_validity");
        assert!(
            !validity.starts_with('0') && validity.contains("/20") && validity.ends_with(|c: char| c.is_ascii_digit())
        );
        assert!(member(&given, "access_token").starts_with("ogw_at_"));
        scene.call_api(&member(&given, "access_token")).await.ok();
        scene.call_api(&member(&given, "refresh_token")).await.problem(401, "credential_invalid");
    }
}

#[tokio::test]
async fn reused_code_revokes_all_tokens_issued_for_it() {
    for scene in Scene::on_both_stores().await {
        let (application, secret) = scene.application("shop", |_| {}).await;
        let (other, other_secret) = scene.application("other", |_| {}).await;
        let code = scene.code(&application, "", None).await;
        let given = scene.redeem(&application, &secret, &code).await.ok();
        let (access, refresh) = (member(&given, "access_token"), member(&given, "refresh_token"));
        oauth_error(&scene.redeem(&other, &other_secret, &code).await, 400, "invalid_grant");
        scene.call_api(&access).await.ok();
        oauth_error(&scene.redeem(&application, &secret, &code).await, 400, "invalid_grant");
        let dead = scene.call_api(&access).await;
        dead.problem(401, "credential_invalid");
        oauth_error(&scene.refresh(&application, &secret, &refresh).await, 400, "invalid_grant");
        let acts = scene.admin.store.audit_events(50).await.unwrap();
        assert!(acts.iter().any(|reply| reply.action == "oauth2.replay" && reply.actor == application.client_id()));
    }
}

#[tokio::test]
async fn code_is_bound_to_client_redirect_uri_and_pkce() {
    let scene = Scene::with(&[]).await;
    let (application, secret) = scene.application("shop", |_| {}).await;
    let (other, other_secret) = scene.application("other", |_| {}).await;
    let plain = scene.code(&application, "", None).await;
    let proven = scene.code(&application, "", Some(CHALLENGE)).await;
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
        oauth_error(&scene.post(TOKEN, &form).await, 400, "invalid_grant");
    }
    let right = of(&application, &secret, &proven, &[("redirect_uri", CALLBACK), ("code_verifier", VERIFIER)]);
    let right: Vec<(&str, &str)> = right.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    scene.post(TOKEN, &right).await.ok();
    scene.redeem(&application, &secret, &plain).await.ok();
}

#[tokio::test]
async fn trusted_application_needs_no_approval_but_its_secret() {
    for scene in Scene::on_both_stores().await {
        let (application, secret) = scene.application("trusted", |new_application| new_application.settings.trusted = true).await;
        let (ordinary, _) = scene.application("ordinary", |_| {}).await;
        scene.tokens.oauth2.non_interactive_user(&ordinary).await.unwrap_err();
        let found = scene.tokens.applications.find(application.client_id()).await.unwrap().unwrap();
        let resource_owner = scene.tokens.oauth2.non_interactive_user(&found).await.unwrap();
        let wish = || odoo_gateway::auth::CodeRequest { redirect_uri: None, scope: found.scope.clone(), challenge: None };
        let code = scene.tokens.oauth2.issue_code(&found, &resource_owner, wish()).await.unwrap();
        let late = scene.tokens.oauth2.issue_code(&found, &resource_owner, wish()).await.unwrap();
        // As the vendor's manual prints it: all parameters in the header, with one comma missing.
        let header = format!(
            "OAuth client_id='{}', client_secret='{secret}',redirect_uri='https%3A%2F%2Fapp.example%2Fcb', \
             code='{}' grant_type='authorization_code'",
            application.client_id(),
            code.expose()
        );
        let client = scene.gateway.client().with_header("authorization", &header);
        let given = client.post_query(TOKEN, &[]).await.ok();
        scene.call_api(&member(&given, "access_token")).await.ok();
        let refreshed = scene.refresh(&application, &secret, &member(&given, "refresh_token")).await.ok();
        scene.call_api(&member(&refreshed, "access_token")).await.ok();
        let secret = scene.admin.rotate_secret("trusted", Some(crate::support::stub_odoo::PASSWORD.into())).await.unwrap();
        let secret = secret.client.unwrap();
        oauth_error(&scene.redeem(&application, secret.expose(), late.expose()).await, 400, "invalid_grant");
    }
}

#[tokio::test]
async fn public_application_uses_pkce_instead_of_a_secret() {
    let scene = Scene::with(&[]).await;
    let (application, secret) = scene
        .application("phone", |new_application| {
            new_application.bound = None;
            new_application.settings.public = true;
            new_application.settings.grants.remove(&odoo_gateway::admin::GrantType::ClientCredentials);
        })
        .await;
    assert_eq!(secret, "");
    assert!(application.requires_pkce());
    let code = scene.code(&application, "read", Some(CHALLENGE)).await;
    let form = [
        ("grant_type", "authorization_code"),
        ("client_id", application.client_id()),
        ("code", &code),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
    ];
    let mut with_secret = form.to_vec();
    with_secret.push(("client_secret", "ogw_cs_x"));
    oauth_error(&scene.post(TOKEN, &with_secret).await, 401, "invalid_client");
    let given = scene.post(TOKEN, &form).await.ok();
    assert_eq!(given["scope"], "read");
    scene.call_api(&member(&given, "access_token")).await.ok();
    let form = [
        ("grant_type", "refresh_token"),
        ("client_id", application.client_id()),
        ("refresh_token", &member(&given, "refresh_token")),
    ];
    scene.post(TOKEN, &form).await.ok();
}
