//! What an attacker can do to applications with a dump, with write access to the store, or with the master key.

use odoo_gateway::admin::SignatureMethod;
use odoo_gateway::auth::open_consumer_secret;
use sqlx::{AnyConnection, AssertSqlSafe, Connection as _, Row as _};

use super::{Scene, TOKEN, member, oauth_error};
use crate::support::stub_odoo::PASSWORD;

async fn connection(scene: &Scene) -> AnyConnection {
    let file = scene.gateway.folder().join("gateway.db");
    AnyConnection::connect(&format!("sqlite:{}", file.display())).await.unwrap()
}

#[tokio::test]
async fn application_secrets_are_not_in_the_store_in_any_notation() {
    let scene = Scene::with(&[]).await;
    let (application, secret) = scene.application("shop", |_| {}).await;
    let (signing, signing_secret) =
        scene.application("signing", |new_application| new_application.settings.oauth1 = [SignatureMethod::HmacSha1].into()).await;
    let code = scene.code(&application, "", None).await;
    let spare = scene.code(&application, "", None).await;
    let given = scene.redeem(&application, &secret, &code).await.ok();
    let next = scene.refresh(&application, &secret, &member(&given, "refresh_token")).await.ok();
    let form = [
        ("grant_type", "client_credentials"),
        ("token_format", "jwt"),
        ("client_id", signing.client_id()),
        ("client_secret", &signing_secret),
    ];
    let jwt = member(&scene.post(TOKEN, &form).await.ok(), "access_token");
    let inside = jwt.split('.').nth(1).unwrap().to_owned();
    let mut secrets = vec![PASSWORD.to_owned(), secret, signing_secret.clone(), code, spare, jwt, inside];
    for response in [&given, &next] {
        secrets.extend([member(response, "access_token"), member(response, "refresh_token")]);
    }
    for (name, content) in crate::secrecy::files(scene.gateway.folder()) {
        if !name.contains("/keys/") {
            let ends = |secret: &String| secret.len().saturating_sub(24);
            let secrets: Vec<&str> = secrets.iter().map(|secret| &secret[ends(secret)..]).collect();
            crate::secrecy::assert_absent(&name, &content, &secrets);
        }
    }
    // What the master key alone decrypts, and for which applications.
    let vault = scene.admin.key_provider.load_existing().await.unwrap().unwrap();
    let opened =
        |application: &odoo_gateway::admin::Application| open_consumer_secret(&vault.keyring, &application.row);
    assert!(opened(&application).unwrap().is_none());
    let signs = opened(&signing).unwrap().unwrap();
    assert_ne!(signs.expose(), signing_secret, "the signing secret differs from the secret that decrypts the user's credential");
}

#[tokio::test]
async fn changing_an_applications_rows_gives_no_access() {
    let attacks = [
        ("another redirection", "UPDATE applications SET settings = replace(settings, 'app.example', 'evil.example')"),
        ("trust", "UPDATE applications SET settings = replace(settings, '\"trusted\":false', '\"trusted\":true')"),
        ("another client id", "UPDATE applications SET client_id = 'ogw_app_mine'"),
        ("a wider scope", "UPDATE tokens SET scope = '\"all\" '"),
        ("an older secret's hash", "UPDATE tokens SET kind = 'api_key' WHERE kind = 'client_secret'"),
        ("no more networks", "UPDATE api_keys SET networks = '127.0.0.0/8'"),
        ("another user", "UPDATE grants SET uid = 3"),
        ("another family", "UPDATE oauth_tokens SET family_id = 'mine'"),
        ("no challenge", "UPDATE oauth_tokens SET challenge = NULL"),
        ("another redirection of a code", "UPDATE oauth_tokens SET redirect_uri = 'https://evil.example/'"),
        ("a headless code", "UPDATE oauth_tokens SET headless = 1"),
    ];
    for (what, attack) in attacks {
        let scene = Scene::with(&[]).await;
        let (application, secret) = scene.application("shop", |_| {}).await;
        let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
        let code = scene.code(&application, "", Some(challenge)).await;
        let changed = sqlx::query(attack).execute(&mut connection(&scene).await).await.unwrap();
        assert!(changed.rows_affected() > 0, "{what}");
        let response = scene.redeem(&application, &secret, &code).await;
        assert!(matches!(response.status, 400 | 401 | 500), "{what}: {}", response.text);
        let form = [
            ("grant_type", "authorization_code"),
            ("client_id", application.client_id()),
            ("client_secret", &secret),
            ("code", &code),
            ("redirect_uri", "https://evil.example/"),
            ("code_verifier", "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
        ];
        let response = scene.post(TOKEN, &form).await;
        assert!(matches!(response.status, 400 | 401 | 500), "{what}: {}", response.text);
    }
}

#[tokio::test]
async fn used_token_is_useless_even_with_the_store_and_the_master_key() {
    let scene = Scene::with(&[]).await;
    let (application, secret) = scene.application("shop", |_| {}).await;
    let code = scene.code(&application, "", None).await;
    let given = scene.redeem(&application, &secret, &code).await.ok();
    scene.refresh(&application, &secret, &member(&given, "refresh_token")).await.ok();
    let spent = "oauth_tokens o WHERE o.spent_at IS NOT NULL";
    let opened = "oauth_tokens o JOIN wraps w ON w.token_id = o.token_id WHERE o.spent_at IS NOT NULL";
    for (rows, expected) in [(spent, 2), (opened, 0)] {
        let count = AssertSqlSafe(format!("SELECT count(*) FROM {rows}"));
        let row = sqlx::query(count).fetch_one(&mut connection(&scene).await).await.unwrap();
        assert_eq!(row.get::<i64, _>(0), expected, "{rows}");
    }
}

#[tokio::test]
async fn new_secret_ends_the_old_one_but_not_the_issued_tokens() {
    for scene in Scene::on_both_stores().await {
        let (application, secret) = scene.application("shop", |_| {}).await;
        let ask = async |secret: &str| {
            let form = [
                ("grant_type", "client_credentials"),
                ("client_id", application.client_id()),
                ("client_secret", secret),
            ];
            scene.post(TOKEN, &form).await
        };
        let before = member(&ask(&secret).await.ok(), "access_token");
        scene.admin.rotate_secret("shop", None).await.unwrap_err();
        let next = scene.admin.rotate_secret("shop", Some(PASSWORD.into())).await.unwrap().client.unwrap();
        oauth_error(&ask(&secret).await, 401, "invalid_client");
        let after = member(&ask(next.expose()).await.ok(), "access_token");
        for token in [&before, &after] {
            scene.call_api(token).await.ok();
        }
        scene.admin.add_master_key().await.unwrap();
        scene.admin.rewrap().await.unwrap();
        assert_eq!(scene.admin.prune_master_keys().await.unwrap().len(), 1);
        ask(next.expose()).await.ok();
        scene.call_api(&after).await.ok();
    }
}

#[tokio::test]
async fn disabled_application_cannot_be_enabled_by_changing_rows() {
    for scene in Scene::on_both_stores().await {
        let (application, secret) = scene.application("shop", |_| {}).await;
        let form =
            [("grant_type", "client_credentials"), ("client_id", application.client_id()), ("client_secret", &secret)];
        let token = member(&scene.post(TOKEN, &form).await.ok(), "access_token");
        scene.call_api(&token).await.ok();
        scene.admin.set_application_enabled("shop", false).await.unwrap();
        scene.execute_sql("UPDATE tokens SET disabled_at = NULL").await;
        oauth_error(&scene.post(TOKEN, &form).await, 401, "invalid_client");
        scene.call_api(&token).await.problem(401, "credential_invalid");
        scene.execute_sql("UPDATE tokens SET disabled_at = 1 WHERE kind = 'client_secret'").await;
        scene.admin.set_application_enabled("shop", true).await.unwrap();
        scene.post(TOKEN, &form).await.ok();
        scene.call_api(&token).await.ok();
    }
}
